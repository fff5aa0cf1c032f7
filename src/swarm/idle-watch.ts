/**
 * Whether a source that holds back leaves its uplink unused by that: what leaves is set against the most
 * that left before. What waits in sockets can not be seen, so a queue that is empty here says nothing.
 */

import { SECOND_MS } from '../base/units.ts'

const LOOK_MS = 500
/** An uplink that gives less than this share of the best that it gave is idle. */
const IDLE_SHARE = 0.25
/** So many looks in a row. */
const IDLE_LOOKS = 2

export class IdleWatch {
  #lookedMs = Number.NEGATIVE_INFINITY
  #lookedBytes = 0
  #bestRate = 0
  #idleLooks = 0

  /** It begins to hold back; `sentBytes` is what has left so far, over all peers. */
  begin(sentBytes: number, nowMs: number): void {
    this.#lookedMs = nowMs
    this.#lookedBytes = sentBytes
    this.#idleLooks = 0
  }

  isIdle(sentBytes: number, nowMs: number): boolean {
    const passedMs = nowMs - this.#lookedMs
    if (passedMs >= LOOK_MS) {
      const rate = ((sentBytes - this.#lookedBytes) * SECOND_MS) / passedMs
      this.#bestRate = Math.max(this.#bestRate, rate)
      this.#idleLooks = rate < IDLE_SHARE * this.#bestRate ? this.#idleLooks + 1 : 0
      this.#lookedMs = nowMs
      this.#lookedBytes = sentBytes
    }
    return this.#idleLooks >= IDLE_LOOKS
  }
}
