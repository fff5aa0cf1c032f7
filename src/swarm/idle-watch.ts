/**
 * Whether a source that holds back leaves its uplink unused by that: what it hands out is set against the most that it
 * handed out before.
 *
 * What waits in sockets can not be seen. They take in a burst at once, and then nothing for as long as the line
 * needs for it. So a single look counts little for the most, and while pieces that were handed out have not been
 * announced by who asked for them, and there is any sign of life, they are taken to be on their way.
 */

import { SECOND_MS } from '../base/units.ts'

const LOOK_MS = 500
/** An uplink that gives less than this share of the best that it gave is idle. */
const IDLE_SHARE = 0.25
/** So many looks in a row. */
const IDLE_LOOKS = 2
/** How much of the best a single look counts. */
const SMOOTH_SHARE = 0.25
/** What is on its way and shows no sign of life for so long was lost, or had from others. */
const SILENCE_MS = 3 * SECOND_MS

/** Since the transfer began, over all peers. */
export interface Progress {
  readonly sentBytes: number
  /** Pieces that were announced by whom they were given to. */
  readonly arrivedBytes: number
}

export class IdleWatch {
  #lookedMs = Number.NEGATIVE_INFINITY
  #looked: Progress = { sentBytes: 0, arrivedBytes: 0 }
  /** What was sent before it began, and not arrived. */
  #lostBytes = 0
  #changedMs = Number.NEGATIVE_INFINITY
  #smoothRate = 0
  #bestRate = 0
  #idleLooks = 0

  /** It begins to hold back. */
  begin(progress: Progress, nowMs: number): void {
    this.#lookedMs = nowMs
    this.#looked = progress
    this.#lostBytes = progress.sentBytes - progress.arrivedBytes
    this.#idleLooks = 0
  }

  isIdle(progress: Progress, nowMs: number): boolean {
    const passedMs = nowMs - this.#lookedMs
    if (passedMs >= LOOK_MS) {
      const sentBytes = progress.sentBytes - this.#looked.sentBytes
      if (sentBytes > 0 || progress.arrivedBytes > this.#looked.arrivedBytes) this.#changedMs = nowMs
      const rate = (sentBytes * SECOND_MS) / passedMs
      this.#smoothRate += SMOOTH_SHARE * (rate - this.#smoothRate)
      this.#bestRate = Math.max(this.#bestRate, this.#smoothRate)
      const isShort = rate < IDLE_SHARE * this.#bestRate && !this.#isUnderWay(progress, nowMs)
      this.#idleLooks = isShort ? this.#idleLooks + 1 : 0
      this.#lookedMs = nowMs
      this.#looked = progress
    }
    return this.#idleLooks >= IDLE_LOOKS
  }

  #isUnderWay({ sentBytes, arrivedBytes }: Progress, nowMs: number): boolean {
    return sentBytes - arrivedBytes > this.#lostBytes && nowMs - this.#changedMs < SILENCE_MS
  }
}
