/**
 * How much of a daily budget is used. The day is that of the budget's zone. A clock that is set back does not give the
 * day's use back: it counts on as the use of the day that it is now. And a clock that comes back to the day that it
 * showed before finds what was used then, with what was used since: so where it goes wrong for a while, as that of a
 * machine which learns the date only after its start, rather too much counts than too little.
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
  #budget: DayBudget
  #day: string
  #usedBytes: number
  #untilMs: number
  /** What is known to be on disk for the day. */
  #savedBytes = 0
  /** The use of the day that the clock showed before this one, and what counted as used when this one began. */
  #other: DayUse | undefined
  #carriedBytes: number

  constructor(budget: DayBudget, epochMs: number, saved?: DayUse) {
    this.#budget = budget
    this.#day = dayIn(budget.zone, epochMs)
    this.#untilMs = nextDayMs(budget.zone, epochMs)
    this.#usedBytes = saved !== undefined && saved.day >= this.#day ? saved.usedBytes : 0
    this.#carriedBytes = this.#usedBytes
    if (saved !== undefined && saved.day > this.#day) this.#other = saved
  }

  get budget(): DayBudget {
    return this.#budget
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get isSpent(): boolean {
    return this.#usedBytes >= this.budget.bytes
  }

  get leftBytes(): number {
    return Math.max(0, this.#budget.bytes - this.#usedBytes)
  }

  /** When the day of the budget ends. */
  get resetsAtMs(): number {
    return this.#untilMs
  }

  /** Begins a new day, if it is one. */
  advance(epochMs: number): void {
    const day = dayIn(this.budget.zone, epochMs)
    if (day === this.#day) return
    const left = { day: this.#day, usedBytes: this.#usedBytes }
    if (day === this.#other?.day) this.#usedBytes = this.#usedOfOther
    else if (day > this.#day) this.#usedBytes = 0
    this.#other = left
    this.#carriedBytes = this.#usedBytes
    this.#savedBytes = 0
    this.#day = day
    this.#untilMs = nextDayMs(this.budget.zone, epochMs)
  }

  /** What was used stays used. */
  resize(bytes: number): void {
    this.#budget = { ...this.#budget, bytes }
  }

  use(bytes: number): void {
    this.#usedBytes = Math.max(0, this.#usedBytes + bytes)
  }

  /** Whether what is on disk is about to be less than what was used. */
  get needsSaving(): boolean {
    return this.#usedBytes > this.#savedBytes - this.#reserveBytes / 2
  }

  /**
   * What to write now; `exactly` when nothing will be used any more. Where the clock was set back it is written under the
   * later day, lest a restart after the clock is right again forgets it.
   */
  saving({ exactly }: { readonly exactly: boolean }): DayUse {
    const reserveBytes = exactly ? 0 : this.#reserveBytes
    if (this.#other === undefined || this.#other.day < this.#day)
      return { day: this.#day, usedBytes: this.#usedBytes + reserveBytes }
    const usedBytes = Math.max(this.#usedBytes, this.#usedOfOther)
    return { day: this.#other.day, usedBytes: usedBytes + reserveBytes }
  }

  /** It is on disk. */
  saved({ usedBytes }: DayUse): void {
    this.#savedBytes = usedBytes
  }

  /** Of the day before the clock was moved, with what was used since. */
  get #usedOfOther(): number {
    const sinceBytes = Math.max(0, this.#usedBytes - this.#carriedBytes)
    return (this.#other?.usedBytes ?? 0) + sinceBytes
  }

  get #reserveBytes(): number {
    return Math.min(RESERVE_BYTES_MAX, Math.ceil(this.budget.bytes * RESERVE_SHARE))
  }
}
