// SPDX-License-Identifier: Apache-2.0
// One person: the stages over time, the journeys, a lane for each family of touchpoints, why these events are one
// person, consents; what may be undone is undone beside it.
import { useEffect, useState } from 'preact/hooks'
import { Bar } from '../parts/bar'
import { copy, Failure, Over, say, Waiting } from '../parts/basics'
import { Icon } from '../parts/icons'
import { ownKeys } from '../parts/keys'
import { address, ApiError, post } from '../state/api'
import { useAnswer, type Envelope } from '../state/report'
import { go } from '../state/route'
import { channelName, labelOf, project, role, seesPersons, touchpointName } from '../state/session'
import { count, day, dayTime, money, month, shortId } from '../words/format'
import { failureWords } from '../words/failures'
import { known, t, type Word } from '../words/words'
import { familyName } from './map/picture'

interface Touch {
  row: number
  time: string
  event: string
  channel: string | null
  touchpoint: string | null
  family?: string
  initiator?: string
  source: string
  value?: number | null
  score?: number | null
  properties?: Record<string, unknown>
}
interface Identifier {
  id: string
  namespace: string
  value: string | null
  joined: string
  with: { id: string; namespace: string; value: string | null } | null
  at: string | null
  first_seen: string
  last_seen?: string
}
interface Journey {
  number: number
  state: string
  from: string
  to: string
  stages: { stage: string; at: string }[]
  value?: number
}
interface Person extends Envelope {
  person: string
  events_total: number
  first: string
  last: string
  stage?: string | null
  relationship?: string | null
  persona?: string | null
  journeys?: Journey[]
  conversions?: { goal: string; time: string; value: number; net_value: number; order?: string }[]
  identifiers: Identifier[]
  events: Touch[]
  consents?: { purpose: string; granted: boolean; at: string; source?: string; version?: string }[]
  vetoes: unknown[]
  merges: unknown[]
}

const LEFT = 128
const LANE = 36
const WIDTH = 940

const stageName = (name: string | null | undefined) => (name ? labelOf(project.value?.stages, name) : '–')
const pointName = (touch: Touch) => (touch.touchpoint && touchpointName(touch.touchpoint)) || touch.event
const identifierName = (one: { namespace: string; value: string | null; id: string }) => `${known(`namespace.${one.namespace}`) ? t(`namespace.${one.namespace}` as Word) : one.namespace} ${one.value ?? shortId(one.id)}`

/** Where the time between first and last touch stands, with the months named. */
function axis(from: number, to: number) {
  const span = Math.max(to - from, 3_600_000)
  const x = (time: string | number) => LEFT + 12 + (((typeof time === 'number' ? time : Date.parse(time)) - from) / span) * (WIDTH - LEFT - 30)
  const marks: number[] = []
  const date = new Date(from)
  const step = span > 3 * 365 * 86_400_000 ? 12 : span > 500 * 86_400_000 ? 3 : 1
  for (let at = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1); at < to && marks.length < 40; ) {
    marks.push(at)
    const next = new Date(at)
    at = Date.UTC(next.getUTCFullYear(), next.getUTCMonth() + step, 1)
  }
  return { x, marks }
}

/** Of labels on one line those that have room beside each other; the latest come first. */
function apart<T>(all: T[], middle: (one: T) => number, width: (one: T) => number): Set<T> {
  const kept = new Set<T>()
  let free = Infinity
  for (const one of [...all].sort((a, b) => middle(b) - middle(a))) {
    if (middle(one) + width(one) / 2 > free) continue
    kept.add(one)
    free = middle(one) - width(one) / 2 - 3
  }
  return kept
}

