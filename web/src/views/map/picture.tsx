// SPDX-License-Identifier: Apache-2.0
// The map as one picture: a grid to the keyboard and to a screen reader, one tab stop, the nearest cell takes the click.
import { useEffect, useRef, useState } from 'preact/hooks'
import { count, money, percent } from '../../words/format'
import { known, t, type Word } from '../../words/words'
import { Band, Heads } from './band'
import { certain, experienceClass, type MapAnswer } from './data'
import { cellKey, VALUE, type Layout, type PlacedCell, type Row } from './layout'

export const familyName = (family: string) => (known(`family.${family}`) ? t(`family.${family}` as Word) : family || t('family.other'))
export const rowName = (row: Row) => row.touchpoint.label

export function cellText(placed: PlacedCell, stage: string): string {
  const { cell, row } = placed
  const experience = cell.score && cell.score.n > 1 ? t('map.cell_score', { score: count(cell.score.value) }) : t('map.cell_unrated')
  return t('map.cell', { touchpoint: rowName(row), stage, persons: count(cell.persons), share: percent(cell.share), left: percent(cell.left / cell.persons), experience })
}

function Bar({ placed, layout }: { placed: PlacedCell; layout: Layout }) {
  const { cell, row, x, bar, left } = placed
  const h = layout.barHeight
  const y = row.y + (row.height - h) / 2
  const tone = experienceClass(cell.score)
  const roomy = row.height >= 40
  const mark = certain(cell.score, 'poor') ? 'poor' : certain(cell.score, 'good') ? 'good' : undefined
  const solid = bar - left
  return (
    <>
      <rect class={`solid ${tone}`} x={x} y={y} width={Math.max(0, solid)} height={h} />
      {left > 0.4 && <rect class={`hollow ${tone}`} x={x + solid + 0.5} y={y + 0.5} width={Math.max(0.5, left - 1)} height={h - 1} />}
      <text class="digits" x={x + bar + 7} y={row.y + row.height / 2 + (roomy ? -1 : 4)}>
        {count(cell.persons)}
        {mark && cell.score && (
          <tspan class={`${mark}-ink strong`} dx="6">
            {mark === 'poor' ? '▾' : '▴'} {count(cell.score.value)}
          </tspan>
        )}
      </text>
      {roomy && (
        <text class="hint" x={x + bar + 7} y={row.y + row.height / 2 + 13}>
          {percent(cell.share)} · {count(cell.left)} {t('map.went')}
        </text>
      )}
      {row.height >= 84 && cell.score && cell.score.n > 1 && (
        <text class="hint" x={x + bar + 7} y={row.y + row.height / 2 + 27}>
          {t('map.cell_score', { score: count(cell.score.value) })} · {money(cell.value, true)}
        </text>
      )}
    </>
  )
}

function Labels({ layout, onFold }: { layout: Layout; onFold: () => void }) {
  return (
    <g>
      {layout.families.map((family) => (
        <g key={family.family}>
          <rect class={`family f-${family.family}`} x="0" y={family.y + 1} width="3" height={family.height - 2} rx="1" />
          <text class="family-name" x="11" y={family.y + Math.min(family.height, layout.rows[0].height) / 2 + 4}>
            {familyName(family.family)}
          </text>
        </g>
      ))}
      {layout.rows.map((row) =>
        row.folded ? (
          <text key={row.touchpoint.touchpoint} class="row-name more" x="106" y={row.y + row.height / 2 + 4} role="button" tabindex={0} onClick={onFold} onKeyDown={(event) => event.key === 'Enter' && onFold()}>
            {rowName(row)}
          </text>
        ) : (
          <text key={row.touchpoint.touchpoint} class="row-name" x="106" y={row.y + row.height / 2 + 4}>
            <title>{rowName(row)}</title>
            {rowName(row).length > 19 ? `${rowName(row).slice(0, 18)}…` : rowName(row)}
          </text>
        ),
      )}
    </g>
  )
}

function Credits({ layout }: { layout: Layout }) {
  const x = layout.width - VALUE + 34
  const scale = (value: number) => (value / layout.maxCredit) * 40
  return (
    <g class="credits">
      <line class="axis" x1={x} x2={x} y1={layout.rowsTop - 4} y2={layout.rowsEnd - 4} />
      {layout.rows.map((row) => {
        const { touchpoint, credit, credit_low, credit_high } = row.touchpoint
        const y = row.y + row.height / 2
        return (
          <g key={touchpoint}>
            {credit !== null && credit > 0 && <rect class="credit" x={x} y={y - 3.5} width={Math.max(1, scale(credit))} height="7" />}
            {credit !== null && credit > 0 && credit_low !== null && credit_high !== null && <line class="interval" x1={x + scale(credit_low)} x2={x + scale(credit_high)} y1={y} y2={y} />}
            <text class="digits" x={layout.width} y={y + 4} text-anchor="end">
              {credit ? money(credit, true) : '–'}
            </text>
          </g>
        )
      })}
    </g>
  )
}

