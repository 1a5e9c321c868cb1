// SPDX-License-Identifier: Apache-2.0
// Goals, stages, touchpoints, channels, personas: a list left, the chosen one as a form, what a change would do before
// it is applied; and the whole file as text.
import { useEffect, useState } from 'preact/hooks'
import { stringify } from 'yaml'
import { Failure, say, Segment, Waiting } from '../../parts/basics'
import { ConditionField } from '../../parts/condition'
import { Icon } from '../../parts/icons'
import { language } from '../../state/prefs'
import { labelOf, project, role } from '../../state/session'
import { count, dayTime } from '../../words/format'
import { failureWords, serverWords } from '../../words/failures'
import { known, t, type Word } from '../../words/words'
import { addEntry, apply, changed, check, checking, conflict, discard, draft, edit, entries, load, moveEntry, past, problem, removeEntry, setField, settle, settleWhole, stored, tryOut, undo, type Entry } from './file'
import { canJoin, type Choice, type Merged, type Step } from './merge'

type Kind = 'text' | 'condition' | 'person' | 'flag' | 'duration' | { choices: string[] }
interface FieldOf {
  name: string
  word: Word
  kind: Kind
  fallback?: boolean
}

const names: FieldOf[] = [
  { name: 'name', word: 'define.name', kind: 'text' },
  { name: 'label', word: 'define.label', kind: 'text' },
  { name: 'label_de', word: 'define.label_de', kind: 'text' },
]
const FAMILIES = ['ads', 'social', 'search', 'web', 'mail', 'store', 'service', 'club']
const FORMS: Record<string, FieldOf[]> = {
  goals: [...names, { name: 'when', word: 'define.when', kind: 'condition' }, { name: 'value', word: 'define.value', kind: 'text' }, { name: 'order', word: 'define.order', kind: 'text' }, { name: 'count', word: 'define.count', kind: { choices: ['each', 'per_visit', 'per_journey', 'per_person'] } }, { name: 'closes', word: 'define.closes', kind: 'flag' }, { name: 'lookback', word: 'define.lookback', kind: 'duration' }, { name: 'inactivity', word: 'define.inactivity', kind: 'duration' }],
  stages: [...names, { name: 'when', word: 'define.when_stage', kind: 'condition' }, { name: 'lapse_after', word: 'define.lapse_after', kind: 'duration' }, { name: 'lapse_to', word: 'define.lapse_to', kind: 'text' }],
  touchpoints: [...names, { name: 'family', word: 'define.family', kind: { choices: FAMILIES } }, { name: 'when', word: 'define.when', kind: 'condition' }, { name: 'direct', word: 'define.direct', kind: 'flag', fallback: true }, { name: 'online', word: 'define.online', kind: 'flag', fallback: true }, { name: 'aftersales', word: 'define.aftersales', kind: 'flag' }],
  channels: [...names, { name: 'when', word: 'define.when_channel', kind: 'condition' }],
  personas: [...names, { name: 'when', word: 'define.when_person', kind: 'person' }],
  relationships: [...names, { name: 'when', word: 'define.when_person', kind: 'person' }],
}

/** What holds while a duration is not stated. */
function byDefault(field: string): string | undefined {
  const ms = field === 'lookback' ? project.value?.lookback_ms : field === 'inactivity' ? project.value?.inactivity_ms : undefined
  return ms ? `${Math.round(ms / 86_400_000)}d` : undefined
}

function FormField({ part, at, entry, field }: { part: string; at: number; entry: Entry; field: FieldOf }) {
  const value = entry[field.name]
  const set = (next: unknown) => setField(part, at, field.name, next)
  if (field.kind === 'condition' || field.kind === 'person') return <ConditionField label={t(field.word)} scope={field.kind === 'person' ? 'person' : 'event'} value={String(value ?? '')} onChange={(text) => set(text)} />
  if (field.kind === 'flag')
    return (
      <label class="check">
        <input type="checkbox" checked={value === undefined ? !!field.fallback : value === true} onChange={(event) => set(event.currentTarget.checked === !!field.fallback ? undefined : event.currentTarget.checked)} /> {t(field.word)}
      </label>
    )
  return (
    <label class="field">
      <span>{t(field.word)}</span>
      {typeof field.kind === 'object' ? (
        <select class="input" value={String(value ?? field.kind.choices[0])} onChange={(event) => set(event.currentTarget.value)}>
          {[...new Set([...field.kind.choices, ...(value ? [String(value)] : [])])].map((choice) => (
            <option key={choice} value={choice}>
              {known(`family.${choice}`) ? t(`family.${choice}` as Word) : known(`count.${choice}`) ? t(`count.${choice}` as Word) : choice}
            </option>
          ))}
        </select>
      ) : (
        <input class="input" value={String(value ?? '')} placeholder={field.kind === 'duration' ? byDefault(field.name) : undefined} onChange={(event) => set(event.currentTarget.value.trim())} />
      )}
    </label>
  )
}

