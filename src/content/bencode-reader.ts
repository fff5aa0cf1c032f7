/**
 * A strict pull parser of bencode (BEP 3): the caller asks for what the format at hand demands next, and no
 * value is built that nobody asked for. That keeps an info dictionary of very many files lean, and bytes that
 * expand into millions of tiny values harmless.
 *
 * What it accepts has exactly one encoding, so that decoding and encoding again gives the same bytes:
 * - keys of a dictionary are in strictly ascending bytewise order;
 * - integers and string lengths have no leading zero and no plus sign, and there is no negative zero;
 * - integers are safe integers of JavaScript: BEP 3 sets no limit, but a rounded number would be another one;
 * - nothing follows the outermost value, unless the caller asks where it ends.
 *
 * Keys are byte strings: one character per byte, U+0000 to U+00FF, so that `<` is bytewise order.
 *
 * Every violation is thrown as AppError BENCODE_INVALID with the byte offset. `parseBencode` of bencode.ts
 * returns it as a value instead, for bytes of a peer.
 */

import { fromUtf8, utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'

/** Lists and dictionaries inside one another. */
export const BENCODE_DEPTH_MAX = 128
/** No safe integer has more digits. */
const DIGITS_MAX = 16

const ASCII = /^[\0-\x7f]*$/
const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const COLON = 0x3a
const DICTIONARY = 0x64
const END = 0x65
const INTEGER = 0x69
const LIST = 0x6c

export type BencodeKind = 'integer' | 'string' | 'list' | 'dictionary'

/** Arguments of one call, well below what engines allow. */
const CHARACTERS_AT_ONCE = 4096

/** A byte string with one character per byte. Built flat: a string grown by one character is a rope of many. */
export function byteString(bytes: Uint8Array): string {
  if (bytes.length <= CHARACTERS_AT_ONCE) return String.fromCharCode(...bytes)
  let text = ''
  for (let start = 0; start < bytes.length; start += CHARACTERS_AT_ONCE) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHARACTERS_AT_ONCE))
  }
  return text
}

/** The byte string of a text's UTF-8. */
export function byteStringOfText(text: string): string {
  return ASCII.test(text) ? text : byteString(utf8(text))
}

/** The text that a byte string is in UTF-8; undefined when it is not valid UTF-8. */
export function textOfByteString(text: string): string | undefined {
  return ASCII.test(text) ? text : fromUtf8(bytesOfByteString(text))
}

export function bytesOfByteString(text: string): Uint8Array {
  return Uint8Array.from(text, character => character.charCodeAt(0))
}

export class BencodeReader {
  readonly #bytes: Uint8Array
  #offset = 0
  /** One entry per open container: the previous key of a dictionary, undefined before its first, or a list. */
  readonly #open: (string | undefined | typeof LIST)[] = []

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Where the next token begins. */
  get offset(): number {
    return this.#offset
  }

  /** What comes next; not to be asked where a container may end, see {@link hasMore}. */
  peek(): BencodeKind {
    const byte = this.#byte()
    if (byte === INTEGER) return 'integer'
    if (byte === LIST) return 'list'
    if (byte === DICTIONARY) return 'dictionary'
    if (byte >= ZERO && byte <= NINE) return 'string'
    throw this.#fault('expected a value')
  }

  integer(): number {
    const start = this.#offset
    if (this.peek() !== 'integer') throw this.#fault('expected an integer')
    this.#offset++
    const negative = this.#byte() === MINUS
    if (negative) this.#offset++
    const magnitude = this.#digits(END)
    if (negative && magnitude === 0) throw this.#fault('negative zero', start)
    return negative ? -magnitude : magnitude
  }

  /** The bytes of a string, as a view into the input. */
  string(): Uint8Array {
    if (this.peek() !== 'string') throw this.#fault('expected a string')
    const start = this.#offset
    const length = this.#digits(COLON)
    if (length > this.#bytes.length - this.#offset) {
      throw this.#fault(`a string of ${length} B is longer than the input`, start)
    }
    const bytes = this.#bytes.subarray(this.#offset, this.#offset + length)
    this.#offset += length
    return bytes
  }

  beginList(): void {
    if (this.peek() !== 'list') throw this.#fault('expected a list')
    this.#push(LIST)
  }

  beginDictionary(): void {
    if (this.peek() !== 'dictionary') throw this.#fault('expected a dictionary')
    this.#push(undefined)
  }

  /** Whether the innermost open container has another entry; if not, the container is closed. */
  hasMore(): boolean {
    if (this.#byte() !== END) return true
    this.#offset++
    this.#open.pop()
    return false
  }

  /** The next key of the innermost dictionary; `undefined` closes the dictionary. */
  nextKey(): string | undefined {
    if (!this.hasMore()) return undefined
    const start = this.#offset
    if (this.peek() !== 'string') throw this.#fault('a key that is no string')
    const key = byteString(this.string())
    const previous = this.#open[this.#open.length - 1]
    if (typeof previous === 'string' && key <= previous) {
      throw this.#fault(key === previous ? 'a key twice' : 'keys out of order', start)
    }
    this.#open[this.#open.length - 1] = key
    return key
  }

  /** Reads over one value of any kind, checking it like any other, without recursion. */
  skip(): void {
    const depth = this.#open.length
    do {
      if (this.#open.length > depth && !this.#enterEntry()) continue
      const kind = this.peek()
      if (kind === 'integer') this.integer()
      else if (kind === 'string') this.string()
      else this.#push(kind === 'list' ? LIST : undefined)
    } while (this.#open.length > depth)
  }

  /** Asserts that the input ends here. */
  finish(): void {
    if (this.#offset !== this.#bytes.length) throw this.#fault('data after the end')
  }

  #enterEntry(): boolean {
    return this.#open[this.#open.length - 1] === LIST ? this.hasMore() : this.nextKey() !== undefined
  }

  #push(container: undefined | typeof LIST): void {
    if (this.#open.length >= BENCODE_DEPTH_MAX) throw this.#fault(`nested deeper than ${BENCODE_DEPTH_MAX}`)
    this.#offset++
    this.#open.push(container)
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset]
    if (byte === undefined) throw this.#fault('the input ends early')
    return byte
  }

  #digits(terminator: number): number {
    const start = this.#offset
    let value = 0
    for (let byte = this.#byte(); byte !== terminator; byte = this.#byte()) {
      if (byte < ZERO || byte > NINE) throw this.#fault('expected a digit')
      if (this.#offset - start >= DIGITS_MAX) throw this.#fault('an integer beyond 2^53 - 1', start)
      value = value * 10 + (byte - ZERO)
      this.#offset++
    }
    const count = this.#offset - start
    if (count === 0) throw this.#fault('an integer without digits', start)
    if (count > 1 && this.#bytes[start] === ZERO) throw this.#fault('a leading zero', start)
    if (!Number.isSafeInteger(value)) throw this.#fault('an integer beyond 2^53 - 1', start)
    this.#offset++
    return value
  }

  #fault(reason: string, offset = this.#offset): AppError {
    return new AppError('BENCODE_INVALID', `can not read bencode: ${reason} at byte ${offset}`, {
      details: { reason, offset }
    })
  }
}
