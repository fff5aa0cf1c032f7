/**
 * A rate that gives way: as high as the way to a peer allows while it stays empty, and down to next to nothing as soon
 * as a queue forms on it, ours or that of others. After LEDBAT (RFC 6817) and LEDBAT++
 * (draft-irtf-iccrg-ledbat-plus-plus), with a rate in the place of a window, because what is paced is blocks
 * before they reach a socket.
 *
 * The queue is what a round trip takes beyond the least that it took lately. The round trips are those of a probe on a
 * connection without payload: it stands in the queues of the network, and not behind our own bytes in a socket.
 *
 * - Start: the rate doubles each `DOUBLING_MS`, until a queue shows or the rate is reached at which one did.
 * - Then it grows while the queue is shorter than the target, the slower the closer it is, and shrinks the faster the
 *   longer the queue is beyond it, by half at most at a time.
 * - What is sent is less than that rate, the more the longer the queue: without this, rate and queue would swing around
 *   the target for ever, each a quarter of a turn behind the other.
 * - A rate that is not used does not grow.
 * - Now and then next to nothing is sent for a moment: then the queue drains, and the least round trip shows again,
 *   also to one who came when the queue was there.
 */

import { KIB, MINUTE_MS, SECOND_MS } from '../../base/units.ts'

export const YIELDING = {
  /** The queueing delay that is aimed at, on the shortest way and on the longest; LEDBAT++ has 60 ms on all. */
  targetMsMin: 15,
  targetMsMax: 45,
  rateMin: 32 * KIB,
  rateStart: 128 * KIB,
  rateMax: 1e10,
  /** Steps come as samples do, but not more often. */
  stepMsMin: 20,
  /** Samples of which the least counts: one that was late because we were busy is no queue. */
  recentSamples: 3,
  recentMs: 500,
  /** How long the least round trip is remembered, and how finely. */
  baseMemoryMs: 10 * MINUTE_MS,
  baseSlotMs: MINUTE_MS,
  slowdownEveryMs: 20 * SECOND_MS,
  slowdownMs: 300
} as const

const DOUBLING_MS = 250
const STEP_MS_MAX = 250
/** More, for each round trip: what was doubled has to show before it is doubled again. */
const DOUBLING_TRIPS = 3
/** The start ends at this share of the target. */
const START_SHARE = 0.5
/** Growth of the rate in a second, with no queue; more, the longer none was seen, up to doubling in a second. */
const GROWTH_SHARE = 0.1
const GROWTH_SHARE_MAX = 1
const GROWTH_MORE_PER_SECOND = 0.15
const GROWTH_MIN = 16 * KIB
/** Loss of the rate in a second, for each target that the queue is too long. */
const LOSS_SHARE = 2
const LOSS_MAX_SHARE = 0.5
/** Of the least round trip, what is added to the shortest target. */
const TARGET_SHARE = 0.2
/** How much less is sent for each target of queue. */
const DAMPING = 0.3
const DAMPED_MIN_SHARE = 0.3
/** On a way as long as this all gains are halved: what is done shows so late that more would overshoot. */
const HALF_GAIN_MS = 60
/** What is left of the rate when the first queue shows: the rate has doubled about once since it formed. */
const STARTED_SHARE = 0.5
/** A rate of which less than this is used does not grow. */
const USED_SHARE = 0.7
/** After a slowdown the rate doubles up to this share of what it was. */
const RESUME_SHARE = 0.9

export class Yielding {
  /** Least round trips by slot of time, the newest last. */
  #bases: { slot: number; leastMs: number }[] = []
  #samples: { atMs: number; rttMs: number }[] = []
  #rate: number = YIELDING.rateStart
  /** Up to which rate it doubles; undefined when it does not. */
  #doublesTo: number | undefined = Number.POSITIVE_INFINITY
  #queueMs = 0
  #stepMs: number
  #usedBytes = 0
  /** When a queue was last seen. */
  #queuedMs: number
  #nextSlowdownMs: number
  #slowUntilMs = Number.NEGATIVE_INFINITY

  constructor(nowMs: number) {
    this.#stepMs = nowMs
    this.#queuedMs = nowMs
    this.#nextSlowdownMs = nowMs + YIELDING.slowdownEveryMs
  }

