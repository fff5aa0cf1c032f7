/**
 * The authority chain: root.v1, root.v2, ... Each root names the admins, how many of them must agree, and the
 * policy that every peer enforces. The org's id is the hash of root.v1, so a device that knows the id can trust
 * whoever hands it that record.
 *
 * Its bytes are the deterministic CBOR of the root; its record is the deterministic CBOR of
 * [bytes, [[key, signature], ...]] with the signatures in the order of their keys. The id is the SHA-256 of the
 * bytes, and does not depend on who signed.
 *
 * root.v1 is valid with `threshold` signatures of its own admins; a successor with the threshold of its
 * predecessor's admins and with its own. A signature by anyone else makes the record invalid.
 */

import { assert } from '../base/assert.ts'
import { compareBytes, equalBytes, toHex } from '../base/bytes.ts'
import { type DeviceId, deviceIdFromBytes, idBytes, type OrgId, orgIdFromBytes } from '../base/ids.ts'
import { type CborFault, type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import { DATASET_CLASSES, type DatasetClass, hash, label, timeMs, timeMsOrNull } from './names.ts'
import { accepted, type Outcome, type Rejection, rejected } from './outcome.ts'
import {
  bytes,
  bytesUpTo,
  exactly,
  integer,
  isAscending,
  list,
  Misshape,
  mapOf,
  nullable,
  object,
  sortedBytes,
  text,
  tuple
} from './shape.ts'
import {
  domainMessage,
  KEY_BYTES,
  type Sha256,
  SIGNATURE_BYTES,
  type Sign,
  signId,
  type Verify
} from './signature.ts'

export const ROOT_BYTES_MAX = 64 * 1024
export const ADMINS_MAX = 32
/** Room for the signatures of the admins before and after, each with its key. */
export const ROOT_RECORD_BYTES_MAX = ROOT_BYTES_MAX + 2 * ADMINS_MAX * 128
export const RECOVERY_KEYS_MAX = 8
export const BEACON_SIGNERS_MAX = 64
export const ROLES_MAX = 16
const ROLE_TYPES_MAX = 128
const APPROVALS_MAX = 128
const RANK_MAX = 255
const NAME_CHARACTERS_MAX = 64
const ROLE_PATTERN = /^[a-z][a-z0-9-]*$/
const TYPE_PATTERN = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+$/

export interface BeaconPolicy {
  /** Devices whose beacons count. */
  readonly signers: readonly DeviceId[]
  /** How many of them must agree. */
  readonly quorum: number
  readonly periodMs: number
  readonly lifeMs: number
}

/** What a root says: the authority of an org and its policy as data. */
export interface RootTerms {
  readonly version: number
  /** SHA-256 of the root before; null exactly for version 1. */
  readonly prev: Uint8Array | null
  /** What people call the org. */
  readonly orgName: string
  readonly timeMs: number
  /** Keys of the authority chain. Each is a device of the org by definition. */
  readonly admins: readonly DeviceId[]
  /** How many admins must sign a successor: more than half of them. */
  readonly threshold: number
  /** Operation types that each role may author. */
  readonly roles: ReadonlyMap<string, readonly string[]>
  /** Admins that must approve an operation of a type, where it is more than its author alone. */
  readonly approvals: ReadonlyMap<string, number>
  /** A role may revoke only roles of a higher number; the chain itself is rank 0. */
  readonly ranks: ReadonlyMap<string, number>
  /** Null: the org runs without beacons, and freshness is not enforced. */
  readonly beacon: BeaconPolicy | null
  /** How old the newest beacon may be for access to a class; null is without limit. */
  readonly stalenessMs: Readonly<Record<DatasetClass, number | null>>
  /** Keys that may replace lost admins, by rules of a later version. */
  readonly recovery: readonly DeviceId[]
  readonly expiresMs: number | null
}

export interface Root extends RootTerms {
  /** SHA-256 of the root's bytes. */
  readonly hash: Uint8Array
  /** Deterministic CBOR of [bytes, signatures]. */
  readonly record: Uint8Array
  /** Admins, of this root or of its predecessor, whose signature the record carries. */
  readonly signers: readonly DeviceId[]
}

export type RootFault =
  | CborFault
  | 'unknown-version'
  | 'bad-terms'
  | 'bad-signature'
  | 'foreign-signer'
  | 'below-threshold'
  | 'not-a-successor'

/** Roles of the first version: what admins and other enrolled devices may do. */
export const DEFAULT_ROLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['admin', ['dataset.publish', 'dataset.retire', 'device.enrol', 'invite.create']],
  ['device', ['dataset.publish', 'dataset.retire']]
])
export const DEFAULT_RANKS: ReadonlyMap<string, number> = new Map([
  ['admin', 1],
  ['device', 2]
])

