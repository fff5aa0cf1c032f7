/**
 * How much to have in flight toward a peer. Too little leaves the way to it idle; too much waits in a queue at the
 * peer, where it can not be taken back, and a piece that is asked for behind it comes late.
 *
 * Like a congestion window with a bound on delay (TCP Vegas: Brakmo and Peterson, 1995): it starts small and grows by
 * what comes, hence doubles in the time of an answer, until answers take longer than the quickest did: then a queue has
 * formed. From there on it is what comes in a certain time at the measured rate.
 */

import { SECOND_MS } from '../base/units.ts'
import { OwnDelay } from './own-delay.ts'
import { LeastTime, ServiceRate } from './rates.ts'

/**
 * How much of the quickest answer's time counts. With all of it a queue that never empties would pass for a longer way
 * and grow without end; so it ends at five times `queueMs`, and a longer way than that is not filled.
 */
const ANSWER_SHARE = 0.8
/** No way is longer; a queue that a line left when it became thin can be. */
const ANSWER_MS_MAX = SECOND_MS
/** Of the time that may be spent in the queue: beyond it a queue is taken to have formed. */
const QUEUE_SHARE = 0.5
/** A pipeline is full when this share of it is in flight, since requests leave in batches. */
const FULL_SHARE = 0.5

export class Pipeline {
  readonly #startBytes: number
  readonly #queueMs: number
  /** Of the way there. */
  readonly ownDelay = new OwnDelay()
  readonly #answerTime = new LeastTime()
  readonly #service = new ServiceRate()
  /** What it has grown by; undefined once a queue was seen. */
  #grownBytes: number | undefined = 0

  /** `queueMs`: the time that what is in flight may take beyond that of the quickest answer. */
  constructor({ startBytes, queueMs }: { readonly startBytes: number; readonly queueMs: number }) {
    this.#startBytes = startBytes
    this.#queueMs = queueMs
  }

  /** The first request of an empty pipeline leaves. */
  begin(nowMs: number): void {
    this.#service.begin(nowMs)
  }

  /** A block came, asked for or not. */
  came(bytes: number, nowMs: number): void {
    this.#service.add(bytes, nowMs)
  }

  /** It was the answer to a request, after `tookMs`; `inFlightBytes` with it. */
  answered(
    { bytes, tookMs, inFlightBytes }: { bytes: number; tookMs: number; inFlightBytes: number },
    nowMs: number
  ): void {
    const thereMs = Math.max(0, tookMs - this.ownDelay.ms)
    this.#answerTime.add(thereMs, nowMs)
    if (this.#grownBytes === undefined) return
    const queuedMs = thereMs - (this.#answerTime.ms ?? thereMs)
    if (queuedMs > QUEUE_SHARE * this.#queueMs) this.#grownBytes = undefined
    else if (inFlightBytes >= FULL_SHARE * this.bytes) this.#grownBytes += bytes
  }

  /** Bytes per second while something is in flight; undefined until there is something to go by. */
  get rate(): number | undefined {
    return this.#service.bytesPerSecond
  }

  /** How much to have in flight. */
  get bytes(): number {
    const grown = this.#grownBytes === undefined ? 0 : this.#startBytes + this.#grownBytes
    const { rate } = this
    if (rate === undefined) return Math.max(this.#startBytes, grown)
    const answerMs = Math.min(this.#answerTime.ms ?? 0, ANSWER_MS_MAX)
    const aheadMs = this.#queueMs + ANSWER_SHARE * answerMs + this.ownDelay.ms
    return Math.max(grown, (rate * aheadMs) / SECOND_MS)
  }
}
