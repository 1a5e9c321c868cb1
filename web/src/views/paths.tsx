// SPDX-License-Identifier: Apache-2.0
// Paths: what people do step by step, as flows; as transitions; as a list. A node's hollow foot are paths that end there.
import { sankey, sankeyLinkHorizontal, type SankeyLink, type SankeyNode } from 'd3-sankey'
import { useState } from 'preact/hooks'
import { Bar } from '../parts/bar'
import { Choice, EmptyPeriod, Failure, Segment, Waiting } from '../parts/basics'
import { ConditionField } from '../parts/condition'
import { Lead } from '../parts/lead'
import { Opens, useListed } from '../parts/persons'
import { useWidth } from '../parts/width'
import { address } from '../state/api'
import { commonOptions, useReport, type Envelope } from '../state/report'
import { option, options, setOptions } from '../state/route'
import { channelFamily, labelOf, channelName, project, touchpointName } from '../state/session'
import { count, duration, inSentence, percent } from '../words/format'
import { t } from '../words/words'
import { stepName } from './funnel'

type Outcome = 'converted' | 'open' | 'left'
interface Answer extends Envelope {
  unit: string
  key: string
  total: number
  variants_total: number
  variants: { path: string[]; count: number; share: number; outcome?: Outcome; goes_on?: boolean }[]
  transitions: { from: string; to: string; count: number; persons: number; median_ms: number | null }[]
}

interface Node {
  id: string
  key: string
  column: number
  n: number
  ends: number
  again: boolean
  hidden?: number
  outcome?: Outcome
  way: string[] // its people, as --who says it; empty: cannot be told
}
interface Link {
  value: number
}
type PlacedNode = SankeyNode<Node, Link>
type PlacedLink = SankeyLink<Node, Link>

const PER_STEP = 7
const OTHERS = '\u0000'

function name(key: string, by: string): string {
  return by === 'channel' ? channelName(key) : by === 'touchpoint' ? touchpointName(key) : key
}
/** The counted unit inside a sentence. */
const unitWord = (unit: string) => inSentence(t(`paths.${unit === 'persons' ? 'people' : unit}` as 'paths.people'))
const familyOf = (key: string) => project.value?.touchpoints.find((one) => one.name === key)?.family ?? channelFamily(key) ?? 'other'
const outcomeName = (outcome: Outcome) => t(`paths.outcome.${outcome}`)

/** The first steps of all paths as columns, the rare ones of a step as one node, and what became of them as the last column. A path
 * that ends within the steps and came to nothing is its node's foot. `backwards`: towards an anchor at the end. */
function graph(answer: Answer, steps: number, backwards: boolean): { nodes: Node[]; links: { source: string; target: string; value: number }[] } {
  const paths = answer.variants.map((one) => ({ ...one, path: backwards ? [...one.path].reverse() : one.path }))
  const sums: Map<string, number>[] = Array.from({ length: steps + 1 }, () => new Map())
  for (const { path, count: n } of paths) path.forEach((key, column) => sums[column].set(key, (sums[column].get(key) ?? 0) + n))
  const kept = sums.map((sum) => new Set([...sum].sort((a, b) => b[1] - a[1]).slice(0, sum.size === PER_STEP + 1 ? PER_STEP + 1 : PER_STEP).map(([key]) => key)))
  const nodes = new Map<string, Node>()
  const links = new Map<string, { source: string; target: string; value: number }>()
  const join = (source: string, target: string, n: number) => {
    const link = links.get(source + target) ?? { source, target, value: 0 }
    link.value += n
    links.set(source + target, link)
  }
  const nodeAt = (path: string[], column: number): Node => {
    const key = kept[column].has(path[column]) ? path[column] : OTHERS
    const again = column > 0 && key !== OTHERS && path[column - 1] === key
    const id = `${column}\u0001${key}\u0001${again}`
    let node = nodes.get(id)
    const way = key === OTHERS ? [] : [...(again ? [`${column}:${key}`] : []), `${column + 1}:${key}`]
    if (!node) nodes.set(id, (node = { id, key, column, n: 0, ends: 0, again, way, hidden: key === OTHERS ? sums[column].size - kept[column].size : undefined }))
    return node
  }
  const outcomeAt = (outcome: Outcome): Node => {
    let node = nodes.get(outcome)
    if (!node) nodes.set(outcome, (node = { id: outcome, key: outcome, column: steps + 1, n: 0, ends: 0, again: false, outcome, way: [`outcome:${outcome}`] }))
    return node
  }
  for (const { path, count: n, goes_on, outcome } of paths) {
    path.forEach((_, column) => {
      const node = nodeAt(path, column)
      node.n += n
      if (column) join(nodeAt(path, column - 1).id, node.id, n)
    })
    const last = nodeAt(path, path.length - 1)
    const gone = !goes_on && (!outcome || outcome === 'left')
    if (gone) last.ends += n
    if (!outcome) continue
    outcomeAt(outcome).n += n
    if (!gone) join(last.id, outcome, n)
  }
  // Where repetitions are shown, who comes from another touchpoint cannot be told from who repeats it.
  for (const node of nodes.values()) if (node.again) nodes.get(`${node.column}\u0001${node.key}\u0001false`)?.way.splice(0)
  return { nodes: [...nodes.values()], links: [...links.values()] }
}

