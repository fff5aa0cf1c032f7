/**
 * Fuzz target of entries, messages, receipts and sequences: what decodes is written again to the very same bytes. Every
 * signature is taken for good.
 */

import { createHash } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { decodeByteSequence, encodeByteSequence } from './byte-sequence.ts'
import { decodeEntry, encodeEntry } from './entry.ts'
import { decodeAuditMessage, encodeAuditMessage } from './messages.ts'
import { decodeReceipt } from './receipt.ts'
import { receiptOf, SAMPLE_EVENTS, SAMPLE_MESSAGES } from './samples.conformance.ts'

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
const entries = SAMPLE_EVENTS.map((event, seq) => encodeEntry({ seq, timeMs: 1_800_000_000_000, event }))

export const seeds: Uint8Array[] = [
  ...entries,
  ...SAMPLE_MESSAGES.map(encodeAuditMessage),
  receiptOf(),
  encodeByteSequence(entries)
]

export function fuzz(input: Uint8Array): void {
  const entry = decodeEntry(input)
  if (entry.ok) assert(equalBytes(encodeEntry(entry.value), input), 'an entry has one encoding')
  const message = decodeAuditMessage(input)
  if (message.ok) assert(equalBytes(encodeAuditMessage(message.value), input), 'a message has one encoding')
  decodeReceipt(input, { verify: () => true, sha256 })
  const records = decodeByteSequence(input, 4096)
  if (records !== undefined)
    assert(equalBytes(encodeByteSequence(records), input), 'a sequence has one encoding')
}
