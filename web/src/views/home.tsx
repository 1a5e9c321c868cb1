// SPDX-License-Identifier: Apache-2.0
// The start page: one finding, four figures, where people are, what arrives, what changed beyond chance. When nothing
// has arrived yet: three ways that work.
import { useState } from 'preact/hooks'
import { Bar } from '../parts/bar'
import { Failure, say, Waiting } from '../parts/basics'
import { Icon } from '../parts/icons'
import { palette } from '../parts/keys'
import { useListed } from '../parts/persons'
import { PrintFoot } from '../parts/print'
import { useWidth } from '../parts/width'
import { Warnings } from '../parts/warnings'
import { address, ApiError, post } from '../state/api'
import { useAnswer, type Envelope } from '../state/report'
import { go, link } from '../state/route'
import { labelOf, loadSession, project, role, seesPersons, touchpointName } from '../state/session'
import { paused, pulse } from '../state/stream'
import { clock, count, dayShort, money, percent, period, sameDay, shortId } from '../words/format'
import { failureWords } from '../words/failures'
import { t } from '../words/words'
import { changes, type Change } from './changes'
import type { MapAnswer } from './map/data'

interface Overview extends Envelope {
  events: number
  persons: number
  journeys: number
  goals: { goal: string; conversions: number; value: number; net_value: number }[]
  period: 'day' | 'month' | 'year'
  periods: { start: string; events: number | null }[]
}
interface Stages extends Envelope {
  total: number
  stages: { stage: string; label: string; now: number; entered: number; onward: number; lapsed: number }[]
}

const DAY = 86_400_000
const iso = (time: number) => new Date(time).toISOString().slice(0, 10)

/** The last thirty days of the data, the thirty before, and those before them: who leaves is known only once the time of
 * inactivity has passed, and a trend takes half a year. */
function spans() {
  const now = Date.parse(project.value!.now)
  return { from: iso(now - 29 * DAY), to: iso(now), before: { from: iso(now - 59 * DAY), to: iso(now - 30 * DAY) }, older: [2, 3, 4, 5].map((n) => ({ from: iso(now - (n * 30 + 29) * DAY), to: iso(now - n * 30 * DAY) })) }
}

/** A relative change with its 95% interval for two counts; undefined within chance. */
function beyond(now: number, before: number): number | undefined {
  if (now + before < 20 || !before) return undefined
  const log = Math.log(now / before)
  const half = 1.96 * Math.sqrt(1 / Math.max(1, now) + 1 / before)
  return log - half > 0 || log + half < 0 ? now / before - 1 : undefined
}

/** `text`: what stands below instead of the change; `href`: where the figure is told at length. */
function Figure({ label, value, now, before, href, text, onOpen }: { label: string; value: string; now: number; before: number; href: string; text?: string; onOpen?: () => void }) {
  const change = beyond(now, before)
  return (
    <div class="key-figure">
      <dt>
        <a href={href}>{label}</a>
      </dt>
      <dd>
        {onOpen && now ? (
          <button type="button" onClick={onOpen}>
            {value}
          </button>
        ) : (
          <a href={href}>{value}</a>
        )}
      </dd>
      <dd class="quiet">{text ? text : !before ? t('home.nothing_before') : change === undefined ? t('home.usual') : <><b>{(change > 0 ? '+' : '') + percent(change)}</b> {t('home.to_before')}</>}</dd>
    </div>
  )
}

/** A figure of a picture that opens its people by pointer and key. */
const opening = (n: number, onOpen?: () => void) => (onOpen && n ? { role: 'button' as const, tabindex: 0, onClick: onOpen, onKeyDown: (event: KeyboardEvent) => event.key === 'Enter' && onOpen() } : {})

