/**
 * The terms of a root: what it says, as data, and the one encoding of that. Who has to sign it is decided in root.ts.
 *
 * There are two structures. `v: 1` is the founding root's, version 1, and no other's. `v: 2` is every successor's: the
 * same map and `frontier`. Both are closed maps in deterministic CBOR; the SHA-256 of the bytes is the root's hash.
 *
 * Frontier: an admin's operation names the root that it is made under. Without more, an admin who was removed, or
 * whose act now needs approvals, could go on naming the root before. So a successor states, for each feed of the
 * admins before it, the last operation that still counts under an earlier root. That is exact and needs no clock.
 *
 * Repair: whatever a successor gets wrong, the root after it can put right, as long as a root after it can come about.
 * What that takes are a proposal and votes, which are operations. Keys of the chain may live apart from any device, and
 * those of admins may all be lost, so that the recovery keys have to do it: then only what every member may author is
 * left. So a successor that takes these types from the role of every member is refused; nothing less leaves the org
 * to itself, and nothing more is needed. Root.v1 is free of this, as nobody else is bound by it yet.
 */

import { assert } from '../../base/assert.ts'
import { concatBytes, fromHex, toHex } from '../../base/bytes.ts'
import {
  type DeviceId,
  deviceIdFromBytes,
  idBytes,
  type OperationId,
  operationIdFromBytes
} from '../../base/ids.ts'
import { type CborFault, type CborValue, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import {
  DATASET_CLASSES,
  type DatasetClass,
  hash,
  key,
  label,
  timeMs,
  timeMsOrNull
} from '../encoding/names.ts'
import { accepted, type Outcome, type Rejection, rejected } from '../encoding/outcome.ts'
import {
  bytes,
  converted,
  exactly,
  fieldOf,
  integer,
  isAscending,
  list,
  Misshape,
  mapOf,
  nullable,
  object,
  type Shape,
  sortedBytes,
  text,
  tuple,
  where
} from '../encoding/shape.ts'
import { KEY_BYTES } from '../encoding/signature.ts'
import { DEFAULT_RANKS, DEFAULT_ROLES } from './default-roles.ts'

export const ROOT_BYTES_MAX = 64 * 1024
/** A successor travels to its voters inside an operation, which has to hold it. */
export const SUCCESSOR_BYTES_MAX = 32 * 1024
export const ADMINS_MAX = 32
export const RECOVERY_KEYS_MAX = 8
export const BEACON_SIGNERS_MAX = 64
export const ROLES_MAX = 16
export const FRONTIER_MAX = 256
export const ROLE_TYPES_MAX = 128
export const APPROVALS_MAX = 128
export const RANK_MAX = 255
const NAME_CHARACTERS_MAX = 64
const INCARNATION_BYTES = 8
const TERMS_DEPTH_MAX = 4
const ROLE_PATTERN = /^[a-z][a-z0-9-]*$/
/** As in operations, where some types are one word. */
const TYPE_PATTERN = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*$/

export interface BeaconPolicy {
  /** Devices whose beacons count. */
  readonly signers: readonly DeviceId[]
  /** How many of them must agree. */
  readonly quorum: number
  readonly periodMs: number
  readonly lifeMs: number
}

/** The last operation of a feed that counts under an earlier root. */
export interface FrontierEntry {
  readonly author: DeviceId
  readonly incarnation: string
  readonly seq: number
  readonly id: OperationId
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
  /** A role may act only on roles of a higher number; the chain itself is rank 0. */
  readonly ranks: ReadonlyMap<string, number>
  /** Null: the org runs without beacons, and freshness is not enforced. */
  readonly beacon: BeaconPolicy | null
  /** How old the newest beacon may be for access to a class; null is without limit. */
  readonly stalenessMs: Readonly<Record<DatasetClass, number | null>>
  /** Keys of which a majority may replace the admins; none of them is an admin's. */
  readonly recovery: readonly DeviceId[]
  /** From when on nothing is given under this root any more; a successor may still be signed. */
  readonly expiresMs: number | null
  /** What counts of the feeds of the admins before, under roots before this one; empty for version 1. */
  readonly frontier: readonly FrontierEntry[]
}

export type TermsFault = CborFault | 'unknown-version' | 'bad-terms'

/** The role that every member has. */
const MEMBER_ROLE = 'device'
/** Without these for every member, an org could come to where no next root can be. */
export const REPAIR_TYPES: readonly string[] = ['root.propose', 'root.vote']

const keys = (countMax: number, countMin = 0) => sortedBytes(KEY_BYTES, countMax, countMin)
const role = text(NAME_CHARACTERS_MAX, ROLE_PATTERN)
const operationType = text(NAME_CHARACTERS_MAX, TYPE_PATTERN)

const sharedFields = {
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
}

const frontierShape: Shape<readonly FrontierEntry[]> = converted(
  where(
    list(tuple(key, bytes(INCARNATION_BYTES), integer(1), hash), FRONTIER_MAX),
    entries => isAscending(entries.map(([author, incarnation]) => concatBytes([author, incarnation]))),
    'sorted by feed and free of repeats'
  ),
  entries =>
    entries.map(([author, incarnation, seq, id]) => ({
      author: deviceIdFromBytes(author),
      incarnation: toHex(incarnation),
      seq,
      id: operationIdFromBytes(id)
    }))
)

const foundingFields = object({ v: exactly(1), ...sharedFields })
const foundingShape = converted(foundingFields, ({ v: _, ...fields }) => ({
  ...fields,
  frontier: [] as readonly FrontierEntry[]
}))
const successorShape = converted(
  object({ v: exactly(2), ...sharedFields, frontier: frontierShape }),
  ({ v: _, ...fields }) => fields
)

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
    expiresMs: null,
    frontier: []
  }
}

