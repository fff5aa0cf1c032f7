/**
 * What a node keeps: versions that it published in place or fetched into a folder, and its small durable
 * records. Two implementations run one conformance suite: memory.ts and filesystem.ts.
 *
 * Goals, the upper wins: lose nothing that was acknowledged; never claim or serve what was not verified and
 * fsynced; be fast; use bounded memory.
 *
 * A holding is one version at one place on disk. Its states:
 *
 *     fetching --last piece durable--> complete --a file changed behind our back--> damaged
 *        |  ^                              ^                                          |
 *        |  +-- a write succeeds again     +------ verify or create found it whole ---+
 *        v  |
 *       failed   a write, fsync or rename failed (disk full, no permission, something else in the way)
 *
 * A holding of which only some files are selected is `partial` where another is complete: every selected file has its
 * name, and of the others there is nothing, not even a folder. `create` with other files, or with all, goes on from it.
 *
 * In every state the pieces in `have` are durable and served; a damaged or failed holding goes on with the rest.
 */

import type { ErrorCode } from '../base/error-codes.ts'
import type { PieceIndex, VersionId } from '../base/ids.ts'
import type { Chunks } from '../content/chunk-index.ts'
import type { Version } from '../content/version.ts'
import type { ReadonlyPieceSet } from './piece-set.ts'
import type { ReadAt } from './read-at.ts'
import type { ReadSums } from './read-clock.ts'
import type { RecordStore } from './records.ts'

/** Piece layers by index of the file, of the files longer than one piece: 32 bytes per piece, concatenated. */
export type PieceLayers = ReadonlyMap<number, Uint8Array>

/**
 * What tells cheaply whether a file is still the one that was hashed: its length, its modification time in
 * nanoseconds and its inode, as one opaque text.
 */
export type Fingerprint = string

/** A tree that was hashed in place and can be adopted. */
export interface HashedTree {
  readonly version: Version
  /** Absolute path of the file or folder, without symbolic links. */
  readonly source: string
  readonly layers: PieceLayers
  /** By index of the file; one for each file that is not empty and not a link. */
  readonly fingerprints: ReadonlyMap<number, Fingerprint>
}

export interface FetchTarget {
  readonly version: Version
  /**
   * A folder for a version of many files, which go directly under it. For a version of a single file its path,
   * or an existing folder to put it in under its own name; so a path that ends in a separator.
   */
  readonly destination: string
  /** The layers known so far; {@link Holding.setLayer} brings the others. */
  readonly layers: PieceLayers
  /**
   * Indexes of the files to fetch; absent for all. Files of the version that are whole there already, by an earlier
   * fetch, stay selected.
   */
  readonly selected?: ReadonlySet<number> | undefined
  readonly signal?: AbortSignal
}

export type HoldingState = 'fetching' | 'complete' | 'partial' | 'damaged' | 'failed'

export interface HoldingProblem {
  readonly code: ErrorCode
  readonly message: string
  /** The file or folder concerned. */
  readonly path: string
}

export type WriteOutcome =
  /** Verified, fsynced and indexed. */
  | { readonly outcome: 'durable' }
  /** The blocks do not hash to the piece: whoever sent them is at fault. Nothing was written. */
  | { readonly outcome: 'mismatch' }

export interface VerifyProgress {
  readonly checkedBytes: number
  readonly totalBytes: number
}

export interface VerifyOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: VerifyProgress) => void
}

export interface VerifyReport {
  /** Bytes that were read and hashed. */
  readonly checkedBytes: number
  /** Pieces that were held, or should be, and did not match. */
  readonly badPieces: readonly PieceIndex[]
  /** Paths, relative to the version, of files whose bytes differ. */
  readonly badFiles: readonly string[]
  /** Paths, relative to the version, of entries that are gone. */
  readonly missingFiles: readonly string[]
}

export interface SalvageReport {
  /** Pieces of files that were given up, and are claimed again. */
  readonly keptPieces: number
  /** Absolute paths where something stands that is not the version's and could not be made a part file. */
  readonly stuckFiles: readonly string[]
}

