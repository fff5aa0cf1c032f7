/**
 * A range of a file of a version, from whatever holds its pieces here. Each piece is read as a whole and held against
 * its hash before a byte of it is given: who reads over HTTP can not do so. So at most one piece is in memory.
 */

import { AppError } from '../../base/errors.ts'
import { type PieceIndex, pieceIndex } from '../../base/ids.ts'
import type { Version, VersionFile } from '../../content/version.ts'
import type { Holding } from '../../store/store.ts'
import { soundPiece } from '../storage/piece-check.ts'
import type { FileRange } from './content-terms.ts'

export interface HeldVersion {
  readonly version: Version
  /** Asked anew for each piece: holdings come and go. */
  readonly holdings: () => readonly Holding[]
}

/** The pieces of the version that a range of a file lies in, as first and one past the last. */
export function piecesOfRange(
  { pieceBytes }: Version,
  { firstPiece }: VersionFile,
  { offset, bytes }: FileRange
): { readonly first: number; readonly end: number } {
  const first = firstPiece + Math.floor(offset / pieceBytes)
  return { first, end: bytes === 0 ? first : firstPiece + Math.ceil((offset + bytes) / pieceBytes) }
}

/** Whether every piece of a range is held here by one or another. */
export function isRangeHeld(held: HeldVersion, file: VersionFile, range: FileRange): boolean {
  const { first, end } = piecesOfRange(held.version, file, range)
  const holdings = held.holdings()
  for (let piece = first; piece < end; piece++)
    if (!holdings.some(({ have }) => have.has(pieceIndex(piece)))) return false
  return true
}

/** The bytes of a range, a piece at a time. AppError CONTENT_CHANGED when a piece is not here any more as it was. */
export async function* verifiedBytes(
  held: HeldVersion,
  file: VersionFile,
  range: FileRange
): AsyncGenerator<Uint8Array, void, undefined> {
  const { pieceBytes } = held.version
  const { first, end } = piecesOfRange(held.version, file, range)
  for (let index = first; index < end; index++) {
    const begin = (index - file.firstPiece) * pieceBytes
    const bytes = await verifiedPiece(held, pieceIndex(index))
    yield bytes.subarray(Math.max(0, range.offset - begin), range.offset + range.bytes - begin)
  }
}

async function verifiedPiece({ version, holdings }: HeldVersion, piece: PieceIndex): Promise<Uint8Array> {
  let failure: AppError | undefined
  for (const holding of holdings()) {
    if (!holding.have.has(piece)) continue
    try {
      const bytes = await soundPiece(holding, piece)
      if (bytes !== undefined) return bytes
      failure = changed(piece, holding.root)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      failure = thrown
    }
  }
  throw failure ?? changed(piece, version.name)
}

function changed(piece: number, place: string): AppError {
  const message = `piece ${piece} of ${place} is not here any more as it was published: peerage verify tells more`
  return new AppError('CONTENT_CHANGED', message, { details: { piece } })
}
