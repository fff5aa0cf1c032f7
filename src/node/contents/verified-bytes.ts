/**
 * A range of a file of a version, from whatever holds its pieces here, or comes to hold them while it is read. Each
 * piece is read as a whole and held against its hash before a byte of it is given: who reads over HTTP can not do so.
 * So at most two pieces are in memory: while one goes the next is verified, on another thread.
 */

import { AppError } from '../../base/errors.ts'
import { type PieceIndex, pieceIndex } from '../../base/ids.ts'
import type { Version, VersionFile } from '../../content/version.ts'
import type { Holding } from '../../store/store.ts'
import { type PieceVerifier, soundPiece } from '../storage/piece-check.ts'
import type { PieceReader } from './content-fetcher.ts'
import type { FileRange } from './content-terms.ts'

/** How often a piece is fetched that goes again before it is read. */
const ATTEMPTS_MAX = 3

export interface HeldVersion {
  readonly version: Version
  /** Asked anew for each piece: holdings come and go. */
  readonly holdings: () => readonly Holding[]
  /** Fetches pieces that are not here; absent where that is not done. */
  readonly reader?: ((pieces: PieceRun) => PieceReader | undefined) | undefined
  /** Where pieces are verified; absent for this thread. */
  readonly pool?: PieceVerifier | undefined
}

/** The pieces of the version that a range lies in, as first and one past the last. */
export interface PieceRun {
  readonly first: number
  readonly end: number
}

export function piecesOfRange(
  { pieceBytes }: Version,
  { firstPiece }: VersionFile,
  { offset, bytes }: FileRange
): PieceRun {
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

/**
 * The bytes of a range, a piece at a time. AppError CONTENT_CHANGED when a piece is not here any more as it was, and
 * where pieces are fetched what their reader fails with.
 */
export async function* verifiedBytes(
  held: HeldVersion,
  file: VersionFile,
  range: FileRange
): AsyncGenerator<Uint8Array, void, undefined> {
  const { pieceBytes } = held.version
  const { first, end } = piecesOfRange(held.version, file, range)
  const reader = held.reader?.({ first, end })
  const get = (index: number): Promise<Uint8Array> => {
    const piece = readPiece(held, pieceIndex(index), reader)
    // It is waited for later, or never.
    piece.catch(() => undefined)
    return piece
  }
  try {
    let next = first < end ? get(first) : undefined
    for (let index = first; next !== undefined; index++) {
      const bytes: Uint8Array = await next
      next = index + 1 < end ? get(index + 1) : undefined
      const begin = (index - file.firstPiece) * pieceBytes
      const part = bytes.subarray(Math.max(0, range.offset - begin), range.offset + range.bytes - begin)
      yield part
      reader?.took(part.length)
    }
  } finally {
    reader?.close()
  }
}

/** One that was let go of between when it came and when it was read is fetched again. */
async function readPiece(
  held: HeldVersion,
  piece: PieceIndex,
  reader: PieceReader | undefined
): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    await reader?.ready(piece)
    try {
      return await verifiedPiece(held, piece)
    } catch (thrown) {
      if (reader === undefined || attempt === ATTEMPTS_MAX || !(thrown instanceof AppError)) throw thrown
    }
  }
}

async function verifiedPiece(
  { version, holdings, pool }: HeldVersion,
  piece: PieceIndex
): Promise<Uint8Array> {
  let failure: AppError | undefined
  for (const holding of holdings()) {
    if (!holding.have.has(piece)) continue
    try {
      const bytes = await soundPiece(holding, piece, pool)
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
