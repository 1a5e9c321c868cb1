// SPDX-License-Identifier: Apache-2.0
// Is the text on standard input an OpenAPI description? Prints its version and the errors. Modules lie in the folder given.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const require = createRequire(pathToFileURL(`${process.argv[2]}/x.js`))
const { Validator } = await import(pathToFileURL(require.resolve('@seriousme/openapi-schema-validator')))
const validator = new Validator()
const result = await validator.validate(JSON.parse(readFileSync(0, 'utf8')))
console.log(JSON.stringify({ valid: result.valid, version: validator.version, errors: result.errors ?? [] }))
