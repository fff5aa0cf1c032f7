import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceIdFromBytes, operationIdFromBytes, orgIdFromBytes } from '../../base/ids.ts'
import { ROOT_RECORD_BYTES_MAX } from '../chain/root.ts'
import { ROOT_HAVE_MAX, ROOT_PAGE_RECORDS_MAX } from '../chain/root-sync.ts'
import { type CborValue, encodeCbor } from '../encoding/cbor.ts'
import { PAGE_RECORDS_MAX, TIPS_MAX, WANT_HAVE_MAX, WANT_IDS_MAX } from './sync.ts'
import { decodeSyncMessage, encodeSyncMessage, type SyncMessage } from './sync-messages.ts'

const filled = (byte: number) => new Uint8Array(32).fill(byte)
const operation = (byte: number) => operationIdFromBytes(filled(byte))

const MESSAGES: readonly SyncMessage[] = [
  {
    kind: 'hello',
    org: orgIdFromBytes(filled(1)),
    rootVersion: 1,
    rootHash: filled(1),
    digest: filled(2),
    tips: 3
  },
  { kind: 'want-tips' },
  {
    kind: 'tips',
    tips: [
      { author: deviceIdFromBytes(filled(3)), incarnation: '00000000000000ff', seq: 7, id: operation(4) }
    ]
  },
  { kind: 'want', wants: [{ tip: operation(4), have: [operation(5), operation(6)] }] },
  { kind: 'records', records: [Uint8Array.of(1, 2, 3)], more: true },
  { kind: 'refuse', reason: 'foreign-org' },
  { kind: 'want-roots', have: [filled(7), filled(8)] },
  { kind: 'roots', records: [Uint8Array.of(4, 5)], more: false }
]

test('every kind round-trips', () => {
  for (const message of MESSAGES)
    assert.deepEqual(decodeSyncMessage(encodeSyncMessage(message)), { ok: true, value: message })
})

const verdict = (value: CborValue) => {
  const decoded = decodeSyncMessage(encodeCbor(value))
  return decoded.ok ? 'valid' : decoded.reason
}

test('what another version or kind means is not guessed', () => {
  assert.equal(verdict({ v: 1, kind: 'refuse', reason: 'busy' }), 'valid')
  assert.equal(verdict({ v: 2, kind: 'refuse', reason: 'busy' }), 'unknown-version')
  assert.equal(verdict({ v: 1, kind: 'beacon' }), 'unknown-kind')
  for (const value of [{ v: 1 }, { kind: 'refuse', reason: 'busy' }, 1, null, [1], new Uint8Array(4)])
    assert.equal(verdict(value), 'malformed', JSON.stringify(value))
  for (const reason of ['', 'Busy', 'a b', 'a'.repeat(65)])
    assert.equal(verdict({ v: 1, kind: 'refuse', reason }), 'malformed', reason)
})

test('counts are bounded, each by its limit', () => {
  const tip = [filled(3), new Uint8Array(8), 1, filled(4)]
  const tips = (count: number) => verdict({ v: 1, kind: 'tips', tips: Array(count).fill(tip) })
  assert.equal(tips(TIPS_MAX), 'valid')
  assert.equal(tips(TIPS_MAX + 1), 'malformed')
  const records = (count: number) =>
    verdict({ v: 1, kind: 'records', records: Array(count).fill(new Uint8Array(9)), more: false })
  assert.equal(records(PAGE_RECORDS_MAX), 'valid')
  assert.equal(records(PAGE_RECORDS_MAX + 1), 'malformed')
  const want = (count: number, have: number) =>
    verdict({ v: 1, kind: 'want', wants: Array(count).fill([filled(1), Array(have).fill(filled(2))]) })
  assert.equal(want(1, WANT_HAVE_MAX), 'valid')
  assert.equal(want(1, WANT_HAVE_MAX + 1), 'malformed')
  const wide = Math.floor(WANT_IDS_MAX / (WANT_HAVE_MAX + 1))
  assert.equal(want(wide, WANT_HAVE_MAX), 'valid')
  assert.equal(want(wide + 1, WANT_HAVE_MAX), 'too-large')
})

test('root records and what is held of them are bounded too', () => {
  const have = (count: number) => verdict({ v: 1, kind: 'want-roots', have: Array(count).fill(filled(1)) })
  assert.equal(have(ROOT_HAVE_MAX), 'valid')
  assert.equal(have(ROOT_HAVE_MAX + 1), 'malformed')
  const roots = (count: number, bytes: number) =>
    verdict({ v: 1, kind: 'roots', records: Array(count).fill(new Uint8Array(bytes)), more: true })
  assert.equal(roots(ROOT_PAGE_RECORDS_MAX, ROOT_RECORD_BYTES_MAX), 'valid')
  assert.equal(roots(ROOT_PAGE_RECORDS_MAX + 1, 9), 'malformed')
  assert.equal(roots(1, ROOT_RECORD_BYTES_MAX + 1), 'malformed')
})
