/**
 * A range of a file of a version, from whatever holds its pieces here, or comes to hold them while it is read: run by
 * run, each verified before a byte of it is given (sound-runs.ts). The first is short, so that it comes soon. While one
 * goes the next two are read and verified, on two threads.
 */

import { AppError } from '../../base/errors.ts'
import { pieceIndex } from '../../base/ids.ts'
import type { Version, VersionFile } from '../../content/version.ts'
import type { Holding } from '../../store/store.ts'
import type { PieceReader } from './content-fetcher.ts'
import type { FileRange } from './content-terms.ts'
import { FIRST_RUN_BYTES, type PiecePart, RUN_BYTES, type SoundRun, type SoundRuns } from './sound-runs.ts'

/** While those ahead have no more, one more is begun: two are ahead, or one that is longer, of a piece read whole. */
const AHEAD_BYTES = RUN_BYTES

/** How often a piece is fetched that goes again before it is read. */
const ATTEMPTS_MAX = 3

export interface HeldVersion {
  readonly version: Version
  /** Asked anew for each piece: holdings come and go. */
  readonly holdings: () => readonly Holding[]
  /** Fetches pieces that are not here; absent where that is not done. */
  readonly reader?: ((pieces: PieceRun) => PieceReader | undefined) | undefined
  readonly runs: SoundRuns
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
 * The bytes of a range, a run at a time, whose memory is used again: a run is the caller's until it asks for the next,
 * or returns. AppError CONTENT_CHANGED when a piece is not here any more as it was, and where pieces are fetched what
 * their reader fails with.
 */
export async function* verifiedBytes(
  held: HeldVersion,
  file: VersionFile,
  range: FileRange
): AsyncGenerator<Uint8Array, void, undefined> {
  const { pieceBytes } = held.version
  const pieces = piecesOfRange(held.version, file, range)
  const rangeEnd = range.offset + range.bytes
  const reader = held.reader?.(pieces)
  const ahead: RunUnderWay[] = []
  let offset = range.offset
  const begin = (bytesMax: number): void => {
    const pieceOfFile = Math.floor(offset / pieceBytes)
    const at = { piece: pieceIndex(file.firstPiece + pieceOfFile), begin: offset - pieceOfFile * pieceBytes }
    const end = Math.min(held.runs.endOf(held.version, at, bytesMax), at.begin + rangeEnd - offset)
    const part = { ...at, end }
    const run = readRun(held, { part, isLast: at.piece + 1 === pieces.end }, reader)
    // It is waited for later, or never.
    run.catch(() => undefined)
    ahead.push({ part, run })
    offset += end - at.begin
  }
  const isRoom = (): boolean =>
    ahead.length === 0 ||
    // Who fetches is asked for one after another: its window begins with what is waited for.
    (reader === undefined && ahead.reduce((sum, { part }) => sum + part.end - part.begin, 0) <= AHEAD_BYTES)
  let lent: SoundRun | undefined
  if (range.bytes > 0) begin(FIRST_RUN_BYTES)
  try {
    for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
      lent = await next.run
      while (offset < rangeEnd && isRoom()) begin(RUN_BYTES)
      const { part } = next
      yield lent.bytes.subarray(part.begin - lent.begin, part.end - lent.begin)
      reader?.took(part.end - part.begin)
      lent.free()
      lent = undefined
    }
  } finally {
    lent?.free()
    for (const { run } of ahead)
      run.then(
        ({ free }) => free(),
        () => undefined
      )
    reader?.close()
  }
}

interface RunUnderWay {
  readonly part: PiecePart
  readonly run: Promise<SoundRun>
}

interface WantedRun {
  readonly part: PiecePart
  /** Whether nothing is wanted of the piece after it. */
  readonly isLast: boolean
}

/** One that was let go of between when it came and when it was read is fetched again. */
async function readRun(
  held: HeldVersion,
  wanted: WantedRun,
  reader: PieceReader | undefined
): Promise<SoundRun> {
  for (let attempt = 1; ; attempt++) {
    await reader?.ready(wanted.part.piece)
    try {
      return await verifiedRun(held, wanted)
    } catch (thrown) {
      if (reader === undefined || attempt === ATTEMPTS_MAX || !(thrown instanceof AppError)) throw thrown
    }
  }
}

async function verifiedRun(
  { version, holdings, runs }: HeldVersion,
  { part, isLast }: WantedRun
): Promise<SoundRun> {
  const { piece } = part
  let failure: AppError | undefined
  for (const holding of holdings()) {
    if (!holding.have.has(piece)) continue
    try {
      const run = await runs.read(holding, part)
      const after = isLast ? undefined : pieceIndex(piece + 1)
      if (after !== undefined && holding.have.has(after)) runs.prepare(holding, after)
      if (run !== undefined) return run
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
