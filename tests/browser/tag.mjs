// SPDX-License-Identifier: Apache-2.0
// The tag in pages of another origin with a strict policy: what it sends, read as it comes by, and what becomes of it.
import { createServer, request as send } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { browse, check, done, etappe, path, same, serve, test } from './browser.mjs'

const SIZE_MAX = 2000
const CAMPAIGN = '?utm_source=news&utm_medium=email&utm_campaign=xmas&mail=anna@example.com'
const db = path('tag.db')
const key = (name, role) => etappe('key', 'create', '--name', name, '--role', role, '--db', db).trim()
const KEY = key('page', 'source')
const READ = key('tests', 'read')
const server = await serve(db)
const browser = await browse()

/* --- between the page and the server: everything that is sent ------------------------------------------------------ */

let seen = []
let story = 0 // of which test: pages that were left may still be telling
const listen = async (answer) => {
  const listener = createServer(answer)
  await new Promise((ready) => listener.listen(0, '127.0.0.1', ready))
  return `http://127.0.0.1:${listener.address().port}`
}
const gate = await listen((from, to) => {
  const parts = []
  from.on('data', (part) => parts.push(part))
  from.on('end', () => {
    const body = Buffer.concat(parts)
    const [, teller, url] = /^(?:\/story(\d+))?(.*)/.exec(from.url)
    const onward = send(server.base + url, { method: from.method, headers: from.headers }, (answer) => {
      if (from.method === 'POST' && teller === String(story)) seen.push({ type: from.headers['content-type'], text: body.toString(), status: answer.statusCode, ...JSON.parse(body) })
      to.writeHead(answer.statusCode, answer.headers)
      answer.pipe(to)
    })
    onward.end(body)
  })
})

/* --- the site ------------------------------------------------------------------------------------------------------ */

let attributes = ''
let before = ''
const POLICY = `default-src 'none'; script-src 'self' ${gate}; connect-src ${gate} ${server.base}; base-uri 'none'; form-action 'none'`
const site = await listen((from, to) => {
  const script = from.url === '/before.js'
  to.writeHead(200, { 'Content-Type': script ? 'text/javascript' : 'text/html; charset=utf-8', 'Content-Security-Policy': POLICY, 'Referrer-Policy': 'unsafe-url' })
  to.end(script ? before : page())
})
const page = () => `<!doctype html><html lang="en"><title>Shop</title>
  ${before && '<script src="/before.js"></script>'}
  <script src="${gate}/story${story}/etappe.js" data-key="${KEY}" ${attributes} defer></script>
  <a id="inside" href="/inside">Inside</a> <a id="outside" href="http://localhost:1/partner?token=secret" target="_blank"><b>Partner</b></a>
  <a id="file" href="/catalogue.pdf" target="_blank">Catalogue</a> <a id="mail" href="mailto:shop@example.com">Write</a>
  <button id="goal" data-etappe-goal="Trial Started" data-etappe-plan="gold" data-etappe-value="9.90" data-etappe-first-choice="yes">Try</button>
  <form data-etappe-goal="Newsletter Signed Up"><button id="sign">Sign up</button></form>`

/** A page of somebody new; `complaints` is what the browser says against it. */
async function visit(where = '/', { referer, consent = '', script = '', prepare, headers, context } = {}) {
  attributes = consent
  before = script
  seen = []
  story += context ? 0 : 1
  const own = context ?? (await browser.newContext({ extraHTTPHeaders: headers }))
  if (prepare) await own.addInitScript(prepare)
  const tab = await own.newPage()
  const complaints = []
  tab.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  tab.on('pageerror', (error) => complaints.push(error.message))
  await tab.goto(site + where, { referer })
  return { tab, context: own, complaints }
}

/** Each event once: what is under way when a page is left is sent again, and counts once. */
const sent = () => [...new Map(seen.flatMap((one) => one.batch).map((one) => [one.messageId, one])).values()]
async function until(n, text = 'events') {
  for (let i = 0; sent().length < n; i++) {
    if (i > 200) throw new Error(`${text}: ${sent().length} of ${n} came: ${JSON.stringify(sent())}`)
    await new Promise((next) => setTimeout(next, 20))
  }
  return sent()
}
const names = () => sent().map((one) => one.event ?? one.type)
const call = (tab, name, ...given) => tab.evaluate(([name, given]) => window.etappe[name](...given), [name, given])
const agree = (tab) => call(tab, 'consent', { measure: true })
const stored = async (tab, context) => [(await context.cookies()).map((one) => one.name), await tab.evaluate(() => Object.keys(localStorage))]
const cookie = async (context) => (await context.cookies()).find((one) => one.name === 'etappe_id')

