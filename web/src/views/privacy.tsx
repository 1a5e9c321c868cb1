// SPDX-License-Identifier: Apache-2.0
// Data protection: the state of consents, requests with their receipts, and who looked at whom.
import { useState } from 'preact/hooks'
import { Bar } from '../parts/bar'
import { Failure, State, Waiting } from '../parts/basics'
import { address } from '../state/api'
import { useAnswer } from '../state/report'
import { go } from '../state/route'
import { role } from '../state/session'
import { count, dayTime, percent } from '../words/format'
import { known, t, type Word } from '../words/words'

interface Consents {
  persons: number
  purposes: { purpose: string; granted: number; denied: number; basis?: string }[]
  hidden: number
  erased: number
}
interface Audit {
  entries: { id: number; time: string; actor: string; action: string; subject: string | null; detail: string | null }[]
}
interface Erasures {
  receipts: { receipt: string; time: string; events: number; by: string }[]
}

const purposeName = (purpose: string) => (known(`purpose.${purpose}`) ? t(`purpose.${purpose}` as Word) : purpose)
const actionName = (action: string) => (known(`audit.${action}`) ? t(`audit.${action}` as Word) : action)

/** `account:3` by its name; keys and the command line as they are. */
function actorName(actor: string, accounts: { id: number; name: string }[] | undefined): string {
  if (actor === 'cli') return t('privacy.command_line')
  if (actor.startsWith('key:')) return t('privacy.key', { name: actor.slice(4) })
  return accounts?.find((one) => `account:${one.id}` === actor)?.name ?? actor
}
const detailText = (detail: string | null) => (detail ?? '').replace(/^up to (\d+)$/, (_, n: string) => t('privacy.up_to', { n: count(Number(n)) }))

function ConsentState() {
  const { data, problem, slow, again } = useAnswer<Consents>('/api/v1/consents')
  if (problem && !data) return <Failure problem={problem} again={again} />
  if (!data) return <Waiting slow={slow} />
  return (
    <section>
      <h2 class="table-title">{t('privacy.consents')}</h2>
      {!data.purposes.length && <p class="quiet">{t('privacy.no_consents')}</p>}
      {data.purposes.length > 0 && (
      <div class="scroll-x"><table class="rows narrow-rows">
        <thead>
          <tr>
            <th>{t('privacy.purpose')}</th>
            <th class="number">{t('privacy.granted')}</th>
            <th class="number">{t('privacy.denied')}</th>
            <th class="number">{t('journeys.share')}</th>
          </tr>
        </thead>
        <tbody>
          {data.purposes.map((one) => (
            <tr key={one.purpose}>
              <td>{purposeName(one.purpose)}</td>
              <td class="number">{count(one.granted)}</td>
              <td class="number">{count(one.denied)}</td>
              <td class="number quiet">{percent(data.persons ? one.granted / data.persons : null)}</td>
            </tr>
          ))}
        </tbody>
      </table></div>
      )}
      <p class="quiet">{t('privacy.hidden', { hidden: count(data.hidden), erased: count(data.erased) })}</p>
    </section>
  )
}

function Requests() {
  const [text, setText] = useState('')
  const { data } = useAnswer<Erasures>('/api/v1/erasures')
  return (
    <section>
      <h2 class="table-title section-title">{t('privacy.requests')}</h2>
      <p class="quiet">{t('privacy.requests_text')}</p>
      <form class="find" onSubmit={(event) => (event.preventDefault(), text.trim() && go(`/person/${encodeURIComponent(text.trim())}`))}>
        <input class="input" aria-label={t('persons.find')} placeholder={t('persons.find_hint')} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <button type="submit" class="button primary">
          {t('persons.find')}
        </button>
      </form>
      {data && data.receipts.length > 0 && (
        <div class="scroll-x"><table class="rows narrow-rows">
          <thead>
            <tr>
              <th>{t('privacy.receipt')}</th>
              <th class="number">{t('persons.events')}</th>
              <th class="number">{t('import.when')}</th>
              <th>{t('privacy.by')}</th>
            </tr>
          </thead>
          <tbody>
            {data.receipts.map((one) => (
              <tr key={one.receipt}>
                <td class="mono">{one.receipt}</td>
                <td class="number">{count(one.events)}</td>
                <td class="number">{dayTime(one.time)}</td>
                <td>{one.by}</td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
    </section>
  )
}

function AuditLog() {
  const [before, setBefore] = useState(0)
  const { data, problem, slow, again } = useAnswer<Audit>(address('/api/v1/audit', { before: before || undefined, limit: 100 }))
  const people = useAnswer<{ accounts: { id: number; name: string }[] }>('/api/v1/accounts')
  if (problem && !data) return <Failure problem={problem} again={again} />
  if (!data) return <Waiting slow={slow} />
  return (
    <section>
      <h2 class="table-title section-title">{t('privacy.audit')}</h2>
      {!data.entries.length && <p class="quiet">{t('privacy.audit_empty')}</p>}
      <div class="scroll-x"><table class="rows">
        <tbody>
          {data.entries.map((one) => (
            <tr key={one.id}>
              <td class="quiet clock">{dayTime(one.time)}</td>
              <td>{actorName(one.actor, people.data?.accounts)}</td>
              <td>{actionName(one.action)}</td>
              <td class="mono">{one.action === 'persons.list' && one.subject === 'all' ? t('privacy.everybody') : (one.subject ?? '')}</td>
              <td class="quiet">{detailText(one.detail)}</td>
            </tr>
          ))}
        </tbody>
      </table></div>
      {data.entries.length === 100 && (
        <button type="button" class="button" onClick={() => setBefore(data.entries[99].id)}>
          {t('privacy.older')}
        </button>
      )}
    </section>
  )
}

export function View() {
  return (
    <>
      <Bar title={t('nav.privacy')} plain />
      <main id="content" class="page" tabindex={-1}>
        {role.value !== 'admin' ? (
          <State title={t('state.forbidden')} text={t('state.forbidden_text')} />
        ) : (
          <>
            <h1 class="page-lead">{t('privacy.lead')}</h1>
            <ConsentState />
            <Requests />
            <AuditLog />
          </>
        )}
      </main>
    </>
  )
}
