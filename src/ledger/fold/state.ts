/**
 * The state of an org: what the authority chain and the operations that a peer holds mean together. It is computed
 * by the fold; here are its types and the questions that the rest of the program asks of it.
 *
 * The fold has no clock. Where something ends with time, the state carries the end and the question takes `nowMs`.
 */

import type { DeviceId, OperationId, OrgId, VersionId } from '../../base/ids.ts'
import type { ChainView } from '../chain/chain-view.ts'
import { orgIdOf, type Root } from '../chain/root.ts'
import type { DatasetClass, DatasetReference, DeviceKind } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import type {
  ClassRules,
  DatasetStorage,
  EraseOutcome,
  Grantee,
  RiskAccept,
  ScanVerdict,
  Scope
} from '../operation/operation-content.ts'
import type { FeedKey } from './feed.ts'
import type { LevelEntry, PriceEntry } from './performance-entry.ts'

/** Where a device stands. `former` was an admin and never enrolled. */
export const STANDINGS = ['member', 'suspended', 'revoked', 'former'] as const
export type Standing = (typeof STANDINGS)[number]

export type AcceptanceEntry = Taking & Omit<RiskAccept, 'type'>

/** What took a device's membership. */
export interface Taking {
  readonly operation: OperationId
  readonly by: DeviceId
  readonly reason: string | null
  readonly timeMs: number
}

export interface RoleHolding {
  readonly role: string
  readonly operation: OperationId
  readonly by: DeviceId
  readonly expiresMs: number | null
}

export interface DeviceEntry {
  readonly device: DeviceId
  /** Admins come from the chain's head; every other member is enrolled. */
  readonly role: 'admin' | 'device'
  readonly standing: Standing
  /** Why it is suspended or revoked. */
  readonly takenBy: Taking | undefined
  /** Beyond the base role, by name. */
  readonly roles: ReadonlyMap<string, RoleHolding>
  /** The newest enrolment in force; undefined only for an admin that has not described itself yet. */
  readonly enrolment: Enrolment | undefined
  /** The key to which content is sealed for it. */
  readonly sealing: SealingEntry | undefined
  readonly storage: DeviceStorageEntry | undefined
}

export interface SealingEntry {
  readonly operation: OperationId
  /** An X25519 public key. */
  readonly recipient: Uint8Array
}

/** Where a device stands and what it holds for others. */
export interface DeviceStorageEntry {
  /** What somebody who could suspend it says, else what it says itself. */
  readonly site: string
  /** The smaller of what the two say. */
  readonly capacityBytes: number
}

export interface Enrolment {
  readonly operation: OperationId
  readonly by: DeviceId
  readonly kind: DeviceKind
  readonly nameCommitment: Uint8Array
  readonly timeMs: number
  readonly expiresMs: number | null
}

export interface InviteEntry {
  readonly operation: OperationId
  /** The only device that can enrol by this invite, in the feed that the invite is in. */
  readonly author: DeviceId
  readonly incarnation: string
  readonly inviteKey: Uint8Array
  readonly uses: number
  /** Devices that were enrolled by it; the same device enrolled again costs no further use. */
  readonly redeemedBy: ReadonlySet<DeviceId>
  /** Nothing that it was not known of enrols by it any more. */
  readonly cancelledBy: OperationId | undefined
  readonly timeMs: number
  readonly expiresMs: number
}

export interface DatasetVersion {
  /** 1, 2, 3, ... in causal order of publication; retired versions keep theirs. */
  readonly ordinal: number
  readonly operation: OperationId
  readonly version: VersionId
  readonly class: DatasetClass
  /** Whether its files are opaque objects, which who holds them can not read. */
  readonly sealed: boolean
  readonly pieceBytes: number
  readonly files: number
  readonly bytes: number
  readonly publisher: DeviceId
  readonly timeMs: number
  readonly expiresMs: number | null
  /** The operation that withdrew it. */
  readonly retiredBy: OperationId | undefined
  /** Where its bytes can be had beside the devices of the org. */
  readonly origin: string | undefined
  /** Persons that it is about, by salted commitments in hex. */
  readonly subjects: ReadonlySet<string>
  /** The last for each number of data and parity shares, in causal order. */
  readonly shares: readonly ShareSet[]
}

