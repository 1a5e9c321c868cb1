// SPDX-License-Identifier: Apache-2.0
// The band above the rows: thickness people, height experience; at a stage's end, from the top, those who went on, those
// still there (fading), those who left (a hollow pipe with its number).
import { count, duration, percent } from '../../words/format'
import { known, t } from '../../words/words'
import { experienceClass, type MapAnswer } from './data'
import { bend, GUTTER, scoreLine, type Column, type Layout } from './layout'

const part = (column: Column, n: number) => (column.stage.persons ? (n / column.stage.persons) * column.thickness : 0)

function Flow({ column, next }: { column: Column; next?: Column }) {
  const top = column.y - column.thickness / 2
  const x = column.x + column.width
  const onward = part(column, column.stage.onward)
  const still = part(column, column.stage.still)
  if (!next) return null
  const into = Math.min(next.thickness, onward)
  const t0 = next.y - next.thickness / 2
  const middle = x + GUTTER / 2
  const on = `M${x} ${top}C${middle} ${top} ${middle} ${t0} ${next.x} ${t0}V${t0 + into}C${middle} ${t0 + into} ${middle} ${top + onward} ${x} ${top + onward}Z`
  return (
    <>
      {onward > 0 && <path class="band" d={on} />}
      {still > 0.5 && <rect class="band-fade" x={x} y={top + onward} width={GUTTER * 0.5} height={still} fill="url(#fade)" />}
      {next.thickness > into + 0.5 && <rect class="band-fade" x={next.x - GUTTER * 0.35} y={t0 + into} width={GUTTER * 0.35} height={next.thickness - into} fill="url(#fade-in)" />}
    </>
  )
}

function Pipe({ column, y, worst, last }: { column: Column; y: number; worst: boolean; last: boolean }) {
  const { stage } = column
  if (!stage.left) return null
  const width = Math.max(3, part(column, stage.left))
  const shown = Math.min(width, 18)
  const x = column.x + column.width
  const bottom = column.y + column.thickness / 2
  const end = y - 14
  const share = percent(stage.left / stage.persons)
  const text = `${count(stage.left)} ${t('map.leave')}, ${share}`
  const w = text.length * 6.4 + 12
  const middle = last ? x - w / 2 - 8 : x + 22
  return (
    <g>
      {!last && (
        <path class="pipe" d={`M${x} ${bottom - shown}C${x + 20} ${bottom - shown} ${x + 22 + shown} ${bottom + 4} ${x + 22 + shown} ${end}M${x} ${bottom}C${x + 16} ${bottom} ${x + 22} ${bottom + 6} ${x + 22} ${end}`} />
      )}
      {worst && <rect class="mark" x={middle - w / 2} y={y - 12} width={w} height={18} rx="4" />}
      <text class="exit" x={middle} y={y + 2} text-anchor="middle">
        <tspan class="strong">{count(stage.left)}</tspan> {t('map.leave')}, {share}
      </text>
    </g>
  )
}

function Return({ columns, index }: { columns: Column[]; index: number }) {
  const to = columns[index]
  const from = columns.at(-2)!
  if (!to.stage.returned || from.x <= to.x) return null
  const x0 = from.x + from.width * 0.4
  const x1 = to.x + to.width * 0.62
  const top = Math.min(from.y, to.y) - 34
  return (
    <g class="return">
      <path d={`M${x0} ${from.y - from.thickness / 2 - 6}C${x0 - 20} ${top} ${x1 + 30} ${top} ${x1} ${to.y - to.thickness / 2 - 5}`} marker-end="url(#arrow)" />
      <text x={(x0 + x1) / 2} y={top - 2} text-anchor="middle">
        {t('map.come_back', { n: count(to.stage.returned) })}
      </text>
    </g>
  )
}

