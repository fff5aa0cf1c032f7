/** Ciphers come into the pure layers as functions, like hashing. All of them return fresh arrays. */

/** HKDF with SHA-256 (RFC 5869). */
export type HkdfSha256 = (input: {
  readonly secret: Uint8Array
  readonly salt: Uint8Array
  readonly info: Uint8Array
  readonly bytes: number
}) => Uint8Array

/** HMAC with SHA-256 (RFC 2104). */
export type HmacSha256 = (key: Uint8Array, message: Uint8Array) => Uint8Array

/** An authenticated cipher with one key, ChaCha20-Poly1305 (RFC 8439) without additional data. */
export interface Aead {
  /** The text encrypted, and behind it the tag. */
  seal(nonce: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** Undefined when the tag does not fit. */
  open(nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

/** Makes the cipher of a key of 32 bytes. */
export type AeadOfKey = (key: Uint8Array) => Aead

/** Bytes that nobody can guess. */
export type RandomBytes = (bytes: number) => Uint8Array

export const AEAD_KEY_BYTES = 32
export const AEAD_NONCE_BYTES = 12
export const AEAD_TAG_BYTES = 16