const keys = (countMax: number, countMin = 0) => sortedBytes(KEY_BYTES, countMax, countMin)
const role = text(NAME_CHARACTERS_MAX, ROLE_PATTERN)
const operationType = text(NAME_CHARACTERS_MAX, TYPE_PATTERN)

const rootShape = object({
  v: exactly(1),
  version: integer(1),
  prev: nullable(hash),
  org: label,
  time: timeMs,
  admins: keys(ADMINS_MAX, 1),
  threshold: integer(1, ADMINS_MAX),
  roles: mapOf(role, list(operationType, ROLE_TYPES_MAX), ROLES_MAX),
  approvals: mapOf(operationType, integer(2, ADMINS_MAX), APPROVALS_MAX),
  ranks: mapOf(role, integer(1, RANK_MAX), ROLES_MAX),
  beacon: nullable(
    object({
      signers: keys(BEACON_SIGNERS_MAX, 1),
      quorum: integer(1, BEACON_SIGNERS_MAX),
      period: integer(1),
      life: integer(1)
    })
  ),
  staleness: object({
    public: timeMsOrNull,
    internal: timeMsOrNull,
    confidential: timeMsOrNull,
    restricted: timeMsOrNull
  }),
  recovery: keys(RECOVERY_KEYS_MAX),
  expires: timeMsOrNull
})

const recordShape = tuple(
  bytesUpTo(ROOT_BYTES_MAX),
  list(tuple(bytes(KEY_BYTES), bytes(SIGNATURE_BYTES)), 2 * ADMINS_MAX, 1)
)
const RECORD_LIMITS = { bytesMax: ROOT_RECORD_BYTES_MAX, depthMax: 3 }

/** The terms of a new org with one founding admin and the defaults of this version. */
export function foundingTerms(founding: { orgName: string; admin: DeviceId; timeMs: number }): RootTerms {
  return {
    version: 1,
    prev: null,
    orgName: founding.orgName,
    timeMs: founding.timeMs,
    admins: [founding.admin],
    threshold: 1,
    roles: DEFAULT_ROLES,
    approvals: new Map(),
    ranks: DEFAULT_RANKS,
    beacon: null,
    stalenessMs: { public: null, internal: null, confidential: null, restricted: null },
    recovery: [],
    expiresMs: null
  }
}

export function rootBytes(terms: RootTerms): Uint8Array {
  const sorted = (ids: readonly DeviceId[]): CborValue => [...ids].sort().map(idBytes)
  return encodeCbor({
    v: 1,
    version: terms.version,
    prev: terms.prev,
    org: terms.orgName,
    time: terms.timeMs,
    admins: sorted(terms.admins),
    threshold: terms.threshold,
    roles: Object.fromEntries([...terms.roles].map(([name, types]) => [name, [...types].sort()])),
    approvals: Object.fromEntries(terms.approvals),
    ranks: Object.fromEntries(terms.ranks),
    beacon:
      terms.beacon === null
        ? null
        : {
            signers: sorted(terms.beacon.signers),
            quorum: terms.beacon.quorum,
            period: terms.beacon.periodMs,
            life: terms.beacon.lifeMs
          },
    staleness: { ...terms.stalenessMs },
    recovery: sorted(terms.recovery),
    expires: terms.expiresMs
  })
}

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
  const id = sha256(encoded)
  const signatures = [...signers]
    .sort((a, b) => compareBytes(idBytes(a.key), idBytes(b.key)))
    .map(signer => [idBytes(signer.key), signId('root', id, signer.sign)])
  return encodeCbor([encoded, signatures])
}

/**
 * Decodes the record of root.v1, or, given `predecessor`, of its direct successor, and proves that it is valid.
 */
export function decodeRoot(
  record: Uint8Array,
  { verify, sha256, predecessor }: { verify: Verify; sha256: Sha256; predecessor?: Root }
): Outcome<Root, RootFault> {
  const outer = decodeCbor(record, RECORD_LIMITS)
  if (!outer.ok) return outer
  const parts = recordShape(outer.value)
  if (parts instanceof Misshape) return rejected('malformed', `root record: ${parts}`)
  const [encoded, signatures] = parts
  const terms = decodeTerms(encoded)
  if (!terms.ok) return terms
  const hashed = sha256(encoded)
  const fault =
    checkTerms(terms.value) ??
    checkSuccession(terms.value, predecessor) ??
    checkSignatures(terms.value, { hashed, signatures, verify, predecessor })
  if (fault !== undefined) return fault
  const signers = signatures.map(([signer]) => deviceIdFromBytes(signer))
  return accepted({ ...terms.value, hash: hashed, record: record.slice(), signers })
}

/** The id of the org that `root` founds. */
export function orgIdOf(root: Root): OrgId {
  assert(root.version === 1, 'an org is named by its first root')
  return orgIdFromBytes(root.hash)
}