/** The versions that are the shares of a version, by their numbers. */
export interface ShareSet {
  readonly operation: OperationId
  /** How many of them restore it. */
  readonly data: number
  readonly unitBytes: number
  readonly shares: readonly VersionId[]
  /** Of each share. */
  readonly files: number
  readonly bytes: number
}

export type DatasetStorageEntry = Omit<DatasetStorage, 'type' | 'name'> & { readonly operation: OperationId }

export interface ClassPolicyEntry extends ClassRules {
  readonly class: DatasetClass
  readonly operation: OperationId
  readonly by: DeviceId
  readonly timeMs: number
}

/** What a device says that it keeps of a version, undisputed. */
export interface CopyEntry {
  readonly operation: OperationId
  /** Null for the whole of it. */
  readonly share: number | null
  /** Null: for as long as the device renews (`renewals`). */
  readonly untilMs: number | null
  /** When it said so. */
  readonly timeMs: number
}

export interface CopyRenewalEntry {
  readonly device: DeviceId
  readonly operation: OperationId
  readonly untilMs: number
  readonly timeMs: number
}

export interface SiteEntry {
  readonly site: string
  readonly region: string
  readonly operation: OperationId
}

export interface DatasetPolicyEntry {
  readonly operation: OperationId
  readonly labels: readonly string[]
  readonly access: 'members' | 'granted'
}

export interface GroupEntry {
  readonly operation: OperationId
  readonly name: string
  readonly by: DeviceId
  /** Who is in it, and until when; null is without end. */
  readonly devices: ReadonlyMap<DeviceId, number | null>
  /** The current one last: of the highest number, and of equal ones that of the least operation id. */
  readonly epochs: readonly GroupEpochEntry[]
}

export interface GroupEpochEntry {
  readonly operation: OperationId
  readonly epoch: number
  /** An X25519 public key. */
  readonly recipient: Uint8Array
}

export interface GrantEntry {
  readonly operation: OperationId
  readonly by: DeviceId
  readonly grantee: Grantee
  readonly scope: Scope
  readonly purpose: string | null
  readonly timeMs: number
  readonly expiresMs: number | null
}

/** What is said about the content of a version. */
export interface ContentEntry {
  /** Scans that found something, and that no release answers, among them. */
  readonly quarantines: readonly Taking[]
  readonly recalls: readonly Taking[]
  readonly erasures: readonly Taking[]
  /** The last word of each device that scanned it. */
  readonly scans: readonly ScanEntry[]
}

export interface ScanEntry {
  readonly operation: OperationId
  readonly by: DeviceId
  readonly engine: string
  readonly database: string
  readonly verdict: ScanVerdict
  readonly found: string | null
  readonly timeMs: number
}

/** What has copies deleted: an erasure, or a recall. */
export const ERASURE_KINDS = ['erasure', 'recall'] as const
export type ErasureKind = (typeof ERASURE_KINDS)[number]

export interface ErasureEntry {
  readonly operation: OperationId
  readonly kind: ErasureKind
  readonly by: DeviceId
  readonly version: VersionId
  /** In hex, as the subject is; that of a recall is the beginning of its operation's id. */
  readonly case: string
  readonly reason: string | null
  readonly basis: string
  readonly subject: string | null
  readonly timeMs: number
  /** The last word of each device about it. */
  readonly confirmations: ReadonlyMap<DeviceId, EraseConfirmation>
}

export interface EraseConfirmation {
  readonly operation: OperationId
  readonly outcome: EraseOutcome
  readonly bytes: number
  readonly keys: boolean
  readonly timeMs: number
}

export interface ProposalEntry {
  readonly operation: OperationId
  readonly by: DeviceId
  readonly hash: Uint8Array
  readonly bytes: Uint8Array
  readonly timeMs: number
}

export interface VoteEntry {
  readonly operation: OperationId
  readonly hash: Uint8Array
  readonly key: DeviceId
  readonly signature: Uint8Array
}

export interface DatasetEntry {
  readonly name: string
  /** Who may publish under the name: the admins once one of them has, else the device that did so first. */
  readonly owner: DeviceId | 'admins'
  readonly policy: DatasetPolicyEntry | undefined
  readonly storage: DatasetStorageEntry | undefined
  /** In the order of their ordinals; never empty. */
  readonly versions: readonly DatasetVersion[]
}

