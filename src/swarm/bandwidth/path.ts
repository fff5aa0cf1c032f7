/**
 * The way to one peer, in one direction, where a rule has traffic yield: a gate whose rate follows the queue that
 * probes see there (yielding.ts).
 */

import { FairLine } from './fair-line.ts'
import type { Gate } from './throttle.ts'
import { TokenBucket } from './token-bucket.ts'
import { Yielding } from './yielding.ts'

/** What may go at once: whatever is saved up becomes a queue. */
const BURST_MS = 10

export class PathGate implements Gate {
  readonly yielding: Yielding
  readonly #bucket: TokenBucket
  heldMs = Number.NEGATIVE_INFINITY
  waiting = 0
  readonly line = new FairLine()
  /** When something last passed. */
  passedMs = Number.NEGATIVE_INFINITY

  constructor(nowMs: number) {
    this.yielding = new Yielding(nowMs)
    this.#bucket = new TokenBucket(this.yielding.bytesPerSecond, nowMs, BURST_MS)
  }

  get bytesPerSecond(): number {
    return this.#bucket.bytesPerSecond
  }

  /** A probe came back after so long, or has been away for so long. */
  probed(ms: number, { isBack, nowMs }: { readonly isBack: boolean; readonly nowMs: number }): void {
    if (isBack) this.yielding.sample(ms, nowMs)
    else this.yielding.overdue(ms, nowMs)
    this.#bucket.setRate(this.yielding.bytesPerSecond, nowMs)
  }

  waitMs(nowMs: number): number {
    return this.#bucket.waitMs(nowMs)
  }

  spend(bytes: number, nowMs: number): void {
    this.passedMs = nowMs
    this.yielding.used(bytes)
    this.#bucket.spend(bytes, nowMs)
  }
}
