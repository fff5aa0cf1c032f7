/** The link of a simulated site to all others: two rates, a delay, and a queue of its own each way. */

/** One site's link to all others. */
export interface WanInit {
  readonly upBytesPerMs: number
  readonly downBytesPerMs: number
  readonly latencyMs: number
}

/** A site's WAN link, and what went over it. */
export class Wan {
  readonly init: WanInit
  #upFreeMs = 0
  #downFreeMs = 0
  sentBytes = 0
  receivedBytes = 0
  /** Of pieces, without control messages. */
  receivedBlockBytes = 0

  constructor(init: WanInit) {
    this.init = init
  }

  /** When a segment that begins at a time has left. */
  takeUp(bytes: number, atMs: number): number {
    this.sentBytes += bytes
    this.#upFreeMs = Math.max(this.#upFreeMs, atMs) + bytes / this.init.upBytesPerMs
    return this.#upFreeMs
  }

  takeDown(bytes: number, atMs: number): number {
    this.receivedBytes += bytes
    this.#downFreeMs = Math.max(this.#downFreeMs, atMs) + bytes / this.init.downBytesPerMs
    return this.#downFreeMs
  }
}
