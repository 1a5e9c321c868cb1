// SPDX-License-Identifier: Apache-2.0
// Two versions of a project file merged: by hand, case by case; and two people at the same project in two browsers.
import { createRequire } from 'node:module'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ADMIN, artefacts, browse, check, done, firstAccount, open, sample, same, serve, settled as shown, test } from './browser.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const folder = mkdtempSync(join(tmpdir(), 'etappe-merge-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const { buildSync } = createRequire(join(root, 'deps/web/package.json'))('esbuild')
buildSync({ entryPoints: [join(root, 'web/src/views/project/merge.ts')], bundle: true, format: 'esm', outfile: join(folder, 'merge.mjs'), preserveSymlinks: true, logLevel: 'error' })
const { merge, settled } = await import(pathToFileURL(join(folder, 'merge.mjs')))

const lines = (...all) => all.join('\n') + '\n'
const BASE = lines('version: 1', '# what we sell', 'goals:', '  - name: order', '    when: event = "Order Completed"', '    count: each # every one', '  - name: signup', '    when: event = "Signed Up"', 'brand_terms:', '  - lindenhof', '  - linde')
const change = (text, ...pairs) => pairs.reduce((all, [from, to]) => (check(all.includes(from), from), all.replace(from, to)), text)

test('what only one of two changed is taken from either', () => {
  const mine = change(BASE, ['count: each # every one', 'count: per_visit # every one'], ['  - linde\n', '  - linden\n'])
  const theirs = change(BASE, ['  - name: signup', '  - name: signup\n    closes: true'], ['  - lindenhof\n', '  - lindenhof\n  - haus linde\n'])
  const merged = merge(BASE, mine, theirs, '')
  same(merged.conflicts, [], 'conflicts')
  same(merged.text, lines('version: 1', '# what we sell', 'goals:', '  - name: order', '    when: event = "Order Completed"', '    count: per_visit # every one', '  - name: signup', '    closes: true', '    when: event = "Signed Up"', 'brand_terms:', '  - lindenhof', '  - haus linde', '  - linden'), 'merged')
})

test('what both changed is a conflict with three ways out', () => {
  const mine = change(BASE, ['event = "Signed Up"', 'event = "Account Created"'])
  const theirs = change(BASE, ['event = "Signed Up"', 'event = "Registered"'])
  const merged = merge(BASE, mine, theirs, '')
  same(merged.conflicts, [{ path: ['goals', { name: 'signup' }, 'when'], mine: 'event = "Account Created"', theirs: 'event = "Registered"' }], 'conflicts')
  same(settled(merged, ['mine']), mine, 'mine')
  same(settled(merged, ['theirs']), theirs, 'theirs')
  check(settled(merged, ['both']).includes('when: (event = "Registered") or (event = "Account Created")'), settled(merged, ['both']))
})

test('entries are added, removed and moved by their names', () => {
  const mine = change(BASE, ['brand_terms:', '  - name: lead\n    when: event = "Lead"\nbrand_terms:'])
  const theirs = change(BASE, ['  - name: order\n    when: event = "Order Completed"\n    count: each # every one\n  - name: signup\n    when: event = "Signed Up"\n', '  - name: signup\n    when: event = "Signed Up"\n  - name: order\n    when: event = "Order Completed"\n    count: each # every one\n'])
  const merged = merge(BASE, mine, theirs, '')
  same([merged.conflicts, [...merged.text.matchAll(/name: (\w+)/g)].map((one) => one[1])], [[], ['signup', 'lead', 'order']], 'moved by them, added by me')
  const without = change(BASE, ['  - name: signup\n    when: event = "Signed Up"\n', ''])
  same(merge(BASE, without, mine, '').conflicts, [], 'removed by me, untouched by them')
  const edited = change(BASE, ['event = "Signed Up"', 'event = "Registered"'])
  const clash = merge(BASE, without, edited, '')
  same(clash.conflicts.map((one) => [one.path, one.mine]), [[['goals', { name: 'signup' }], undefined]], 'removed by me, edited by them')
  check(!settled(clash, ['mine']).includes('signup') && settled(clash, ['theirs']).includes('Registered'), 'either way')
})

test('a list that both copied from the preset has it as its base', () => {
  const preset = lines('channels:', '  - name: a', '    when: x = 1', '  - name: b', '    when: y = 1')
  const mine = lines('version: 1', 'channels:', '  - name: a', '    when: x = 2', '  - name: b', '    when: y = 1')
  const theirs = lines('version: 1', 'channels:', '  - name: a', '    when: x = 1', '  - name: b', '    when: y = 3')
  const merged = merge('version: 1\n', mine, theirs, preset)
  same([merged.conflicts, merged.text], [[], lines('version: 1', 'channels:', '  - name: a', '    when: x = 2', '  - name: b', '    when: y = 3')], 'merged')
  same(merge('', mine, 'version: 1\n', preset).text, mine, 'added by one of them')
})

