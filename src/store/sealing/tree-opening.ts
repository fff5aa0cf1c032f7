/**
 * Opens the objects of a version into plain files, the other way round of tree-sealing.ts. What is written goes
 * through the store like a fetch: verified against the roots of the manifest, fsynced piece by piece, in part files
 * that get their names when they are whole, resumed after a crash, and never over or through what is not its own. The
 * store holds the plain version only while it is being written: nobody is served it.
 *
 * Files longer than a piece are opened twice: the manifest has their roots and not the hashes of their pieces.
 */

import { createHash } from 'node:crypto'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { assert, defined } from '../../base/assert.ts'
import { AppError } from '../../base/errors.ts'
import { idBytes, pieceIndex } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { HASH_BYTES } from '../../content/hash.ts'
import { encodeInfo } from '../../content/info.ts'
import { LEAF_BYTES, pieceLayerMatches, pieceLeafWidth, pieceRootOfLeaves } from '../../content/merkle.ts'
import { pieceBytesFor } from '../../content/piece-length.ts'
import { decodeManifest, type Manifest, type ManifestEntry } from '../../content/sealing/manifest.ts'
import { openPayload } from '../../content/sealing/payload.ts'
import type { Version, VersionFile } from '../../content/version.ts'
import { appErrorOf, failureOf } from '../failure.ts'
import { openInside, READ_FLAGS } from '../safe-files.ts'
import { sha256 } from '../sha256.ts'
import { type Holding, isWhole, type Store } from '../store.ts'
import { fileBytes, type OpenedFile, readFull } from './file-parts.ts'
import { openFile } from './object-opening.ts'
import { aead, hkdf } from './openssl-ciphers.ts'

/** Plaintext that is opened at a time, unless a piece is longer. */
const WINDOW_BYTES = MIB
/** Windows that wait for the disk. */
const WINDOWS_MAX = 4
/** That of a manifest at its longest, padded and with its tags. */
export const MANIFEST_OBJECT_BYTES_MAX = 80 * MIB

/**
 * Reads the manifest of a folder of objects. AppError SEALED_INVALID, BENCODE_INVALID, PATH_UNSAFE, STORAGE_FAILED.
 */
export async function readManifest(folder: string, name: string, fileKey: Uint8Array): Promise<Manifest> {
  const fd = openObject(folder, name)
  try {
    const file = { fd, name }
    const bytes = await fileBytes(file)
    if (bytes > MANIFEST_OBJECT_BYTES_MAX) throw invalid(name, `it has ${bytes} B, more than any manifest`)
    const object = new Uint8Array(bytes)
    await readFull(file, object, 0)
    return openManifest(name, object, fileKey)
  } finally {
    closeSync(fd)
  }
}

/** The same of an object that was read: SEALED_INVALID, BENCODE_INVALID, PATH_UNSAFE. */
export function openManifest(name: string, object: Uint8Array, fileKey: Uint8Array): Manifest {
  const opened = openPayload(object, fileKey, { hkdf, aead })
  if (opened.plaintext === undefined) throw invalid(name, `its ${opened.fault} is wrong`)
  return decodeManifest(opened.plaintext)
}

/** The version that was sealed, as its publisher would have published it plainly. */
export function plainVersionOf({ name, isSingleFile, entries }: Manifest): Version {
  const totalBytes = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  const files = entries.map(({ object: _, ...entry }) => entry)
  return encodeInfo({ name, isSingleFile, pieceBytes: pieceBytesFor(totalBytes), files }, sha256)
}

export interface TreeOpening {
  readonly store: Store
  readonly manifest: Manifest
  readonly version: Version
  /** Where the objects lie, those of the selected files at least. */
  readonly folder: string
  readonly destination: string
  /** Indexes of the files of the plain version; undefined for all. */
  readonly selected: ReadonlySet<number> | undefined
  readonly signal: AbortSignal
}

/** Throws AppError as Store.create and Holding.writePiece do, and SEALED_INVALID; and the signal's reason. */
export async function openTree(opening: TreeOpening): Promise<void> {
  const { store, version, destination, selected, signal, manifest } = opening
  const holding = await store.create({ version, destination, layers: new Map(), selected, signal })
  const entries = new Map(manifest.entries.map(entry => [entry.path.join('/'), entry]))
  for (const [fileIndex, file] of version.files.entries()) {
    signal.throwIfAborted()
    if (file.bytes === 0 || (selected !== undefined && !selected.has(fileIndex))) continue
    const entry = defined(entries.get(file.path.join('/')), 'an entry of the manifest')
    await openOne(opening, { holding, fileIndex, file, entry })
  }
  await becomesWhole(store, holding, signal)
  await store.forget(holding)
}

interface OneFile {
  readonly holding: Holding
  readonly fileIndex: number
  readonly file: VersionFile
  readonly entry: ManifestEntry
}

