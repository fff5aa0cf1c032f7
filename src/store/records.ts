/**
 * Small durable records that the node keeps beside its content: the ledger's feeds and named blobs (the
 * authority chain, the directory, the presence cache, settings). All calls are synchronous and durable when they
 * return; records are small and rare, so that the milliseconds of an fsync are the honest price. What writes throws
 * AppError DISK_FULL or STORAGE_FAILED when it can not, and nothing of the call is stored.
 */

/** One operation of a feed, as it was signed. The store neither decodes nor judges it. */
export interface FeedRecord {
  readonly feed: string
  /** Position in the feed, counted by the ledger. */
  readonly seq: number
  /** Unique over all feeds. */
  readonly id: string
  readonly bytes: Uint8Array
}

export type AppendOutcome =
  /** `added` counts the records that were not there before. */
  | { readonly outcome: 'durable'; readonly added: number }
  /** Another record holds that position or id: nothing of the call was stored. */
  | { readonly outcome: 'conflict'; readonly record: FeedRecord }

export interface ScanRange {
  readonly feed?: string
  /** Only records from this position on; needs `feed`. */
  readonly fromSeq?: number
  readonly limit?: number
}

/** A record with its place in the order in which this store came to hold them. */
export interface StoredRecord {
  readonly place: number
  readonly bytes: Uint8Array
}

export interface IdPage {
  readonly count: number
  /** The ids, one after another. */
  readonly joined: string
  readonly last: string
}

export interface NamedBlob {
  readonly key: string
  readonly bytes: Uint8Array
}

export type BlobStore = Pick<RecordStore, 'putBlob' | 'getBlob' | 'listBlobs' | 'deleteBlob' | 'deleteBlobs'>

export interface RecordStore {
  /** Stores all records or none; a record that is there already, byte for byte, counts as stored. */
  append(records: readonly FeedRecord[]): AppendOutcome
  /** Records ordered by feed, then position. */
  scan(range?: ScanRange): FeedRecord[]
  /** Records in the order in which they were stored, from the one after `place` on. */
  stored(range: { readonly after: number; readonly limit: number }): StoredRecord[]
  /** The ids of records in ascending order, from the one after `after` on; undefined when there is none. */
  ids(after: string): IdPage | undefined
  /** The record of that id, if it is known. */
  find(id: string): FeedRecord | undefined
  /** The highest position of each feed. */
  heads(): Map<string, number>

  putBlob(key: string, bytes: Uint8Array): void
  /** All or none, for the price of one. */
  putBlobs(blobs: readonly NamedBlob[]): void
  getBlob(key: string): Uint8Array | undefined
  /** Blobs whose key starts with `prefix`, ordered by key. */
  listBlobs(prefix: string): NamedBlob[]
  /** False when there was none. */
  deleteBlob(key: string): boolean
  /** How many blobs, whose keys start with `prefix`, were deleted. */
  deleteBlobs(prefix: string): number

  /** Leaves nothing on disk of what was deleted or replaced. Costs as much as what was written since the last time. */
  scrub(): void
}