interface Way {
  path: string[]
  n: number
  converted: number
}

/** The ways of the picture, the most frequent first, whatever came of them. */
function waysOf(answer: Answer, backwards: boolean): Way[] {
  const ways = new Map<string, Way>()
  for (const one of answer.variants) {
    const path = backwards ? [...one.path].reverse() : one.path
    const way = ways.get(path.join(OTHERS)) ?? { path, n: 0, converted: 0 }
    way.n += one.count
    if (one.outcome === 'converted') way.converted += one.count
    ways.set(path.join(OTHERS), way)
  }
  return [...ways.values()].sort((a, b) => b.n - a.n)
}

/** The way that most take of those which begin as the sentence says. */
const roadOf = (ways: Way[], begin: string[]): Way | undefined => ways.find((way) => way.path.length > Math.max(1, begin.length - 1) && begin.every((key, i) => way.path[i] === key))

/** As --who says it: these touches in their places, and nothing after them where the path ends before the last step. */
const wayWho = (path: string[], most: number) => [...path.map((key, i) => `${i + 1}:${key}`), ...(path.length < most ? [`ends:${path.length}`] : [])]

type Open = (who: string[]) => (() => void) | undefined

/** How many paths end at a node, or begin there when they are looked at from their end. */
const endsHere = (node: Node, backwards: boolean) => t(backwards ? 'paths.begins_here' : 'paths.ends_here', { n: count(node.ends), share: percent(node.ends / node.n) })

function NodeText({ node, label, wide, share, backwards }: { node: PlacedNode; label: string; wide: boolean; share?: string; backwards: boolean }) {
  const x = node.x0! + 19
  const tall = node.y1! - node.y0! > 24
  return (
    <text class="halo" x={x} y={tall ? node.y0! + 13 : (node.y0! + node.y1!) / 2 + 4}>
      <tspan class="strong">
        {label.length > 22 ? `${label.slice(0, 21)}…` : label}
        {node.again ? ' ↻' : ''}
      </tspan>
      <tspan class={node.way.length ? 'opens' : undefined} dx="6">
        {count(node.n)}
      </tspan>
      {!tall && !share && !backwards && node.ends / node.n > 0.2 && wide && (
        <tspan class="hint" dx="6">
          {t('paths.gone', { share: percent(node.ends / node.n) })}
        </tspan>
      )}
      {(share || (tall && node.ends > 0)) && (
        <tspan class="hint" x={x} dy="15">
          {share ?? endsHere(node, backwards)}
        </tspan>
      )}
    </text>
  )
}

