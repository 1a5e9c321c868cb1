// SPDX-License-Identifier: Apache-2.0
// Attribution: every model as a shape in one row, the grey field how far they disagree; the columns follow one model.
import { useState } from 'preact/hooks'
import { Bar } from '../parts/bar'
import { Choice, Failure, Segment, State, Waiting } from '../parts/basics'
import { Lead } from '../parts/lead'
import { useWidth } from '../parts/width'
import { address, type Fields } from '../state/api'
import { commonOptions, useReport, type Envelope } from '../state/report'
import { option, options, setOptions } from '../state/route'
import { channelFamily, channelName, labelOf, project, touchpointName } from '../state/session'
import { count, decimal, money, moneySpan, percent } from '../words/format'
import { known, t, type Word } from '../words/words'

interface Credit {
  key: string
  conversions: number
  value: number
  share: number
  low?: number
  high?: number
  value_low?: number
  value_high?: number
  removal_effect?: number
  cost?: number
  cpa?: number | null
  roas?: number | null
}
interface Model {
  model: string
  order?: number
  credits: Credit[]
}
interface Answer extends Envelope {
  goal: string
  key: string
  conversions: number
  value: number
  net_value: number
  paths: number
  models: Model[]
  together: { compared: number; pairs: Pair[] }
}
interface Pair {
  a: string
  b: string
  paths: number | null
  conversions: number | null
  effect: number | null
  low: number | null
  high: number | null
}

const MODELS = ['last', 'first', 'linear', 'position', 'time-decay', 'shapley', 'markov'] as const
const DEFAULT = ['last', 'linear', 'shapley', 'markov']
const ROW = 46
const APART = ['(none)', '(unidentified)', '(no consent)', '(other)']

const modelName = (model: string) => (known(`model.${model}`) ? t(`model.${model}` as Word) : model)

function keyName(answer: Answer, key: string): string {
  if (known(`apart.${key}`)) return t(`apart.${key}` as Word)
  return answer.key === 'channel' ? channelName(key) : answer.key === 'touchpoint' ? touchpointName(key) : key
}

function family(answer: Answer, key: string): string | undefined {
  if (answer.key === 'touchpoint') return project.value?.touchpoints.find((one) => one.name === key)?.family
  return answer.key === 'channel' ? channelFamily(key) : undefined
}

/** The shapes of the models; the chosen one is the yellow dot. */
function Shape({ model, x, y, chosen }: { model: string; x: number; y: number; chosen: boolean }) {
  if (chosen) return <circle class="shape chosen" cx={x} cy={y} r="4.500" />
  switch (model) {
    case 'last':
      return <path class="shape open" d={`M${x} ${y - 5}l5 5-5 5-5-5z`} />
    case 'first':
      return <path class="shape open" d={`M${x - 4.500} ${y + 4}h9l-4.500-8z`} />
    case 'linear':
      return <path class="shape line" d={`M${x - 4} ${y - 4}l8 8m0-8l-8 8`} />
    case 'shapley':
      return <rect class="shape" x={x - 3.500} y={y - 3.500} width="7" height="7" />
    case 'position':
      return <path class="shape line" d={`M${x - 4.500} ${y}h9m-4.500-4.500v9`} />
    case 'time-decay':
      return <path class="shape line" d={`M${x - 4.500} ${y - 4}q0 8 9 8`} />
    default:
      return <circle class="shape" cx={x} cy={y} r="4" />
  }
}

interface RowFacts {
  key: string
  by: { model: Model; credit: Credit; amount: number; low?: number; high?: number }[]
  main: Credit
}

/** Where amounts lie in the picture. */
const placer = (most: number, width: number) => (value: number) => 8 + Math.min(1.02, value / most) * (width - 24)