function StageFlow({ answer, open }: { answer: Stages; open: (who: string) => (() => void) | undefined }) {
  const [box, room] = useWidth()
  const width = Math.max(760, room)
  const n = answer.stages.length
  const bar = 84
  const pitch = n > 1 ? (width - bar) / (n - 1) : 0
  const most = Math.max(1, ...answer.stages.map((one) => one.now))
  const widest = Math.max(1, ...answer.stages.map((one) => one.onward))
  const h = (value: number) => Math.max(2, (value / most) * 86)
  const base = 150
  const moves = new Map(pulse.value?.moves.map((one) => [`${one.from}>${one.to}`, one.persons]))
  return (
    <div ref={box} class="scroll-x" tabindex={0} role="region" aria-label={t('home.stages')}>
      <svg class="stage-flow" width={width} height="196" role="group" aria-label={t('home.stages')}>
        <line class="axis" x1="0" x2={width} y1={base} y2={base} />
        {answer.stages.map((stage, i) => {
          const x = i * pitch
          const next = answer.stages[i + 1]
          const label = labelOf(project.value?.stages, stage.stage)
          const live = next ? (moves.get(`${stage.stage}>${next.stage}`) ?? 0) : 0
          const y0 = base - h(stage.now) / 2
          const y1 = next ? base - h(next.now) / 2 : 0
          const curve = `M${x + bar} ${y0}C${x + bar + (pitch - bar) / 2} ${y0} ${x + bar + (pitch - bar) / 2} ${y1} ${x + pitch} ${y1}`
          return (
            <g key={stage.stage}>
              <text class="strong" x={x} y="12">
                {label}
              </text>
              <text class="flow-figure" x={x} y="36" {...opening(stage.now, open(`stage:${stage.stage}`))}>
                {count(stage.now)}
              </text>
              <rect class="band" x={x} y={base - h(stage.now)} width={bar} height={h(stage.now)} />
              {next && stage.onward > 0 && <path id={`flow-${i}`} class="flow-line" d={curve} stroke-width={Math.max(1.5, (stage.onward / widest) * 12)} />}
              {next &&
                Array.from({ length: Math.min(6, live) }, (_, k) => (
                  <circle key={k} class="live-dot" r="3.500">
                    <animateMotion dur="1s" begin={`${k * 0.13}s`} repeatCount="1" fill="freeze">
                      <mpath href={`#flow-${i}`} />
                    </animateMotion>
                  </circle>
                ))}
              {next && (
                <>
                  <text class="flow-open" x={x + bar + (pitch - bar) / 2} y={base + 20} text-anchor="middle" {...opening(stage.onward, open(`onward:${stage.stage}`))}>
                    <tspan class="strong">{count(stage.onward)}</tspan> {t('map.went_on')}
                  </text>
                  <text class="hint flow-open" x={x + bar + (pitch - bar) / 2} y={base + 36} text-anchor="middle" {...opening(stage.lapsed, open(`lapsed:${stage.stage}`))}>
                    {count(stage.lapsed)} {t('map.went')}
                  </text>
                </>
              )}
            </g>
          )
        })}
      </svg>
    </div>
  )
}

function Minutes() {
  const [box, room] = useWidth()
  const width = Math.max(320, room)
  const minutes = pulse.value?.minutes ?? []
  const most = Math.max(1, ...minutes)
  const shown = [...Array<number>(Math.max(0, 60 - minutes.length)).fill(0), ...minutes]
  const step = width / shown.length
  return (
    <section>
      <h2 class="table-title">
        {t('home.minutes')} <span class="quiet">{t('home.minutes_now', { n: count(minutes[minutes.length - 1]) })}</span>
      </h2>
      <div ref={box} class="scroll-x" tabindex={0} role="region" aria-label={t('home.minutes')}>
      <svg width={width} height="92" role="img" aria-label={`${t('home.minutes')}: ${minutes.slice(-10).join(', ')}`}>
        {shown.map((n, i) => (
          <rect key={i} class={i === shown.length - 1 ? 'minute now' : 'minute'} x={i * step} y={72 - (n / most) * 70} width={step - 1.5} height={(n / most) * 70} />
        ))}
        <line class="axis" x1="0" x2={width} y1="72.500" y2="72.500" />
        <text class="hint" x={width} y="88" text-anchor="end">
          {t('home.now')}
        </text>
      </svg>
      </div>
    </section>
  )
}

