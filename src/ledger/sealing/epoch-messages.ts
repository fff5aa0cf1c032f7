/**
 * What devices say to each other about the keys of epochs, one message each way (docs/protocol-sealing.md): the asker
 * names epochs by their public key, with a bit for each part that it has. The answer has parts that it lacks: all of
 * them for who asks for all, else the one that names the asker.
 */

import { MIB } from '../../base/units.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import { key } from '../encoding/names.ts'
import { accepted } from '../encoding/outcome.ts'
import { bytesUpTo, exactly, flag, list, object, tuple } from '../encoding/shape.ts'
import { EPOCH_RECORD_BYTES_MAX, PARTS_MAX } from './epoch-record.ts'
import { decodeMessage, type MessageOutcome, type RecordLimits } from './record-messages.ts'

export const EPOCH_ASKS_MAX = 256
export const EPOCH_LIMITS: RecordLimits = {
  messageBytesMax: MIB,
  recordBytesMax: EPOCH_RECORD_BYTES_MAX,
  recordsMax: 64
}

export interface EpochAsk {
  readonly recipient: Uint8Array
  /** Bit n, from the lowest of the first byte, is set for part n that the asker has. */
  readonly have: Uint8Array
  readonly isAll: boolean
}

const asks = list(tuple(key, bytesUpTo(PARTS_MAX / 8), flag), EPOCH_ASKS_MAX)
const questionShape = object({ v: exactly(1), asks })

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

export function decodeEpochQuestion(message: Uint8Array): MessageOutcome<readonly EpochAsk[]> {
  const bytesMax = EPOCH_LIMITS.messageBytesMax
  const read = decodeMessage(message, questionShape, { what: 'the question', bytesMax })
  if (!read.ok) return read
  return accepted(read.value.asks.map(([recipient, have, isAll]) => ({ recipient, have, isAll })))
}
