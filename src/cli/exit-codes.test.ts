import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { ERROR_CODES } from '../base/error-codes.ts'
import { EXIT_CODES } from './exit-codes.ts'

it('exit codes are those of errors, and as the documentation has them', () => {
  const used = new Set<number>([0, ...Object.values(ERROR_CODES).map(({ exitCode }) => exitCode)])
  assert.deepEqual(
    EXIT_CODES.map(([code]) => code),
    [...used].sort((a, b) => a - b)
  )
  const page = readFileSync(new URL('../../docs/CLI.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, meaning]) => [
    Number(code),
    meaning
  ])
  assert.deepEqual(rows, EXIT_CODES)
})