/** Called after `have`, `state` or `problem` changed. */
export type ChangeListener = (holding: Holding) => void

export interface Holding {
  /** Unique in the store, and never used again after the holding is forgotten. */
  readonly id: string
  readonly version: Version
  /** Absolute path of the file (single-file versions) or the folder that holds the version. */
  readonly root: string
  /** Whether it was published in place or fetched. The store never writes to, nor removes, a source. */
  readonly kind: 'source' | 'fetched'
  /** Indexes of the files that it is to hold; undefined when that is all of them. */
  readonly selected: ReadonlySet<number> | undefined
  /** The pieces that are durable and can be served. */
  readonly have: ReadonlyPieceSet
  readonly state: HoldingState
  readonly problem: HoldingProblem | undefined

  /**
   * Of a piece that is not in `have`: whether it was found damaged or gone. Absent where pieces go for no other reason:
   * a cache lets go of them.
   */
  isDamaged?(piece: PieceIndex): boolean

  /** Hash of a piece, or undefined while the layer of its file is unknown. */
  pieceHash(piece: PieceIndex): Uint8Array | undefined
  /** The piece layer of a file longer than one piece, if it is known. */
  layer(fileIndex: number): Uint8Array | undefined
  /** Takes a layer that the caller verified against the file's root. */
  setLayer(fileIndex: number, layer: Uint8Array): Promise<void>

  /**
   * Verifies a piece against its hash, writes it, and resolves once it is fsynced and indexed. `blocks` are the
   * piece's bytes in order, each but the last a multiple of a leaf long; their buffers stay untouched, and must,
   * until the promise settles or `onWritten` is called. The layer of the file must be known. Rejects with AppError (DISK_FULL,
   * STORAGE_FAILED, DEST_UNSAFE, CONTENT_CHANGED): then the piece is not claimed and may be written again.
   *
   * `onWritten` is called, if at all, when the bytes are verified and handed to the system, and the buffers are the
   * caller's again: making them durable may take long after. A store that needs them again then gives the piece up.
   */
  writePiece(piece: PieceIndex, blocks: readonly Uint8Array[], onWritten?: () => void): Promise<WriteOutcome>

  /**
   * Reads part of a piece in `have`, into `into` when given. Rejects with AppError CONTENT_CHANGED when the file
   * was changed, shortened or removed behind our back; then its pieces have left `have`.
   *
   * Where it lies in one file, that file is read by `readAt`, when given: it may do more in one go (read-at.ts).
   */
  read(range: ReadRange, into?: Uint8Array, readAt?: ReadAt): Promise<Uint8Array>
  /** Hashes of the leaves of a piece in `have`, concatenated, for answers to BEP 52 hash requests. */
  leafHashes(piece: PieceIndex): Promise<Uint8Array>

  /**
   * Reads and hashes all that is held, drops what does not match from `have` and takes back what does. Rejects
   * with the signal's reason when aborted.
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>

  /**
   * Claims a piece no more that was read and found not to be what it should. `mend` is for what was fetched: the other
   * pieces of its file stay, under the name of a part file, and are served. Without it, and where another file or name
   * is in the way of that, the whole file is given up.
   */
  disclaim(piece: PieceIndex, options: { readonly mend: boolean }): Promise<void>
  /**
   * For what was fetched: of each file that was given up and still lies there, claims the pieces that match, so that
   * only the others are fetched again. Such a file has no name of its own until it is whole.
   */
  salvage(signal?: AbortSignal): Promise<SalvageReport>
}

/** Whether all that is to be there is there. */
export function isWhole(state: HoldingState): boolean {
  return state === 'complete' || state === 'partial'
}

/** Whether all that is to be there was there once. */
export function wasWhole(state: HoldingState): boolean {
  return isWhole(state) || state === 'damaged'
}

export interface ReadRange {
  readonly piece: PieceIndex
  /** Offset in the piece. */
  readonly begin: number
  readonly length: number
}

