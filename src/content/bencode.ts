/**
 * Bencode (BEP 3) as values, for small messages: a strict decoder, see bencode-reader.ts for what that means,
 * and its exact inverse. Large dictionaries of a known shape use the reader and the writer directly.
 */

import { assert } from '../base/assert.ts'
import { AppError } from '../base/errors.ts'
import { KIB } from '../base/units.ts'
import { BencodeReader } from './bencode-reader.ts'
import { BencodeWriter } from './bencode-writer.ts'

export { byteString, byteStringOfText, bytesOfByteString, textOfByteString } from './bencode-reader.ts'

export type BencodeValue = number | Uint8Array | readonly BencodeValue[] | BencodeDictionary
/** Keys are byte strings: one character per byte. */
export type BencodeDictionary = ReadonlyMap<string, BencodeValue>

/** A value costs many times its encoding in memory, so that the default fits messages and nothing large. */
export const BENCODE_VALUE_BYTES_MAX = 256 * KIB

export interface BencodeLimits {
  readonly bytesMax?: number
  /** Whether bytes may follow the value, as in the messages of BEP 9. */
  readonly trailing?: 'refuse' | 'allow'
}

export interface BencodeFault {
  readonly reason: string
  readonly offset: number
}

export type BencodeOutcome =
  | { readonly value: BencodeValue; readonly endOffset: number; readonly fault?: undefined }
  | { readonly fault: BencodeFault }

/** Decodes one value; throws AppError BENCODE_INVALID. Strings are views into `bytes`. */
export function decodeBencode(bytes: Uint8Array, limits: BencodeLimits = {}): BencodeValue {
  return decodeWithEnd(bytes, limits).value
}

/** Decodes bytes that a peer sent, where a violation is an outcome and not a failure of ours. */
export function parseBencode(bytes: Uint8Array, limits: BencodeLimits = {}): BencodeOutcome {
  try {
    return decodeWithEnd(bytes, limits)
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    const { reason, offset } = thrown.details
    assert(typeof reason === 'string' && typeof offset === 'number', 'a bencode fault has its place')
    return { fault: { reason, offset } }
  }
}

export function encodeBencode(value: BencodeValue): Uint8Array {
  const writer = new BencodeWriter()
  writeValue(writer, value)
  return writer.finish()
}

export function isBencodeDictionary(value: BencodeValue | undefined): value is BencodeDictionary {
  return value instanceof Map
}

function decodeWithEnd(bytes: Uint8Array, limits: BencodeLimits): { value: BencodeValue; endOffset: number } {
  const bytesMax = limits.bytesMax ?? BENCODE_VALUE_BYTES_MAX
  if (bytes.length > bytesMax) {
    const reason = `${bytes.length} B are more than ${bytesMax} B`
    throw new AppError('BENCODE_INVALID', `can not read bencode: ${reason}`, {
      details: { reason, offset: bytesMax }
    })
  }
  const reader = new BencodeReader(bytes)
  const value = readValue(reader)
  if (limits.trailing !== 'allow') reader.finish()
  return { value, endOffset: reader.offset }
}

/** Recursive, no deeper than the reader allows. */
function readValue(reader: BencodeReader): BencodeValue {
  switch (reader.peek()) {
    case 'integer':
      return reader.integer()
    case 'string':
      return reader.string()
    case 'list': {
      const list: BencodeValue[] = []
      reader.beginList()
      while (reader.hasMore()) list.push(readValue(reader))
      return list
    }
    case 'dictionary': {
      const dictionary = new Map<string, BencodeValue>()
      reader.beginDictionary()
      for (let key = reader.nextKey(); key !== undefined; key = reader.nextKey()) {
        dictionary.set(key, readValue(reader))
      }
      return dictionary
    }
  }
}

function writeValue(writer: BencodeWriter, value: BencodeValue): void {
  if (typeof value === 'number') writer.integer(value)
  else if (value instanceof Uint8Array) writer.string(value)
  else if (isBencodeDictionary(value)) {
    writer.beginDictionary()
    // Byte strings sort by code unit, which is bytewise.
    for (const key of [...value.keys()].sort()) {
      const entry = value.get(key)
      assert(entry !== undefined, `key ${key} has a value`)
      writeValue(writer.key(key), entry)
    }
    writer.end()
  } else {
    writer.beginList()
    for (const entry of value) writeValue(writer, entry)
    writer.end()
  }
}