/** Each journey's label as long as there is room for it up to the next one. */
function journeyLabels(journeys: NonNullable<Person['journeys']>, x: (time: string) => number): Map<number, string> {
  const labels = new Map<number, string>()
  const sorted = [...journeys].sort((a, b) => x(a.from) - x(b.from))
  let end = -Infinity
  sorted.forEach((journey, i) => {
    const begin = x(journey.from) + 2
    const room = (i + 1 < sorted.length ? x(sorted[i + 1].from) : WIDTH) - begin - 4
    const whole = t('person.journey', { n: journey.number, state: known(`journeys.${journey.state}`) ? t(`journeys.${journey.state}` as Word) : journey.state })
    const label = whole.length * 6 <= room ? whole : String(journey.number)
    if (begin < end || label.length * 6.5 > room) return
    labels.set(journey.number, label)
    end = begin + label.length * 6.2 + 3
  })
  return labels
}

function Timeline({ person, selected, onSelect }: { person: Person; selected?: number; onSelect: (row: number) => void }) {
  const from = Date.parse(person.first)
  const to = Math.max(Date.parse(person.last), ...(person.journeys ?? []).map((one) => Date.parse(one.to)))
  const { x, marks } = axis(from, to)
  const order = [...new Set((project.value?.touchpoints ?? []).map((one) => one.family))]
  const families = [...new Set(person.events.map((one) => one.family ?? 'other'))].sort((a, b) => (order.indexOf(a) + 1 || 99) - (order.indexOf(b) + 1 || 99))
  const stages = project.value?.stages ?? []
  const level = (stage: string) => 34 + (stages.length - 1 - Math.max(0, stages.findIndex((one) => one.name === stage))) * 20
  const stagesEnd = 34 + stages.length * 20
  const lanesTop = stagesEnd + 56
  const lane = (family: string | undefined) => lanesTop + families.indexOf(family ?? 'other') * LANE
  const whyTop = lanesTop + families.length * LANE + 34
  const height = whyTop + person.identifiers.length * 22 + 12
  const moves = (person.journeys ?? []).flatMap((journey) => journey.stages).sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
  const steps = moves.length ? moves.map((move, i) => `${i ? 'H' : `M${x(move.at)} ${level(move.stage)}`}${i ? `${x(move.at)}V${level(move.stage)}` : ''}`).join('') + `H${x(to)}` : ''
  const orders = person.conversions ?? []
  const journeyNames = journeyLabels(person.journeys ?? [], x)
  const pricedOrders = apart(orders.filter((one) => one.value), (one) => x(one.time), (one) => money(one.value).length * 7)
  const scores = new Set(families.flatMap((family) => [...apart(person.events.filter((one) => (one.family ?? 'other') === family && one.score !== null && one.score !== undefined), (one) => x(one.time), (one) => count(one.score!).length * 7 + 2)]))
  const rowOf = new Map(person.identifiers.map((one, i) => [one.id, i]))
  return (
    <div class="scroll-x" tabindex={0} role="region" aria-label={t('person.timeline')}>
      <svg class="timeline" width={WIDTH} height={height} role="group" aria-label={t('person.timeline')}>
        {marks.map((mark, i) => (
          <g key={mark}>
            <line class="grid" x1={x(mark)} x2={x(mark)} y1="18" y2={height - 12} />
            <text class="hint" x={x(mark) + 5} y="12">
              {month(mark)}
              {!i || new Date(mark).getUTCFullYear() !== new Date(marks[i - 1]).getUTCFullYear() ? ` ${new Date(mark).getUTCFullYear()}` : ''}
            </text>
          </g>
        ))}
        {stages.map((stage) => (
          <g key={stage.name}>
            <text class="hint" x={LEFT - 8} y={level(stage.name) + 4} text-anchor="end">
              {stageName(stage.name)}
            </text>
            <line class="dotted" x1={LEFT} x2={WIDTH} y1={level(stage.name)} y2={level(stage.name)} />
          </g>
        ))}
        {steps && (
          <>
            <path class="stage-area" d={`${steps}V${stagesEnd - 8}H${x(moves[0].at)}Z`} />
            <path class="stage-line" d={steps} />
          </>
        )}
        {(person.journeys ?? []).map((journey) => {
          const a = x(journey.from)
          const b = Math.max(a + 3, x(journey.to))
          const y = stagesEnd + 24
          return (
            <g key={journey.number} class={`journey ${journey.state}`}>
              <path d={`M${a} ${y + 6}V${y}H${b}${journey.state === 'open' ? '' : `V${y + 6}`}`} />
              <text class="hint" x={a + 2} y={y - 6}>
                {journeyNames.get(journey.number)}
              </text>
            </g>
          )
        })}
        {orders.map((one, i) => (
          <g key={i}>
            <line class="order-line" x1={x(one.time)} x2={x(one.time)} y1={stagesEnd + 24} y2={whyTop - 20} />
            <text class="strong small" x={x(one.time)} y={lanesTop - 14} text-anchor="middle">
              {pricedOrders.has(one) ? money(one.value) : ''}
            </text>
          </g>
        ))}
        {families.map((family) => (
          <g key={family}>
            <rect class={`family f-${family}`} x="0" y={lane(family) - 9} width="3" height="18" rx="1" />
            <text x="11" y={lane(family) + 4} class="row-name">
              {familyName(family)}
            </text>
            <line class="grid" x1={LEFT} x2={WIDTH} y1={lane(family)} y2={lane(family)} />
          </g>
        ))}
        {person.events.map((touch) => {
          const order = orders.some((one) => one.time === touch.time && touch.value)
          const cx = x(touch.time)
          const cy = lane(touch.family)
          const scored = touch.score !== null && touch.score !== undefined
          return (
            <g
              key={touch.row}
              class={touch.row === selected ? 'touch selected' : 'touch'}
              role="button"
              tabindex={touch.row === (selected ?? person.events[0].row) ? 0 : -1}
              aria-label={`${pointName(touch)}, ${dayTime(touch.time)}`}
              onClick={() => onSelect(touch.row)}
              onKeyDown={(event) => event.key === 'Enter' && onSelect(touch.row)}
            >
              {touch.row === selected && <circle class="ring" cx={cx} cy={cy} r="10" />}
              {order ? <path class="diamond" d={`M${cx} ${cy - 7}l7 7-7 7-7-7z`} /> : <circle class={scored ? 'dot big' : `family f-${touch.family}`} cx={cx} cy={cy} r={scored ? 5 : 3.5} />}
              {scored && (scores.has(touch) || touch.row === selected) && (
                <text class={touch.score! < 45 ? 'strong small poor-ink' : touch.score! >= 75 ? 'strong small good-ink' : 'strong small'} x={cx} y={cy - 9} text-anchor="middle">
                  {count(touch.score!)}
                </text>
              )}
              <rect x={cx - 8} y={cy - 12} width="16" height="24" fill="transparent" />
            </g>
          )
        })}
        <text class="strong small" x="0" y={whyTop - 12}>
          {t('person.why')}
        </text>
        {person.identifiers.map((one, i) => {
          const y = whyTop + 6 + i * 22
          const joined = one.with && rowOf.has(one.with.id) ? rowOf.get(one.with.id)! : undefined
          return (
            <g key={one.id}>
              <text x="0" y={y + 4} class="row-name">
                {identifierName(one).slice(0, 20)}
              </text>
              <line class="identifier" x1={x(one.first_seen)} x2={Math.max(x(one.last_seen ?? to), x(one.first_seen) + 3)} y1={y} y2={y} />
              {joined !== undefined && one.at && (
                <>
                  <line class="joined" x1={x(one.at)} x2={x(one.at)} y1={y} y2={whyTop + 6 + joined * 22} />
                  <circle class="joined-dot" cx={x(one.at)} cy={y} r="3" />
                </>
              )}
            </g>
          )
        })}
      </svg>
    </div>
  )
}