/** Counters since the store was opened. */
export interface StoreStats {
  readonly hashedBytes: number
  readonly writtenBytes: number
  readonly readBytes: number
  /** Group commits, each one transaction. */
  readonly commits: number
  /** How long these took to be durable, all together. */
  readonly commitMs: number
  /** Of content, to give, to verify and to hash it: what was read in which time (read-clock.ts). */
  readonly timedReads: ReadSums
}

export interface EraseOptions {
  readonly source: 'keep' | 'remove'
  /** What to do where the folder is gone: it may have been removed, or be on a disk that is not mounted. */
  readonly missing: 'wait' | 'forget'
}

export type Erased =
  | { readonly outcome: 'erased'; readonly bytes: number }
  /** The folder is not there, and nothing was done. */
  | { readonly outcome: 'missing' }
  /** It was forgotten meanwhile: its whole files are removed by whoever did. */
  | { readonly outcome: 'gone' }

export interface CacheUsage {
  readonly limitBytes: number
  readonly usedBytes: number
  readonly pieces: number
  readonly versions: number
}

/** Pieces that were read through this device, and go again; its holdings are copies of nothing: piece-cache.ts. */
export interface ReadCache {
  /** Zero for no cache. */
  readonly limitBytes: number
  usage(): CacheUsage
  /** Zero for no cache; what is too much goes at once. AppError USAGE. */
  setLimit(bytes: number): Promise<void>
  holdings(): readonly Holding[]
  find(version: VersionId): Holding | undefined
  /** Where pieces of a version go. AppError DISK_FULL, STORAGE_FAILED. */
  take(version: Version, layers: PieceLayers): Holding
  /** Removes everything of a version, durably; answers how many bytes of it there were. AppError STORAGE_FAILED. */
  drop(version: VersionId): Promise<number>
  /** Called after pieces of a holding came or went. */
  onChange(listener: ChangeListener): () => void
}

export interface Store {
  readonly records: RecordStore
  /** Pieces that were read and are kept for a while, beside the holdings; absent where there is no disk for it. */
  readonly cache?: ReadCache

  /** All holdings, those of earlier runs included. */
  holdings(): readonly Holding[]

  /**
   * Opens a place to fetch a version into, or resumes the fetch that goes there already. Files of that place
   * that are the version's own, byte for byte, are taken over; anything else in the way rejects with
   * DEST_EXISTS before a single thing is written. Also DEST_UNSAFE, DISK_FULL, STORAGE_FAILED.
   */
  create(target: FetchTarget): Promise<Holding>
  /** Serves a hashed tree from where it is. A holding of the same version there is renewed. */
  adopt(tree: HashedTree): Promise<Holding>
  /**
   * Cuts a file of a holding into chunks by its content (content/chunking.ts), from `offset` on, where a chunk
   * begins: at least one chunk and at most what is read at a time. Undefined when the file is not there, as a whole.
   * What is cut is what lies there now, verified by nobody.
   */
  cutChunks(holding: Holding, fileIndex: number, offset: number): Promise<Chunks | undefined>
  /**
   * Drops a holding from the index. Whole files stay where they are, part files are removed. Nothing happens when it
   * was forgotten meanwhile.
   */
  forget(holding: Holding): Promise<void>

  /**
   * Deletes what the store wrote of a holding, and forgets it: whole files, part files, links, and folders that are
   * empty then; all of that durable. A file that another holding has at the same place stays. A source stays where it
   * is unless `source` says otherwise, and is forgotten. Rejects with DEST_UNSAFE and STORAGE_FAILED: then the holding is still
   * there, and it can be called again.
   */
  erase(holding: Holding, options: EraseOptions): Promise<Erased>

  /** Deletes the files of a version that was published at `root` and is not held any more; returns their bytes. */
  removeSource(version: Version, root: string): Promise<number>

  /** Leaves nothing in the databases of what was deleted or replaced in them, their free pages and WAL included. */
  scrub(): Promise<void>

  /** Registers for every change of any holding; the returned function ends it. */
  onChange(listener: ChangeListener): () => void
  stats(): StoreStats
  /** Waits for writes under way, then lets go of every file and thread. */
  close(): Promise<void>
}