export function Band({ layout, worst }: { layout: Layout; worst?: string }) {
  const { columns, bandTop } = layout
  const scored = columns.some((column) => column.stage.score && column.stage.score.n > 1)
  const level = (value: number) => bandTop + 22 + (100 - value) * 1.5
  const end = columns.at(-1)!.x + columns.at(-1)!.width
  const back = columns.findIndex((column) => column.stage.returned > 0)
  return (
    <g class="band-group" aria-hidden="true">
      <text class="strong small" x="0" y={bandTop + 44}>
        {t('map.way')}
      </text>
      {[t('map.way_thickness'), ...(scored ? [t('map.way_height')] : []), t('map.way_hollow')].map((text, i) => (
        <text key={text} class="hint" x="0" y={bandTop + 60 + i * 14}>
          {text}
        </text>
      ))}
      {scored &&
        ([75, 50] as const).map((value) => (
          <g key={value}>
            <line class="grid" x1={columns[0].x - 6} x2={end} y1={level(value)} y2={level(value)} />
            <text class="hint" x={columns[0].x - 12} y={level(value) + 4} text-anchor="end">
              {t(value === 75 ? 'map.good' : 'map.fair')}
            </text>
          </g>
        ))}
      {columns.map((column, i) => (
        <g key={column.stage.stage}>
          <rect class="band" x={column.x} y={column.y - column.thickness / 2} width={column.width} height={column.thickness} />
          <Flow column={column} next={columns[i + 1]} />
        </g>
      ))}
      {columns.map((column, i) => (
        <Pipe key={column.stage.stage} column={column} y={layout.rowsTop - 24} worst={column.stage.stage === worst} last={i === columns.length - 1} />
      ))}
      {back >= 0 && back < columns.length - 2 && <Return columns={columns} index={back} />}
      <path class={scored ? 'score-line' : 'score-line flat'} d={scoreLine(columns)} />
      {scored &&
        columns.map(({ stage, x, width, y, thickness }) =>
          stage.score && stage.score.n > 1 ? (
            <g key={stage.stage}>
              <circle class={`dot ${experienceClass(stage.score)}`} cx={x + width * 0.49} cy={y} r="5.5" />
              <text class="score" x={x + width * 0.49} y={Math.min(y - thickness / 2, y - 5) - 7} text-anchor="middle">
                {count(stage.score.value)}
              </text>
            </g>
          ) : null,
        )}
    </g>
  )
}

/** Names, people, share; in the gutter how many go on and after how long. */
export function Heads({ layout, answer }: { layout: Layout; answer: MapAnswer }) {
  return (
    <g>
      {layout.columns.map(({ stage, x, width }, i) => {
        const text = `${count(stage.persons)}`
        return (
          <g key={stage.stage}>
            <text class={width < 112 ? 'stage narrow-stage' : 'stage'} x={x} y="14">
              {stage.label}
            </text>
            <text class="people" x={x} y="34">
              <tspan class="strong">{text}</tspan>
              <tspan class="quiet-ink" dx="7">
                {percent(stage.share)}
              </tspan>
            </text>
            {i + 1 < layout.columns.length && stage.persons > 0 && (
              <g class="onward">
                <text x={x + width + GUTTER - 34} y="12" text-anchor="middle">
                  {percent(stage.onward / stage.persons)}
                </text>
                <path d={bend(x + width + GUTTER - 60, 20, x + width + GUTTER - 9, 20)} marker-end="url(#arrow)" />
                <text class="hint" x={x + width + GUTTER - 34} y="34" text-anchor="middle">
                  {duration(stage.median_ms)}
                </text>
              </g>
            )}
          </g>
        )
      })}
      <text class="strong small" x={layout.width} y="14" text-anchor="end">
        {t('map.contribution')}
      </text>
      <text class="hint" x={layout.width} y={layout.rowsTop - 12} text-anchor="end">
        {t('map.contribution_model', { model: modelName(answer.model) })}
      </text>
    </g>
  )
}

export function modelName(model: string): string {
  const key = `model.${model}`
  return known(key) ? t(key) : model
}
