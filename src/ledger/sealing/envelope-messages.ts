/**
 * What devices say to each other about envelopes, one message each way (docs/protocol-sealing.md): the asker names
 * versions with the digest of what it has of each, and tells records of its own; the answer has the records of those
 * of which the other has something else. What does not fit comes at the next question.
 */

import { compareBytes, concatBytes } from '../../base/bytes.ts'
import { idBytes, type VersionId, versionIdFromBytes } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import { hash } from '../encoding/names.ts'
import { accepted } from '../encoding/outcome.ts'
import { exactly, list, object, tuple } from '../encoding/shape.ts'
import { HASH_BYTES, type Sha256 } from '../encoding/signature.ts'
import { ENVELOPE_RECORD_BYTES_MAX } from './envelope-record.ts'
import { decodeMessage, type MessageOutcome, type RecordLimits, recordsShape } from './record-messages.ts'

export const ASKS_MAX = 1024
export const ENVELOPE_LIMITS: RecordLimits = {
  // Fits one record at its longest, and thousands of common ones.
  messageBytesMax: MIB,
  recordBytesMax: ENVELOPE_RECORD_BYTES_MAX,
  recordsMax: 256
}

export interface EnvelopeAsk {
  readonly version: VersionId
  /** Of what the asker has: {@link digestOf}. */
  readonly digest: Uint8Array
}

export interface EnvelopeQuestion {
  readonly asks: readonly EnvelopeAsk[]
  readonly records: readonly Uint8Array[]
}

const records = recordsShape(ENVELOPE_LIMITS)
const questionShape = object({ v: exactly(1), asks: list(tuple(hash, hash), ASKS_MAX), records })

/** Of the records of one version, by the hashes of what is signed; zeros for none. */
export function digestOf(hashes: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  if (hashes.length === 0) return new Uint8Array(HASH_BYTES)
  return sha256(concatBytes([...hashes].sort(compareBytes)))
}

export function encodeQuestion({ asks, records: told }: EnvelopeQuestion): Uint8Array {
  const asked = asks.map(({ version, digest }) => [idBytes(version), digest])
  return encodeCbor({ v: 1, asks: asked, records: told })
}

export function decodeQuestion(message: Uint8Array): MessageOutcome<EnvelopeQuestion> {
  const bytesMax = ENVELOPE_LIMITS.messageBytesMax
  const read = decodeMessage(message, questionShape, { what: 'the question', bytesMax })
  if (!read.ok) return read
  const asks = read.value.asks.map(([version, digest]) => ({ version: versionIdFromBytes(version), digest }))
  return accepted({ asks, records: read.value.records })
}
