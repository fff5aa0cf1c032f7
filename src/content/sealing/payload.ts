/**
 * Payloads of the age format in memory, for what is small: manifests, and in tests what the streaming one is compared
 * with. Layout and nonces are those of payload-layout.ts.
 *
 * A payload is opened as a whole or not at all: a chunk that is altered, moved, missing, twice there, or taken for the
 * last one when it is not, does not fit its nonce.
 */

import { assert } from '../../base/assert.ts'
import { utf8 } from '../../base/bytes.ts'
import { AEAD_KEY_BYTES, type AeadOfKey, type HkdfSha256, type RandomBytes } from './ciphers.ts'
import {
  CHUNK_BYTES,
  chunkCountOf,
  chunkNonce,
  objectBytesOf,
  PAYLOAD_NONCE_BYTES,
  payloadBytesOf,
  plaintextBytesOf,
  sealedChunk
} from './payload-layout.ts'

/** Random, and one for each object. */
export const FILE_KEY_BYTES = 16
const PAYLOAD_INFO = utf8('payload')

export interface PayloadCiphers {
  readonly hkdf: HkdfSha256
  readonly aead: AeadOfKey
}

/** The key of the chunks, from the file key and the nonce that the payload begins with. */
export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array, hkdf: HkdfSha256): Uint8Array {
  assert(fileKey.length === FILE_KEY_BYTES, `a file key has ${FILE_KEY_BYTES} bytes`)
  assert(nonce.length === PAYLOAD_NONCE_BYTES, `the nonce of a payload has ${PAYLOAD_NONCE_BYTES} bytes`)
  return hkdf({ secret: fileKey, salt: nonce, info: PAYLOAD_INFO, bytes: AEAD_KEY_BYTES })
}

/** The whole object: payload and random padding. */
export function sealObject(
  plaintext: Uint8Array,
  fileKey: Uint8Array,
  sealing: PayloadCiphers & { readonly randomBytes: RandomBytes }
): Uint8Array {
  const object = new Uint8Array(objectBytesOf(plaintext.length))
  const payloadBytes = payloadBytesOf(plaintext.length)
  const nonce = sealing.randomBytes(PAYLOAD_NONCE_BYTES)
  const aead = sealing.aead(payloadKey(fileKey, nonce, sealing.hkdf))
  object.set(nonce)
  const chunks = chunkCountOf(plaintext.length)
  for (let index = 0; index < chunks; index++) {
    const chunk = plaintext.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
    const sealed = aead.seal(chunkNonce(index, index === chunks - 1), chunk)
    object.set(sealed, sealedChunk(plaintext.length, index).offset)
  }
  object.set(sealing.randomBytes(object.length - payloadBytes), payloadBytes)
  return object
}

export type OpenedPayload =
  | { readonly plaintext: Uint8Array; readonly fault?: undefined }
  | { readonly fault: 'size'; readonly plaintext?: undefined }
  /** The first chunk that does not open. */
  | { readonly fault: 'chunk'; readonly chunk: number; readonly plaintext?: undefined }

/** Opens a payload without padding, such as one that another program made. */
export function openPayload(
  payload: Uint8Array,
  fileKey: Uint8Array,
  ciphers: PayloadCiphers
): OpenedPayload {
  const plaintextBytes = plaintextBytesOf(payload.length)
  if (plaintextBytes === undefined) return { fault: 'size' }
  const plaintext = new Uint8Array(plaintextBytes)
  const key = payloadKey(fileKey, payload.subarray(0, PAYLOAD_NONCE_BYTES), ciphers.hkdf)
  const aead = ciphers.aead(key)
  const chunks = chunkCountOf(plaintextBytes)
  for (let index = 0; index < chunks; index++) {
    const { offset, bytes } = sealedChunk(plaintextBytes, index)
    const isFinal = index === chunks - 1
    const chunk = aead.open(chunkNonce(index, isFinal), payload.subarray(offset, offset + bytes))
    if (chunk === undefined) return { fault: 'chunk', chunk: index }
    plaintext.set(chunk, index * CHUNK_BYTES)
  }
  return { plaintext }
}

/** Opens an object whose plaintext is that long, padding and all. */
export function openObject(
  object: Uint8Array,
  plaintextBytes: number,
  opening: PayloadCiphers & { readonly fileKey: Uint8Array }
): OpenedPayload {
  if (object.length !== objectBytesOf(plaintextBytes)) return { fault: 'size' }
  return openPayload(object.subarray(0, payloadBytesOf(plaintextBytes)), opening.fileKey, opening)
}
