// SPDX-License-Identifier: Apache-2.0
// The address holds the question: page, period, conditions and the page's own options under the names that the
// command line has. Whoever opens a link sees the same figures.
import { computed, signal } from '@preact/signals'

const here = () => ({ path: location.pathname, search: new URLSearchParams(location.search) })
export const place = signal(here())
addEventListener('popstate', () => (place.value = here()))

export const path = computed(() => place.value.path)
export const option = (name: string) => place.value.search.get(name) ?? undefined
export const options = (name: string) => place.value.search.getAll(name)

type Change = Record<string, string | string[] | undefined>

function changed(search: URLSearchParams, change: Change): URLSearchParams {
  const next = new URLSearchParams(search)
  for (const [name, value] of Object.entries(change)) {
    next.delete(name)
    for (const one of Array.isArray(value) ? value : [value]) if (one) next.append(name, one)
  }
  return next
}

/** What every page keeps when you go from one to the next. */
export const COMMON = ['from', 'to', 'where', 'among', 'persona'] as const

export function link(to: string, change: Change = {}): string {
  const kept = new URLSearchParams()
  for (const name of COMMON) for (const value of place.value.search.getAll(name)) kept.append(name, value)
  const text = changed(kept, change).toString()
  return text ? `${to}?${text}` : to
}

export function go(to: string, replace = false) {
  history[replace ? 'replaceState' : 'pushState'](null, '', to)
  place.value = here()
  if (replace) return
  scrollTo(0, 0)
  document.querySelector('.page')?.scrollTo(0, 0)
}

/** Changes options of the page that is open; each change can be taken back by the browser's own button and Ctrl Z. */
export function setOptions(change: Change, replace = false) {
  const text = changed(place.value.search, change).toString()
  history[replace ? 'replaceState' : 'pushState'](null, '', text ? `${location.pathname}?${text}` : location.pathname)
  place.value = here()
}

/** Plain left clicks on links of ours stay in the page. */
export function follow(event: MouseEvent) {
  const anchor = (event.target as Element).closest?.('a[href]') as HTMLAnchorElement | null
  if (!anchor || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  if (anchor.origin !== location.origin || anchor.target || anchor.hasAttribute('download') || anchor.pathname.startsWith('/api/')) return
  event.preventDefault()
  go(anchor.pathname + anchor.search)
}
