/**
 * Domain-separated Ed25519 signatures (RFC 8032). The cryptography comes in as functions, so that the ledger
 * needs no library of its own and every signature of the product is made and checked by one implementation.
 *
 * A signature is never over a record's bytes alone: it is over `peerage/<kind>/v1`, a zero byte, and the parts
 * that the kind names. A signature made for one kind of statement can therefore never pass as another.
 */

import { assert } from '../../base/assert.ts'
import { concatBytes, utf8 } from '../../base/bytes.ts'

/** SHA-256 (FIPS 180-4): bytes of whatever length in, a fresh array of 32 bytes out. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array
/** Ed25519 verification; false for any malformed key or signature, never a throw. */
export type Verify = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
/** Ed25519 signature by one private key. */
export type Sign = (message: Uint8Array) => Uint8Array

export const HASH_BYTES = 32
export const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** `name` is a salted commitment and not a signature, but shares the space of prefixes. */
type Domain = SignedDomain | 'redeem' | 'name'
/** Domains whose signatures are over the SHA-256 of a record's bytes. */
export type SignedDomain =
  | 'root'
  | 'operation'
  | 'presence'
  | 'receipt'
  | 'beacon'
  | 'override'
  | 'snapshot'
  | 'envelope'
  | 'epoch'

/** The bytes that are signed (or committed to): the domain's prefix, then `parts` one after another. */
export function domainMessage(domain: Domain, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes([utf8(`peerage/${domain}/v1\0`), ...parts])
}

export function signId(domain: SignedDomain, id: Uint8Array, sign: Sign): Uint8Array {
  assert(id.length === HASH_BYTES, 'a signed id is a SHA-256 hash')
  const signature = sign(domainMessage(domain, id))
  assert(signature.length === SIGNATURE_BYTES, 'a signature is raw Ed25519')
  return signature
}
