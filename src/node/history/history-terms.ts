/** Measurements of this device over time; the conventions are those of service.ts. */

import type { Savings } from '../../history/savings.ts'
import type { OwnDevice } from '../service-words.ts'

/** `flow`: each sample is what came since the one before, so sums add up. `level`: each is how it was then. */
export type SeriesKind = 'flow' | 'level'
export type SeriesUnit = 'bytes' | 'count' | 'ms' | 'share'

export interface Series {
  readonly name: string
  readonly kind: SeriesKind
  readonly unit: SeriesUnit
}

export interface HistoryPoint {
  /** The span begins here, and is a step long. */
  readonly atMs: number
  readonly samples: number
  readonly sum: number
  readonly min: number
  readonly max: number
  /** Of the samples, within the relative error that the answer says. */
  readonly p50: number
  readonly p95: number
}

export interface HistoryRequest {
  readonly series: string
  readonly fromMs: number
  /** Null for now. */
  readonly toMs: number | null
  /** Null for as fine as there are points, and not too many of them. */
  readonly stepMs: number | null
}

export interface HistoryAnswer extends Series {
  readonly fromMs: number
  readonly toMs: number
  /** No finer than what is still kept for the beginning. */
  readonly stepMs: number
  readonly sampleIntervalMs: number
  readonly relativeError: number
  /** Spans without a sample are left out. */
  readonly points: readonly HistoryPoint[]
}

/** What this device received, and what that saves. */
export interface DeviceSavings extends Savings {
  readonly device: OwnDevice
  /** The first measured span that was counted; null without any. */
  readonly firstAtMs: number | null
  readonly fromMs: number
  readonly toMs: number
  readonly sentSiteBytes: number
  readonly sentWanBytes: number
}

export interface HistoryService {
  series(): Promise<readonly Series[]>
  /** Rejects with USAGE for a series that there is not, and a span that ends before it begins. */
  history(request: HistoryRequest): Promise<HistoryAnswer>
  savings(span: { readonly fromMs: number; readonly toMs: number | null }): Promise<DeviceSavings>
}
