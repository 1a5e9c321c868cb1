// SPDX-License-Identifier: Apache-2.0
// A condition as text, completed with the names and values that are really there. Only what the server could read
// reaches the page's options: half a sentence never breaks a picture.
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { address, ApiError, get } from '../state/api'
import { count } from '../words/format'
import { failureWords } from '../words/failures'
import { t } from '../words/words'

interface Completion {
  from: number // where in the text the choices begin
  to: number
  choices: { text: string; insert: string; count?: number }[]
  matches?: number // persons or events that the whole condition keeps, when it is complete
  unit?: 'events' | 'persons'
  error?: { code: string; message: string; where?: string; hint?: string }
}

const PAUSE_MS = 200

export function ConditionField({ label, value, hint, scope, onChange }: { label: string; value: string; hint?: string; scope: 'event' | 'person'; onChange: (text: string) => void }) {
  const [text, setText] = useState(value)
  const [found, setFound] = useState<Completion>()
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(0)
  const area = useRef<HTMLTextAreaElement>(null)
  const id = useId()
  useEffect(() => setText(value), [value])
  const ask = (now: string, at: number, stop: AbortSignal) =>
    get<Completion>(address('/api/v1/complete', { text: now, at, scope }), stop).then(
      (answer) => {
        setFound(answer)
        setActive(0)
        if (!answer.error && now.trim() !== value.trim()) onChange(now.trim())
      },
      (problem) => problem instanceof ApiError && setFound({ from: at, to: at, choices: [], error: { code: problem.code, message: failureWords(problem).text } }),
    )
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    if (!turn) return
    const stop = new AbortController()
    const timer = setTimeout(() => {
      if (!text.trim()) return setFound(undefined), onChange('')
      void ask(text, area.current?.selectionStart ?? text.length, stop.signal)
    }, PAUSE_MS)
    return () => (clearTimeout(timer), stop.abort())
  }, [text, turn])
  const choices = open ? (found?.choices ?? []).slice(0, 8) : []
  const take = (n: number) => {
    const choice = choices[n]
    if (!choice || !found) return
    const next = text.slice(0, found.from) + choice.insert + text.slice(found.to)
    setText(next)
    setOpen(false)
    setTurn((k) => k + 1)
    requestAnimationFrame(() => {
      area.current?.focus()
      area.current?.setSelectionRange(found.from + choice.insert.length, found.from + choice.insert.length)
    })
  }
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && choices.length) return event.stopPropagation(), setOpen(false)
    if (event.key === 'Enter' && !choices.length) return event.preventDefault()
    if (!choices.length) return
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setActive((active + (event.key === 'ArrowDown' ? 1 : -1) + choices.length) % choices.length)
    } else if (event.key === 'Enter' || event.key === 'Tab') {
      event.preventDefault()
      take(active)
    }
  }
  return (
    <div class="field condition">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        ref={area}
        class="input"
        rows={2}
        spellcheck={false}
        autocomplete="off"
        aria-autocomplete="list"
        aria-controls={choices.length ? `${id}-list` : undefined}
        aria-activedescendant={choices.length ? `${id}-${active}` : undefined}
        aria-invalid={!!found?.error && text.trim() !== ''}
        aria-describedby={`${id}-note`}
        value={text}
        onInput={(event) => (setText(event.currentTarget.value), setOpen(true), setTurn((k) => k + 1))}
        onFocus={() => setTurn((k) => k + 1)}
        onBlur={() => setTimeout(() => setOpen(false), 150)}
        onKeyDown={keys}
      />
      {choices.length > 0 && (
        <ul id={`${id}-list`} class="condition-list" role="listbox" aria-label={label}>
          {choices.map((choice, n) => (
            <li key={choice.insert} id={`${id}-${n}`} role="option" aria-selected={n === active} onPointerDown={(event) => (event.preventDefault(), take(n))}>
              {choice.text}
              {choice.count !== undefined && <span class="quiet">{count(choice.count)}</span>}
            </li>
          ))}
        </ul>
      )}
      <p id={`${id}-note`} class="quiet" role="status">
        {text.trim() && found?.error ? (
          <>
            {t('filter.unfinished')} {failureWords(new ApiError(400, found.error.code, found.error.message, found.error.where, found.error.hint)).text}
          </>
        ) : text.trim() && found?.matches !== undefined ? (
          t(found.unit === 'persons' ? 'filter.matching_persons' : 'filter.matching_events', { n: count(found.matches) })
        ) : (
          hint
        )}
      </p>
    </div>
  )
}
