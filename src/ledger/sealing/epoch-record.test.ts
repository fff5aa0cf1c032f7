import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import { idBytes, operationIdFromBytes, orgIdFromBytes } from '../../base/ids.ts'
import { keyNamed, sha256, verify } from '../fold/org-fixture.conformance.ts'
import {
  decodeEpochQuestion,
  EPOCH_LIMITS,
  encodeEpochQuestion,
  hasPart,
  partBits
} from './epoch-messages.ts'
import {
  createEpochRecord,
  decodeEpochRecord,
  EPOCH_RECORD_BYTES_MAX,
  type EpochTerms,
  PART_MEMBERS_MAX,
  PARTS_MAX
} from './epoch-record.ts'
import { decodeRecords, encodeRecords, recordsThatFit } from './record-messages.ts'

/** A difference here means that this program no longer reads what an earlier one wrote. */
const VECTORS_URL = new URL('../../../test/vectors/ledger/epoch-v1.json', import.meta.url)
const author = keyNamed('admin')
const named = (name: string) => sha256(Buffer.from(name))
const members = ['ann', 'bob', 'cid']
  .map(name => ({ device: keyNamed(name).id, recipient: named(name) }))
  .sort((a, b) => (a.device < b.device ? -1 : 1))
const TERMS: EpochTerms = {
  org: orgIdFromBytes(named('org')),
  group: operationIdFromBytes(named('group')),
  recipient: named('epoch'),
  author: author.id,
  ...{ part: 1, parts: 3, members, envelope: new Uint8Array(Buffer.from('an envelope')) }
}
const keys = { verify, sha256 }
const recordOf = (change: Partial<EpochTerms> = {}) =>
  createEpochRecord({ ...TERMS, ...change }, { sign: author.sign, sha256 })
const asks = [{ recipient: TERMS.recipient, have: partBits([0, 9]), isAll: true }]

test('every format is written in the bytes of its golden vector', () => {
  const { record } = recordOf()
  const current = {
    record: toHex(record),
    question: toHex(encodeEpochQuestion(asks)),
    answer: toHex(encodeRecords([record]))
  }
  assert.deepEqual(current, JSON.parse(readFileSync(VECTORS_URL, 'utf8')))
})

describe('a record of an epoch', () => {
  test('is read as what was written', () => {
    const read = decodeEpochRecord(recordOf().record, keys)
    assert.ok(read.ok)
    assert.deepEqual(read.value, recordOf())
  })

  test('is refused when one of its bits is another', () => {
    const { record } = recordOf()
    for (let at = 0; at < record.length; at++) {
      const changed = record.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.equal(decodeEpochRecord(changed, keys).ok, false, `byte ${at}`)
    }
  })

  test('has members in one order, none twice, and a place among the parts', () => {
    const isRead = (change: Partial<EpochTerms>) => decodeEpochRecord(recordOf(change).record, keys).ok
    const [first] = members
    assert.ok(first)
    assert.equal(isRead({ members: members.toReversed() }), false)
    assert.equal(isRead({ members: [first, first] }), false)
    assert.equal(isRead({ members: [] }), false)
    assert.equal(isRead({ part: 3 }), false)
    assert.equal(isRead({ part: 2 }), true)
    assert.equal(isRead({ parts: PARTS_MAX + 1 }), false)
    assert.equal(isRead({ envelope: new Uint8Array(0) }), false)
  })

  test('at its longest is within its limit, and fits a message', () => {
    const many = Array.from({ length: PART_MEMBERS_MAX }, (_, at) => keyNamed(`member ${at}`).id).sort()
    const { record } = recordOf({
      members: many.map(device => ({ device, recipient: idBytes(device) })),
      envelope: new Uint8Array(32 * 1024)
    })
    assert.ok(decodeEpochRecord(record, keys).ok)
    assert.ok(record.length <= EPOCH_RECORD_BYTES_MAX)
    const fitting = recordsThatFit(
      Array.from({ length: PARTS_MAX }, () => record),
      EPOCH_LIMITS
    )
    assert.ok(fitting.length > 10)
    assert.ok(encodeRecords(fitting).length <= EPOCH_LIMITS.messageBytesMax)
    assert.ok(decodeRecords(encodeRecords(fitting), EPOCH_LIMITS).ok)
  })
})

test('questions and answers are read as what was written', () => {
  const question = decodeEpochQuestion(encodeEpochQuestion(asks))
  assert.ok(question.ok)
  assert.deepEqual(question.value, asks)
  const answer = decodeRecords(encodeRecords([recordOf().record]), EPOCH_LIMITS)
  assert.ok(answer.ok)
  assert.deepEqual(answer.value, [recordOf().record])
})

test('bits say which parts are there, of as many as there can be', () => {
  for (const parts of [[], [0], [7, 8], [PARTS_MAX - 1, 3]]) {
    const bits = partBits(parts)
    const found = Array.from({ length: PARTS_MAX }, (_, at) => at).filter(part => hasPart(bits, part))
    assert.deepEqual(
      found,
      parts.toSorted((a, b) => a - b)
    )
  }
})
