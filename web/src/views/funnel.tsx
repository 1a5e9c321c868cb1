// SPDX-License-Identifier: Apache-2.0
// The funnel: steps at the left, the picture at the right; a column's hollow top are those who did not come that far.
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Bar } from '../parts/bar'
import { Choice, EmptyPeriod, Failure, Segment, State, Waiting } from '../parts/basics'
import { ConditionField } from '../parts/condition'
import { fieldName, fieldValue } from '../parts/fields'
import { Icon } from '../parts/icons'
import { Lead } from '../parts/lead'
import { PersonsDrawer, type Wanted } from '../parts/persons'
import { address, type Fields } from '../state/api'
import { commonOptions, useAnswer, useReport, type Envelope } from '../state/report'
import { language } from '../state/prefs'
import { option, options, setOptions } from '../state/route'
import { labelOf, project, seesPersons, touchpointName } from '../state/session'
import { count, decimal, duration, inSentence, percent } from '../words/format'
import { t } from '../words/words'
import { sameWay, useWays, type Way } from './funnel_ways'

interface Step {
  step: number
  name: string
  reached: number
  share: number | null
  from_previous: number | null
  dropped: number
  median_ms: number | null
}
interface Answer extends Envelope {
  mode: 'ordered' | 'strict' | 'any'
  unit: string
  total: number
  steps: Step[]
  groups?: { value: string; total: number; steps: Step[] }[]
}

const HEIGHT = 332

/** `14d` in words. */
const spell = (window = '') => window.replace(/^(\d+)([mhdw])$/, (_, n: string, unit: string) => duration(Number(n) * { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }[unit]!))

