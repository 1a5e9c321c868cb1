// SPDX-License-Identifier: Apache-2.0
// What a report warns of: goals and stages that match nothing. Two are told, the others on request.
import { role } from '../state/session'
import { link } from '../state/route'
import type { Envelope } from '../state/report'
import { serverWords } from '../words/failures'
import { count } from '../words/format'
import { t } from '../words/words'

const TOLD = 2

export function Warnings({ answer }: { answer: Envelope }) {
  const all = [answer.note, ...(answer.warnings ?? [])].filter(Boolean).map((one) => serverWords(one!))
  if (!all.length) return null
  const lines = (list: string[]) =>
    list.map((one) => (
      <li key={one}>
        <span aria-hidden="true">!</span> {one}
      </li>
    ))
  return (
    <div class="warnings" role="note" aria-label={t('warnings.label')}>
      <ul>{lines(all.slice(0, TOLD))}</ul>
      {all.length > TOLD && (
        <details>
          <summary>{t('warnings.more', { n: count(all.length - TOLD) })}</summary>
          <ul>{lines(all.slice(TOLD))}</ul>
        </details>
      )}
      {role.value === 'admin' && !!answer.warnings?.length && (
        <a class="figure-link" href={link('/project', { part: 'goals' })}>
          {t('warnings.project')}
        </a>
      )}
    </div>
  )
}
