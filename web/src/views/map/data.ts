// SPDX-License-Identifier: Apache-2.0
// The map's answer as the server gives it.
import type { Envelope } from '../../state/report'

export interface Score {
  value: number
  n: number
  low: number | null
  high: number | null
}
export interface Stage {
  stage: string
  label: string
  persons: number
  share: number
  onward: number
  still: number
  left: number
  entered: number
  returned: number
  median_ms: number | null
  score: Score | null
}
export interface Touchpoint {
  touchpoint: string
  label: string
  family: string
  folded?: string[] // the touchpoints that this row stands for
  persons: number
  credit: number | null
  credit_low: number | null
  credit_high: number | null
}
export interface Cell {
  touchpoint: string
  family: string
  stage: string
  persons: number
  share: number
  left: number
  score: Score | null
  value: number
  median_ms: number | null
}
export interface At {
  stage: string
  touchpoint: string
}
export interface Move {
  from: At
  to: At
  persons: number
  median_ms: number | null
}
export interface MapAnswer extends Envelope {
  persons: number
  value: number
  model: string
  stages: Stage[]
  touchpoints: Touchpoint[]
  cells: Cell[]
  moves: Move[]
  weak_points: { at: At; left_share: number; value_lost: number }[]
  road: { at: At }[]
}

/** A score is shown as good or poor only when its interval lies on that side. */
export const certain = (score: Score | null, side: 'poor' | 'good') =>
  !!score && score.n >= 5 && score.low !== null && score.high !== null && (side === 'poor' ? score.value < 45 && score.high < 50 : score.value >= 84 && score.low >= 75)
export const experienceClass = (score: Score | null) => (!score || score.n < 2 ? 'none' : score.value < 35 ? 'e1' : score.value < 48 ? 'e2' : score.value < 62 ? 'e3' : score.value < 77 ? 'e4' : 'e5')
