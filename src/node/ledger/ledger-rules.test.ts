import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import { hashOfFolder, ledgerRules } from './ledger-rules.ts'

test('other code has other rules; tests and what does not run have none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peerage-rules-'))
  try {
    mkdirSync(join(folder, 'fold'))
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return toHex(hashOfFolder(folder))
    }
    const first = write('fold/fold.ts', 'one')
    assert.equal(write('fold/fold.test.ts', 'test'), first)
    assert.equal(write('fold/naive-fold.conformance.ts', 'oracle'), first)
    assert.equal(write('fold/fold.d.ts', 'declaration'), first)
    const changes = [
      write('fold/fold.ts', 'two'),
      write('ledger.js', 'built'),
      write('fold/judge.ts', ''),
      write('judge.ts', '')
    ]
    assert.equal(new Set([first, ...changes]).size, 5)
    assert.equal(write('fold/fold.ts', 'two'), changes.at(-1))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the rules of this program are of the code of its ledger', () => {
  assert.equal(ledgerRules().length, 32)
  assert.notDeepEqual(ledgerRules(), hashOfFolder(import.meta.dirname))
})
