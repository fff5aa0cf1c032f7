/**
 * What devices say to each other about the keys of epochs, one message each way (docs/protocol-sealing.md): the asker
 * names epochs by their public key, with a bit for each part that it has. The answer has parts that it lacks: all of
 * them for who asks for all, else the one that names the asker.
 */

import { MIB } from '../../base/units.ts'
import { type CborFault, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { key } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import { bytesUpTo, exactly, flag, list, Misshape, object, type Shape, tuple } from '../encoding/shape.ts'
import { EPOCH_RECORD_BYTES_MAX, PARTS_MAX } from './epoch-record.ts'

export const EPOCH_ASKS_MAX = 256
const RECORDS_MAX = 64
export const EPOCH_MESSAGE_BYTES_MAX = MIB
const DEPTH_MAX = 3
const OVERHEAD_BYTES = 64

export interface EpochAsk {
  readonly recipient: Uint8Array
  /** Bit n, from the lowest of the first byte, is set for part n that the asker has. */
  readonly have: Uint8Array
  readonly isAll: boolean
}

const records = list(bytesUpTo(EPOCH_RECORD_BYTES_MAX), RECORDS_MAX)
const asks = list(tuple(key, bytesUpTo(PARTS_MAX / 8), flag), EPOCH_ASKS_MAX)
const questionShape = object({ v: exactly(1), asks })
const answerShape = object({ v: exactly(1), records })

export function partBits(parts: Iterable<number>): Uint8Array {
  const bits = new Uint8Array(PARTS_MAX / 8)
  let length = 0
  for (const part of parts) {
    const at = Math.floor(part / 8)
    bits[at] = (bits[at] ?? 0) | (1 << (part % 8))
    length = Math.max(length, at + 1)
  }
  return bits.slice(0, length)
}

export function hasPart(bits: Uint8Array, part: number): boolean {
  return (((bits[Math.floor(part / 8)] ?? 0) >> (part % 8)) & 1) === 1
}

export function encodeEpochQuestion(asked: readonly EpochAsk[]): Uint8Array {
  return encodeCbor({ v: 1, asks: asked.map(({ recipient, have, isAll }) => [recipient, have, isAll]) })
}

export function decodeEpochQuestion(
  message: Uint8Array
): Outcome<readonly EpochAsk[], CborFault | 'unknown-version'> {
  const read = decode(message, questionShape, 'the question')
  if (!read.ok) return read
  return accepted(read.value.asks.map(([recipient, have, isAll]) => ({ recipient, have, isAll })))
}

export function encodeEpochAnswer(told: readonly Uint8Array[]): Uint8Array {
  return encodeCbor({ v: 1, records: told })
}

export function decodeEpochAnswer(
  message: Uint8Array
): Outcome<readonly Uint8Array[], CborFault | 'unknown-version'> {
  const read = decode(message, answerShape, 'the answer')
  return read.ok ? accepted(read.value.records) : read
}

/** As many of the records, from the first on, as fit a message. */
export function epochRecordsThatFit(all: Iterable<Uint8Array>): Uint8Array[] {
  const fitting: Uint8Array[] = []
  let bytes = OVERHEAD_BYTES
  for (const record of all) {
    bytes += record.length + OVERHEAD_BYTES
    if (bytes > EPOCH_MESSAGE_BYTES_MAX || fitting.length === RECORDS_MAX) break
    fitting.push(record)
  }
  return fitting
}

function decode<T>(
  message: Uint8Array,
  shape: Shape<T>,
  what: string
): Outcome<T, CborFault | 'unknown-version'> {
  const decoded = decodeCbor(message, { bytesMax: EPOCH_MESSAGE_BYTES_MAX, depthMax: DEPTH_MAX })
  if (!decoded.ok) return decoded
  const value = shape(decoded.value)
  if (value instanceof Misshape)
    return rejected(value.path === 'v' ? 'unknown-version' : 'malformed', `${what}: ${value}`)
  return accepted(value)
}
