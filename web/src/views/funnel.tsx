// SPDX-License-Identifier: Apache-2.0
// The funnel: steps at the left, the picture at the right; a column's hollow top are those who did not come that far.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Bar } from '../parts/bar'
import { Choice, EmptyPeriod, Failure, Segment, State, Waiting } from '../parts/basics'
import { ConditionField } from '../parts/condition'
import { Icon } from '../parts/icons'
import { Lead } from '../parts/lead'
import { PersonsDrawer, type Wanted } from '../parts/persons'
import { address } from '../state/api'
import { commonOptions, useReport, type Envelope } from '../state/report'
import { option, options, setOptions } from '../state/route'
import { labelOf, project, seesPersons, touchpointName } from '../state/session'
import { count, duration, percent } from '../words/format'
import { t } from '../words/words'

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
  const goal = project.value?.goals.find((one) => one.name === step)
  if (goal) return labelOf(project.value?.goals, step)
  const event = /^\s*event\s*=\s*"([^"]+)"\s*$/.exec(step) ?? /^\s*touchpoint\s*=\s*"?([^"]+?)"?\s*$/.exec(step)
  return event ? touchpointName(event[1]) : step
}

function StepList({ steps, answer, selected, onSelect }: { steps: string[]; answer?: Answer; selected: number; onSelect: (n: number) => void }) {
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
            <span class="number">{answer?.steps[n] ? count(answer.steps[n].reached) : ''}</span>
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

/** Up to sixteen event names to begin with, the most frequent first. */
function AddStep({ onAdd }: { onAdd: (step: string) => void }) {
  const overview = useReport<Envelope & { event_names: { event: string; events: number }[] }>('overview')
  const names = overview.data?.event_names ?? []
  const goals = project.value?.goals ?? []
  const choices = [...names.map((one) => ({ value: one.event, label: one.event })), ...goals.filter((goal) => !names.some((one) => one.event === goal.name)).map((goal) => ({ value: `goal = ${goal.name}`, label: labelOf(goals, goal.name) }))]
  return <Choice label={t('funnel.add')} icon="plus" left value={t('funnel.add')} choices={choices.filter((one) => !one.value.startsWith('goal'))} onChange={(value) => onAdd(/^[\w]+$/.test(value) ? value : `event = ${JSON.stringify(value)}`)} />
}

function Columns({ answer, worst, selected, onSelect, onPersons }: { answer: Answer; worst: number; selected: number; onSelect: (step: number) => void; onPersons: (who: string, n: number) => void }) {
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
  const y = (value: number) => 56 + HEIGHT - (answer.steps[0].reached ? (value / answer.steps[0].reached) * HEIGHT : 0)
  const base = 56 + HEIGHT
  return (
    <div ref={box}>
      <svg class="funnel" width={width} height={base + 46} role="group" aria-label={t('nav.funnel')}>
        <line class="axis" x1="0" x2={width} y1={base} y2={base} />
        {answer.steps.map((step, i) => {
          const before = answer.steps[i - 1]
          const left = x(i)
          const last = i === n - 1
          const tight = pitch < 120
          return (
            <g key={step.step}>
              <text class="strong" x={left} y="14">
                {`${step.step} ${stepName(step.name)}`.slice(0, Math.max(8, Math.floor(pitch / 7.2)))}
              </text>
              <text x={left} y="36" class="funnel-figure" tabIndex={0} role="button" onClick={() => onPersons(`reached:${step.step}`, step.reached)} onKeyDown={(event) => event.key === 'Enter' && onPersons(`reached:${step.step}`, step.reached)}>
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
                  tabIndex={0}
                  aria-label={`${t('funnel.dropped_title', { n: count(before.dropped), step: stepName(step.name) })}, ${t('funnel.leave', { share: percent(before.dropped / before.reached) })}`}
                  onClick={() => onSelect(i)}
                  onDblClick={() => onPersons(`dropped:${before.step}`, before.dropped)}
                  onKeyDown={(event) => (event.key === 'Enter' ? onSelect(i) : event.key === 'p' && onPersons(`dropped:${before.step}`, before.dropped))}
                >
                  <rect x={left + 0.5} y={y(before.reached) + 0.5} width={bar - 1} height={Math.max(1, y(step.reached) - y(before.reached) - 1)} />
                  <text x={y(step.reached) - y(before.reached) > 40 && bar > 74 ? left + bar / 2 : left - 6} y={y(step.reached) - y(before.reached) > 40 ? (y(before.reached) + y(step.reached)) / 2 : y(before.reached) + 15} text-anchor={y(step.reached) - y(before.reached) > 40 && bar > 74 ? 'middle' : 'end'}>
                    <tspan class="strong">−{count(before.dropped)}</tspan>
                    {y(step.reached) - y(before.reached) > 40 && bar > 74 ? (
                      <tspan class="hint" x={left + bar / 2} dy="17">
                        {t('funnel.leave', { share: percent(before.dropped / before.reached) })}
                      </tspan>
                    ) : (
                      <tspan class="hint"> {percent(before.dropped / before.reached)}</tspan>
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
          {t('funnel.by')} {option('by')} <span class="quiet">{t('funnel.share_by_step')}</span>
        </caption>
        <thead>
          <tr>
            <td />
            {answer.steps.map((step) => (
              <th key={step.step} class="number">
                {stepName(step.name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {answer.groups.slice(0, 20).map((group) => (
            <tr key={group.value}>
              <td>{group.value}</td>
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

/** What those who stopped before a step did next: the touch that follows the last step they reached. */
function Dropped({ steps, at, dropped, onPersons }: { steps: string[]; at: number; dropped: number; onPersons: () => void }) {
  const reached = steps[at - 1]
  const missing = steps[at]
  const among = [commonOptions().among, `count(${reached}) >= 1 and count(${missing}) = 0`].filter(Boolean).map((one) => `(${one})`).join(' and ')
  const { data } = useReport<Envelope & { variants: { path: string[]; count: number }[]; total: number }>('paths', { among, key: 'touchpoint', after: reached, collapse: true, 'no-times': true, limit: 2000 })
  const next = new Map<string, number>()
  for (const variant of data?.variants ?? []) {
    const key = variant.path[1] ?? ''
    next.set(key, (next.get(key) ?? 0) + variant.count)
  }
  const sum = [...next.values()].reduce((a, b) => a + b, 0)
  const rows = [...next].sort((a, b) => b[1] - a[1])
  const shown = rows.slice(0, 6)
  const rest = rows.slice(6).reduce((n, row) => n + row[1], 0)
  return (
    <section>
      <h2 class="table-title">
        <span class="marked">{t('funnel.dropped_title', { n: count(dropped), step: stepName(missing) })}</span> {t('funnel.dropped_next')}
        {seesPersons.value && (
          <button type="button" class="figure-link" onClick={onPersons}>
            {t('funnel.open')}
          </button>
        )}
      </h2>
      <p class="quiet">{t('funnel.dropped_of', { n: count(sum), reached: stepName(reached), step: stepName(missing) })}</p>
      <table class="rows">
        <tbody>
          {shown.map(([key, n]) => (
            <tr key={key}>
              <td>{key ? touchpointName(key) : t('funnel.nothing')}</td>
              <td>
                <svg width="160" height="9" aria-hidden="true">
                  {key ? <rect class="credit" width={(n / sum) * 160} height="9" /> : <rect class="hollow plain" x=".5" y=".5" width={Math.max(0, (n / sum) * 160 - 1)} height="8" />}
                </svg>
              </td>
              <td class="number">
                <strong>{percent(n / sum)}</strong>
              </td>
            </tr>
          ))}
          {rest > 0 && (
            <tr>
              <td class="quiet">{t('funnel.others', { n: count(rows.length - 6) })}</td>
              <td>
                <svg width="160" height="9" aria-hidden="true">
                  <rect class="credit" width={(rest / sum) * 160} height="9" />
                </svg>
              </td>
              <td class="number">
                <strong>{percent(rest / sum)}</strong>
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </section>
  )
}

export function View() {
  const steps = options('step')
  const mode = option('mode') ?? 'ordered'
  const unit = option('unit') ?? 'persons'
  const window = option('window')
  const fields = { step: steps, mode: mode === 'ordered' ? undefined : mode, unit: unit === 'persons' ? undefined : unit, window, exclude: option('exclude'), by: option('by') }
  const { data, problem, waiting, slow, cancel, again } = useReport<Answer>('funnel', fields, steps.length > 0)
  const [open, setOpen] = useState(-1)
  const [picked, setPicked] = useState<number>()
  const [wanted, setWanted] = useState<Wanted>()
  const answer = data && steps.length ? data : undefined
  const worst = answer ? answer.steps.slice(1).reduce((best, _, i) => (answer.steps[i].dropped > answer.steps[best - 1].dropped ? i + 1 : best), 1) : 0
  const at = picked !== undefined && picked < steps.length ? picked : worst
  const unitName = t(`funnel.${unit}` as 'funnel.persons')
  const persons = (who: string, n: number) => seesPersons.value && unit === 'persons' && n > 0 && setWanted({ report: 'funnel', who, fields, title: `${stepName(steps[Number(who.split(':')[1]) - 1])}` })
  const last = answer?.steps.at(-1)
  const lead = (found: Answer) =>
    !found.steps[0].reached
      ? t('funnel.lead_none', { first: stepName(steps[0]) })
      : t(window ? 'funnel.lead_window' : 'funnel.lead', { unit: unitName, first: stepName(steps[0]), last: stepName(steps[steps.length - 1]), n: Math.round((last?.share ?? 0) * 100), window: spell(window) })
  const formats = (['csv', 'json'] as const).map((format) => ({ label: t(`export.${format}`), name: `etappe-funnel.${format}`, href: address('/api/v1/reports/funnel', { ...commonOptions(), ...fields, format }) }))
  return (
    <>
      <Bar title={t('nav.funnel')} formats={formats} />
      <main id="content" class="page with-side" tabIndex={-1}>
        <aside class="side" aria-label={t('funnel.steps')}>
          <h2 class="side-title">
            {t('funnel.steps')} <span class="quiet">{t('funnel.matching')}</span>
          </h2>
          <StepList steps={steps} answer={answer} selected={open} onSelect={setOpen} />
          <AddStep onAdd={(step) => setOptions({ step: [...steps, step] })} />
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
          {!steps.length ? (
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
                {answer.steps.length > 1 && <span>{t('funnel.sub', { reached: count(last!.reached), total: count(answer.steps[0].reached), unit: unitName, step: stepName(steps[worst]) })}</span>}
              </Lead>
              <Columns answer={answer} worst={worst} selected={at} onSelect={setPicked} onPersons={persons} />
              <div class="two">
                {steps.length > 1 && answer.steps[at - 1]?.dropped > 0 && <Dropped steps={steps} at={at} dropped={answer.steps[at - 1].dropped} onPersons={() => persons(`dropped:${at}`, answer.steps[at - 1].dropped)} />}
                <Groups answer={answer} />
              </div>
            </div>
          )}
        </div>
      </main>
      {wanted && <PersonsDrawer wanted={wanted} onClose={() => setWanted(undefined)} />}
    </>
  )
}