function Form({ part }: { part: string }) {
  const [at, setAt] = useState(0)
  const { list, preset } = entries(part)
  const chosen = Math.min(at, list.length - 1)
  const entry = list[chosen]
  const label = (one: Entry) => String((language.value === 'de' && one.label_de) || one.label || one.name || '')
  const admin = role.value === 'admin'
  return (
    <div class="two define">
      <div>
        {preset && <p class="quiet">{t('define.preset')}</p>}
        <ol class="define-list">
          {list.map((one, i) => (
            <li key={i}>
              <button type="button" aria-current={i === chosen ? 'true' : undefined} onClick={() => setAt(i)}>
                {typeof one.family === 'string' && <i class="tick" data-family={one.family} />}
                {label(one)}
              </button>
              {admin && i === chosen && (
                <span class="define-move">
                  <button type="button" class="button square plain" aria-label={t('funnel.up')} disabled={!i} onClick={() => (moveEntry(part, i, i - 1), setAt(i - 1))}>
                    ↑
                  </button>
                  <button type="button" class="button square plain" aria-label={t('funnel.down')} disabled={i === list.length - 1} onClick={() => (moveEntry(part, i, i + 1), setAt(i + 1))}>
                    ↓
                  </button>
                </span>
              )}
            </li>
          ))}
        </ol>
        {admin && (
          <button type="button" class="button" onClick={() => (addEntry(part, { name: t('define.new'), when: 'event = "Page Viewed"' }), setAt(list.length))}>
            <Icon name="plus" /> {t('define.add')}
          </button>
        )}
      </div>
      {entry && (
        <fieldset class="define-form" disabled={!admin}>
          <legend class="out-of-sight">{label(entry)}</legend>
          {FORMS[part].map((field) => (
            <FormField key={`${chosen}${field.name}`} part={part} at={chosen} entry={entry} field={field} />
          ))}
          <button type="button" class="button danger" onClick={() => (removeEntry(part, chosen), say(t('define.removed', { name: label(entry) }), undo))}>
            {t('action.remove')}
          </button>
        </fieldset>
      )}
    </div>
  )
}

const Text = () => (
  <textarea class="input file-text" aria-label={t('project.file')} spellcheck={false} rows={34} readOnly={role.value !== 'admin'} value={draft.value} onChange={(event) => edit(event.currentTarget.value)} />
)

/** `goal order: value`, `journeys converted`, `stage decision` in words. */
function figureName(figure: string): string {
  const [kind, name] = [figure.slice(0, figure.indexOf(' ')), figure.slice(figure.indexOf(' ') + 1)]
  if (kind === 'journeys') return `${t('journeys.state')}, ${known(`journeys.${name}`) ? t(`journeys.${name}` as Word) : name}`
  if (kind === 'stage') return t('define.figure_stage', { name: labelOf(project.value?.stages, name) })
  const goal = name.replace(/: value$/, '')
  return goal === name ? t('define.figure_goal', { name: labelOf(project.value?.goals, goal) }) : t('define.figure_value', { name: labelOf(project.value?.goals, goal) })
}

