/**
 * Writes bencode (BEP 3) into one growing buffer, so that large dictionaries need no tree of values. The caller
 * gives keys in bytewise order; a key out of order is our bug and asserted.
 */

import { assert, defined } from '../base/assert.ts'
import { utf8 } from '../base/bytes.ts'

const CAPACITY_START_BYTES = 1024
const COLON = 0x3a
const DICTIONARY = 0x64
const END = 0x65
const INTEGER = 0x69
const LIST = 0x6c
const ZERO = 0x30

export class BencodeWriter {
  #bytes = new Uint8Array(CAPACITY_START_BYTES)
  #length = 0
  /** The previous key of each open dictionary, undefined before its first. */
  readonly #open: { previous: string | undefined; isList: boolean }[] = []

  integer(value: number): this {
    assert(Number.isSafeInteger(value) && !Object.is(value, -0), `${value} is a safe integer`)
    this.#reserve(1)
    this.#put(INTEGER)
    this.#ascii(String(value))
    this.#put(END)
    return this
  }

  string(bytes: Uint8Array): this {
    this.#decimal(bytes.length)
    this.#put(COLON)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  /** A string in UTF-8. */
  text(text: string): this {
    return this.string(utf8(text))
  }

  /** A key as a byte string, see bencode-reader.ts. */
  key(key: string): this {
    const dictionary = defined(this.#open[this.#open.length - 1], 'open dictionary')
    assert(!dictionary.isList, 'a list has no keys')
    assert(dictionary.previous === undefined || key > dictionary.previous, `key ${key} is in order`)
    dictionary.previous = key
    this.#decimal(key.length)
    this.#put(COLON)
    this.#ascii(key)
    return this
  }

  beginList(): this {
    this.#put(LIST)
    this.#open.push({ previous: undefined, isList: true })
    return this
  }

  beginDictionary(): this {
    this.#put(DICTIONARY)
    this.#open.push({ previous: undefined, isList: false })
    return this
  }

  /** Closes the innermost list or dictionary. */
  end(): this {
    assert(this.#open.pop() !== undefined, 'something is open')
    this.#put(END)
    return this
  }

  /** Appends a value that is encoded already. */
  encoded(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  /** A copy of what was written, when every container is closed. */
  finish(): Uint8Array {
    assert(this.#open.length === 0, 'every container is closed')
    return this.#bytes.slice(0, this.#length)
  }

  #decimal(value: number): void {
    if (value < 10) this.#put(ZERO + value)
    else this.#ascii(String(value))
  }

  #ascii(text: string): void {
    this.#reserve(text.length)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      assert(code <= 0xff, 'a byte string has one character per byte')
      this.#bytes[this.#length++] = code
    }
  }

  #put(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = byte
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