function Flows({ answer, steps, backwards, road, open }: { answer: Answer; steps: number; backwards: boolean; road?: Way; open: Open }) {
  const [box, width] = useWidth()
  const [lit, setLit] = useState<string>()
  const outcomes = answer.variants.some((one) => one.outcome)
  const columns = steps + 1 + Number(outcomes)
  const wide = Math.max(width, columns * 190)
  const height = 486
  const { nodes, links } = graph(answer, steps, backwards)
  const x = (column: number) => (column / (columns - 0.42)) * wide
  const rank = (node: Node) => (node.outcome ? ['converted', 'open', 'left'].indexOf(node.outcome) - 9 : node.hidden ? 1 : -node.n / answer.total)
  const made = sankey<Node, Link>()
    .nodeId((node) => node.id)
    .nodeAlign((node) => (node as unknown as Node).column)
    .nodeSort((a, b) => rank(a) - rank(b))
    .nodeWidth(12)
    .nodePadding(26)
    .iterations(12)
    .extent([
      [0, 40],
      [wide, height],
    ])
  const flow = width && nodes.length && links.length ? made({ nodes: nodes.map((node) => ({ ...node, fixedValue: node.n })), links: links.map((link) => ({ ...link })) }) : undefined
  for (const node of flow?.nodes ?? []) {
    node.x0 = x(node.column)
    node.x1 = node.x0 + 12
  }
  if (flow) made.update(flow)
  const total = (column: number) => nodes.filter((node) => node.column === column).reduce((n, node) => n + node.n, 0)
  const roadIds = new Set(road?.path.slice(1).map((key, i) => `${i}\u0001${road.path[i]}\u0001${i > 0 && road.path[i - 1] === road.path[i]}>${i + 1}\u0001${key}\u0001${road.path[i] === key}`))
  const onRoad = (link: PlacedLink) => roadIds.has(`${(link.source as PlacedNode).id}>${(link.target as PlacedNode).id}`)
  const shape = sankeyLinkHorizontal<Node, Link>()
  const label = (node: Node) => (node.outcome ? outcomeName(node.outcome) : node.hidden ? t('paths.others', { n: count(node.hidden) }) : name(node.key, answer.key))
  const people = unitWord(answer.unit)
  const anchor = option(backwards ? 'before' : 'after')
  const heading = (column: number) => (column > steps ? t('paths.outcome') : column ? t('paths.step_n', { n: backwards ? `−${column}` : column }) : anchor ? stepName(anchor).slice(0, 26) : t('paths.start'))
  return (
    <div ref={box} class="scroll-x" tabindex={0} role="region" aria-label={t('paths.steps')}>
      <svg class="flows" width={wide} height={height + 20} role="group" aria-label={t('nav.paths')}>
        {Array.from({ length: columns }, (_, column) => (
          <g key={column}>
            <text class="strong" x={x(column)} y="12">
              {heading(column)}
            </text>
            <text class="hint" x={x(column)} y="27">
              {count(total(column))} {people}
            </text>
          </g>
        ))}
        {[...(flow?.links ?? [])]
          .sort((a, b) => Number(onRoad(a)) - Number(onRoad(b)))
          .map((link) => {
            const source = link.source as PlacedNode
            const target = link.target as PlacedNode
            const touched = lit === source.id || lit === target.id
            return <path key={`${source.id}${target.id}`} class={`flow${onRoad(link) ? ' road-flow' : ''}${touched ? ' lit' : ''}`} d={shape(link) ?? ''} stroke-width={Math.max(1, link.width ?? 1)} />
          })}
        {flow?.nodes.map((node) => {
          const h = node.y1! - node.y0!
          const foot = node.n ? (node.ends / node.n) * h : 0
          const click = node.way.length ? open(node.way) : undefined
          const said = `${label(node)}: ${count(node.n)}${node.outcome ? '' : `, ${endsHere(node, backwards)}`}`
          return (
            <g key={node.id} class={click ? 'node opens' : 'node'} role={click ? 'button' : undefined} tabindex={click ? 0 : undefined} aria-label={click ? said : undefined} onClick={click} onKeyDown={(event) => event.key === 'Enter' && click?.()} onPointerEnter={() => setLit(node.id)} onPointerLeave={() => setLit(undefined)} onFocus={() => setLit(node.id)} onBlur={() => setLit(undefined)}>
              <title>{said}</title>
              {node.outcome ? (
                <rect class={`outcome ${node.outcome}`} x={node.x0! + 0.5} y={node.y0! + 0.5} width="11" height={Math.max(1, h - 1)} />
              ) : (
                <>
                  <rect class={`family f-${familyOf(node.key)}`} x={node.x0} y={node.y0} width="12" height={Math.max(1, h - foot)} />
                  {foot > 1 && <rect class={`foot f-${familyOf(node.key)}`} x={node.x0! + 0.5} y={node.y1! - foot + 0.5} width="11" height={foot - 1} />}
                </>
              )}
              <NodeText node={node} backwards={backwards} label={label(node)} wide={x(1) > 220} share={node.outcome ? t('paths.of_all', { share: percent(node.n / answer.total), n: count(answer.total) }) : undefined} />
            </g>
          )
        })}
      </svg>
    </div>
  )
}

