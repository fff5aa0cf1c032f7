/** Which files and pieces of a version a holding is to have, in numbers. */

import { pieceIndex } from '../../base/ids.ts'
import { pieceLength, type Version } from '../../content/version.ts'
import type { Holding } from '../../store/store.ts'
import { Bitfield } from '../../swarm/bitfield.ts'

export interface FileSums {
  readonly files: number
  readonly bytes: number
  readonly pieces: number
}

/** Of the selected files; of all of them when `selected` is undefined. */
export function sumsOf(version: Version, selected: ReadonlySet<number> | undefined): FileSums {
  const { files, totalBytes: bytes, pieceCount: pieces } = version
  if (selected === undefined) return { files: files.length, bytes, pieces }
  const sums = { files: selected.size, bytes: 0, pieces: 0 }
  for (const fileIndex of selected) {
    sums.bytes += files[fileIndex]?.bytes ?? 0
    sums.pieces += files[fileIndex]?.pieceCount ?? 0
  }
  return sums
}

/** The same for a holding; null when it is to have everything. */
export function selectedSums(holding: Holding): { readonly files: number; readonly bytes: number } | null {
  if (holding.selected === undefined) return null
  const { files, bytes } = sumsOf(holding.version, holding.selected)
  return { files, bytes }
}

/** Undefined when that is all of them. */
export function piecesOfFiles(
  version: Version,
  selected: ReadonlySet<number> | undefined
): Bitfield | undefined {
  if (selected === undefined) return undefined
  const pieces = new Bitfield(version.pieceCount)
  for (const fileIndex of selected) {
    const { firstPiece = 0, pieceCount = 0 } = version.files[fileIndex] ?? {}
    for (let piece: number = firstPiece; piece < firstPiece + pieceCount; piece++) pieces.add(piece)
  }
  return pieces
}

/** Durable bytes of the files that a holding is to have. */
export function haveBytesOf(holding: Holding | undefined): number {
  if (holding === undefined) return 0
  const { version, have } = holding
  if (have.size === version.pieceCount) return version.totalBytes
  const wanted = piecesOfFiles(version, holding.selected) ?? Bitfield.full(version.pieceCount)
  let bytes = 0
  wanted.each(piece => {
    if (have.has(piece)) bytes += pieceLength(version, pieceIndex(piece))
  })
  return bytes
}
