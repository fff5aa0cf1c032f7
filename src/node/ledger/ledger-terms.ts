/** What the node tells of the ledger itself, operation by operation: the explorer's part of service.ts. */

import type { OperationId, OrgId, VersionId } from '../../base/ids.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Task } from '../task.ts'

export interface LedgerRequest {
  readonly type: string | null
  /** A device, by name or the beginning of its id. */
  readonly author: string | null
  /** What an operation names: a dataset, a device, a group, an id or the beginning of one, or any value. */
  readonly about: string | null
  readonly effect: LedgerEffect | null
  readonly sinceMs: number | null
  /** Only what is older. */
  readonly untilMs: number | null
  /** The newest so many. */
  readonly limit: number
}

/** Waiting: for approvals of more admins. None: for any other reason. */
export type LedgerEffect = 'in-force' | 'waiting' | 'none'

export interface LedgerLink {
  readonly operation: OperationId
  readonly type: string
  readonly author: DeviceName
}

export interface LedgerLine extends LedgerLink {
  /** The author's clock. */
  readonly atMs: number
  /** How far it is dated ahead of now, where that is more than a clock may be off; else null. */
  readonly aheadMs: number | null
  /** What it says, in words. */
  readonly says: string
  readonly inForce: boolean
  /** In which role its author acted, and its rank; null when it is not in force. */
  readonly role: string | null
  readonly rank: number | null
  /** Why it is not in force: a code, and words; null when it is. */
  readonly reason: string | null
  readonly detail: string | null
}

export interface LedgerLines {
  readonly operations: readonly LedgerLine[]
  /** Those beyond the limit too. */
  readonly matched: number
}

/** What an operation names, as far as it is known here. */
export interface LedgerConcerns {
  readonly devices: readonly DeviceName[]
  /** A version of null is the dataset as a whole. */
  readonly datasets: readonly {
    readonly name: string
    readonly version: VersionId | null
    readonly ordinal: number | null
  }[]
  readonly operations: readonly LedgerLink[]
}

export interface LedgerFeed {
  readonly author: DeviceName
  readonly incarnation: string
  readonly operations: number
  /** What nothing in the feed is built on: one, unless it is forked. The newest first. */
  readonly heads: readonly {
    readonly operation: OperationId
    readonly type: string
    readonly seq: number
    /** The author's clock. */
    readonly atMs: number
  }[]
  /** Evidence that its author signed two histories: the operations at the first position that has several. */
  readonly fork: { readonly seq: number; readonly operations: readonly OperationId[] } | null
}

export interface LedgerFeeds {
  readonly atMs: number
  readonly org: OrgId
  readonly operations: number
  readonly inForce: number
  /** How many are not in force, by reason. */
  readonly inert: readonly { readonly reason: string; readonly operations: number }[]
  /** How many there are of each type, the most first. */
  readonly types: readonly { readonly type: string; readonly operations: number }[]
  /** The one that was added to last comes first. */
  readonly feeds: readonly LedgerFeed[]
}

export interface LedgerEntry extends LedgerLine {
  readonly expiresAtMs: number | null
  readonly signature: 'good' | 'bad'
  /** The root that it was made under; a version of null is of a root that is not known here. */
  readonly root: { readonly version: number | null; readonly hash: string; readonly contested: boolean }
  readonly incarnation: string
  readonly seq: number
  readonly prev: LedgerLink | null
  /** Those that name it as the one before them: several are a fork. */
  readonly next: readonly LedgerLink[]
  readonly deps: readonly LedgerLink[]
  /** The lowest position of its feed that holds several operations, or null. */
  readonly forkedAtSeq: number | null
  /** Admins that must approve its type, its author counted, by the root that it names. */
  readonly approvalsNeeded: number
  readonly approvals: readonly LedgerLink[]
  readonly concerns: LedgerConcerns
  /** Target and body by the names of docs; binary as hex. Null when they can not be read here. */
  readonly fields: Readonly<Record<string, unknown>> | null
  readonly recordBytes: number
}

export interface LedgerProgress {
  readonly recordsDone: number
}

export interface LedgerExported {
  readonly path: string
  readonly org: OrgId
  readonly roots: number
  readonly operations: number
}

export interface LedgerExplorer {
  /** Newest first. */
  operations(request: LedgerRequest): Promise<LedgerLines>
  operation(id: string): Promise<LedgerEntry>
  feeds(): Promise<LedgerFeeds>
  /** Writes roots and operations to a new folder (ledger-folder.ts). */
  exportTo(path: string, task: Task<LedgerProgress>): Promise<LedgerExported>
}

export interface LedgerFinding {
  readonly kind: LedgerFindingKind
  /** The operation or root concerned, in hex, as far as one is known. */
  readonly id: string | null
  readonly detail: string
}

export const LEDGER_FINDING_KINDS = [
  'malformed',
  'bad-signature',
  'foreign-org',
  'chain-broken',
  'ledger-full',
  'unknown-version',
  'duplicate',
  'missing',
  'truncated',
  'count',
  'bad-root',
  'contested-root',
  'equivocation',
  'forked'
] as const
export type LedgerFindingKind = (typeof LEDGER_FINDING_KINDS)[number]

export interface LedgerVerification {
  readonly org: OrgId
  readonly orgName: string
  readonly rootVersion: number
  readonly roots: number
  readonly operations: number
  readonly feeds: number
  readonly inForce: number
  /** How many are not in force, by reason. */
  readonly inert: readonly { readonly reason: string; readonly operations: number }[]
  readonly devices: { readonly members: number; readonly suspended: number; readonly revoked: number }
  readonly datasets: number
  /** At most LEDGER_FINDINGS_MAX of them. */
  readonly findings: readonly LedgerFinding[]
  readonly findingCount: number
}

export const LEDGER_FINDINGS_MAX = 1000

/** What `ledger verify DIR` needs of a machine that need not be a member. */
export interface LedgerFolderRequest {
  readonly folder: string
  /** The org that it must be of; null believes the folder. */
  readonly org: OrgId | null
  readonly onProgress: (progress: LedgerProgress) => void
}
