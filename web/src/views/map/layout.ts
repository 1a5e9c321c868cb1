// SPDX-License-Identifier: Apache-2.0
// Where everything of the journey map stands: numbers only, no drawing. Stages are columns of equal pitch; a touchpoint
// is a row; a family's rows stand together.
import { line, curveMonotoneX } from 'd3-shape'
import type { At, Cell, MapAnswer, Move, Stage, Touchpoint } from './data'

export const LABELS = 226
export const GUTTER = 62
export const VALUE = 128
const HEADER = 40
const BAND = 150
const EXITS = 34
const GAP = 7
const FOOT = 34
const BAND_MOST = 62
const POINT = 1.5 // pixels a point of experience
const DIGITS = 58 // beside the longest bar

export interface Row {
  touchpoint: Touchpoint
  y: number
  height: number
  folded?: number // how many touchpoints this row stands for
}
export interface Family {
  family: string
  y: number
  height: number
}
export interface Column {
  stage: Stage
  x: number
  width: number
  y: number // of the band's middle
  thickness: number
}
export interface PlacedCell {
  cell: Cell
  row: Row
  column: number
  x: number
  bar: number
  left: number
}
export interface Strand {
  move: Move
  path: string
  width: number
}
export interface Layout {
  width: number
  height: number
  bandTop: number
  rowsTop: number
  rowsEnd: number
  barHeight: number
  columns: Column[]
  rows: Row[]
  families: Family[]
  cells: PlacedCell[]
  strands: Strand[]
  strandShare: number
  road: PlacedCell[]
  roadPath: string[]
  maxCredit: number
}

export const cellKey = (at: At) => `${at.stage}\u0001${at.touchpoint}`

const rowHeight = (n: number, tall: boolean) => (n <= 6 ? 84 : n <= 12 ? 40 : tall ? 24 : 20)

function placeRows(shown: Touchpoint[], top: number, tall: boolean): { rows: Row[]; families: Family[]; end: number } {
  const order = [...new Set(shown.map((one) => one.family))]
  const height = rowHeight(shown.length, tall)
  const rows: Row[] = []
  const families: Family[] = []
  let y = top
  for (const family of order) {
    const begin = y
    for (const touchpoint of shown.filter((one) => one.family === family)) {
      rows.push({ touchpoint, y, height, folded: touchpoint.folded?.length })
      y += height
    }
    families.push({ family, y: begin, height: y - begin })
    y += GAP
  }
  return { rows, families, end: y }
}

function placeColumns(answer: MapAnswer, width: number, bandTop: number): Column[] {
  const n = Math.max(1, answer.stages.length)
  const pitch = (width - LABELS - VALUE + GUTTER) / n
  const most = Math.max(1, ...answer.stages.map((stage) => stage.persons))
  return answer.stages.map((stage, i) => ({
    stage,
    x: LABELS + i * pitch,
    width: pitch - GUTTER,
    y: bandTop + 22 + (100 - (stage.score && stage.score.n > 1 ? Math.max(20, stage.score.value) : 62)) * POINT,
    thickness: stage.persons ? Math.max(2, (stage.persons / most) * BAND_MOST) : 0,
  }))
}

/** From a row's rail to the next axis, level at both ends. */
export function bend(x0: number, y0: number, x1: number, y1: number): string {
  const middle = (x0 + x1) / 2
  return `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`
}

function chooseStrands(answer: MapAnswer, at: Map<string, PlacedCell>, columns: Column[]): { strands: Strand[]; share: number } {
  const index = new Map(answer.stages.map((stage, i) => [stage.stage, i]))
  const most = Math.max(1, ...answer.stages.map((stage) => stage.persons))
  const strands: Strand[] = []
  let total = 0
  let drawn = 0
  for (let gutter = 0; gutter + 1 < columns.length; gutter++) {
    const moves = answer.moves.filter((move) => index.get(move.from.stage) === gutter && index.get(move.to.stage) === gutter + 1).sort((a, b) => b.persons - a.persons)
    const sum = moves.reduce((n, move) => n + move.persons, 0)
    total += sum
    let here = 0
    let count = 0
    for (const move of moves) {
      if (here >= sum * 0.7 || count >= 12) break
      here += move.persons
      const from = at.get(cellKey(move.from))
      const to = at.get(cellKey(move.to))
      if (!from || !to) continue
      count++
      drawn += move.persons
      const begin = columns[gutter].x + columns[gutter].width
      const y = from.row.y + from.row.height / 2
      strands.push({ move, width: Math.max(0.75, (move.persons / most) * 40), path: `M${from.x + from.bar + DIGITS} ${y}H${begin}` + bend(begin, y, columns[gutter + 1].x, to.row.y + to.row.height / 2).replace('M', 'L') })
    }
  }
  return { strands, share: total ? drawn / total : 0 }
}

function roadBetween(a: PlacedCell, b: PlacedCell, columns: Column[]): string {
  const ya = a.row.y + a.row.height / 2
  const yb = b.row.y + b.row.height / 2
  if (a.column === b.column) return ''
  return bend(columns[a.column].x + columns[a.column].width, ya, columns[b.column].x - 3, yb)
}

export function layOut(answer: MapAnswer, width: number, tall: boolean): Layout {
  const shown = answer.touchpoints.filter((one) => one.persons > 0)
  const bandTop = HEADER + 8
  const rowsTop = bandTop + BAND + EXITS
  const columns = placeColumns(answer, width, bandTop)
  const { rows, families, end } = placeRows(shown, rowsTop, tall)
  const rowOf = new Map(rows.map((row) => [row.touchpoint.touchpoint, row]))
  const scale = Math.max(20, (columns[0]?.width ?? 100) - DIGITS)
  const indexOf = new Map(answer.stages.map((stage, i) => [stage.stage, i]))
  const cells: PlacedCell[] = []
  for (const cell of answer.cells) {
    const row = rowOf.get(cell.touchpoint)
    const column = indexOf.get(cell.stage)
    if (!row || column === undefined || !cell.persons) continue
    const bar = Math.max(2, cell.share * scale)
    cells.push({ cell, row, column, x: columns[column].x, bar, left: cell.persons ? (cell.left / cell.persons) * bar : 0 })
  }
  const at = new Map(cells.map((placed) => [cellKey(placed.cell), placed]))
  const { strands, share } = chooseStrands(answer, at, columns)
  const road = answer.road.map((step) => at.get(cellKey(step.at))).filter((one): one is PlacedCell => !!one)
  const roadPath = road.slice(1).map((cell, i) => roadBetween(road[i], cell, columns)).filter(Boolean)
  return { width, height: end + FOOT, bandTop, rowsTop, rowsEnd: end, barHeight: Math.min(30, Math.max(10, (rows[0]?.height ?? 20) * 0.36)), columns, rows, families, cells, strands, strandShare: share, road, roadPath, maxCredit: Math.max(1, ...rows.map((row) => row.touchpoint.credit_high ?? row.touchpoint.credit ?? 0)) }
}

/** The line of experience through the stages. */
export const scoreLine = (columns: Column[]) => {
  const points: [number, number][] = columns.map((column) => [column.x + column.width * 0.49, column.y])
  if (!points.length) return ''
  const last = columns.at(-1)!
  return line().curve(curveMonotoneX)([[columns[0].x, points[0][1]], ...points, [last.x + last.width, last.y]])!
}
