// SPDX-License-Identifier: Apache-2.0
// The project file while it is edited. Comments and order of the text stay; a key that only the preset has is copied into
// the file when it is changed for the first time.
import { computed, signal } from '@preact/signals'
import { Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'
import { address, ApiError, get, post, put } from '../../state/api'
import { loadSession } from '../../state/session'
import { merge, settled, type Choice, type Merged } from './merge'

export interface Stored {
  text: string
  number: number
  default: boolean
  preset_text: string
}
export interface Effect {
  figure: string
  before: number | null
  after: number | null
}
export interface Check {
  effects: Effect[]
  notes?: string[]
}

const DRAFT = 'etappe.project.draft'

export const stored = signal<Stored | undefined>(undefined)
export const draft = signal('')
export const problem = signal<ApiError | undefined>(undefined)
/** Somebody else applied since this text was loaded. `merged` is missing where one of the texts cannot be read. */
export interface Clash {
  theirs: Stored
  merged?: Merged
  who?: { name: string; time: string }
}
export const conflict = signal<Clash | undefined>(undefined)
export const check = signal<Check | undefined>(undefined)
export const checking = signal(false)
export const past = signal<string[]>([])
export const changed = computed(() => stored.value !== undefined && draft.value !== stored.value.text)

export async function load() {
  try {
    const found = await get<Stored>('/api/v1/project')
    const kept = readDraft()
    draft.value = kept?.text ?? found.text
    stored.value = kept ? { ...found, ...kept.base } : found
    problem.value = undefined
    if (kept && kept.base.number !== found.number) await clash(found)
  } catch (failure) {
    problem.value = failure as ApiError
  }
}

interface Draft {
  text: string
  base: { text: string; number: number } // the version that it was made from
}
function readDraft(): Draft | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(DRAFT) ?? 'null') as Draft | null
    return kept?.base ? kept : undefined
  } catch {
    return undefined
  }
}
const keepDraft = () => sessionStorage.setItem(DRAFT, JSON.stringify({ text: draft.value, base: { text: stored.value!.text, number: stored.value!.number } } satisfies Draft))

/** A new text of the draft; the one before can be taken back. */
export function edit(text: string) {
  if (text === draft.value) return
  past.value = [...past.value.slice(-50), draft.value]
  draft.value = text
  keepDraft()
  check.value = undefined
}

export function undo() {
  const before = past.value.at(-1)
  if (before === undefined) return
  past.value = past.value.slice(0, -1)
  draft.value = before
  keepDraft()
  check.value = undefined
}

export function discard() {
  sessionStorage.removeItem(DRAFT)
  draft.value = stored.value?.text ?? ''
  past.value = []
  check.value = problem.value = undefined
}

export async function tryOut() {
  checking.value = true
  try {
    check.value = await post<Check>('/api/v1/project/check', { text: draft.value })
    problem.value = undefined
  } catch (failure) {
    problem.value = failure as ApiError
  }
  checking.value = false
}

export async function apply(): Promise<boolean> {
  try {
    await put('/api/v1/project', { text: draft.value, number: stored.value!.number })
  } catch (failure) {
    const error = failure as ApiError
    if (error.status !== 409) return (problem.value = error), false
    await clash(await get<Stored>('/api/v1/project'))
    return false
  }
  sessionStorage.removeItem(DRAFT)
  past.value = []
  check.value = problem.value = conflict.value = undefined
  await load()
  await loadSession()
  return true
}

/** Who applied last, where the audit says so. */
async function whoApplied(): Promise<Clash['who']> {
  try {
    const { entries } = await get<{ entries: { time: string; actor: string; action: string }[] }>(address('/api/v1/audit', { limit: 50 }))
    const last = entries.find((one) => one.action === 'project.apply')
    if (!last) return undefined
    const { accounts } = await get<{ accounts: { id: number; name: string }[] }>('/api/v1/accounts')
    return { name: accounts.find((one) => `account:${one.id}` === last.actor)?.name ?? last.actor, time: last.time }
  } catch {
    return undefined
  }
}

async function clash(theirs: Stored) {
  const merged = merge(stored.value!.text, draft.value, theirs.text, theirs.preset_text)
  conflict.value = { theirs, merged, who: await whoApplied() }
}

/** After somebody else applied: go on from theirs with this text. What stood here before can be taken back. */
function goOn(text: string) {
  stored.value = conflict.value!.theirs
  conflict.value = problem.value = undefined
  edit(text)
  if (text === stored.value.text) sessionStorage.removeItem(DRAFT)
  else keepDraft()
}
export const settle = (choices: Choice[]) => goOn(settled(conflict.value!.merged!, choices))
/** Without a merge: one of the two whole. */
export const settleWhole = (mine: boolean) => goOn(mine ? draft.value : conflict.value!.theirs.text)

export type Entry = Record<string, unknown>

const listIn = (document: Document, key: string): YAMLSeq | undefined => {
  const found = document.get(key)
  return isSeq(found) ? found : undefined
}

/** The entries under a key as they hold now: the file's, else the preset's. */
export function entries(key: string): { list: Entry[]; preset: boolean } {
  const own = listIn(parseDocument(draft.value), key)
  if (own) return { list: own.toJSON() as Entry[], preset: false }
  const preset = listIn(parseDocument(stored.value?.preset_text ?? ''), key)
  return { list: (preset?.toJSON() as Entry[]) ?? [], preset: true }
}

function change(key: string, work: (list: YAMLSeq, document: Document) => void) {
  const document = parseDocument(draft.value.trim() ? draft.value : 'version: 1\n')
  if (!isMap(document.contents)) return
  if (!listIn(document, key)) document.set(key, document.createNode(entries(key).list))
  work(listIn(document, key)!, document)
  edit(document.toString({ lineWidth: 0 }))
}

export const setField = (key: string, at: number, field: string, value: unknown) =>
  change(key, (list) => {
    const entry = list.items[at] as YAMLMap
    if (value === undefined || value === '') entry.delete(field)
    else entry.set(field, value)
  })
export const addEntry = (key: string, entry: Entry) => change(key, (list, document) => void list.items.push(document.createNode(entry)))
export const removeEntry = (key: string, at: number) => change(key, (list) => void list.items.splice(at, 1))
export const moveEntry = (key: string, at: number, to: number) =>
  change(key, (list) => {
    if (to >= 0 && to < list.items.length) list.items.splice(to, 0, ...list.items.splice(at, 1))
  })
