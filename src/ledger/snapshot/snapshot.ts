/**
 * A snapshot of a ledger: its state, and what it tells peers of itself, as bytes. Whoever reads it back knows all that
 * the operations mean without one of them, and has to take care that they are the same still: that is not decided here
 * (node/ledger/snapshot-file.ts). Nor is what the chain says: the head and a freeze come from it.
 *
 * It is a sequence of chunks, so that neither writing nor reading takes long at a time. The first is [version, count of
 * operations, digest of the tips], each other one [section, id table, entries]. The sections come in their order, and
 * an entry never twice.
 */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { ChainView } from '../chain/chain-view.ts'
import { decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { DATASET_CLASSES, DEVICE_KINDS } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import { isList } from '../encoding/shape.ts'
import { type FeedKey, feedKey } from '../fold/feed.ts'
import { getOr } from '../fold/fold-books.ts'
import {
  type AcceptanceEntry,
  type ClassPolicyEntry,
  type ContentEntry,
  type CopyEntry,
  type CopyRenewalEntry,
  type DatasetEntry,
  type DatasetPolicyEntry,
  type DatasetStorageEntry,
  type DatasetVersion,
  type DeviceEntry,
  type DeviceStorageEntry,
  type Enrolment,
  ERASURE_KINDS,
  type EraseConfirmation,
  type ErasureEntry,
  emptyState,
  type Fork,
  type GrantEntry,
  type GroupEntry,
  type GroupEpochEntry,
  INERT_REASONS,
  type Inert,
  type InviteEntry,
  type MutableState,
  type ProposalEntry,
  type RoleHolding,
  type ScanEntry,
  type SealingEntry,
  type ShareSet,
  type SiteEntry,
  STANDINGS,
  type State,
  type Taking,
  type VoteEntry
} from '../fold/state.ts'
import {
  CLASS_HOLDERS,
  ERASE_OUTCOMES,
  type Grantee,
  SCAN_VERDICTS,
  type Scope
} from '../operation/operation-content.ts'
import type { FeedTip } from '../sync/sync.ts'
import {
  bytes,
  type Codec,
  deviceId,
  fields,
  flag,
  IdTable,
  kinds,
  list,
  Misread,
  mapOf,
  natural,
  nullable,
  operationId,
  optional,
  pair,
  readIds,
  setOf,
  text,
  versionId,
  word
} from './codec.ts'
import { LEVEL_FIELDS, PRICE_FIELDS } from './performance-fields.ts'

const SNAPSHOT_VERSION = 8
/** A chunk is full with so many entries or ids, whichever comes first. */
const CHUNK_ENTRIES = 256
const CHUNK_IDS = 1024
export const CHUNK_BYTES_MAX = 64 * 1024 * 1024
const CHUNK_DEPTH_MAX = 8

export interface LedgerSnapshot {
  readonly state: State
  /** How many operations it is made of, what their feeds end in, and the digest of that. */
  readonly operations: number
  readonly tips: readonly FeedTip[]
  readonly digest: Uint8Array
}

/** What a snapshot's bytes say; the rest of a state is the chain's, or follows from this. */
type Stored = Omit<State, 'org' | 'root' | 'freeze' | 'publishedAs' | 'sharedAs' | 'erasureCases' | 'keptBy'>

interface Section {
  readonly name: keyof Stored | 'tips'
  entries(snapshot: LedgerSnapshot): Iterable<unknown>
  readonly codec: Codec<unknown>
  /** Takes an entry that was read; false for one that is there already. */
  take(entry: unknown, into: Reading): boolean
}

type MapOf<K extends keyof Stored> =
  Stored[K] extends ReadonlyMap<infer Key, infer Value> ? [Key, Value] : never

const taking = fields<Taking>({
  operation: operationId,
  by: deviceId,
  reason: nullable(text),
  timeMs: natural
})
const role = fields<RoleHolding>({
  role: text,
  operation: operationId,
  by: deviceId,
  expiresMs: nullable(natural)
})
const enrolment = fields<Enrolment>({
  operation: operationId,
  by: deviceId,
  kind: word(DEVICE_KINDS),
  nameCommitment: bytes,
  timeMs: natural,
  expiresMs: nullable(natural)
})
const shareSet = fields<ShareSet>({
  operation: operationId,
  data: natural,
  unitBytes: natural,
  shares: list(versionId),
  files: natural,
  bytes: natural
})
const version = fields<DatasetVersion>({
  ordinal: natural,
  operation: operationId,
  version: versionId,
  class: word(DATASET_CLASSES),
  sealed: flag,
  pieceBytes: natural,
  files: natural,
  bytes: natural,
  publisher: deviceId,
  timeMs: natural,
  expiresMs: nullable(natural),
  retiredBy: optional(operationId),
  origin: optional(text),
  subjects: setOf(text),
  shares: list(shareSet)
})
const policy = fields<DatasetPolicyEntry>({
  operation: operationId,
  labels: list(text),
  access: word(['members', 'granted'])
})
const grantee = kinds<Grantee>({
  device: fields({ device: deviceId }),
  group: fields({ group: operationId })
})
const scope = kinds<Scope>({
  name: fields({ name: text }),
  prefix: fields({ prefix: text }),
  label: fields({ label: text }),
  all: fields({})
})
const storage = fields<DatasetStorageEntry>({
  operation: operationId,
  copies: natural,
  sites: natural,
  regions: list(text),
  kinds: list(word(DEVICE_KINDS)),
  shares: nullable(fields<NonNullable<DatasetStorageEntry['shares']>>({ data: natural, parity: natural })),
  retentionMs: nullable(natural)
})
const sealing = fields<SealingEntry>({ operation: operationId, recipient: bytes })
const deviceStorage = fields<DeviceStorageEntry>({ site: text, capacityBytes: natural })
const epoch = fields<GroupEpochEntry>({ operation: operationId, epoch: natural, recipient: bytes })
const scan = fields<ScanEntry>({
  operation: operationId,
  by: deviceId,
  engine: text,
  database: text,
  verdict: word(SCAN_VERDICTS),
  found: nullable(text),
  timeMs: natural
})
const confirmation = fields<EraseConfirmation>({
  operation: operationId,
  outcome: word(ERASE_OUTCOMES),
  bytes: natural,
  keys: flag,
  timeMs: natural
})
/** The admins are no device. */
const owner: Codec<DatasetEntry['owner']> = {
  write: (value, ids) => (value === 'admins' ? null : deviceId.write(value, ids)),
  read: (value, ids) => (value === null ? 'admins' : deviceId.read(value, ids))
}

const SECTIONS: readonly Section[] = [
  {
    name: 'tips',
    entries: ({ tips }) => tips,
    codec: fields<FeedTip>({ author: deviceId, incarnation: text, seq: natural, id: operationId }),
    take: (tip, { tips }) => tips.push(tip as FeedTip) > 0
  },
  ofValues('devices', ({ device }) => device, {
    device: deviceId,
    role: word(['admin', 'device']),
    standing: word(STANDINGS),
    takenBy: optional(taking),
    roles: mapOf(text, role),
    enrolment: optional(enrolment),
    sealing: optional(sealing),
    storage: optional(deviceStorage)
  } satisfies Fields<DeviceEntry>),
  ofValues('invites', ({ operation }) => operation, {
    operation: operationId,
    author: deviceId,
    incarnation: text,
    inviteKey: bytes,
    uses: natural,
    redeemedBy: setOf(deviceId),
    cancelledBy: optional(operationId),
    timeMs: natural,
    expiresMs: natural
  } satisfies Fields<InviteEntry>),
  ofValues('datasets', ({ name }) => name, {
    name: text,
    owner,
    policy: optional(policy),
    storage: optional(storage),
    versions: list(version)
  } satisfies Fields<DatasetEntry>),
  ofValues('groups', ({ operation }) => operation, {
    operation: operationId,
    name: text,
    by: deviceId,
    devices: mapOf(deviceId, nullable(natural)),
    epochs: list(epoch)
  } satisfies Fields<GroupEntry>),
  ofValues('grants', ({ operation }) => operation, {
    operation: operationId,
    by: deviceId,
    grantee,
    scope,
    purpose: nullable(text),
    timeMs: natural,
    expiresMs: nullable(natural)
  } satisfies Fields<GrantEntry>),
  ofPairs(
    'content',
    versionId,
    fields<ContentEntry>({
      quarantines: list(taking),
      recalls: list(taking),
      erasures: list(taking),
      scans: list(scan)
    })
  ),
  ofValues('classes', ({ class: name }) => name, {
    class: word(DATASET_CLASSES),
    sealed: flag,
    holders: word(CLASS_HOLDERS),
    stalenessMs: nullable(natural),
    leaves: flag,
    scan: flag,
    copies: natural,
    sites: natural,
    retentionMs: nullable(natural),
    operation: operationId,
    by: deviceId,
    timeMs: natural
  } satisfies Fields<ClassPolicyEntry>),
  ofValues('sites', ({ site }) => site, {
    site: text,
    region: text,
    operation: operationId
  } satisfies Fields<SiteEntry>),
  ofPairs(
    'copies',
    deviceId,
    mapOf(
      versionId,
      fields<CopyEntry>({
        operation: operationId,
        share: nullable(natural),
        untilMs: nullable(natural),
        timeMs: natural
      })
    )
  ),
  ofValues('renewals', ({ device }) => device, {
    device: deviceId,
    operation: operationId,
    untilMs: natural,
    timeMs: natural
  } satisfies Fields<CopyRenewalEntry>),
  ofValues('erasures', ({ operation }) => operation, {
    operation: operationId,
    kind: word(ERASURE_KINDS),
    by: deviceId,
    version: versionId,
    case: text,
    reason: nullable(text),
    basis: text,
    subject: nullable(text),
    timeMs: natural,
    confirmations: mapOf(deviceId, confirmation)
  } satisfies Fields<ErasureEntry>),
  ofPairs('holds', text, list(taking)),
  ofValues('acceptances', ({ operation }) => operation, {
    operation: operationId,
    by: deviceId,
    risk: text,
    score: natural,
    untilMs: natural,
    reason: text,
    timeMs: natural
  } satisfies Fields<AcceptanceEntry>),
  ofValues('levels', ({ name }) => name, LEVEL_FIELDS),
  ofValues('prices', ({ site }) => site, PRICE_FIELDS),
  ofValues('proposals', ({ operation }) => operation, {
    operation: operationId,
    by: deviceId,
    hash: bytes,
    bytes,
    timeMs: natural
  } satisfies Fields<ProposalEntry>),
  ofValues('votes', ({ operation }) => operation, {
    operation: operationId,
    hash: bytes,
    key: deviceId,
    signature: bytes
  } satisfies Fields<VoteEntry>),
  ofValues('forks', (fork): FeedKey => feedKey(fork), {
    author: deviceId,
    incarnation: text,
    seq: natural,
    operations: list(operationId)
  } satisfies Fields<Fork>),
  ofPairs('inert', operationId, fields<Inert>({ reason: word(INERT_REASONS), detail: text }))
]

type Fields<T> = { readonly [K in keyof T]-?: Codec<T[K]> }

/** A map whose keys are in its values. */
function ofValues<K extends keyof Stored>(
  name: K,
  keyOf: (value: MapOf<K>[1]) => MapOf<K>[0],
  codecs: Fields<MapOf<K>[1]>
): Section {
  return {
    name,
    entries: ({ state }) => state[name].values(),
    codec: fields<MapOf<K>[1] & object>(codecs as Fields<MapOf<K>[1] & object>) as Codec<unknown>,
    take: (value, into) => put(into.state[name], keyOf(value as MapOf<K>[1]), value)
  }
}

function ofPairs<K extends keyof Stored>(
  name: K,
  key: Codec<MapOf<K>[0]>,
  value: Codec<MapOf<K>[1]>
): Section {
  return {
    name,
    entries: ({ state }) => state[name].entries(),
    codec: pair(key, value) as Codec<unknown>,
    take: (entry, into) => {
      const [of, is] = entry as MapOf<K>
      return put(into.state[name], of, is)
    }
  }
}

function put(map: unknown, key: unknown, value: unknown): boolean {
  const into = map as Map<unknown, unknown>
  const before = into.size
  into.set(key, value)
  return into.size > before
}

/** The chunks of a snapshot one by one; the state must not change until the last of them. */
export function* encodeSnapshot(snapshot: LedgerSnapshot): Generator<Uint8Array> {
  yield encodeCbor([SNAPSHOT_VERSION, snapshot.operations, snapshot.digest])
  for (const [place, { entries, codec }] of SECTIONS.entries()) {
    let ids = new IdTable()
    let written: ReturnType<typeof codec.write>[] = []
    for (const entry of entries(snapshot)) {
      written.push(codec.write(entry, ids))
      if (written.length < CHUNK_ENTRIES && ids.size < CHUNK_IDS) continue
      yield encodeCbor([place, ids.bytes(), written])
      ids = new IdTable()
      written = []
    }
    if (written.length > 0) yield encodeCbor([place, ids.bytes(), written])
  }
}

interface Reading {
  readonly state: MutableState
  readonly tips: FeedTip[]
}

/** Reads the chunks of a snapshot of a ledger whose chain this is. */
export function decodeSnapshot(
  chunks: readonly Uint8Array[],
  chain: ChainView
): Outcome<LedgerSnapshot, 'malformed'> {
  const into: Reading = { state: emptyState(chain), tips: [] }
  const [first, ...rest] = chunks
  try {
    const { operations, digest } = readFirst(first ?? new Uint8Array(0))
    let place = 0
    for (const chunk of rest) place = readChunk(chunk, into, place)
    const { datasets, erasures, copies } = into.state
    const state: State = {
      ...into.state,
      ...namesIn(datasets),
      erasureCases: casesOf(erasures),
      keptBy: keepersOf(copies)
    }
    return accepted({ state, operations, tips: into.tips, digest })
  } catch (thrown) {
    if (thrown instanceof Misread) return rejected('malformed', `it holds no ${thrown.message}`)
    throw thrown
  }
}

function readCbor(chunk: Uint8Array) {
  const decoded = decodeCbor(chunk, { bytesMax: CHUNK_BYTES_MAX, depthMax: CHUNK_DEPTH_MAX })
  if (!decoded.ok || !isList(decoded.value) || decoded.value.length !== 3) throw new Misread('chunk of three')
  return decoded.value
}

function readFirst(chunk: Uint8Array): { operations: number; digest: Uint8Array } {
  const [format, operations, digest] = readCbor(chunk)
  if (format !== SNAPSHOT_VERSION) throw new Misread(`snapshot of version ${SNAPSHOT_VERSION}`)
  return { operations: natural.read(operations, []), digest: bytes.read(digest, []) }
}

/** Answers the section of the chunk, before which none may come any more. */
function readChunk(chunk: Uint8Array, into: Reading, before: number): number {
  const [number, table, entries] = readCbor(chunk)
  const place = natural.read(number, [])
  const section = SECTIONS[place]
  if (section === undefined || place < before || !isList(entries)) throw new Misread('section at this place')
  const ids = readIds(table)
  for (const entry of entries)
    if (!section.take(section.codec.read(entry, ids), into))
      throw new Misread(`${section.name} without repeats`)
  return place
}

/** As the fold has it: who keeps each version. */
function keepersOf(copies: State['copies']): Map<VersionId, Set<DeviceId>> {
  const keepers = new Map<VersionId, Set<DeviceId>>()
  for (const [device, versions] of copies)
    for (const version of versions.keys())
      keepers.set(version, (keepers.get(version) ?? new Set()).add(device))
  return keepers
}

/** As the fold has it: the erasures of each case. */
function casesOf(erasures: ReadonlyMap<OperationId, ErasureEntry>): Map<string, Set<OperationId>> {
  const cases = new Map<string, Set<OperationId>>()
  for (const { operation, case: of } of erasures.values())
    getOr(cases, of, () => new Set<OperationId>()).add(operation)
  return cases
}

/** As the fold has it: the names under which each version is published, or is a share of one that is. */
function namesIn(datasets: ReadonlyMap<string, DatasetEntry>): Pick<State, 'publishedAs' | 'sharedAs'> {
  const publishedAs = new Map<VersionId, Set<string>>()
  const sharedAs = new Map<VersionId, Set<string>>()
  for (const { name, versions } of datasets.values())
    for (const { version: id, shares } of versions) {
      getOr(publishedAs, id, () => new Set<string>()).add(name)
      for (const share of shares.flatMap(of => of.shares))
        getOr(sharedAs, share, () => new Set<string>()).add(name)
    }
  return { publishedAs, sharedAs }
}
