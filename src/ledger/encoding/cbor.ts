/**
 * Deterministic CBOR: RFC 8949 section 4.2.1 (core deterministic encoding) over a closed set of values.
 *
 * Exactly one encoding exists for each value, and the decoder accepts no other: shortest lengths, definite
 * lengths only, map keys are text in bytewise order of their encoding and never repeat. Floats, tags,
 * `undefined`, other simple values and integers beyond the safe range do not exist here. A hash or signature
 * over an encoding is therefore one over the value.
 *
 * The decoder bounds size before it starts, and depth while it reads (cbor-reader.ts).
 */

import { type EncodeOptions, encode, rfc8949EncodeOptions } from 'cborg'
import { assert } from '../../base/assert.ts'
import { type CborFault, CborReadFault, type CborValue, readCbor } from './cbor-reader.ts'
import { accepted, type Outcome, rejected } from './outcome.ts'

export type { CborFault, CborValue } from './cbor-reader.ts'

export interface CborLimits {
  readonly bytesMax: number
  /** Containers inside containers; a lone number has depth zero. */
  readonly depthMax: number
}

const ENCODE_OPTIONS: EncodeOptions = {
  ...rfc8949EncodeOptions,
  typeEncoders: {
    number: (value: number) => {
      assert(Number.isSafeInteger(value), `only safe integers are encoded, not ${value}`)
      return null
    },
    string: (value: string) => {
      assert(value.isWellFormed(), 'only well-formed text is encoded')
      return null
    },
    undefined: () => {
      assert(false, 'undefined is not encoded')
      return null
    }
  }
}

export function encodeCbor(value: CborValue): Uint8Array {
  return encode(value, ENCODE_OPTIONS)
}

export function decodeCbor(bytes: Uint8Array, limits: CborLimits): Outcome<CborValue, CborFault> {
  if (bytes.length > limits.bytesMax)
    return rejected('too-large', `${bytes.length} bytes, at most ${limits.bytesMax}`)
  try {
    // A Buffer's slices are views; what is decoded must be a copy and not keep a large message alive.
    return accepted(readCbor(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), limits.depthMax))
  } catch (thrown) {
    if (thrown instanceof CborReadFault) return rejected(thrown.reason, thrown.message)
    throw thrown
  }
}
