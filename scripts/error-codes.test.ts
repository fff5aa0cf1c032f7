import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ERROR_CODES } from '../src/base/error-codes.ts'

const documented = new Map(
  [...readFileSync('docs/ERRORS.md', 'utf8').matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (.+?) \|/gm)].map(row => [
    row[1] as string,
    { exitCode: Number(row[2]), meaning: row[3] as string }
  ])
)

test('docs/ERRORS.md lists every code as the table has it, and no other', () => {
  const table = Object.entries(ERROR_CODES).map(([code, { exitCode, meaning }]) => [
    code,
    { exitCode, meaning }
  ])
  assert.deepEqual(Object.fromEntries(documented), Object.fromEntries(table))
})

test('every code is used by the code', () => {
  const source = globSync('src/**/*.ts', {
    exclude: file => /\.test\.ts$|error-codes\.ts$/.test(String(file))
  })
    .filter(file => !/\.test\.ts$|error-codes\.ts$/.test(file))
    .map(file => readFileSync(file, 'utf8'))
    .join('\n')
  const unused = Object.keys(ERROR_CODES).filter(code => !source.includes(`'${code}'`))
  assert.deepEqual(unused, [])
})