/** Events of the days of this period, dashed the period before: what is shown while nothing arrives. */
function Days({ now, before }: { now: Overview; before?: Overview }) {
  const [box, room] = useWidth()
  const width = Math.max(320, room)
  if (now.period !== 'day' || now.periods.length < 2) return null
  const days = now.periods
  const old = before?.period === 'day' ? before.periods.slice(-days.length) : []
  const most = Math.max(1, ...[...days, ...old].map((one) => one.events ?? 0))
  const step = width / days.length
  const y = (n: number | null) => 72 - ((n ?? 0) / most) * 70
  const last = days[days.length - 1]
  return (
    <section>
      <h2 class="table-title">
        {t('home.days')} <span class="quiet">{t(old.length ? 'home.days_text' : 'home.days_only', { n: count(last.events), day: dayShort(last.start) })}</span>
      </h2>
      <div ref={box} class="scroll-x" tabindex={0} role="region" aria-label={t('home.days')}>
        <svg width={width} height="92" role="img" aria-label={`${t('home.days')}: ${days.slice(-10).map((one) => `${dayShort(one.start)} ${count(one.events)}`).join(', ')}`}>
          {days.map((one, i) => (
            <rect key={one.start} class={i === days.length - 1 ? 'minute now' : 'minute'} x={i * step} y={y(one.events)} width={step - 1.5} height={72 - y(one.events)}>
              <title>{`${dayShort(one.start)}: ${count(one.events)}`}</title>
            </rect>
          ))}
          {old.length > 1 && <path class="before-line" d={`M${old.map((one, i) => `${(i + days.length - old.length + 0.5) * step} ${y(one.events)}`).join('L')}`} />}
          <line class="axis" x1="0" x2={width} y1="72.500" y2="72.500" />
          {[0, Math.floor(days.length / 2), days.length - 1].map((i) => (
            <text key={i} class="hint" x={i ? (i === days.length - 1 ? width : (i + 0.5) * step) : 0} y="88" text-anchor={i ? (i === days.length - 1 ? 'end' : 'middle') : 'start'}>
              {dayShort(days[i].start)}
            </text>
          ))}
        </svg>
      </div>
    </section>
  )
}

/** The trend of a changed figure, thirty days a point; the grey field holds the two that are compared. */
function Spark({ series }: { series: Change['series'] }) {
  const shown = series.map((value, i) => ({ value, i })).filter((one): one is { value: number; i: number } => one.value !== undefined)
  const width = 112
  const most = Math.max(...shown.map((one) => one.value), 1e-9)
  const least = Math.min(...shown.map((one) => one.value))
  const x = (i: number) => 6 + (i / Math.max(1, series.length - 1)) * (width - 12)
  const y = (value: number) => 23 - ((value - least) / Math.max(most - least, 1e-9)) * 18
  const end = shown[shown.length - 1]
  if (shown.length < 3) return null
  return (
    <svg class="spark" width={width} height="28" aria-hidden="true">
      <rect class="field-range" x={x(series.length - 2) - 5} y="1" width={x(1) - x(0) + 10} height="26" />
      <path d={`M${shown.map((one) => `${x(one.i).toFixed(1)} ${y(one.value).toFixed(1)}`).join('L')}`} />
      <circle cx={x(end.i)} cy={y(end.value)} r="3" />
    </svg>
  )
}

