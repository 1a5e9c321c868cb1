// SPDX-License-Identifier: Apache-2.0
// The top bar: what the page is, then its own controls, then period, filter, link, export.
import type { ComponentChildren } from 'preact'
import { signal } from '@preact/signals'
import { option, setOptions } from '../state/route'
import { labelOf, project } from '../state/session'
import { connection, offSince } from '../state/stream'
import { clock } from '../words/format'
import { t } from '../words/words'
import { Choice, copy, Menu, Segment } from './basics'
import { ConditionField } from './condition'
import { Icon } from './icons'
import { Period } from './period'

export function Live() {
  const state = connection.value
  const text = state === 'off' && offSince.value ? t('frame.offline', { time: clock(offSince.value) }) : t('frame.live')
  return (
    <span class="live" data-state={project.value?.live ? state : state === 'off' ? 'off' : 'file'} role="status">
      <i />
      <span class="bar-extra">{text}</span>
    </span>
  )
}

export function Filter() {
  const n = Number(!!option('where')) + Number(!!option('among'))
  return (
    <Menu label={t('filter.label')} icon="filter" text={n ? `${t('filter.label')} (${n})` : t('filter.label')}>
      {(close) => (
        <div class="filter">
          <ConditionField label={t('filter.where')} hint={t('filter.where_hint')} scope="event" value={option('where') ?? ''} onChange={(where) => setOptions({ where: where || undefined })} />
          <ConditionField label={t('filter.among')} hint={t('filter.among_hint')} scope="person" value={option('among') ?? ''} onChange={(among) => setOptions({ among: among || undefined })} />
          {n > 0 && (
            <button type="button" class="button" onClick={() => (setOptions({ where: undefined, among: undefined }), close())}>
              {t('filter.clear')}
            </button>
          )}
        </div>
      )}
    </Menu>
  )
}

const phone = matchMedia('(max-width: 720px)')
const narrow = signal(phone.matches)
phone.addEventListener('change', () => (narrow.value = phone.matches))

export function Persona() {
  const personas = project.value?.personas ?? []
  if (!personas.length) return null
  const choices = [{ value: '', label: t('persona.all') }, ...personas.map((one) => ({ value: one.name, label: labelOf(personas, one.name) }))]
  const value = option('persona') ?? ''
  const set = (name: string) => setOptions({ persona: name || undefined })
  return personas.length > 5 || narrow.value ? (
    <Choice label={t('persona.label')} value={value} choices={choices} left onChange={set} />
  ) : (
    <Segment label={t('persona.label')} value={value} choices={choices} onChange={set} />
  )
}

/** `formats`: addresses of what the page exports, by name; `plain`: a page without a period. */
export function Bar({ title, left, children, formats, plain }: { title: string; left?: ComponentChildren; children?: ComponentChildren; plain?: boolean; formats?: { label: string; href: string; name: string }[] }) {
  return (
    <header class="bar">
      <div class="bar-left">
        <p class="bar-title">{title}</p>
        {left}
      </div>
      <div class="bar-right">
        {children}
        {!plain && <Period />}
        {!plain && (
          <span class="bar-extra">
            <Filter />
          </span>
        )}
        <button type="button" class="button square bar-extra" aria-label={t('action.link')} title={t('action.link')} onClick={() => copy(location.href)}>
          <Icon name="link" />
        </button>
        {formats && (
          <span class="bar-extra">
            <Menu label={t('action.export')} icon="download" square>
              {(close) => (
                <div class="menu-list">
                  {formats.map((format) => (
                    <a key={format.name} class="button plain" href={format.href} download={format.name} onClick={() => setTimeout(close, 0)}>
                      {format.label}
                    </a>
                  ))}
                </div>
              )}
            </Menu>
          </span>
        )}
        <Live />
      </div>
    </header>
  )
}
