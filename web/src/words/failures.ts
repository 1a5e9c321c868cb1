// SPDX-License-Identifier: Apache-2.0
// Failures in the user's language: by the server's code, with the server's own sentence where it says more.
import { ApiError } from '../state/api'
import { t } from './words'

export function failureWords(problem: ApiError): { title: string; text: string } {
  if (problem.code === 'offline') return { title: t('state.offline'), text: t('state.offline_text') }
  if (problem.status === 401) return { title: t('state.expired'), text: t('state.expired_text') }
  if (problem.status === 403) return { title: t('state.forbidden'), text: t('state.forbidden_text') }
  return { title: t('state.error'), text: [problem.message, problem.hint].filter(Boolean).join(' ') }
}
