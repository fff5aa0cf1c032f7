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
import { idBytes } from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import type { PieceSpan, Version, VersionFile } from '../content/version.ts'
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
  #selected: ReadonlySet<number> | undefined
  /** Pieces of selected files that are not claimed. */
  #missingCount: number

  constructor(version: Version, place: Place, selected?: ReadonlySet<number>) {
    this.version = version
    this.place = place
    this.have = new PieceSet(version.pieceCount)
    this.#selected = selected
    this.#missingCount = this.#countMissing()
  }

  /** The files that are to be here; undefined when that is all of them. */
  get selected(): ReadonlySet<number> | undefined {
    return this.#selected
  }

  select(selected: ReadonlySet<number> | undefined): void {
    this.#selected = selected
    this.#missingCount = this.#countMissing()
  }

  isSelected(fileIndex: number): boolean {
    return this.#selected?.has(fileIndex) ?? true
  }

  /** Every piece of every selected file is claimed. */
  get isDone(): boolean {
    return this.#missingCount === 0
  }

  /** And every selected file has its name. */
  get isNamed(): boolean {
    if (!this.isDone) return false
    for (const fileIndex of this.withBytes())
      if (this.isSelected(fileIndex) && this.get(fileIndex).phase !== 'whole') return false
    return true
  }

  #countMissing(): number {
    let missing = 0
    for (const fileIndex of this.withBytes()) {
      const { first, count } = this.runOf(fileIndex)
      if (this.isSelected(fileIndex)) missing += count - this.have.countIn(first, count)
    }
    return missing
  }

  /** Claims a piece of a file. */
  claim(fileIndex: number, piece: number): void {
    if (this.have.add(piece) && this.isSelected(fileIndex)) this.#missingCount--
  }

  unclaim(fileIndex: number, piece: number): void {
    if (this.have.delete(piece) && this.isSelected(fileIndex)) this.#missingCount++
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
    for (let piece = first; piece < first + count; piece++) this.claim(fileIndex, piece)
    return row
  }

  /** Claims nothing of the file any more. */
  giveUp(fileIndex: number): void {
    this.#files.set(fileIndex, absent())
    const { first, count } = this.runOf(fileIndex)
    for (let piece = first; piece < first + count; piece++) this.unclaim(fileIndex, piece)
  }

  /** Bytes of the selected files that are still to be fetched; of those of another selection when one is given. */
  missingBytes(selected = this.#selected): number {
    const { version, have } = this
    let missing = 0
    for (const fileIndex of this.withBytes()) {
      if (selected?.has(fileIndex) === false) continue
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

/** The form on disk: null for all files. */
export function selectionBytes(
  version: Version,
  selected: ReadonlySet<number> | undefined
): Uint8Array | null {
  if (selected === undefined) return null
  const files = new PieceSet(version.files.length)
  for (const fileIndex of selected) files.add(fileIndex)
  return files.toBytes()
}

export function selectionOf(version: Version, bytes: Uint8Array | undefined): Set<number> | undefined {
  if (bytes === undefined) return undefined
  const files = defined(PieceSet.fromBytes(bytes, version.files.length), 'a bitmap of files')
  return new Set([...version.files.keys()].filter(fileIndex => files.has(fileIndex)))
}

/** The hash of a piece: the root of a file of one piece, else from the layer of its file, where that is known. */
export function pieceHashOf(
  { file, fileIndex, pieceOfFile }: PieceSpan,
  layers: ReadonlyMap<number, Uint8Array>
): Uint8Array | undefined {
  if (file.pieceCount === 1) return idBytes(defined(file.root, 'the root of a file with bytes'))
  const layer = layers.get(fileIndex)
  return layer === undefined ? undefined : hashAt(layer, pieceOfFile)
}
