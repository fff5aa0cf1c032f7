import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { parseVersionId } from '../../base/ids.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import {
  decodeErasureRecord,
  type ErasureRecord,
  ErasureRecords,
  encodeErasureRecord,
  freshRecord
} from './erasure-record.ts'

const version = parseVersionId('ab'.repeat(32))
assert(version !== undefined)
const record: ErasureRecord = {
  ...{ version, bytes: { 7: 5, sources: 1 }, keys: true, sources: [{ path: '/srv/a', info: 'ZA==' }] },
  ...{ deletesSources: true, deletedAtMs: 9 }
}
/** What homes hold: it changes with the version marker only. */
const GOLDEN =
  `{"v":1,"version":"${version}","bytes":{"7":5,"sources":1},"keys":true,` +
  '"sources":[{"path":"/srv/a","info":"ZA=="}],"deletesSources":true,"deletedAtMs":9}'

test('a record is written as it always was, and read back', () => {
  assert.equal(fromUtf8(encodeErasureRecord(record)), GOLDEN)
  assert.deepEqual(decodeErasureRecord(utf8(GOLDEN)), record)
})

test('what is none is not read', () => {
  for (const change of [
    ...[
      { v: 2 },
      { version: 'ab' },
      { bytes: { 7: -1 } },
      { bytes: null },
      { keys: 0 },
      { sources: [{ path: '/a' }] }
    ],
    ...[{ sources: {} }, { deletesSources: null }, { deletedAtMs: 'x' }]
  ])
    assert.equal(decodeErasureRecord(utf8(JSON.stringify({ ...JSON.parse(GOLDEN), ...change }))), undefined)
  for (const text of ['', 'null', '[]', '1']) assert.equal(decodeErasureRecord(utf8(text)), undefined)
})

test('records are there after a restart', () => {
  const blobs = new MemoryRecords()
  new ErasureRecords(blobs).save(record)
  new ErasureRecords(blobs).save({ ...freshRecord(version), keys: true })
  assert.deepEqual(new ErasureRecords(blobs).all(), [{ ...freshRecord(version), keys: true }])
})
