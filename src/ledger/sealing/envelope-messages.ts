/**
 * What devices say to each other about envelopes, one message each way (docs/protocol-sealing.md): the asker names
 * versions with the digest of what it has of each, and tells records of its own; the answer has the records of those
 * of which the other has something else. What does not fit comes at the next question.
 */

import { compareBytes, concatBytes } from '../../base/bytes.ts'
import { idBytes, type VersionId, versionIdFromBytes } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { type CborFault, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { hash } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import { bytesUpTo, exactly, list, Misshape, object, type Shape, tuple } from '../encoding/shape.ts'
import { HASH_BYTES, type Sha256 } from '../encoding/signature.ts'
import { ENVELOPE_RECORD_BYTES_MAX } from './envelope-record.ts'

export const ASKS_MAX = 1024
export const RECORDS_MAX = 256
/** Fits one record at its longest, and thousands of common ones. */
export const MESSAGE_BYTES_MAX = MIB
const DEPTH_MAX = 3
/** Heads and names of fields. */
const OVERHEAD_BYTES = 64

export interface EnvelopeAsk {
  readonly version: VersionId
  /** Of what the asker has: {@link digestOf}. */
  readonly digest: Uint8Array
}

export interface EnvelopeQuestion {
  readonly asks: readonly EnvelopeAsk[]
  readonly records: readonly Uint8Array[]
}

const records = list(bytesUpTo(ENVELOPE_RECORD_BYTES_MAX), RECORDS_MAX)
const questionShape = object({ v: exactly(1), asks: list(tuple(hash, hash), ASKS_MAX), records })
const answerShape = object({ v: exactly(1), records })

/** Of the records of one version, by the hashes of what is signed; zeros for none. */
export function digestOf(hashes: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  if (hashes.length === 0) return new Uint8Array(HASH_BYTES)
  return sha256(concatBytes([...hashes].sort(compareBytes)))
}

export function encodeQuestion({ asks, records: told }: EnvelopeQuestion): Uint8Array {
  const asked = asks.map(({ version, digest }) => [idBytes(version), digest])
  return encodeCbor({ v: 1, asks: asked, records: told })
}

export function decodeQuestion(
  message: Uint8Array
): Outcome<EnvelopeQuestion, CborFault | 'unknown-version'> {
  const read = decode(message, questionShape, 'the question')
  if (!read.ok) return read
  const asks = read.value.asks.map(([version, digest]) => ({ version: versionIdFromBytes(version), digest }))
  return accepted({ asks, records: read.value.records })
}

export function encodeAnswer(told: readonly Uint8Array[]): Uint8Array {
  return encodeCbor({ v: 1, records: told })
}

export function decodeAnswer(
  message: Uint8Array
): Outcome<readonly Uint8Array[], CborFault | 'unknown-version'> {
  const read = decode(message, answerShape, 'the answer')
  return read.ok ? accepted(read.value.records) : read
}

/** As many of the records, from the first on, as fit a message beside `otherBytes`. */
export function thatFit(all: Iterable<Uint8Array>, otherBytes = 0): Uint8Array[] {
  const fitting: Uint8Array[] = []
  let bytes = otherBytes + OVERHEAD_BYTES
  for (const record of all) {
    bytes += record.length + OVERHEAD_BYTES
    if (bytes > MESSAGE_BYTES_MAX || fitting.length === RECORDS_MAX) break
    fitting.push(record)
  }
  return fitting
}

function decode<T>(
  message: Uint8Array,
  shape: Shape<T>,
  what: string
): Outcome<T, CborFault | 'unknown-version'> {
  const decoded = decodeCbor(message, { bytesMax: MESSAGE_BYTES_MAX, depthMax: DEPTH_MAX })
  if (!decoded.ok) return decoded
  const value = shape(decoded.value)
  if (value instanceof Misshape)
    return rejected(value.path === 'v' ? 'unknown-version' : 'malformed', `${what}: ${value}`)
  return accepted(value)
}
