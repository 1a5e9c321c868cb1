// SPDX-License-Identifier: Apache-2.0
// Two people changed one project file: what only one of them changed is taken from either side, key by key; what both
// changed differently is a conflict for a person to settle. Entries of a list are known by their name, lists of words are
// joined as sets. Comments stay; nothing is dropped.
//
//     base   goals: [{name: order, count: each}]
//     mine   goals: [{name: order, count: per_visit}]          merged   goals: [{name: order, count: per_visit, closes: true}]
//     theirs goals: [{name: order, count: each, closes: true}]
import { Document, isMap, isNode, isScalar, isSeq, parseDocument, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'

export type Step = string | { name: string } // a key, or the entry of that name
export interface Conflict {
  path: Step[]
  mine: unknown // undefined: removed
  theirs: unknown
  order?: boolean // of the entries of a list; mine and theirs are names
}
export type Choice = 'mine' | 'theirs' | 'both'
export interface Merged {
  text: string // with theirs in place of every conflict
  conflicts: Conflict[]
  mine: number // how many changes came from each side
  theirs: number
}

type Found = Node | undefined
const json = (node: Found) => (node === undefined ? undefined : JSON.stringify(node.toJSON()))
const plain = (node: Found) => (node === undefined ? undefined : (node.toJSON() as unknown))
const copy = (node: Found): Found => (node === undefined ? undefined : (node.clone() as Node))
const asMap = (node: Found): YAMLMap | undefined => (isMap(node) ? node : undefined)
const asSeq = (node: Found): YAMLSeq | undefined => (isSeq(node) ? node : undefined)
const keyOf = (pair: Pair) => String(isScalar(pair.key) ? pair.key.value : pair.key)
const pairOf = (map: YAMLMap | undefined, key: string): Pair | undefined => map?.items.find((pair) => keyOf(pair) === key)
const valueOf = (map: YAMLMap | undefined, key: string): Found => {
  const value = pairOf(map, key)?.value
  return isNode(value) ? value : undefined
}

const nameOf = (item: unknown): string | undefined => {
  const name = isMap(item) ? item.get('name') : undefined
  return typeof name === 'string' && name ? name : undefined
}
/** Names of all entries, or undefined where one has none or a name comes twice. */
function namesOf(list: YAMLSeq | undefined): string[] | undefined {
  const names = (list?.items ?? []).map(nameOf)
  return names.every((name) => name !== undefined) && new Set(names).size === names.length ? (names as string[]) : undefined
}
const isWords = (list: YAMLSeq | undefined) => (list?.items ?? []).every((item) => isScalar(item))
const entry = (list: YAMLSeq | undefined, name: string) => list?.items.find((item) => nameOf(item) === name) as YAMLMap | undefined

class Merge {
  conflicts: Conflict[] = []
  mine = 0
  theirs = 0

  /** A comment that one side changed; both sides' where both did. */
  comment(base: string | null | undefined, mine: string | null | undefined, theirs: string | null | undefined): string | undefined {
    const [b, m, t] = [base ?? undefined, mine ?? undefined, theirs ?? undefined]
    if (m === b || m === t) return t
    return t === b || t === undefined ? m : m === undefined ? t : `${t}\n${m}`
  }
  comments(base: Found, mine: Found, theirs: Found) {
    if (!mine || !theirs) return
    theirs.commentBefore = this.comment(base?.commentBefore, mine.commentBefore, theirs.commentBefore)
    theirs.comment = this.comment(base?.comment, mine.comment, theirs.comment)
  }

  /** What stands in the place of theirs: undefined removes it. */
  value(path: Step[], base: Found, mine: Found, theirs: Found): Found {
    if (isMap(mine) && isMap(theirs)) return this.map(path, asMap(base), mine, theirs)
    if (isSeq(mine) && isSeq(theirs) && namesOf(mine) && namesOf(theirs) && namesOf(asSeq(base))) return this.list(path, asSeq(base), mine, theirs)
    if (isSeq(mine) && isSeq(theirs) && isWords(mine) && isWords(theirs) && isWords(asSeq(base))) return this.words(asSeq(base), mine, theirs)
    const [b, m, t] = [json(base), json(mine), json(theirs)]
    this.comments(base, mine, theirs)
    if (m === t) return theirs
    if (m === b) return this.theirs++, theirs
    if (t === b) return this.mine++, copy(mine)
    this.conflicts.push({ path, mine: plain(mine), theirs: plain(theirs) })
    return theirs
  }

  map(path: Step[], base: YAMLMap | undefined, mine: YAMLMap, theirs: YAMLMap): YAMLMap {
    const keys = new Set([...theirs.items, ...mine.items].map(keyOf))
    this.comments(base, mine, theirs)
    for (const key of keys) {
      const pair = pairOf(theirs, key)
      const found = this.value([...path, key], valueOf(base, key), valueOf(mine, key), valueOf(theirs, key))
      const own = pairOf(mine, key)
      if (pair && own && isScalar(pair.key) && isScalar(own.key)) this.comments(isScalar(pairOf(base, key)?.key) ? (pairOf(base, key)!.key as Node) : undefined, own.key, pair.key)
      if (found === undefined) theirs.delete(key)
      else if (pair) pair.value = found
      else if (own) theirs.items.push(Object.assign(own.clone() as Pair, { value: found }))
    }
    return theirs
  }

  words(base: YAMLSeq | undefined, mine: YAMLSeq, theirs: YAMLSeq): YAMLSeq {
    const texts = (list: YAMLSeq | undefined) => new Set((list?.items ?? []).map((item) => String((item as { value: unknown }).value)))
    const [b, m, t] = [texts(base), texts(mine), texts(theirs)]
    this.comments(base, mine, theirs)
    this.mine += [...m].filter((one) => !b.has(one) && !t.has(one)).length
    theirs.items = theirs.items.filter((item) => {
      const text = String((item as { value: unknown }).value)
      return !b.has(text) || m.has(text) // what I removed goes
    })
    for (const item of mine.items) if (!b.has(String((item as { value: unknown }).value)) && !t.has(String((item as { value: unknown }).value))) theirs.items.push(copy(item as Node)!)
    return theirs
  }

  list(path: Step[], base: YAMLSeq | undefined, mine: YAMLSeq, theirs: YAMLSeq): YAMLSeq {
    const [b, m, t] = [base, mine, theirs].map((list) => namesOf(list)!)
    const kept = new Map<string, Node>()
    this.comments(base, mine, theirs)
    for (const name of new Set([...t, ...m])) {
      const found = this.value([...path, { name }], entry(base, name), entry(mine, name), entry(theirs, name))
      if (found) kept.set(name, found)
    }
    theirs.items = this.order(path, b, m, t)
      .filter((name) => kept.has(name))
      .map((name) => kept.get(name)!)
    return theirs
  }

  /** Names in the order of the side that moved any; what only the other has stands behind the one before it there. */
  order(path: Step[], base: string[], mine: string[], theirs: string[]): string[] {
    const shared = base.filter((name) => mine.includes(name) && theirs.includes(name))
    const of = (names: string[]) => names.filter((name) => shared.includes(name)).join('\n')
    const moved = { mine: of(mine) !== of(base), theirs: of(theirs) !== of(base) }
    if (moved.mine && moved.theirs && of(mine) !== of(theirs)) this.conflicts.push({ path, mine, theirs, order: true })
    else if (moved.mine && !moved.theirs) this.mine++
    const [first, second] = moved.mine && !moved.theirs ? [mine, theirs] : [theirs, mine]
    const order = [...first]
    second.forEach((name, i) => {
      if (order.includes(name)) return
      const before = second.slice(0, i).reverse().find((one) => order.includes(one))
      order.splice(before === undefined ? 0 : order.indexOf(before) + 1, 0, name)
    })
    return order
  }
}

const readable = (document: Document.Parsed) => !document.errors.length && (document.contents === null || isMap(document.contents))
const spell = (document: Document) => document.toString({ lineWidth: 0 })

/** `preset`: what holds where the file says nothing; a list that both copied from it has it as its base. */
export function merge(base: string, mine: string, theirs: string, preset: string): Merged | undefined {
  const [b, m, t, p] = [base, mine, theirs, preset].map((text) => parseDocument(text))
  if (![b, m, t].every(readable)) return undefined
  if (mine === theirs || mine === base) return { text: theirs, conflicts: [], mine: 0, theirs: 1 }
  if (theirs === base) return { text: mine, conflicts: [], mine: 1, theirs: 0 }
  const work = new Merge()
  const [from, own] = [asMap(b.contents ?? undefined)?.clone() as YAMLMap | undefined, asMap(m.contents ?? undefined)]
  const ground = (from ?? new Document({}).contents) as YAMLMap
  for (const pair of asMap(p.contents ?? undefined)?.items ?? []) if (!pairOf(ground, keyOf(pair))) ground.items.push(pair.clone() as Pair)
  if (!own) return { text: theirs, conflicts: [{ path: [], mine, theirs }], mine: 0, theirs: 0 }
  if (!t.contents) t.contents = new Document({}).contents as typeof t.contents
  work.map([], onlyShared(ground, from, own, t.contents as YAMLMap), own, t.contents as YAMLMap)
  t.commentBefore = work.comment(b.commentBefore, m.commentBefore, t.commentBefore) ?? null
  t.comment = work.comment(b.comment, m.comment, t.comment) ?? null
  return { text: spell(t), conflicts: work.conflicts, mine: work.mine, theirs: work.theirs }
}

/** The preset is the base of a key only where both sides wrote it: else whoever wrote it added it. */
function onlyShared(ground: YAMLMap, base: YAMLMap | undefined, mine: YAMLMap, theirs: YAMLMap): YAMLMap {
  ground.items = ground.items.filter((pair) => pairOf(base, keyOf(pair)) || (pairOf(mine, keyOf(pair)) && pairOf(theirs, keyOf(pair))))
  return ground
}

const join = (mine: unknown, theirs: unknown) => `(${String(theirs)}) or (${String(mine)})`
/** Conditions of both can hold together. */
export const canJoin = ({ path, mine, theirs }: Conflict) => path.at(-1) === 'when' && typeof mine === 'string' && typeof theirs === 'string'

/** The merged text with what was chosen for each conflict. */
export function settled(merged: Merged, choices: Choice[]): string {
  if (merged.conflicts.some((one, i) => !one.path.length && choices[i] === 'mine')) return String(merged.conflicts[0].mine)
  const document = parseDocument(merged.text)
  merged.conflicts.forEach((conflict, i) => {
    const choice = choices[i]
    if (choice === 'theirs') return
    put(document, conflict, choice === 'both' ? join(conflict.mine, conflict.theirs) : conflict.mine)
  })
  return spell(document)
}

function put(document: Document, { path, order }: Conflict, value: unknown) {
  let at: YAMLMap | YAMLSeq = document.contents as YAMLMap
  for (const step of path.slice(0, -1)) at = (typeof step === 'string' ? (at as YAMLMap).get(step, true) : entry(at as YAMLSeq, step.name)) as YAMLMap
  const last = path[path.length - 1]
  if (order) {
    const list = (at as YAMLMap).get(last as string, true) as unknown as YAMLSeq
    const names = value as string[]
    const place = (item: unknown) => (names.includes(nameOf(item)!) ? names.indexOf(nameOf(item)!) : names.length)
    list.items.sort((a, b) => place(a) - place(b))
  } else if (typeof last === 'string') {
    if (value === undefined) (at as YAMLMap).delete(last)
    else (at as YAMLMap).set(last, document.createNode(value))
  } else {
    const list = at as YAMLSeq
    const i = list.items.findIndex((item) => nameOf(item) === last.name)
    if (value === undefined) list.items.splice(i, 1)
    else if (i < 0) list.items.push(document.createNode(value))
    else list.items[i] = document.createNode(value)
  }
}