function EffectTable() {
  if (checking.value) return <Waiting slow />
  if (!check.value) return null
  const rows = check.value.effects.filter((one) => one.before !== one.after)
  return (
    <section class="effect" role="status">
      <h2 class="table-title">{t('define.effect')}</h2>
      {!rows.length ? (
        <p class="quiet">{t('define.no_effect')}</p>
      ) : (
        <table class="rows">
          <thead>
            <tr>
              <th>{t('define.figure')}</th>
              <th class="number">{t('define.before')}</th>
              <th class="number">{t('define.after')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one) => (
              <tr key={one.figure}>
                <td>{figureName(one.figure)}</td>
                <td class="number">{one.before === null ? '–' : count(one.before)}</td>
                <td class="number">
                  <strong>{one.after === null ? '–' : count(one.after)}</strong>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {check.value.notes?.map((note) => (
        <p key={note} class="quiet">
          {serverWords(note)}
        </p>
      ))}
    </section>
  )
}

/** `goals › order › When`, in words. */
function placeName(path: Step[]): string {
  const [part] = path
  return path
    .map((step, i) => {
      if (typeof step !== 'string') return `“${step.name}”`.replace('“', t('quote.open')).replace('”', t('quote.close'))
      if (i === 0) return known(`project.${step}`) ? t(`project.${step}` as Word) : step
      const field = FORMS[String(part)]?.find((one) => one.name === step)
      return field ? t(field.word) : step
    })
    .join(' › ')
}
const versionText = (value: unknown, order?: boolean): string => (value === undefined ? t('define.gone') : order ? (value as string[]).join(', ') : typeof value === 'string' ? value : stringify(value).trim())

function Side({ label, value, order }: { label: string; value: unknown; order?: boolean }) {
  return (
    <div class="version">
      <span class="quiet">{label}</span>
      <pre class="mono" tabindex={0}>
        {versionText(value, order)}
      </pre>
    </div>
  )
}

/** What both changed differently, side by side; the rest is merged already. */
function Clashes({ merged, theirs }: { merged: Merged; theirs: string }) {
  const [choices, setChoices] = useState<(Choice | undefined)[]>([])
  const choose = (i: number, choice: Choice) => setChoices(merged.conflicts.map((_, n) => (n === i ? choice : choices[n])))
  const left = merged.conflicts.filter((_, i) => !choices[i]).length
  return (
    <>
      <p>{t(merged.conflicts.length ? 'define.merged_but' : 'define.merged_all', { n: count(merged.conflicts.length), mine: count(merged.mine), theirs: count(merged.theirs) })}</p>
      {merged.conflicts.map((one, i) => (
        <section key={i} class="clash">
          <h3>{placeName(one.path) || t('project.file')}{one.order && ` (${t('define.order_of')})`}</h3>
          <div class="versions">
            <Side label={t('define.mine')} value={one.mine} order={one.order} />
            <Side label={theirs} value={one.theirs} order={one.order} />
          </div>
          <Segment<string>
            label={placeName(one.path)}
            value={choices[i] ?? ''}
            choices={[
              { value: 'mine', label: t('define.take_mine') },
              { value: 'theirs', label: t('define.take_other') },
              ...(canJoin(one) ? [{ value: 'both', label: t('define.take_both') }] : []),
            ]}
            onChange={(value) => choose(i, value as Choice)}
          />
        </section>
      ))}
      <div class="state-actions">
        <button type="button" class="button primary" disabled={left > 0} onClick={() => (settle(choices as Choice[]), void tryOut())}>
          {t('define.go_on')}
        </button>
        {left > 0 && <span class="quiet">{t('define.left_to_choose', { n: count(left) })}</span>}
      </div>
    </>
  )
}

function Conflict() {
  const { theirs, merged, who } = conflict.value!
  const name = who ? `${who.name}, ${dayTime(who.time)}` : t('define.theirs')
  return (
    <section class="effect" role="alert">
      <h2>{who ? t('define.conflict_by', { name: who.name }) : t('define.conflict')}</h2>
      {merged ? (
        <Clashes merged={merged} theirs={name} />
      ) : (
        <>
          <p class="quiet">{t('define.conflict_text')}</p>
          <div class="versions">
            <Side label={t('define.mine')} value={draft.value} />
            <Side label={name} value={theirs.text} />
          </div>
          <div class="state-actions">
            <button type="button" class="button primary" onClick={() => settleWhole(true)}>
              {t('define.take_mine')}
            </button>
            <button type="button" class="button" onClick={() => settleWhole(false)}>
              {t('define.take_other')}
            </button>
          </div>
        </>
      )}
    </section>
  )
}

export function Definitions({ part }: { part: string }) {
  useEffect(() => {
    if (!stored.value) void load()
  }, [])
  if (!stored.value) return problem.value ? <Failure problem={problem.value} again={load} /> : <Waiting slow={false} />
  const save = async () => (await apply()) && say(t('define.applied'))
  return (
    <>
      <h1>{t(`project.${part}` as Word)}</h1>
      <p class="quiet">{t(`project.${part}_text` as Word)}</p>
      {role.value === 'admin' && (
        <div class="define-bar">
          <button type="button" class="button primary" disabled={!changed.value || !!conflict.value} onClick={check.value && !problem.value ? save : tryOut}>
            {t(check.value && !problem.value ? 'define.apply' : 'define.check')}
          </button>
          <button type="button" class="button" disabled={!past.value.length} onClick={undo}>
            <Icon name="undo" /> {t('action.undo')}
          </button>
          <button type="button" class="button" disabled={!changed.value} onClick={discard}>
            {t('define.discard')}
          </button>
          {changed.value && <span class="quiet">{t('define.unsaved')}</span>}
        </div>
      )}
      {problem.value && (
        <p class="field-error" role="alert">
          {problem.value.where ? `${problem.value.where}: ` : ''}
          {failureWords(problem.value).text}
        </p>
      )}
      {conflict.value && <Conflict />}
      <EffectTable />
      {part === 'file' ? <Text /> : <Form key={part} part={part} />}
    </>
  )
}
