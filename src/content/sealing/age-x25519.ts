/**
 * X25519 recipients of the age format, version 1 (C2SP, age.md): the text of a key, and what a stanza does with the
 * shared secret. The exchange of keys itself is not here: it needs a library.
 *
 *     wrap key = HKDF-SHA-256(secret = shared secret, salt = ephemeral share | recipient, info)
 *     body = ChaCha20-Poly1305(wrap key, nonce of zeros, file key)
 */

import { assert } from '../../base/assert.ts'
import { concatBytes, utf8 } from '../../base/bytes.ts'
import { fromUnpaddedBase64, type Stanza, toUnpaddedBase64 } from './age-header.ts'
import { decodeBech32, encodeBech32 } from './bech32.ts'
import {
  AEAD_KEY_BYTES,
  AEAD_NONCE_BYTES,
  AEAD_TAG_BYTES,
  type AeadOfKey,
  type HkdfSha256
} from './ciphers.ts'
import { FILE_KEY_BYTES } from './payload.ts'

/** A public key, a private key, and what two of them share (RFC 7748). */
export const X25519_BYTES = 32
const TYPE = 'X25519'
/** A stanza that says for which key it is: that of an epoch of a group. Other programs skip it. */
const LABELLED_TYPE = 'peerage-epoch'
const INFO = utf8('age-encryption.org/v1/X25519')
const RECIPIENT_PREFIX = 'age'
const IDENTITY_PREFIX = 'AGE-SECRET-KEY-'
const WRAPPED_BYTES = FILE_KEY_BYTES + AEAD_TAG_BYTES
/** A wrap key is used once. */
const NONCE = new Uint8Array(AEAD_NONCE_BYTES)

export interface KeyExchange {
  readonly sharedSecret: Uint8Array
  /** The ephemeral public key of who wraps. */
  readonly share: Uint8Array
  readonly recipient: Uint8Array
}

export interface WrapCiphers {
  readonly hkdf: HkdfSha256
  readonly aead: AeadOfKey
}

export interface X25519Stanza {
  /** Whose it is, where it says so. */
  readonly recipient: Uint8Array | undefined
  readonly share: Uint8Array
  readonly wrapped: Uint8Array
}

export function wrapFileKey(
  fileKey: Uint8Array,
  exchange: KeyExchange & { readonly isLabelled?: boolean },
  ciphers: WrapCiphers
): Stanza {
  assert(fileKey.length === FILE_KEY_BYTES, `a file key has ${FILE_KEY_BYTES} bytes`)
  const body = ciphers.aead(wrapKey(exchange, ciphers.hkdf)).seal(NONCE, fileKey)
  const share = toUnpaddedBase64(exchange.share)
  if (exchange.isLabelled !== true) return { args: [TYPE, share], body }
  return { args: [LABELLED_TYPE, toUnpaddedBase64(exchange.recipient), share], body }
}

/** Undefined when the stanza is wrapped to somebody else. */
export function unwrapFileKey(
  wrapped: Uint8Array,
  exchange: KeyExchange,
  ciphers: WrapCiphers
): Uint8Array | undefined {
  return ciphers.aead(wrapKey(exchange, ciphers.hkdf)).open(NONCE, wrapped)
}

/** What a stanza holds if it is of this kind; a text says what is wrong with it, undefined that it is of another. */
export function readX25519Stanza({ args, body }: Stanza): X25519Stanza | string | undefined {
  const [type] = args
  if (type !== TYPE && type !== LABELLED_TYPE) return undefined
  const isLabelled = type === LABELLED_TYPE
  const keys = args.slice(1).map(fromUnpaddedBase64)
  const share = keys.length === (isLabelled ? 2 : 1) ? keys.at(-1) : undefined
  if (share?.length !== X25519_BYTES) return `a stanza of ${type} has no proper share`
  const recipient = isLabelled ? keys[0] : undefined
  if (isLabelled && recipient?.length !== X25519_BYTES) return `a stanza of ${type} names no key`
  if (body.length !== WRAPPED_BYTES) return `a stanza of ${type} wraps no file key`
  return { recipient, share, wrapped: body }
}

/** `age1…`, as people pass it on. */
export function encodeRecipient(recipient: Uint8Array): string {
  assert(recipient.length === X25519_BYTES, `a recipient has ${X25519_BYTES} bytes`)
  return encodeBech32(RECIPIENT_PREFIX, recipient)
}

/** Undefined for what is no recipient of this kind. */
export function decodeRecipient(text: string): Uint8Array | undefined {
  return decodeBech32(text, RECIPIENT_PREFIX, X25519_BYTES)
}

/** `AGE-SECRET-KEY-1…`: the private key of whoever was given a file. */
export function encodeIdentity(secret: Uint8Array): string {
  assert(secret.length === X25519_BYTES, `an identity has ${X25519_BYTES} bytes`)
  return encodeBech32(IDENTITY_PREFIX.toLowerCase(), secret).toUpperCase()
}

export function decodeIdentity(text: string): Uint8Array | undefined {
  if (text !== text.toUpperCase()) return undefined
  return decodeBech32(text.toLowerCase(), IDENTITY_PREFIX.toLowerCase(), X25519_BYTES)
}

function wrapKey({ sharedSecret, share, recipient }: KeyExchange, hkdf: HkdfSha256): Uint8Array {
  return hkdf({
    secret: sharedSecret,
    salt: concatBytes([share, recipient]),
    info: INFO,
    bytes: AEAD_KEY_BYTES
  })
}
