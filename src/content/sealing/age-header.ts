/**
 * The header of an age file, version 1 (C2SP, age.md), as text: a line that says the version, stanzas that wrap the
 * file key, and a MAC over all that with a key that the file key gives. Detached from its payload it is an *envelope*.
 *
 *     age-encryption.org/v1
 *     -> X25519 <ephemeral share>
 *     <wrapped file key>
 *     --- <MAC>
 *
 * Strict: what is accepted has one encoding. Which kinds of stanza there are is none of its business; age-x25519.ts
 * knows one, and all others are skipped.
 */

import { assert } from '../../base/assert.ts'
import { concatBytes, fromBase64, toBase64, utf8 } from '../../base/bytes.ts'
import { KIB } from '../../base/units.ts'
import { HASH_BYTES } from '../hash.ts'
import type { HkdfSha256, HmacSha256 } from './ciphers.ts'

export const VERSION_LINE = 'age-encryption.org/v1'
/** Enough for one stanza per device of a large group, and no more work than a reader can do at once. */
export const STANZAS_MAX = 4096
export const HEADER_BYTES_MAX = 512 * KIB

const BODY_COLUMNS = 64
const BODY_LINE_BYTES = 48
const MAC_INFO = utf8('header')
const STANZA_PREFIX = '-> '
const MAC_PREFIX = '---'
const LINE_FEED = 0x0a
const ARGUMENTS = /^[\x21-\x7e]+( [\x21-\x7e]+)*$/

export interface Stanza {
  /** The first one says what kind of stanza it is. */
  readonly args: readonly string[]
  readonly body: Uint8Array
}

export interface AgeHeader {
  readonly stanzas: readonly Stanza[]
  readonly mac: Uint8Array
  /** What the MAC is over. */
  readonly macBytes: Uint8Array
  /** Where the payload begins in an age file; an envelope ends there. */
  readonly endOffset: number
}

export function encodeHeader(
  stanzas: readonly Stanza[],
  fileKey: Uint8Array,
  macs: { readonly hkdf: HkdfSha256; readonly hmac: HmacSha256 }
): Uint8Array {
  assert(
    stanzas.length > 0 && stanzas.length <= STANZAS_MAX,
    `${stanzas.length} stanzas are within the limits`
  )
  const lines = [VERSION_LINE, ...stanzas.flatMap(linesOf), MAC_PREFIX]
  const macBytes = utf8(lines.join('\n'))
  const mac = headerMac(macBytes, fileKey, macs)
  const header = concatBytes([macBytes, utf8(` ${toUnpaddedBase64(mac)}\n`)])
  assert(header.length <= HEADER_BYTES_MAX, `a header of ${header.length} B is within the limit`)
  return header
}

export function headerMac(
  macBytes: Uint8Array,
  fileKey: Uint8Array,
  { hkdf, hmac }: { readonly hkdf: HkdfSha256; readonly hmac: HmacSha256 }
): Uint8Array {
  const key = hkdf({ secret: fileKey, salt: new Uint8Array(0), info: MAC_INFO, bytes: HASH_BYTES })
  return hmac(key, macBytes)
}

/** Reads the header that `bytes` begin with; a text says what is wrong with it. */
export function decodeHeader(bytes: Uint8Array): AgeHeader | string {
  const lines = new Lines(bytes)
  if (lines.next() !== VERSION_LINE) return `the first line is not ${VERSION_LINE}`
  const stanzas: Stanza[] = []
  for (;;) {
    const macStart = lines.offset
    const line = lines.next()
    if (line === undefined) return 'it ends early, is too long or is not ASCII'
    if (line.startsWith(`${MAC_PREFIX} `)) {
      const mac = fromUnpaddedBase64(line.slice(MAC_PREFIX.length + 1))
      if (mac?.length !== HASH_BYTES) return 'the MAC is malformed'
      if (stanzas.length === 0) return 'it has no stanza'
      const macBytes = bytes.subarray(0, macStart + MAC_PREFIX.length)
      return { stanzas, mac, macBytes, endOffset: lines.offset }
    }
    if (stanzas.length === STANZAS_MAX) return `it has more than ${STANZAS_MAX} stanzas`
    const stanza = readStanza(line, lines)
    if (typeof stanza === 'string') return `stanza ${stanzas.length}: ${stanza}`
    stanzas.push(stanza)
  }
}

function readStanza(line: string, lines: Lines): Stanza | string {
  if (!line.startsWith(STANZA_PREFIX)) return 'a line is neither the begin of a stanza nor the MAC'
  const args = line.slice(STANZA_PREFIX.length)
  if (!ARGUMENTS.test(args)) return 'its arguments are malformed'
  const body: Uint8Array[] = []
  for (;;) {
    const text = lines.next()
    const bytes = text === undefined || text.length > BODY_COLUMNS ? undefined : fromUnpaddedBase64(text)
    if (text === undefined || bytes === undefined) return 'its body is malformed'
    body.push(bytes)
    // Only a line that is not full ends a body, so the last one may be empty.
    if (text.length < BODY_COLUMNS) return { args: args.split(' '), body: concatBytes(body) }
  }
}

function linesOf({ args, body }: Stanza): string[] {
  const first = args.join(' ')
  assert(ARGUMENTS.test(first) && args.every(arg => !arg.includes(' ')), 'arguments are printable ASCII')
  const lines = [STANZA_PREFIX + first]
  for (let at = 0; at <= body.length; at += BODY_LINE_BYTES)
    lines.push(toUnpaddedBase64(body.subarray(at, at + BODY_LINE_BYTES)))
  return lines
}

/** Lines of ASCII that end in a line feed, within the limit of a header. */
class Lines {
  readonly #bytes: Uint8Array
  offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.subarray(0, HEADER_BYTES_MAX)
  }

  /** Undefined when there is none. */
  next(): string | undefined {
    const end = this.#bytes.indexOf(LINE_FEED, this.offset)
    if (end < 0) return undefined
    let line = ''
    for (let at = this.offset; at < end; at++) {
      const byte = this.#bytes[at] as number
      if (byte < 0x20 || byte > 0x7e) return undefined
      line += String.fromCharCode(byte)
    }
    this.offset = end + 1
    return line
  }
}

/** RFC 4648 section 4 without padding, canonical. */
export function toUnpaddedBase64(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/=+$/, '')
}

export function fromUnpaddedBase64(text: string): Uint8Array | undefined {
  if (text.includes('=')) return undefined
  return fromBase64(text.padEnd(4 * Math.ceil(text.length / 4), '='))
}
