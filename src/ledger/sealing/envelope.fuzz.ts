/**
 * Fuzz target of records of envelopes and of what devices say about them: each input is tried as a record, as the
 * bytes inside one, as a question and as an answer, with every signature taken for good. What decodes is written
 * again to the very same bytes.
 */

import { createHash } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { deviceIdFromBytes, idBytes, orgIdFromBytes, versionIdFromBytes } from '../../base/ids.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import type { Sha256 } from '../encoding/signature.ts'
import { decodeQuestion, ENVELOPE_LIMITS, encodeQuestion } from './envelope-messages.ts'
import { createEnvelopeRecord, decodeEnvelopeRecord } from './envelope-record.ts'
import { decodeRecords, encodeRecords } from './record-messages.ts'

const UNSIGNED = new Uint8Array(64)
const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
const keys = { verify: () => true, sha256 }
const signing = { sign: () => UNSIGNED, sha256 }

const terms = {
  org: orgIdFromBytes(new Uint8Array(32).fill(1)),
  version: versionIdFromBytes(new Uint8Array(32).fill(2)),
  author: deviceIdFromBytes(new Uint8Array(32).fill(3)),
  ...{ timeMs: 1_800_000_000_000, floorMs: 1_700_000_000_000, envelope: new Uint8Array(100).fill(4) }
}
const { record } = createEnvelopeRecord(terms, signing)
/** Form 1, which is not written any more. */
const first = encodeCbor({
  ...{ v: 1, org: idBytes(terms.org), version: idBytes(terms.version), author: idBytes(terms.author) },
  ...{ time: terms.timeMs, alone: true, envelope: terms.envelope }
})
const asks = [{ version: terms.version, digest: new Uint8Array(32).fill(5) }]

export const seeds: Uint8Array[] = [
  record,
  record.slice(3, -66),
  first,
  encodeQuestion({ asks, records: [record] }),
  encodeRecords([record, record.slice(1)])
]

export function fuzz(input: Uint8Array): void {
  check(input)
  check(encodeCbor([input, UNSIGNED]))
  const question = decodeQuestion(input)
  if (question.ok) assert(equalBytes(encodeQuestion(question.value), input), 'a question has one encoding')
  const answer = decodeRecords(input, ENVELOPE_LIMITS)
  if (answer.ok) assert(equalBytes(encodeRecords(answer.value), input), 'an answer has one encoding')
}

function check(input: Uint8Array): void {
  const decoded = decodeEnvelopeRecord(input, keys)
  if (!decoded.ok) {
    assert(decoded.detail.length < 1000, 'a detail is short, whatever the input')
    return
  }
  const again = createEnvelopeRecord(decoded.value, signing)
  const read = decodeEnvelopeRecord(again.record, keys)
  assert(read.ok, 'what was read is written as what is read')
  assert(read.value.floorMs === decoded.value.floorMs, 'no floor is lost')
  if (decoded.value.form === 1) return // it is written as form 2
  assert(equalBytes(again.hash, decoded.value.hash), 'what is signed has one encoding')
}
