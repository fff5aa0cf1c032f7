/**
 * Where what lies in a payload of the age format, version 1 (C2SP, age.md), and in the object that is padded behind it:
 *
 *     nonce | chunk 0 | chunk 1 | … | last chunk | padding
 *
 * A chunk is the encryption of CHUNK_BYTES of plaintext, with a tag behind it. Invariants:
 * - every chunk but the last one is full; the last one is not empty, unless the plaintext is;
 * - so a size of plaintext has one size of payload, and a size of payload at most one of plaintext;
 * - the nonce of a chunk counts the chunks, and says which is the last one.
 *
 * Offsets are numbers, so everything here is exact only up to PLAINTEXT_BYTES_MAX.
 */

import { assert } from '../../base/assert.ts'
import { KIB } from '../../base/units.ts'
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES } from './ciphers.ts'
import { paddedBytesOf } from './padding.ts'

/** Plaintext of a chunk. */
export const CHUNK_BYTES = 64 * KIB
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + AEAD_TAG_BYTES
/** Random bytes that a payload begins with, the salt of its key. */
export const PAYLOAD_NONCE_BYTES = 16
/** One petabyte: far more than any file, and sizes derived from it are exact. */
export const PLAINTEXT_BYTES_MAX = 2 ** 50

const FINAL_FLAG_AT = AEAD_NONCE_BYTES - 1

/** Bytes from `offset` on. */
export interface ByteRange {
  readonly offset: number
  readonly bytes: number
}

export function isPlaintextBytes(bytes: number): boolean {
  return Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= PLAINTEXT_BYTES_MAX
}

/** An empty plaintext is one empty chunk. */
export function chunkCountOf(plaintextBytes: number): number {
  assert(isPlaintextBytes(plaintextBytes), `${plaintextBytes} is a size of a plaintext`)
  return Math.max(1, Math.ceil(plaintextBytes / CHUNK_BYTES))
}

export function payloadBytesOf(plaintextBytes: number): number {
  return PAYLOAD_NONCE_BYTES + plaintextBytes + chunkCountOf(plaintextBytes) * AEAD_TAG_BYTES
}

/** Undefined when no payload is so long: what is there ends within a nonce or a tag, or in an empty chunk too many. */
export function plaintextBytesOf(payloadBytes: number): number | undefined {
  const sealedBytes = payloadBytes - PAYLOAD_NONCE_BYTES
  if (!Number.isSafeInteger(payloadBytes) || sealedBytes < AEAD_TAG_BYTES) return undefined
  const chunks = Math.ceil(sealedBytes / SEALED_CHUNK_BYTES)
  const plaintextBytes = sealedBytes - chunks * AEAD_TAG_BYTES
  if (!isPlaintextBytes(plaintextBytes)) return undefined
  return payloadBytesOf(plaintextBytes) === payloadBytes ? plaintextBytes : undefined
}

/** What is stored and transferred for a file of that size. */
export function objectBytesOf(plaintextBytes: number): number {
  return paddedBytesOf(payloadBytesOf(plaintextBytes))
}

/** Chunk `index` in the payload, tag included. */
export function sealedChunk(plaintextBytes: number, index: number): ByteRange {
  assert(index >= 0 && index < chunkCountOf(plaintextBytes), `the payload has a chunk ${index}`)
  const offset = PAYLOAD_NONCE_BYTES + index * SEALED_CHUNK_BYTES
  return { offset, bytes: Math.min(SEALED_CHUNK_BYTES, payloadBytesOf(plaintextBytes) - offset) }
}

/** Chunks from `first` up to and without `end`. */
export interface ChunkSpan {
  readonly first: number
  readonly end: number
}

/** The chunks that a range of the plaintext lies in; none for an empty range. */
export function chunksOfRange(plaintextBytes: number, range: ByteRange): ChunkSpan {
  const { offset, bytes } = range
  assert(offset >= 0 && bytes >= 0 && offset + bytes <= plaintextBytes, 'the range lies in the plaintext')
  const first = Math.floor(offset / CHUNK_BYTES)
  return { first, end: bytes === 0 ? first : Math.ceil((offset + bytes) / CHUNK_BYTES) }
}

/** The bytes of an object that have to be there to read a range of its plaintext, besides the nonce. */
export function objectRangeOf(plaintextBytes: number, range: ByteRange): ByteRange {
  const { first, end } = chunksOfRange(plaintextBytes, range)
  const offset = PAYLOAD_NONCE_BYTES + first * SEALED_CHUNK_BYTES
  if (first === end) return { offset, bytes: 0 }
  const last = sealedChunk(plaintextBytes, end - 1)
  return { offset, bytes: last.offset + last.bytes - offset }
}

/** What of the plaintext can be read when a range of the object is there, and the nonce: its whole chunks. */
export function plaintextRangeOf(plaintextBytes: number, range: ByteRange): ByteRange {
  const chunks = chunkCountOf(plaintextBytes)
  const payloadEnd = payloadBytesOf(plaintextBytes)
  const start = Math.max(0, range.offset - PAYLOAD_NONCE_BYTES)
  const first = Math.min(chunks, Math.ceil(start / SEALED_CHUNK_BYTES))
  const rangeEnd = range.offset + range.bytes
  const end =
    rangeEnd >= payloadEnd
      ? chunks
      : Math.max(0, Math.floor((rangeEnd - PAYLOAD_NONCE_BYTES) / SEALED_CHUNK_BYTES))
  const offset = Math.min(first * CHUNK_BYTES, plaintextBytes)
  return { offset, bytes: Math.max(0, Math.min(end * CHUNK_BYTES, plaintextBytes) - offset) }
}

/** Writes the nonce of a chunk: a counter of 11 bytes, big-endian, and one byte that is 1 for the last chunk only. */
export function writeChunkNonce(nonce: Uint8Array, index: number, isFinal: boolean): void {
  assert(Number.isSafeInteger(index) && index >= 0, `${index} is an index of a chunk`)
  let rest = index
  for (let at = FINAL_FLAG_AT - 1; at >= 0; at--) {
    nonce[at] = rest % 256
    rest = Math.floor(rest / 256)
  }
  nonce[FINAL_FLAG_AT] = isFinal ? 1 : 0
}

export function chunkNonce(index: number, isFinal: boolean): Uint8Array {
  const nonce = new Uint8Array(AEAD_NONCE_BYTES)
  writeChunkNonce(nonce, index, isFinal)
  return nonce
}
