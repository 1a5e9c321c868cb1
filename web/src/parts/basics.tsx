// SPDX-License-Identifier: Apache-2.0
// Segments, menus, dialogs, the command line, states: small, without knowledge of any page.
import type { ComponentChildren } from 'preact'
import { signal } from '@preact/signals'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { ApiError } from '../state/api'
import { go, setOptions } from '../state/route'
import { project } from '../state/session'
import { count } from '../words/format'
import { failureWords } from '../words/failures'
import { t } from '../words/words'
import { Icon, type IconName } from './icons'

/** One of a few, side by side. */
export function Segment<T extends string>({ label, value, choices, onChange }: { label: string; value: T; choices: { value: T; label: string; disabled?: boolean; title?: string }[]; onChange: (value: T) => void }) {
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    const open = choices.filter((choice) => !choice.disabled)
    const next = open[(open.findIndex((choice) => choice.value === value) + step + open.length) % open.length]
    onChange(next.value)
    ;(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('button')[choices.indexOf(next)]?.focus()
  }
  return (
    <div class="segment" role="radiogroup" aria-label={label} onKeyDown={keys}>
      {choices.map((choice) => (
        <button key={choice.value} type="button" role="radio" aria-checked={choice.value === value} disabled={choice.disabled} title={choice.title} tabindex={choice.value === value ? 0 : -1} onClick={() => onChange(choice.value)}>
          {choice.label}
        </button>
      ))}
    </div>
  )
}

/** Closes on Escape and on a click elsewhere; the focus returns to the button. */
export function Menu({ label, icon, text, left, square, children }: { label: string; icon?: IconName; text?: ComponentChildren; left?: boolean; square?: boolean; children: (close: () => void) => ComponentChildren }) {
  const [open, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const close = () => (setOpen(false), button.current?.focus())
  useEffect(() => {
    if (!open) return
    const outside = (event: Event) => !box.current?.contains(event.target as Node) && setOpen(false)
    addEventListener('pointerdown', outside)
    box.current?.querySelector<HTMLElement>('.float button, .float input, .float textarea, .float a')?.focus()
    return () => removeEventListener('pointerdown', outside)
  }, [open])
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && open) return event.stopPropagation(), close()
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const items = [...(box.current?.querySelectorAll<HTMLElement>('.menu-list button') ?? [])]
    if (!open || !step || !items.length || !items.includes(document.activeElement as HTMLElement)) return
    event.preventDefault()
    items[(items.indexOf(document.activeElement as HTMLElement) + step + items.length) % items.length]?.focus()
  }
  return (
    <div class="menu" ref={box} onKeyDown={keys}>
      <button ref={button} type="button" class={square ? 'button square' : 'button'} aria-label={typeof text === 'string' && text !== label ? `${label}: ${text}` : label} title={label} aria-expanded={open} onClick={() => setOpen(!open)}>
        {icon && <Icon name={icon} />}
        {text}
        {text && <Icon name="chevron" />}
      </button>
      {open && <div class={left ? 'float left' : 'float'}>{children(close)}</div>}
    </div>
  )
}

/** A list to choose one from. */
export function Choice({ label, value, choices, icon, left, onChange }: { label: string; value: string; choices: { value: string; label: string }[]; icon?: IconName; left?: boolean; onChange: (value: string) => void }) {
  return (
    <Menu label={label} icon={icon} left={left} text={choices.find((choice) => choice.value === value)?.label ?? value}>
      {(close) => (
        <div class="menu-list" role="radiogroup" aria-label={label}>
          {choices.map((choice) => (
            <button key={choice.value} type="button" role="radio" aria-checked={choice.value === value} onClick={() => (onChange(choice.value), close())}>
              {choice.label}
            </button>
          ))}
        </div>
      )}
    </Menu>
  )
}