function Plot({ row, chosen, most, width, label }: { row: RowFacts; chosen: string; most: number; width: number; label: string }) {
  const x = placer(most, width)
  const amounts = row.by.map((one) => one.amount)
  const from = Math.min(...amounts)
  const to = Math.max(...amounts)
  const gap = ROW / (row.by.length + 1)
  return (
    <svg class="plot" width={width} height={ROW} role="img" aria-label={label}>
      {ticks(most).map((tick) => (
        <line key={tick} class="grid" x1={x(tick)} x2={x(tick)} y1="-1" y2={ROW + 1} />
      ))}
      <rect class="field-range" x={x(from) - 5} y="4" width={x(to) - x(from) + 10} height={ROW - 8} rx="3" />
      {row.by.map(({ model, amount, low, high }, i) => {
        const y = gap * (i + 1)
        const main = model.model === chosen
        return (
          <g key={model.model}>
            {low !== undefined && high !== undefined && <line class={main ? 'whisker chosen' : 'whisker'} x1={x(low)} x2={x(high)} y1={y} y2={y} />}
            <Shape model={model.model} x={x(amount)} y={y} chosen={main} />
          </g>
        )
      })}
    </svg>
  )
}

const ROAS_WIDTH = 116
const roasPlacer = (most: number) => (value: number) => 8 + (Math.min(value, most) / most) * (ROAS_WIDTH - 18)
const hasRoas = (credit: Credit) => !!credit.cost && credit.roas !== null && credit.roas !== undefined

/** What a euro of advertising brings, with the interval of its revenue; the dashed line is what it costs. Far ones point out of the picture. */
function RoasDot({ credit, low, high, most }: { credit: Credit; low?: number; high?: number; most: number }) {
  const x = roasPlacer(most)
  if (!hasRoas(credit)) return null
  return (
    <svg class="roas" width={ROAS_WIDTH} height={ROW} aria-hidden="true">
      <line class="axis" x1={x(0)} x2={x(0)} y1="13" y2="33" />
      <line class="axis dashed" x1={x(1)} x2={x(1)} y1="13" y2="33" />
      {credit.roas! > most ? (
        <path class="far" d={`M${ROAS_WIDTH - 14} 19l6 4-6 4`} />
      ) : (
        <>
          {low !== undefined && high !== undefined && <line class="whisker chosen" x1={x(low)} x2={x(high)} y1="23" y2="23" />}
          <circle class="shape main" cx={x(credit.roas!)} cy="23" r="3.500" />
        </>
      )}
    </svg>
  )
}

/** Which key brings most of the new (or returning) customers; two whose intervals meet are named together. */
function customersText(answer: Answer, rows: RowFacts[], chosen: string, customers: 'new' | 'returning'): string | undefined {
  const [best, second] = rows.filter((row) => !APART.includes(row.key)).sort((a, b) => b.main.conversions - a.main.conversions)
  if (!best) return undefined
  const apart = !second || best.main.low === undefined || second.main.high === undefined || best.main.low > second.main.high
  return t(`attribution.finding.${customers}${apart ? '' : '_two'}`, { key: keyName(answer, best.key), share: percent(best.main.conversions / answer.conversions), model: modelName(chosen), ...(apart ? {} : { second: keyName(answer, second.key), other: percent(second.main.conversions / answer.conversions) }) })
}

