/** Turns a file or folder into a version, hashed where it is: scan, hash on all cores, then the info dictionary. */

import { dirname, join } from 'node:path'
import { defined } from '../base/assert.ts'
import { AppError } from '../base/errors.ts'
import { type PiecesRoot, piecesRootFromBytes } from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { encodeInfo } from '../content/info.ts'
import { fileRootOfPieceLayer } from '../content/merkle.ts'
import { pieceBytesFor } from '../content/piece-length.ts'
import { appErrorOf } from './failure.ts'
import type { HashPool } from './hash-pool.ts'
import { type GuardedFiles, locationOf, type ScannedTree, scanTree } from './publish-scan.ts'
import { type FileToHash, type HashedFile, hashFiles } from './range-hashing.ts'
import { sha256 } from './sha256.ts'
import type { Fingerprint, HashedTree } from './store.ts'

export interface PublishProgress {
  readonly phase: 'scanning' | 'hashing'
  readonly filesDone: number
  /** Null while scanning. */
  readonly filesTotal: number | null
  readonly bytesDone: number
  /** Null while scanning. */
  readonly bytesTotal: number | null
}

export interface PublishOptions {
  readonly pool: HashPool
  readonly guarded?: GuardedFiles
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: PublishProgress) => void
}

/** What remains of a hashed file: of one piece, only the root. */
interface Hashed {
  readonly root: PiecesRoot
  readonly layer: Uint8Array | undefined
  readonly fingerprint: Fingerprint
}

function checkHashed(path: string, hashed: HashedFile): Extract<HashedFile, { outcome: 'hashed' }> {
  if (hashed.outcome === 'hashed') return hashed
  if (hashed.outcome === 'failed') throw appErrorOf(hashed.failure)
  const what = hashed.outcome === 'missing' ? 'was removed' : 'was changed'
  throw new AppError(
    'CONTENT_CHANGED',
    `can not publish ${path}: it ${what} while it was hashed; publish again when nothing writes to it`,
    { details: { path } }
  )
}

/** Hashes all files with bytes; the result is by position in the scanned tree. */
async function hashAll(
  tree: ScannedTree,
  pieceBytes: number,
  options: PublishOptions
): Promise<Map<number, Hashed>> {
  const { pool, signal, onProgress } = options
  const hashedFiles = new Map<number, Hashed>()
  let bytesDone = 0
  let filesDone = 0
  const report = () =>
    onProgress?.({
      phase: 'hashing',
      filesDone,
      filesTotal: tree.files.length,
      bytesDone,
      bytesTotal: tree.totalBytes
    })
  report()
  function* files(): Generator<FileToHash> {
    for (const [key, file] of tree.files.entries())
      if (file.bytes > 0) yield { key, path: locationOf(tree, file).path, bytes: file.bytes }
      else filesDone++
  }
  const base = tree.isSingleFile ? dirname(tree.source) : tree.source
  await hashFiles(
    { pool, base, pieceBytes, signal },
    files(),
    (file, hashed) => {
      const { pieceHashes, fingerprint } = checkHashed(join(base, file.path), hashed)
      const root = fileRootOfPieceLayer(pieceHashes, { fileBytes: file.bytes, pieceBytes, sha256 })
      const layer = pieceHashes.length > HASH_BYTES ? pieceHashes : undefined
      hashedFiles.set(file.key, { root: piecesRootFromBytes(root), layer, fingerprint })
      filesDone++
    },
    bytes => {
      bytesDone += bytes
      report()
    }
  )
  report()
  return hashedFiles
}

/**
 * Hashes what is at `path`; nothing is copied or written. Throws AppError SOURCE_MISSING, SOURCE_EMPTY,
 * SOURCE_UNSUPPORTED, PATH_UNSAFE, STORAGE_FAILED, or CONTENT_CHANGED for a file that changes meanwhile.
 */
export async function hashTree(path: string, options: PublishOptions): Promise<HashedTree> {
  const { onProgress } = options
  const tree = await scanTree(path, {
    pool: options.pool,
    guarded: options.guarded,
    signal: options.signal,
    onProgress: ({ files, bytes }) =>
      onProgress?.({
        phase: 'scanning',
        filesDone: files,
        filesTotal: null,
        bytesDone: bytes,
        bytesTotal: null
      })
  })
  const pieceBytes = pieceBytesFor(tree.totalBytes)
  const hashedFiles = await hashAll(tree, pieceBytes, options)
  const byPath = new Map<string, Hashed>()
  const entries = tree.files.map((file, position) => {
    const hashed = hashedFiles.get(position)
    if (hashed !== undefined) byPath.set(file.path.join('/'), hashed)
    return { ...file, root: hashed?.root }
  })
  const { name, isSingleFile } = tree
  const version = encodeInfo({ name, isSingleFile, pieceBytes, files: entries }, sha256)
  const layers = new Map<number, Uint8Array>()
  const fingerprints = new Map<number, Fingerprint>()
  for (const [fileIndex, file] of version.files.entries()) {
    if (file.bytes === 0) continue
    const hashed = defined(byPath.get(file.path.join('/')), 'a hashed file')
    fingerprints.set(fileIndex, hashed.fingerprint)
    if (hashed.layer !== undefined) layers.set(fileIndex, hashed.layer)
  }
  // A folder that holds one file of the folder's own name is that file alone (content/info.ts).
  const isFileInside = version.isSingleFile && !tree.isSingleFile
  return { version, source: isFileInside ? join(tree.source, name) : tree.source, layers, fingerprints }
}