async function ask(path) {
  for (let i = 0; ; i++) {
    const figures = await (await fetch(`${server.base}/metrics`)).text()
    const figure = (name) => Number(new RegExp(`^etappe_${name} (.*)`, 'm').exec(figures)[1])
    if (figure('index_through') >= figure('record_through')) break
    check(i < 500, 'the index does not catch up')
    await new Promise((next) => setTimeout(next, 20))
  }
  const answer = await fetch(server.base + path, { headers: { Authorization: `Bearer ${READ}` } })
  return answer.ok ? answer.json() : null
}
const person = (id) => ask(`/api/v1/persons/${id}`)

/** Whoever it was, nothing that was sent tells: no identifier, no property, no query, no click id. */
function checkNobodys() {
  for (const one of seen) {
    check(!/anonymousId|userId|traits|etappe_id|anna|secret|proof/.test(one.text), `it says who it was: ${one.text}`)
    for (const event of one.batch) same(Object.keys(event).filter((name) => !['type', 'event', 'messageId', 'timestamp', 'context', 'properties'].includes(name)), [], 'members')
  }
}

/* --- the file -------------------------------------------------------------------------------------------------------- */

test('the tag is under 2 kB, kept by browsers, and asked for again by its version', async () => {
  const load = (headers) => new Promise((got) => send(`${server.base}/etappe.js`, { headers }, (answer) => {
    const parts = []
    answer.on('data', (part) => parts.push(part)).on('end', () => got({ status: answer.statusCode, headers: answer.headers, size: Buffer.concat(parts).length }))
  }).end())
  const packed = await load({ 'Accept-Encoding': 'gzip' })
  same([packed.status, packed.headers['content-encoding'], packed.headers['content-type']], [200, 'gzip', 'text/javascript; charset=utf-8'], 'answer')
  check(packed.size <= SIZE_MAX, `${packed.size} bytes compressed, at most ${SIZE_MAX}`)
  check(/max-age=86400/.test(packed.headers['cache-control']), packed.headers['cache-control'])
  same((await load({ 'If-None-Match': packed.headers.etag })).status, 304, 'the same version')
  same((await load({ 'If-None-Match': 'W/"other"' })).status, 200, 'another version')
  same((await fetch(`${server.base}/e.js`)).status, 200, 'the short name')
})

/* --- without an answer ------------------------------------------------------------------------------------------------ */

test('without consent nothing is kept and nobody named, but the campaign counts', async () => {
  const { tab, context, complaints } = await visit(`/${CAMPAIGN}&gclid=secret-click#part`, { referer: 'https://news.example/a?user=anna' })
  await until(1)
  await call(tab, 'identify', 'anna', { email: 'anna@example.com' })
  await call(tab, 'track', 'Order Completed', { order_id: 'anna-1', total: 59.8, currency: 'EUR', note: 'secret' })
  const [view, order] = await until(2)
  same(view.context.page, { url: `${site}/?utm_source=news&utm_medium=email&utm_campaign=xmas&gclid=s`, referrer: 'https://news.example/a?' }, 'page')
  same(order.properties, { total: 59.8, currency: 'EUR' }, 'what is left of an order')
  same(await stored(tab, context), [[], []], 'cookies and storage')
  same(seen[0].type, 'text/plain;charset=UTF-8', 'a simple request')
  checkNobodys()
  same(complaints, [], 'the browser complains')
  await context.close()
})

test('a refusal keeps it so, on later pages too', async () => {
  const { tab, context } = await visit('/', { consent: 'data-consent="wait"' })
  await call(tab, 'consent', { measure: false })
  await until(1)
  await tab.click('#inside')
  await tab.waitForURL('**/inside')
  await call(tab, 'consent', { measure: false })
  same((await until(2)).map((one) => one.type), ['page', 'page'], 'events')
  same(await stored(tab, context), [[], []], 'cookies and storage')
  checkNobodys()
  await context.close()
})

