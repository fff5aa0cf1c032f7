/**
 * What a node can be measured by, as plain numbers. Conventions: those of service.ts; what ends in `Total` has only
 * grown since the start of the node, or for as long as it says; null for what is not known or does not apply.
 */

import type { RuleId } from '../../detection/finding.ts'
import type { Direction } from '../../swarm/bandwidth/policy.ts'
import type { BoostMeasures } from '../boost/boost-terms.ts'
import type { DeviceKind, TransferState } from '../service-words.ts'

/** Payload by where it came from. What was stored or found bad after its sender had gone is `departed`. */
export type PayloadSource = 'site' | 'wan' | 'origin' | 'local' | 'departed'

export interface SitePeers {
  /** Null where it is not known. */
  readonly site: string | null
  readonly kind: DeviceKind | null
  readonly count: number
}

export interface SiteBytes {
  /** '' where it is not known. */
  readonly site: string
  readonly receivedBytes: number
  readonly sentBytes: number
}

export interface TransferMeasures {
  readonly byState: Readonly<Record<TransferState, number>>
  /** Under way, and by the present rate not done by their deadline. */
  readonly late: number
  readonly verifiedBytes: Readonly<Record<PayloadSource, number>>
  readonly wastedBytes: Readonly<Record<Exclude<PayloadSource, 'local'>, number>>
  readonly sentBytes: { readonly lan: number; readonly wan: number }
  /** Other sites only. */
  readonly wan: readonly SiteBytes[]
  readonly pieceFailures: { readonly mismatch: number; readonly storage: number; readonly lost: number }
  readonly misbehaviours: ReadonlyMap<string, number>
}

export interface LedgerMeasures {
  readonly feeds: number
  readonly operations: number
  readonly isWhole: boolean
  /** Since a peer was last asked for all that it has, and gave it. */
  readonly syncAgeMs: number | null
  readonly datasets: number
  /** Null in an org without beacons. */
  readonly beacon: {
    readonly ageMs: number | null
    /** Less than zero when it is over. */
    readonly expiresInMs: number | null
    readonly signers: number
    readonly heard: number
    readonly uncovered: number
    readonly quorum: number
  } | null
  readonly isFrozen: boolean
  readonly isClockWrong: boolean
}

export interface StorageMeasures {
  readonly diskFreeBytes: number
  readonly diskTotalBytes: number
  readonly offeredBytes: number
  readonly keptBytes: number
  /** Copies and shares that this device owes and has not got; and of those the ones that failed. */
  readonly lacking: number
  readonly failing: number
  readonly boosts: BoostMeasures
  readonly scrub: {
    readonly isPaused: boolean
    /** Of all passes, over restarts. */
    readonly readBytesTotal: number
    readonly badPiecesTotal: number
    readonly healedPiecesTotal: number
    readonly damagedCopies: number
    readonly heldBytes: number
    /** Of the pass that runs, 0 to 1. */
    readonly passShare: number | null
    /** Since the last pass ended. */
    readonly lastPassAgeMs: number | null
  }
}

export interface AuditMeasures {
  readonly entries: number
  readonly signedEntries: number
  /** Entries that no peer has cosigned, and the age of the oldest of them; null in an org of one device. */
  readonly uncosigned: { readonly entries: number; readonly ageMs: number } | null
  /** Where logs contradict each other or themselves. */
  readonly findings: number
}

export interface DetectionMeasures {
  /** Findings by rule: that nobody has acknowledged, and that there ever were on this device. */
  readonly open: Readonly<Record<RuleId, number>>
  readonly raised: Readonly<Record<RuleId, number>>
}

/**
 * - `kept`: as its rule asks.
 * - `below`: not as its rule asks; any one device may still be lost.
 * - `at-risk`: not as its rule asks, and there is a device with which it is lost.
 * - `unreadable`: what is proved does not give it back.
 */
export type UnitSafety = 'kept' | 'below' | 'at-risk' | 'unreadable'

/** - `waiting`: a device has not confirmed. - `held`: a hold delays it. - `confirmed`: by every device that counts. */
export type CaseState = 'waiting' | 'held' | 'confirmed'

/** What takes long to know, of the whole org. */
export interface OrgSurvey {
  readonly units: Readonly<Record<UnitSafety, number>>
  readonly unplacedBytes: number
  readonly cases: Readonly<Record<CaseState, number>>
  /** Cases that wait for longer than `ERASURE_DUE_MS`. */
  readonly casesOverdue: number
  /** Confirmations that are missing, of all cases that wait. */
  readonly confirmationsMissing: number
}

/** Of a day, for what crosses between this device and other sites. */
export interface BudgetMeasures {
  readonly bytes: number
  readonly usedBytes: number
}

export interface Measures {
  readonly peers: readonly SitePeers[]
  readonly devices: Readonly<Record<DeviceKind, number>>
  readonly transfers: TransferMeasures
  readonly ledger: LedgerMeasures
  readonly storage: StorageMeasures
  readonly audit: AuditMeasures
  /** None for a direction that has no budget. */
  readonly budgets: Readonly<Partial<Record<Direction, BudgetMeasures>>>
  readonly detection: DetectionMeasures
  /** Null until the first is made. */
  readonly survey: (OrgSurvey & { readonly ageMs: number; readonly tookMs: number }) | null
}
