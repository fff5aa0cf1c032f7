/** Sets of pieces as runs, which is how peers tell each other what they want: see wants.ts. */

import type { Version } from '../content/version.ts'
import { Bitfield } from './bitfield.ts'
import { type PieceRun, WANT_RUNS_MAX } from './extension-messages.ts'
import type { Violation } from './wire-messages.ts'

/** The pieces in runs, in ascending order. */
export function bitsOfRuns(runs: readonly PieceRun[], pieceCount: number): Bitfield {
  const bits = new Bitfield(pieceCount)
  for (const { first, count } of runs)
    for (let piece = first; piece < Math.min(first + count, pieceCount); piece++) bits.add(piece)
  return bits
}

/**
 * The runs of a set of pieces, at most `runsMax` of them: where there are more, the narrowest gaps are taken in, so
 * that what is said is more than what is wanted and never less.
 */
export function runsOfBits(bits: Bitfield, runsMax = WANT_RUNS_MAX): PieceRun[] {
  const runs: { first: number; count: number }[] = []
  bits.each(piece => {
    const last = runs.at(-1)
    if (last !== undefined && last.first + last.count === piece) last.count++
    else runs.push({ first: piece, count: 1 })
  })
  if (runs.length <= runsMax) return runs
  const gapBefore = (at: number): number => {
    const [before, run] = [runs[at - 1], runs[at]]
    return before === undefined || run === undefined ? 0 : run.first - before.first - before.count
  }
  const narrow = [...runs.keys()].slice(1).sort((a, b) => gapBefore(a) - gapBefore(b))
  const closed = new Set(narrow.slice(0, runs.length - runsMax))
  const joined: { first: number; count: number }[] = []
  for (const [at, run] of runs.entries()) {
    const last = joined.at(-1)
    if (closed.has(at) && last !== undefined) last.count = run.first + run.count - last.first
    else joined.push(run)
  }
  return joined
}

/** What a peer said it wants, held against the version; undefined when that is every piece. */
export function readWants(
  runs: readonly PieceRun[],
  { pieceCount }: Pick<Version, 'pieceCount'>
): Bitfield | undefined | Violation {
  const last = runs.at(-1)
  if (last !== undefined && last.first + last.count > pieceCount)
    return { reason: 'bad-extension', detail: `wants piece ${last.first + last.count - 1} of ${pieceCount}` }
  const bits = bitsOfRuns(runs, pieceCount)
  return bits.isFull ? undefined : bits
}
