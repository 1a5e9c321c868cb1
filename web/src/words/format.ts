// SPDX-License-Identifier: Apache-2.0
// Numbers, money, times as the language writes them: narrow no-break space before a unit, a real minus sign.
import { language } from '../state/prefs'
import { project } from '../state/session'

const NARROW = '\u202f'
const de = () => language.value === 'de'
/** A noun inside a sentence: English writes it small. */
export const inSentence = (noun: string) => (de() ? noun : noun.toLowerCase())
const locale = () => (de() ? 'de-DE' : 'en-GB')
const made = new Map<string, Intl.NumberFormat>()

/** What is hidden from who looks, or cannot be said, is a dash and never a nought. */
function number(value: number | null | undefined, options: Intl.NumberFormatOptions = {}): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  const name = locale() + JSON.stringify(options)
  let format = made.get(name)
  if (!format) made.set(name, (format = new Intl.NumberFormat(locale(), options)))
  return format.format(value).replace('-', '−')
}

export const count = (value: number | null | undefined) => number(value, { maximumFractionDigits: 0 })
export const decimal = (value: number, digits = 1) => number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits })
export const signed = (value: number) => (value > 0 ? '+' : '') + count(value)

export function percent(share: number | null | undefined, digits?: number): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '–'
  const value = share * 100
  const places = digits ?? (value !== 0 && Math.abs(value) < 1 ? 1 : 0)
  return decimal(value, places) + (de() ? NARROW : '') + '%'
}

const symbol = () => {
  const currency = project.value?.currency ?? 'EUR'
  return { EUR: '€', USD: '$', GBP: '£' }[currency] ?? currency
}
const amount = (text: string, unit = '') => (de() ? `${text}${NARROW}${unit}${symbol()}` : `${symbol()}${text}${unit === 'T' ? 'k' : unit.startsWith('Mio') ? 'm' : ''}`)

/** Money to the unit; `short` writes thousands and millions as such. */
export function money(value: number | null | undefined, short = false): string {
  if (value === null || value === undefined) return '–'
  const size = Math.abs(value)
  if (short && size >= 999_500) return amount(decimal(value / 1e6, 2), 'Mio. ')
  if (short && size >= 9_950) return amount(count(value / 1e3), 'T')
  return amount(size < 100 && !Number.isInteger(value) ? decimal(value, 2) : count(value))
}

/** `94–111` beneath an amount that says the unit already; on its scale. */
export function moneySpan(low: number, high: number, beside: number): string {
  const size = Math.abs(beside)
  const scale = size >= 999_500 ? 1e6 : size >= 9_950 ? 1e3 : 1
  const digits = scale === 1e6 ? 2 : 0
  return `${decimal(low / scale, digits)}–${decimal(high / scale, digits)}`
}

/** `94–111 T€`: the unit once. */
export function moneyRange(low: number, high: number): string {
  const size = Math.max(Math.abs(low), Math.abs(high))
  if (size >= 999_500) return amount(`${decimal(low / 1e6, 2)}–${decimal(high / 1e6, 2)}`, 'Mio. ')
  if (size >= 9_950) return amount(`${count(low / 1e3)}–${count(high / 1e3)}`, 'T')
  return amount(`${count(low)}–${count(high)}`)
}

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–'
  const units: [number, string, string][] = [
    [86_400_000, 'Tage', 'days'],
    [3_600_000, 'Std.', 'h'],
    [60_000, 'Min.', 'min'],
    [1000, 'Sek.', 's'],
  ]
  for (const [size, german, english] of units)
    if (ms >= size) {
      const value = ms / size
      const text = value >= 9.95 || Number.isInteger(value) ? count(value) : decimal(value, 1)
      const one = text === '1' && size === 86_400_000
      return text + NARROW + (de() ? (one ? 'Tag' : german) : one ? 'day' : english)
    }
  return count(ms && ms < 1 ? 0 : ms) + NARROW + (ms >= 1 ? 'ms' : de() ? 'Sek.' : 's')
}

const zone = () => project.value?.timezone ?? 'UTC'
const time = (value: string | number | Date, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale(), { timeZone: zone(), ...options }).format(new Date(value))
export const clock = (value: string | number | Date, short = false) => time(value, { hour: '2-digit', minute: '2-digit', second: short ? undefined : '2-digit' })
export const dayShort = (value: string | number | Date) => (typeof value === 'string' && value.length === 10 ? new Intl.DateTimeFormat(locale(), { timeZone: 'UTC', day: 'numeric', month: 'short' }).format(new Date(value)) : time(value, { day: 'numeric', month: 'short' }))
export const sameDay = (a: string, b: string) => day(a) === day(b)
export const day = (value: string | number | Date) => time(value, { day: 'numeric', month: 'short', year: 'numeric' })
export const dayTime = (value: string | number | Date) => time(value, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' })
export const month = (value: string | number | Date) => time(value, { month: 'short' })

/** `2026-10-01` to `2026-10-31`: 1.–31. Okt. 2026 */
export function period(from: string | undefined, to: string | undefined): string | undefined {
  const plain = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text)
  if (!from && !to) return undefined
  const format = new Intl.DateTimeFormat(locale(), { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' })
  if (from && to && plain(from) && plain(to)) return format.formatRange(new Date(from), new Date(to)).replaceAll(' – ', '–')
  const one = (text: string) => (plain(text) ? format.format(new Date(text)) : text)
  return from && to ? `${one(from)} – ${one(to)}` : from ? (de() ? `ab ${one(from)}` : `from ${one(from)}`) : de() ? `bis ${one(to!)}` : `to ${one(to!)}`
}

/** The first digits of an id, as people read them aloud. */
export const shortId = (id: string) => (id.length > 10 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id)
