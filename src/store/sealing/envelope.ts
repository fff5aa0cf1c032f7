/**
 * Wraps a file key to recipients, and gets it back: an age header with X25519 stanzas, without its payload. Header and
 * payload together are an age file. Nothing of an object changes when its key is wrapped anew.
 *
 * A stanza does not say whose it is, so who is to be removed can not be found in an envelope: it is written anew for
 * those who stay. Whoever could open the old one may have kept the file key.
 *
 * Invariant of what is opened: the MAC fits, so nobody without the file key has changed, added or removed a stanza.
 */

import { timingSafeEqual } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import {
  type AgeHeader,
  decodeHeader,
  encodeHeader,
  headerMac,
  STANZAS_MAX,
  type Stanza
} from '../../content/sealing/age-header.ts'
import {
  encodeRecipient,
  readX25519Stanza,
  unwrapFileKey,
  wrapFileKey,
  X25519_BYTES,
  type X25519Stanza
} from '../../content/sealing/age-x25519.ts'
import type { RandomBytes } from '../../content/sealing/ciphers.ts'
import { aead, hkdf, hmac, randomBytes } from './openssl-ciphers.ts'
import { X25519Key } from './x25519.ts'

/** The file key is `no-identity` when none of the keys fits a stanza. */
export type OpenedEnvelope =
  | { readonly outcome: 'opened'; readonly fileKey: Uint8Array; readonly header: AgeHeader }
  | { readonly outcome: 'no-identity' }

/**
 * An envelope for raw X25519 public keys. Throws AppError SEALED_INVALID for a recipient that is no proper key, or for
 * more of them than an envelope holds.
 */
export function wrapEnvelope(
  fileKey: Uint8Array,
  recipients: readonly Uint8Array[],
  random: RandomBytes = randomBytes
): Uint8Array {
  return encodeStanzas(wrapStanzas(fileKey, recipients, { random }), fileKey)
}

/** The same for keys of epochs besides, whose stanzas say whose they are. */
export function wrapToGroups(
  fileKey: Uint8Array,
  { single, epochs }: { readonly single: readonly Uint8Array[]; readonly epochs: readonly Uint8Array[] }
): Uint8Array {
  const random = randomBytes
  const labelled = wrapStanzas(fileKey, epochs, { random, isLabelled: true })
  return encodeStanzas([...labelled, ...wrapStanzas(fileKey, single, { random })], fileKey)
}

/** The private key of an epoch of a group, by its public key, where there is one. */
export type EpochKeyOf = (recipient: Uint8Array) => X25519Key | undefined

/** The stanza at a place alone, for who knows which one is its: undefined when it is another's. */
export function openStanza(bytes: Uint8Array, at: number, identity: X25519Key): Uint8Array | undefined {
  const header = decodeHeader(bytes)
  if (typeof header === 'string') throw invalid(header)
  const stanza = stanzasOf(header)[at]
  return stanza && tryStanza(stanza, identity)
}

/**
 * Opens what begins with a header: an envelope, or a whole age file. Throws AppError SEALED_INVALID when it is
 * malformed or was tampered with.
 */
export function openEnvelope(
  bytes: Uint8Array,
  identities: readonly X25519Key[],
  epochKeyOf: EpochKeyOf = () => undefined
): OpenedEnvelope {
  const header = decodeHeader(bytes)
  if (typeof header === 'string') throw invalid(header)
  const fileKey = findFileKey(stanzasOf(header), identities, epochKeyOf)
  if (fileKey === undefined) return { outcome: 'no-identity' }
  if (!timingSafeEqual(headerMac(header.macBytes, fileKey, { hkdf, hmac }), header.mac))
    throw invalid('its MAC is wrong: somebody has changed it')
  return { outcome: 'opened', fileKey, header }
}

export interface Rewrapping {
  readonly envelope: Uint8Array
  readonly identities: readonly X25519Key[]
  readonly recipients: readonly Uint8Array[]
  /** Whether who can open it now goes on to. */
  readonly existing: 'keep' | 'drop'
}

