/**
 * Which pieces a device wants, as it says to its peers: those that it is fetching or has chosen and has. A device that
 * says nothing wants all of them. One that fetches only some files says which pieces are theirs, and one that does not
 * fetch now (paused, queued, or serving what it has of a version) says that it wants none.
 *
 * So nobody counts on it to bring a piece into the site that it will never ask for, and no source saves a piece up for
 * it. It is a hint: who lies about it gets suggestions that do not fit, and is passed over or waited for like one that
 * is slow.
 */

import type { Version } from '../content/version.ts'
import { Bitfield } from './bitfield.ts'
import type { Crossing } from './crossing.ts'
import { encodePeerage, type PieceRun, WANT_RUNS_MAX } from './extension-messages.ts'
import type { PiecePicker } from './piece-picker.ts'
import type { Schedule } from './schedule.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import type { Violation } from './wire-messages.ts'

type Stance = 'all' | 'some' | 'none'

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

export class Wants {
  readonly #context: TransferContext
  readonly #picker: PiecePicker
  readonly #crossing: Crossing
  readonly #schedule: Schedule
  #told: Stance = 'all'

  constructor(init: {
    readonly context: TransferContext
    readonly picker: PiecePicker
    readonly crossing: Crossing
    readonly schedule: Schedule
  }) {
    this.#context = init.context
    this.#picker = init.picker
    this.#crossing = init.crossing
    this.#schedule = init.schedule
    // Before anybody hears that we are interested.
    this.tell()
  }

  get #stance(): Stance {
    if (this.#picker.isComplete) return 'all'
    if (!this.#context.wantsData) return 'none'
    return this.#picker.wanted === undefined ? 'all' : 'some'
  }

  /** A peer said what it wants. */
  heard(session: Session): void {
    this.#crossing.membersChanged()
    this.#schedule.narrowed(session)
  }

  /** A peer speaks our extension. */
  greet(session: Session): void {
    this.tell()
    if (this.#told !== 'all') this.#tellTo(session)
  }

  /** Tells all peers when it has changed. */
  tell(): void {
    const stance = this.#stance
    if (stance === this.#told) return
    this.#told = stance
    for (const session of this.#context.sessions.values()) this.#tellTo(session)
  }

  #tellTo(session: Session): void {
    const { peerageId } = session.extensions
    if (peerageId === undefined) return
    const payload = encodePeerage({ wants: this.#runs() })
    this.#context.send(session, { type: 'extended', extensionId: peerageId, payload })
  }

  #runs(): PieceRun[] {
    if (this.#told === 'none') return []
    const { wanted, version } = this.#picker
    if (this.#told === 'all' || wanted === undefined) return [{ first: 0, count: version.pieceCount }]
    return runsOfBits(wanted)
  }
}
