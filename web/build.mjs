// SPDX-License-Identifier: Apache-2.0
// Bundles the web app into a folder: `node build.mjs OUT`. Scripts and styles carry a hash of their content in their
// names, so that browsers may keep them; index.html names them and is never kept.
import * as esbuild from 'esbuild'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const out = process.argv[2] ?? join(here, 'dist')
await rm(out, { recursive: true, force: true })
await mkdir(out, { recursive: true })

const result = await esbuild.build({
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
  metafile: true,
  logLevel: 'warning',
})

const named = {}
for (const [file, about] of Object.entries(result.metafile.outputs))
  if (about.entryPoint) named[about.entryPoint] = file.split('/').pop()
const page = (await readFile(join(here, 'src/index.html'), 'utf8'))
  .replace('{script}', named['src/main.tsx'])
  .replace('{style}', named['src/style/app.css'])
await writeFile(join(out, 'index.html'), page)
await copyFile(join(here, 'src/icon.svg'), join(out, 'icon.svg'))