function TouchFacts({ touch, onStep }: { touch: Touch; onStep: (by: 1 | -1) => void }) {
  return (
    <section class="inspect-part">
      <div class="touch-head">
        <h2>
          <i class="tick" data-family={touch.family} />
          {pointName(touch)}
        </h2>
        <button type="button" class="button square" aria-label={t('person.earlier')} onClick={() => onStep(-1)}>
          <Icon name="back" />
        </button>
        <button type="button" class="button square" aria-label={t('person.later')} onClick={() => onStep(1)}>
          <Icon name="forward" />
        </button>
      </div>
      <p class="quiet">{dayTime(touch.time)}</p>
      <dl class="facts">
        <dt>{t('paths.event')}</dt>
        <dd>{touch.event}</dd>
        {touch.channel && (
          <>
            <dt>{t('paths.channel')}</dt>
            <dd>{channelName(touch.channel)}</dd>
          </>
        )}
        <dt>{t('person.source')}</dt>
        <dd>{touch.source}</dd>
        {touch.value ? (
          <>
            <dt>{t('journeys.value')}</dt>
            <dd>{money(touch.value)}</dd>
          </>
        ) : null}
        {touch.score !== null && touch.score !== undefined && (
          <>
            <dt>{t('map.experience')}</dt>
            <dd>{count(touch.score)}</dd>
          </>
        )}
        {Object.entries(touch.properties ?? {})
          .slice(0, 12)
          .map(([key, value]) => (
            <>
              <dt>{key}</dt>
              <dd>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd>
            </>
          ))}
      </dl>
    </section>
  )
}

