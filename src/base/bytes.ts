/** Byte-string primitives that every layer shares. No I/O, and no Node API: they run anywhere. */

const HEX_DIGITS = '0123456789abcdef'
/** Two character codes for each byte. */
const HEX_CODES = Uint8Array.from({ length: 512 }, (_, at) =>
  HEX_DIGITS.charCodeAt(at % 2 === 0 ? at >>> 5 : (at >>> 1) & 15)
)
/** Value of a hex digit by character code; others are out of range. */
const HEX_VALUES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = HEX_DIGITS.indexOf(String.fromCharCode(code).toLowerCase())
  return value < 0 ? 0xff : value
})

/** The digits of an id or a hash, which is what nearly all hex is of. */
const HASH_BYTES = 32
const hashCodes: number[] = new Array(2 * HASH_BYTES).fill(0)

/** One flat string: joining pairs would leave a rope that keeps many times its length in memory. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length === HASH_BYTES) return hashHex(bytes)
  const codes = new Uint8Array(2 * bytes.length)
  let at = 0
  for (const byte of bytes) {
    codes[at++] = HEX_CODES[2 * byte] as number
    codes[at++] = HEX_CODES[2 * byte + 1] as number
  }
  return decoder.decode(codes)
}

/** The same without an array and a decoder for each, which takes a quarter of the time. */
function hashHex(bytes: Uint8Array): string {
  for (let at = 0; at < HASH_BYTES; at++) {
    const byte = bytes[at] as number
    hashCodes[2 * at] = HEX_CODES[2 * byte] as number
    hashCodes[2 * at + 1] = HEX_CODES[2 * byte + 1] as number
  }
  return String.fromCharCode(...hashCodes)
}

/** Decodes lower- or upper-case hex; undefined when `text` is not hex of even length. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < bytes.length; at++) {
    const high = HEX_VALUES[text.charCodeAt(2 * at)] ?? 0xff
    const low = HEX_VALUES[text.charCodeAt(2 * at + 1)] ?? 0xff
    if (high > 15 || low > 15) return undefined
    bytes[at] = 16 * high + low
  }
  return bytes
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Bytewise lexicographic order, the order of bencode keys and of deterministic CBOR. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Decodes UTF-8 strictly; undefined when `bytes` is not valid UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** RFC 4648 section 5 base64url without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** Decodes canonical, unpadded base64url; undefined when `text` is anything else. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, character => character.charCodeAt(0))
  return toBase64Url(bytes) === text ? bytes : undefined
}

/** RFC 4648 section 4 base64, padded. */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64Url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(4 * Math.ceil(text.length / 4), '=')
}

/** Decodes canonical, padded base64; undefined when `text` is anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  const bytes = fromBase64Url(text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'))
  return bytes !== undefined && toBase64(bytes) === text ? bytes : undefined
}