/** The same file key in an envelope for others. Throws as {@link openEnvelope} and {@link wrapEnvelope} do. */
export function rewrapEnvelope(
  rewrapping: Rewrapping,
  random: RandomBytes = randomBytes
): { readonly outcome: 'rewrapped'; readonly envelope: Uint8Array } | { readonly outcome: 'no-identity' } {
  const opened = openEnvelope(rewrapping.envelope, rewrapping.identities)
  if (opened.outcome === 'no-identity') return opened
  const { fileKey, header } = opened
  if (header.endOffset !== rewrapping.envelope.length) throw invalid('bytes follow its MAC')
  const kept = rewrapping.existing === 'keep' ? header.stanzas : []
  const stanzas = [...kept, ...wrapStanzas(fileKey, rewrapping.recipients, { random })]
  return { outcome: 'rewrapped', envelope: encodeStanzas(stanzas, fileKey) }
}

function wrapStanzas(
  fileKey: Uint8Array,
  recipients: readonly Uint8Array[],
  { random, isLabelled = false }: { readonly random: RandomBytes; readonly isLabelled?: boolean }
): Stanza[] {
  return recipients.map(recipient => {
    const ephemeral = new X25519Key(random(X25519_BYTES))
    const sharedSecret = ephemeral.sharedSecret(recipient)
    if (sharedSecret === undefined) throw invalid(`${encodeRecipient(recipient)} is no key of anybody`)
    const exchange = { sharedSecret, share: ephemeral.publicKey, recipient, isLabelled }
    return wrapFileKey(fileKey, exchange, { hkdf, aead })
  })
}

function encodeStanzas(stanzas: readonly Stanza[], fileKey: Uint8Array): Uint8Array {
  if (stanzas.length === 0) throw invalid('it has no recipient')
  if (stanzas.length > STANZAS_MAX)
    throw invalid(`${stanzas.length} recipients are more than ${STANZAS_MAX}; wrap it to a group`)
  return encodeHeader(stanzas, fileKey, { hkdf, hmac })
}

/** A passphrase stands alone, or who knows it could not tell that others know the key too (C2SP, age.md). */
function stanzasOf(header: AgeHeader): X25519Stanza[] {
  if (header.stanzas.length > 1 && header.stanzas.some(({ args }) => args[0] === 'scrypt'))
    throw invalid('a passphrase stands beside other stanzas')
  const ours: X25519Stanza[] = []
  for (const stanza of header.stanzas) {
    const read = readX25519Stanza(stanza)
    if (typeof read === 'string') throw invalid(read)
    if (read !== undefined) ours.push(read)
  }
  return ours
}

function findFileKey(
  stanzas: readonly X25519Stanza[],
  identities: readonly X25519Key[],
  epochKeyOf: EpochKeyOf
): Uint8Array | undefined {
  for (const stanza of stanzas) {
    const epochKey = stanza.recipient && epochKeyOf(stanza.recipient)
    const fileKey = epochKey && tryStanza(stanza, epochKey)
    if (fileKey !== undefined) return fileKey
  }
  const others = stanzas.filter(({ recipient }) => recipient === undefined)
  for (const identity of identities) {
    for (const stanza of others) {
      const fileKey = tryStanza(stanza, identity)
      if (fileKey !== undefined) return fileKey
    }
  }
  return undefined
}

function tryStanza({ share, wrapped }: X25519Stanza, identity: X25519Key): Uint8Array | undefined {
  const sharedSecret = identity.sharedSecret(share)
  if (sharedSecret === undefined) throw invalid('a share of it is no key of anybody')
  const exchange = { sharedSecret, share, recipient: identity.publicKey }
  return unwrapFileKey(wrapped, exchange, { hkdf, aead })
}

function invalid(reason: string): AppError {
  const message = `can not use the envelope: ${reason}; get it anew from who wrapped it`
  return new AppError('SEALED_INVALID', message, { details: { reason } })
}
