/** What the node tells of how long versions are kept, and what is over: a part of service.ts. */

import type { VersionId } from '../../base/ids.ts'
import type { DatasetClass } from '../../ledger/encoding/names.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Acted, ContentActed } from '../ledger/governance-terms.ts'

export type RetentionScope =
  | { readonly kind: 'class'; readonly dataClass: DatasetClass }
  | { readonly kind: 'dataset'; readonly name: string }

export interface RetainedVersion {
  readonly name: string
  readonly ordinal: number
  readonly version: VersionId
  readonly dataClass: DatasetClass
  readonly bytes: number
  readonly publishedAtMs: number
  /** Null for ever. */
  readonly keptMs: number | null
  readonly by: 'class' | 'dataset'
  readonly overAtMs: number | null
  /** `held`: over, and kept for the record. */
  readonly state: 'kept' | 'over' | 'held'
  readonly holds: readonly { readonly by: DeviceName; readonly reason: string | null }[]
}

export interface RetentionRun {
  /** What is over, held or not. */
  readonly versions: readonly RetainedVersion[]
  /** Null when nothing was signed: for a dry run, or as nothing is over and not held. */
  readonly case: string | null
  readonly operations: readonly ContentActed[]
}

/** Each action rejects with NOT_AUTHORISED, and signs nothing, when this device may not do it. */
export interface RetentionService {
  retention(): Promise<readonly RetainedVersion[]>
  setRetention(of: { readonly scope: RetentionScope; readonly keepMs: number | null }): Promise<Acted>
  /** Asks for the erasure of what is over, in one case. */
  runRetention(of: { readonly dryRun: boolean }): Promise<RetentionRun>
}
