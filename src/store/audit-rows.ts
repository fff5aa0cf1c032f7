/** What goes into `audit.db` and comes out of it: plain data, that crosses threads. */

import type { DeviceId } from '../base/ids.ts'

/** Which log: this folder knows nothing of the pure layer above it, so it says it in its own words. */
export interface LogKey {
  readonly device: DeviceId
  readonly incarnation: number
}

/** An entry, or the hash that retention has left of it. */
export interface LogItem {
  readonly seq: number
  readonly bytes: Uint8Array | null
  readonly leaf: Uint8Array | null
}

export interface EntryRow extends LogItem {
  /** For searches; null where the entry does not say, or can not be read. */
  readonly timeMs: number | null
  readonly action: string | null
  readonly dataset: string | null
  readonly version: string | null
}

export interface NodeRow {
  readonly level: number
  readonly position: number
  readonly hash: Uint8Array
}

/** The right edge of a log. */
export interface LogEdge {
  readonly size: number
  /** Hashes of its full subtrees, from the left. */
  readonly hashes: readonly Uint8Array[]
}

export interface LogGrowth extends LogKey {
  /** The size that it has now. */
  readonly from: number
  readonly entries: readonly EntryRow[]
  /** Empty but for this device's own log. */
  readonly nodes: readonly NodeRow[]
  readonly edge: LogEdge
  /** The checkpoint that the entries were verified against; null leaves the one there is. */
  readonly note: Uint8Array | null
}

/** Ends a log that can not be gone on with at what was signed of it, and begins another, all in one step. */
export interface LogRenewal {
  /** Undefined when nothing of an earlier log is here. */
  readonly ended: (LogKey & { readonly edge: LogEdge }) | undefined
  readonly begun: LogGrowth
  /** What tells the file from a copy of it, from now on. */
  readonly fileId: string
}

/** Lets entries go that are older than a time. */
export interface LogExpiry extends LogKey {
  readonly beforeMs: number
  /** Leaf hashes of entries that are still here. */
  readonly leaves: readonly { readonly seq: number; readonly leaf: Uint8Array }[]
  readonly timeMs: number
}

export interface SignedHead {
  readonly size: number
  readonly root: Uint8Array
  readonly note: Uint8Array
}

export interface KnownHead extends SignedHead, LogKey {}

export interface WitnessAdvance extends KnownHead {
  /** Size of the checkpoint that was cosigned last, 0 for none; nothing changes when it is another by now. */
  readonly expected: number
}

export interface FindingRow extends LogKey {
  readonly kind: string
  readonly position: number | null
  readonly witnesses: readonly DeviceId[]
  readonly detail: string
  readonly timeMs: number
}

export interface StoredLog extends LogEdge, LogKey {
  readonly note: Uint8Array | undefined
  /** Entries that are gone but for their hashes. */
  readonly dropped: number
  /** When entries were last dropped here, and those of before when. */
  readonly droppedMs: number | null
  readonly droppedBeforeMs: number | null
}

export interface EntrySearch {
  readonly device?: DeviceId
  readonly dataset?: string
  readonly version?: string
  /** Only what says something of a version. */
  readonly isOfVersion?: boolean
  readonly action?: string
  readonly sinceMs?: number
  /** The newest so many. */
  readonly limit: number
}

export interface FoundEntry extends LogKey {
  readonly seq: number
  readonly bytes: Uint8Array
}

/** A place in the order of what is found. */
export interface EntryPlace {
  readonly timeMs: number
  readonly seq: number
  /** The number of the log in the file. */
  readonly log: number
}

/** A part of what is found, the newest first, and after which place the next begins; null where there is none. */
export interface FoundPage {
  readonly found: readonly FoundEntry[]
  readonly next: EntryPlace | null
}
