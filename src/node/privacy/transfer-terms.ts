/** What the node tells of transfers of data out of the territory (GDPR, Art. 44 to 50), and of what policy forbids. */

import type { VersionId } from '../../base/ids.ts'
import type { DatasetClass } from '../../ledger/encoding/names.ts'
import type { AuditMissing } from '../audit/audit-report.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { PlaceCount, RegisterHead } from './privacy-terms.ts'

/**
 * - `published`, `kept`: the ledger says that it is there, as a source or as a copy.
 * - `held`: an audit log says that it is there now.
 * - `may-read`: by the ledger, devices there may read it now; of versions of one class, said of the newest.
 * - `was-read`: audit logs say that it was read from there.
 */
export const TRANSFER_KINDS = ['published', 'kept', 'held', 'may-read', 'was-read'] as const
export type TransferKind = (typeof TRANSFER_KINDS)[number]

export interface TransferEntry {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  readonly dataClass: DatasetClass
  readonly sealed: boolean
  readonly kind: TransferKind
  /** Outside the territory, or where no country is noted. */
  readonly place: Omit<PlaceCount, 'devices'>
  readonly count: number
  /** The first of them by name. */
  readonly devices: readonly DeviceName[]
  /** The earliest of them. */
  readonly sinceAtMs: number
  /** When it was read last; null for what goes on. */
  readonly lastAtMs: number | null
  /** Since when the basis is noted; null where none is. */
  readonly basisAtMs: number | null
}

export interface TransferRule {
  readonly name: string
  /** To which regions its copies are confined; empty for none. */
  readonly regions: readonly string[]
  /** Sites outside the territory that may not keep copies by that. */
  readonly closedSites: readonly string[]
  readonly access: 'members' | 'granted'
  /** Devices outside the territory that may read it, and that may not. */
  readonly outsideMay: number
  readonly outsideMayNot: number
  /** Who keeps a copy outside those regions all the same. */
  readonly strays: readonly DeviceName[]
}

export interface TransferRegister extends RegisterHead {
  readonly transfers: readonly TransferEntry[]
  /** Of what is in places of which no country is noted: it may be a transfer. */
  readonly unplaced: readonly TransferEntry[]
  readonly rules: readonly TransferRule[]
  /** Hosts outside the org from which versions can be had; where they are is not known. */
  readonly origins: readonly { readonly name: string; readonly host: string }[]
  /** Places outside the territory without a basis, and places without a country. */
  readonly toFillIn: readonly string[]
  readonly missing: readonly AuditMissing[]
  readonly limits: readonly string[]
}
