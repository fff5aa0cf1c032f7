/**
 * The reader of CBOR once more, by a library: it decodes, and what it decoded is encoded again and compared. It
 * accepts what cbor-reader.ts does, but for text that starts with a byte-order mark, which the library's decoder drops.
 */

import { decode, encode, rfc8949EncodeOptions, type Token, Tokenizer } from 'cborg'
import { equalBytes } from '../../base/bytes.ts'
import type { CborFault, CborLimits, CborValue } from './cbor.ts'
import { accepted, type Outcome, rejected } from './outcome.ts'

const MAJOR_MAP = 5
const MAJOR_TAG = 6

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

export function decodeByReference(bytes: Uint8Array, limits: CborLimits): Outcome<CborValue, CborFault> {
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

function encodeCborLeniently(value: CborValue): Uint8Array {
  return encode(value, rfc8949EncodeOptions)
}
