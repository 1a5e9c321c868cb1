// SPDX-License-Identifier: Apache-2.0
// Every page in both languages, both themes, on desk and phone: nothing the browser or axe complains of, and the figures
// of the command line.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { artefacts, axeSource, browse, check, done, etappe, firstAccount, open, sample, same, serve, settled, test } from './browser.mjs'

const axe = readFileSync(axeSource, 'utf8')
const db = sample('shop', 20_000)
const server = await serve(db)
await firstAccount(server)
const browser = await browse()

const FUNNEL = '/funnel?' + ['Product Viewed', 'Product Added', 'Order Completed'].map((name) => `step=${encodeURIComponent(`event = "${name}"`)}`).join('&')
const PERSON = JSON.parse(etappe('person', 'list', '--limit', '1', '--sort', 'events', '--format', 'json', '--db', db)).persons[0].person
const PAGES = { home: '/', map: '/map', list: '/map?view=list', paths: `/paths?after=${encodeURIComponent('event = "Complaint Filed"')}`, funnel: FUNNEL, attribution: '/attribution', stages: '/stages', journeys: '/journeys', persons: '/persons', person: `/person/${PERSON}`, project: '/project', sources: '/project?part=sources', import: '/project?part=import', users: '/project?part=users', privacy: '/privacy', nowhere: '/there-is-no-such-page' }
const LOOKS = [
  { language: 'de', dark: false, phone: false },
  { language: 'en', dark: true, phone: false },
  { language: 'en', dark: false, phone: true },
  { language: 'de', dark: true, phone: true },
]

/** A cell of the map or a touch of a lane reads as a sentence, of which the picture shows a digit: that experimental rule is left out. */
async function violations(page) {
  await page.evaluate(axe)
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], rules: { 'label-content-name-mismatch': { enabled: false } } }))
  return result.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary.split('\n')[1]?.trim() ?? ''}`).join(' | ')}`)
}

for (const look of LOOKS) {
  const name = `${look.language}-${look.dark ? 'dark' : 'light'}-${look.phone ? 'phone' : 'desk'}`
  for (const [id, where] of Object.entries(PAGES))
    test(`${id} is whole, ${name}`, async () => {
      const { page, context, complaints, go } = await open(browser, server, look)
      await go(where)
      await settled(page)
      await page.screenshot({ path: join(artefacts, `${id}-${name}.png`), fullPage: true })
      const [wide, tall] = await page.evaluate(() => [document.documentElement.scrollWidth - document.documentElement.clientWidth, document.documentElement.scrollHeight - document.documentElement.clientHeight])
      const found = await violations(page)
      await context.close()
      same(found, [], 'axe')
      same(complaints, [], 'the browser complains')
      check(wide <= 1, `the page is ${wide} pixels too wide`)
      if (look.phone) check(tall <= 1, `the document is ${tall} pixels taller than the phone: only the page scrolls`)
    })
}

test('the map counts what the command line counts', async () => {
  const { page, context, go } = await open(browser, server, { language: 'en' })
  await go('/map')
  await settled(page)
  const shown = await page.$$eval('svg.journey-map .people tspan:first-child', (all) => all.map((one) => Number(one.textContent.replaceAll(',', ''))))
  const told = JSON.parse(etappe('map', '--format', 'json', '--db', db)).stages.map((stage) => stage.persons)
  await context.close()
  same(shown, told, 'people by stage')
})

test('the funnel counts what the command line counts, and its command prints it', async () => {
  const { page, context, go } = await open(browser, server, { language: 'en' })
  await go(FUNNEL)
  await settled(page)
  const shown = await page.$$eval('svg.funnel .funnel-figure', (all) => all.map((one) => Number(one.firstChild.textContent.replaceAll(',', ''))))
  const steps = ['Product Viewed', 'Product Added', 'Order Completed'].flatMap((name) => ['--step', name])
  same(shown, JSON.parse(etappe('funnel', ...steps, '--format', 'json', '--db', db)).steps.map((step) => step.reached), 'people by step')
  await page.keyboard.press('c')
  const command = await page.textContent('.command pre')
  await context.close()
  check(command.startsWith('etappe funnel --step \'event = "Product Viewed"\''), command)
})

