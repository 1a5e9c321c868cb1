// SPDX-License-Identifier: Apache-2.0
// The period of all figures: whole days in the project's zone.
import { useState } from 'preact/hooks'
import { option, setOptions } from '../state/route'
import { project } from '../state/session'
import { period } from '../words/format'
import { t } from '../words/words'
import { Field, Menu } from './basics'

const iso = (date: Date) => date.toISOString().slice(0, 10)
const shifted = (date: Date, days: number) => new Date(date.getTime() + days * 86_400_000)

/** Today, as the project's zone and clock have it. */
function today(): Date {
  const model = project.value
  return new Date(new Intl.DateTimeFormat('en-CA', { timeZone: model?.timezone ?? 'UTC' }).format(model ? new Date(model.now) : new Date()))
}

export function ranges(): { name: string; from?: string; to?: string }[] {
  const now = today()
  const y = now.getUTCFullYear()
  const m = now.getUTCMonth()
  const first = (year: number, month: number) => new Date(Date.UTC(year, month, 1))
  return [
    { name: t('period.all') },
    { name: t('period.days', { n: 7 }), from: iso(shifted(now, -6)), to: iso(now) },
    { name: t('period.days', { n: 30 }), from: iso(shifted(now, -29)), to: iso(now) },
    { name: t('period.days', { n: 90 }), from: iso(shifted(now, -89)), to: iso(now) },
    { name: t('period.month'), from: iso(first(y, m)), to: iso(now) },
    { name: t('period.last_month'), from: iso(first(y, m - 1)), to: iso(shifted(first(y, m), -1)) },
    { name: t('period.year'), from: iso(first(y, 0)), to: iso(now) },
    { name: t('period.last_year'), from: iso(first(y - 1, 0)), to: iso(shifted(first(y, 0), -1)) },
  ]
}

/** Moves the period by its own length; without one nothing moves. */
export function shiftPeriod(direction: 1 | -1) {
  const from = option('from')
  const to = option('to')
  if (!from || !to) return
  const days = Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1
  setOptions({ from: iso(shifted(new Date(from), direction * days)), to: iso(shifted(new Date(to), direction * days)) })
}

function Own({ close }: { close: () => void }) {
  const [from, setFrom] = useState(option('from') ?? '')
  const [to, setTo] = useState(option('to') ?? '')
  return (
    <form
      class="period-own"
      onSubmit={(event) => {
        event.preventDefault()
        setOptions({ from: from || undefined, to: to || undefined })
        close()
      }}
    >
      <Field label={t('period.from')}>{(id) => <input id={id} class="input" type="date" value={from} max={to || undefined} onInput={(event) => setFrom(event.currentTarget.value)} />}</Field>
      <Field label={t('period.to')}>{(id) => <input id={id} class="input" type="date" value={to} min={from || undefined} onInput={(event) => setTo(event.currentTarget.value)} />}</Field>
      <button type="submit" class="button primary">
        {t('period.apply')}
      </button>
    </form>
  )
}

export function Period() {
  const from = option('from')
  const to = option('to')
  return (
    <Menu label={t('period.label')} icon="calendar" text={period(from, to) ?? t('period.all')}>
      {(close) => (
        <>
          <div class="menu-list" role="radiogroup" aria-label={t('period.label')}>
            {ranges().map((range) => (
              <button key={range.name} type="button" role="radio" aria-checked={range.from === from && range.to === to} onClick={() => (setOptions({ from: range.from, to: range.to }), close())}>
                {range.name}
                {range.from && <span class="quiet">{period(range.from, range.to)}</span>}
              </button>
            ))}
          </div>
          <Own close={close} />
        </>
      )}
    </Menu>
  )
}
