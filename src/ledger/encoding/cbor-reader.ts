/**
 * Reads deterministic CBOR (RFC 8949 section 4.2.1) over the values of cbor.ts, in one pass: that an encoding is the
 * one of its value is seen while it is read, so nothing has to be encoded again to prove it. What reads untrusted
 * bytes most often should be short enough to be read whole; cbor-reference.conformance.ts holds it against a library.
 *
 * A fault is *malformed* when the bytes are no CBOR of these values, and *not-canonical* when they are, though another
 * encoding of the same value is the right one: keys that are out of order.
 *
 * Promised lengths are believed only as far as there are bytes: nothing is allocated ahead of them. And a message may
 * hold so many values only: one byte can encode a value that costs two hundred bytes here.
 */

import { fromUtf8 } from '../../base/bytes.ts'

export type CborValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly CborValue[]
  | { readonly [key: string]: CborValue }

/** Values in one structure, keys not counted. The largest of ours, the tips of a sync, have fewer. */
export const CBOR_VALUES_MAX = 2 ** 19

export type CborFault = 'too-large' | 'too-deep' | 'malformed' | 'not-canonical'

const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const TAG = 6
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6
/** Heads with more than this in their low bits carry their argument in 1, 2, 4 or 8 bytes after them. */
const IMMEDIATE_MAX = 23
const ASCII_MAX = 0x7f
/** A longer text grown by one character at a time is a rope of many. */
const GROWN_TEXT_MAX = 64

export class CborReadFault extends Error {
  readonly reason: CborFault

  constructor(reason: CborFault, detail: string) {
    super(detail)
    this.reason = reason
  }
}

const malformed = (detail: string) => new CborReadFault('malformed', detail)

/** Reads one value that takes up all of `bytes`. Throws a CborReadFault. */
export function readCbor(bytes: Uint8Array, depthMax: number): CborValue {
  const reader = new CborReader(bytes, depthMax)
  const value = reader.value()
  reader.end()
  return value
}

class CborReader {
  readonly #bytes: Uint8Array
  readonly #depthMax: number
  #at = 0
  #depth = 0
  #values = 0
  /** What is malformed further on goes before it. */
  #isCanonical = true

  constructor(bytes: Uint8Array, depthMax: number) {
    this.#bytes = bytes
    this.#depthMax = depthMax
  }

  end(): void {
    if (this.#at < this.#bytes.length) throw malformed('bytes after the value')
    if (!this.#isCanonical) throw new CborReadFault('not-canonical', 'keys are out of order')
  }

  value(): CborValue {
    if (++this.#values > CBOR_VALUES_MAX)
      throw new CborReadFault('too-large', `more than ${CBOR_VALUES_MAX} values`)
    const head = this.#next()
    switch (head >> 5) {
      case UNSIGNED:
        return this.#argument(head)
      case NEGATIVE: {
        const value = -1 - this.#argument(head)
        if (!Number.isSafeInteger(value)) throw malformed('an integer beyond the safe range')
        return value
      }
      case BYTES: {
        const end = this.#endOf(head)
        const value = this.#bytes.slice(this.#at, end)
        this.#at = end
        return value
      }
      case TEXT:
        return this.#text(this.#endOf(head))
      case ARRAY:
        return this.#array(head)
      case MAP:
        return this.#map(head)
      case TAG:
        throw malformed('a tag is not allowed')
      default:
        return simple(head)
    }
  }

  #array(head: number): CborValue {
    this.#open()
    const count = this.#argument(head)
    const values: CborValue[] = []
    while (values.length < count) values.push(this.value())
    this.#depth--
    return values
  }

  #map(head: number): CborValue {
    this.#open()
    const count = this.#argument(head)
    const map: { [key: string]: CborValue } = {}
    let before = -1
    let beforeEnd = -1
    for (let index = 0; index < count; index++) {
      const start = this.#at
      const keyHead = this.#next()
      if (keyHead >> 5 !== TEXT) throw malformed('a key that is not text')
      const key = this.#text(this.#endOf(keyHead))
      if (Object.hasOwn(map, key)) throw malformed('a key repeats')
      if (before >= 0 && !this.#isAscending(before, beforeEnd, start)) this.#isCanonical = false
      before = start
      beforeEnd = this.#at
      const value = this.value()
      // An assignment would set the prototype instead.
      if (key === '__proto__')
        Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true })
      else map[key] = value
    }
    this.#depth--
    return map
  }

  /** Whether the encoded key that was just read comes after the one at `from`, bytewise. */
  #isAscending(from: number, fromEnd: number, start: number): boolean {
    const bytes = this.#bytes
    const length = Math.min(fromEnd - from, this.#at - start)
    for (let offset = 0; offset < length; offset++) {
      const difference = (bytes[from + offset] as number) - (bytes[start + offset] as number)
      if (difference !== 0) return difference < 0
    }
    return false
  }

  #open(): void {
    if (this.#depth >= this.#depthMax)
      throw new CborReadFault('too-deep', `containers nest deeper than ${this.#depthMax}`)
    this.#depth++
  }

  #text(end: number): string {
    const bytes = this.#bytes
    if (end - this.#at > GROWN_TEXT_MAX) return this.#unicode(end)
    let text = ''
    for (let at = this.#at; at < end; at++) {
      const code = bytes[at] as number
      if (code > ASCII_MAX) return this.#unicode(end)
      text += String.fromCharCode(code)
    }
    this.#at = end
    return text
  }

  #unicode(end: number): string {
    const text = fromUtf8(this.#bytes.subarray(this.#at, end))
    if (text === undefined) throw malformed('text that is not UTF-8')
    this.#at = end
    return text
  }

  /** Where the bytes or text of a head end. */
  #endOf(head: number): number {
    const end = this.#argument(head)
    if (end > this.#bytes.length - this.#at) throw malformed('it ends before its bytes do')
    return this.#at + end
  }

  #argument(head: number): number {
    const low = head & 31
    if (low <= IMMEDIATE_MAX) return low
    const width = low - IMMEDIATE_MAX
    if (width > 4) throw malformed('a length that is not definite')
    const value = this.#unsigned(2 ** (width - 1))
    const leastValue = width === 1 ? IMMEDIATE_MAX + 1 : 2 ** (8 * 2 ** (width - 2))
    if (value < leastValue) throw malformed('an integer or length that is not in its shortest form')
    if (!Number.isSafeInteger(value)) throw malformed('an integer beyond the safe range')
    return value
  }

  #unsigned(byteCount: number): number {
    let value = 0
    for (let index = 0; index < byteCount; index++) value = 256 * value + this.#next()
    return value
  }

  #next(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw malformed('it ends before the value does')
    return byte
  }
}

function simple(head: number): null | boolean {
  if (head === NULL) return null
  if (head === FALSE || head === TRUE) return head === TRUE
  throw malformed('a float or simple value that is not allowed')
}
