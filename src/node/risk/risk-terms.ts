/** What the node tells of risks, and what can be said about them: a part of service.ts. */

import type { OperationId, OrgId } from '../../base/ids.ts'
import type { Level } from '../../base/risk-level.ts'
import type { Assessment } from '../../risk/residual.ts'
import type { Category, Mapping, Treatment } from '../../risk/risk.ts'
import type { Degree } from '../../risk/scale.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Acted } from '../ledger/governance-terms.ts'
import type { OwnDevice } from '../service-words.ts'

export const ACCEPTANCE_STATES = ['in-force', 'exceeded', 'ended'] as const

export interface AcceptanceRecord {
  readonly operation: OperationId
  readonly by: DeviceName
  /** The highest residual score that is accepted. */
  readonly score: number
  readonly reason: string
  readonly acceptedAtMs: number
  readonly untilMs: number
  /** `exceeded`: the residual score is higher than what was accepted. */
  readonly state: (typeof ACCEPTANCE_STATES)[number]
}

/** The worst of a day of UTC, or of the week that begins with it. */
export interface TrendRecord {
  readonly dayAtMs: number
  readonly likelihood: Degree
  readonly impact: Degree
  readonly score: number
}

export interface RiskRecord {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly category: Category
  readonly threatEvents: readonly string[]
  readonly inherent: {
    readonly likelihood: Degree
    readonly impact: Degree
    readonly score: number
    readonly level: Level
    readonly why: string
  }
  readonly residual: {
    readonly likelihood: Degree
    readonly impact: Degree
    readonly score: number
    readonly level: Level
  }
  /** The formula with the numbers put in, a sentence for each step. */
  readonly steps: { readonly likelihood: readonly string[]; readonly impact: readonly string[] }
  readonly indicators: readonly (Omit<Assessment['indicators'][number], 'devices'> & {
    readonly devices: readonly DeviceName[]
  })[]
  readonly controls: Assessment['controls']
  readonly mapping: Mapping
  readonly owner: string | null
  readonly treatment: Treatment
  /** Newest first; those that were withdrawn are not among them. */
  readonly acceptances: readonly AcceptanceRecord[]
  /** Oldest first; in the register the last `TREND_LISTED_MAX` alone. */
  readonly trend: readonly TrendRecord[]
}

export const TREND_LISTED_MAX = 30

export interface RiskRegister {
  readonly org: { readonly id: OrgId; readonly name: string }
  /** The device whose register it is. */
  readonly device: OwnDevice
  /** The program that read it, with its version. */
  readonly software: string
  /** When the indicators were read. */
  readonly atMs: number
  /** The highest residual score first. */
  readonly risks: readonly RiskRecord[]
}

export const ACCEPTANCE_MAX_MS = 366 * 86_400_000
export const OWNER_CHARACTERS_MAX = 128

export interface RiskService {
  risks(): Promise<RiskRegister>
  /** Rejects with RISK_UNKNOWN. */
  risk(id: string): Promise<RiskRecord>
  /** A null score is the residual one now. Rejects with RISK_UNKNOWN, or with NOT_AUTHORISED and signs nothing. */
  acceptRisk(of: {
    readonly id: string
    readonly reason: string
    readonly expiresInMs: number
    readonly score: number | null
  }): Promise<Acted>
  /** Of a risk that has one acceptance, or of the beginning of its operation's id; rejects with OPERATION_UNKNOWN. */
  withdrawAcceptance(id: string): Promise<Acted>
  /** What is left out stays; a null owner takes the owner away. */
  noteRisk(of: {
    readonly id: string
    readonly owner?: string | null | undefined
    readonly treatment?: Treatment | undefined
  }): Promise<RiskRecord>
}
