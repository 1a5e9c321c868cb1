// SPDX-License-Identifier: Apache-2.0
// What changed between two periods beyond chance: touchpoints that more or fewer people reach, and where a larger or
// smaller share leaves. An interval that excludes no change decides; the worth is an estimate and says so.
import { link } from '../state/route'
import { labelOf, project, touchpointName } from '../state/session'
import { count, decimal, percent } from '../words/format'
import { t } from '../words/words'
import type { Cell, MapAnswer } from './map/data'
import { cellKey } from './map/layout'

export interface Change {
  id: string
  text: string
  value: string
  range: string
  worth?: number
  href: string
  weight: number
  series: (number | undefined)[] // the same figure, oldest span first, the one that is told last
}

const LEAST = 30
const Z = 2.58 // many cells are looked at: 99% each

function shareLeft(map: MapAnswer, key: string): number | undefined {
  const cell = map.cells.find((one) => cellKey(one) === key)
  return cell && cell.persons >= LEAST ? cell.left / cell.persons : undefined
}

function leaving(now: Cell, before: Cell): { difference: number; half: number } {
  const p = now.left / now.persons
  const q = before.left / before.persons
  return { difference: p - q, half: Z * Math.sqrt((p * (1 - p)) / now.persons + (q * (1 - q)) / before.persons) }
}

/** A share as its bare number, exact enough not to read nought. */
const inPercent = (share: number) => decimal(share * 100, Math.abs(share) < 0.0095 ? 1 : 0)

interface Span {
  from: string
  to: string
}

/** Of some spans, the newest first: people are compared over the newest two, leaving over the two before, for journeys of the newest
 * are still open. What is older draws the trend. */
export function changes(maps: MapAnswer[], span: Span, settled: Span): Change[] {
  const [now, before, earlier] = maps
  const series = [...maps].reverse()
  const found: Change[] = []
  const old = new Map(earlier.cells.map((cell) => [cellKey(cell), cell]))
  const name = (touchpoint: string) => touchpointName(touchpoint)
  const href = (cell: Cell) => link('/map', { ...settled, cell: `${cell.stage}/${cell.touchpoint}` })
  for (const cell of before.cells) {
    const was = old.get(cellKey(cell))
    if (!was || cell.persons < LEAST || was.persons < LEAST) continue
    const { difference, half } = leaving(cell, was)
    if (Math.abs(difference) <= half) continue
    const each = cell.value / cell.persons
    found.push({
      id: `left ${cellKey(cell)}`,
      text: t(difference > 0 ? 'change.more_leave' : 'change.fewer_leave', { touchpoint: name(cell.touchpoint), stage: labelOf(project.value?.stages, cell.stage) }),
      value: percent(cell.left / cell.persons),
      range: t('change.points', { n: `${difference > 0 ? '+' : ''}${decimal(difference * 100, 0)}`, low: decimal((difference - half) * 100, 0), high: decimal((difference + half) * 100, 0) }),
      series: series.slice(0, -1).map((map) => shareLeft(map, cellKey(cell))),
      worth: -difference * cell.persons * each,
      href: href(cell),
      weight: Math.abs(difference * cell.persons * each) || Math.abs(difference * cell.persons),
    })
  }
  const people = new Map(before.touchpoints.map((one) => [one.touchpoint, one.persons]))
  for (const point of now.touchpoints) {
    const was = people.get(point.touchpoint) ?? 0
    if (point.persons < LEAST || was < LEAST) continue
    const log = Math.log(point.persons / was)
    const half = Z * Math.sqrt(1 / point.persons + 1 / was)
    if (Math.abs(log) <= half) continue
    found.push({
      id: `people ${point.touchpoint}`,
      text: t(log > 0 ? 'change.more_people' : 'change.fewer_people', { touchpoint: name(point.touchpoint) }),
      value: count(point.persons),
      range: t('change.share', { n: `${log > 0 ? '+' : ''}${percent(Math.exp(log) - 1)}`, low: inPercent(Math.exp(log - half) - 1), high: inPercent(Math.exp(log + half) - 1) }),
      series: series.map((map) => map.touchpoints.find((one) => one.touchpoint === point.touchpoint)?.persons ?? 0),
      href: link('/paths', { ...span, after: `touchpoint = ${JSON.stringify(point.touchpoint)}` }),
      weight: Math.abs(point.persons - was) * (now.value / Math.max(1, now.persons)),
    })
  }
  return found.sort((a, b) => b.weight - a.weight).slice(0, 6)
}
