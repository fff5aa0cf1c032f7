/**
 * What the messages about envelopes and about the keys of epochs have in common: one message each way, of which the
 * answer is as many records as fit.
 */

import { type CborFault, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import { bytesUpTo, exactly, list, Misshape, object, type Shape } from '../encoding/shape.ts'

const DEPTH_MAX = 3
/** Heads and names of fields. */
const OVERHEAD_BYTES = 64

export type MessageOutcome<T> = Outcome<T, CborFault | 'unknown-version'>

export interface RecordLimits {
  readonly messageBytesMax: number
  readonly recordBytesMax: number
  readonly recordsMax: number
}

/** `what` is what the message is called in faults. */
export function decodeMessage<T>(
  message: Uint8Array,
  shape: Shape<T>,
  { what, bytesMax }: { readonly what: string; readonly bytesMax: number }
): MessageOutcome<T> {
  const decoded = decodeCbor(message, { bytesMax, depthMax: DEPTH_MAX })
  if (!decoded.ok) return decoded
  const value = shape(decoded.value)
  if (value instanceof Misshape)
    return rejected(value.path === 'v' ? 'unknown-version' : 'malformed', `${what}: ${value}`)
  return accepted(value)
}

export function recordsShape({ recordBytesMax, recordsMax }: RecordLimits): Shape<readonly Uint8Array[]> {
  return list(bytesUpTo(recordBytesMax), recordsMax)
}

export function encodeRecords(records: readonly Uint8Array[]): Uint8Array {
  return encodeCbor({ v: 1, records })
}

export function decodeRecords(
  message: Uint8Array,
  limits: RecordLimits
): MessageOutcome<readonly Uint8Array[]> {
  const shape = object({ v: exactly(1), records: recordsShape(limits) })
  const read = decodeMessage(message, shape, { what: 'the answer', bytesMax: limits.messageBytesMax })
  return read.ok ? accepted(read.value.records) : read
}

/** As many of the records, from the first on, as fit a message. */
export function recordsThatFit(
  all: Iterable<Uint8Array>,
  { messageBytesMax, recordsMax }: RecordLimits
): Uint8Array[] {
  const fitting: Uint8Array[] = []
  let bytes = OVERHEAD_BYTES
  for (const record of all) {
    bytes += record.length + OVERHEAD_BYTES
    if (bytes > messageBytesMax || fitting.length === recordsMax) break
    fitting.push(record)
  }
  return fitting
}