export const INERT_REASONS = [
  'unknown-type',
  'bad-body',
  'unknown-root',
  'contested-root',
  'outdated-root',
  'expired-root',
  'forked',
  'author-not-enrolled',
  'author-suspended',
  'author-revoked',
  'not-authorised',
  'expired-role',
  'unknown-role',
  'outranked',
  'not-owner',
  'needs-approval',
  'invite-unknown',
  'invite-cancelled',
  'invite-expired',
  'invite-spent',
  'bad-proof',
  'name-taken'
] as const
export type InertReason = (typeof INERT_REASONS)[number]

export interface Inert {
  readonly reason: InertReason
  readonly detail: string
}

/** Evidence that a device signed two histories. */
export interface Fork {
  readonly author: DeviceId
  readonly incarnation: string
  /** The first position that holds more than one operation. */
  readonly seq: number
  /** The operations at that position, sorted by id. */
  readonly operations: readonly OperationId[]
}

/** Valid until the ledger that it came from takes more operations. */
export interface State {
  readonly org: OrgId
  /** The head of the chain. */
  readonly root: Root
  /** Present while roots contest each other: no authority changes. */
  readonly freeze: ChainView['freeze']
  readonly devices: ReadonlyMap<DeviceId, DeviceEntry>
  readonly invites: ReadonlyMap<OperationId, InviteEntry>
  readonly datasets: ReadonlyMap<string, DatasetEntry>
  /** The names under which each version is published in force, retired ones included. */
  readonly publishedAs: ReadonlyMap<VersionId, ReadonlySet<string>>
  /** The names under which each version is said to be a share of another, retired ones included. */
  readonly sharedAs: ReadonlyMap<VersionId, ReadonlySet<string>>
  readonly groups: ReadonlyMap<OperationId, GroupEntry>
  readonly grants: ReadonlyMap<OperationId, GrantEntry>
  readonly content: ReadonlyMap<VersionId, ContentEntry>
  /** Classes of which an operation says how they are kept; for the others there are defaults (class-policy.ts). */
  readonly classes: ReadonlyMap<DatasetClass, ClassPolicyEntry>
  readonly sites: ReadonlyMap<string, SiteEntry>
  /** What each device keeps. */
  readonly copies: ReadonlyMap<DeviceId, ReadonlyMap<VersionId, CopyEntry>>
  /** Who keeps each version: the same from the other side. */
  readonly keptBy: ReadonlyMap<VersionId, ReadonlySet<DeviceId>>
  /** Until when each device keeps what it keeps for as long as it renews. */
  readonly renewals: ReadonlyMap<DeviceId, CopyRenewalEntry>
  /** Erasures and recalls in force. */
  readonly erasures: ReadonlyMap<OperationId, ErasureEntry>
  /** Erasures and recalls of each case. */
  readonly erasureCases: ReadonlyMap<string, ReadonlySet<OperationId>>
  /** Holds that stand, by the dataset that is held. */
  readonly holds: ReadonlyMap<string, readonly Taking[]>
  /** Of risks; those that have run out included. */
  readonly acceptances: ReadonlyMap<OperationId, AcceptanceEntry>
  readonly levels: ReadonlyMap<string, LevelEntry>
  readonly prices: ReadonlyMap<string, PriceEntry>
  readonly proposals: ReadonlyMap<OperationId, ProposalEntry>
  readonly votes: ReadonlyMap<OperationId, VoteEntry>
  readonly forks: ReadonlyMap<FeedKey, Fork>
  /** Operations that are kept but have no effect, and why. */
  readonly inert: ReadonlyMap<OperationId, Inert>
}

/** The case that a recall is by itself. */
export function caseOfRecall(recall: OperationId): string {
  return recall.slice(0, CASE_DIGITS)
}
const CASE_DIGITS = 32

/** A state that is being made. */
export type MutableState = {
  readonly [K in keyof State]: State[K] extends ReadonlyMap<infer Key, infer Value>
    ? Map<
        Key,
        Value extends ReadonlyMap<infer Inner, infer Of>
          ? Map<Inner, Of>
          : Value extends ReadonlySet<infer Member>
            ? Set<Member>
            : Value
      >
    : State[K]
}

