// SPDX-License-Identifier: Apache-2.0
// One whole first visit, as somebody makes it who has read nothing: an empty project, the first account, a German file
// dropped and its columns named, the map and a funnel seen, a person opened, and erased.
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ADMIN, artefacts, browse, check, done, etappe, open, path, same, serve, test } from './browser.mjs'

const db = path('visit.db')
const PERSON = 'kundin-7f3a@beispiel.example'

/** Semicolons, German dates, decimal commas, headers in German; eighty persons, every second one buys. */
function germanFile() {
  const rows = ['Kundennr;E-Mail;Datum;Ereignis;Kanal;Betrag;Bestellnummer']
  for (let i = 0; i < 80; i++) {
    const who = `K${1000 + i};${i === 7 ? PERSON : `k${i}@beispiel.example`}`
    const day = String((i % 27) + 1).padStart(2, '0')
    rows.push(`${who};${day}.03.2026 10:00;Product Viewed;paid_search;;`)
    rows.push(`${who};${day}.03.2026 10:05;Product Added;paid_search;;`)
    if (i % 2) rows.push(`${who};${day}.03.2026 10:20;Order Completed;paid_search;1.0${String(i).padStart(2, '0')},50;B${i}`)
  }
  rows.push('K9999;x@beispiel.example;kein Datum;Product Viewed;direct;;')
  return `${rows.join('\r\n')}\r\n`
}

async function dropFile(page, name, text) {
  const transfer = await page.evaluateHandle(
    ([name, text]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([text], name, { type: 'text/csv' }))
      return transfer
    },
    [name, text],
  )
  await page.dispatchEvent('.drop', 'dragover', { dataTransfer: transfer })
  await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer })
}

test('a first visit, from the one-time link to an erasure', async () => {
  const server = await serve(db)
  const browser = await browse()
  const { page, complaints } = await open(browser, server, { language: 'de', account: null })
  const shot = (name) => page.screenshot({ path: join(artefacts, `visit-${name}.png`) })
  await page.goto(server.setup)
  await page.getByLabel('Name').fill(ADMIN.name)
  await page.getByLabel('E-Mail').fill(ADMIN.email)
  await page.getByLabel('Passwort').fill(ADMIN.password)
  await page.getByRole('button', { name: 'Konto anlegen' }).click()
  await page.waitForSelector('text=Noch kein Kontakt angekommen.')
  await shot('1-empty')

  await page.getByRole('button', { name: 'Datei wählen' }).click()
  await page.waitForSelector('.drop')
  await dropFile(page, 'kunden.csv', germanFile())
  await page.waitForSelector('.mapping')
  await shot('2-mapping')
  const guessed = await page.$$eval('.mapping tbody tr', (rows) => rows.map((row) => [row.cells[0].textContent, row.querySelector('select').value]))
  const means = Object.fromEntries(guessed)
  same([means.Datum, means.Ereignis, means.Kanal, means.Betrag, means.Bestellnummer, means['E-Mail']], ['time', 'event', 'channel', 'value', 'order', 'email'], 'what the columns are taken for')
  check(['person', 'user', 'crm'].includes(means.Kundennr), `Kundennr is taken for ${means.Kundennr}`)
  await page.getByRole('button', { name: 'Importieren', exact: true }).click()
  await page.waitForSelector('text=200 Ereignisse gespeichert.', { timeout: 60_000 })
  await page.waitForSelector('text=1 abgelehnt')
  await shot('3-imported')

  await page.getByRole('button', { name: 'Zur Journey Map' }).click()
  await page.waitForSelector('svg.journey-map')
  const stages = await page.$$eval('svg.journey-map .people tspan:first-child', (all) => all.map((one) => Number(one.textContent.replaceAll('.', ''))))
  same(stages, JSON.parse(etappe('map', '--format', 'json', '--db', db)).stages.map((one) => one.persons), 'people by stage')
  await shot('4-map')

  await page.keyboard.press('g')
  await page.keyboard.press('f')
  await page.waitForFunction(() => document.querySelectorAll('.step').length === 3) // the project's own way stands there at once
  await page.waitForFunction(() => document.querySelectorAll('svg.funnel .funnel-figure').length === 3)
  same(await page.$$eval('svg.funnel .funnel-figure', (all) => all.map((one) => one.firstChild.textContent)), ['80', '80', '40'], 'the funnel')
  await page.getByRole('button', { name: /^Schritt/ }).click()
  await page.getByRole('radio', { name: 'Product Viewed' }).click()
  await page.waitForFunction(() => document.querySelectorAll('svg.funnel .funnel-figure').length === 4)
  await shot('5-funnel')

  await page.goto(`${server.base}/person/${encodeURIComponent(`email:${PERSON}`)}`)
  await page.waitForSelector('svg.timeline')
  await shot('6-person')
  await page.getByRole('button', { name: /^Löschen/ }).click()
  await page.getByLabel(/bestätig/i).fill('löschen')
  await page.locator('.dialog').getByRole('button', { name: 'Löschen' }).click()
  await page.waitForURL('**/persons*')
  await page.waitForSelector('text=79 Personen')
  await shot('7-erased')
  check(!complaints.length, complaints.join('\n'))
  await browser.close()
  server.kill('SIGTERM')
  await new Promise((end) => server.process.once('exit', end))
  const left = readdirSync(dirname(db), { recursive: true, withFileTypes: true }).filter((one) => one.isFile() && one.name.startsWith('visit.db') && readFileSync(join(one.parentPath ?? one.path, one.name)).includes(PERSON))
  same(left.map((one) => one.name), [], 'files that still hold the address')
})

await done()