/** The biggest difference between last touch and the chosen model that both intervals exclude. */
function findingText(answer: Answer, rows: RowFacts[], chosen: string): string {
  const last = rows
    .map((row) => ({ row, last: row.by.find((one) => one.model.model === 'last'), main: row.by.find((one) => one.model.model === chosen) }))
    .filter(({ last, main, row }) => last && main && chosen !== 'last' && !APART.includes(row.key) && main.low !== undefined && main.high !== undefined && (last.amount > main.high || last.amount < main.low))
    .sort((a, b) => Math.abs(b.last!.amount - b.main!.amount) - Math.abs(a.last!.amount - a.main!.amount))
  const over = last.find(({ last, main }) => last!.amount > main!.amount)
  const under = last.find(({ last, main }) => last!.amount < main!.amount)
  const best = rows.find((row) => !APART.includes(row.key))
  if (over && under) return t('attribution.finding.both', { model: modelName(chosen), over: keyName(answer, over.row.key), under: keyName(answer, under.row.key) })
  if (over) return t('attribution.finding.over', { model: modelName(chosen), over: keyName(answer, over.row.key) })
  if (under) return t('attribution.finding.under', { model: modelName(chosen), under: keyName(answer, under.row.key) })
  return best ? t('attribution.finding.most', { key: keyName(answer, best.key), share: percent(best.main.share), model: modelName(chosen) }) : t('attribution.finding.none', { n: count(answer.conversions) })
}

/** The interval of the revenue: its own, else that of the conversions at their mean value. */
function valueSpan(credit: Credit): { low?: number; high?: number } {
  const each = credit.conversions ? credit.value / credit.conversions : 1
  return { low: credit.value_low ?? (credit.low === undefined ? undefined : credit.low * each), high: credit.value_high ?? (credit.high === undefined ? undefined : credit.high * each) }
}

function rowsOf(answer: Answer, chosen: string, byValue: boolean): RowFacts[] {
  const keys = new Map<string, RowFacts>()
  for (const model of answer.models)
    for (const credit of model.credits) {
      const amount = byValue ? credit.value : credit.conversions
      const { low, high } = byValue ? valueSpan(credit) : credit
      const row = keys.get(credit.key) ?? { key: credit.key, by: [], main: credit }
      row.by.push({ model, credit, amount, low: low ?? undefined, high: high ?? undefined })
      if (model.model === chosen) row.main = credit
      keys.set(credit.key, row)
    }
  const size = (row: RowFacts) => (byValue ? row.main.value : row.main.conversions)
  return [...keys.values()].sort((a, b) => Number(APART.includes(a.key)) - Number(APART.includes(b.key)) || size(b) - size(a) || a.key.localeCompare(b.key))
}

function ticks(most: number): number[] {
  const step = [1, 2, 5].map((n) => n * 10 ** Math.floor(Math.log10(most / 3))).reverse().find((n) => most / n >= 3) ?? most
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step)
}

