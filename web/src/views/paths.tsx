// SPDX-License-Identifier: Apache-2.0
// Paths: what people do step by step, as flows; as transitions; as a list. A node's hollow foot are paths that end there.
import { sankey, sankeyJustify, sankeyLinkHorizontal, type SankeyLink, type SankeyNode } from 'd3-sankey'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Bar } from '../parts/bar'
import { Choice, EmptyPeriod, Failure, Segment, Waiting } from '../parts/basics'
import { ConditionField } from '../parts/condition'
import { Lead } from '../parts/lead'
import { address } from '../state/api'
import { commonOptions, useReport, type Envelope } from '../state/report'
import { option, setOptions } from '../state/route'
import { channelName, project, touchpointName } from '../state/session'
import { count, duration, inSentence, percent } from '../words/format'
import { t } from '../words/words'
import { stepName } from './funnel'

interface Answer extends Envelope {
  unit: string
  key: string
  total: number
  variants_total: number
  variants: { path: string[]; count: number; share: number }[]
  transitions: { from: string; to: string; count: number; persons: number; median_ms: number | null }[]
}

interface Node {
  id: string
  key: string
  depth: number
  n: number
  ends: number
  again: boolean
  hidden?: number
}
interface Link {
  value: number
}
type PlacedNode = SankeyNode<Node, Link>
type PlacedLink = SankeyLink<Node, Link>

const PER_STEP = 8

function name(key: string, by: string): string {
  return by === 'channel' ? channelName(key) : by === 'touchpoint' ? touchpointName(key) : key
}
const familyOf = (key: string) => project.value?.touchpoints.find((one) => one.name === key)?.family ?? 'other'

/** The first steps of all paths as a layered graph; what is rare in a step is one node. `backwards`: towards an anchor at the end. */
function graph(answer: Answer, steps: number, backwards: boolean): { nodes: Node[]; links: { source: string; target: string; value: number }[] } {
  const paths = answer.variants.map(({ path, count: n }) => ({ path: (backwards ? [...path].reverse() : path).slice(0, steps + 1), ends: path.length <= steps + 1 && path.length > 0, n, whole: path.length }))
  const sums: Map<string, number>[] = Array.from({ length: steps + 1 }, () => new Map())
  for (const { path, n } of paths) path.forEach((key, depth) => sums[depth].set(key, (sums[depth].get(key) ?? 0) + n))
  const kept = sums.map((sum) => new Set([...sum].sort((a, b) => b[1] - a[1]).slice(0, PER_STEP).map(([key]) => key)))
  const nodes = new Map<string, Node>()
  const links = new Map<string, { source: string; target: string; value: number }>()
  const nodeAt = (path: string[], depth: number): Node => {
    const key = kept[depth].has(path[depth]) ? path[depth] : '\u0000'
    const again = depth > 0 && key !== '\u0000' && path[depth - 1] === key
    const id = `${depth}\u0001${key}\u0001${again}`
    let node = nodes.get(id)
    if (!node) nodes.set(id, (node = { id, key, depth, n: 0, ends: 0, again, hidden: key === '\u0000' ? sums[depth].size - kept[depth].size : undefined }))
    return node
  }
  for (const { path, n, whole } of paths)
    path.forEach((_, depth) => {
      const node = nodeAt(path, depth)
      node.n += n
      if (depth === whole - 1) node.ends += n
      if (!depth) return
      const before = nodeAt(path, depth - 1)
      const id = before.id + node.id
      const link = links.get(id) ?? { source: before.id, target: node.id, value: 0 }
      link.value += n
      links.set(id, link)
    })
  return { nodes: [...nodes.values()], links: [...links.values()] }
}