test('where the dropped go and what is more frequent among them open exactly their people', async () => {
  const { page, context, go } = await open(browser, server, { language: 'en' })
  await go(FUNNEL)
  await settled(page)
  const steps = ['Product Viewed', 'Product Added', 'Order Completed'].flatMap((name) => ['--step', `event = "${name}"`])
  const ask = (...more) => JSON.parse(etappe('funnel', ...steps, ...more, '--format', 'json', '--db', db))
  const told = ask('--next', '1', '--drivers', '1', '--limit', '40')
  const shown = await page.$$eval('table.next tbody tr', (rows) => rows.map((row) => Number(row.cells[3].textContent.replaceAll(',', ''))))
  same(shown.slice(0, 6), told.next.rows.slice(0, 6).map((row) => row.count), 'where they go')
  same(shown.reduce((a, b) => a + b, 0), told.steps[0].dropped, 'they are all there')
  const drivers = await page.$$eval('table.drivers tbody tr', (rows) => rows.map((row) => Number(row.cells[3].textContent.replaceAll(',', ''))))
  same(drivers, told.drivers.list.slice(0, 6).map((one) => one.count), 'what is more frequent')
  check(drivers.length > 0, 'something is more frequent')
  for (const [table, count, who] of [['next', told.next.rows[1].count, `dropped:1,next:${told.next.rows[1].value}`], ['drivers', drivers[0], `dropped:1,${told.drivers.list[0].who}`]]) {
    await page.locator(`table.${table} tbody tr`).nth(table === 'next' ? 1 : 0).locator('button').click()
    await page.waitForSelector('.drawer table')
    same(Number(/[\d,]+/.exec(await page.textContent('.drawer h1'))[0].replaceAll(',', '')), count, `the drawer of ${table}`)
    const command = await page.textContent('.drawer .command pre')
    check(command.includes(who), command)
    same(ask('--who', who).persons.length, count, who)
    await page.keyboard.press('Escape')
  }
  await context.close()
})

test('a printed page is light, in the language of the page, and says of what time and from where', async () => {
  const { page, context, go } = await open(browser, server, { language: 'de', dark: true })
  for (const where of ['/map?from=2025-01-01&to=2025-12-31', FUNNEL, '/attribution', '/']) {
    await go(where)
    await settled(page)
    await page.emulateMedia({ media: 'print' })
    const seen = await page.evaluate(() => ({ ground: getComputedStyle(document.documentElement).backgroundColor, foot: document.querySelector('.print-only')?.innerText, rail: getComputedStyle(document.querySelector('.rail')).display }))
    same([seen.ground, seen.rail], ['rgb(250, 250, 248)', 'none'], where)
    check(seen.foot?.includes('Stand ') && seen.foot.includes(server.base), `${where}: ${seen.foot}`)
    await page.emulateMedia({ media: 'screen' })
  }
  for (const [language, word] of [['de', 'Hauptweg'], ['en', 'Main road']]) {
    const picture = await context.request.get(`${server.base}/api/v1/reports/map?format=svg&language=${language}`)
    check((await picture.text()).includes(word), `the exported picture says ${word}`)
  }
  await context.close()
})

