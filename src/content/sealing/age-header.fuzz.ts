/** Fuzz target of the age header: what is accepted encodes to the very same bytes, up to its MAC. */

import { assert } from '../../base/assert.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'
import { decodeHeader, encodeHeader } from './age-header.ts'

const FILE_KEY = new Uint8Array(16)
const MAC = 'bWFjbWFjbWFjbWFjbWFjbWFjbWFjbWFjbWFjbWFjbWE'
const macs = { hkdf: () => new Uint8Array(32), hmac: () => new Uint8Array(32) }

export const seeds: Uint8Array[] = [
  utf8(`age-encryption.org/v1\n-> X25519 abc\nZm9v\n--- ${MAC}\n`),
  utf8(`age-encryption.org/v1\n-> a b\n\n-> c\n${'A'.repeat(64)}\n\n--- ${MAC}\npayload`)
]

export function fuzz(input: Uint8Array): void {
  const header = decodeHeader(input)
  if (typeof header === 'string') {
    assert(header.length > 0, 'what is refused has a reason')
    return
  }
  const { length } = header.macBytes
  const again = encodeHeader(header.stanzas, FILE_KEY, macs)
  assert(again.length === header.endOffset, 'the MAC has one length')
  assert(equalBytes(again.subarray(0, length), input.subarray(0, length)), 'a header has one encoding')
}
