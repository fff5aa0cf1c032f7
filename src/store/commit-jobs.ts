/** What the main thread asks of the commit worker, and what it answers. Plain data: it crosses threads. */

import type { Failure } from './failure.ts'
import type { Amendment, NewHolding } from './index-database.ts'
import type { PlacedFile } from './safe-files.ts'
import type { Fingerprint } from './store.ts'

/** The pieces of one file that were written and are to be made durable and claimed. */
export interface FileCommit {
  readonly holding: number
  readonly fileIndex: number
  /** Under its final name. */
  readonly file: PlacedFile
  readonly bytes: number
  readonly firstPiece: number
  readonly pieceCount: number
  readonly pieces: readonly number[]
  /** Open descriptors of the part file, which the worker closes. */
  readonly fds: readonly number[]
  /** Inode of the part file. */
  readonly inode: string
  /** Whether the index has no row for this part file yet. */
  readonly isNew: boolean
}

export type FileCommitResult =
  | { readonly outcome: 'durable'; readonly whole: WholeFile | undefined }
  | { readonly outcome: 'failed'; readonly failure: Failure }

export interface WholeFile {
  readonly fingerprint: Fingerprint
  /** Why the file, though whole, could not be given its name. */
  readonly problem: Failure | undefined
}

/** A file of the version as it stands at its place. */
export type SurveyedFile =
  | { readonly found: 'nothing' }
  /** A regular file of the right length. */
  | { readonly found: 'candidate'; readonly fingerprint: Fingerprint }
  | { readonly found: 'conflict' }

export interface ReopenedFile {
  /** Of the part file, which is durable under that name; undefined where there is none. */
  readonly inode: string | undefined
  /** Something stands at the place of the file that could not be made its part file. */
  readonly isStuck: boolean
}

export interface FileToSync {
  readonly file: PlacedFile
  /** A file that is taken over becomes executable if the version says so. */
  readonly makeExecutable: boolean
}

export interface PlacedLink {
  readonly path: string
  /** What the link says: relative to its own folder. */
  readonly target: string
}

export interface PlacedTree {
  readonly base: string
  /** Every folder below the base, parents first. */
  readonly folders: readonly string[]
  readonly emptyFiles: readonly { readonly path: string; readonly executable: boolean }[]
  readonly links: readonly PlacedLink[]
}

/** What is to be removed from a place (removed-tree.ts). */
export interface TreeToRemove {
  readonly tree: PlacedTree
  /** Files that have bytes, under their final names. */
  readonly files: readonly PlacedFile[]
  /** Whether the base is a folder of this version alone, and goes too when it is empty. */
  readonly ownsBase: boolean
}

export type CommitJob =
  /** Fsync, claim, name. */
  | { readonly kind: 'commit'; readonly files: readonly FileCommit[] }
  /** Add a holding that has nothing yet, and what `amendment` says of it. */
  | { readonly kind: 'insert'; readonly holding: NewHolding; readonly amendment: Omit<Amendment, 'holding'> }
  | { readonly kind: 'amend'; readonly amendment: Amendment; readonly removeParts: readonly PlacedFile[] }
  | {
      readonly kind: 'layer'
      readonly versionId: string
      readonly fileIndex: number
      readonly layer: Uint8Array
    }
  /** Look, without a change, at what stands where the version goes. */
  | {
      readonly kind: 'survey'
      readonly tree: PlacedTree
      readonly files: readonly { readonly path: string; readonly bytes: number }[]
    }
  /** Make folders and empty files. */
  | { readonly kind: 'prepare'; readonly tree: PlacedTree }
  /** Give whole part files their names. */
  | {
      readonly kind: 'name'
      readonly files: readonly { readonly file: PlacedFile; readonly fingerprint: Fingerprint }[]
    }
  /** Make part files of files at their full length; then, if that is done of all, the amendment. */
  | {
      readonly kind: 'reopen'
      readonly amendment?: Amendment
      readonly files: readonly { readonly file: PlacedFile; readonly bytes: number }[]
    }
  /** Fsync files that others wrote. */
  | { readonly kind: 'sync'; readonly files: readonly FileToSync[] }
  /** Make links, make all names durable, mark the holding complete. */
  | { readonly kind: 'finish'; readonly holding: number; readonly tree: PlacedTree }
  /** Remove part files. */
  | { readonly kind: 'parts'; readonly parts: readonly PlacedFile[] }
  | { readonly kind: 'forget'; readonly holding: number; readonly parts: readonly PlacedFile[] }
  /** Remove the files, if they are to go; then every trace of the holding in the index. */
  | { readonly kind: 'erase'; readonly holding: number; readonly remove: TreeToRemove | undefined }
  | { readonly kind: 'remove'; readonly remove: TreeToRemove }
  | { readonly kind: 'scrub' }
  | { readonly kind: 'close' }

export type CommitAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'committed'; readonly results: readonly FileCommitResult[] }
  | { readonly kind: 'inserted'; readonly holding: number }
  /** The bytes of the files that went. */
  | { readonly kind: 'erased'; readonly bytes: number }
  | {
      readonly kind: 'surveyed'
      readonly files: readonly SurveyedFile[]
      readonly conflicts: readonly string[]
    }
  | { readonly kind: 'reopened'; readonly files: readonly ReopenedFile[] }
  /** By index of the file; undefined where it has its name. */
  | { readonly kind: 'named'; readonly problems: readonly (Failure | undefined)[] }
