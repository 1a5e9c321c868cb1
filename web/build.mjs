// SPDX-License-Identifier: Apache-2.0
// Bundles the web app: `node build.mjs FOLDER` for looking at it, `node build.mjs OUT.c OUT.d` for the program, which
// carries it compressed. Names carry a hash of the content, so that browsers may keep them; index.html is never kept.
import * as esbuild from 'esbuild'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const here = dirname(fileURLToPath(import.meta.url))
const [target, depfile] = process.argv.slice(2)
const embedded = target?.endsWith('.c')
const out = embedded ? await mkdtemp(join(tmpdir(), 'etappe-web-')) : resolve(target ?? join(here, 'dist'))
await rm(out, { recursive: true, force: true })
await mkdir(out, { recursive: true })

const { metafile } = await esbuild.build({
  absWorkingDir: here,
  entryPoints: ['src/main.tsx', 'src/style/app.css'],
  outdir: out,
  bundle: true,
  minify: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryNames: '[name]-[hash]',
  chunkNames: 'part-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.woff2': 'file' },
  preserveSymlinks: true,
  metafile: true,
  logLevel: 'warning',
})

const named = {}
for (const [file, about] of Object.entries(metafile.outputs)) if (about.entryPoint) named[about.entryPoint] = file.split('/').pop()
const page = await readFile(join(here, 'src/index.html'), 'utf8')
await writeFile(join(out, 'index.html'), page.replace('{script}', named['src/main.tsx']).replace('{style}', named['src/style/app.css']))
await writeFile(join(out, 'icon.svg'), await readFile(join(here, 'src/icon.svg')))

// The tag of other people's pages: one file under a name that stays. It is alone, so that every byte of it is its own.
const tag = await esbuild.build({
  absWorkingDir: here,
  entryPoints: ['tag/etappe.ts'],
  outdir: out,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2020',
  tsconfigRaw: {},
  metafile: true,
  logLevel: 'warning',
})

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }

/** A table in C: name, type, what tells versions apart, bytes, whether they are compressed. */
async function writeTable() {
  const rows = []
  let text = '/* made by web/build.mjs */\n#include "server/assets.h"\n\n'
  for (const [n, name] of (await readdir(out)).sort().entries()) {
    const plain = await readFile(join(out, name))
    const gzip = extname(name) !== '.woff2'
    const bytes = gzip ? gzipSync(plain, { level: 9 }) : plain
    text += `static const unsigned char asset_${n}[] = {${bytes.join(',')}};\n`
    rows.push(`  {"${name}", "${TYPES[extname(name)]}", "W/\\"${createHash('sha256').update(plain).digest('hex').slice(0, 20)}\\"", asset_${n}, sizeof asset_${n}, ${gzip ? 1 : 0}},`)
  }
  await writeFile(target, `${text}\nconst Asset assets_all[] = {\n${rows.join('\n')}\n  {0},\n};\n`)
  const inputs = [...Object.keys({ ...metafile.inputs, ...tag.metafile.inputs }).map((file) => join(here, file)), join(here, 'src/index.html'), join(here, 'src/icon.svg'), fileURLToPath(import.meta.url)]
  await writeFile(depfile, `${target}: ${inputs.map((file) => file.replaceAll(' ', '\\ ')).join(' ')}\n`)
  await rm(out, { recursive: true })
}
if (embedded) await writeTable()