function Flows({ answer, steps, backwards }: { answer: Answer; steps: number; backwards: boolean }) {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const [lit, setLit] = useState<string>()
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width))
    watch.observe(box.current!)
    return () => watch.disconnect()
  }, [])
  const wide = Math.max(width, (steps + 1) * 170)
  const height = 470
  const { nodes, links } = graph(answer, steps, backwards)
  const column = (depth: number) => (depth / (steps + 0.62)) * wide
  const made = sankey<Node, Link>()
    .nodeId((node) => node.id)
    .nodeAlign(sankeyJustify)
    .nodeWidth(12)
    .nodePadding(26)
    .iterations(24)
    .extent([
      [0, 34],
      [wide, height],
    ])
  const flow = width && nodes.length && links.length ? made({ nodes: nodes.map((node) => ({ ...node, fixedValue: node.n })), links: links.map((link) => ({ ...link })) }) : undefined
  for (const node of flow?.nodes ?? []) {
    node.x0 = column(node.depth)
    node.x1 = node.x0 + 12
  }
  if (flow) made.update(flow)
  const total = (depth: number) => nodes.filter((node) => node.depth === depth).reduce((n, node) => n + node.n, 0)
  const best = flow?.links.reduce<PlacedLink | undefined>((most, link) => (!most || link.value > most.value ? link : most), undefined)
  const road = new Set<PlacedLink>()
  for (let at = flow?.nodes.filter((node) => node.depth === 0).sort((a, b) => b.n - a.n)[0]; at; ) {
    const next = (at.sourceLinks as PlacedLink[] | undefined)?.sort((a, b) => b.value - a.value)[0]
    if (!next) break
    road.add(next)
    at = next.target as PlacedNode
  }
  const shape = sankeyLinkHorizontal<Node, Link>()
  const label = (node: Node) => (node.hidden ? t('paths.others', { n: count(node.hidden) }) : name(node.key, answer.key))
  return (
    <div ref={box} class="scroll-x" tabIndex={0} role="region" aria-label={t('paths.steps')}>
      <svg class="flows" width={wide} height={height + 26} role="img" aria-label={t('nav.paths')}>
        {Array.from({ length: steps + 1 }, (_, depth) => (
          <g key={depth}>
            <text class="strong" x={column(depth)} y="12">
              {depth ? t('paths.step_n', { n: backwards ? -depth : depth }) : option(backwards ? 'before' : 'after') ? stepName(option(backwards ? 'before' : 'after')!).slice(0, 22) : t('paths.start')}
            </text>
            <text class="hint" x={column(depth)} y="27">
              {count(total(depth))} {inSentence(t(`paths.${answer.unit === 'persons' ? 'people' : answer.unit}` as 'paths.people'))}
            </text>
          </g>
        ))}
        {flow?.links.map((link) => {
          const source = link.source as PlacedNode
          const target = link.target as PlacedNode
          const touched = lit === source.id || lit === target.id
          return <path key={`${source.id}${target.id}`} class={`flow${road.has(link) && best ? ' road-flow' : ''}${touched ? ' lit' : ''}`} d={shape(link) ?? ''} stroke-width={Math.max(1, link.width ?? 1)} />
        })}
        {flow?.nodes.map((node) => {
          const h = node.y1! - node.y0!
          const foot = node.n ? (node.ends / node.n) * h : 0
          const tall = h > 24
          return (
            <g key={node.id} class="node" onPointerEnter={() => setLit(node.id)} onPointerLeave={() => setLit(undefined)}>
              <title>{`${label(node)}: ${count(node.n)}, ${t('paths.ends_here', { n: count(node.ends), share: percent(node.ends / node.n) })}`}</title>
              <rect class={`family f-${familyOf(node.key)}`} x={node.x0} y={node.y0} width="12" height={Math.max(1, h - foot)} />
              {foot > 1 && <rect class={`foot f-${familyOf(node.key)}`} x={node.x0! + 0.5} y={node.y1! - foot + 0.5} width="11" height={foot - 1} />}
              <text class="halo" x={node.x0! + 19} y={tall ? node.y0! + 13 : (node.y0! + node.y1!) / 2 + 4}>
                <tspan class="strong">
                  {label(node).length > 22 ? `${label(node).slice(0, 21)}…` : label(node)}
                  {node.again ? ' ↻' : ''}
                </tspan>
                <tspan dx="6">{count(node.n)}</tspan>
                {!tall && node.ends / node.n > 0.2 && <tspan class="hint" dx="6">{percent(node.ends / node.n)}</tspan>}
                {tall && node.ends > 0 && (
                  <tspan class="hint" x={node.x0! + 19} dy="15">
                    {t('paths.ends_here', { n: count(node.ends), share: percent(node.ends / node.n) })}
                  </tspan>
                )}
              </text>
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

function Variants({ answer, limit }: { answer: Answer; limit: number }) {
  return (
    <section>
      <h2 class="table-title">{t('paths.most')}</h2>
      <table class="rows">
        <thead>
          <tr>
            <th>{t('nav.paths')}</th>
            <th class="number">{t(`paths.${answer.unit === 'persons' ? 'people' : answer.unit}` as 'paths.people')}</th>
            <th class="number">{t('paths.share')}</th>
          </tr>
        </thead>
        <tbody>
          {answer.variants.slice(0, limit).map((variant) => (
            <tr key={variant.path.join('\u0000')}>
              <td>
                <PathStrip path={variant.path} by={answer.key} />
              </td>
              <td class="number">{count(variant.count)}</td>
              <td class="number quiet">{percent(variant.share, 1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
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

function findingText(answer: Answer, anchor: string | undefined, backwards: boolean): string {
  if (!answer.total || !answer.variants.length) return t('paths.lead_empty')
  const next = new Map<string, number>()
  let ends = 0
  let sum = 0
  for (const { path, count: n } of answer.variants) {
    const ordered = backwards ? [...path].reverse() : path
    const key = anchor ? ordered[1] : ordered[0]
    sum += n
    if (key === undefined) ends += n
    else next.set(key, (next.get(key) ?? 0) + n)
  }
  const [key, n] = [...next].sort((a, b) => b[1] - a[1])[0] ?? ['', 0]
  if (!anchor) return t('paths.lead_all', { first: name(key, answer.key), share: percent(n / sum) })
  if (ends > n) return t('paths.lead_end', { anchor: stepName(anchor), share: percent(ends / sum) })
  return t(backwards ? 'paths.lead_before' : 'paths.lead_after', { anchor: stepName(anchor), next: name(key, answer.key), share: percent(n / sum) })
}

export function View() {
  const backwards = !!option('before')
  const anchor = option('after') ?? option('before')
  const key = option('key') ?? 'touchpoint'
  const unit = option('unit') ?? 'persons'
  const repeats = option('repeats') === 'yes'
  const steps = Number(option('steps') ?? 3)
  const view = option('view') ?? 'steps'
  const fields = { key, unit: unit === 'persons' ? undefined : unit, collapse: !repeats, after: option('after'), before: option('before'), limit: 5000, 'no-times': view === 'transitions' ? undefined : true }
  const { data, problem, waiting, slow, cancel, again } = useReport<Answer>('paths', fields)
  const formats = (['csv', 'json'] as const).map((format) => ({ label: t(`export.${format}`), name: `etappe-paths.${format}`, href: address('/api/v1/reports/paths', { ...commonOptions(), ...fields, format }) }))
  const unitName = t(`paths.${unit === 'persons' ? 'people' : unit}` as 'paths.people')
  return (
    <>
      <Bar title={t('nav.paths')} formats={formats}>
        <Segment label={t('nav.paths')} value={view} choices={(['steps', 'transitions', 'list'] as const).map((value) => ({ value: value as string, label: t(`paths.${value}`) }))} onChange={(value) => setOptions({ view: value === 'steps' ? undefined : value })} />
      </Bar>
      <main id="content" class="page" tabIndex={-1}>
        {data && data.total > 0 && (
          <Lead text={findingText(data, anchor, backwards)} answer={data} report="paths" fields={fields} what={t('paths.counts')}>
            <span>{t('paths.sub', { n: count(data.total), unit: inSentence(unitName), variants: count(data.variants_total) })}</span>
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
            {view === 'steps' && <Flows answer={data} steps={steps} backwards={backwards} />}
            {view === 'transitions' ? <Transitions answer={data} /> : <Variants answer={data} limit={view === 'list' ? 500 : 10} />}
          </div>
        )}
      </main>
    </>
  )
}
