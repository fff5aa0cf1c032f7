/**
 * The state of an org: what the authority chain and the operations that a peer holds mean together. It is computed
 * by the fold; here are its types and the questions that the rest of the program asks of it.
 *
 * The fold has no clock. Where something ends with time, the state carries the end and the question takes `nowMs`.
 */

import type { DeviceId, OperationId, OrgId, VersionId } from '../base/ids.ts'
import type { FeedKey } from './feed.ts'
import type { DatasetClass, DatasetReference, DeviceKind } from './names.ts'
import { accepted, type Outcome, rejected } from './outcome.ts'
import type { Root } from './root.ts'

export interface DeviceEntry {
  readonly device: DeviceId
  /** Admins come from the root, and are devices by definition; every other member is enrolled. */
  readonly role: 'admin' | 'device'
  /** The newest enrolment in force; undefined only for an admin that has not described itself yet. */
  readonly enrolment: Enrolment | undefined
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
  readonly timeMs: number
  readonly expiresMs: number
}

export interface DatasetVersion {
  /** 1, 2, 3, ... in causal order of publication; retired versions keep theirs. */
  readonly ordinal: number
  readonly operation: OperationId
  readonly version: VersionId
  readonly class: DatasetClass
  readonly pieceBytes: number
  readonly files: number
  readonly bytes: number
  readonly publisher: DeviceId
  readonly timeMs: number
  readonly expiresMs: number | null
  /** The operation that withdrew it. */
  readonly retiredBy: OperationId | undefined
}

export interface DatasetEntry {
  readonly name: string
  /** Who may publish under the name: the admins once one of them has, else the device that did so first. */
  readonly owner: DeviceId | 'admins'
  /** In the order of their ordinals; never empty. */
  readonly versions: readonly DatasetVersion[]
}

export type InertReason =
  | 'unknown-type'
  | 'bad-body'
  | 'unknown-root'
  | 'forked'
  | 'author-not-enrolled'
  | 'not-authorised'
  | 'needs-approval'
  | 'invite-unknown'
  | 'invite-expired'
  | 'invite-spent'
  | 'bad-proof'
  | 'name-taken'

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
  readonly root: Root
  readonly devices: ReadonlyMap<DeviceId, DeviceEntry>
  readonly invites: ReadonlyMap<OperationId, InviteEntry>
  readonly datasets: ReadonlyMap<string, DatasetEntry>
  readonly forks: ReadonlyMap<FeedKey, Fork>
  /** Operations that are kept but have no effect, and why. */
  readonly inert: ReadonlyMap<OperationId, Inert>
}

/** Whether a device takes part in the org now. */
export function isMember(state: State, device: DeviceId, nowMs: number): boolean {
  const entry = state.devices.get(device)
  if (entry === undefined) return false
  return entry.role === 'admin' || !hasEnded(entry.enrolment?.expiresMs ?? null, nowMs)
}

/** Whether a device may author operations of a type, by the role table of the root. */
export function mayAuthor(state: State, device: DeviceId, type: string): boolean {
  const role = state.devices.get(device)?.role
  return role !== undefined && (state.root.roles.get(role)?.includes(type) ?? false)
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

function hasEnded(endMs: number | null, nowMs: number): boolean {
  return endMs !== null && nowMs >= endMs
}
