/** What the main thread asks of the audit worker, and what it answers. Plain data: it crosses threads. */

import type {
  FindingRow,
  KnownHead,
  LogExpiry,
  LogGrowth,
  LogKey,
  LogRenewal,
  WitnessAdvance
} from './audit-rows.ts'
import type { Failure } from './failure.ts'

export type AuditJob =
  | { readonly kind: 'grow'; readonly growth: LogGrowth }
  | { readonly kind: 'renew'; readonly renewal: LogRenewal }
  | { readonly kind: 'file'; readonly fileId: string }
  | { readonly kind: 'expire'; readonly expiry: LogExpiry }
  | { readonly kind: 'checkpoint'; readonly log: LogKey; readonly size: number; readonly note: Uint8Array }
  | { readonly kind: 'witness'; readonly advance: WitnessAdvance }
  | { readonly kind: 'sighting'; readonly head: KnownHead }
  | { readonly kind: 'finding'; readonly finding: FindingRow }
  | { readonly kind: 'close' }

export type AuditAnswer =
  | { readonly kind: 'done' }
  /** Whether the witness advanced; false when another checkpoint was cosigned meanwhile. */
  | { readonly kind: 'witnessed'; readonly advanced: boolean }
  | { readonly kind: 'failed'; readonly failure: Failure }
