/**
 * Fuzz target of records of epochs and of what devices say about them: each input is tried as a record, as the bytes
 * inside one, as a question and as an answer, with every signature taken for good. What decodes is written again to the
 * very same bytes.
 */

import { createHash } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { deviceIdFromBytes, operationIdFromBytes, orgIdFromBytes } from '../../base/ids.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import type { Sha256 } from '../encoding/signature.ts'
import { decodeEpochQuestion, EPOCH_LIMITS, encodeEpochQuestion, partBits } from './epoch-messages.ts'
import { createEpochRecord, decodeEpochRecord } from './epoch-record.ts'
import { decodeRecords, encodeRecords } from './record-messages.ts'

const UNSIGNED = new Uint8Array(64)
const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
const keys = { verify: () => true, sha256 }
const signing = { sign: () => UNSIGNED, sha256 }

const filled = (byte: number) => new Uint8Array(32).fill(byte)
const terms = {
  org: orgIdFromBytes(filled(1)),
  group: operationIdFromBytes(filled(2)),
  author: deviceIdFromBytes(filled(3)),
  ...{ recipient: filled(4), part: 1, parts: 2, envelope: new Uint8Array(100).fill(7) },
  members: [5, 6].map(byte => ({ device: deviceIdFromBytes(filled(byte)), recipient: filled(byte) }))
}
const { record } = createEpochRecord(terms, signing)

export const seeds: Uint8Array[] = [
  record,
  record.slice(3, -66),
  encodeEpochQuestion([{ recipient: terms.recipient, have: partBits([0, 9]), isAll: true }]),
  encodeRecords([record, record.slice(1)])
]

export function fuzz(input: Uint8Array): void {
  check(input)
  check(encodeCbor([input, UNSIGNED]))
  const question = decodeEpochQuestion(input)
  if (question.ok)
    assert(equalBytes(encodeEpochQuestion(question.value), input), 'a question has one encoding')
  const answer = decodeRecords(input, EPOCH_LIMITS)
  if (answer.ok) assert(equalBytes(encodeRecords(answer.value), input), 'an answer has one encoding')
}

function check(input: Uint8Array): void {
  const decoded = decodeEpochRecord(input, keys)
  if (!decoded.ok) {
    assert(decoded.detail.length < 1000, 'a detail is short, whatever the input')
    return
  }
  const again = createEpochRecord(decoded.value, signing)
  assert(equalBytes(again.hash, decoded.value.hash), 'what is signed has one encoding')
  assert(again.record.length === input.length, 'a record has one form')
}
