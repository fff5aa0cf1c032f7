/** What the node gives to whoever reads the files of versions through it, a range at a time. */

import type { VersionId } from '../../base/ids.ts'
import type { CacheUsage } from '../../store/store.ts'
import type { ContentFile, ContentTree } from './content-tree.ts'

/** The generator is to be run to its end or returned. */
export type ContentParts = AsyncGenerator<Uint8Array, void, undefined>

/** Bytes of a file from `offset` on. */
export interface FileRange {
  readonly offset: number
  readonly bytes: number
}

/** Names one version: by ordinal, by the start of its id, or null for the newest that may be read. */
export interface ContentReference {
  readonly name: string
  readonly version: string | null
}

export interface OpenContent {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  readonly publishedAtMs: number
  /** Whether nothing of it should stay where it is read: confidential, restricted or sealed. */
  readonly isSecret: boolean
  readonly tree: ContentTree
  /**
   * Reads a range of a file, part by part, each verified. The memory of a part is used again once the next is asked
   * for. The generator rejects when this device may not read the version any more (NOT_AUTHORISED), with
   * CONTENT_CHANGED when what lies on the disk is not the version's any more, and with the reason of `signal`.
   *
   * The first resolves once the read is in the audit log. AppError DATASET_UNKNOWN when not all of the range is here,
   * TOO_MANY_CALLS when too many read at once.
   */
  read(file: ContentFile, range: FileRange, reader: ContentReader): Promise<ContentParts>
}

export interface ContentReader {
  /** Names the caller in the audit log: no personal data. */
  readonly by: string
  /** Ends the reading. */
  readonly signal: AbortSignal
}

export interface ContentService {
  /**
   * Opens a version, or with a null version the newest that this device may read. AppError USAGE, DATASET_UNKNOWN,
   * NOT_AUTHORISED, SEALED_NO_KEY, SEALED_INVALID.
   */
  open(reference: ContentReference): Promise<OpenContent>
  /** What is kept for a while of what was read. */
  cache(): Promise<CacheUsage>
  /** Zero for nothing; what is too much goes at once. AppError USAGE. */
  setCache(bytes: number): Promise<CacheUsage>
}
