import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isVisibleLine } from '../../ledger/encoding/names.ts'
import { REASON_CHARACTERS_MAX } from '../../ledger/operation/operation-limits.ts'
import { isNews, type ScanWord, wordOf } from './scan-word.ts'
import type { VersionScan } from './version-scan.ts'

const CLEAN: VersionScan = {
  ...{ verdict: 'clean', engine: '1.4.6', database: 7, databaseTimeMs: 0, findings: [], unscanned: [] },
  ...{ fault: null, scannedFiles: 2, scannedBytes: 10, infectedFiles: 0, unscannedFiles: 0 },
  ...{ startedMs: 1, endedMs: 2 }
}
const INFECTED: VersionScan = {
  ...{ ...CLEAN, verdict: 'infected', infectedFiles: 3 },
  findings: [
    { path: 'secret/merger', signature: 'Evil.B' },
    { path: 'secret/plan', signature: 'Evil.A' },
    { path: 'z', signature: 'Evil.B' }
  ]
}
const UNSCANNED: VersionScan = {
  ...{ ...CLEAN, verdict: 'unscanned', unscannedFiles: 2 },
  unscanned: [
    { path: 'secret/disk', reason: 'too-large', detail: 'limit' },
    { path: 'b', reason: 'timeout', detail: 'slow' }
  ]
}

test('the ledger is told what was found and how often, without paths', () => {
  const by = { engine: 'ClamAV 1.4.6', database: 'daily 7' }
  assert.deepEqual(wordOf(CLEAN), { ...by, verdict: 'clean', found: null })
  assert.deepEqual(wordOf(INFECTED), { ...by, verdict: 'infected', found: 'Evil.A, Evil.B in 3 files' })
  assert.deepEqual(wordOf(UNSCANNED), { ...by, verdict: 'unscanned', found: 'timeout, too-large: 2 files' })
  const lost = { ...UNSCANNED, fault: { reason: 'scanner-lost', detail: '/run/x is gone' } } as const
  assert.equal(wordOf(lost).found, 'scanner-lost')
})

test('however much was found, it is a line that the ledger takes', () => {
  const findings = Array.from({ length: 100 }, (_, i) => ({ path: `${i}`, signature: `Evil.Number.${i}` }))
  const { found, engine } = wordOf({ ...INFECTED, engine: 'x'.repeat(64), findings })
  assert.ok(
    found !== null && isVisibleLine(found, REASON_CHARACTERS_MAX) && found.startsWith('Evil.Number.0')
  )
  assert.ok(isVisibleLine(engine, 64))
})

test('what only confirms what was said is not told again, and what could not be looked at takes nothing back', () => {
  const word = (verdict: ScanWord['verdict'], found: string | null = null): ScanWord => ({
    ...{ engine: 'e', database: 'd', verdict, found }
  })
  const clean = word('clean')
  const evil = word('infected', 'Evil')
  const large = word('unscanned', 'too-large')
  for (const first of [clean, evil, large]) assert.ok(isNews(first, undefined))
  const news = (last: ScanWord) =>
    [clean, evil, word('infected', 'Worse'), large, word('unscanned', 'timeout')].map(next =>
      isNews(next, last)
    )
  assert.deepEqual(news(clean), [false, true, true, false, false])
  assert.deepEqual(news(evil), [true, false, true, false, false])
  assert.deepEqual(news(large), [true, true, true, false, true])
})