async function openOne({ folder, version, signal }: TreeOpening, one: OneFile): Promise<void> {
  const { holding, fileIndex, file, entry } = one
  const pieces = Array.from({ length: file.pieceCount }, (_, at) => at)
  const lacking = pieces.filter(at => !holding.have.has(pieceIndex(file.firstPiece + at)))
  if (lacking.length === 0) return
  const { name, fileKey } = defined(entry.object, 'the object of a file')
  const fd = openObject(folder, name)
  try {
    const object = { fd, name }
    const { pieceBytes } = version
    if (file.pieceCount > 1 && holding.layer(fileIndex) === undefined) {
      const layer = await layerOf(object, { file, fileKey, pieceBytes, signal })
      const root = idBytes(defined(file.root, 'the root of a file with bytes'))
      if (!pieceLayerMatches(layer, { root, fileBytes: file.bytes, pieceBytes, sha256 }))
        throw invalid(name, 'what it holds is not what its manifest says')
      await holding.setLayer(fileIndex, layer)
    }
    await writePieces(object, { ...one, fileKey, lacking: new Set(lacking), pieceBytes, signal })
  } finally {
    closeSync(fd)
  }
}

/** The hashes of the pieces of what an object holds. */
async function layerOf(
  object: OpenedFile,
  {
    file,
    fileKey,
    pieceBytes,
    signal
  }: { file: VersionFile; fileKey: Uint8Array; pieceBytes: number; signal: AbortSignal }
): Promise<Uint8Array> {
  const layer = new Uint8Array(file.pieceCount * HASH_BYTES)
  const leavesOfPiece = pieceBytes / LEAF_BYTES
  const width = pieceLeafWidth(file.bytes, pieceBytes)
  let leaves = new Uint8Array(leavesOfPiece * HASH_BYTES)
  let leafCount = 0
  let piece = 0
  const endPiece = () => {
    layer.set(
      pieceRootOfLeaves(leaves.subarray(0, leafCount * HASH_BYTES), width, sha256),
      piece * HASH_BYTES
    )
    leaves = new Uint8Array(leavesOfPiece * HASH_BYTES)
    leafCount = 0
    piece++
  }
  await openFile({
    ...{ object, plaintextBytes: file.bytes, fileKey, signal },
    sink: async parts => {
      // Chunks are whole leaves, but for the last.
      for (const part of parts)
        for (let at = 0; at < part.length; at += LEAF_BYTES) {
          const leaf = createHash('sha256')
            .update(part.subarray(at, at + LEAF_BYTES))
            .digest()
          leaves.set(leaf, leafCount++ * HASH_BYTES)
          if (leafCount === leavesOfPiece) endPiece()
        }
    }
  })
  if (leafCount > 0) endPiece()
  assert(piece === file.pieceCount, 'every piece was hashed')
  return layer
}

async function writePieces(
  object: OpenedFile,
  {
    holding,
    file,
    fileKey,
    lacking,
    pieceBytes,
    signal
  }: OneFile & {
    readonly fileKey: Uint8Array
    readonly lacking: ReadonlySet<number>
    readonly pieceBytes: number
    readonly signal: AbortSignal
  }
): Promise<void> {
  const windowBytes = Math.max(pieceBytes, WINDOW_BYTES)
  const piecesOfWindow = windowBytes / pieceBytes
  const underWay: Promise<void>[] = []
  try {
    for (let first = 0; first < file.pieceCount; first += piecesOfWindow) {
      const pieces = [...lacking].filter(at => at >= first && at < first + piecesOfWindow)
      if (pieces.length === 0) continue
      signal.throwIfAborted()
      const offset = first * pieceBytes
      const window = new Uint8Array(Math.min(windowBytes, file.bytes - offset))
      await openFile({
        ...{ object, plaintextBytes: file.bytes, fileKey, signal },
        range: { offset, bytes: window.length },
        sink: async (parts, from) => {
          let at = from - offset
          for (const part of parts) {
            window.set(part, at)
            at += part.length
          }
        }
      })
      const writes = pieces.map(at => {
        const start = (at - first) * pieceBytes
        return writeOne(holding, file.firstPiece + at, {
          bytes: window.subarray(start, Math.min(start + pieceBytes, window.length)),
          name: object.name
        })
      })
      const written = Promise.all(writes).then(() => undefined)
      written.catch(() => undefined) // it is awaited below
      underWay.push(written)
      if (underWay.length >= WINDOWS_MAX) await underWay.shift()
    }
    while (underWay.length > 0) await underWay.shift()
  } finally {
    await Promise.allSettled(underWay)
  }
}

async function writeOne(
  holding: Holding,
  piece: number,
  { bytes, name }: { readonly bytes: Uint8Array; readonly name: string }
): Promise<void> {
  const { outcome } = await holding.writePiece(pieceIndex(piece), [bytes])
  if (outcome === 'mismatch') throw invalid(name, 'what it holds is not what its manifest says')
}

/** Every file has its name. */
async function becomesWhole(store: Store, holding: Holding, signal: AbortSignal): Promise<void> {
  if (isWhole(holding.state)) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = () => {
    const { problem, state } = holding
    if (isWhole(state)) resolve()
    else if (state === 'failed' && problem !== undefined)
      reject(new AppError(problem.code, problem.message, { details: { path: problem.path } }))
  }
  const end = store.onChange(changed => changed === holding && look())
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    look()
    await promise
  } finally {
    signal.removeEventListener('abort', onAbort)
    end()
  }
}

/** Throws AppError DEST_UNSAFE, STORAGE_FAILED. */
function openObject(folder: string, name: string): number {
  try {
    return openInside({ base: folder, path: name }, READ_FLAGS)
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    throw appErrorOf(failureOf('read', join(folder, name), thrown), thrown)
  }
}

function invalid(object: string, reason: string): AppError {
  const message = `can not open the object ${object}: ${reason}; fetch it again, or have it published anew`
  return new AppError('SEALED_INVALID', message, { details: { object, reason } })
}