/** How many of a set of keys are more than half of it. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1
}

export function isRoleName(name: string): boolean {
  return !(role(name) instanceof Misshape)
}

export function isTypeName(name: string): boolean {
  return !(operationType(name) instanceof Misshape)
}

export function rootBytes(terms: RootTerms): Uint8Array {
  return encodeCbor(termsAsValue(terms))
}

function termsAsValue(terms: RootTerms): CborValue {
  const sorted = (ids: readonly DeviceId[]): CborValue => [...ids].sort().map(idBytes)
  const isFounding = terms.version === 1
  assert(!isFounding || terms.frontier.length === 0, 'nothing comes before the first root')
  return {
    v: isFounding ? 1 : 2,
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
    expires: terms.expiresMs,
    ...(isFounding ? {} : { frontier: frontierAsValue(terms.frontier) })
  }
}

function frontierAsValue(frontier: readonly FrontierEntry[]): CborValue {
  const feed = ({ author, incarnation }: FrontierEntry) => `${author}${incarnation}`
  return [...frontier]
    .sort((a, b) => (feed(a) < feed(b) ? -1 : 1))
    .map(({ author, incarnation, seq, id }) => {
      const drawn = fromHex(incarnation)
      assert(drawn?.length === INCARNATION_BYTES, `an incarnation is hex of ${INCARNATION_BYTES} bytes`)
      return [idBytes(author), drawn, seq, idBytes(id)]
    })
}

/** Decodes the bytes of a root of any version, and checks that they do not contradict themselves. */
export function decodeTerms(encoded: Uint8Array): Outcome<RootTerms, TermsFault> {
  const decoded = decodeCbor(encoded, { bytesMax: ROOT_BYTES_MAX, depthMax: TERMS_DEPTH_MAX })
  if (!decoded.ok) return decoded
  const isSuccessor = fieldOf(decoded.value, 'v') === 2
  if (isSuccessor && encoded.length > SUCCESSOR_BYTES_MAX)
    return rejected('too-large', `${encoded.length} bytes, at most ${SUCCESSOR_BYTES_MAX}`)
  const root = isSuccessor ? successorShape(decoded.value) : foundingShape(decoded.value)
  if (root instanceof Misshape)
    return rejected(root.path === 'v' ? 'unknown-version' : 'malformed', `root: ${root}`)
  if (root.version > 1 !== isSuccessor)
    return rejected('unknown-version', 'structure 1 is of version 1 alone, structure 2 of every later one')
  const { beacon } = root
  const terms: RootTerms = {
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
    expiresMs: root.expires,
    frontier: root.frontier
  }
  return contradictionIn(terms) ?? accepted(terms)
}

/** What of REPAIR_TYPES every member would lack under a role table. */
export function repairLacks(roles: RootTerms['roles']): string[] {
  return REPAIR_TYPES.filter(type => roles.get(MEMBER_ROLE)?.includes(type) !== true)
}

/** In words, for who proposes and for who refuses. */
export function lockOutText(lacks: readonly string[]): string {
  return `role ${MEMBER_ROLE} may not author ${lacks.join(' and ')}, without which the org could be locked out of its own authority`
}

function contradictionIn(terms: RootTerms): Rejection<TermsFault> | undefined {
  const bad = (detail: string) => rejected('bad-terms' as const, detail)
  const admins = terms.admins.length
  if ((terms.version === 1) !== (terms.prev === null)) return bad('exactly version 1 has no predecessor')
  if (terms.threshold > admins || terms.threshold < majorityOf(admins))
    return bad(`a threshold of ${terms.threshold} is not a majority of ${admins} admins`)
  for (const [name, types] of terms.roles) {
    if (types.some((type, index) => index > 0 && type <= (types[index - 1] ?? '')))
      return bad(`the operation types of role ${name} are not sorted or repeat`)
    if (!terms.ranks.has(name)) return bad(`role ${name} has no rank`)
  }
  const lacks = repairLacks(terms.roles)
  if (terms.version > 1 && lacks.length > 0) return bad(lockOutText(lacks))
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
  // One stolen key must not count on both sides of the rule that guards the recovery keys.
  if (terms.recovery.some(id => terms.admins.includes(id))) return bad('a recovery key is that of an admin')
  if (terms.expiresMs !== null && terms.expiresMs <= terms.timeMs)
    return bad('it expires before its own time')
  return undefined
}