test('attribution shows the credits of the command line', async () => {
  const { page, context, go } = await open(browser, server, { language: 'en' })
  await go('/attribution?show=conversions&model=last&model=markov')
  await settled(page)
  const shown = await page.$$eval('table.attribution tbody tr', (rows) => rows.map((row) => [row.cells[0].firstChild.textContent, row.cells[2].querySelector('strong').textContent]))
  const told = JSON.parse(etappe('attribution', '--model', 'last', '--model', 'markov', '--format', 'json', '--db', db)).models.find((one) => one.model === 'markov').credits
  await context.close()
  same(shown.map(([, amount]) => amount).sort(), told.map((one) => one.conversions.toLocaleString('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 })).sort(), 'conversions')
})

test('what two channels earn together is what the command line says', async () => {
  const { page, context, go } = await open(browser, server, { language: 'en' })
  await go('/attribution')
  await settled(page)
  const { compared, pairs } = JSON.parse(etappe('attribution', '--model', 'last', '--resamples', '0', '--format', 'json', '--db', db)).together
  const told = pairs.filter((one) => one.effect > 1).slice(0, 3).map((one) => `${one.effect.toFixed(1)} times`)
  same(await page.$$eval('.three section:first-child p strong', (all) => all.map((one) => one.textContent)), told, 'effects')
  check((await page.textContent('.three')).includes(`${compared} pairs`), 'how many were compared')
  await context.close()
})

/** What `etappe REPORT --who ...` lists. */
const listed = (report, ...args) => {
  const answer = JSON.parse(etappe(report, ...args, '--format', 'json', '--db', db))
  return (answer.persons_listed ?? answer.persons).length
}
const shownNumber = (text) => Number(text.replace(/[^0-9]/g, ''))

test('the figures of stages and journeys open exactly the people whom the command line lists', async () => {
  const { page, context, go } = await open(browser, server, { language: 'en' })
  for (const [where, who, report] of [['/stages', 'lapsed:consideration', 'stages'], ['/stages', 'relationship:customer', 'stages'], ['/journeys', 'converted:again', 'journeys'], ['/journeys', 'abandoned', 'journeys']]) {
    await go(`${where}?who=${who}`)
    await page.waitForSelector('.drawer table')
    same(shownNumber(await page.textContent('.drawer h1')), listed(report, '--who', who), who)
    check((await page.textContent('.drawer .command pre')).includes(`etappe ${report} --who ${who}`), 'the command')
  }
  await go('/journeys')
  await settled(page)
  await page.locator('svg .bin[tabindex="0"]').focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('.drawer table')
  const who = new URL(page.url()).searchParams.get('who')
  same(shownNumber(await page.textContent('.drawer h1')), listed('journeys', '--who', who), who)
  await page.keyboard.press('Escape')
  check(!new URL(page.url()).searchParams.get('who'), 'a closed list leaves the address')
  await context.close()
})

test('the yellow way begins as the sentence says and passes no sum of others', async () => {
  const { page, context, go } = await open(browser, server, { language: 'en' })
  for (const where of ['/paths', PAGES.paths]) {
    await go(where)
    await settled(page)
    await page.waitForSelector('svg.flows .road-flow', { state: 'attached' })
    const way = (await page.textContent('.on-road .path')).split(' › ')
    const said = await page.textContent('h1')
    check(said.includes(way[where === '/paths' ? 0 : 1].trim()), `${said} ${way}`)
    same(await page.locator('svg.flows .road-flow').count(), way.length - 1, 'one flow a step of the way')
    const columns = await page.$$eval('svg.flows .node', (all) => all.map((one) => ({ x: one.querySelector('rect').getBoundingClientRect().x, y: one.querySelector('rect').getBoundingClientRect().y, others: / others /.test(` ${one.textContent} `) || /^\d+ others/.test(one.textContent) })))
    for (const node of columns.filter((one) => one.others)) check(!columns.some((one) => Math.abs(one.x - node.x) < 2 && one.y > node.y), 'others stand last')
  }
  await context.close()
})

test('a way of the paths and what came of it open their people', async () => {
  const { page, context, go } = await open(browser, server, { language: 'en' })
  await go('/paths')
  await settled(page)
  const answer = JSON.parse(etappe('paths', '--key', 'touchpoint', '--collapse', '--steps', '4', '--outcomes', '--no-times', '--limit', '50000', '--format', 'json', '--db', db))
  const converted = answer.variants.filter((one) => one.outcome === 'converted').reduce((n, one) => n + one.count, 0)
  await page.click('svg.flows .node:has(.outcome.converted)')
  await page.waitForSelector('.drawer table')
  same(shownNumber(await page.textContent('.drawer h1')), converted, 'converted')
  await page.keyboard.press('Escape')
  const n = shownNumber(await page.textContent('.ways-list .figure-link'))
  await page.click('.ways-list .figure-link')
  await page.waitForSelector('.drawer table')
  same(shownNumber(await page.textContent('.drawer h1')), n, 'the most frequent way')
  await context.close()
})

test('the funnel opens with a way that the project suggests, and takes the one of the map', async () => {
  const { page, context, go } = await open(browser, server, { language: 'de' })
  await go('/funnel')
  await page.waitForSelector('svg.funnel')
  same(new URL(page.url()).searchParams.getAll('step').slice(0, 2), ['event = "Product Viewed"', 'event = "Product Added"'], 'the steps')
  await page.click('text=Aus der Journey Map')
  await page.waitForFunction(() => new URL(location.href).searchParams.getAll('step').some((one) => one.startsWith('touchpoint')))
  await page.waitForSelector('svg.funnel')
  await context.close()
})

test('what a marketing manager asks is answered within three clicks', async () => {
  const { page, context, go } = await open(browser, server, { language: 'de' })
  await go('/')
  await settled(page)
  await page.click('nav >> text=Attribution')
  await page.click('button:has-text("Alle Kunden")')
  await page.click('[role=radio]:has-text("Neukunden")')
  await page.waitForFunction(() => /neuen Kunden/.test(document.querySelector('h1')?.textContent ?? ''))
  await page.click('nav >> text=Pfade')
  await page.click('button:has-text("Vom Anfang an")')
  await page.click('[role=radio]:has-text("Nach: Reklamation")')
  await page.waitForFunction(() => /^Nach Reklamation/.test(document.querySelector('h1')?.textContent ?? ''))
  await page.click('nav >> text=Journey Map')
  await page.waitForFunction(() => /gehen|Personen an/.test(document.querySelector('h1')?.textContent ?? ''))
  await context.close()
})

test('the map is walked by keyboard, and a cell opens its people', async () => {
  const { page, context, go } = await open(browser, server, { language: 'en' })
  await go('/map')
  await settled(page)
  const first = page.locator('[role=gridcell][tabindex="0"]')
  await first.focus()
  const before = await page.evaluate(() => document.activeElement.getAttribute('aria-label'))
  await page.keyboard.press('ArrowRight')
  await page.waitForFunction((label) => document.activeElement.getAttribute('aria-label') !== label, before)
  const after = await page.evaluate(() => document.activeElement.getAttribute('aria-label'))
  check(before !== after && /people/.test(after), `${before} then ${after}`)
  await page.keyboard.press('Enter')
  await page.waitForSelector('.inspector')
  check(new URL(page.url()).searchParams.get('cell'), 'the address names the cell')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.drawer table')
  const n = Number(/([\d,]+) people,/.exec(after)[1].replaceAll(',', ''))
  const title = await page.textContent('.drawer h1')
  await context.close()
  same(title, n === 1 ? '1 person' : `${n.toLocaleString('en-GB')} people`, 'the drawer')
})

test('a folded row of the map opens in place', async () => {
  const { page, context, go } = await open(browser, server, { language: 'en' })
  await go('/map')
  await settled(page)
  const rows = () => page.locator('svg.journey-map .row-name').count()
  const before = await rows()
  await page.locator('[role=gridcell][aria-label^="+ "]').first().focus()
  await page.keyboard.press('Enter')
  await page.waitForFunction((n) => document.querySelectorAll('svg.journey-map .row-name').length > n, before)
  await context.close()
})

test('no word of the other language is left over', async () => {
  const { page, context, go } = await open(browser, server, { language: 'de' })
  const english = /\b(people|leave|stage|Journey map|Loading|Undo|Remove|Search|Everyone|Whole time|What counts)\b/
  const found = []
  for (const where of Object.values(PAGES)) {
    await go(where)
    await settled(page)
    const text = await page.evaluate(() => {
      for (const code of document.querySelectorAll('.mono, code, pre, textarea')) code.style.display = 'none' // as it is typed, in any language
      return document.body.innerText
    })
    if (english.test(text)) found.push(`${where}: ${english.exec(text)[0]}`)
  }
  await context.close()
  same(found, [], 'English on German pages')
})

test('a server that is killed and comes back loses nothing of an open page', async () => {
  const own = await serve(sample('killed', 5_000))
  await firstAccount(own)
  const { page, context, go } = await open(browser, own, { language: 'en' })
  await go(FUNNEL)
  await settled(page)
  own.kill('SIGKILL')
  await page.click('text=strict')
  await page.waitForSelector('text=The server does not answer', { timeout: 20_000 }).catch(() => undefined)
  check(await page.locator('svg.funnel, .state').count(), 'the page still shows something')
  const again = await serve(join(own.process.spawnargs.at(own.process.spawnargs.indexOf('--db') + 1)), own.port)
  await page.reload()
  await settled(page)
  check(await page.locator('svg.funnel').count(), 'the funnel is back')
  check(page.url().includes('mode=strict'), 'with what was chosen meanwhile')
  again.kill('SIGTERM')
  await context.close()
})

await done()
