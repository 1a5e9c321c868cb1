// SPDX-License-Identifier: Apache-2.0
// Server-sent events: figures without personal data, about once a second. `beat` moves a page's reports along, at
// most every few seconds, so that many open pages cost the server little.
import { signal } from '@preact/signals'

interface Counts {
  through: number
  events: number
  persons: number
  events_a_minute: number
  stages: { stages: { stage: string; now: number; onward: number }[] }
}

export interface Pulse {
  through: number
  events: number
  persons: number
  per_minute: number
  minutes: number[] // since the page was opened, the running one last
  moves: { from: string; to: string; persons: number }[] // since the last one
}

export const pulse = signal<Pulse | undefined>(undefined)
export const connection = signal<'file' | 'on' | 'off'>('file')
export const offSince = signal<Date | undefined>(undefined)
export const paused = signal(false)
export const beat = signal(0)

const BEAT_MS = 5000
const MINUTES = 60
let source: EventSource | undefined
let before: Counts | undefined
let through = -1
let last = 0
let minute = 0
let minuteBegan = 0

/** Events of each minute, counted from the totals. */
function minutesOf(news: Counts, known: number[]): number[] {
  const now = Math.floor(Date.now() / 60_000)
  if (!minute) [minute, minuteBegan] = [now, news.events - news.events_a_minute]
  const list = known.length ? [...known] : [0]
  if (now !== minute) {
    list.push(...Array<number>(Math.min(MINUTES, now - minute)).fill(0))
    minute = now
    minuteBegan = before?.events ?? news.events
  }
  list[list.length - 1] = Math.max(0, news.events - minuteBegan)
  return list.slice(-MINUTES)
}

function movesOf(news: Counts): Pulse['moves'] {
  const old = new Map(before?.stages.stages.map((one) => [one.stage, one.onward]))
  return news.stages.stages.slice(0, -1).map((one, i) => ({ from: one.stage, to: news.stages.stages[i + 1].stage, persons: before ? Math.max(0, one.onward - (old.get(one.stage) ?? 0)) : 0 }))
}

function take(event: MessageEvent<string>) {
  if (paused.value) return
  const news = JSON.parse(event.data) as Counts
  pulse.value = { through: news.through, events: news.events, persons: news.persons, per_minute: news.events_a_minute, minutes: minutesOf(news, pulse.value?.minutes ?? []), moves: movesOf(news) }
  before = news
  if (news.through !== through && Date.now() - last > BEAT_MS && document.visibilityState === 'visible') {
    if (through >= 0) beat.value++
    through = news.through
    last = Date.now()
  }
}

export function listen() {
  source?.close()
  source = new EventSource('/api/v1/stream')
  source.onopen = () => {
    connection.value = 'on'
    offSince.value = undefined
  }
  source.addEventListener('counts', take)
  source.onerror = () => {
    if (connection.value !== 'off') offSince.value = new Date()
    connection.value = 'off'
  }
}

export function silence() {
  source?.close()
  source = undefined
  connection.value = 'file'
}