export function PathStrip({ path, by }: { path: string[]; by: string }) {
  return (
    <span class="path">
      {path.slice(0, 8).map((key, i) => (
        <span key={i}>
          {i > 0 && <span class="quiet"> › </span>}
          <i class="tick" data-family={familyOf(key)} />
          {name(key, by)}
        </span>
      ))}
      {path.length > 8 && <span class="quiet"> … +{path.length - 8}</span>}
    </span>
  )
}

/** Beyond chance above or below the share of all: the colour of what comes of a way. */
function tone(way: Way, share: number): string {
  const p = way.converted / way.n
  const half = 1.96 * Math.sqrt((share * (1 - share)) / way.n)
  return way.n < 20 || Math.abs(p - share) <= half ? '' : p > share ? 'good-ink' : 'poor-ink'
}

function WayTable({ answer, ways, road, outcomes, most, open }: { answer: Answer; ways: Way[]; road?: Way; outcomes: boolean; most: number; open: Open }) {
  const all = ways.reduce((n, way) => n + way.converted, 0) / Math.max(1, answer.total)
  return (
    <table class="rows ways-list">
      <thead>
        <tr>
          <th>{t('nav.paths')}</th>
          <th class="number">{t(`paths.${answer.unit === 'persons' ? 'people' : answer.unit}` as 'paths.people')}</th>
          <th class="number">{t(outcomes ? 'paths.outcome.converted' : 'paths.share')}</th>
        </tr>
      </thead>
      <tbody>
        {ways.map((way) => (
          <tr key={way.path.join(OTHERS)} class={way === road ? 'on-road' : undefined}>
            <td>
              <PathStrip path={way.path} by={answer.key} />
            </td>
            <td class="number">
              <Opens n={way.n} onOpen={way.path.length <= 12 ? open(wayWho(way.path, most)) : undefined} />
            </td>
            <td class="number">{outcomes ? <span class={tone(way, all)}>{percent(way.converted / way.n)}</span> : <span class="quiet">{percent(way.n / answer.total, 1)}</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Variants({ answer, ways, limit, road, most, open }: { answer: Answer; ways: Way[]; limit: number; road?: Way; most: number; open: Open }) {
  const outcomes = answer.variants.some((one) => one.outcome)
  const shown = ways.slice(0, limit)
  const two = limit <= 12 && shown.length > 3
  const first = two ? Math.ceil(shown.length / 2) : shown.length
  const table = (some: Way[]) => <WayTable answer={answer} ways={some} road={road} outcomes={outcomes} most={most} open={open} />
  return (
    <section>
      <h2 class="table-title">{t('paths.most')}</h2>
      {two ? (
        <div class="two close">
          {table(shown.slice(0, first))}
          {table(shown.slice(first))}
        </div>
      ) : (
        table(shown)
      )}
    </section>
  )
}

function Transitions({ answer }: { answer: Answer }) {
  return (
    <table class="rows">
      <thead>
        <tr>
          <th>{t('paths.from')}</th>
          <th>{t('paths.to')}</th>
          <th class="number">{t('paths.times')}</th>
          <th class="number">{t('paths.people')}</th>
          <th class="number">{t('paths.median')}</th>
        </tr>
      </thead>
      <tbody>
        {answer.transitions.slice(0, 200).map((one) => (
          <tr key={`${one.from}\u0000${one.to}`}>
            <td>
              <i class="tick" data-family={familyOf(one.from)} />
              {name(one.from, answer.key)}
            </td>
            <td>
              <i class="tick" data-family={familyOf(one.to)} />
              {name(one.to, answer.key)}
            </td>
            <td class="number">{count(one.count)}</td>
            <td class="number">{count(one.persons)}</td>
            <td class="number">{duration(one.median_ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** What the page says first, and how the way begins that it says it of. */
function findingOf(answer: Answer, anchor: string | undefined, backwards: boolean): { text: string; begin: string[] } {
  if (!answer.total || !answer.variants.length) return { text: t('paths.lead_empty'), begin: [] }
  const next = new Map<string, { n: number; begin: string[] }>()
  let ends = 0
  let sum = 0
  for (const { path, count: n } of answer.variants) {
    const ordered = backwards ? [...path].reverse() : path
    const key = anchor ? ordered[1] : ordered[0]
    sum += n
    if (key === undefined) ends += n
    else next.set(key, { n: (next.get(key)?.n ?? 0) + n, begin: ordered.slice(0, anchor ? 2 : 1) })
  }
  const [key, { n, begin }] = [...next].sort((a, b) => b[1].n - a[1].n)[0] ?? ['', { n: 0, begin: [] }]
  if (!anchor) return { text: t('paths.lead_all', { first: name(key, answer.key), share: percent(n / sum) }), begin }
  if (ends > n) return { text: t('paths.lead_end', { anchor: stepName(anchor), share: percent(ends / sum) }), begin }
  return { text: t(backwards ? 'paths.lead_before' : 'paths.lead_after', { anchor: stepName(anchor), next: name(key, answer.key), share: percent(n / sum) }), begin }
}

/** Where paths can begin or end: the goals and the touchpoints, service first, for that is what is asked most. */
function Anchors({ after, before }: { after?: string; before?: string }) {
  const goals = project.value?.goals.filter((goal) => goal.when) ?? []
  const points = [...(project.value?.touchpoints ?? [])].sort((a, b) => Number(b.family === 'service') - Number(a.family === 'service'))
  const at = (name: string) => `touchpoint = ${JSON.stringify(name)}`
  const choices = [
    { value: '', label: t('paths.from_start') },
    ...goals.flatMap((goal) => [
      { value: `before ${goal.when}`, label: t('paths.before_x', { x: labelOf(goals, goal.name) }) },
      { value: `after ${goal.when}`, label: t('paths.after_x', { x: labelOf(goals, goal.name) }) },
    ]),
    ...points.map((one) => ({ value: `after ${at(one.name)}`, label: t('paths.after_x', { x: touchpointName(one.name) }) })),
  ]
  const value = after ? `after ${after}` : before ? `before ${before}` : ''
  const known = choices.some((one) => one.value === value)
  return (
    <span class="bar-ways">
      <Choice
        label={t('paths.anchor')}
        left
        value={value}
        choices={known ? choices : [{ value, label: t(after ? 'paths.after_x' : 'paths.before_x', { x: stepName(after ?? before ?? '').slice(0, 30) }) }, ...choices]}
        onChange={(next) => setOptions({ after: next.startsWith('after ') ? next.slice(6) : undefined, before: next.startsWith('before ') ? next.slice(7) : undefined, who: undefined })}
      />
    </span>
  )
}

/** `--who 1:Search --who outcome:left` in words. */
function whoTitle(who: string[], by: string, backwards: boolean): string {
  return who
    .map((one) => {
      const head = one.slice(0, one.indexOf(':'))
      const rest = one.slice(one.indexOf(':') + 1)
      if (head === 'outcome') return outcomeName(rest as Outcome)
      if (head === 'ends') return t('paths.nothing_after')
      return who.length > 1 ? name(rest, by) : `${Number(head) > 1 ? t('paths.step_n', { n: `${backwards ? '−' : ''}${Number(head) - 1}` }) : t('paths.start')}: ${name(rest, by)}`
    })
    .join(' › ')
}

export function View() {
  const backwards = !!option('before')
  const anchor = option('after') ?? option('before')
  const key = option('key') ?? 'touchpoint'
  const unit = option('unit') ?? 'persons'
  const repeats = option('repeats') === 'yes'
  const steps = Number(option('steps') ?? 3)
  const view = option('view') ?? 'steps'
  const fields = { key, unit: unit === 'persons' ? undefined : unit, collapse: !repeats, after: option('after'), before: option('before'), limit: view === 'steps' ? 50_000 : 5000, steps: view === 'steps' ? steps + 1 : undefined, outcomes: view !== 'transitions' && !backwards && unit !== 'visits', 'no-times': view === 'transitions' ? undefined : true }
  const { data, problem, waiting, slow, cancel, again } = useReport<Answer>('paths', fields)
  const formats = (['csv', 'json'] as const).map((format) => ({ label: t(`export.${format}`), name: `etappe-paths.${format}`, href: address('/api/v1/reports/paths', { ...commonOptions(), ...fields, format }) }))
  const { open, drawer } = useListed('paths', () => ({ title: whoTitle(options('who'), key, backwards), fields: { ...fields, limit: undefined } }))
  const ways = data ? waysOf(data, backwards) : []
  const finding = data && findingOf(data, anchor, backwards)
  const road = finding && roadOf(ways, finding.begin)
  const most = view === 'steps' ? steps + 1 : Infinity
  const unitName = unitWord(unit)
  return (
    <>
      <Bar title={t('nav.paths')} formats={formats} left={<Anchors after={option('after')} before={option('before')} />}>
        <Segment label={t('nav.paths')} value={view} choices={(['steps', 'transitions', 'list'] as const).map((value) => ({ value: value as string, label: t(`paths.${value}`) }))} onChange={(value) => setOptions({ view: value === 'steps' ? undefined : value })} />
      </Bar>
      <main id="content" class="page" tabindex={-1}>
        {data && data.total > 0 && (
          <Lead text={finding!.text} answer={data} report="paths" fields={fields} what={t('paths.counts')}>
            <span>{view === 'steps' && fields.outcomes ? t('paths.sub_steps', { n: count(data.total), unit: unitName, steps }) : t(backwards ? 'paths.sub_before' : 'paths.sub', { n: count(data.total), unit: unitName })}</span>
          </Lead>
        )}
        <div class="chips">
          <div class="anchor">
            <ConditionField label={t('paths.anchor')} hint={t('paths.anchor_hint')} scope="event" value={anchor ?? ''} onChange={(text) => setOptions(backwards ? { before: text || undefined } : { after: text || undefined })} />
          </div>
          {anchor && (
            <Segment
              label={t('paths.anchor')}
              value={backwards ? 'before' : 'after'}
              choices={[
                { value: 'after', label: t('paths.after') },
                { value: 'before', label: t('paths.before') },
              ]}
              onChange={(value) => setOptions(value === 'after' ? { after: anchor, before: undefined } : { before: anchor, after: undefined })}
            />
          )}
          <Segment label={t('attribution.key')} value={key} choices={(['touchpoint', 'channel', 'event'] as const).map((value) => ({ value: value as string, label: t(`paths.${value}`) }))} onChange={(value) => setOptions({ key: value === 'touchpoint' ? undefined : value })} />
          <Choice label={t('paths.unit')} left value={unit} choices={(['persons', 'journeys', 'visits'] as const).map((value) => ({ value: value as string, label: t(`paths.${value === 'persons' ? 'people' : value}` as 'paths.people') }))} onChange={(value) => setOptions({ unit: value === 'persons' ? undefined : value })} />
          {view === 'steps' && <Choice label={t('paths.steps')} left value={String(steps)} choices={[2, 3, 4, 5, 6].map((n) => ({ value: String(n), label: t('paths.n_steps', { n }) }))} onChange={(value) => setOptions({ steps: value })} />}
          <label class="check">
            <input type="checkbox" checked={repeats} onChange={(event) => setOptions({ repeats: event.currentTarget.checked ? 'yes' : undefined })} /> {t('paths.repeats')}
          </label>
        </div>
        {problem && !data ? (
          <Failure problem={problem} again={again} />
        ) : !data ? (
          <Waiting slow={slow} cancel={cancel} />
        ) : !data.total ? (
          <EmptyPeriod />
        ) : (
          <div class={waiting ? 'stale' : ''}>
            {view === 'steps' && <Flows answer={data} steps={steps} backwards={backwards} road={road} open={open} />}
            {view === 'transitions' ? <Transitions answer={data} /> : <Variants answer={data} ways={ways} limit={view === 'list' ? 500 : 10} road={road} most={most} open={open} />}
          </div>
        )}
      </main>
      {drawer}
    </>
  )
}
