/**
 * What the node tells of breaches of personal data (GDPR, Art. 33 and 34): cases, their clock, and what is known of
 * each.
 */

import type { VersionId } from '../../base/ids.ts'
import type { DatasetClass } from '../../ledger/encoding/names.ts'
import type { AuditHolder, AuditRead, AuditSurvey } from '../audit/audit-report.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { RegisterHead } from './privacy-terms.ts'

export const BREACH_TEXT_CHARACTERS_MAX = 2000
export const BREACH_DATASETS_MAX = 256

/** `notified`: the authority was; `no-risk`: none was likely, so it did not have to be; `no-breach`: there was none. */
export const BREACH_OUTCOMES = ['notified', 'no-risk', 'no-breach'] as const
export type BreachOutcome = (typeof BREACH_OUTCOMES)[number]

/** `late`: notified after its time. `overdue`: its time is over, and nobody was notified. */
export type BreachState = 'running' | 'overdue' | 'notified' | 'late' | 'closed'

/** What people say of it: Art. 33(3)(a), (c), (d), 33(1), 34. */
export const BREACH_FIELDS = ['nature', 'cause', 'consequences', 'measures', 'delay'] as const
export type BreachField = (typeof BREACH_FIELDS)[number]

export interface BreachSummary {
  readonly id: string
  readonly summary: string
  readonly datasets: readonly string[]
  /** When it was; null where that is not known on that side. */
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly awareAtMs: number
  readonly openedAtMs: number
  /** 72 hours after the awareness. */
  readonly dueAtMs: number
  readonly state: BreachState
  readonly notifiedAtMs: number | null
  /** When the persons concerned were told (Art. 34). */
  readonly personsToldAtMs: number | null
  readonly said: { readonly [Field in BreachField]: string | null }
  readonly closed: {
    readonly atMs: number
    readonly outcome: BreachOutcome
    readonly reason: string
  } | null
}

export interface ConcernedDataset {
  readonly name: string
  readonly classes: readonly DatasetClass[]
  readonly labels: readonly string[]
  readonly sealed: 'all' | 'some' | 'none'
  /** That were there at some time of the span. */
  readonly versions: readonly {
    readonly version: VersionId
    readonly ordinal: number
    readonly publishedAtMs: number
  }[]
  readonly files: number
  readonly bytes: number
  readonly personsKnown: number
  readonly pseudonyms: number
  /** Categories as noted. */
  readonly persons: string | null
  readonly data: string | null
  /** Devices that may read now, how many. */
  readonly mayRead: number
  readonly holders: readonly AuditHolder[]
  /** In the span, with the evidence of each side. */
  readonly reads: readonly AuditRead[]
}

export interface BreachReport extends RegisterHead, AuditSurvey {
  readonly breach: BreachSummary
  readonly datasets: readonly ConcernedDataset[]
  /** Different persons in all of them, as the directory here knows them. */
  readonly personsKnown: number
  /** Devices that have read something of it in the span. */
  readonly readers: readonly DeviceName[]
  /** What Art. 33(3) asks for, and nobody has said. */
  readonly toFillIn: readonly string[]
  readonly limits: readonly string[]
}

export interface BreachOpening {
  readonly summary: string
  readonly datasets: readonly string[]
  readonly fromMs: number | null
  readonly toMs: number | null
  /** Null for now. */
  readonly awareAtMs: number | null
}

/** What is left out stays as it is; null takes it away. */
export interface BreachChanges {
  readonly id: string
  readonly datasets?: readonly string[] | undefined
  readonly fromMs?: number | null | undefined
  readonly toMs?: number | null | undefined
  readonly notifiedAtMs?: number | null | undefined
  readonly personsToldAtMs?: number | null | undefined
  readonly said?: { readonly [Field in BreachField]?: string | null | undefined } | undefined
}

/**
 * For devices that know whom data is about; elsewhere it rejects with NOT_AUTHORISED. CASE_UNKNOWN for what is none.
 */
export interface BreachService {
  breaches(): Promise<readonly BreachSummary[]>
  openBreach(of: BreachOpening): Promise<BreachSummary>
  /** By the id or its beginning, as in all that follows. Asks for the audit logs of others. */
  breach(id: string): Promise<BreachReport>
  /** The ids of the persons that are known to be concerned, to tell them (Art. 34). */
  breachPersons(id: string): Promise<readonly string[]>
  changeBreach(changes: BreachChanges): Promise<BreachSummary>
  closeBreach(of: {
    readonly id: string
    readonly outcome: BreachOutcome
    readonly reason: string
  }): Promise<BreachSummary>
  /** For good; one that is not closed rejects with CASE_OPEN. */
  deleteBreach(id: string): Promise<BreachSummary>
}
