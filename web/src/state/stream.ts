// SPDX-License-Identifier: Apache-2.0
// Server-sent events: figures without personal data, about once a second. `beat` moves a page's reports along, at
// most every few seconds, so that many open pages cost the server little.
import { signal } from '@preact/signals'

export interface Pulse {
  through: number
  events: number
  persons: number
  per_minute: number
  minutes: number[]
  stages: { stage: string; persons: number }[]
  moves: { from: string; to: string; persons: number }[]
  feed: { time: string; touchpoint: string; family?: string; stage?: string; value?: number; person?: string }[]
}

export const pulse = signal<Pulse | undefined>(undefined)
export const connection = signal<'file' | 'on' | 'off'>('file')
export const offSince = signal<Date | undefined>(undefined)
export const paused = signal(false)
export const beat = signal(0)

const BEAT_MS = 5000
let source: EventSource | undefined
let through = -1
let last = 0

function take(event: MessageEvent<string>) {
  if (paused.value) return
  const news = JSON.parse(event.data) as Pulse
  pulse.value = news
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
  source.onmessage = take
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