function Links({ person, again }: { person: Person; again: () => void }) {
  const joined = person.identifiers.filter((one) => one.with)
  const undo = async (one: Identifier) => {
    try {
      await post('/api/v1/persons/unmerge', { a: one.id, b: one.with!.id })
      say(t('person.separated'), () => void post('/api/v1/persons/merge', { a: one.id, b: one.with!.id }).then(again))
      again()
    } catch (problem) {
      say(failureWords(problem as ApiError).text)
    }
  }
  if (!joined.length) return null
  return (
    <section class="inspect-part">
      <h2>{t('person.links')}</h2>
      {joined.map((one) => (
        <div key={one.id} class="link-row">
          <span>
            {identifierName(one)}
            <span class="below">
              {known(`joined.${one.joined}`) ? t(`joined.${one.joined}` as Word) : one.joined} {identifierName(one.with!)}
              {one.at ? `, ${day(one.at)}` : ''}
            </span>
          </span>
          <button type="button" class="button" onClick={() => undo(one)}>
            {t('person.separate')}
          </button>
        </div>
      ))}
      <p class="quiet">{t('person.separate_hint')}</p>
    </section>
  )
}

function Erase({ person, onClose }: { person: Person; onClose: () => void }) {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string>()
  const word = t('person.erase_word')
  const erase = async () => {
    try {
      const receipt = await post<{ receipt: string; events: number }>(`/api/v1/persons/${person.person}/erase`)
      say(t('person.erased', { receipt: receipt.receipt }))
      go('/persons', true)
    } catch (failure) {
      setProblem(failureWords(failure as ApiError).text)
    }
  }
  return (
    <Over kind="dialog" label={t('person.erase')} onClose={onClose}>
      <h1>{t('person.erase_title')}</h1>
      <p>{t('person.erase_text', { n: count(person.events_total) })}</p>
      <label class="field">
        <span>{t('person.erase_type', { word })}</span>
        <input class="input" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
      <div class="state-actions">
        <button type="button" class="button danger" disabled={text.trim().toLowerCase() !== word.toLowerCase()} onClick={erase}>
          {t('person.erase')}
        </button>
        <button type="button" class="button" onClick={onClose}>
          {t('action.cancel')}
        </button>
      </div>
    </Over>
  )
}

function leadText(person: Person): string {
  const orders = person.conversions?.length ?? 0
  const scored = [...person.events].reverse().find((one) => one.score !== null && one.score !== undefined)
  const stage = stageName(person.stage)
  if (scored && scored.score! < 35) return t('person.lead_upset', { n: orders, time: day(scored.time) })
  return orders ? t('person.lead_orders', { n: orders, stage }) : t('person.lead', { stage })
}