function Legend({ layout }: { layout: Layout }) {
  const y = layout.height - 10
  return (
    <g class="legend" aria-hidden="true">
      <rect class="solid e3" x="0" y={y - 9} width="30" height="10" />
      <rect class="hollow e3" x="30.500" y={y - 8.500} width="16" height="9" />
      <text x="54" y={y}>
        {t('map.key_share')}
      </text>
      {(['e1', 'e2', 'e3', 'e4', 'e5'] as const).map((tone, i) => (
        <rect key={tone} class={`solid ${tone}`} x={372 + i * 18} y={y - 9} width="18" height="10" />
      ))}
      <text x="470" y={y}>
        {t('map.key_experience')}
      </text>
      <rect class="solid none" x="640" y={y - 9} width="16" height="10" />
      <text x="662" y={y}>
        {t('map.key_unrated')}
      </text>
      <path class="strand" d={`M770 ${y - 1}c10 0 18 -5 28 -5`} stroke-width="4" />
      <text x="806" y={y}>
        {t('map.key_strands', { share: percent(layout.strandShare) })}
      </text>
      <path class="road-edge" d={`M1000 ${y - 1}c10 0 18 -5 28 -5`} />
      <path class="road" d={`M1000 ${y - 1}c10 0 18 -5 28 -5`} />
      <text x="1036" y={y}>
        {t('map.key_road')}
      </text>
    </g>
  )
}

export interface PictureProps {
  answer: MapAnswer
  layout: Layout
  selected?: string
  onSelect: (placed: PlacedCell) => void
  onPersons: (placed: PlacedCell) => void
  onFold: () => void
}

