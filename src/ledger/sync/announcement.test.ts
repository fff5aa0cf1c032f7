import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCbor } from '../encoding/cbor.ts'
import {
  ANNOUNCED_BYTES_MAX,
  ANNOUNCED_RECORDS_MAX,
  decodeAnnouncement,
  encodeAnnouncement
} from './announcement.ts'

const [digest, root] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]

test('an announcement says what was held and what was signed', () => {
  const records = [Uint8Array.of(1, 2), Uint8Array.of(3)]
  const decoded = decodeAnnouncement(encodeAnnouncement({ digest, root, records }))
  assert.ok(decoded.ok)
  assert.deepEqual({ ...decoded.value }, { digest, root, records })
})

test('what is too much for a hint is left to be asked for', () => {
  for (const records of [
    Array.from({ length: ANNOUNCED_RECORDS_MAX + 1 }, () => Uint8Array.of(1)),
    [new Uint8Array(ANNOUNCED_BYTES_MAX + 1)]
  ]) {
    const decoded = decodeAnnouncement(encodeAnnouncement({ digest, root, records }))
    assert.ok(decoded.ok)
    assert.deepEqual(decoded.value.records, [])
  }
})

test('anything else is malformed', () => {
  const good = { v: 1, digest, root, records: [] }
  for (const bytes of [
    new Uint8Array(),
    new Uint8Array(40_000),
    encodeCbor({ ...good, v: 2 }),
    encodeCbor({ ...good, digest: new Uint8Array(31) }),
    encodeCbor({ ...good, records: [1] }),
    encodeCbor({ ...good, more: 1 }),
    encodeCbor({ ...good, records: Array.from({ length: ANNOUNCED_RECORDS_MAX + 1 }, () => digest) })
  ])
    assert.equal(decodeAnnouncement(bytes).ok, false)
})
