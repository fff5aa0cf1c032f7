/**
 * Any bytes into the decoder: where the chunks are split does not matter, nothing throws, and what was decoded
 * encodes to exactly the bytes that it came from.
 */

import assert from 'node:assert/strict'
import { concatBytes } from '../base/bytes.ts'
import { WireDecoder } from './wire-decoder.ts'
import { encodeMessages } from './wire-encoder.ts'
import type { Violation, WireMessage } from './wire-messages.ts'

interface Decoded {
  readonly messages: WireMessage[]
  readonly violation: Violation | undefined
}

function decode(input: Uint8Array, chunkBytes: number): Decoded {
  const decoder = new WireDecoder({ allocate: length => new Uint8Array(length) })
  const messages: WireMessage[] = []
  let violation: Violation | undefined
  for (let offset = 0; offset < input.length; offset += chunkBytes) {
    const decoded = decoder.push(input.slice(offset, offset + chunkBytes))
    messages.push(...decoded.messages)
    violation = decoded.violation
  }
  return { messages, violation }
}

/** The handshake's reserved bits that have no meaning here do not survive the round trip. */
function withoutReserved(bytes: Uint8Array): Uint8Array {
  return bytes.slice().fill(0, 20, Math.min(28, bytes.length))
}

export function fuzz(input: Uint8Array): void {
  const whole = decode(input, Math.max(1, input.length))
  for (const chunkBytes of [1, 3, 1 + (input[0] ?? 0)]) {
    assert.deepEqual(decode(input, chunkBytes), whole)
  }
  const again = concatBytes(encodeMessages(whole.messages))
  assert.deepEqual(withoutReserved(again), withoutReserved(input.subarray(0, again.length)))
}

const HANDSHAKE: WireMessage = {
  type: 'handshake',
  extended: true,
  fast: true,
  v2: true,
  infoHash: new Uint8Array(20).fill(0xaa),
  peerId: new Uint8Array(20).fill(0xbb)
}
const RANGE = { root: new Uint8Array(32).fill(7), baseLayer: 6, index: 512, length: 512, proofLayers: 11 }

export const seeds: Uint8Array[] = [
  [HANDSHAKE],
  [HANDSHAKE, { type: 'have-all' }, { type: 'unchoke' }, { type: 'interested' }, { type: 'keep-alive' }],
  [HANDSHAKE, { type: 'bitfield', bits: Uint8Array.of(0xff, 0x80) }, { type: 'have', piece: 3 }],
  [
    HANDSHAKE,
    { type: 'request', piece: 1, begin: 16384, length: 16384 },
    { type: 'piece', piece: 1, begin: 16384, block: new Uint8Array(100).fill(1) },
    { type: 'cancel', piece: 1, begin: 0, length: 16384 },
    { type: 'reject', piece: 1, begin: 0, length: 16384 }
  ],
  [
    HANDSHAKE,
    { type: 'extended', extensionId: 0, payload: new TextEncoder().encode('d1:md11:ut_metadatai1eee') },
    { type: 'hash-request', ...RANGE },
    { type: 'hashes', ...RANGE, hashes: new Uint8Array(96) },
    { type: 'hash-reject', ...RANGE }
  ]
].map(messages => concatBytes(encodeMessages(messages as WireMessage[])))
