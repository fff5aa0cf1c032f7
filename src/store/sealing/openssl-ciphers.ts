/** The ciphers of OpenSSL, through node:crypto: for the pure functions of src/content/sealing, and for streams. */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes as randomBuffer
} from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { concatBytes } from '../../base/bytes.ts'
import {
  AEAD_KEY_BYTES,
  AEAD_NONCE_BYTES,
  AEAD_TAG_BYTES,
  type AeadOfKey,
  type HkdfSha256,
  type HmacSha256,
  type RandomBytes
} from '../../content/sealing/ciphers.ts'
import { payloadKey } from '../../content/sealing/payload.ts'
import { writeChunkNonce } from '../../content/sealing/payload-layout.ts'

const ALGORITHM = 'chacha20-poly1305'
const OPTIONS = { authTagLength: AEAD_TAG_BYTES }

export const hkdf: HkdfSha256 = ({ secret, salt, info, bytes }) =>
  new Uint8Array(hkdfSync('sha256', secret, salt, info, bytes))

export const hmac: HmacSha256 = (key, message) => createHmac('sha256', key).update(message).digest()

export const randomBytes: RandomBytes = bytes => randomBuffer(bytes)

export const aead: AeadOfKey = key => {
  assert(key.length === AEAD_KEY_BYTES, `a key has ${AEAD_KEY_BYTES} bytes`)
  const secret = createSecretKey(key)
  return {
    seal: (nonce, plaintext) => concatBytes(encrypt(secret, nonce, plaintext)),
    open: (nonce, sealed) => decrypt(secret, nonce, sealed)
  }
}

/** The chunks of one payload, without copies: what takes time when files are sealed. */
export class ChunkCipher {
  readonly #key: KeyObject
  readonly #nonce = new Uint8Array(AEAD_NONCE_BYTES)

  constructor(fileKey: Uint8Array, payloadNonce: Uint8Array) {
    this.#key = createSecretKey(payloadKey(fileKey, payloadNonce, hkdf))
  }

  /** The encrypted text, and the tag that belongs behind it. */
  seal(index: number, isFinal: boolean, plaintext: Uint8Array): readonly [Uint8Array, Uint8Array] {
    writeChunkNonce(this.#nonce, index, isFinal)
    return encrypt(this.#key, this.#nonce, plaintext)
  }

  /** Undefined when the chunk is not this one of this payload. */
  open(index: number, isFinal: boolean, sealed: Uint8Array): Uint8Array | undefined {
    writeChunkNonce(this.#nonce, index, isFinal)
    return decrypt(this.#key, this.#nonce, sealed)
  }
}

function encrypt(key: KeyObject, nonce: Uint8Array, plaintext: Uint8Array): [Uint8Array, Uint8Array] {
  const cipher = createCipheriv(ALGORITHM, key, nonce, OPTIONS)
  const text = cipher.update(plaintext)
  cipher.final()
  return [text, cipher.getAuthTag()]
}

function decrypt(key: KeyObject, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  const textBytes = sealed.length - AEAD_TAG_BYTES
  if (textBytes < 0) return undefined
  const decipher = createDecipheriv(ALGORITHM, key, nonce, OPTIONS)
  decipher.setAuthTag(sealed.subarray(textBytes))
  const plaintext = decipher.update(sealed.subarray(0, textBytes))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plaintext
}
