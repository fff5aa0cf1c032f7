/** X25519 (RFC 7748) of OpenSSL on raw keys of 32 bytes. */

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { concatBytes, fromHex } from '../../base/bytes.ts'
import { X25519_BYTES } from '../../content/sealing/age-x25519.ts'

/** What stands before a raw key in PKCS #8 and in SPKI (RFC 8410). */
const PKCS8_PREFIX = fromHex('302e020100300506032b656e04220420') ?? new Uint8Array(0)
const SPKI_PREFIX = fromHex('302a300506032b656e032100') ?? new Uint8Array(0)

export class X25519Key {
  readonly #secret: KeyObject
  /** Raw. */
  readonly publicKey: Uint8Array

  constructor(secret: Uint8Array) {
    assert(secret.length === X25519_BYTES, `a private key has ${X25519_BYTES} bytes`)
    const key = Buffer.from(concatBytes([PKCS8_PREFIX, secret]))
    this.#secret = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
    key.fill(0)
    const spki = createPublicKey(this.#secret).export({ format: 'der', type: 'spki' })
    this.publicKey = new Uint8Array(spki.subarray(SPKI_PREFIX.length))
  }

  /** Undefined when the other key is one of those few that give zeros with every key. */
  sharedSecret(publicKey: Uint8Array): Uint8Array | undefined {
    assert(publicKey.length === X25519_BYTES, `a public key has ${X25519_BYTES} bytes`)
    const key = Buffer.from(concatBytes([SPKI_PREFIX, publicKey]))
    const other = createPublicKey({ key, format: 'der', type: 'spki' })
    try {
      const secret = diffieHellman({ privateKey: this.#secret, publicKey: other })
      return secret.some(byte => byte !== 0) ? secret : undefined
    } catch {
      return undefined // OpenSSL refuses to derive zeros
    }
  }
}
