// SPDX-License-Identifier: Apache-2.0
// A report's answer as a page needs it: the last good one stays, dimmed, while the next is counted; what no longer
// matters is cancelled at the server.
import { useEffect, useRef, useState } from 'preact/hooks'
import { address, ApiError, get, type Fields } from './api'
import { place } from './route'
import { project } from './session'
import { beat } from './stream'

export interface Envelope {
  report: string
  now: string
  through: number
  definitions: string
  coverage: { identified: number; consented: number; attributable: number }
  warnings?: string[] // definitions that match nothing
  note?: string // why nothing was counted
  finding?: { id: string; values: Record<string, string | number | null> }
}

export interface Answer<T> {
  data?: T
  problem?: ApiError
  waiting: boolean // for longer than 100 ms
  slow: boolean // for longer than 400 ms: say what is counted
  cancel: () => void
  again: () => void
}

/** The options that every report shares, from the address. */
export function commonOptions(): Fields {
  const search = place.value.search
  const persona = search.get('persona')
  const among = [search.get('among'), persona && `persona = ${JSON.stringify(persona)}`].filter(Boolean)
  return {
    from: search.get('from') ?? undefined,
    to: search.get('to') ?? undefined,
    where: search.get('where') ?? undefined,
    among: among.length > 1 ? among.map((one) => `(${one})`).join(' and ') : (among[0] ?? undefined),
  }
}

const kept = new Map<string, unknown>()
function keep(url: string, data: unknown) {
  kept.set(url, data)
  if (kept.size > 60) kept.delete(kept.keys().next().value!)
}

export function useAnswer<T>(url: string | undefined, live = false): Answer<T> {
  const [, show] = useState(0)
  const state = useRef<{ url?: string; data?: T; problem?: ApiError; waiting: boolean; slow: boolean; stop?: AbortController; turn: number }>({ waiting: false, slow: false, turn: 0 }).current
  const redraw = () => show((n) => n + 1)
  const pulse = live ? beat.value : 0
  useEffect(() => {
    if (!url) return
    state.stop?.abort()
    const stop = (state.stop = new AbortController())
    const known = kept.get(url) as T | undefined
    if (known && state.url !== url) state.data = known
    const refresh = state.url === url && state.data !== undefined
    state.url = url
    state.problem = undefined
    const marks = refresh || known ? [] : [setTimeout(() => ((state.waiting = true), redraw()), 100), setTimeout(() => ((state.slow = true), redraw()), 400)]
    const done = () => (marks.forEach(clearTimeout), (state.waiting = state.slow = false), redraw())
    get<T>(url, stop.signal).then(
      (data) => (keep(url, data), (state.data = data), (state.problem = undefined), done()),
      (problem) => {
        if (stop.signal.aborted && (problem as Error).name === 'AbortError') return marks.forEach(clearTimeout)
        state.problem = problem as ApiError
        return done()
      },
    )
    if (known) redraw()
    return () => (marks.forEach(clearTimeout), stop.abort())
  }, [url, pulse, state.turn])
  return {
    data: state.data,
    problem: state.problem,
    waiting: state.waiting,
    slow: state.slow,
    cancel: () => (state.stop?.abort(), (state.waiting = state.slow = false), redraw()),
    again: () => (state.turn++, redraw()),
  }
}

/** A report with the common options of the address; follows live data. */
export function useReport<T extends Envelope>(name: string, fields: Fields = {}, wanted = true): Answer<T> {
  const url = wanted ? address(`/api/v1/reports/${name}`, { ...commonOptions(), ...fields }) : undefined
  return useAnswer<T>(url, project.value?.live === true)
}

/** The command that prints the same figures. */
export function command(name: string, fields: Fields = {}): string {
  const quote = (text: string) => (/^[\w./:=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
  const parts = [`etappe ${name}`]
  for (const [option, value] of Object.entries({ ...commonOptions(), ...fields }))
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one === undefined || one === '' || one === false) continue
      parts.push(one === true ? `--${option}` : `--${option} ${quote(String(one))}`)
    }
  return parts.join(' ')
}
