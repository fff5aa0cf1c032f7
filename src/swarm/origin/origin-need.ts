/**
 * Whether a transfer needs its origin, and for which pieces.
 *
 *     unheld   pieces that no peer has, once there was time to meet peers; the origin's first purpose
 *     late     pieces that nobody brought yet: at the rate at which peers give, the deadline would be missed
 *     stalled  whatever nobody gives: peers say that they have it, and for a long while none gave anything; until one
 *              that has everything does, as members give each other what they bring from the origin
 *
 * It steps in where peers would need more than most of the time that is left, and back when they would need clearly
 * less: the two marks lie apart, and either state lasts a while, so that it does not flutter. What other members
 * bring from the origin comes from peers too, and counts as what peers give.
 */

import { assert } from '../../base/assert.ts'
import { SECOND_MS } from '../../base/units.ts'

export type OriginNeed = 'unheld' | 'late' | 'stalled'

/** Of the time left, what peers may need before the origin steps in, and when it steps back. */
const STEP_IN_SHARE = 0.9
const STEP_BACK_SHARE = 0.6
/** Before this there is no rate to judge by, and either state lasts as long. */
export const JUDGE_MS = 5 * SECOND_MS

export interface NeedView {
  readonly nowMs: number
  /** Since when data is wanted. */
  readonly wantedMs: number
  readonly lackingBytes: number
  /** At which peers give, in bytes per second. */
  readonly peerRate: number
  /** Undefined without one. */
  readonly deadlineMs: number | undefined
  /** When a peer last gave something. */
  readonly fedMs: number
  /** When one that has everything did; undefined while there is none. */
  readonly sourceFedMs: number | undefined
  readonly stallMs: number
}

export class OriginNeedJudge {
  #isLate = false
  #sinceMs = Number.NEGATIVE_INFINITY
  #stalledMs: number | undefined

  judge(view: NeedView): OriginNeed {
    this.#judgeDeadline(view)
    this.#judgeStall(view)
    if (this.#isLate) return 'late'
    return this.#stalledMs === undefined ? 'unheld' : 'stalled'
  }

  #judgeStall({ nowMs, fedMs, sourceFedMs = fedMs, wantedMs, stallMs }: NeedView): void {
    if (nowMs - Math.max(fedMs, wantedMs) >= stallMs) this.#stalledMs ??= nowMs
    else if (sourceFedMs > (this.#stalledMs ?? sourceFedMs)) this.#stalledMs = undefined
  }

  #judgeDeadline({ nowMs, wantedMs, lackingBytes, peerRate, deadlineMs }: NeedView): void {
    if (deadlineMs === undefined || lackingBytes === 0) {
      this.#isLate = false
      return
    }
    if (nowMs - Math.max(wantedMs, this.#sinceMs) < JUDGE_MS) return
    const leftMs = Math.max(0, deadlineMs - nowMs)
    const needMs = peersNeedMs({ lackingBytes, peerRate })
    const isLate = this.#isLate ? needMs > STEP_BACK_SHARE * leftMs : needMs > STEP_IN_SHARE * leftMs
    if (isLate === this.#isLate) return
    this.#isLate = isLate
    this.#sinceMs = nowMs
  }
}

/** How long peers alone would need for the rest. */
function peersNeedMs({ lackingBytes, peerRate }: Pick<NeedView, 'lackingBytes' | 'peerRate'>): number {
  return lackingBytes === 0 ? 0 : (lackingBytes * SECOND_MS) / peerRate
}

assert(STEP_BACK_SHARE < STEP_IN_SHARE, 'the origin steps back later than it stepped in')
