/**
 * Deterministic CBOR: RFC 8949 section 4.2.1 (core deterministic encoding) over a closed set of values.
 *
 * Exactly one encoding exists for each value, and the decoder accepts no other: shortest lengths, definite
 * lengths only, map keys are text in bytewise order of their encoding and never repeat. Floats, tags,
 * `undefined`, other simple values and integers beyond the safe range do not exist here. A hash or signature
 * over an encoding is therefore one over the value.
 *
 * The decoder bounds size before it starts and depth while it reads, and proves canonicity by encoding again.
 */

import { decode, type EncodeOptions, encode, rfc8949EncodeOptions, type Token, Tokenizer } from 'cborg'
import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { accepted, type Outcome, rejected } from './outcome.ts'

export type CborValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly CborValue[]
  | { readonly [key: string]: CborValue }

export interface CborLimits {
  readonly bytesMax: number
  /** Containers inside containers; a lone number has depth zero. */
  readonly depthMax: number
}

export type CborFault = 'too-large' | 'too-deep' | 'malformed' | 'not-canonical'

const MAJOR_MAP = 5
const MAJOR_TAG = 6

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

const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true
} as const

class DepthExceeded extends Error {}

/** Counts open containers, so that depth is bounded before the decoder recurses into it. */
class BoundedTokenizer extends Tokenizer {
  readonly #depthMax: number
  /** Items still to come in each open container, outermost first. */
  readonly #open: number[] = []

  constructor(bytes: Uint8Array, depthMax: number) {
    super(bytes, DECODE_OPTIONS)
    this.#depthMax = depthMax
  }

  override next(): Token {
    const token = super.next()
    while (this.#open.at(-1) === 0) this.#open.pop()
    const top = this.#open.length - 1
    if (top >= 0) this.#open[top] = (this.#open[top] ?? 0) - 1
    if (token.type.name === 'float' || token.type.major === MAJOR_TAG)
      throw new Error(`a ${token.type.name} is not allowed`)
    if (!token.type.terminal) {
      if (this.#open.length >= this.#depthMax) throw new DepthExceeded()
      this.#open.push(token.type.major === MAJOR_MAP ? 2 * token.value : token.value)
    }
    return token
  }
}

export function encodeCbor(value: CborValue): Uint8Array {
  return encode(value, ENCODE_OPTIONS)
}

export function decodeCbor(bytes: Uint8Array, limits: CborLimits): Outcome<CborValue, CborFault> {
  if (bytes.length > limits.bytesMax)
    return rejected('too-large', `${bytes.length} bytes, at most ${limits.bytesMax}`)
  // A Buffer's slices are views; the decoder must copy out of a large message and not keep it alive.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  let value: CborValue
  try {
    value = decode(plain, { ...DECODE_OPTIONS, tokenizer: new BoundedTokenizer(plain, limits.depthMax) })
  } catch (thrown) {
    if (thrown instanceof DepthExceeded)
      return rejected('too-deep', `containers nest deeper than ${limits.depthMax}`)
    return rejected('malformed', thrown instanceof Error ? thrown.message : 'not CBOR')
  }
  return equalBytes(encodeCborLeniently(value), plain)
    ? accepted(value)
    : rejected('not-canonical', 'the encoding is not the deterministic one')
}

/** For the canonicity check: what a peer sent must never trip an assertion about our own values. */
function encodeCborLeniently(value: CborValue): Uint8Array {
  return encode(value, rfc8949EncodeOptions)
}
