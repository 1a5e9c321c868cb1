// SPDX-License-Identifier: Apache-2.0
// What the tests in a real browser share: a server of their own on a free port, Chromium, TAP.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const clients = createRequire(join(root, 'deps/clients/package.json'))
const web = createRequire(join(root, 'deps/web/package.json'))
export const { chromium } = clients('playwright-core')
export const axeSource = web.resolve('axe-core/axe.min.js')
export const program = process.env.ETAPPE ?? join(root, 'build/etappe')
export const artefacts = process.env.ETAPPE_ARTEFACTS ?? join(root, 'tests/artefacts/browser')
mkdirSync(artefacts, { recursive: true })

const folder = mkdtempSync(join(tmpdir(), 'etappe-browser-'))
const running = new Set()
process.on('exit', () => {
  for (const one of running) one.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

export const etappe = (...args) => execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
export const path = (name) => join(folder, name)

/** A sample company of `events` events in a project of its own. */
export function sample(name, events) {
  const db = path(`${name}.db`)
  const file = path(`${name}.csv`)
  etappe('simulate', '--events', String(events), '--seed', '7', '--out', file)
  etappe('import', file, '--db', db)
  return db
}

/** Starts a server; `port` 0 takes a free one. Resolves with its address and the link of the first account. */
export function serve(db, port = 0) {
  const process = spawn(program, ['serve', '--db', db, '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'ignore'] })
  running.add(process)
  return new Promise((done, fail) => {
    let text = ''
    const timer = setTimeout(() => fail(new Error(`the server does not start: ${text}`)), 30_000)
    process.stdout.on('data', (part) => {
      text += part
      const base = /Serving .* at (http:\S+?),?\s/.exec(text)?.[1]
      if (!base) return
      setTimeout(() => {
        clearTimeout(timer)
        done({ base, process, setup: /(http:\S+token=[0-9a-f]+)/.exec(text)?.[1], port: Number(new URL(base).port), kill: (signal) => (running.delete(process), process.kill(signal)) })
      }, 100)
    })
    process.on('exit', (code) => fail(new Error(`the server ended with ${code}: ${text}`)))
  })
}

export const ADMIN = { name: 'Mara Vogt', email: 'mara@example.com', password: 'a sentence is easy to keep' }

/** Makes the first account without the browser. */
export async function firstAccount(server) {
  const token = new URL(server.setup).searchParams.get('token')
  const answer = await fetch(`${server.base}/api/v1/setup`, { method: 'POST', body: JSON.stringify({ ...ADMIN, token }) })
  if (!answer.ok) throw new Error(await answer.text())
}

export const browse = () =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })

/** A page of somebody who is signed in; what the browser complains of is gathered in `complaints`. */
export async function open(browser, server, { language = 'en', dark = false, phone = false, account = ADMIN } = {}) {
  const context = await browser.newContext({ viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 }, colorScheme: dark ? 'dark' : 'light', locale: language === 'de' ? 'de-DE' : 'en-GB', reducedMotion: 'reduce' })
  if (account) {
    const answer = await context.request.post(`${server.base}/api/v1/session`, { data: account })
    if (!answer.ok()) throw new Error(await answer.text())
  }
  const page = await context.newPage()
  const complaints = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(`${message.text()} ${message.location().url}`))
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, context, complaints, go: (where) => page.goto(server.base + where) }
}

/** Waits until the page shows its answer: no part of it is busy. */
export async function settled(page) {
  await page.waitForSelector('#content')
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]') && document.querySelector('h1')?.textContent.trim(), undefined, { timeout: 60_000 })
}

const tests = []
export const test = (name, run) => tests.push({ name, run })
export const check = (good, text) => {
  if (!good) throw new Error(text)
}
export const same = (found, wanted, text) => check(JSON.stringify(found) === JSON.stringify(wanted), `${text}: found ${JSON.stringify(found)}, expected ${JSON.stringify(wanted)}`)

/** Runs all tests, or those whose name holds the first argument, and prints TAP. */
export async function done() {
  const chosen = tests.filter((one) => !process.argv[2] || one.name.includes(process.argv[2]))
  console.log(`1..${chosen.length}`)
  let failed = false
  for (const [n, { name, run }] of chosen.entries())
    try {
      await run()
      console.log(`ok ${n + 1} - ${name}`)
    } catch (error) {
      failed = true
      console.log(`not ok ${n + 1} - ${name}`)
      console.log(String(error.stack ?? error).replace(/^/gm, '# '))
    }
  process.exit(failed ? 1 : 0)
}