function Changes({ rows }: { rows: Change[] }) {
  if (!rows.length) return <p class="quiet">{t('home.no_changes')}</p>
  return (
    <table class="rows changes">
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>
              <a href={row.href}>{row.text}</a>
            </td>
            <td class="spark-cell">
              <Spark series={row.series} />
            </td>
            <td class="number">
              <strong>{row.value}</strong>
              <span class="below">{row.range}</span>
            </td>
            <td class="number">{row.worth !== undefined && Math.abs(row.worth) >= 1 && <strong class={row.worth < 0 ? 'poor-ink' : 'good-ink'}>{t('home.about', { value: money(row.worth, true) })}</strong>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

interface FeedRow {
  time: string
  touchpoint: string
  family: string
  person: string | null
  value: number | null
}

/** The newest events, asked for while somebody looks: what arrived last, or of files what happened last. */
function Feed() {
  const live = project.value?.live === true
  const { data } = useAnswer<{ now: string; events: FeedRow[] }>(seesPersons.value ? address('/api/v1/feed', { limit: 24, order: live ? undefined : 'time' }) : undefined, live)
  const feed = data?.events ?? []
  const arriving = live && !!pulse.value?.per_minute
  return (
    <aside class="feed" aria-label={t('home.feed')}>
      <h2>
        {t(arriving ? 'home.feed' : live ? 'home.feed_last' : 'home.feed_happened')} {arriving && <span class="quiet">{t('home.per_minute', { n: count(pulse.value!.per_minute) })}</span>}
        {live && (
          <button type="button" class="quiet" aria-pressed={paused.value} onClick={() => (paused.value = !paused.value)}>
            {paused.value ? t('home.resume') : t('home.pause')} <kbd class="key">{t('home.space')}</kbd>
          </button>
        )}
      </h2>
      {!feed.length && <p class="quiet">{t('home.feed_empty')}</p>}
      <ul>
        {feed.map((one, i) => (
          <li key={`${one.time}${i}`}>
            <span class="quiet clock">{live && sameDay(one.time, data!.now) ? clock(one.time) : <>{dayShort(one.time)}<br />{clock(one.time, true)}</>}</span>
            <span>
              <i class="tick" data-family={one.family} />
              {touchpointName(one.touchpoint)}
              {one.person && (
                <a class="below" href={link(`/person/${one.person}`)}>
                  {shortId(one.person)}
                </a>
              )}
            </span>
            <span class="number">{one.value ? <b class="worth">{money(one.value)}</b> : ''}</span>
          </li>
        ))}
      </ul>
    </aside>
  )
}

/** Nothing has arrived: an example, a file, a tag. */
function Empty() {
  const [busy, setBusy] = useState(false)
  const demo = async () => {
    setBusy(true)
    try {
      await post('/api/v1/demo')
      await loadSession()
      go('/map')
    } catch (problem) {
      say(failureWords(problem as ApiError).text)
    }
    setBusy(false)
  }
  const ways = [
    { title: t('empty.demo'), text: t('empty.demo_text'), part: (
      <button type="button" class="button primary" disabled={busy} onClick={demo}>
        {busy ? t('state.waiting') : t('empty.demo_button')}
      </button>
    ) },
    { title: t('empty.import'), text: t('empty.import_text'), part: (
      <button type="button" class="button" onClick={() => go('/project?part=import')}>
        {t('empty.import_button')}
      </button>
    ) },
    { title: t('empty.tag'), text: t('empty.tag_text'), part: (
      <button type="button" class="button" onClick={() => go('/project?part=sources')}>
        {t('empty.tag_button')}
      </button>
    ) },
  ]
  return (
    <section class="state">
      <h1>{t('state.empty')}</h1>
      <p class="quiet">{t('state.empty_text')}</p>
      <ol class="ways">
        {ways.map((way, i) => (
          <li key={way.title}>
            <b aria-hidden="true">{i + 1}</b>
            <div>
              <strong>{way.title}</strong>
              <p class="quiet">{way.text}</p>
            </div>
            {role.value !== 'viewer' && way.part}
          </li>
        ))}
      </ol>
    </section>
  )
}

export function View() {
  const empty = project.value?.events === 0 && !pulse.value?.events
  const span = project.value && !empty ? spans() : undefined
  const url = (report: string, fields: Record<string, string>) => (span ? address(`/api/v1/reports/${report}`, fields) : undefined)
  const live = project.value?.live === true
  const now = useAnswer<Overview>(span && url('overview', { from: span.from, to: span.to }), live)
  const before = useAnswer<Overview>(span && url('overview', span.before))
  const stages = useAnswer<Stages>(span && url('stages', {}), live)
  const mapNow = useAnswer<MapAnswer>(now.data && span && url('map', { from: span.from, to: span.to, model: 'none' }))
  const mapBefore = useAnswer<MapAnswer>(mapNow.data && span && url('map', { ...span.before, model: 'none' }))
  const mapEarlier = useAnswer<MapAnswer>(mapBefore.data && span && url('map', { ...span.older[0], model: 'none' }))
  const mapOld = useAnswer<MapAnswer>(mapEarlier.data && span && url('map', { ...span.older[1], model: 'none' }))
  const mapOlder = useAnswer<MapAnswer>(mapOld.data && span && url('map', { ...span.older[2], model: 'none' }))
  const mapOldest = useAnswer<MapAnswer>(mapOlder.data && span && url('map', { ...span.older[3], model: 'none' }))
  const maps = [mapNow, mapBefore, mapEarlier, mapOld, mapOlder, mapOldest].map((one) => one.data).filter((one): one is MapAnswer => !!one)
  const goal = now.data?.goals[0]
  const goalBefore = before.data?.goals[0]
  const change = goal && goalBefore ? beyond(goal.conversions, goalBefore.conversions) : undefined
  const goalName = goal ? labelOf(project.value?.goals, goal.goal) : ''
  const within = span && { from: span.from, to: span.to }
  const goalRule = project.value?.goals.find((one) => one.name === goal?.goal)
  const { open, drawer } = useListed('stages', (who, of) => {
    if (of === 'persons') return who === 'goal' ? { title: goalName, fields: { ...within, where: goalRule?.when ?? undefined } } : { title: t('nav.persons'), fields: within }
    if (of === 'journeys') return { title: t('nav.journeys'), fields: within }
    const [kind, stage] = who.split(':')
    const label = labelOf(project.value?.stages, stage)
    return { title: kind === 'onward' || kind === 'lapsed' ? `${label}, ${t(`stages.${kind}`)}` : label }
  })
  const arrives = pulse.value?.minutes.some((n) => n > 0)
  const lead = !goal ? t('home.lead_events', { n: count(now.data?.events ?? 0) }) : change === undefined ? t(goalBefore?.conversions ? 'home.lead_usual' : 'home.lead_first', { goal: goalName, n: count(goal.conversions) }) : t(change > 0 ? 'home.lead_more' : 'home.lead_fewer', { goal: goalName, n: count(goal.conversions), share: percent(Math.abs(change)) })
  const search = (
    <button type="button" class="button search-button bar-extra" onClick={() => (palette.value = true)}>
      <Icon name="search" /> <span class="quiet">{t('frame.search')}</span> <kbd class="key">{t('home.ctrl')} K</kbd>
    </button>
  )
  return (
    <>
      <Bar title={t('nav.home')} plain>
        {search}
      </Bar>
      <main id="content" class={empty || !seesPersons.value ? 'page' : 'page with-inspector'} tabindex={-1}>
        <div>
          {empty ? (
            <Empty />
          ) : now.problem && !now.data ? (
            <Failure problem={now.problem} again={now.again} />
          ) : !now.data ? (
            <Waiting slow={now.slow} cancel={now.cancel} />
          ) : (
            <div class="home">
              <h1>{lead}</h1>
              <p class="quiet">
                {period(span!.from, span!.to)}, {t('home.compared', { period: period(span!.before.from, span!.before.to)! })}
              </p>
              <PrintFoot answer={now.data} from={span!.from} to={span!.to} />
              <Warnings answer={now.data} />
              <dl class="key-figures">
                {goal && <Figure label={goalName} value={count(goal.conversions)} now={goal.conversions} before={goalBefore?.conversions ?? 0} href={link('/attribution', within)} onOpen={open('goal', 'persons')} />}
                {goal && goal.value !== 0 && <Figure label={t('attribution.revenue')} value={money(goal.net_value)} now={goal.conversions} before={goalBefore?.conversions ?? 0} text={t('home.each', { value: money(goal.net_value / Math.max(1, goal.conversions)) })} href={link('/attribution', within)} onOpen={open('goal', 'persons')} />}
                <Figure label={t('nav.persons')} value={count(now.data.persons)} now={now.data.persons} before={before.data?.persons ?? 0} href={link('/persons', within)} onOpen={open('all', 'persons')} />
                <Figure label={t('nav.journeys')} value={count(now.data.journeys)} now={now.data.journeys} before={before.data?.journeys ?? 0} href={link('/journeys', within)} onOpen={open('any', 'journeys')} />
              </dl>
              {stages.data && (
                <section>
                  <h2 class="table-title">
                    {t('home.stages')} <span class="quiet">{t('home.stages_text')}</span>
                  </h2>
                  <StageFlow answer={stages.data} open={open} />
                </section>
              )}
              {arrives ? <Minutes /> : <Days now={now.data} before={before.data} />}
              <section>
                <h2 class="table-title">
                  {t('home.changes')} <span class="quiet">{t('home.changes_text')}</span>
                </h2>
                {mapNow.data && mapBefore.data && mapEarlier.data ? <Changes rows={changes(maps, span!, span!.before)} /> : <Waiting slow={mapNow.slow || mapBefore.slow} />}
              </section>
            </div>
          )}
        </div>
        {!empty && seesPersons.value && <Feed />}
      </main>
      {drawer}
    </>
  )
}