function Table({ answer, rows, chosen, byValue, room }: { answer: Answer; rows: RowFacts[]; chosen: string; byValue: boolean; room: number }) {
  const [limit, setLimit] = useState(30)
  const phone = room > 0 && room < 640
  const width = phone ? Math.max(190, room - 128) : Math.max(300, Math.min(470, room - 800))
  const most = Math.max(1e-9, ...rows.filter((row) => row.key !== '(unidentified)').flatMap((row) => row.by.map((one) => one.high ?? one.amount)))
  const roasSpan = (credit: Credit): { low?: number; high?: number } => {
    const { low, high } = valueSpan(credit)
    return credit.cost && low !== undefined && high !== undefined ? { low: low / credit.cost, high: high / credit.cost } : {}
  }
  const costs = rows.some((row) => row.main.cost)
  const mostRoas = Math.max(4, ...rows.filter((row) => hasRoas(row.main)).map((row) => (row.main.roas! > 20 ? 0 : Math.min(22, roasSpan(row.main).high ?? row.main.roas!)))) * 1.05
  const x = placer(most, width)
  const xRoas = roasPlacer(mostRoas)
  return (
    <>
      <table class="rows attribution">
        <thead>
          <tr>
            <th>{t(answer.key === 'channel' ? 'attribution.channel' : 'attribution.key')}</th>
            <th>
              <svg width={width} height="16" aria-hidden="true">
                {ticks(most).filter((_, i) => !phone || i % 2 === 0).map((tick) => (
                  <text key={tick} class="hint" x={x(tick)} y="12" text-anchor={tick ? 'middle' : 'start'}>
                    {byValue ? money(tick, true) : count(tick)}
                  </text>
                ))}
              </svg>
              <span class="out-of-sight">{t('attribution.picture')}</span>
            </th>
            <th class="number">{t(byValue ? 'attribution.revenue' : 'attribution.conversions')}</th>
            <th class="number">{t('attribution.last_says')}</th>
            <th class="number">{t(byValue ? 'attribution.conversions' : 'attribution.revenue')}</th>
            {costs && (
              <>
                <th class="number">{t('attribution.cost')}</th>
                <th>
                  <svg width={ROAS_WIDTH} height="16" aria-hidden="true">
                    {xRoas(1) - xRoas(0) > 9 && (
                      <text class="hint" x={xRoas(0)} y="12" text-anchor="middle">
                        0
                      </text>
                    )}
                    <text class="hint" x={xRoas(1)} y="12" text-anchor="middle">
                      1
                    </text>
                  </svg>
                  <span class="out-of-sight">{t('attribution.roas_picture')}</span>
                </th>
                <th class="number">{t('attribution.roas')}</th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, limit).map((row) => {
            const main = row.by.find((one) => one.model.model === chosen) ?? row.by[0]
            const last = row.by.find((one) => one.model.model === 'last')
            const same = !last || chosen === 'last' || (main.low !== undefined && main.high !== undefined && last.amount >= main.low && last.amount <= main.high) || !main.amount || APART.includes(row.key)
            const difference = last && main.amount ? last.amount / main.amount - 1 : 0
            return (
              <tr key={row.key}>
                <td class={phone ? 'narrow-key' : ''}>
                  <span class="named">
                    {family(answer, row.key) && <i class="tick" data-family={family(answer, row.key)} />}
                    {keyName(answer, row.key)}
                  </span>
                  {phone && <span class="below">{byValue ? money(main.amount, true) : decimal(main.amount)}</span>}
                  {known(`apart_text.${row.key}`) && <span class="below">{t(`apart_text.${row.key}` as Word)}</span>}
                </td>
                <td>
                  <Plot row={row} chosen={chosen} most={most} width={width} label={row.by.map((one) => `${modelName(one.model.model)} ${byValue ? money(one.amount) : decimal(one.amount)}`).join(', ')} />
                </td>
                <td class="number">
                  <strong>{byValue ? money(main.amount, true) : decimal(main.amount)}</strong>
                  {main.low !== undefined && main.high !== undefined && (
                    <span class="below">
                      {byValue ? moneySpan(main.low, main.high, main.amount) : `${count(main.low)}–${count(main.high)}`}
                    </span>
                  )}
                </td>
                <td class="number">{!last || chosen === 'last' ? '–' : same ? <span class="quiet">{t('attribution.same')}</span> : <strong class={difference > 0 ? 'poor-ink' : 'good-ink'}>{(difference > 0 ? '+' : '') + percent(difference)}</strong>}</td>
                <td class="number">{byValue ? decimal(row.main.conversions) : money(row.main.value, true)}</td>
                {costs && (
                  <>
                    <td class="number">{row.main.cost ? money(row.main.cost, true) : '–'}</td>
                    <td>
                      <RoasDot credit={row.main} {...roasSpan(row.main)} most={mostRoas} />
                    </td>
                    <td class="number">
                      {hasRoas(row.main) ? <strong>{decimal(row.main.roas!)}</strong> : '–'}
                      {hasRoas(row.main) && roasSpan(row.main).low !== undefined && (
                        <span class="below">
                          {decimal(roasSpan(row.main).low!)}–{decimal(roasSpan(row.main).high!)}
                        </span>
                      )}
                    </td>
                  </>
                )}
              </tr>
            )
          })}
        </tbody>
      </table>
      {rows.length > limit && (
        <button type="button" class="button" onClick={() => setLimit(limit * 4)}>
          {t('persons.more')}
        </button>
      )}
    </>
  )
}

const PAIRS = 3

