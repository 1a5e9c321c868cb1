// SPDX-License-Identifier: Apache-2.0
// The funnels that a project suggests: from the first look to its goal, through its stages, along the map's main way, from one
// conversion to the next. Only what happened in this project is suggested.
import { useReport, type Envelope } from '../state/report'
import { labelOf, project } from '../state/session'
import { t } from '../words/words'
import type { MapAnswer } from './map/data'

export interface Way {
  id: string
  label: string
  steps: string[]
}

/** What usually leads to a goal, kind of business by kind; of each place the first name that occurs. */
const CHAINS: string[][][] = [
  [['Product Viewed', 'Product List Viewed'], ['Product Added', 'Cart Viewed'], ['Checkout Started', 'Payment Info Entered']],
  [['Pricing Viewed', 'Page Viewed'], ['Signed Up', 'Trial Started', 'Demo Requested'], ['Subscription Started', 'Contract Signed']],
  [['Page Viewed'], ['Form Started', 'Calculator Used', 'Form Viewed'], ['Lead Generated', 'Form Submitted', 'Quote Requested']],
]

const named = (event: string) => `event = ${JSON.stringify(event)}`
/** The goal as a step: the one name that makes it, where the others never occur. */
function goalStep(when: string, names: Set<string>): string {
  const list = /^event in \((.*)\)$/.exec(when)?.[1]
  const found = list ? [...list.matchAll(/"([^"]+)"|([^\s,]+)/g)].map((one) => one[1] ?? one[2]).filter((name) => names.has(name)) : []
  return found.length === 1 ? named(found[0]) : when
}

interface Overview extends Envelope {
  event_names: { event: string; events: number }[]
}

/** `wanted`: the main way needs the map, which is asked for only then. */
export function useWays(wanted: boolean): { ways: Way[]; ready: boolean } {
  const overview = useReport<Overview>('overview', { limit: 100 })
  const model = overview.data ? project.value : undefined
  const names = new Set(overview.data?.event_names.map((one) => one.event))
  const goal = model?.goals.find((one) => one.closes && one.when) ?? model?.goals.find((one) => one.when)
  const map = useReport<MapAnswer>('map', { model: 'none' }, wanted && !!overview.data)
  const ways: Way[] = []
  const last = goal?.when ? goalStep(goal.when, names) : undefined
  const goalName = goal ? labelOf(model?.goals, goal.name) : ''
  const chain = CHAINS.map((places) => places.map((place) => place.find((name) => names.has(name))).filter((name): name is string => !!name))
    .map((found) => [...found.map(named).filter((step) => step !== last), ...(last ? [last] : [])])
    .sort((a, b) => b.length - a.length)[0]
  if (chain.length > 1) ways.push({ id: 'goal', label: last ? t('funnel.way.goal', { goal: goalName }) : t('funnel.way.visit'), steps: chain })
  const road = (map.data?.road ?? []).map((one) => one.at)
  // What follows the conversion is another story: the furthest stage that the goal leads to is the last.
  const goalNames = [...(goal?.when ?? '').matchAll(/"([^"]+)"/g)].map((one) => one[0])
  const until = (model?.stages ?? []).map((stage) => goalNames.some((name) => stage.when?.includes(name))).lastIndexOf(true)
  const place = (stage: string) => model?.stages.findIndex((one) => one.name === stage) ?? 0
  const along = road
    .filter((one) => until < 0 || place(one.stage) <= until)
    .map((one) => `touchpoint = ${JSON.stringify(one.touchpoint)}`)
  const mapSteps = [...new Set(along), ...(last && along.length ? [last] : [])]
  if (mapSteps.length > 1) ways.push({ id: 'map', label: t('funnel.way.map'), steps: mapSteps })
  const stages = (model?.stages ?? []).filter((one) => one.when).map((one) => one.when!)
  if (stages.length > 1) ways.push({ id: 'stages', label: t('funnel.way.stages'), steps: stages })
  if (last && goal) ways.push({ id: 'again', label: t('funnel.way.again', { goal: goalName }), steps: [last, last] })
  return { ways: overview.data ? ways : [], ready: !!overview.data && (!wanted || !!map.data || !!map.problem || ways.some((one) => one.id === 'goal')) }
}

export const sameWay = (ways: Way[], steps: string[]) => ways.find((way) => way.steps.length === steps.length && way.steps.every((step, i) => step === steps[i]))