export function Picture({ answer, layout, selected, onSelect, onPersons, onFold }: PictureProps) {
  const [hover, setHover] = useState<string>()
  const svg = useRef<SVGSVGElement>(null)
  const [focus, setFocus] = useState(selected ?? (layout.cells[0] && cellKey(layout.cells[0].cell)))
  const lit = hover ?? selected
  const key = (placed: PlacedCell) => cellKey(placed.cell)
  const stageName = (i: number) => layout.columns[i].stage.label
  const nearest = (event: MouseEvent): PlacedCell | undefined => {
    const box = svg.current!.getBoundingClientRect()
    const x = ((event.clientX - box.left) / box.width) * layout.width
    const y = ((event.clientY - box.top) / box.height) * layout.height
    const column = layout.columns.findIndex((one) => x >= one.x - 6 && x < one.x + one.width + 20)
    const row = layout.rows.find((one) => y >= one.y && y < one.y + one.height)
    return layout.cells.find((placed) => placed.column === column && placed.row === row)
  }
  const step = (event: KeyboardEvent, placed: PlacedCell) => {
    const rows = layout.rows
    const r = rows.indexOf(placed.row)
    let to: PlacedCell | undefined
    const inColumn = layout.cells.filter((one) => one.column === placed.column).sort((a, b) => a.row.y - b.row.y)
    const inRow = layout.cells.filter((one) => one.row === placed.row).sort((a, b) => a.column - b.column)
    const other = (column: number) => layout.cells.filter((one) => one.column === column).sort((a, b) => Math.abs(rows.indexOf(a.row) - r) - Math.abs(rows.indexOf(b.row) - r))[0]
    if (event.key === 'ArrowDown') to = inColumn.find((one) => one.row.y > placed.row.y)
    else if (event.key === 'ArrowUp') to = inColumn.findLast((one) => one.row.y < placed.row.y)
    else if (event.key === 'ArrowRight') to = other(placed.column + 1)
    else if (event.key === 'ArrowLeft') to = other(placed.column - 1)
    else if (event.key === 'Home') to = inRow[0]
    else if (event.key === 'End') to = inRow.at(-1)
    else if (event.key === 'Enter') return event.preventDefault(), key(placed) === selected ? onPersons(placed) : onSelect(placed)
    else if (event.key === 'p') return event.preventDefault(), onPersons(placed)
    else return
    event.preventDefault()
    if (to) setFocus(key(to))
  }
  useEffect(() => {
    const active = document.activeElement
    if (focus && active instanceof SVGElement && active.getAttribute('role') === 'gridcell') svg.current?.querySelector<SVGElement>(`[data-key="${CSS.escape(focus)}"]`)?.focus()
  }, [focus])
  const current = layout.cells.some((one) => key(one) === focus) ? focus : layout.cells[0] && key(layout.cells[0])
  const weak = new Map(answer.weak_points.slice(0, 3).map((point, i) => [cellKey(point.at), i + 1]))
  const onRoad = new Set(layout.road.map(key))
  return (
    <svg
      ref={svg}
      class="journey-map"
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      width={layout.width}
      height={layout.height}
      role="group"
      aria-label={t('map.title')}
      onPointerMove={(event) => setHover(nearest(event) && key(nearest(event)!))}
      onPointerLeave={() => setHover(undefined)}
      onClick={(event) => {
        const placed = nearest(event)
        if (placed) setFocus(key(placed)), onSelect(placed)
      }}
      onDblClick={(event) => nearest(event) && onPersons(nearest(event)!)}
    >
      <defs>
        <linearGradient id="fade">
          <stop offset="0" class="fade-from" />
          <stop offset="1" class="fade-to" />
        </linearGradient>
        <linearGradient id="fade-in">
          <stop offset="0" class="fade-to" />
          <stop offset="1" class="fade-from" />
        </linearGradient>
        <pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="2" height="4" fill="#000" />
        </pattern>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse">
          <path d="M1 1l6 3-6 3" fill="none" stroke="currentColor" />
        </marker>
      </defs>
      <Band layout={layout} worst={answer.finding?.id === 'map.most_leave' ? String(answer.finding.values.stage) : undefined} />
      <Heads layout={layout} answer={answer} />
      {layout.columns.map((column) => (
        <line key={column.stage.stage} class="axis" x1={column.x} x2={column.x} y1={layout.rowsTop - 4} y2={layout.rowsEnd - 4} />
      ))}
      <Labels layout={layout} onFold={onFold} />
      <g class="strands" aria-hidden="true">
        {layout.strands.map(({ move, path, width }) => {
          const touches = lit === cellKey(move.from) || lit === cellKey(move.to)
          return <path key={cellKey(move.from) + cellKey(move.to)} class={touches ? 'strand lit' : 'strand'} d={path} stroke-width={width} />
        })}
      </g>
      {layout.road.map((placed) => (
        <rect key={key(placed)} class="mark-soft" x={placed.x - 2} y={placed.row.y + (placed.row.height - Math.min(placed.row.height, 20)) / 2 + 1} width={layout.columns[placed.column].width + 4} height={Math.min(placed.row.height, 20) - 2} rx="4" />
      ))}
      {layout.roadPath.map((path) => (
        <g key={path} aria-hidden="true">
          <path class="road-edge" d={path} />
          <path class="road" d={path} />
        </g>
      ))}
      <g role="grid" aria-label={t('map.grid')} aria-rowcount={layout.rows.length} aria-colcount={layout.columns.length}>
      {layout.rows.filter((row) => layout.cells.some((placed) => placed.row === row)).map((row, r) => (
        <g key={row.touchpoint.touchpoint} role="row" aria-rowindex={r + 1}>
          {layout.cells
            .filter((placed) => placed.row === row)
            .sort((a, b) => a.column - b.column)
            .map((placed) => {
              const me = key(placed)
              const number = weak.get(me)
              return (
                <g
                  key={me}
                  data-key={me}
                  class={`cell${me === lit ? ' lit' : ''}${onRoad.has(me) ? ' on-road' : ''}`}
                  role="gridcell"
                  aria-colindex={placed.column + 1}
                  aria-selected={me === selected}
                  tabindex={me === current ? 0 : -1}
                  aria-label={cellText(placed, stageName(placed.column))}
                  onKeyDown={(event) => step(event, placed)}
                  onFocus={() => setFocus(me)}
                >
                  <rect class="cell-ground" x={placed.x - 3} y={row.y} width={layout.columns[placed.column].width + 6} height={row.height} rx="3" />
                  <Bar placed={placed} layout={layout} />
                  {number && (
                    <g class="weak">
                      <circle cx={placed.x + placed.bar + 7 + count(placed.cell.persons).length * 6.6 + (certain(placed.cell.score, 'poor') ? 44 : 14)} cy={row.y + row.height / 2} r="7" />
                      <text x={placed.x + placed.bar + 7 + count(placed.cell.persons).length * 6.6 + (certain(placed.cell.score, 'poor') ? 44 : 14)} y={row.y + row.height / 2 + 4} text-anchor="middle">
                        {number}
                      </text>
                    </g>
                  )}
                </g>
              )
            })}
        </g>
      ))}
      </g>
      <Credits layout={layout} />
      <Legend layout={layout} />
    </svg>
  )
}
