// SPDX-License-Identifier: Apache-2.0
// etappe.js, the tag of a page: <script src="https://HOST/etappe.js" data-key="KEY" defer></script>
//
//   what happens ─► queue ─► (consent of this moment) ─► POST /v1/batch ─► answered: forgotten
//
// An event lies in the queue as Segment's spec writes it, without saying whose it is. That is added when it is sent, and
// only if the person agreed; else only what counts the event leaves, and no identifier. Every visitor loads every byte:
// tests/browser/tag.mjs fails above 2,000 compressed. docs/tag.md tells people what it does.

type Values = Record<string, unknown>

interface Note {
  type: string
  messageId: string
  anonymousId?: string
  context: Values
}

interface Tcf {
  (command: 'addEventListener', version: 2, listener: (data: { eventStatus: string; purpose?: { consents: Record<number, boolean> } } | null) => void): void
}

type Call = [name: string, ...given: unknown[]]

const page = window as unknown as { etappe?: { push: (...calls: Call[]) => unknown }; dataLayer?: unknown[][]; __tcfapi?: Tcf }
const script = document.currentScript as HTMLScriptElement
const settings = script.dataset
const address = new URL('v1/batch', script.src)
const refused = (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl || navigator.doNotTrack! > '0'

let storage: Record<string, string> = {}
try {
  storage = localStorage
} catch {} // the browser refuses

let queue: Record<string, Note> = {}
let said: Values = {} // statements of consent made on this page
let waits = settings.consent == 'wait' // an answer is to come: nothing is sent before, unless the page is left
let id = ''
let cookieHeld: unknown
let user: unknown
let proof: unknown
let busy = false
let shown = ''
let referrer = document.referrer
let landing: Values | 0 // goes with the first event of who agreed, however late: it says what brought them here

const random = () => crypto.getRandomValues(new Uint32Array(4)).join('')

/* --- who: the cookie exists if, and only if, the person agreed ------------------------------------------------- */

const readCookie = () => document.cookie.match(/\betappe_id=(\d+)/)?.[1]
const writeCookie = (value: string, seconds: number) => {
  document.cookie = 'etappe_id=' + value + ';path=/;samesite=lax;max-age=' + seconds + (settings.domain ? ';domain=' + settings.domain : '') + (isSecureContext ? ';secure' : '')
}

// Lost connections and reloads are outlived in the browser's storage, shared by its tabs, while the person agrees.
const store = (sent: Note[]) => {
  const kept = storage.etappe_queue
  delete storage.etappe_queue
  if (id && kept) queue = { ...queue, ...(JSON.parse(kept) as typeof queue) }
  for (const note of sent) delete queue[note.messageId]
  try {
    if (id) storage.etappe_queue = JSON.stringify(queue)
  } catch {} // it is full
}

const identity = () => {
  const kept = readCookie()
  if (refused || (cookieHeld && !kept)) said.measure = false // the second: withdrawn in another tab
  if (said.measure ?? kept) {
    id = kept || id || random()
    if (!kept) writeCookie(id, 31536e3)
    cookieHeld = readCookie()
  } else {
    cookieHeld = id = ''
    if (kept) {
      writeCookie('', 0)
      store([])
    }
  }
  return id
}

/* --- what leaves the page -------------------------------------------------------------------------------------- */

// Of an address the path, the campaign, and that there was a click id: neither what was searched nor whose click it was.
const bare = (query: string) => '?' + (query.match(/utm_\w+=[^&#]+|\w+(cl|clk|bra|fat_)id=./g) || []).join('&')

const COUNTED = /^(|type|event|messageId|timestamp|context|page|url|referrer|properties|value|revenue|total|currency)$/
const nobodys = (key: string, value: unknown) => (COUNTED.test(key) ? (/rl|fe/.test(key) ? (value + '').replace(/[?#].*/, bare) : value) : undefined)

const text = (note: Note) => {
  if (landing && id) {
    note.context.page = landing
    landing = 0
  }
  return id || note.anonymousId ? JSON.stringify({ anonymousId: id, ...note, context: { consent: { ...said, measure: true }, ...note.context } }) : JSON.stringify(note, nobodys)
}

const flush = async (leaving?: boolean) => {
  identity()
  const notes = Object.values(queue).filter((note) => id || note.anonymousId || note.type > 'j')
  if (!notes[0] || (document as { prerendering?: boolean }).prerendering || (!leaving && (busy || (waits && !id && said.measure == null)))) return
  const body = `{"writeKey":"${settings.key}","sentAt":${Date.now()},"batch":[${notes.map(text)}]}`
  store([])
  if (leaving && navigator.onLine && navigator.sendBeacon(address, body)) return store(notes)
  busy = true
  try {
    if ((await fetch(address, { method: 'POST', body, keepalive: body.length < 3e4 })).status > 428) throw 0
    store(notes)
    setTimeout(flush)
  } catch {
    setTimeout(flush, 3e4)
  }
  busy = false
}

/* --- what happens ---------------------------------------------------------------------------------------------- */

const here = () => ({ url: location.href, path: location.pathname, title: document.title, referrer })

const add = (type: string, more?: Values, context?: Values) => {
  const messageId = random()
  queue[messageId] = { type, messageId, timestamp: new Date(), userId: user, context: { proof, page: here(), ...context }, ...more } as Note
  setTimeout(flush)
}

const track = (event: string, properties?: Values) => add('track', { event, properties })

const view = (properties?: Values) => {
  shown = location.href.split('#')[0]!
  add('page', { properties: { ...here(), ...properties } })
}

const moved = () =>
  setTimeout(() => {
    if (location.href.split('#')[0] != shown) {
      referrer = shown
      view()
    }
  })

const api = {
  track,
  page: view,
  identify(given: unknown, traits?: Values, proven?: unknown) {
    user = given
    proof = proven
    add('identify', { traits })
  },
  group: (groupId: unknown, traits?: Values) => add('group', { groupId, traits }),
  consent(given: Values) {
    const before = identity()
    said = { ...said, ...given }
    if (before && !identity()) add('identify', { anonymousId: before }, { consent: said })
    else if (!(before && given.measure)) add('identify')
    flush()
  },
  push: (...calls: Call[]) => calls.forEach(([name, ...given]) => (api as unknown as Record<string, (...given: unknown[]) => void>)[name]!(...given)),
}

const FILES = /\.(pdf|docx?|xlsx?|pptx?|csv|zip|rar|7z|gz|dmg|exe|apk|mp[34])$/i

const acted = (happening: Event & { button?: number; persisted?: boolean }) => {
  const type = happening.type
  if (happening.persisted) shown = ''
  if (type[0] == 'p') moved()
  flush(document.hidden)
  if (happening.button! > 1) return
  for (const target of happening.composedPath() as HTMLAnchorElement[]) {
    const given: Record<string, string> = {}
    for (const { name, value } of target.attributes || []) {
      const key = name.split('data-etappe-')[1]
      if (key) given[key.replace(/-/g, '_')] = value
    }
    const { goal, event = goal, ...properties } = given
    if (event && (type == 'submit') == (target.tagName == 'FORM')) track(event, properties)
    if (/^[hmt]/.test(target.protocol)) {
      if (target.download || FILES.test(target.pathname)) track('File Downloaded', { url: target.href })
      else if (!('.' + target.hostname).endsWith('.' + (settings.domain || location.hostname))) track('Link Clicked', { url: target.href })
    }
  }
}

/* --- what other tools know of consent ---------------------------------------------------------------------------- */

// A default is nobody's answer: at most it says that one is to come.
const readGoogle = ([command, kind, given]: unknown[]) => {
  const state = command == 'consent' && (given as Record<string, string>).analytics_storage
  if (kind == 'default') waits ||= state == 'denied'
  else if (state) api.consent({ measure: state == 'granted' })
}

/* --- the beginning ------------------------------------------------------------------------------------------------- */

landing = here()
view()
identity()
store([])
const calls = page.etappe as unknown as Call[]
const google = page.dataLayer
page.etappe = api
if (page.__tcfapi) {
  waits = true
  page.__tcfapi('addEventListener', 2, (data) => {
    const agreed = data?.purpose?.consents
    if (agreed && data.eventStatus[0] != 'c') api.consent({ measure: !!(agreed[1] && agreed[8]) })
  })
}
if (google) {
  const push = google.push
  google.push = (...entries) => (entries.forEach(readGoogle), push.apply(google, entries))
  google.forEach(readGoogle)
}
if (calls) api.push(...calls)

const pushState = history.pushState
history.pushState = (...given) => (pushState.apply(history, given), moved())
for (const kind of ['submit', 'click', 'auxclick', 'online', 'pageshow', 'popstate', 'visibilitychange', 'prerenderingchange']) addEventListener(kind, acted, true)
