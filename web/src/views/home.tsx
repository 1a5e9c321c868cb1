// SPDX-License-Identifier: Apache-2.0
// The start page: one finding, four figures, where people are, what arrives, what changed beyond chance. When nothing
// has arrived yet: three ways that work.
import { useState } from 'preact/hooks'
import { Bar } from '../parts/bar'
import { Failure, say, Waiting } from '../parts/basics'
import { Icon } from '../parts/icons'
import { palette } from '../parts/keys'
import { PersonsDrawer, type Wanted } from '../parts/persons'
import { PrintFoot } from '../parts/print'
import { useWidth } from '../parts/width'
import { Warnings } from '../parts/warnings'
import { address, ApiError, post } from '../state/api'
import { useAnswer, type Envelope } from '../state/report'
import { go, link } from '../state/route'
import { labelOf, loadSession, project, role, seesPersons, touchpointName } from '../state/session'
import { paused, pulse } from '../state/stream'
import { clock, count, money, percent, period, shortId } from '../words/format'
import { failureWords } from '../words/failures'
import { t } from '../words/words'
import { changes, type Change } from './changes'
import type { MapAnswer } from './map/data'

interface Overview extends Envelope {
  events: number
  persons: number
  journeys: number
  goals: { goal: string; conversions: number; value: number; net_value: number }[]
}
interface Stages extends Envelope {
  total: number
  stages: { stage: string; label: string; now: number; entered: number; onward: number; lapsed: number }[]
}

const DAY = 86_400_000
const iso = (time: number) => new Date(time).toISOString().slice(0, 10)

/** The last thirty days of the data, the thirty before, and those before them: who leaves is known only once the time of
 * inactivity has passed. */
function spans() {
  const now = Date.parse(project.value!.now)
  return { from: iso(now - 29 * DAY), to: iso(now), before: { from: iso(now - 59 * DAY), to: iso(now - 30 * DAY) }, earlier: { from: iso(now - 89 * DAY), to: iso(now - 60 * DAY) } }
}

/** A relative change with its 95% interval for two counts; undefined within chance. */
function beyond(now: number, before: number): number | undefined {
  if (now + before < 20 || !before) return undefined
  const log = Math.log(now / before)
  const half = 1.96 * Math.sqrt(1 / Math.max(1, now) + 1 / before)
  return log - half > 0 || log + half < 0 ? now / before - 1 : undefined
}

/** `text`: what stands below instead of the change. */
function Figure({ label, value, now, before, href, text }: { label: string; value: string; now: number; before: number; href: string; text?: string }) {
  const change = beyond(now, before)
  return (
    <div class="key-figure">
      <dt>{label}</dt>
      <dd>
        <a href={href}>{value}</a>
      </dd>
      <dd class="quiet">{text ? text : !before ? t('home.nothing_before') : change === undefined ? t('home.usual') : <><b>{(change > 0 ? '+' : '') + percent(change)}</b> {t('home.to_before')}</>}</dd>
    </div>
  )
}

