/**
 * Files of records: a CBOR sequence (RFC 8742) of byte strings, each with the shortest head. Any CBOR tool can list
 * them, and a reader can go through a file of any size piece by piece.
 */

import { concatBytes } from '../base/bytes.ts'
import { encodeCbor } from '../ledger/encoding/cbor.ts'

const MAJOR_BYTES = 0x40

export function encodeByteSequence(records: readonly Uint8Array[]): Uint8Array {
  return concatBytes(records.map(encodeCbor))
}

/** Where the next record lies; undefined when that takes more bytes, an Error's message when it is none. */
type Head = { readonly begin: number; readonly length: number } | undefined | string

function headOf(bytes: Uint8Array, at: number): Head {
  const first = bytes[at]
  if (first === undefined) return undefined
  const short = first - MAJOR_BYTES
  if (short >= 0 && short < 24) return { begin: at + 1, length: short }
  if (short < 24 || short > 26) return 'it is not a byte string of a definite length below 4 GiB'
  const width = 2 ** (short - 24)
  if (bytes.length < at + 1 + width) return undefined
  let length = 0
  for (let index = 1; index <= width; index++) length = 256 * length + (bytes[at + index] as number)
  const shortest = width === 1 ? 24 : 2 ** (4 * width)
  return length < shortest
    ? 'its length is not written as short as it could be'
    : { begin: at + 1 + width, length }
}

export interface SequencePart {
  readonly records: readonly Uint8Array[]
  /** Bytes after the last whole record: the start of the next, or of what is missing. */
  readonly rest: Uint8Array
  /** Why nothing after `records` can be read. */
  readonly fault: string | undefined
}

/** Splits what is there into whole records. A record longer than `recordBytesMax` is a fault. */
export function splitByteSequence(bytes: Uint8Array, recordBytesMax: number): SequencePart {
  const records: Uint8Array[] = []
  let at = 0
  for (;;) {
    const head = headOf(bytes, at)
    const part = { records, rest: bytes.subarray(at) }
    if (typeof head === 'string') return { ...part, fault: head }
    if (head === undefined) return { ...part, fault: undefined }
    if (head.length > recordBytesMax)
      return { ...part, fault: `it has ${head.length} bytes, at most ${recordBytesMax}` }
    const end = head.begin + head.length
    if (end > bytes.length) return { ...part, fault: undefined }
    records.push(bytes.slice(head.begin, end))
    at = end
  }
}

/** A whole file; undefined when it does not end with a whole record. */
export function decodeByteSequence(bytes: Uint8Array, recordBytesMax: number): Uint8Array[] | undefined {
  const { records, rest, fault } = splitByteSequence(bytes, recordBytesMax)
  return fault === undefined && rest.length === 0 ? [...records] : undefined
}
