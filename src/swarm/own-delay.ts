/**
 * How long what we send to a peer waits on our side, which is long while our own uplink is full: our requests stand
 * there behind the blocks that we send. The time of an answer alone can not tell that from a queue at the peer, and
 * who took it for one would ask for ever less, just because it gives much.
 *
 * So now and then we say what time it is here, with a request, and the peer answers what time it was there when that
 * came. The clocks differ by an unknown amount; how much longer the way took than the shortest that was seen does not
 * depend on it (one-way delay as in LEDBAT: RFC 6817, section 2).
 */

import { MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { LeastTime } from './rates.ts'

const ASK_MS = 250
/** The peer did not answer: we ask anew. */
const ANSWER_MS_MAX = 10 * SECOND_MS
/** Clocks of computers drift apart by less than a tenth of a millisecond in a second. */
const LEAST_MEMORY_MS = 5 * MINUTE_MS
/** A peer can say what it likes. */
const DELAY_MS_MAX = 2 * SECOND_MS

export class OwnDelay {
  readonly #least = new LeastTime(LEAST_MEMORY_MS)
  #askedMs: number | undefined
  #isOpen = false
  #ms = 0

  /** In milliseconds, beyond the least. */
  get ms(): number {
    return this.#ms
  }

  /** What to say with a request that leaves now, if anything; the time here. `isSending`: blocks, to any peer. */
  ask(nowMs: number, isSending: boolean): number | undefined {
    const passedMs = this.#askedMs === undefined ? Number.POSITIVE_INFINITY : nowMs - this.#askedMs
    const isDue = this.#isOpen ? passedMs >= ANSWER_MS_MAX : passedMs >= ASK_MS
    if (!isDue || !(isSending || this.#ms > 0 || this.#askedMs === undefined)) return undefined
    this.#askedMs = Math.floor(nowMs)
    this.#isOpen = true
    return this.#askedMs
  }

  /** The peer heard what we said at `sentMs` of our clock at `heardMs` of its own. */
  answered({ sentMs, heardMs }: { readonly sentMs: number; readonly heardMs: number }, nowMs: number): void {
    if (!this.#isOpen || sentMs !== this.#askedMs) return
    this.#isOpen = false
    const wayMs = heardMs - sentMs
    this.#least.add(wayMs, nowMs)
    this.#ms = Math.min(wayMs - (this.#least.ms ?? wayMs), DELAY_MS_MAX)
  }
}