/** A quoted event name, a bare word or `event = "x"` is called by the event. */
export function stepName(step: string): string {
  const rule = project.value?.goals.find((one) => one.when === step) ?? project.value?.stages.find((one) => one.when === step)
  if (rule) return (language.value === 'de' ? rule.label_de : rule.label) || rule.name
  const event = /^\s*event\s*=\s*"([^"]+)"\s*$/.exec(step) ?? /^\s*touchpoint\s*=\s*"?([^"]+?)"?\s*$/.exec(step)
  return event ? touchpointName(event[1]) : step
}

/** What a column stands for; without an order it is how many of the steps were done. */
const stepLabel = (answer: Answer, at: number): string => (answer.mode === 'any' ? t('funnel.any_step', { k: at + 1, n: answer.steps.length }) : stepName(answer.steps[at].name))

/** How many match a step, whatever came before it. */
function Matching({ step, unit }: { step: string; unit?: string }) {
  const { data } = useAnswer<Answer>(address('/api/v1/reports/funnel', { ...commonOptions(), step, unit, 'no-times': true }))
  return <>{data ? count(data.steps[0].reached) : ''}</>
}

function StepList({ steps, unit, selected, onSelect }: { steps: string[]; unit?: string; selected: number; onSelect: (n: number) => void }) {
  const set = (next: string[]) => setOptions({ step: next })
  const list = useRef<HTMLOListElement>(null)
  const [dragged, setDragged] = useState<number>()
  const move = (from: number, to: number) => {
    if (to < 0 || to >= steps.length || from === to) return
    const next = [...steps]
    next.splice(to, 0, ...next.splice(from, 1))
    set(next)
    onSelect(to)
    requestAnimationFrame(() => list.current?.querySelectorAll<HTMLElement>('.step-head')[to]?.focus())
  }
  const keys = (event: KeyboardEvent, n: number) => {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
    event.preventDefault()
    move(n, event.key === 'ArrowUp' ? n - 1 : n + 1)
  }
  return (
    <ol class="step-list" ref={list}>
      {steps.map((step, n) => (
        <li
          key={n}
          class={n === selected ? 'step open' : 'step'}
          draggable={dragged === n}
          onDragStart={(event) => event.dataTransfer?.setData('text/plain', String(n))}
          onDragOver={(event) => dragged !== undefined && event.preventDefault()}
          onDrop={(event) => (event.preventDefault(), dragged !== undefined && move(dragged, n), setDragged(undefined))}
          onDragEnd={() => setDragged(undefined)}
        >
          <div class="step-row" onKeyDown={(event) => keys(event, n)}>
            <span class="grip" onPointerDown={() => setDragged(n)} onPointerUp={() => setDragged(undefined)} aria-hidden="true">
              <Icon name="grip" />
            </span>
            <span class="quiet">{n + 1}</span>
            <button type="button" class="step-head" aria-expanded={n === selected} onClick={() => onSelect(n === selected ? -1 : n)}>
              {stepName(step) || t('funnel.step_n', { n: n + 1 })}
            </button>
            <span class="number">
              <Matching step={step} unit={unit} />
            </span>
          </div>
          {n === selected && (
            <div class="step-edit">
              <ConditionField label={t('funnel.step_n', { n: n + 1 })} scope="event" value={step} onChange={(text) => text && set(steps.map((one, i) => (i === n ? text : one)))} />
              <span class="step-buttons">
                <button type="button" class="button" disabled={n === 0} onClick={() => move(n, n - 1)}>
                  {t('funnel.up')}
                </button>
                <button type="button" class="button" disabled={n === steps.length - 1} onClick={() => move(n, n + 1)}>
                  {t('funnel.down')}
                </button>
                <button type="button" class="button" onClick={() => (set(steps.filter((_, i) => i !== n)), onSelect(-1))}>
                  {t('action.remove')}
                </button>
              </span>
            </div>
          )}
        </li>
      ))}
    </ol>
  )
}

/** The goals, then what happens here, the most frequent first. */
function AddStep({ onAdd }: { onAdd: (step: string) => void }) {
  const overview = useReport<Envelope & { event_names: { event: string; events: number }[] }>('overview', { limit: 100 })
  const goals = project.value?.goals.filter((goal) => goal.when) ?? []
  const choices = [...goals.map((goal) => ({ value: goal.when!, label: labelOf(goals, goal.name) })), ...(overview.data?.event_names ?? []).map((one) => ({ value: `event = ${JSON.stringify(one.event)}`, label: one.event }))]
  return <Choice label={t('funnel.add')} icon="plus" left value={t('funnel.add')} choices={choices} onChange={onAdd} />
}

/** A name on at most two lines of a column's width; what has no room ends in an ellipsis. */
function lines(name: string, width: number): string[] {
  const room = Math.max(5, Math.floor(width / 7))
  const out = ['']
  for (const word of name.split(' ')) {
    const last = out[out.length - 1]
    if (!last || last.length + word.length < room) out[out.length - 1] = last ? `${last} ${word}` : word
    else out.push(word)
  }
  const two = out.length > 2 ? [out[0], out.slice(1).join(' ')] : out
  return two.map((line) => (line.length > room ? `${line.slice(0, room - 1)}…` : line))
}

function Columns({ answer, worst, selected, onSelect, onPersons }: { answer: Answer; worst: number; selected: number; onSelect: (step: number) => void; onPersons?: OpenPersons }) {
  const n = answer.steps.length
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(920)
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(320, entry.contentRect.width)))
    watch.observe(box.current!)
    return () => watch.disconnect()
  }, [])
  const pitch = n > 1 ? width / (n - 0.5) : width
  const bar = n > 1 ? Math.min(pitch * 0.5, 150) : 150
  const x = (i: number) => (n > 1 ? (i * (width - bar)) / (n - 1) : 0)
  const titles = answer.steps.map((step, i) => lines(answer.mode === 'any' ? stepLabel(answer, i) : `${step.step} ${stepName(step.name)}`, i === n - 1 && pitch >= 120 ? bar : pitch - 8))
  const head = Math.max(...titles.map((one) => one.length)) * 16 + 24
  const base = head + 16 + HEIGHT
  const y = (value: number) => base - (answer.steps[0].reached ? (value / answer.steps[0].reached) * HEIGHT : 0)
  return (
    <div ref={box}>
      <svg class="funnel" width={width} height={base + 46} role="group" aria-label={t('nav.funnel')}>
        <line class="axis" x1="0" x2={width} y1={base} y2={base} />
        {answer.steps.map((step, i) => {
          const before = answer.steps[i - 1]
          const left = x(i)
          const last = i === n - 1
          const tight = pitch < 120
          const edge = last && tight ? left + bar : left
          const anchor = last && tight ? 'end' : 'start'
          const drop = before ? y(step.reached) - y(before.reached) : 0
          const inside = drop > 40 && bar > 46
          const share = before && before.reached ? percent(before.dropped / before.reached) : ''
          return (
            <g key={step.step}>
              {titles[i].map((line, k) => (
                <text key={k} class="strong" x={edge} y={14 + k * 16} text-anchor={anchor}>
                  {line}
                </text>
              ))}
              <text x={edge} y={head - 4} text-anchor={anchor} class="funnel-figure" tabindex={0} role="button" onClick={() => onPersons?.(`reached:${step.step}`, step.reached)} onKeyDown={(event) => event.key === 'Enter' && onPersons?.(`reached:${step.step}`, step.reached)}>
                {count(step.reached)}
                {!tight && (
                  <tspan class="hint" dx="8">
                    {percent(step.share, 1)}
                  </tspan>
                )}
              </text>
              {i < n - 1 && <path class="funnel-flow" d={`M${left + bar} ${y(answer.steps[i + 1].reached)}H${x(i + 1)}V${base}H${left + bar}Z`} />}
              {before && <line class="dotted" x1={x(i - 1) + bar} x2={left} y1={y(before.reached)} y2={y(before.reached)} />}
              <rect class={last ? 'funnel-bar end' : 'funnel-bar'} x={left} y={y(step.reached)} width={bar} height={base - y(step.reached)} />
              {before && before.dropped > 0 && (
                <g
                  class={`funnel-drop${i === worst ? ' worst' : ''}${i === selected ? ' selected' : ''}`}
                  role="button"
                  tabindex={0}
                  aria-label={`${t('funnel.dropped_title', { n: count(before.dropped), step: stepLabel(answer, i) })}, ${t('funnel.leave', { share: percent(before.dropped / before.reached) })}`}
                  onClick={() => onSelect(i)}
                  onDblClick={() => onPersons?.(`dropped:${before.step}`, before.dropped)}
                  onKeyDown={(event) => (event.key === 'Enter' ? onSelect(i) : event.key === 'p' && onPersons?.(`dropped:${before.step}`, before.dropped))}
                >
                  {i === selected && <rect class="ring" x={left - 2} y={y(before.reached) - 2} width={bar + 4} height={drop + 4} rx="2" />}
                  <rect x={left + 0.5} y={y(before.reached) + 0.5} width={bar - 1} height={Math.max(1, drop - 1)} />
                  <text x={inside ? left + bar / 2 : left - 6} y={inside ? (y(before.reached) + y(step.reached)) / 2 : y(before.reached) + 15} text-anchor={inside ? 'middle' : 'end'}>
                    <tspan class="strong">−{count(before.dropped)}</tspan>
                    {inside ? (
                      <tspan class="hint" x={left + bar / 2} dy="17">
                        {bar > 84 ? t('funnel.leave', { share }) : share}
                      </tspan>
                    ) : pitch - bar > 84 ? (
                      <tspan class="hint"> {share}</tspan>
                    ) : (
                      <tspan class="hint" x={left - 6} dy="15">
                        {share}
                      </tspan>
                    )}
                  </text>
                </g>
              )}
              {i > 0 && step.median_ms !== null && (
                <g class="funnel-time">
                  <text x={(x(i - 1) + bar + left) / 2} y={base + 18} text-anchor="middle">
                    <tspan class="hint">{t('funnel.after')}</tspan> {duration(step.median_ms)}
                  </text>
                  <path d={`M${x(i - 1) + bar + 4} ${base + 28}H${left - 6}m-5-3l5 3-5 3`} />
                </g>
              )}
            </g>
          )
        })}
      </svg>
    </div>
  )
}

