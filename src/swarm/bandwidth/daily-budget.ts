/**
 * How much of a daily budget is used. The day is that of the budget's zone. A clock that is set back does not give the
 * day's use back: it counts on as the use of the day that it is now.
 *
 * What is on disk is never less than what was used: it is what was used with a reserve, written anew before the reserve
 * is used up. So a crash forgets nothing, and counts at most the reserve too much.
 */

import { MIB } from '../../base/units.ts'
import { dayIn, nextDayMs } from './calendar.ts'
import type { DayBudget } from './policy.ts'

/** Of a budget, what may be used until the disk hears of it again. */
const RESERVE_SHARE = 0.01
const RESERVE_BYTES_MAX = 64 * MIB

export interface DayUse {
  /** As dayIn says it. */
  readonly day: string
  readonly usedBytes: number
}

export class DailyBudget {
  readonly budget: DayBudget
  #day: string
  #usedBytes: number
  #untilMs: number
  /** What is known to be on disk for the day. */
  #savedBytes = 0

  constructor(budget: DayBudget, epochMs: number, saved?: DayUse) {
    this.budget = budget
    this.#day = dayIn(budget.zone, epochMs)
    this.#untilMs = nextDayMs(budget.zone, epochMs)
    this.#usedBytes = saved !== undefined && saved.day >= this.#day ? saved.usedBytes : 0
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get isSpent(): boolean {
    return this.#usedBytes >= this.budget.bytes
  }

  /** When the day of the budget ends. */
  get resetsAtMs(): number {
    return this.#untilMs
  }

  /** Begins a new day, if it is one. */
  advance(epochMs: number): void {
    const day = dayIn(this.budget.zone, epochMs)
    if (day === this.#day) return
    if (day > this.#day) {
      this.#usedBytes = 0
      this.#savedBytes = 0
    }
    this.#day = day
    this.#untilMs = nextDayMs(this.budget.zone, epochMs)
  }

  use(bytes: number): void {
    this.#usedBytes = Math.max(0, this.#usedBytes + bytes)
  }

  /** Whether what is on disk is about to be less than what was used. */
  get needsSaving(): boolean {
    return this.#usedBytes > this.#savedBytes - this.#reserveBytes / 2
  }

  /** What to write now; `exactly` when nothing will be used any more. */
  saving({ exactly }: { readonly exactly: boolean }): DayUse {
    this.#savedBytes = this.#usedBytes + (exactly ? 0 : this.#reserveBytes)
    return { day: this.#day, usedBytes: this.#savedBytes }
  }

  get #reserveBytes(): number {
    return Math.min(RESERVE_BYTES_MAX, Math.ceil(this.budget.bytes * RESERVE_SHARE))
  }
}
