// SPDX-License-Identifier: Apache-2.0
// The keyboard: G and a letter for pages, Ctrl K for everything, ? for the list of keys.
import { signal } from '@preact/signals'
import { useState } from 'preact/hooks'
import { letters } from '../state/prefs'
import { go, link } from '../state/route'
import { labelOf, project, seesPersons, touchpointName } from '../state/session'
import { paused } from '../state/stream'
import { pages } from '../views/catalogue'
import { known, t, type Word } from '../words/words'
import { Over } from './basics'
import { shiftPeriod } from './period'

export const palette = signal(false)
export const keyHelp = signal(false)

/** A page's own keys while it is open; returns what takes them away again. */
type Own = (event: KeyboardEvent) => boolean
const own: Own[] = []
export function ownKeys(keys: Own): () => void {
  own.push(keys)
  return () => void own.splice(own.indexOf(keys), 1)
}

const typing = (target: EventTarget | null) => target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
let afterG = 0

function letter(event: KeyboardEvent): boolean {
  if (Date.now() - afterG < 1500) {
    afterG = 0
    const page = pages.find((one) => one.letter === event.key.toLowerCase())
    if (page) go(link(page.path))
    return !!page
  }
  if (event.key === 'g') afterG = Date.now()
  else if (event.key === '?') keyHelp.value = true
  else if (event.key === '[') shiftPeriod(-1)
  else if (event.key === ']') shiftPeriod(1)
  else return false
  return true
}

export function listenToKeys() {
  addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') return event.preventDefault(), void (palette.value = true)
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z' && !event.shiftKey && !typing(event.target)) return event.preventDefault(), history.back()
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('[aria-modal="true"]')) return
    if (event.key === ' ' && event.target === document.body) return event.preventDefault(), void (paused.value = !paused.value)
    if (own.some((keys) => keys(event)) || (letters.value && letter(event))) event.preventDefault()
  })
}

const KEYS: [string, Word][] = [
  ['Ctrl K', 'keys.palette'],
  ['G H M P F A S J L', 'keys.pages'],
  ['← → ↑ ↓ Home End', 'keys.move'],
  ['Enter', 'keys.inspect'],
  ['P', 'keys.persons'],
  ['C', 'keys.command'],
  ['Esc', 'keys.back'],
  ['[ ]', 'keys.period'],
  ['Alt ↑ ↓', 'keys.order'],
  ['Space', 'keys.pause'],
  ['Ctrl Z', 'keys.undo'],
  ['?', 'keys.all'],
]

export const KeyHelp = () => (
  <Over kind="dialog" label={t('frame.keys')} onClose={() => (keyHelp.value = false)}>
    <h1>{t('frame.keys')}</h1>
    <table class="rows">
      <tbody>
        {KEYS.map(([key, word]) => (
          <tr key={key}>
            <td>
              {key.split(' ').map((one) => (
                <kbd key={one} class="key">
                  {one}
                </kbd>
              ))}
            </td>
            <td>{t(word)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Over>
)

interface Found {
  text: string
  kind: string
  to: string
}

function search(text: string): Found[] {
  const wanted = text.trim().toLowerCase()
  const after = (touchpoint: string) => link('/paths', { after: `touchpoint = ${JSON.stringify(touchpoint)}` })
  const complaint = project.value?.touchpoints.find((one) => /complaint|reklamation|beschwerde/i.test(one.name + one.label_de))
  const found: Found[] = []
  found.push({ text: t('palette.lose'), kind: t('palette.question'), to: link('/map') }, { text: t('palette.new'), kind: t('palette.question'), to: link('/attribution', { customers: 'new', show: 'conversions' }) })
  if (complaint) found.push({ text: t('palette.then', { x: touchpointName(complaint.name) }), kind: t('palette.question'), to: after(complaint.name) })
  found.push(...pages.filter((page) => page.icon).map((page) => ({ text: t(page.title), kind: t('palette.page'), to: link(page.path) })))
  for (const persona of project.value?.personas ?? []) found.push({ text: labelOf(project.value?.personas, persona.name), kind: t('persona.label'), to: link('/map', { persona: persona.name }) })
  for (const point of project.value?.touchpoints ?? []) found.push({ text: t('paths.after_x', { x: touchpointName(point.name) }), kind: t('palette.touchpoint'), to: after(point.name) })
  if (wanted && seesPersons.value) found.push({ text: text.trim(), kind: t('persons.person'), to: `/person/${encodeURIComponent(text.trim())}` })
  return found.filter((one) => !wanted || one.text.toLowerCase().includes(wanted)).slice(0, wanted ? 12 : 14)
}

export function Palette() {
  const [text, setText] = useState('')
  const [active, setActive] = useState(0)
  const found = search(text)
  const close = () => (palette.value = false)
  const open = (one: Found | undefined) => one && (close(), go(one.to))
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Enter') open(found[active])
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step || !found.length) return
    event.preventDefault()
    setActive((active + step + found.length) % found.length)
  }
  return (
    <Over kind="dialog" label={t('frame.search')} onClose={close}>
      <input
        class="input"
        autofocus
        placeholder={t('frame.search')}
        aria-label={t('frame.search')}
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${active}`}
        value={text}
        onInput={(event) => (setText(event.currentTarget.value), setActive(0))}
        onKeyDown={keys}
        ref={(element) => void (!text && element?.focus())}
      />
      <ul id="palette-list" class="condition-list" role="listbox" aria-label={t('frame.search')}>
        {found.map((one, n) => (
          <li key={one.to + one.text} id={`palette-${n}`} role="option" aria-selected={n === active} onClick={() => open(one)}>
            {one.text}
            <span class="quiet">{known(one.kind) ? t(one.kind) : one.kind}</span>
          </li>
        ))}
      </ul>
    </Over>
  )
}
