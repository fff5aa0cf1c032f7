/**
 * A rate as a bucket of bytes that fills by itself. What is as long as a block may pass whenever the bucket is not in
 * debt, and may leave it so: then what comes next waits until the debt is paid. So a bucket need not hold a block, and
 * the rate holds for blocks of any length.
 */

import { SECOND_MS } from '../../base/units.ts'

/** What a bucket may save up, as time at its rate: what timers that go off late would else lose. */
const BURST_MS_DEFAULT = 100

export class TokenBucket {
  #bytesPerSecond: number
  readonly #burstMs: number
  #levelBytes = 0
  #markMs: number

  constructor(bytesPerSecond: number, nowMs: number, burstMs: number = BURST_MS_DEFAULT) {
    this.#burstMs = burstMs
    this.#bytesPerSecond = bytesPerSecond
    this.#markMs = nowMs
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond
  }

  /** From now on; what was saved or is owed stays. */
  setRate(bytesPerSecond: number, nowMs: number): void {
    this.#refill(nowMs)
    this.#bytesPerSecond = bytesPerSecond
  }

  /** How long until something may pass: zero for now, infinite at a rate of zero. */
  waitMs(nowMs: number): number {
    if (this.#bytesPerSecond === 0) return Number.POSITIVE_INFINITY
    this.#refill(nowMs)
    return this.#levelBytes >= 0 ? 0 : (-this.#levelBytes * SECOND_MS) / this.#bytesPerSecond
  }

  /** Takes bytes out, or with less than none puts them back. */
  spend(bytes: number, nowMs: number): void {
    this.#refill(nowMs)
    this.#levelBytes -= bytes
  }

  #refill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#markMs)
    this.#markMs = nowMs
    const mostBytes = (this.#bytesPerSecond * this.#burstMs) / SECOND_MS
    this.#levelBytes = Math.min(mostBytes, this.#levelBytes + (passedMs * this.#bytesPerSecond) / SECOND_MS)
  }
}
