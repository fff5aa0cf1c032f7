/** Service levels, savings and participation over devices that can be asked; conventions are those of service.ts. */

import type { OperationId } from '../../base/ids.ts'
import type { Savings } from '../../history/savings.ts'
import type { LevelMeasure } from '../../ledger/operation/performance-content.ts'
import type { LevelState } from '../../slo/service-level.ts'
import type { Reason, Signals } from '../../slo/slow-device.ts'
import type { Passing } from '../boost/boost-terms.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Acted } from '../ledger/governance-terms.ts'
import type { DeviceKind } from '../service-words.ts'

export const SILENT_LISTED_MAX = 200

/** Whose figures these are, and whose not. */
export interface Heard {
  /** That answered, this one included. */
  readonly devices: number
  readonly silentCount: number
  /** Members that did not answer and why, at most `SILENT_LISTED_MAX`. */
  readonly silent: readonly (DeviceName & { readonly detail: string })[]
}

/** Observations of some devices held against a level. */
export interface LevelStanding {
  readonly state: LevelState
  readonly good: number
  readonly bad: number
  /** Good of all; null without any, as are the others. */
  readonly goodShare: number | null
  /** Milliseconds; null for availability, too. */
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly lastMs: number | null
  /** That observed something. */
  readonly devices: number
}

/** What a level asks for. */
export interface LevelRequest {
  readonly name: string
  readonly measure: LevelMeasure
  readonly dataset: string | null
  readonly site: string | null
  readonly limitMs: number | null
  /** What has to be good of all, from 0 to 1. */
  readonly targetShare: number
  readonly windowMs: number
}

export interface LevelRecord extends LevelStanding, LevelRequest {
  readonly operation: OperationId
  readonly by: DeviceName
  readonly setAtMs: number
  /** How many may be bad in the window; null without observations. */
  readonly budget: number | null
  readonly budgetLeft: number | null
  /** 1 uses the budget up just when the window ends; null where nothing may be bad. */
  readonly burnHour: number | null
  readonly burnDay: number | null
  readonly firstAtMs: number | null
  readonly lastAtMs: number | null
  readonly sites: readonly (LevelStanding & { readonly site: string })[]
}

export interface LevelReport {
  readonly atMs: number
  readonly heard: Heard
  readonly levels: readonly LevelRecord[]
}

/** How a level went on this device alone. */
export interface LevelHistory {
  readonly name: string
  readonly atMs: number
  readonly stepMs: number
  readonly points: readonly {
    /** When the span begins. */
    readonly atMs: number
    readonly good: number
    readonly bad: number
    /** Milliseconds; null for availability, and without any. */
    readonly lastMs: number | null
    /** At the end of the span, of the window that ends there; null without observations in it. */
    readonly budgetLeft: number | null
  }[]
}

export interface SitePrice {
  /** Null for every site without one of its own. */
  readonly site: string | null
  readonly currency: string
  readonly perGb: number
  readonly by: DeviceName
  readonly setAtMs: number
  readonly operation: OperationId
}

export interface SavingsOfSite extends Savings {
  readonly site: string
  readonly devices: number
  readonly price: { readonly currency: string; readonly perGb: number } | null
  /** In the currency; null without a price. */
  readonly saved: number | null
}

/** What a device, or those of a group, gave and received. */
export interface Exchanged extends Savings {
  readonly sentSiteBytes: number
  readonly sentWanBytes: number
  /** Of what was sent: by receipts of readers, in the giver's log and in the reader's. */
  readonly confirmedBytes: number
  /** By receipts of readers that did not answer. */
  readonly unconfirmedBytes: number
}

export interface SavingsOfDevice extends DeviceName, Exchanged {
  readonly kind: DeviceKind | null
  /** The first measured span that is counted; null without any. */
  readonly firstAtMs: number | null
  /** False when it shows nobody who read from it: then its contribution is not known. */
  readonly hasReceipts: boolean
}

export interface FleetSavingsReport extends Savings {
  readonly org: string
  readonly atMs: number
  readonly fromMs: number
  readonly toMs: number
  readonly heard: Heard
  readonly sentSiteBytes: number
  readonly sentWanBytes: number
  readonly money: readonly { readonly currency: string; readonly saved: number }[]
  /** Avoided at sites that have no price. */
  readonly unpricedBytes: number
  readonly sites: readonly SavingsOfSite[]
  readonly devices: readonly SavingsOfDevice[]
  /** A device in several groups counts in each; null for those in none. */
  readonly groups: readonly (Exchanged & { readonly group: string | null; readonly devices: number })[]
  /** Some device had more receipts than it could tell of. */
  readonly receiptsCut: boolean
}

export interface Participant extends DeviceName {
  readonly kind: DeviceKind | null
  readonly sentBytes: number
  readonly receivedBytes: number
  /** Of all that the devices that answered sent; null when none sent anything. */
  readonly share: number | null
  /** While it gave, to one: the median over those that say so; null when nobody does. */
  readonly givesBytesPerSecond: number | null
  readonly observers: number
  readonly slow: boolean
  /** Likely ones, the likeliest first; none for who is not slow. */
  readonly reasons: readonly Reason[]
  readonly signals: Signals
}

export interface Participation {
  readonly atMs: number
  readonly fromMs: number
  readonly heard: Heard
  /** Who sent the most first. */
  readonly devices: readonly Participant[]
  /** Of the device that is asked alone. */
  readonly passing: Passing
}

export interface PerformanceService {
  levels(): Promise<LevelReport>
  /** Rejects with USAGE when there is none of that name. */
  levelHistory(name: string): Promise<LevelHistory>
  /** Rejects with USAGE, or with NOT_AUTHORISED and signs nothing. */
  setLevel(request: LevelRequest): Promise<Acted>
  /** Rejects with NO_CHANGE when there is none of that name. */
  unsetLevel(name: string): Promise<Acted>
  prices(): Promise<readonly SitePrice[]>
  /** A null site is every site without one of its own; a null price ends it. */
  setPrice(request: {
    readonly site: string | null
    readonly price: { readonly currency: string; readonly perGb: number } | null
  }): Promise<Acted>
  fleetSavings(span: { readonly fromMs: number; readonly toMs: number | null }): Promise<FleetSavingsReport>
  participation(span: { readonly fromMs: number }): Promise<Participation>
}