/** Two that convert more, or less, in one path than each apart. */
function Pairs({ answer, more }: { answer: Answer; more: boolean }) {
  const pairs = answer.together.pairs.filter((one) => one.effect !== null && one.effect > 1 === more)
  const shown = pairs.slice(0, PAIRS)
  return (
    <section>
      <h2 class="table-title">{t(more ? 'attribution.together' : 'attribution.apart')}</h2>
      {shown.map((one) => (
        <p key={`${one.a} ${one.b}`}>
          {t('attribution.pair', { a: keyName(answer, one.a), b: keyName(answer, one.b) })} <strong>{t('attribution.times', { n: decimal(one.effect!) })}</strong> <span class="quiet">{`(${decimal(one.low!)}–${decimal(one.high!)})`}</span>
          <span class="below">{t('attribution.pair_paths', { n: count(one.conversions), paths: count(one.paths) })}</span>
        </p>
      ))}
      {!shown.length && <p class="quiet">{t('attribution.no_pair', { n: count(answer.together.compared) })}</p>}
      {shown.length > 0 && <p class="quiet">{t('attribution.pair_counts', { n: count(answer.together.compared) })}</p>}
    </section>
  )
}

/** Which key starts most first conversions; said to be the first only when the intervals tell it from the second. */
function NewCustomers({ fields }: { fields: Fields }) {
  const { data } = useReport<Answer>('attribution', { ...fields, customers: 'new', model: 'first' })
  const credits = data?.models[0]?.credits.filter((one) => !APART.includes(one.key) && one.conversions).sort((a, b) => b.conversions - a.conversions) ?? []
  const [first, second] = credits
  if (!data || !first || first.low === undefined || first.high === undefined) return null
  const share = (n: number) => percent(n / data.conversions).replace(/\s*%$/, '')
  const clearly = !second || (second.high !== undefined && first.low > second.high)
  return (
    <section>
      <h2 class="table-title">{t('attribution.new')}</h2>
      <p>
        {t('attribution.new_begin', { key: keyName(data, first.key) })} <strong>{percent(first.share)}</strong> <span class="quiet">{`(${share(first.low)}–${share(first.high)})`}</span> {t(clearly ? 'attribution.new_clearly' : 'attribution.new_perhaps')}
      </p>
      <p class="quiet">{t('attribution.new_counts', { n: count(data.conversions) })}</p>
    </section>
  )
}

