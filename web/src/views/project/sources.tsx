// SPDX-License-Identifier: Apache-2.0
// Where events come from: what arrives now, keys, and the exact line to paste for each kind of source.
import { useState } from 'preact/hooks'
import { Command, Failure, say, Segment, Waiting } from '../../parts/basics'
import { ApiError, del, post } from '../../state/api'
import { useAnswer } from '../../state/report'
import { role } from '../../state/session'
import { count, dayTime } from '../../words/format'
import { failureWords } from '../../words/failures'
import { t, type Word } from '../../words/words'

interface Source {
  source: string
  kind: string
  group?: string
  events: number
  last: string | null
  arriving: boolean
}
interface Key {
  id: number
  name: string
  role: string
  kind: string
  hint: string
  created: string
}

const KINDS = ['tag', 'segment', 'rudderstack', 'matomo', 'ga4', 'http', 'server'] as const
type Kind = (typeof KINDS)[number]

/** The line to paste, with this server's address and the key. */
function line(kind: Kind, key: string): string {
  const host = location.origin
  switch (kind) {
    case 'tag':
      return `<script src="${host}/etappe.js" data-key="${key}" defer></script>`
    case 'segment':
      return `analytics.load('${key}', { integrations: { 'Segment.io': { apiHost: '${location.host}/v1', protocol: '${location.protocol.slice(0, -1)}' } }, cdnSettings: { integrations: { 'Segment.io': {} } } })`
    case 'rudderstack':
      return `rudderanalytics.load('${key}', '${host}', { configUrl: '${host}' })`
    case 'matomo':
      return `_paq.push(['setTrackerUrl', '${host}/matomo.php']); _paq.push(['setSiteId', '${key}'])`
    case 'ga4':
      return `POST ${host}/mp/collect?measurement_id=G-ETAPPE&api_secret=${key}`
    case 'http':
      return `curl ${host}/v1/events -H 'Authorization: Bearer ${key}' -d '{"type":"track","event":"Order Completed","userId":"anna","properties":{"total":49.90}}'`
    case 'server':
      return `new Analytics({ writeKey: '${key}', host: '${host}' })`
  }
}

function NewKey({ onMade }: { onMade: () => void }) {
  const [name, setName] = useState('')
  const [kind, setKind] = useState<Kind>('tag')
  const [key, setKey] = useState<string>()
  const [problem, setProblem] = useState<string>()
  const browser = ['tag', 'segment', 'rudderstack', 'matomo'].includes(kind)
  const make = async (event: Event) => {
    event.preventDefault()
    try {
      const made = await post<{ key: string }>('/api/v1/keys', { name: name.trim(), role: browser ? 'source' : 'write', kind: browser ? 'web' : 'server' })
      setKey(made.key)
      setProblem(undefined)
      onMade()
    } catch (failure) {
      setProblem(failureWords(failure as ApiError).text)
    }
  }
  return (
    <form class="new-key" onSubmit={make}>
      <h2 class="table-title">{t('sources.new')}</h2>
      <Segment label={t('sources.kind')} value={kind} choices={KINDS.map((value) => ({ value, label: t(`sources.${value}` as Word) }))} onChange={(value) => (setKind(value), setKey(undefined))} />
      <div class="find">
        <input class="input" required aria-label={t('sources.name')} placeholder={t('sources.name_hint')} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        <button type="submit" class="button primary">
          {t('sources.make')}
        </button>
      </div>
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
      {key && (
        <>
          <p>{t(browser ? 'sources.paste_public' : 'sources.paste_secret')}</p>
          <Command text={line(kind, key)} />
        </>
      )}
    </form>
  )
}

export function Sources() {
  const sources = useAnswer<{ sources: Source[] }>('/api/v1/sources', true)
  const keys = useAnswer<{ keys: Key[] }>(role.value === 'admin' ? '/api/v1/keys' : undefined)
  const revoke = async (key: Key) => {
    try {
      await del(`/api/v1/keys/${key.id}`)
      say(t('sources.revoked', { name: key.name }))
      keys.again()
    } catch (failure) {
      say(failureWords(failure as ApiError).text)
    }
  }
  return (
    <>
      <h1>{t('project.sources')}</h1>
      <p class="quiet">{t('project.sources_text')}</p>
      {role.value === 'admin' && <NewKey onMade={keys.again} />}
      {sources.problem && !sources.data ? (
        <Failure problem={sources.problem} again={sources.again} />
      ) : !sources.data ? (
        <Waiting slow={sources.slow} />
      ) : (
        <div class="scroll-x"><table class="rows">
          <thead>
            <tr>
              <th>{t('person.source')}</th>
              <th>{t('sources.kind')}</th>
              <th class="number">{t('persons.events')}</th>
              <th class="number">{t('sources.last')}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {sources.data.sources.map((one) => (
              <tr key={one.source}>
                <td>{one.source}</td>
                <td>{one.kind}</td>
                <td class="number">{count(one.events)}</td>
                <td class="number">{one.last ? dayTime(one.last) : '–'}</td>
                <td class="number">
                  {one.arriving && (
                    <span class="live" data-state="on">
                      <i />
                      {t('sources.arriving')}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
      {keys.data && keys.data.keys.length > 0 && (
        <section>
          <h2 class="table-title section-title">{t('sources.keys')}</h2>
          <div class="scroll-x"><table class="rows">
            <tbody>
              {keys.data.keys.map((one) => (
                <tr key={one.id}>
                  <td>{one.name}</td>
                  <td class="mono">{one.hint}…</td>
                  <td>{one.role}</td>
                  <td class="quiet">{dayTime(one.created)}</td>
                  <td class="number">
                    <button type="button" class="button" onClick={() => revoke(one)}>
                      {t('sources.revoke')}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table></div>
        </section>
      )}
    </>
  )
}
