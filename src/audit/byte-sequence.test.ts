import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes } from '../base/bytes.ts'
import { decodeByteSequence, encodeByteSequence, splitByteSequence } from './byte-sequence.ts'

const LIMIT = 70_000
const record = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(23, 24, 255, 256, 65_535, 65_536).map(length => new Uint8Array(length).fill(7))
)

test('a sequence round-trips, also piece by piece', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 6 }), fc.nat(), (records, cut) => {
      const bytes = encodeByteSequence(records)
      assert.deepEqual(decodeByteSequence(bytes, LIMIT), records)
      const at = bytes.length === 0 ? 0 : cut % bytes.length
      const first = splitByteSequence(bytes.subarray(0, at), LIMIT)
      const second = splitByteSequence(concatBytes([first.rest, bytes.subarray(at)]), LIMIT)
      assert.deepEqual([...first.records, ...second.records], records)
      assert.equal(second.rest.length, 0)
    })
  )
})

test('a cut, an other type, a longer head than needed or a record above the limit is no sequence', () => {
  const bytes = encodeByteSequence([new Uint8Array(300)])
  assert.equal(decodeByteSequence(bytes.slice(0, -1), LIMIT), undefined)
  assert.equal(decodeByteSequence(bytes, 299), undefined)
  for (const bad of [
    [0x60],
    [0x5f, 0xff],
    [0x5b, 0, 0, 0, 0, 0, 0, 0, 0],
    [0x58, 23],
    [0x59, 0, 255],
    [0x00]
  ])
    assert.notEqual(
      splitByteSequence(Uint8Array.from([...bad, ...new Uint8Array(300)]), LIMIT).fault,
      undefined
    )
})
