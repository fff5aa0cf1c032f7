/**
 * The authority chain's records: root.v1, root.v2, ... Each root names the admins, how many of them must agree, and
 * the policy that every peer enforces (root-terms.ts). The org's id is the hash of root.v1, so a device that knows
 * the id can trust whoever hands it that record. Which of several valid successors counts is the chain's question
 * (root-chain.ts).
 *
 * A record is the deterministic CBOR of [bytes, [[key, signature], ...]] with the signatures in the order of their
 * keys. The hash is over the bytes alone and does not depend on who signed.
 *
 * Who must have signed, where k is a root's threshold and a majority is more than half:
 * - root.v1: k of its own admins;
 * - any successor: k of its own admins, so that nobody is made an admin who can not act, and
 *   - ordinary: the predecessor's k of the predecessor's admins,
 *   - recovery: a majority of the predecessor's recovery keys, whoever else signed.
 * A successor that changes the recovery keys of a predecessor that has some is valid only with a majority of those:
 * admins can therefore never take away the means of replacing them.
 *
 * A signature by a key that is none of these, or a wrong one, makes the whole record invalid.
 */

import { assert } from '../../base/assert.ts'
import { compareBytes, equalBytes } from '../../base/bytes.ts'
import { type DeviceId, deviceIdFromBytes, idBytes, type OrgId, orgIdFromBytes } from '../../base/ids.ts'
import { decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { accepted, type Outcome, type Rejection, rejected } from '../encoding/outcome.ts'
import { bytes, bytesUpTo, isAscending, list, Misshape, tuple } from '../encoding/shape.ts'
import {
  domainMessage,
  KEY_BYTES,
  type Sha256,
  SIGNATURE_BYTES,
  type Sign,
  signId,
  type Verify
} from '../encoding/signature.ts'
import {
  ADMINS_MAX,
  decodeTerms,
  majorityOf,
  RECOVERY_KEYS_MAX,
  ROOT_BYTES_MAX,
  type RootTerms,
  rootBytes,
  type TermsFault
} from './root-terms.ts'

export { DEFAULT_RANKS, DEFAULT_ROLES } from './default-roles.ts'
export {
  ADMINS_MAX,
  BEACON_SIGNERS_MAX,
  type BeaconPolicy,
  FRONTIER_MAX,
  type FrontierEntry,
  foundingTerms,
  RECOVERY_KEYS_MAX,
  ROLES_MAX,
  ROOT_BYTES_MAX,
  type RootTerms,
  rootBytes,
  SUCCESSOR_BYTES_MAX
} from './root-terms.ts'

/** The admins before and after, and the recovery keys before. */
export const ROOT_SIGNATURES_MAX = 2 * ADMINS_MAX + RECOVERY_KEYS_MAX
/** Room for every signature with its key. */
export const ROOT_RECORD_BYTES_MAX = ROOT_BYTES_MAX + ROOT_SIGNATURES_MAX * 128

export interface RootSignature {
  readonly key: DeviceId
  readonly signature: Uint8Array
}

/** By whose authority a root came into force. */
export type Succession = 'founding' | 'ordinary' | 'recovery'

export interface Root extends RootTerms {
  /** SHA-256 of the root's bytes. */
  readonly hash: Uint8Array
  /** Deterministic CBOR of [bytes, signatures]. */
  readonly record: Uint8Array
  readonly succession: Succession
  /** Keys whose signature the record carries: admins of this root or its predecessor, or recovery keys of that. */
  readonly signers: readonly DeviceId[]
  /** The same with their signatures, ascending by key. */
  readonly signatures: readonly RootSignature[]
}

export type RootFault =
  | TermsFault
  | 'bad-signature'
  | 'foreign-signer'
  | 'below-threshold'
  | 'recovery-unsigned'
  | 'not-a-successor'

const recordShape = tuple(
  bytesUpTo(ROOT_BYTES_MAX),
  list(tuple(bytes(KEY_BYTES), bytes(SIGNATURE_BYTES)), ROOT_SIGNATURES_MAX, 1)
)
const RECORD_LIMITS = { bytesMax: ROOT_RECORD_BYTES_MAX, depthMax: 3 }

export interface RootSigner {
  readonly key: DeviceId
  readonly sign: Sign
}

/** Signs a root with the keys at hand; whether they suffice is decided by who decodes it. */
export function createRootRecord(
  terms: RootTerms,
  { signers, sha256 }: { signers: readonly RootSigner[]; sha256: Sha256 }
): Uint8Array {
  const encoded = rootBytes(terms)
  const signed = sha256(encoded)
  const signatures = signers.map(({ key, sign }) => ({ key, signature: signId('root', signed, sign) }))
  return assembleRootRecord(encoded, signatures)
}

/** The record of a root and signatures that were made apart from each other. */
export function assembleRootRecord(encoded: Uint8Array, signatures: readonly RootSignature[]): Uint8Array {
  const entries = signatures.map(({ key, signature }) => [idBytes(key), signature] as const)
  return encodeCbor([encoded, entries.sort((a, b) => compareBytes(a[0], b[0]))])
}

/** Whether `key` signed the root of this hash: what a vote is. */
export function isRootSignature(
  signed: Uint8Array,
  { key, signature }: RootSignature,
  verify: Verify
): boolean {
  return verify(idBytes(key), domainMessage('root', signed), signature)
}

/** A record that is well formed, of which nobody has checked yet by whose authority it is. */
export interface UnprovenRoot {
  readonly terms: RootTerms
  /** The root's bytes, as they were signed. */
  readonly encoded: Uint8Array
  readonly hash: Uint8Array
  readonly record: Uint8Array
  readonly signatures: readonly RootSignature[]
}

/** Reads a record but for its signatures: these can be judged only beside the predecessor, which may not be here. */
export function parseRoot(record: Uint8Array, sha256: Sha256): Outcome<UnprovenRoot, RootFault> {
  const outer = decodeCbor(record, RECORD_LIMITS)
  if (!outer.ok) return outer
  const parts = recordShape(outer.value)
  if (parts instanceof Misshape) return rejected('malformed', `root record: ${parts}`)
  const [encoded, entries] = parts
  const terms = decodeTerms(encoded)
  if (!terms.ok) return terms
  if (!isAscending(entries.map(([signer]) => signer)))
    return rejected('malformed', 'root record: signatures are not sorted or repeat')
  const signatures = entries.map(([signer, signature]) => ({ key: deviceIdFromBytes(signer), signature }))
  return accepted({ terms: terms.value, encoded, hash: sha256(encoded), record: record.slice(), signatures })
}

/** Proves a record by the root before it; by itself alone, without one, as root.v1. */
export function proveRoot(
  unproven: UnprovenRoot,
  { verify, predecessor }: { verify: Verify; predecessor?: Root | undefined }
): Outcome<Root, RootFault> {
  const fault = successionFault(unproven.terms, predecessor) ?? signatureFault(unproven, verify, predecessor)
  if (fault !== undefined) return fault
  const succession = successionOf(unproven, predecessor)
  return succession.ok ? accepted(rootOf(unproven, succession.value)) : succession
}

/**
 * Decodes the record of root.v1, or, given `predecessor`, of its direct successor, and proves that it is valid.
 */
export function decodeRoot(
  record: Uint8Array,
  { verify, sha256, predecessor }: { verify: Verify; sha256: Sha256; predecessor?: Root }
): Outcome<Root, RootFault> {
  const unproven = parseRoot(record, sha256)
  return unproven.ok ? proveRoot(unproven.value, { verify, predecessor }) : unproven
}

/** The same root with signatures that are known to be good. */
export function withSignatures(root: Root, signatures: readonly RootSignature[]): Root {
  const encoded = rootBytes(root)
  const sorted = [...signatures].sort((a, b) => (a.key < b.key ? -1 : 1))
  return {
    ...root,
    record: assembleRootRecord(encoded, sorted),
    signers: sorted.map(({ key }) => key),
    signatures: sorted
  }
}

/** The id of the org that `root` founds. */
export function orgIdOf(root: Root): OrgId {
  assert(root.version === 1, 'an org is named by its first root')
  return orgIdFromBytes(root.hash)
}

/** Of keys that all differ, those that are among `allowed`. */
export function countAmong(keys: Iterable<DeviceId>, allowed: readonly DeviceId[]): number {
  let count = 0
  for (const key of keys) if (allowed.includes(key)) count++
  return count
}

function rootOf({ terms, hash, record, signatures }: UnprovenRoot, succession: Succession): Root {
  return { ...terms, hash, record, succession, signers: signatures.map(({ key }) => key), signatures }
}

function successionFault(terms: RootTerms, predecessor: Root | undefined): Rejection<RootFault> | undefined {
  const expected = predecessor === undefined ? 1 : predecessor.version + 1
  if (terms.version !== expected)
    return rejected('not-a-successor', `version ${terms.version} where ${expected} is due`)
  if (predecessor === undefined) return undefined
  return terms.prev !== null && equalBytes(terms.prev, predecessor.hash)
    ? undefined
    : rejected('not-a-successor', 'it does not name the root before it')
}

function signatureFault(
  { terms, hash, signatures }: UnprovenRoot,
  verify: Verify,
  predecessor: Root | undefined
): Rejection<RootFault> | undefined {
  const mayName = (key: DeviceId) =>
    terms.admins.includes(key) ||
    predecessor?.admins.includes(key) === true ||
    predecessor?.recovery.includes(key) === true
  const message = domainMessage('root', hash)
  // Foreign keys are looked for first: they cost no verification.
  const foreign = signatures.find(({ key }) => !mayName(key))
  if (foreign !== undefined)
    return rejected('foreign-signer', `${foreign.key} is neither an admin nor a recovery key`)
  const wrong = signatures.find(({ key, signature }) => !verify(idBytes(key), message, signature))
  if (wrong !== undefined) return rejected('bad-signature', `the signature of ${wrong.key} is wrong`)
  return undefined
}

/** By whose authority it succeeds, given that all of its signatures are good. */
function successionOf(
  { terms, signatures }: UnprovenRoot,
  predecessor: Root | undefined
): Outcome<Succession, RootFault> {
  const signers = signatures.map(({ key }) => key)
  const own = countAmong(signers, terms.admins)
  if (own < terms.threshold)
    return rejected('below-threshold', `${own} of its own admins signed, ${terms.threshold} must`)
  if (predecessor === undefined) return accepted('founding')
  const { recovery } = predecessor
  const recovering = countAmong(signers, recovery)
  if (recovery.length > 0 && recovering >= majorityOf(recovery.length)) return accepted('recovery')
  const former = countAmong(signers, predecessor.admins)
  if (former < predecessor.threshold)
    return rejected(
      'below-threshold',
      `${former} admins of the root before signed, ${predecessor.threshold} must`
    )
  if (recovery.length > 0 && !isSameSet(recovery, terms.recovery))
    return rejected(
      'recovery-unsigned',
      `it changes the recovery keys, and ${recovering} of ${recovery.length} of them signed`
    )
  return accepted('ordinary')
}

function isSameSet(a: readonly DeviceId[], b: readonly DeviceId[]): boolean {
  return a.length === b.length && a.every(id => b.includes(id))
}
