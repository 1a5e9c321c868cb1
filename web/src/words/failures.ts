// SPDX-License-Identifier: Apache-2.0
// Failures in the user's language: by the server's code, with the server's own sentence where it says more.
import type { ApiError } from '../state/api'
import { language } from '../state/prefs'
import { germanFailure } from './failures.de'
import { t } from './words'

const say = (text: string | undefined): string | undefined => {
  const own = text && language.value === 'de' ? germanFailure(text) : text
  return own && !/[.?!…]$/.test(own) ? `${own}.` : own
}
/** A sentence of the server in the user's language. */
export const serverWords = (text: string): string => upper(say(text) ?? text)

const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

export function failureWords(problem: ApiError): { title: string; text: string } {
  if (problem.code === 'offline') return { title: t('state.offline'), text: t('state.offline_text') }
  if (problem.status === 401) return { title: t('state.expired'), text: t('state.expired_text') }
  if (problem.status === 403) return { title: t('state.forbidden'), text: t('state.forbidden_text') }
  return { title: t('state.error'), text: [problem.message, problem.hint].map(say).filter(Boolean).map((one) => upper(one!)).join(' ') }
}