export function View() {
  const [box, room] = useWidth()
  const goals = project.value?.goals ?? []
  const goal = option('goal') ?? goals[0]?.name
  const lookback = option('lookback')
  const key = option('key') ?? 'channel'
  const models = options('model').length ? options('model') : DEFAULT
  const chosen = option('columns') && models.includes(option('columns')!) ? option('columns')! : models.includes('markov') ? 'markov' : models[models.length - 1]
  const byValue = option('show') !== 'conversions'
  const customers = option('customers') ?? 'all'
  const fields = { goal, key, lookback, customers: customers === 'all' ? undefined : customers, model: MODELS.filter((model) => models.includes(model)) }
  const { data, problem, waiting, slow, cancel, again } = useReport<Answer>('attribution', fields)
  const toggle = (model: string) => {
    const next = models.includes(model) ? models.filter((one) => one !== model) : [...models, model]
    if (next.length) setOptions({ model: next, columns: next.includes(chosen) ? chosen : undefined })
  }
  const rows = data ? rowsOf(data, chosen, byValue) : []
  const formats = (['csv', 'json'] as const).map((format) => ({ label: t(`export.${format}`), name: `etappe-attribution.${format}`, href: address('/api/v1/reports/attribution', { ...commonOptions(), ...fields, format }) }))
  return (
    <>
      <Bar
        title={t('nav.attribution')}
        formats={formats}
        left={
          <span class="bar-extra bar-left">
            {goals.length > 0 && <Choice label={t('attribution.goal')} left value={goal ?? ''} choices={goals.map((one) => ({ value: one.name, label: `${t('attribution.goal')}: ${labelOf(goals, one.name)}` }))} onChange={(value) => setOptions({ goal: value })} />}
            <Choice label={t('attribution.lookback')} left value={lookback ?? ''} choices={['', '7d', '30d', '60d', '90d', '180d'].map((value) => ({ value, label: value ? t('attribution.lookback_days', { n: parseInt(value) }) : t('attribution.lookback_project') }))} onChange={(value) => setOptions({ lookback: value || undefined })} />
            <Choice label={t('attribution.customers')} left value={customers} choices={(['all', 'new', 'returning'] as const).map((value) => ({ value: value as string, label: t(`attribution.customers_${value}`) }))} onChange={(value) => setOptions({ customers: value === 'all' ? undefined : value })} />
            <Choice label={t('attribution.key')} left value={key} choices={(['channel', 'campaign', 'touchpoint', 'source', 'medium'] as const).map((value) => ({ value, label: t(`attribution.by_${value}`) }))} onChange={(value) => setOptions({ key: value === 'channel' ? undefined : value })} />
          </span>
        }
      >
        <Segment
          label={t('attribution.show')}
          value={byValue ? 'value' : 'conversions'}
          choices={[
            { value: 'value', label: t('attribution.revenue') },
            { value: 'conversions', label: t('attribution.conversions') },
          ]}
          onChange={(value) => setOptions({ show: value === 'value' ? undefined : value })}
        />
      </Bar>
      <main id="content" class="page" tabindex={-1}>
        {problem && !data ? (
          <Failure problem={problem} again={again} />
        ) : !data ? (
          <Waiting slow={slow} cancel={cancel} />
        ) : !data.conversions ? (
          <State title={t('attribution.empty')} text={t('attribution.empty_text')}>
            <button type="button" class="button primary" onClick={() => setOptions({ from: undefined, to: undefined, where: undefined, among: undefined, persona: undefined })}>
              {t('state.whole_time')}
            </button>
          </State>
        ) : (
          <div class={waiting ? 'stale' : ''}>
            <Lead text={(customers !== 'all' && customersText(data, rows, chosen, customers as 'new')) || findingText(data, rows, chosen)} answer={data} report="attribution" fields={fields} what={t('attribution.counts')}>
              <span>{t('attribution.sum', { value: money(data.value, true), n: count(data.conversions), model: modelName(chosen) })}</span>
            </Lead>
            <div class="chips" role="group" aria-label={t('attribution.models')}>
              <span class="quiet">{t('attribution.models')}</span>
              {MODELS.map((model) => (
                <span key={model} class={`model-chip${models.includes(model) ? '' : ' off'}${model === chosen ? ' chosen' : ''}`}>
                  <button type="button" aria-pressed={models.includes(model)} onClick={() => toggle(model)}>
                    <svg width="14" height="14" aria-hidden="true">
                      <Shape model={model} x={7} y={7} chosen={model === chosen} />
                    </svg>
                    {modelName(model)}
                  </button>
                  {models.includes(model) && model !== chosen && (
                    <button type="button" class="quiet" title={t('attribution.columns', { model: modelName(model) })} aria-label={t('attribution.columns', { model: modelName(model) })} onClick={() => setOptions({ columns: model })}>
                      ●
                    </button>
                  )}
                </span>
              ))}
            </div>
            <div ref={box} class="scroll-x" tabindex={0} role="region" aria-label={t('nav.attribution')}>
              <Table answer={data} rows={rows} chosen={chosen} byValue={byValue} room={room} />
            </div>
            <div class="three">
              <Pairs answer={data} more />
              <Pairs answer={data} more={false} />
              {customers === 'all' && <NewCustomers fields={{ goal, key, lookback }} />}
            </div>
          </div>
        )}
      </main>
    </>
  )
}