  /** What may be sent now, in bytes per second. */
  get bytesPerSecond(): number {
    if (this.#slowUntilMs > this.#stepMs) return YIELDING.rateMin
    const damped = 1 - DAMPING * this.#gain * (this.#queueMs / this.targetMs)
    return Math.max(YIELDING.rateMin, this.#rate * Math.max(DAMPED_MIN_SHARE, damped))
  }

  /** The queueing delay as it was last seen. */
  get queueMs(): number {
    return this.#queueMs
  }

  get targetMs(): number {
    const { targetMsMin, targetMsMax } = YIELDING
    return Math.min(targetMsMax, targetMsMin + TARGET_SHARE * (this.baseMs ?? 0))
  }

  get #gain(): number {
    return HALF_GAIN_MS / (HALF_GAIN_MS + (this.baseMs ?? 0))
  }

  get baseMs(): number | undefined {
    return this.#bases.length === 0 ? undefined : Math.min(...this.#bases.map(({ leastMs }) => leastMs))
  }

  /** Payload went this way. */
  used(bytes: number): void {
    this.#usedBytes += bytes
  }

  /** A probe has been away for so long: that says something once it is longer than the last ones were. */
  overdue(awayMs: number, nowMs: number): void {
    const { baseMs } = this
    if (baseMs !== undefined && awayMs > baseMs + this.#queueMs) this.sample(awayMs, nowMs)
  }

  /** A probe came back. */
  sample(rttMs: number, nowMs: number): void {
    this.#remember(rttMs, nowMs)
    this.#samples.push({ atMs: nowMs, rttMs })
    const { recentSamples, recentMs, stepMsMin } = YIELDING
    this.#samples = this.#samples.slice(-recentSamples).filter(({ atMs }) => nowMs - atMs <= recentMs)
    const recent = Math.min(...this.#samples.map(sample => sample.rttMs))
    this.#queueMs = Math.max(0, recent - (this.baseMs ?? recent))
    const passedMs = nowMs - this.#stepMs
    if (passedMs >= stepMsMin) this.#step(passedMs, nowMs)
  }

  #remember(rttMs: number, nowMs: number): void {
    const slot = Math.floor(nowMs / YIELDING.baseSlotMs)
    const last = this.#bases.at(-1)
    if (last?.slot === slot) last.leastMs = Math.min(last.leastMs, rttMs)
    else this.#bases.push({ slot, leastMs: rttMs })
    const oldest = slot - YIELDING.baseMemoryMs / YIELDING.baseSlotMs
    this.#bases = this.#bases.filter(base => base.slot > oldest)
  }

  #step(passedMs: number, nowMs: number): void {
    // A long silence teaches nothing about what could have been sent in it.
    const seconds = Math.min(passedMs, STEP_MS_MAX) / SECOND_MS
    const isUsed = this.#usedBytes >= (USED_SHARE * this.bytesPerSecond * passedMs) / SECOND_MS
    const isSlow = this.#slowUntilMs > this.#stepMs
    this.#stepMs = nowMs
    this.#usedBytes = 0
    if (isSlow) {
      this.#nextSlowdownMs = nowMs + YIELDING.slowdownEveryMs
      return
    }
    const queue = this.#queueMs / this.targetMs
    if (queue > START_SHARE) {
      if (this.#doublesTo !== undefined) this.#rate = Math.max(YIELDING.rateMin, STARTED_SHARE * this.#rate)
      this.#doublesTo = undefined
      this.#queuedMs = nowMs
    }
    if (queue > 1) this.#shrink(queue, seconds)
    else if (isUsed) this.#grow(queue, seconds)
    if (nowMs >= this.#nextSlowdownMs) this.#slowDown(nowMs)
  }

  #grow(queue: number, seconds: number): void {
    if (this.#doublesTo !== undefined) {
      const doublingMs = DOUBLING_MS + DOUBLING_TRIPS * (this.baseMs ?? 0)
      this.#rate *= 2 ** ((seconds * SECOND_MS) / doublingMs)
      if (this.#rate >= this.#doublesTo) {
        this.#rate = this.#doublesTo
        this.#doublesTo = undefined
      }
    } else {
      const quietSeconds = (this.#stepMs - this.#queuedMs) / SECOND_MS
      const share = Math.min(GROWTH_SHARE_MAX, GROWTH_SHARE + GROWTH_MORE_PER_SECOND * quietSeconds)
      this.#rate += Math.max(GROWTH_MIN, share * this.#rate) * this.#gain * seconds * (1 - queue)
    }
    this.#rate = Math.min(YIELDING.rateMax, this.#rate)
  }

  #shrink(queue: number, seconds: number): void {
    const loss = Math.min(LOSS_MAX_SHARE, LOSS_SHARE * this.#gain * (queue - 1) * seconds)
    this.#rate = Math.max(YIELDING.rateMin, this.#rate * (1 - loss))
  }

  #slowDown(nowMs: number): void {
    this.#slowUntilMs = nowMs + Math.max(YIELDING.slowdownMs, 2 * (this.baseMs ?? 0) + this.#queueMs)
    this.#doublesTo = RESUME_SHARE * this.#rate
    this.#rate = Math.max(YIELDING.rateMin, this.#rate / 4)
  }
}
