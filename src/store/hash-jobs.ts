/** What the main thread asks of the hashing workers, and what they answer. Plain data: it crosses threads. */

import type { Chunks } from '../content/chunk-index.ts'
import type { Failure } from './failure.ts'
import type { PlacedFile } from './safe-files.ts'
import type { Fingerprint } from './store.ts'

/** Verify a piece and write it into its part file, which is created if it is not known yet. */
export interface WriteJob {
  readonly kind: 'write'
  readonly part: PlacedFile
  readonly fileBytes: number
  readonly executable: boolean
  /** Inode of the part file once it is known; then it must be that file, at its full length. */
  readonly inode: string | undefined
  readonly offset: number
  readonly blocks: readonly Uint8Array[]
  readonly expected: Uint8Array
  readonly leafWidth: number
  /** Whether the hashes of its leaves are to be told. */
  readonly givesLeaves?: boolean
}

export type WriteResult =
  /** `fd` is still open: whoever fsyncs the file closes it. */
  | {
      readonly kind: 'write'
      readonly outcome: 'written'
      readonly fd: number
      readonly inode: string
      readonly leaves?: Uint8Array
    }
  | { readonly kind: 'write'; readonly outcome: 'mismatch' }
  /** The part file is not the one that was written before. */
  | { readonly kind: 'write'; readonly outcome: 'changed' }
  | { readonly kind: 'write'; readonly outcome: 'failed'; readonly failure: Failure }

/** Hash the leaves of a byte range. */
export interface LeavesJob {
  readonly kind: 'leaves'
  readonly file: PlacedFile
  readonly offset: number
  readonly bytes: number
}

export type LeavesResult =
  /** Fewer hashes than leaves when the file is too short. */
  | { readonly kind: 'leaves'; readonly outcome: 'hashed'; readonly hashes: Uint8Array }
  | { readonly kind: 'leaves'; readonly outcome: 'missing' }
  | { readonly kind: 'leaves'; readonly outcome: 'failed'; readonly failure: Failure }

/** A run of whole pieces of a file; the last one is as short as the file. */
export interface HashRange {
  readonly path: string
  readonly offset: number
  readonly bytes: number
  readonly fileBytes: number
}

/** Hash runs of pieces of several files to piece hashes. */
export interface RangesJob {
  readonly kind: 'ranges'
  readonly base: string
  readonly pieceBytes: number
  readonly ranges: readonly HashRange[]
}

export type RangeResult =
  | {
      readonly outcome: 'hashed'
      /** Hashes of the pieces that could be read whole: fewer than asked for when the file is too short. */
      readonly hashes: Uint8Array
      /** Taken before the first read and after the last. */
      readonly before: Fingerprint
      readonly after: Fingerprint
    }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'failed'; readonly failure: Failure }

export interface RangesResult {
  readonly kind: 'ranges'
  readonly results: readonly RangeResult[]
}

/** Cut a part of a file into chunks by its content. */
export interface ChunksJob {
  readonly kind: 'chunks'
  readonly file: PlacedFile
  /** Where a chunk begins. */
  readonly offset: number
  readonly fileBytes: number
}

export type ChunksResult =
  /** As many as fit one read, at least one. */
  | ({ readonly kind: 'chunks'; readonly outcome: 'cut' } & Chunks)
  /** The file is not there, or shorter than it should be. */
  | { readonly kind: 'chunks'; readonly outcome: 'missing' }
  | { readonly kind: 'chunks'; readonly outcome: 'failed'; readonly failure: Failure }

/** Hold bytes in memory against the hash of a piece. */
export interface PieceJob {
  readonly kind: 'piece'
  /** In shared memory, so that nothing is copied. */
  readonly blocks: readonly Uint8Array[]
  readonly expected: Uint8Array
  readonly leafWidth: number
}

export interface PieceResult {
  readonly kind: 'piece'
  /** Hashes of its leaves; undefined where it is not the piece. */
  readonly leaves: Uint8Array | undefined
}

/** Hold bytes in memory against the hashes of their leaves. */
export interface BlocksJob {
  readonly kind: 'blocks'
  /** In shared memory, so that nothing is copied. They begin with a leaf. */
  readonly bytes: Uint8Array
  readonly leaves: Uint8Array
}

export interface BlocksResult {
  readonly kind: 'blocks'
  readonly matches: boolean
}

/** Read blocks from a file that stays open meanwhile, and hold them against the hashes of their leaves. */
export interface ReadJob {
  readonly kind: 'read'
  readonly fd: number
  /** In the file. */
  readonly offset: number
  /** In shared memory: filled from there on. What it begins with is a leaf. */
  readonly into: Uint8Array
  readonly leaves: Uint8Array
}

export type ReadResult =
  /** `bytes` are fewer where the file ends before, and match nothing then. */
  | {
      readonly kind: 'read'
      readonly outcome: 'read'
      readonly bytes: number
      readonly matches: boolean
    }
  /** As the system says it. */
  | {
      readonly kind: 'read'
      readonly outcome: 'failed'
      readonly code: string | undefined
      readonly message: string
    }

/** List one folder of a tree that is to be published. */
export interface ListJob {
  readonly kind: 'list'
  readonly base: string
  /** Relative to the base; empty for the base itself. */
  readonly path: string
}

interface ListedName {
  /** With replacement characters where it is not Unicode. */
  readonly name: string
  readonly isUnicode: boolean
}

export type ListedEntry = ListedName &
  (
    | {
        readonly kind: 'file'
        readonly bytes: number
        readonly executable: boolean
        /** As fileIdentityOf has it, of a file with several names; else null. */
        readonly linked: string | null
      }
    | { readonly kind: 'folder' }
    /** `link` is its text, with slashes between components. */
    | { readonly kind: 'link'; readonly link: string }
    | { readonly kind: 'other' }
  )

export type ListResult =
  | { readonly kind: 'list'; readonly outcome: 'listed'; readonly entries: readonly ListedEntry[] }
  | { readonly kind: 'list'; readonly outcome: 'failed'; readonly failure: Failure }

export type HashJob = WriteJob | LeavesJob | RangesJob | ChunksJob | PieceJob | BlocksJob | ReadJob | ListJob
export type HashResult =
  | WriteResult
  | LeavesResult
  | RangesResult
  | ChunksResult
  | PieceResult
  | BlocksResult
  | ReadResult
  | ListResult