function Groups({ answer }: { answer: Answer }) {
  if (!answer.groups?.length) return null
  const worse = (group: Step[], i: number) => {
    const rest = answer.steps[i]
    const own = group[i]
    if (!own?.from_previous || !rest?.from_previous || group[i - 1].reached < 30) return false
    const p = own.from_previous
    const half = 1.96 * Math.sqrt((p * (1 - p)) / group[i - 1].reached)
    return p + half < rest.from_previous
  }
  return (
    <section>
      <table class="rows">
        <caption class="table-title">
          {t('funnel.by_title', { field: fieldName(option('by') ?? '') })} <span class="quiet">{t('funnel.share_by_step')}</span>
        </caption>
        <thead>
          <tr>
            <td />
            {answer.steps.map((step, i) => (
              <th key={step.step} class="number" title={stepLabel(answer, i)}>
                <span aria-hidden="true">{step.step}</span>
                <span class="out-of-sight">{stepLabel(answer, i)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {answer.groups.slice(0, 20).map((group) => (
            <tr key={group.value}>
              <td>{fieldValue(option('by') ?? '', group.value)}</td>
              {group.steps.map((step, i) => (
                <td key={step.step} class={worse(group.steps, i) ? 'number poor-ink' : 'number'}>
                  {i === 0 ? count(step.reached) : `${worse(group.steps, i) ? '▾ ' : ''}${percent(step.from_previous)}`}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface Next {
  step: number
  dropped: number
  rows_total: number
  rows: { value: string; other?: boolean; count: number | null; share: number | null }[]
}
interface Driver {
  field: string
  operator: '=' | '>=' | '<' | 'exists' | 'missing'
  value: string | null
  who: string
  count: number | null
  ratio: number | null
  low: number | null
  high: number | null
  also?: string[]
}
interface Drivers {
  step: number
  dropped: number
  compared: number
  found: number
  list: Driver[]
  left_out: string[]
}
type OpenPersons = (who: string, n: number | null, title?: string) => void

const Figure = ({ n, onOpen }: { n: number | null; onOpen?: () => void }) =>
  onOpen && n ? (
    <button type="button" class="figure-link" onClick={onOpen}>
      {count(n)}
    </button>
  ) : (
    <>{count(n)}</>
  )

/** Where those go who stopped: their first touch after the step at another touchpoint, or none. */
function NextTable({ next, missing, onPersons }: { next: Next; missing: string; onPersons?: OpenPersons }) {
  const [more, setMore] = useState(false)
  const shown = more ? next.rows.filter((row) => !row.other) : next.rows.filter((row) => !row.other).slice(0, 6)
  const rest = next.rows.slice(shown.length)
  const others = rest.reduce((n, row) => n + (row.count ?? 0), 0)
  const width = (share: number | null) => Math.max(0, share ?? 0) * 160
  return (
    <>
      <table class="rows next">
        <tbody>
          {shown.map((row) => {
            const nothing = row.value === '(none)'
            const name = nothing ? t('funnel.nothing') : touchpointName(row.value)
            return (
              <tr key={row.value}>
                <td>{name}</td>
                <td class="bar-cell">
                  <svg width="160" height="9" aria-hidden="true">
                    {nothing ? <rect class="hollow plain" x=".5" y=".5" width={Math.max(0, width(row.share) - 1)} height="8" /> : <rect class="credit" width={width(row.share)} height="9" />}
                  </svg>
                </td>
                <td class="number">
                  <strong>{percent(row.share)}</strong>
                </td>
                <td class="number">
                  <Figure n={row.count} onOpen={onPersons && (() => onPersons(`dropped:${next.step},next:${row.value}`, row.count, `${t('funnel.dropped_title', { n: count(next.dropped), step: missing })}: ${name}`))} />
                </td>
              </tr>
            )
          })}
          {others > 0 && (
            <tr>
              <td>
                {more ? (
                  <span class="quiet">{t('funnel.others', { n: count(next.rows_total - shown.length) })}</span>
                ) : (
                  <button type="button" class="figure-link quiet" onClick={() => setMore(true)}>
                    {t('funnel.others', { n: count(next.rows_total - shown.length) })}
                  </button>
                )}
              </td>
              <td class="bar-cell">
                <svg width="160" height="9" aria-hidden="true">
                  <rect class="credit" width={width(others / next.dropped)} height="9" />
                </svg>
              </td>
              <td class="number">
                <strong>{percent(others / next.dropped)}</strong>
              </td>
              <td class="number">{count(others)}</td>
            </tr>
          )}
        </tbody>
      </table>
    </>
  )
}

function driverName({ field, operator, value }: Driver): string {
  const word = ({ '=': 'is', '>=': 'from', '<': 'below', exists: 'with', missing: 'without' } as const)[operator]
  return t(`funnel.driver.${word}`, { field: fieldName(field), value: value === null ? '' : fieldValue(field, value, operator !== '=') })
}

/** A dot with its interval on a scale that begins at 1, which is "as frequent". */
function RatioDot({ driver, most }: { driver: Driver; most: number }) {
  const width = 72
  const x = (value: number) => 3 + (Math.log(Math.min(value, most)) / Math.log(most)) * (width - 8)
  return (
    <svg class="ratio" width={width} height="16" aria-hidden="true">
      <line class="axis" x1={x(1)} x2={x(1)} y1="1" y2="15" />
      <line class="whisker chosen" x1={x(driver.low ?? 1)} x2={x(driver.high ?? most)} y1="8" y2="8" />
      {driver.ratio !== null && <circle class="shape main" cx={x(driver.ratio)} cy="8" r="3.500" />}
    </svg>
  )
}

function DriverTable({ drivers, onPersons }: { drivers: Drivers; onPersons?: OpenPersons }) {
  const [more, setMore] = useState(false)
  const shown = more ? drivers.list : drivers.list.slice(0, 6)
  const most = Math.max(1.5, ...shown.map((one) => one.high ?? (one.low ?? 1) * 2)) * 1.05
  if (!drivers.list.length) return <p class="quiet">{t('funnel.no_driver', { n: count(drivers.compared) })}</p>
  return (
    <>
      <table class="rows drivers">
        <thead class="out-of-sight">
          <tr>
            <th>{t('funnel.driver')}</th>
            <td />
            <th>{t('funnel.times')}</th>
            <th>{t('funnel.people_dropped')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <tr key={one.who} title={one.also?.map((who) => who.replace(/^with(out)?:/, '')).join('\n')}>
              <td>{driverName(one)}</td>
              <td class="bar-cell">
                <RatioDot driver={one} most={most} />
              </td>
              <td class="number">
                {one.ratio === null ? <strong>{t('funnel.only_here')}</strong> : <strong>{decimal(one.ratio)}×</strong>} <span class="quiet">{one.high === null ? t('funnel.at_least', { n: decimal(one.low ?? 0) }) : `${decimal(one.low ?? 0)}–${decimal(one.high)}`}</span>
              </td>
              <td class="number">
                <Figure n={one.count} onOpen={onPersons && (() => onPersons(`dropped:${drivers.step},${one.who}`, one.count, driverName(one)))} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {!more && drivers.list.length > shown.length && (
        <button type="button" class="button" onClick={() => setMore(true)}>
          {t('funnel.more_drivers', { n: count(drivers.list.length - shown.length) })}
        </button>
      )}
      <p class="quiet">
        {t('funnel.compared', { n: count(drivers.compared) })} {drivers.left_out.length > 0 && t('funnel.left_out', { fields: drivers.left_out.join(', ') })}
      </p>
    </>
  )
}

/** What those who stopped after step `at` did next, and what is more frequent among them than among those who went on. */
function Dropped({ answer, fields, at, onPersons, beside }: { answer: Answer; fields: Fields; at: number; onPersons?: OpenPersons; beside: ComponentChildren }) {
  const asked = { ...fields, by: undefined, 'no-times': true, limit: 40 }
  const next = useReport<Envelope & { next: Next }>('funnel', { ...asked, next: at })
  /* Every value of every field is looked at: asked once, not with every event that arrives. */
  const drivers = useAnswer<Envelope & { drivers: Drivers }>(address('/api/v1/reports/funnel', { ...commonOptions(), ...asked, drivers: at }))
  const missing = stepLabel(answer, at)
  const { dropped } = answer.steps[at - 1]
  const waitFor = ({ problem, slow, again }: Pick<typeof next, 'problem' | 'slow' | 'again'>) =>
    problem ? (
      <Failure problem={problem} again={again} />
    ) : (
      <p class="quiet placeholder" aria-busy="true">
        {slow ? t('state.waiting') : '\u00a0'}
      </p>
    )
  return (
    <div class="two">
      <section>
        <h2 class="table-title">
          <span class="marked">{t('funnel.dropped_title', { n: count(dropped), step: missing })}</span> {t('funnel.dropped_next')}
          {onPersons && (
            <button type="button" class="figure-link" onClick={() => onPersons(`dropped:${at}`, dropped)}>
              {t('funnel.open')}
            </button>
          )}
        </h2>
        {next.data?.next.step === at ? <NextTable key={at} next={next.data.next} missing={missing} onPersons={onPersons} /> : waitFor(next)}
      </section>
      <div>
        <section>
          <h2 class="table-title">
            {t('funnel.drivers')} <span class="quiet title-end">{t('funnel.no_proof')}</span>
          </h2>
          {drivers.data?.drivers.step === at ? <DriverTable key={at} drivers={drivers.data.drivers} onPersons={onPersons} /> : waitFor(drivers)}
        </section>
        {beside}
      </div>
    </div>
  )
}

function whoTitle(answer: Answer, who: string): string {
  const [kind, step] = who.split(':')
  return kind === 'dropped' ? t('funnel.without', { step: stepLabel(answer, Number(step)) }) : stepLabel(answer, Number(step) - 1)
}

export function View() {
  const steps = options('step')
  const mode = option('mode') ?? 'ordered'
  const unit = option('unit') ?? 'persons'
  const window = option('window')
  const fields = { step: steps, mode: mode === 'ordered' ? undefined : mode, unit: unit === 'persons' ? undefined : unit, window, exclude: option('exclude'), by: option('by') }
  const { data, problem, waiting, slow, cancel, again } = useReport<Answer>('funnel', fields, steps.length > 0)
  const [open, setOpen] = useState(-1)
  const [editing, setEditing] = useState(false)
  const [picked, setPicked] = useState<number>()
  const [wanted, setWanted] = useState<Wanted>()
  const [mapAsked, askMap] = useState(false)
  const [wantsMap, setWantsMap] = useState(false)
  const { ways, ready } = useWays(mapAsked)
  const way = sameWay(ways, steps)
  const take = (found: Way | undefined) => found && (setOptions({ step: found.steps }), setPicked(undefined), setOpen(-1))
  // Whoever comes without a question sees the first that is suggested; the address says which.
  useEffect(() => void (!steps.length && ways[0] && setOptions({ step: ways[0].steps }, true)), [steps.length, ways[0]?.id])
  const fromMap = ways.find((one) => one.id === 'map')
  useEffect(() => void (wantsMap && fromMap && (setWantsMap(false), take(fromMap))), [wantsMap, fromMap?.id])
  const answer = data && steps.length ? data : undefined
  const worst = answer ? answer.steps.slice(1).reduce((best, _, i) => (answer.steps[i].dropped > answer.steps[best - 1].dropped ? i + 1 : best), 1) : 0
  const at = picked !== undefined && picked < steps.length ? picked : worst
  const german = language.value === 'de'
  const unitLabel = t(`funnel.${unit}` as 'funnel.persons')
  const unitName = inSentence(unitLabel)
  const openPersons: OpenPersons = (who, n, title) => !!n && setWanted({ report: 'funnel', who, fields: { ...fields, by: undefined }, title: title ?? whoTitle(answer!, who) })
  const persons = seesPersons.value && unit === 'persons' ? openPersons : undefined
  const last = answer?.steps.at(-1)
  const lead = (found: Answer) =>
    !found.steps[0].reached
      ? t('funnel.lead_none', { first: stepName(steps[0]) })
      : t(window ? 'funnel.lead_window' : 'funnel.lead', { unit: unitName, first: stepName(steps[0]), last: stepName(steps[steps.length - 1]), n: Math.round((last?.share ?? 0) * 100), window: german ? spell(window).replace(/Tage$/, 'Tagen') : spell(window) })
  const formats = (['csv', 'json'] as const).map((format) => ({ label: t(`export.${format}`), name: `etappe-funnel.${format}`, href: address('/api/v1/reports/funnel', { ...commonOptions(), ...fields, format }) }))
  return (
    <>
      <Bar
        title={t('nav.funnel')}
        formats={formats}
        left={
          ways.length > 0 && (
            <span class="bar-extra bar-ways" onPointerEnter={() => askMap(true)} onFocusIn={() => askMap(true)}>
              <Choice label={t('funnel.way')} left value={way?.id ?? ''} choices={[...(way ? [] : [{ value: '', label: t('funnel.way.own') }]), ...ways.map((one) => ({ value: one.id, label: one.label }))]} onChange={(id) => take(ways.find((one) => one.id === id))} />
            </span>
          )
        }
      />
      <main id="content" class="page with-side" tabindex={-1}>
        <aside class={steps.length > 1 && !editing ? 'side folded' : 'side'} aria-label={t('funnel.steps')}>
          <h2 class="side-title">
            {t('funnel.steps')} <span class="quiet">{t('funnel.matching', { unit: unitName })}</span>
            {steps.length > 1 && (
              <button type="button" class="button fold" aria-expanded={editing} onClick={() => setEditing(!editing)}>
                {t(editing ? 'funnel.fold' : 'funnel.edit')}
              </button>
            )}
          </h2>
          <StepList steps={steps} unit={fields.unit} selected={open} onSelect={setOpen} />
          <div class="step-buttons">
            <AddStep onAdd={(step) => setOptions({ step: [...steps, step] })} />
            <button type="button" class="button" onClick={() => (askMap(true), setWantsMap(true))}>
              {t('funnel.from_map')}
            </button>
          </div>
          <div class="settings">
            <span>{t('funnel.order')}</span>
            <Segment label={t('funnel.order')} value={mode} choices={(['ordered', 'strict', 'any'] as const).map((value) => ({ value: value as string, label: t(`funnel.${value}`) }))} onChange={(value) => setOptions({ mode: value === 'ordered' ? undefined : value })} />
            <span>{t('funnel.window')}</span>
            <Choice label={t('funnel.window')} left value={window ?? ''} choices={['', '30m', '1h', '1d', '7d', '14d', '30d', '90d'].map((value) => ({ value, label: value ? spell(value) : t('funnel.no_window') }))} onChange={(value) => setOptions({ window: value || undefined })} />
            <span>{t('funnel.unit')}</span>
            <Segment label={t('funnel.unit')} value={unit} choices={(['persons', 'journeys', 'visits'] as const).map((value) => ({ value: value as string, label: t(`funnel.${value}`) }))} onChange={(value) => setOptions({ unit: value === 'persons' ? undefined : value })} />
          </div>
          <ConditionField label={t('funnel.exclude')} scope="event" value={option('exclude') ?? ''} onChange={(text) => setOptions({ exclude: text || undefined })} />
          <label class="field">
            <span>{t('funnel.by')}</span>
            <input class="input" value={option('by') ?? ''} placeholder={t('funnel.by_none')} list="by-fields" onChange={(event) => setOptions({ by: event.currentTarget.value.trim() || undefined })} />
            <datalist id="by-fields">
              {['channel', 'campaign', 'touchpoint', 'source', 'properties.device_type'].map((value) => (
                <option key={value} value={value} />
              ))}
            </datalist>
          </label>
          <p class="quiet">
            <kbd class="key">Alt ↑</kbd> <kbd class="key">Alt ↓</kbd> {t('funnel.move_hint')}
          </p>
        </aside>
        <div class="side-main">
          {!steps.length && !ready ? (
            <Waiting slow={false} />
          ) : !steps.length ? (
            <State title={t('funnel.empty')} text={t('funnel.empty_text')} />
          ) : problem && !answer ? (
            <Failure problem={problem} again={again} />
          ) : !answer ? (
            <Waiting slow={slow} cancel={cancel} />
          ) : !answer.total ? (
            <EmptyPeriod />
          ) : (
            <div class={waiting || problem ? 'stale' : ''}>
              <Lead text={lead(answer)} answer={answer} report="funnel" fields={fields} what={t('funnel.counts')}>
                {answer.steps.length > 1 && <span>{t('funnel.sub', { reached: count(last!.reached), total: count(answer.steps[0].reached), unit: unitName, step: stepLabel(answer, worst) })}</span>}
              </Lead>
              <Columns answer={answer} worst={worst} selected={at} onSelect={setPicked} onPersons={persons} />
              {steps.length > 1 && answer.steps[at - 1]?.dropped > 0 ? <Dropped answer={answer} fields={fields} at={at} onPersons={persons} beside={<Groups answer={answer} />} /> : <Groups answer={answer} />}
            </div>
          )}
        </div>
      </main>
      {wanted && <PersonsDrawer wanted={wanted} onClose={() => setWanted(undefined)} />}
    </>
  )
}
