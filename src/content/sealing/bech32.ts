/** Bech32 (BIP 173) in lower case, as age uses it for keys: without its limit of 90 characters. */

import { assert } from '../../base/assert.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const CHECKSUM_SYMBOLS = 6
const SYMBOL_BITS = 5
const BYTE_BITS = 8
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  assert(prefix.length > 0 && prefix === prefix.toLowerCase(), 'a prefix is in lower case')
  const symbols = symbolsOf(bytes)
  const all = [...symbols, ...checksum(prefix, symbols)]
  return `${prefix}1${all.map(symbol => ALPHABET[symbol]).join('')}`
}

/** Undefined for anything but the encoding of so many bytes with that prefix. */
export function decodeBech32(text: string, prefix: string, bytes: number): Uint8Array | undefined {
  const symbolCount = Math.ceil((bytes * BYTE_BITS) / SYMBOL_BITS)
  if (text.length !== prefix.length + 1 + symbolCount + CHECKSUM_SYMBOLS) return undefined
  if (!text.startsWith(`${prefix}1`)) return undefined
  const symbols = Array.from(text.slice(prefix.length + 1), character => ALPHABET.indexOf(character))
  if (symbols.includes(-1)) return undefined
  const decoded = new Uint8Array(bytes)
  let bits = 0
  let bitCount = 0
  let at = 0
  for (const symbol of symbols.slice(0, symbolCount)) {
    bits = ((bits << SYMBOL_BITS) | symbol) & 0xfff
    bitCount += SYMBOL_BITS
    if (bitCount < BYTE_BITS) continue
    bitCount -= BYTE_BITS
    decoded[at++] = (bits >> bitCount) & 0xff
  }
  // Encoding again checks the checksum, and that the bits that are left over are zero.
  return equalBytes(utf8(encodeBech32(prefix, decoded)), utf8(text)) ? decoded : undefined
}

function symbolsOf(bytes: Uint8Array): number[] {
  const symbols: number[] = []
  let bits = 0
  let bitCount = 0
  for (const byte of bytes) {
    bits = ((bits << BYTE_BITS) | byte) & 0xfff
    bitCount += BYTE_BITS
    while (bitCount >= SYMBOL_BITS) {
      bitCount -= SYMBOL_BITS
      symbols.push((bits >> bitCount) & 31)
    }
  }
  if (bitCount > 0) symbols.push((bits << (SYMBOL_BITS - bitCount)) & 31)
  return symbols
}

function checksum(prefix: string, symbols: readonly number[]): number[] {
  const codes = Array.from(prefix, character => character.charCodeAt(0))
  const expanded = [...codes.map(code => code >> SYMBOL_BITS), 0, ...codes.map(code => code & 31)]
  const rest = remainder([...expanded, ...symbols, ...new Array<number>(CHECKSUM_SYMBOLS).fill(0)]) ^ 1
  return Array.from(
    { length: CHECKSUM_SYMBOLS },
    (_, at) => (rest >> (SYMBOL_BITS * (CHECKSUM_SYMBOLS - 1 - at))) & 31
  )
}

function remainder(values: readonly number[]): number {
  let rest = 1
  for (const value of values) {
    const top = rest >>> 25
    rest = ((rest & 0x1ffffff) << SYMBOL_BITS) ^ value
    for (const [bit, generator] of GENERATORS.entries()) if ((top >> bit) & 1) rest ^= generator
  }
  return rest
}
