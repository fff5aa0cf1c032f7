/**
 * What the store knows of each file of a holding, and which pieces are claimed. The main thread's picture; the
 * index on disk follows it through the commit worker.
 *
 *     absent --first piece written--> part --last piece durable--> whole
 *        ^                             |  \--its name is taken--> unnamed --named--> whole
 *        +------- given up ------------+--------------------------------------------+
 *
 * A file is given up when it was changed, shortened or removed behind our back: its pieces are no longer claimed.
 * It gets a new HeldFile then, so that work under way, which kept the old one, sees that it is about the past.
 */

import { defined } from '../base/assert.ts'
import { HASH_BYTES } from '../content/hash.ts'
import type { Version, VersionFile } from '../content/version.ts'
import { type Place, placedFile } from './destination.ts'
import type { FileRow, PieceRun } from './index-database.ts'
import { PieceSet } from './piece-set.ts'
import { inodeOf, type PlacedFile, partOf } from './safe-files.ts'
import type { Fingerprint } from './store.ts'

export interface HeldFile {
  phase: 'absent' | 'part' | 'unnamed' | 'whole'
  /** Inode of the part file, once one was written. */
  inode: string | undefined
  /** Whether the index has a row for it. */
  indexed: boolean
  /** Set when whole, named or not. */
  fingerprint: Fingerprint | undefined
  /** When the fingerprint was last compared. */
  checkedAtMs: number
}

function absent(): HeldFile {
  return {
    phase: 'absent',
    inode: undefined,
    indexed: false,
    fingerprint: undefined,
    checkedAtMs: Number.NEGATIVE_INFINITY
  }
}

export class HeldFiles {
  readonly version: Version
  readonly place: Place
  readonly have: PieceSet
  /** The folder was gone at the start: the index may claim what is not claimed here. */
  isDetached = false
  readonly #files = new Map<number, HeldFile>()

  constructor(version: Version, place: Place) {
    this.version = version
    this.place = place
    this.have = new PieceSet(version.pieceCount)
  }

  entry(fileIndex: number): VersionFile {
    return defined(this.version.files[fileIndex], 'a file of the version')
  }

  get(fileIndex: number): HeldFile {
    let file = this.#files.get(fileIndex)
    if (file === undefined) {
      file = absent()
      this.#files.set(fileIndex, file)
    }
    return file
  }

  /** Indexes of the files that have bytes. */
  *withBytes(): Generator<number> {
    for (const [fileIndex, file] of this.version.files.entries()) if (file.bytes > 0) yield fileIndex
  }

  runOf(fileIndex: number): PieceRun {
    const { firstPiece, pieceCount } = this.entry(fileIndex)
    return { first: firstPiece, count: pieceCount }
  }

  /** Under its final name. */
  final(fileIndex: number): PlacedFile {
    return placedFile(this.version, this.place, fileIndex)
  }

  part(fileIndex: number): PlacedFile {
    return partOf(this.final(fileIndex))
  }

  /** Under the name that it has now. */
  current(fileIndex: number): PlacedFile {
    return this.get(fileIndex).phase === 'whole' ? this.final(fileIndex) : this.part(fileIndex)
  }

  pathOf(fileIndex: number): string {
    return this.entry(fileIndex).path.join('/')
  }

  /** Takes note of a row of the index whose file was found as the row says. */
  restore(row: FileRow, phase: 'part' | 'unnamed' | 'whole'): void {
    const file = this.get(row.file)
    file.phase = phase
    file.inode = row.inode
    file.indexed = true
    file.fingerprint = row.fingerprint
  }

  /** Claims every piece of a file that is whole under its final name; returns its row for the index. */
  takeWhole(fileIndex: number, fingerprint: Fingerprint, nowMs: number): FileRow {
    this.giveUp(fileIndex)
    const row: FileRow = { file: fileIndex, inode: inodeOf(fingerprint), fingerprint }
    this.restore(row, 'whole')
    this.get(fileIndex).checkedAtMs = nowMs
    const { first, count } = this.runOf(fileIndex)
    for (let piece = first; piece < first + count; piece++) this.have.add(piece)
    return row
  }

  /** Claims nothing of the file any more. */
  giveUp(fileIndex: number): void {
    this.#files.set(fileIndex, absent())
    const { first, count } = this.runOf(fileIndex)
    for (let piece = first; piece < first + count; piece++) this.have.delete(piece)
  }

  /** Bytes that are still to be fetched. */
  missingBytes(): number {
    const { version, have } = this
    let missing = 0
    for (const fileIndex of this.withBytes()) {
      const { bytes, firstPiece, pieceCount } = this.entry(fileIndex)
      const held = have.countIn(firstPiece, pieceCount)
      if (held === 0) missing += bytes
      else if (held < pieceCount) missing += (pieceCount - held) * version.pieceBytes
    }
    return missing
  }
}

/** Hash number `index` of concatenated hashes. */
export function hashAt(hashes: Uint8Array, index: number): Uint8Array {
  return hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
}
