/** The bandwidth policy as the admin API sees it; the conventions are those of service.ts. */

import type { DataClass, DayBudget, Direction, LinkKind } from '../../swarm/bandwidth/policy.ts'

/** A rule that is asked for. */
export interface LimitRequest {
  /** The id of the rule to set; null for the one with the same selection, or a new one. */
  readonly id: string | null
  readonly direction: Direction
  readonly link: LinkKind | 'all'
  readonly dataClass: DataClass | 'all'
  /** As `mon-fri 08:00-18:00 Europe/Berlin`; null is always. */
  readonly hours: string | null
  /** Null is for a rule that has traffic yield. */
  readonly bytesPerSecond: number | null
}

/** A budget that is asked for. */
export interface BudgetTerms {
  readonly bytes: number
  /** Null is for that of the budget before, else that of this machine. */
  readonly zone: string | null
}

export interface BudgetRequest {
  /** Null ends the budget; undefined leaves it as it is. */
  readonly up?: BudgetTerms | null | undefined
  readonly down?: BudgetTerms | null | undefined
}

export interface LimitStatus {
  readonly id: string
  readonly kind: 'cap' | 'background'
  readonly direction: Direction
  readonly link: LinkKind | 'all'
  readonly dataClass: DataClass | 'all'
  readonly hours: string | null
  /** Of a cap; null for a rule that has traffic yield. */
  readonly bytesPerSecond: number | null
  readonly inForce: boolean
  /** When its hours begin or end; null for a rule without hours. */
  readonly nextChangeAtMs: number | null
  /** What it selects, over the last seconds. */
  readonly currentBytesPerSecond: number
  /** It made something wait in the last seconds. */
  readonly holdsUp: boolean
}

export interface BudgetStatus extends DayBudget {
  readonly direction: Direction
  readonly usedBytes: number
  readonly spent: boolean
  readonly resetsAtMs: number
}

/** The way to a peer where traffic yields. */
export interface PathStatus {
  readonly peer: string
  readonly name: string | null
  readonly direction: Direction
  /** What may go there now. */
  readonly bytesPerSecond: number
  /** The queue that is seen there, and the one that is aimed at. */
  readonly queueMs: number
  readonly targetMs: number
  /** The least round trip of late; null before the first. */
  readonly baseMs: number | null
}

export interface LimitsStatus {
  readonly atMs: number
  readonly rules: readonly LimitStatus[]
  readonly budgets: readonly BudgetStatus[]
  readonly paths: readonly PathStatus[]
  /** When hours begin or end, or the day of a budget ends; null when neither will. */
  readonly nextChangeAtMs: number | null
  /** The limits that were set can not be read, so that none are in force. */
  readonly unreadable: boolean
}

/** What holds payload up at present. */
export interface Restraint {
  /** `peers`: what the limits of other devices let come from them. */
  readonly kind: 'cap' | 'background' | 'budget' | 'peers'
  readonly direction: Direction
  /** Id of the rule; null where it is none. */
  readonly rule: string | null
  /** What it lets pass in all; null where that is not a number. */
  readonly bytesPerSecond: number | null
  /** When that changes by itself, in the time of `zone`; null when it does not. */
  readonly untilMs: number | null
  readonly zone: string | null
}

export interface LimitsService {
  limits(): Promise<LimitsStatus>
  /** All of them or none: durable, and in force for what is under way too, when it resolves. */
  setLimits(rules: readonly LimitRequest[]): Promise<LimitsStatus>
  /** Rejects with LIMIT_UNKNOWN. */
  removeLimit(id: string): Promise<LimitsStatus>
  /** Ends all rules and budgets. */
  clearLimits(): Promise<LimitsStatus>
  setBudget(request: BudgetRequest): Promise<LimitsStatus>
}