export function View({ subject }: { subject: string }) {
  const { data, problem, slow, cancel, again } = useAnswer<Person>(seesPersons.value ? address(`/api/v1/persons/${encodeURIComponent(subject)}`, { limit: 2000 }) : undefined)
  const [selected, setSelected] = useState<number>()
  const [erasing, setErasing] = useState(false)
  const at = data?.events.findIndex((one) => one.row === selected) ?? -1
  const step = (by: 1 | -1) => data && setSelected(data.events[Math.min(data.events.length - 1, Math.max(0, (at < 0 ? 0 : at) + by))]?.row)
  useEffect(
    () =>
      ownKeys((event) => {
        if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') return step(event.key === 'ArrowRight' ? 1 : -1), true
        return event.key === 'Escape' && selected !== undefined && (setSelected(undefined), true)
      }),
    [data, selected],
  )
  const touch = at >= 0 ? data!.events[at] : undefined
  const net = data?.conversions?.reduce((sum, one) => sum + one.net_value, 0)
  const channels = new Set(data?.events.map((one) => one.channel).filter(Boolean))
  return (
    <>
      <Bar
        plain
        title={t('persons.person')}
        left={
          data && (
            <button type="button" class="quiet mono" onClick={() => copy(data.person)} title={t('action.copy')}>
              {data.person.replace(/(.{4})(?=.)/g, '$1 ')}
            </button>
          )
        }
      >
        {data && role.value === 'admin' && (
          <>
            <a class="button" href={`/api/v1/persons/${data.person}/export`} download={`etappe-person-${data.person}.json`}>
              <Icon name="download" /> {t('person.export')}
            </a>
            <button type="button" class="button" onClick={() => setErasing(true)}>
              {t('person.erase')} …
            </button>
          </>
        )}
      </Bar>
      <main id="content" class="page with-inspector person-page" tabindex={-1}>
        <div>
          {problem && !data ? (
            <Failure problem={problem} again={again} />
          ) : !data ? (
            <Waiting slow={slow} cancel={cancel} />
          ) : (
            <>
              <h1>{leadText(data)}</h1>
              <dl class="person-figures">
                {data.stage && (
                  <div>
                    <dd>{stageName(data.stage)}</dd>
                    <dt>{t('persons.stage')}</dt>
                  </div>
                )}
                {data.persona && (
                  <div>
                    <dd>{labelOf(project.value?.personas, data.persona)}</dd>
                    <dt>Persona</dt>
                  </div>
                )}
                {data.conversions && data.conversions.length > 0 && (
                  <div>
                    <dd>{money(net)}</dd>
                    <dt>{t('person.orders', { n: data.conversions.length })}</dt>
                  </div>
                )}
                <div>
                  <dd>{count(data.events_total)}</dd>
                  <dt>{t('person.touches', { n: channels.size })}</dt>
                </div>
                <div>
                  <dd>{day(data.last)}</dd>
                  <dt>{t('persons.last_seen')}</dt>
                </div>
              </dl>
              {data.events.length > 0 && <Timeline person={data} selected={selected} onSelect={setSelected} />}
              {data.events.length < data.events_total && <p class="quiet">{t('person.part', { shown: count(data.events.length), n: count(data.events_total) })}</p>}
            </>
          )}
        </div>
        {data && (
          <aside class="inspector" aria-label={t('map.inspector')}>
            {touch && <TouchFacts touch={touch} onStep={step} />}
            <Links person={data} again={again} />
            {data.consents && data.consents.length > 0 && (
              <section class="inspect-part">
                <h2>{t('person.consents')}</h2>
                <dl class="facts">
                  {data.consents.map((one) => (
                    <>
                      <dt>{known(`purpose.${one.purpose}`) ? t(`purpose.${one.purpose}` as Word) : one.purpose}</dt>
                      <dd class={one.granted ? '' : 'quiet'}>{one.granted ? t('person.consent_since', { time: day(one.at) }) : t('person.consent_no')}</dd>
                    </>
                  ))}
                </dl>
              </section>
            )}
            <p class="quiet">
              <Icon name="lock" /> {t('person.logged')}
            </p>
          </aside>
        )}
      </main>
      {erasing && data && <Erase person={data} onClose={() => setErasing(false)} />}
    </>
  )
}