test('comments of both stay, and a text that cannot be read is not merged', () => {
  const mine = change(BASE, ['# what we sell', '# what we sell\n# since 1972'])
  const theirs = change(BASE, ['# every one', '# every single one'])
  const merged = merge(BASE, mine, theirs, '')
  check(/since 1972/.test(merged.text) && /every single one/.test(merged.text), merged.text)
  same(merge(BASE, 'goals: [', theirs, ''), undefined, 'unreadable')
})

test('two people at one project: the second sees what both changed, chooses, and nothing is lost', async () => {
  const server = await serve(sample('two', 5_000))
  await firstAccount(server)
  const browser = await browse()
  const { page, context, go, complaints } = await open(browser, server, { language: 'de' })
  const session = await (await context.request.post(`${server.base}/api/v1/session`, { data: ADMIN })).json()
  const theirs = await browser.newContext()
  const other = { name: 'Jan Ruf', email: 'jan@example.com', password: 'another sentence to keep', role: 'admin' }
  const made = await context.request.post(`${server.base}/api/v1/accounts`, { data: other, headers: { 'X-Etappe-Csrf': session.csrf, Origin: server.base } })
  check(made.ok(), await made.text())
  const jan = await (await theirs.request.post(`${server.base}/api/v1/session`, { data: other })).json()
  const put = async (text, number) => {
    const answer = await theirs.request.put(`${server.base}/api/v1/project`, { data: { text, number }, headers: { 'X-Etappe-Csrf': jan.csrf, Origin: server.base } })
    check(answer.ok(), await answer.text())
    return answer.json()
  }
  const file = (order, value, term) => lines('version: 1', 'goals:', '  - name: order', `    when: ${order}`, `    value: ${value}`, '    closes: true', `brand_terms: [${term}]`)
  const first = await put(file('event = "Order Completed"', 'value', 'lindenhof'), (await (await theirs.request.get(`${server.base}/api/v1/project`)).json()).number)

  await go('/project?part=file')
  await page.locator('.file-text').fill(file('event = "Order Completed" and value > 0', 'value', 'lindenhof, linde'))
  await page.locator('.file-text').blur()
  await put(file('event = "Order Completed" or event = "Purchase"', 'properties.total', 'lindenhof'), first.number)
  await page.getByRole('button', { name: 'Wirkung zeigen' }).click()
  await page.getByRole('button', { name: 'Anwenden' }).click()
  await page.waitForSelector('.clash')
  same(await page.textContent('.effect h2'), 'Jan Ruf hat gerade eine andere Fassung angewendet.', 'who it was')
  same(await page.$$eval('.clash h3', (all) => all.map((one) => one.textContent)), ['Ziele › „order“ › Wenn'], 'where both changed')
  same(await page.$$eval('.clash pre', (all) => all.map((one) => one.textContent)), ['event = "Order Completed" and value > 0', 'event = "Order Completed" or event = "Purchase"'], 'side by side')
  await page.screenshot({ path: join(artefacts, 'merge-de.png'), fullPage: true })
  await page.getByRole('radio', { name: 'Meine Fassung', exact: true }).click()
  await page.getByRole('button', { name: 'Mit dem zusammengeführten Text weiter' }).click()
  await page.getByRole('button', { name: 'Anwenden' }).click()
  await page.waitForSelector('text=Angewendet')
  const { text } = await (await theirs.request.get(`${server.base}/api/v1/project`)).json()
  check(text.includes('value > 0') && text.includes('properties.total') && text.includes('linde'), text)

  await page.locator('.file-text').fill(text.replace('closes: true', 'closes: true\n    count: each'))
  await page.locator('.file-text').blur()
  await put(text.replace('lindenhof', 'hof'), (await (await theirs.request.get(`${server.base}/api/v1/project`)).json()).number)
  await page.reload()
  await shown(page)
  await page.waitForSelector('text=Nichts widerspricht sich')
  await page.getByRole('button', { name: 'Mit dem zusammengeführten Text weiter' }).click()
  const merged = await page.inputValue('.file-text')
  check(merged.includes('count: each') && merged.includes('hof') && !merged.includes('lindenhof'), `after a reload: ${merged}`)
  same(complaints.filter((one) => !one.includes('409')), [], 'the browser complains')
  await browser.close()
  server.kill('SIGTERM')
})

await done()