function StageFlow({ answer, onPersons }: { answer: Stages; onPersons: (stage: string, label: string) => void }) {
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
    <div ref={box} class="scroll-x" tabIndex={0} role="region" aria-label={t('home.stages')}>
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
              <text class="flow-figure" x={x} y="36" role={seesPersons.value ? 'button' : undefined} tabIndex={seesPersons.value ? 0 : undefined} onClick={() => onPersons(stage.stage, label)} onKeyDown={(event) => event.key === 'Enter' && onPersons(stage.stage, label)}>
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
                  <text x={x + bar + (pitch - bar) / 2} y={base + 20} text-anchor="middle">
                    <tspan class="strong">{count(stage.onward)}</tspan> {t('map.went_on')}
                  </text>
                  <text class="hint" x={x + bar + (pitch - bar) / 2} y={base + 36} text-anchor="middle">
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
  if (!minutes.length || (!project.value?.live && !minutes.some((n) => n > 0))) return null
  const most = Math.max(1, ...minutes)
  const shown = [...Array<number>(Math.max(0, 60 - minutes.length)).fill(0), ...minutes]
  const step = width / shown.length
  return (
    <section>
      <h2 class="table-title">
        {t('home.minutes')} <span class="quiet">{t('home.minutes_now', { n: count(minutes[minutes.length - 1]) })}</span>
      </h2>
      <div ref={box} class="scroll-x" tabIndex={0} role="region" aria-label={t('home.minutes')}>
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

/** The newest events, asked for while somebody looks. */
function Feed() {
  const { data } = useAnswer<{ events: FeedRow[] }>(seesPersons.value ? address('/api/v1/feed', { limit: 24 }) : undefined, true)
  const feed = data?.events ?? []
  return (
    <aside class="feed" aria-label={t('home.feed')}>
      <h2>
        {t('home.feed')} <span class="quiet">{t('home.per_minute', { n: count(pulse.value?.per_minute ?? 0) })}</span>
        <button type="button" class="quiet" aria-pressed={paused.value} onClick={() => (paused.value = !paused.value)}>
          {paused.value ? t('home.resume') : t('home.pause')} <kbd class="key">{t('home.space')}</kbd>
        </button>
      </h2>
      {!feed.length && <p class="quiet">{t('home.feed_empty')}</p>}
      <ul>
        {feed.map((one, i) => (
          <li key={`${one.time}${i}`}>
            <span class="quiet clock">{clock(one.time)}</span>
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
  const mapEarlier = useAnswer<MapAnswer>(mapBefore.data && span && url('map', { ...span.earlier, model: 'none' }))
  const [wanted, setWanted] = useState<Wanted>()
  const goal = now.data?.goals[0]
  const goalBefore = before.data?.goals[0]
  const change = goal && goalBefore ? beyond(goal.conversions, goalBefore.conversions) : undefined
  const goalName = goal ? labelOf(project.value?.goals, goal.goal) : ''
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
      <main id="content" class={empty || !live ? 'page' : 'page with-inspector'} tabIndex={-1}>
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
                {goal && <Figure label={goalName} value={count(goal.conversions)} now={goal.conversions} before={goalBefore?.conversions ?? 0} href={link('/attribution', { from: span!.from, to: span!.to })} />}
                {goal && goal.value !== 0 && <Figure label={t('attribution.revenue')} value={money(goal.net_value)} now={goal.conversions} before={goalBefore?.conversions ?? 0} text={t('home.each', { value: money(goal.net_value / Math.max(1, goal.conversions)) })} href={link('/attribution', { from: span!.from, to: span!.to })} />}
                <Figure label={t('nav.persons')} value={count(now.data.persons)} now={now.data.persons} before={before.data?.persons ?? 0} href={link('/persons', { from: span!.from, to: span!.to })} />
                <Figure label={t('nav.journeys')} value={count(now.data.journeys)} now={now.data.journeys} before={before.data?.journeys ?? 0} href={link('/journeys', { from: span!.from, to: span!.to })} />
              </dl>
              {stages.data && (
                <section>
                  <h2 class="table-title">
                    {t('home.stages')} <span class="quiet">{t('home.stages_text')}</span>
                  </h2>
                  <StageFlow answer={stages.data} onPersons={(stage, label) => seesPersons.value && setWanted({ report: 'stages', who: stage, title: label })} />
                </section>
              )}
              <Minutes />
              <section>
                <h2 class="table-title">
                  {t('home.changes')} <span class="quiet">{t('home.changes_text')}</span>
                </h2>
                {mapNow.data && mapBefore.data && mapEarlier.data ? <Changes rows={changes({ now: mapNow.data, before: mapBefore.data, earlier: mapEarlier.data }, span!, span!.before)} /> : <Waiting slow={mapNow.slow || mapBefore.slow} />}
              </section>
            </div>
          )}
        </div>
        {!empty && live && <Feed />}
      </main>
      {wanted && <PersonsDrawer wanted={wanted} onClose={() => setWanted(undefined)} />}
    </>
  )
}