/** That of an org in which nothing has been said but by its chain. */
export function emptyState({ founding, head, freeze }: ChainView): MutableState {
  return {
    org: orgIdOf(founding),
    root: head,
    freeze,
    devices: new Map(),
    invites: new Map(),
    datasets: new Map(),
    publishedAs: new Map(),
    sharedAs: new Map(),
    groups: new Map(),
    grants: new Map(),
    content: new Map(),
    classes: new Map(),
    sites: new Map(),
    copies: new Map(),
    keptBy: new Map(),
    renewals: new Map(),
    erasures: new Map(),
    erasureCases: new Map(),
    holds: new Map(),
    acceptances: new Map(),
    levels: new Map(),
    prices: new Map(),
    proposals: new Map(),
    votes: new Map(),
    forks: new Map(),
    inert: new Map()
  }
}

/** Whether a device takes part in the org now. */
export function isMember(state: State, device: DeviceId, nowMs: number): boolean {
  return membershipFault(state, device, nowMs) === undefined
}

/** Why a device takes no part in the org now, for the person who uses it; undefined for a member. */
export function membershipFault(state: State, device: DeviceId, nowMs: number): string | undefined {
  const entry = state.devices.get(device)
  if (entry === undefined || entry.standing === 'former')
    return `this device is not enrolled in ${state.root.orgName}`
  if (entry.role === 'admin') return undefined
  if (entry.standing !== 'member') {
    const because = entry.takenBy?.reason == null ? '' : `: ${entry.takenBy.reason}`
    return `this device was ${entry.standing} in ${state.root.orgName}${because}`
  }
  return hasEnded(entry.enrolment?.expiresMs ?? null, nowMs)
    ? `the enrolment of this device in ${state.root.orgName} has expired`
    : undefined
}

/** Roles that a device holds now, the base role included; none for who is no member. */
export function rolesOf(state: State, device: DeviceId, nowMs: number): readonly string[] {
  const entry = state.devices.get(device)
  if (entry === undefined || !isMember(state, device, nowMs)) return []
  const granted = [...entry.roles.values()].filter(({ expiresMs }) => !hasEnded(expiresMs, nowMs))
  const names = [...granted.map(({ role }) => role), 'device']
  return entry.role === 'admin' ? ['admin', ...names] : names
}

/** Whether a device is in a group now. */
export function isInGroup(
  state: State,
  place: { readonly group: OperationId; readonly device: DeviceId; readonly nowMs: number }
): boolean {
  const endMs = state.groups.get(place.group)?.devices.get(place.device)
  return endMs !== undefined && !hasEnded(endMs, place.nowMs)
}

export function usesLeft(invite: InviteEntry): number {
  return Math.max(0, invite.uses - invite.redeemedBy.size)
}

/** Whether a version can be fetched now. */
export function isAvailable(version: DatasetVersion, nowMs: number): boolean {
  return version.retiredBy === undefined && !hasEnded(version.expiresMs, nowMs)
}

/** The newest version of a dataset that can be fetched. */
export function latestVersion(dataset: DatasetEntry, nowMs: number): DatasetVersion | undefined {
  return dataset.versions.findLast(version => isAvailable(version, nowMs))
}

/**
 * The version that a reference means. A prefix means the newest publication of the one version id that starts so.
 */
export function resolveDataset(
  state: State,
  reference: DatasetReference,
  nowMs: number
): Outcome<
  { dataset: DatasetEntry; version: DatasetVersion },
  'unknown-dataset' | 'unknown-version' | 'ambiguous' | 'retired'
> {
  const dataset = state.datasets.get(reference.name)
  if (dataset === undefined) return rejected('unknown-dataset', `no dataset ${reference.name}`)
  const { selector } = reference
  if (selector.kind === 'latest') {
    const version = latestVersion(dataset, nowMs)
    if (version === undefined) return rejected('retired', `every version of ${reference.name} is retired`)
    return accepted({ dataset, version })
  }
  const matches = dataset.versions.filter(version =>
    selector.kind === 'ordinal'
      ? version.ordinal === selector.ordinal
      : version.version.startsWith(selector.prefix)
  )
  if (new Set(matches.map(version => version.version)).size > 1)
    return rejected('ambiguous', `several versions of ${reference.name} start so; give more of the id`)
  const newest = matches.at(-1)
  if (newest === undefined) return rejected('unknown-version', `no such version of ${reference.name}`)
  const version = matches.findLast(match => isAvailable(match, nowMs))
  return version === undefined
    ? rejected('retired', `version ${newest.ordinal} of ${reference.name} is retired`)
    : accepted({ dataset, version })
}

export function hasEnded(endMs: number | null, nowMs: number): boolean {
  return endMs !== null && nowMs >= endMs
}
