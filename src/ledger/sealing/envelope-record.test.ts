import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import { idBytes, orgIdFromBytes } from '../../base/ids.ts'
import { keyNamed, START_MS, sha256, verify, versionNamed } from '../fold/org-fixture.conformance.ts'
import { decodeQuestion, digestOf, ENVELOPE_LIMITS, encodeQuestion } from './envelope-messages.ts'
import {
  createEnvelopeRecord,
  decodeEnvelopeRecord,
  ENVELOPE_BYTES_MAX,
  ENVELOPE_RECORD_BYTES_MAX,
  type EnvelopeTerms
} from './envelope-record.ts'
import { decodeRecords, encodeRecords, recordsThatFit } from './record-messages.ts'

/** A difference here means that this program no longer reads what an earlier one wrote. */
const VECTORS_URL = new URL('../../../test/vectors/ledger/envelope-v2.json', import.meta.url)
const FIRST_VECTORS_URL = new URL('../../../test/vectors/ledger/envelope-v1.json', import.meta.url)
const author = keyNamed('admin')
const TERMS: EnvelopeTerms = {
  org: orgIdFromBytes(sha256(Buffer.from('org'))),
  version: versionNamed('one'),
  author: author.id,
  ...{ timeMs: START_MS, floorMs: 0, envelope: new Uint8Array(Buffer.from('an envelope')) }
}
const keys = { verify, sha256 }
const recordOf = (change: Partial<EnvelopeTerms> = {}) =>
  createEnvelopeRecord({ ...TERMS, ...change }, { sign: author.sign, sha256 })
const asks = [{ version: TERMS.version, digest: digestOf([recordOf().hash], sha256) }]

test('every format is written in the bytes of its golden vector', () => {
  const { record } = recordOf()
  const current = {
    record: toHex(record),
    'record with a floor': toHex(recordOf({ floorMs: START_MS }).record),
    question: toHex(encodeQuestion({ asks, records: [record] })),
    answer: toHex(encodeRecords([record]))
  }
  assert.deepEqual(current, JSON.parse(readFileSync(VECTORS_URL, 'utf8')))
})

test('a record written out by hand is the one that is in the vectors', () => {
  const text = (value: string) => Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)])
  const hash = (bytes: Uint8Array) => Buffer.concat([Buffer.from([0x58, 32]), bytes])
  const time = Buffer.alloc(9, 0x1b)
  time.writeBigUInt64BE(BigInt(START_MS), 1)
  // RFC 8949 core order: keys by length, then bytewise.
  const signed = Buffer.concat([
    Buffer.from([0xa7]),
    ...[text('v'), Buffer.from([2])],
    ...[text('org'), hash(idBytes(TERMS.org))],
    ...[text('time'), time],
    ...[text('floor'), Buffer.from([0])],
    ...[text('author'), hash(author.publicKey)],
    ...[text('version'), hash(idBytes(TERMS.version))],
    ...[text('envelope'), Buffer.from([0x40 + 11]), Buffer.from('an envelope')]
  ])
  const message = Buffer.concat([Buffer.from('peerage/envelope/v1\0'), sha256(signed)])
  const signature = Buffer.concat([Buffer.from([0x58, 64]), author.sign(message)])
  const byHand = Buffer.concat([Buffer.from([0x82, 0x58, signed.length]), signed, signature])
  assert.equal(byHand.toString('hex'), toHex(recordOf().record))
})

describe('a record', () => {
  test('of form 1 is read, and that it stood alone is a floor', () => {
    const vectors = JSON.parse(readFileSync(FIRST_VECTORS_URL, 'utf8'))
    const floors = ['record', 'record alone'].map(name => {
      const read = decodeEnvelopeRecord(Buffer.from(vectors[name], 'hex'), keys)
      assert.ok(read.ok)
      assert.deepEqual(read.value.envelope, TERMS.envelope)
      return read.value.floorMs
    })
    assert.deepEqual(floors, [0, START_MS])
  })

  test('ends nothing that is newer than itself', () => {
    const read = decodeEnvelopeRecord(recordOf({ floorMs: START_MS + 1 }).record, keys)
    assert.equal(read.ok, false)
  })

  test('is read as what was written', () => {
    const made = recordOf({ floorMs: START_MS })
    const read = decodeEnvelopeRecord(made.record, keys)
    assert.ok(read.ok)
    assert.deepEqual(read.value, made)
  })

  test('is refused when one of its bits is another', () => {
    const { record } = recordOf()
    for (let at = 0; at < record.length; at++) {
      const changed = record.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.equal(decodeEnvelopeRecord(changed, keys).ok, false, `byte ${at}`)
    }
  })

  test('has an envelope, of a limited length', () => {
    const ofBytes = (bytes: number) =>
      decodeEnvelopeRecord(recordOf({ envelope: new Uint8Array(bytes) }).record, keys)
    assert.equal(ofBytes(0).ok, false)
    assert.equal(ofBytes(ENVELOPE_BYTES_MAX).ok, true)
    assert.equal(ofBytes(ENVELOPE_BYTES_MAX + 1).ok, false)
  })
})

describe('messages', () => {
  test('are read as what was written', () => {
    const question = { asks, records: [new Uint8Array(recordOf().record)] }
    const read = decodeQuestion(encodeQuestion(question))
    assert.ok(read.ok)
    assert.deepEqual(read.value, question)
    const answer = decodeRecords(encodeRecords(question.records), ENVELOPE_LIMITS)
    assert.ok(answer.ok)
    assert.deepEqual(answer.value, question.records)
  })

  test('hold what fits, and the longest record does', () => {
    const longest = new Uint8Array(ENVELOPE_RECORD_BYTES_MAX)
    assert.equal(recordsThatFit([longest, longest], ENVELOPE_LIMITS).length, 1)
    assert.ok(
      encodeRecords(recordsThatFit([longest], ENVELOPE_LIMITS)).length <= ENVELOPE_LIMITS.messageBytesMax
    )
    const short = Array.from({ length: 999 }, () => new Uint8Array(8))
    assert.equal(recordsThatFit(short, ENVELOPE_LIMITS).length, ENVELOPE_LIMITS.recordsMax)
  })

  test('say of what is the same the same, in whatever order it is kept', () => {
    const [a, b] = [recordOf().hash, recordOf({ floorMs: START_MS }).hash]
    assert.deepEqual(digestOf([a, b], sha256), digestOf([b, a], sha256))
    assert.notDeepEqual(digestOf([a], sha256), digestOf([a, b], sha256))
    assert.deepEqual(digestOf([], sha256), new Uint8Array(32))
  })
})