test('GPC and DNT outweigh what the page says', async () => {
  for (const prepare of [() => Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }), () => Object.defineProperty(navigator, 'doNotTrack', { value: '1' })]) {
    const { tab, context } = await visit('/', { prepare })
    await agree(tab)
    await call(tab, 'track', 'Product Viewed', { product_id: 'anna' })
    same((await until(2)).map((one) => one.event ?? one.type), ['page', 'Product Viewed'], 'events')
    same(await stored(tab, context), [[], []], 'cookies and storage')
    checkNobodys()
    await context.close()
  }
})

/* --- consent ------------------------------------------------------------------------------------------------------------ */

test('campaign and referrer wait for the answer, however many pages later it comes', async () => {
  const { tab, context } = await visit('/?gclid=abc', { referer: 'https://www.google.com/' })
  await until(1)
  await tab.evaluate(() => history.pushState(null, '', '/second'))
  await until(2)
  checkNobodys()
  await agree(tab)
  const first = (await until(3))[2]
  same([first.type, first.context.page.url, first.context.page.referrer], ['identify', `${site}/?gclid=abc`, 'https://www.google.com/'], 'the first event of who agreed')
  await call(tab, 'track', 'Product Viewed')
  const next = (await until(4))[3]
  same([next.context.page.url, next.anonymousId, next.context.consent], [`${site}/second`, first.anonymousId, { measure: true }], 'the next one')
  const held = await cookie(context)
  same([held.value, held.sameSite, held.path, held.domain], [first.anonymousId, 'Lax', '/', '127.0.0.1'], 'the cookie')
  check(Math.abs(held.expires - Date.now() / 1000 - 365 * 86400) < 100, 'it lasts a year')
  const known = await person(`anonymous:${first.anonymousId}`)
  same([...new Set(known.events.map((one) => one.channel))], ['paid_search'], 'channel')
  await context.close()
})

test('while an answer is awaited the landing page is held, and belongs to who agrees', async () => {
  const { tab, context } = await visit(`/${CAMPAIGN}`, { consent: 'data-consent="wait"' })
  await call(tab, 'track', 'Product Viewed')
  await new Promise((next) => setTimeout(next, 100))
  same(sent(), [], 'before the answer')
  await agree(tab)
  const events = await until(3)
  same(names().slice(0, 2), ['page', 'Product Viewed'], 'events')
  const known = await person(`anonymous:${events[0].anonymousId}`)
  same(known.events.filter((one) => one.event === 'Page Viewed').map((one) => one.channel), ['email'], 'channel')
  seen = []
  await tab.click('#inside')
  same((await until(1))[0].anonymousId, events[0].anonymousId, 'the next page needs no new answer')
  await context.close()
})

test('who leaves without an answer is counted', async () => {
  const { tab, context } = await visit('/', { consent: 'data-consent="wait"' })
  await tab.close()
  same((await until(1)).map((one) => one.type), ['page'], 'events')
  checkNobodys()
  await context.close()
})

test('a withdrawal ends it in every tab, and the server is told', async () => {
  const { tab, context } = await visit('/')
  await agree(tab)
  await until(2)
  const { value } = await cookie(context)
  const other = await visit('/', { context })
  same((await until(1))[0].anonymousId, value, 'two tabs are one device')
  await call(tab, 'consent', { measure: false })
  const told = (await until(2))[1]
  same([told.type, told.anonymousId, told.context.consent], ['identify', value, { measure: false }], 'the withdrawal')
  same(await stored(tab, context), [[], []], 'cookies and storage')
  seen = []
  await call(other.tab, 'track', 'Product Viewed')
  await call(tab, 'track', 'Product Viewed')
  await until(2)
  checkNobodys()
  same(await cookie(context), undefined, 'the other tab makes no new one')
  await context.close()
})

test('Google Consent Mode is listened to', async () => {
  const script = "dataLayer = []; gtag = function () { dataLayer.push(arguments) }; gtag('consent', 'default', { analytics_storage: 'denied' })"
  const { tab, context } = await visit('/', { script })
  await new Promise((next) => setTimeout(next, 100))
  same(sent(), [], 'a default is no answer, and one is to come')
  await tab.evaluate(() => window.gtag('event', 'other'))
  await tab.evaluate(() => window.gtag('consent', 'update', { analytics_storage: 'granted' }))
  same((await until(1))[0].anonymousId, (await cookie(context)).value, 'granted')
  seen = []
  await tab.evaluate(() => window.gtag('consent', 'update', { analytics_storage: 'denied' }))
  await until(1)
  same(await cookie(context), undefined, 'denied')
  same(await tab.evaluate(() => window.dataLayer.length), 4, 'the others of that list are served')
  await context.close()
})

