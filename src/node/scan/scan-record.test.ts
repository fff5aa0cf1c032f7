import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { parseVersionId } from '../../base/ids.ts'
import {
  decodeNote,
  decodeSettings,
  encodeNote,
  encodeSettings,
  NOTED_FINDINGS_MAX,
  type ScanNote
} from './scan-record.ts'

const VERSION = parseVersionId('ab'.repeat(32)) ?? assert.fail('a version id')
const NOTE: ScanNote = {
  ...{ version: VERSION, name: 'os-image', engine: 'ClamAV 1.4.6', database: 'daily 7', verdict: 'infected' },
  ...{ found: 'Evil in 1 file', findings: [{ path: 'a/b', signature: 'Evil' }], detail: null },
  ...{ atMs: 1_800_000_000_000, failures: 0, retryAtMs: null }
}
const GOLDEN_NOTE =
  `{"v":1,"version":"${VERSION}","name":"os-image","engine":"ClamAV 1.4.6","database":"daily 7",` +
  '"verdict":"infected","found":"Evil in 1 file","findings":[{"path":"a/b","signature":"Evil"}],"detail":null,' +
  '"atMs":1800000000000,"failures":0,"retryAtMs":null}'
const GOLDEN_SETTINGS = '{"v":1,"clamd":"unix:/run/clamav/clamd.ctl","bytesPerSecond":5000}'

test('golden records, written and read', () => {
  assert.equal(fromUtf8(encodeNote(NOTE)), GOLDEN_NOTE)
  assert.deepEqual(decodeNote(utf8(GOLDEN_NOTE)), NOTE)
  const settings = { clamd: { path: '/run/clamav/clamd.ctl' }, bytesPerSecond: 5000 }
  assert.equal(fromUtf8(encodeSettings(settings)), GOLDEN_SETTINGS)
  assert.deepEqual(decodeSettings(utf8(GOLDEN_SETTINGS)), settings)
})

test('a scan of which nobody could look is noted without a scanner', () => {
  const note: ScanNote = {
    ...{ ...NOTE, engine: null, database: null, verdict: 'unscanned', found: null, findings: [] },
    ...{ detail: 'no room (DISK_FULL)', failures: 3, retryAtMs: 1_800_000_240_000 }
  }
  assert.deepEqual(decodeNote(encodeNote(note)), note)
})

test('what is from a newer program, or damaged, is not read', () => {
  const damaged: readonly (readonly [string, string])[] = [
    ['"v":1', '"v":2'],
    [VERSION, 'xyz'],
    ['"os-image"', '"OS image"'],
    ['"infected"', '"fine"'],
    ['"Evil in 1 file"', '"two\\nlines"'],
    ['"path":"a/b"', '"path":1'],
    ['"failures":0', '"failures":-1'],
    ['"retryAtMs":null', '"retryAtMs":1.5'],
    ['}', '']
  ]
  for (const [from, to] of damaged)
    assert.equal(decodeNote(utf8(GOLDEN_NOTE.replace(from, to))), undefined, `${from} ${to}`)
  const many = { ...NOTE, findings: Array.from({ length: NOTED_FINDINGS_MAX + 1 }, () => NOTE.findings[0]) }
  assert.equal(decodeNote(encodeNote(many as ScanNote)), undefined)
  for (const [from, to] of [
    ['"v":1', '"v":2'],
    ['unix:/', 'file:/'],
    ['5000', '999'],
    ['5000', '1e13'],
    ['5000', '"5000"']
  ] as const)
    assert.equal(decodeSettings(utf8(GOLDEN_SETTINGS.replace(from, to))), undefined, to)
  assert.equal(decodeSettings(Uint8Array.of(0xff)), undefined)
  assert.equal(decodeSettings(utf8('null')), undefined)
})
