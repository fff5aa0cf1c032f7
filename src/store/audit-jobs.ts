/** What the main thread asks of the audit worker, and what it answers. Plain data: it crosses threads. */

import type { DeviceId } from '../base/ids.ts'
import type { FindingRow, LogGrowth, SignedHead, WitnessAdvance } from './audit-database.ts'
import type { Failure } from './failure.ts'

export type AuditJob =
  | { readonly kind: 'grow'; readonly growth: LogGrowth }
  | { readonly kind: 'checkpoint'; readonly size: number; readonly note: Uint8Array }
  | { readonly kind: 'witness'; readonly advance: WitnessAdvance }
  | { readonly kind: 'sighting'; readonly device: DeviceId; readonly head: SignedHead }
  | { readonly kind: 'finding'; readonly finding: FindingRow }
  | { readonly kind: 'close' }

export type AuditAnswer =
  | { readonly kind: 'done' }
  /** Whether the witness advanced; false when another checkpoint was cosigned meanwhile. */
  | { readonly kind: 'witnessed'; readonly advanced: boolean }
  | { readonly kind: 'failed'; readonly failure: Failure }