test('a consent tool by the TCF is listened to', async () => {
  const script = `__tcfapi = (command, version, listener) => { window.answer = (status, consents) => listener({ eventStatus: status, purpose: { consents } }, true); window.answer('cmpuishown', {}) }`
  const { tab, context } = await visit('/', { script })
  await new Promise((next) => setTimeout(next, 100))
  same(sent(), [], 'shown is no answer')
  await tab.evaluate(() => window.answer('useractioncomplete', { 1: true, 8: true }))
  same((await until(1))[0].anonymousId, (await cookie(context)).value, 'granted')
  await tab.evaluate(() => window.answer('useractioncomplete', { 1: true, 8: false }))
  await until(2)
  same(await cookie(context), undefined, 'denied')
  await context.close()
})

/* --- what happens on a page ------------------------------------------------------------------------------------------------ */

test('single pages, links out, files, goals by attribute', async () => {
  const { tab, context, complaints } = await visit('/')
  await agree(tab)
  await until(2)
  seen = []
  await tab.evaluate(() => {
    history.pushState(null, '', '/list?sort=price')
    document.title = 'List'
  })
  await until(1)
  await tab.evaluate(() => history.pushState(null, '', '/list?sort=price#top'))
  await tab.evaluate(() => history.replaceState(null, '', '/list?sort=name'))
  await tab.goBack()
  await tab.goBack()
  await until(2)
  same(sent().map((one) => [one.type, one.properties.url, one.properties.title, one.properties.referrer]), [['page', `${site}/list?sort=price`, 'List', `${site}/`], ['page', `${site}/`, 'List', `${site}/list?sort=price`]], 'page views')
  seen = []
  for (const id of ['outside', 'file', 'mail', 'goal', 'sign', 'inside'])
    await tab.evaluate((id) => {
      addEventListener('click', (event) => event.target.closest('a') && event.preventDefault(), { once: true })
      addEventListener('submit', (event) => event.preventDefault(), { once: true })
      ;(document.querySelector(`#${id} b`) ?? document.getElementById(id)).click()
    }, id)
  await until(5)
  same(sent().map((one) => [one.event, one.properties]), [
    ['Link Clicked', { url: 'http://localhost:1/partner?token=secret' }],
    ['File Downloaded', { url: `${site}/catalogue.pdf` }],
    ['Link Clicked', { url: 'mailto:shop@example.com' }],
    ['Trial Started', { plan: 'gold', value: '9.90', first_choice: 'yes' }],
    ['Newsletter Signed Up', {}],
  ], 'events')
  same(complaints, [], 'the browser complains')
  await context.close()
})

test('a page that is closed right after a click has told of it', async () => {
  const { tab, context } = await visit('/')
  await until(1)
  await tab.evaluate(() => {
    document.getElementById('goal').click()
    window.stop()
  })
  await tab.close()
  same((await until(2))[1].event, 'Trial Started', 'the click')
  await context.close()
})

test('a link that leads away in the same tab is told of', async () => {
  const { tab, context } = await visit('/')
  await until(1)
  await tab.evaluate(() => (document.getElementById('outside').target = ''))
  await tab.click('#outside', { noWaitAfter: true })
  same((await until(2))[1].event, 'Link Clicked', 'the click')
  await context.close()
})

test('calls made before the tag is there are kept for it', async () => {
  const { context } = await visit('/', { script: "etappe = []; etappe.push(['consent', { measure: true }], ['track', 'Product Viewed', { product_id: 'S1' }])" })
  const events = await until(3)
  check(events.every((one) => one.anonymousId), 'all are of who agreed')
  check(names().includes('Product Viewed'), names().join())
  await context.close()
})

/* --- without a connection ------------------------------------------------------------------------------------------------------ */

