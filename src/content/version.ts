/**
 * A version: an immutable tree of files, which is one BitTorrent v2 info dictionary (BEP 52).
 *
 * Invariants of a `Version` (established by the info dictionary's decoder and encoder, assumed elsewhere):
 * - `files` are in the order of the file tree (bytewise by path), with safe, distinct paths;
 * - pieces are numbered through all files in that order, and no piece spans two files: the last piece of a
 *   file is as short as the file demands, an empty file has none;
 * - `pieceBytes` is a power of two, at least one leaf.
 */

import { assert, defined } from '../base/assert.ts'
import type { PieceIndex, PiecesRoot, VersionId } from '../base/ids.ts'

export interface VersionFile {
  /** Components relative to the root of the version. */
  readonly path: readonly string[]
  readonly bytes: number
  /** Undefined exactly when the file is empty (BEP 52). */
  readonly root: PiecesRoot | undefined
  /** The executable bit, BEP 47 `attr` x. */
  readonly executable: boolean
  /** BEP 47 `symlink path`: components relative to the root of the version; such an entry has no bytes. */
  readonly symlink: readonly string[] | undefined
  readonly firstPiece: PieceIndex
  readonly pieceCount: number
}

export interface Version {
  readonly id: VersionId
  /** The bencoded info dictionary, whose SHA-256 is `id`. */
  readonly infoBytes: Uint8Array
  /** BEP 52 `name`: what a person called the file or folder. */
  readonly name: string
  /** True when the version is one file that is not inside a folder. */
  readonly isSingleFile: boolean
  readonly pieceBytes: number
  readonly files: readonly VersionFile[]
  readonly pieceCount: number
  readonly totalBytes: number
}

export interface PieceSpan {
  readonly fileIndex: number
  readonly file: VersionFile
  /** Position of the piece among the pieces of its file. */
  readonly pieceOfFile: number
  /** Byte offset of the piece in its file. */
  readonly offset: number
  readonly bytes: number
}

/** Locates a piece by binary search over the files; `index` must be below `version.pieceCount`. */
export function pieceSpan(version: Version, index: PieceIndex): PieceSpan {
  assert(index < version.pieceCount, `piece ${index} is below ${version.pieceCount}`)
  let low = 0
  let high = version.files.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (defined(version.files[middle], 'file').firstPiece <= index) low = middle
    else high = middle - 1
  }
  // Empty files share their firstPiece with the file after them; the last one found owns the piece.
  const file = defined(version.files[low], 'file')
  const pieceOfFile = index - file.firstPiece
  assert(pieceOfFile < file.pieceCount, `piece ${index} lies in file ${low}`)
  const offset = pieceOfFile * version.pieceBytes
  return {
    fileIndex: low,
    file,
    pieceOfFile,
    offset,
    bytes: Math.min(version.pieceBytes, file.bytes - offset)
  }
}

/** Length of a piece in bytes. */
export function pieceLength(version: Version, index: PieceIndex): number {
  return pieceSpan(version, index).bytes
}
