/**
 * Which pieces a device wants, as it says to its peers: those that it is fetching or has chosen and has. A device that
 * says nothing wants all of them. One that fetches only some files says which pieces are theirs, and one that does not
 * fetch now (paused, queued, or serving what it has of a version) says that it wants none.
 *
 * So nobody counts on it to bring a piece into the site that it will never ask for, and no source saves a piece up for
 * it. It is a hint: who lies about it gets suggestions that do not fit, and is passed over or waited for like one that
 * is slow.
 */

import type { Crossing } from './crossing.ts'
import type { PieceRun } from './extension-messages.ts'
import type { PiecePicker } from './piece-picker.ts'
import { runsOfBits } from './piece-runs.ts'
import type { Schedule } from './schedule.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'

type Stance = 'all' | 'some' | 'none'

export class Wants {
  readonly #context: TransferContext
  readonly #picker: PiecePicker
  readonly #crossing: Crossing
  readonly #schedule: Schedule
  #told: Stance = 'all'
  /** What is wanted has changed. */
  #isStale = false

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
    // Who has all that its readers wait for may want more in a moment, and is not done.
    const isIdle = this.#picker.isOnDemand && this.#picker.isSatisfied
    if (!this.#context.wantsData || isIdle) return 'none'
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

  /** Readers wait for other pieces than before. */
  changed(): void {
    this.#isStale = true
  }

  /** Tells all peers when it has changed. */
  tell(): void {
    const stance = this.#stance
    if (stance === this.#told && !this.#isStale) return
    this.#told = stance
    this.#isStale = false
    for (const session of this.#context.sessions.values()) this.#tellTo(session)
  }

  #tellTo(session: Session): void {
    if (session.isCooperative) this.#context.tell(session, { wants: this.#runs() })
  }

  #runs(): PieceRun[] {
    if (this.#told === 'none') return []
    const { wanted, version } = this.#picker
    if (this.#told === 'all' || wanted === undefined) return [{ first: 0, count: version.pieceCount }]
    return runsOfBits(wanted)
  }
}