test('offline events outlive a reload with consent, and count once', async () => {
  const { tab, context } = await visit('/')
  await agree(tab)
  await until(2)
  seen = []
  await context.setOffline(true)
  await call(tab, 'track', 'Product Added', { product_id: 'S1' })
  await tab.waitForFunction(() => localStorage.etappe_queue?.includes('Product Added'))
  await context.setOffline(false)
  await tab.reload()
  await until(2)
  const added = sent().filter((one) => one.event === 'Product Added')
  check(added.length >= 1, names().join())
  same(await tab.waitForFunction(() => localStorage.etappe_queue === '{}').then(() => true), true, 'nothing is left over')
  const known = await person(`anonymous:${added[0].anonymousId}`)
  same(known.events.filter((one) => one.event === 'Product Added').length, 1, 'it counts once')
  await context.close()
})

test('without consent offline events are only in memory, and sent when the connection is back', async () => {
  const { tab, context } = await visit('/')
  await until(1)
  await context.setOffline(true)
  await call(tab, 'track', 'Product Added')
  await new Promise((next) => setTimeout(next, 100))
  same([sent().length, ...(await stored(tab, context))], [1, [], []], 'cookies and storage')
  await context.setOffline(false)
  same((await until(2))[1].event, 'Product Added', 'online')
  checkNobodys()
  await context.close()
})

/* --- the same journey by another client ------------------------------------------------------------------------------------------- */

// In order of name: they are told within milliseconds, and each message's way corrects its clock.
const shape = (known) => known.events.filter((one) => one.event !== 'Identify').map((one) => [one.event, one.channel, one.value ?? null]).sort()

test('a journey is the same by the tag and by the browser client of Segment', async () => {
  const order = (name) => ({ order_id: `${name}-1`, total: 59.8, currency: 'EUR' })
  const { tab, context } = await visit('/?utm_source=news&utm_medium=email&utm_campaign=xmas', { consent: 'data-consent="wait"' })
  await agree(tab)
  await call(tab, 'track', 'Product Viewed', { product_id: 'S1' })
  await call(tab, 'identify', 'anna', { email: 'anna@example.com' })
  await call(tab, 'track', 'Order Completed', order('anna'))
  const events = await until(5)
  await context.close()

  const modules = join(dirname(fileURLToPath(import.meta.url)), '../../deps/clients/node_modules')
  const clients = createRequire(join(modules, 'x.js'))
  const consent = '{context: {consent: {measure: true}}}'
  const { outputFiles } = await clients('esbuild').build({
    stdin: { contents: `import {AnalyticsBrowser} from "@segment/analytics-next"; window.segment = AnalyticsBrowser.load({writeKey: "${KEY}", cdnURL: "${server.base}"});
      window.told = (async () => { await segment.page({}, ${consent}); await segment.track("Product Viewed", {product_id: "S1"}, ${consent});
      await segment.identify("ben", {email: "ben@example.com"}, ${consent}); await segment.track("Order Completed", ${JSON.stringify(order('ben'))}, ${consent}) })()`, resolveDir: dirname(modules), loader: 'js' },
    bundle: true, write: false, format: 'iife', nodePaths: [modules], logLevel: 'error', define: { 'process.env.NODE_ENV': '"production"' },
  })
  const other = await browser.newContext()
  const page = await other.newPage()
  story = 'of the other client'
  await page.goto(`${site}/?utm_source=news&utm_medium=email&utm_campaign=xmas`)
  let answers = 0
  page.on('response', (answer) => (answers += answer.request().method() === 'POST' && answer.url().startsWith(server.base)))
  await page.evaluate(outputFiles[0].text)
  await page.evaluate(() => window.told)
  for (let i = 0; answers < 4 && i < 200; i++) await new Promise((next) => setTimeout(next, 20))
  await other.close()

  const [anna, ben] = [await person('user:anna'), await person('user:ben')]
  same(shape(anna), shape(ben), 'event, channel, value')
  same(shape(anna), [['Order Completed', 'email', 59.8], ['Page Viewed', 'email', null], ['Product Viewed', 'email', null]], 'events')
  same((await person(`anonymous:${events[0].anonymousId}`)).person, anna.person, 'who signed in is who came')
  same((await person('email:anna@example.com')).person, anna.person, 'and has that address')
  const found = JSON.parse(etappe('attribution', '--model', 'last', '--goal', 'order', '--format', 'json', '--db', db))
  same(found.models[0].credits.find((one) => one.key === 'email').conversions, 2, 'both orders are of the e-mail')
})

await done()
