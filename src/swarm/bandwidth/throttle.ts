/**
 * The policy at work: for each rule and each budget a gate, through which everything that it selects has to pass.
 * Which gates are open, and how long the wait before each is, follows from the policy, from what has passed, and from
 * the time.
 *
 * Two times come in: one that runs evenly, for rates, and that of the epoch, for hours and days.
 */

import { RateWindow } from '../rates.ts'
import { isWithin, nextChangeMs } from './calendar.ts'
import { DailyBudget, type DayUse } from './daily-budget.ts'
import { FairLine } from './fair-line.ts'
import {
  type BandwidthPolicy,
  DIRECTIONS,
  type Direction,
  type LimitRule,
  NO_POLICY,
  selects,
  type Traffic
} from './policy.ts'
import { TokenBucket } from './token-bucket.ts'

/** How long something counts as held up after it was. */
export const HELD_MS = 2000

export interface Now {
  /** Runs on evenly from an arbitrary start. */
  readonly nowMs: number
  /** Milliseconds of the Unix epoch. */
  readonly epochMs: number
}

/** What payload has to pass. */
export interface Gate {
  /** How long until something may pass; infinite while it is closed. */
  waitMs(nowMs: number): number
  /** Takes bytes as passed, or with less than none as not passed after all. */
  spend(bytes: number, nowMs: number): void
  /** When it last made something wait. */
  heldMs: number
  /** How many wait for it. */
  waiting: number
  /** In which those take turns that it holds up more than any other gate. */
  readonly line: FairLine
  /** Bytes per second that all that pass it have together; undefined where it sets none. */
  readonly bytesPerSecond: number | undefined
}

export class RuleGate implements Gate {
  rule: LimitRule
  /** By its hours; a rule that yields has its rates elsewhere, by peer. */
  isInForce: boolean
  nextChangeMs: number | undefined
  heldMs = Number.NEGATIVE_INFINITY
  waiting = 0
  readonly line = new FairLine()
  readonly passed: RateWindow
  readonly #bucket: TokenBucket | undefined

  constructor(rule: LimitRule, { nowMs, epochMs }: Now) {
    this.rule = rule
    this.passed = new RateWindow(nowMs)
    this.#bucket = rule.limit.kind === 'cap' ? new TokenBucket(rule.limit.bytesPerSecond, nowMs) : undefined
    this.isInForce = false
    this.review(epochMs)
  }

  get bytesPerSecond(): number | undefined {
    return this.#bucket?.bytesPerSecond
  }

  review(epochMs: number): void {
    const { hours } = this.rule
    this.isInForce = hours === null || isWithin(hours, epochMs)
    this.nextChangeMs = hours === null ? undefined : nextChangeMs(hours, epochMs)
  }

  change(rule: LimitRule, { nowMs, epochMs }: Now): void {
    this.rule = rule
    if (rule.limit.kind === 'cap') this.#bucket?.setRate(rule.limit.bytesPerSecond, nowMs)
    this.review(epochMs)
  }

  waitMs(nowMs: number): number {
    return this.#bucket?.waitMs(nowMs) ?? 0
  }

  spend(bytes: number, nowMs: number): void {
    this.passed.add(bytes, nowMs)
    this.#bucket?.spend(bytes, nowMs)
  }
}

export class BudgetGate implements Gate {
  readonly direction: Direction
  readonly daily: DailyBudget
  heldMs = Number.NEGATIVE_INFINITY
  waiting = 0
  readonly line = new FairLine()
  readonly bytesPerSecond = undefined

  constructor(direction: Direction, daily: DailyBudget) {
    this.direction = direction
    this.daily = daily
  }

  waitMs(): number {
    return this.daily.isSpent ? Number.POSITIVE_INFINITY : 0
  }

  spend(bytes: number): void {
    this.daily.use(bytes)
  }
}

export class Throttle {
  #policy: BandwidthPolicy = NO_POLICY
  #rules: readonly RuleGate[] = []
  readonly #budgets: Partial<Record<Direction, BudgetGate>> = {}

  get policy(): BandwidthPolicy {
    return this.#policy
  }

  get rules(): readonly RuleGate[] {
    return this.#rules
  }

  budget(direction: Direction): BudgetGate | undefined {
    return this.#budgets[direction]
  }

  /** From now on. A rule keeps what it owes, and a budget what was used of it, when only their size changes. */
  setPolicy(policy: BandwidthPolicy, now: Now, saved: Partial<Record<Direction, DayUse>> = {}): void {
    this.#policy = policy
    this.#rules = policy.rules.map(rule => {
      const gate = this.#rules.find(each => each.rule.id === rule.id)
      if (gate === undefined || gate.rule.limit.kind !== rule.limit.kind) return new RuleGate(rule, now)
      gate.change(rule, now)
      return gate
    })
    for (const direction of DIRECTIONS) {
      const budget = policy.budgets[direction]
      const before = this.#budgets[direction]?.daily
      before?.advance(now.epochMs)
      if (budget === null) delete this.#budgets[direction]
      else if (before?.budget.zone === budget.zone) before.resize(budget.bytes)
      else {
        const daily = new DailyBudget(
          budget,
          now.epochMs,
          before === undefined ? saved[direction] : undefined
        )
        // In another zone it may be another day, but what was used was used.
        if (before !== undefined) daily.use(before.usedBytes)
        this.#budgets[direction] = new BudgetGate(direction, daily)
      }
    }
  }

  /** Looks at hours and days anew. When that has to be done again, in milliseconds of the epoch. */
  review(epochMs: number): number | undefined {
    const changes: number[] = []
    for (const gate of this.#rules) {
      gate.review(epochMs)
      if (gate.nextChangeMs !== undefined) changes.push(gate.nextChangeMs)
    }
    for (const { daily } of Object.values(this.#budgets)) {
      daily.advance(epochMs)
      changes.push(daily.resetsAtMs)
    }
    return changes.length === 0 ? undefined : Math.min(...changes)
  }

  /** What some traffic has to pass now; rules that yield are not among them. */
  gatesOf(traffic: Traffic): Gate[] {
    const gates: Gate[] = this.#rules.filter(
      gate => gate.isInForce && gate.rule.limit.kind === 'cap' && selects(gate.rule, traffic)
    )
    const budget = traffic.link === 'wan' ? this.#budgets[traffic.direction] : undefined
    return budget === undefined ? gates : [...gates, budget]
  }

  /** The rules that have some traffic yield now. */
  yieldingOf(traffic: Traffic): RuleGate[] {
    return this.#rules.filter(
      gate => gate.isInForce && gate.rule.limit.kind === 'background' && selects(gate.rule, traffic)
    )
  }
}