function decodeTerms(encoded: Uint8Array): Outcome<RootTerms, RootFault> {
  const decoded = decodeCbor(encoded, { bytesMax: ROOT_BYTES_MAX, depthMax: 4 })
  if (!decoded.ok) return decoded
  const root = rootShape(decoded.value)
  if (root instanceof Misshape)
    return rejected(root.path === 'v' ? 'unknown-version' : 'malformed', `root: ${root}`)
  const { beacon } = root
  return accepted({
    version: root.version,
    prev: root.prev,
    orgName: root.org,
    timeMs: root.time,
    admins: root.admins.map(deviceIdFromBytes),
    threshold: root.threshold,
    roles: root.roles,
    approvals: root.approvals,
    ranks: root.ranks,
    beacon:
      beacon === null
        ? null
        : {
            signers: beacon.signers.map(deviceIdFromBytes),
            quorum: beacon.quorum,
            periodMs: beacon.period,
            lifeMs: beacon.life
          },
    stalenessMs: root.staleness,
    recovery: root.recovery.map(deviceIdFromBytes),
    expiresMs: root.expires
  })
}

function checkTerms(terms: RootTerms): Rejection<RootFault> | undefined {
  const bad = (detail: string) => rejected('bad-terms', detail)
  const admins = terms.admins.length
  if ((terms.version === 1) !== (terms.prev === null)) return bad('exactly version 1 has no predecessor')
  if (terms.threshold > admins || 2 * terms.threshold <= admins)
    return bad(`a threshold of ${terms.threshold} is not a majority of ${admins} admins`)
  for (const [name, types] of terms.roles) {
    if (types.some((type, index) => index > 0 && type <= (types[index - 1] ?? '')))
      return bad(`the operation types of role ${name} are not sorted or repeat`)
    if (!terms.ranks.has(name)) return bad(`role ${name} has no rank`)
  }
  for (const name of terms.ranks.keys())
    if (!terms.roles.has(name)) return bad(`rank of ${name}, no such role`)
  for (const [type, count] of terms.approvals)
    if (count > admins) return bad(`${type} needs ${count} approvals of ${admins} admins`)
  const { beacon } = terms
  if (beacon !== null && beacon.quorum > beacon.signers.length)
    return bad(`a beacon quorum of ${beacon.quorum} among ${beacon.signers.length} signers`)
  if (beacon !== null && beacon.lifeMs < beacon.periodMs)
    return bad('a beacon expires before the next one is due')
  if (DATASET_CLASSES.some(name => terms.stalenessMs[name] !== null) && beacon === null)
    return bad('staleness limits need a beacon policy')
  if (terms.expiresMs !== null && terms.expiresMs <= terms.timeMs)
    return bad('it expires before its own time')
  return undefined
}

function checkSuccession(terms: RootTerms, predecessor: Root | undefined): Rejection<RootFault> | undefined {
  const expected = predecessor === undefined ? 1 : predecessor.version + 1
  if (terms.version !== expected)
    return rejected('not-a-successor', `version ${terms.version} where ${expected} is due`)
  if (predecessor === undefined) return undefined
  return terms.prev !== null && equalBytes(terms.prev, predecessor.hash)
    ? undefined
    : rejected('not-a-successor', 'it does not name the root before it')
}

function checkSignatures(
  terms: RootTerms,
  proof: {
    hashed: Uint8Array
    signatures: readonly (readonly [Uint8Array, Uint8Array])[]
    verify: Verify
    predecessor: Root | undefined
  }
): Rejection<RootFault> | undefined {
  const signers = proof.signatures.map(([signer]) => signer)
  if (!isAscending(signers)) return rejected('malformed', 'root record: signatures are not sorted or repeat')
  const own = new Set(terms.admins)
  const former = new Set(proof.predecessor?.admins ?? [])
  const message = domainMessage('root', proof.hashed)
  for (const [signer, signature] of proof.signatures) {
    const id = deviceIdFromBytes(signer)
    if (!own.has(id) && !former.has(id)) return rejected('foreign-signer', `${toHex(signer)} is no admin`)
    if (!proof.verify(signer, message, signature))
      return rejected('bad-signature', `the signature of ${toHex(signer)} is wrong`)
  }
  const count = (admins: ReadonlySet<DeviceId>) =>
    signers.filter(signer => admins.has(deviceIdFromBytes(signer))).length
  if (count(own) < terms.threshold)
    return rejected('below-threshold', `${count(own)} of its own admins signed, ${terms.threshold} must`)
  if (proof.predecessor !== undefined && count(former) < proof.predecessor.threshold)
    return rejected(
      'below-threshold',
      `${count(former)} admins of the root before signed, ${proof.predecessor.threshold} must`
    )
  return undefined
}