/** What floats over the page and takes the focus until it is closed: `drawer` at the right, `dialog` in the middle. */
export function Over({ kind, label, onClose, children }: { kind: 'drawer' | 'dialog'; label: string; onClose: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null
    box.current?.focus()
    return () => before?.focus?.()
  }, [])
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return event.stopPropagation(), onClose()
    if (event.key !== 'Tab') return
    const stops = [...box.current!.querySelectorAll<HTMLElement>('a[href], button:not([disabled]), input, select, textarea, [tabindex="0"]')].filter((one) => one.offsetParent)
    const edge = event.shiftKey ? stops[0] : stops.at(-1)
    if (document.activeElement !== edge && document.activeElement !== box.current) return
    if (document.activeElement === box.current && !event.shiftKey) return
    event.preventDefault()
    ;(event.shiftKey ? stops.at(-1) : stops[0])?.focus()
  }
  return (
    <>
      <div class="drawer-shade" onClick={onClose} />
      <div class={kind} role="dialog" aria-modal="true" aria-label={label} ref={box} tabindex={-1} onKeyDown={keys}>
        {children}
      </div>
    </>
  )
}

const said = signal<{ text: string; undo?: () => void } | undefined>(undefined)
let silence: ReturnType<typeof setTimeout>
/** A sentence at the foot of the page, read aloud; with a way back where there is one. */
export function say(text: string, undo?: () => void) {
  said.value = { text, undo }
  clearTimeout(silence)
  silence = setTimeout(() => (said.value = undefined), undo ? 10000 : 4000)
}
export const Toast = () => (
  <div role="status" aria-live="polite">
    {said.value && (
      <p class="toast">
        {said.value.text}
        {said.value.undo && (
          <button type="button" onClick={() => (said.value!.undo!(), (said.value = undefined))}>
            {t('action.undo')}
          </button>
        )}
      </p>
    )}
  </div>
)

export async function copy(text: string) {
  await navigator.clipboard.writeText(text)
  say(t('action.copied'))
}

export const Command = ({ text }: { text: string }) => (
  <div class="command">
    <pre tabindex={0}>{text}</pre>
    <button type="button" class="button square" aria-label={t('action.copy')} title={t('action.copy')} onClick={() => copy(text)}>
      <Icon name="copy" />
    </button>
  </div>
)

export function Field({ label, error, hint, children }: { label: string; error?: string; hint?: string; children: (id: string) => ComponentChildren }) {
  const id = useId()
  return (
    <label class="field" for={id}>
      <span>{label}</span>
      {children(id)}
      {error ? (
        <span class="field-error" role="alert">
          {error}
        </span>
      ) : (
        hint && <span class="quiet">{hint}</span>
      )}
    </label>
  )
}

/** What is, what stays, and one button that does the next thing. */
export function State({ title, text, children }: { title: string; text?: string; children?: ComponentChildren }) {
  return (
    <section class="state" role="status">
      <h1>{title}</h1>
      {text && <p class="quiet">{text}</p>}
      {children && <div class="actions">{children}</div>}
    </section>
  )
}

export function Failure({ problem, again }: { problem: ApiError; again?: () => void }) {
  const words = failureWords(problem)
  return (
    <State title={words.title} text={words.text}>
      {problem.where && <code>{problem.where}</code>}
      {again && (
        <button type="button" class="button primary" onClick={again}>
          {t('action.again')}
        </button>
      )}
    </State>
  )
}

export function Waiting({ slow, cancel }: { slow: boolean; cancel?: () => void }) {
  const events = project.value?.events
  return (
    <section class="state" aria-busy="true">
      <h1 class="quiet">{slow ? (events ? t('state.counting', { n: count(events) }) : t('state.waiting')) : '\u00a0'}</h1>
      {slow && (
        <p class="progress" role="status">
          <span />
          {cancel && (
            <button type="button" class="button" onClick={cancel}>
              {t('action.cancel')} <kbd class="key">Esc</kbd>
            </button>
          )}
        </p>
      )}
    </section>
  )
}

export const EmptyPeriod = () => (
  <State title={t('state.empty_period')} text={t('state.stays')}>
    <button type="button" class="button primary" onClick={() => setOptions({ from: undefined, to: undefined, where: undefined, among: undefined, persona: undefined })}>
      {t('state.whole_time')}
    </button>
  </State>
)

export const NotFound = () => (
  <State title={t('state.not_found')} text={t('state.not_found_text')}>
    <button type="button" class="button primary" onClick={() => go('/')}>
      {t('state.home')}
    </button>
  </State>
)
