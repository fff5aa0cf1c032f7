/**
 * How a version is kept as shares: k+m versions of their own, the files of which are
 *
 *     000000, 000001, ...   the share of each cut of the version
 *     shares                the record of the code, and the roots of those files in all shares
 *     version.torrent       what the version is, with the piece layers of its files
 *
 * So a share is fetched, verified, proved and counted like any other version, says itself what it is a share of, and
 * whoever has one share knows what all others are. docs/protocol-erasure.md is normative.
 *
 * A *cut* is what is coded as one object: a large file is one by itself, so that the share of a file that stays as it
 * is stays as it is too in the next version; the files between two large ones are one together, so that small ones cost
 * no padding each. Which files are large follows from the version and k alone.
 */

import { assert, defined } from '../../base/assert.ts'
import { concatBytes } from '../../base/bytes.ts'
import { idBytes, type PiecesRoot, piecesRootFromBytes } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { HASH_BYTES } from '../hash.ts'
import type { Version, VersionFile } from '../version.ts'
import { shareBytes } from './share-layout.ts'
import {
  decodeSharedObject,
  encodeSharedObject,
  SHARED_OBJECT_RECORD_BYTES,
  type SharedObject,
  type ShareScheme
} from './share-scheme.ts'

export const INDEX_FILE = 'shares'
export const TORRENT_FILE = 'version.torrent'
/** A file of so many bytes for each data share is a cut of its own, */
const LARGE_BYTES_PER_SHARE = MIB
/** unless that gave more of them than this. */
const LARGE_FILES_MAX = 1024
export const CUTS_MAX = 2 * LARGE_FILES_MAX + 1

export interface Cut {
  readonly object: SharedObject
  /** The files of the version in it, in their order. */
  readonly firstFile: number
  readonly endFile: number
}

/** What a version is cut into, in the order of its files; nothing where it has no bytes. */
export function cutsOf(version: Pick<Version, 'files' | 'totalBytes'>, scheme: ShareScheme): Cut[] {
  const largeBytes = Math.max(
    scheme.dataShares * LARGE_BYTES_PER_SHARE,
    Math.ceil(version.totalBytes / LARGE_FILES_MAX)
  )
  const cuts: Cut[] = []
  let open: { firstFile: number; bytes: number } | undefined
  const close = (endFile: number): void => {
    if (open !== undefined && open.bytes > 0)
      cuts.push({ object: { ...scheme, objectBytes: open.bytes }, firstFile: open.firstFile, endFile })
    open = undefined
  }
  for (const [index, { bytes }] of version.files.entries()) {
    const isLarge = bytes >= largeBytes
    if (isLarge) close(index)
    open ??= { firstFile: index, bytes: 0 }
    open.bytes += bytes
    if (isLarge) close(index + 1)
  }
  close(version.files.length)
  assert(cuts.length <= CUTS_MAX, 'there are as many cuts as there may be')
  return cuts
}

/** How the folder of a share is called, and with it the version that it is. */
export function shareName(share: number): string {
  return `share-${String(share).padStart(2, '0')}`
}

export function cutFileName(cut: number): string {
  return String(cut).padStart(6, '0')
}

/** Of one share, without the files beside the cuts. */
export function cutsBytes(cuts: readonly Cut[]): number {
  return cuts.reduce((sum, { object }) => sum + shareBytes(object), 0)
}

/** Where the bytes of files lie in the cuts. */
export class CutMap {
  readonly #places = new Map<number, { readonly cut: number; readonly offset: number }>()

  constructor(files: readonly Pick<VersionFile, 'bytes'>[], cuts: readonly Cut[]) {
    for (const [cut, { firstFile, endFile }] of cuts.entries()) {
      let offset = 0
      for (let file = firstFile; file < endFile; file++) {
        this.#places.set(file, { cut, offset })
        offset += defined(files[file], 'a file of the cut').bytes
      }
    }
  }

  /** Of a file that has bytes. */
  of(file: number): { readonly cut: number; readonly offset: number } {
    return defined(this.#places.get(file), 'a file with bytes is in a cut')
  }
}

export interface SharesIndex {
  readonly scheme: ShareScheme
  readonly versionBytes: number
  /** By share, then by cut. */
  readonly roots: readonly (readonly PiecesRoot[])[]
}

/** The record of docs/protocol-erasure.md for the version as a whole, and 32 bytes for each share and cut. */
export function encodeSharesIndex({ scheme, versionBytes, roots }: SharesIndex): Uint8Array {
  assert(roots.length === scheme.dataShares + scheme.parityShares, 'all shares are named')
  const record = encodeSharedObject({ ...scheme, objectBytes: versionBytes })
  return concatBytes([record, ...roots.flatMap(ofShare => ofShare.map(root => idBytes(root)))])
}

/** A text says what is wrong with the bytes. */
export function decodeSharesIndex(bytes: Uint8Array): SharesIndex | string {
  const record = decodeSharedObject(bytes.subarray(0, SHARED_OBJECT_RECORD_BYTES))
  if (typeof record === 'string') return record
  const { objectBytes, ...scheme } = record
  const shares = scheme.dataShares + scheme.parityShares
  const cuts = (bytes.length - SHARED_OBJECT_RECORD_BYTES) / (shares * HASH_BYTES)
  if (!Number.isInteger(cuts) || cuts > CUTS_MAX)
    return `${bytes.length} B, which are the roots of no number of cuts up to ${CUTS_MAX}`
  const rootAt = (at: number): PiecesRoot => {
    const offset = SHARED_OBJECT_RECORD_BYTES + at * HASH_BYTES
    return piecesRootFromBytes(bytes.slice(offset, offset + HASH_BYTES))
  }
  const roots = Array.from({ length: shares }, (_, share) =>
    Array.from({ length: cuts }, (__, cut) => rootAt(share * cuts + cut))
  )
  return { scheme, versionBytes: objectBytes, roots }
}

export const INDEX_BYTES_MAX = SHARED_OBJECT_RECORD_BYTES + 32 * CUTS_MAX * HASH_BYTES
