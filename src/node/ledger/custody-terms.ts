/** What the node tells of how content is kept and who may read it, and what it can be asked to sign of that. */

import type { OperationId, VersionId } from '../../base/ids.ts'
import type { DatasetClass } from '../../ledger/encoding/names.ts'
import type { ReadDecision, ReadFault } from '../../ledger/fold/access.ts'
import type { ClassRules } from '../../ledger/operation/operation-content.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Acted } from './governance-terms.ts'
import type { Reading } from './last-reads.ts'

export interface ClassRecord extends ClassRules {
  readonly dataClass: DatasetClass
  /** How old a view may be by these rules and the root's together; null without a limit. */
  readonly stalenessLimitMs: number | null
  /** What set them; null for the defaults of every org. */
  readonly set: { readonly operation: OperationId; readonly by: DeviceName; readonly atMs: number } | null
}

export interface ClassAction {
  readonly dataClass: DatasetClass
  /** What is left out stays as it is. */
  readonly changes: { readonly [K in keyof ClassRules]?: ClassRules[K] | undefined }
}

export interface HoldRecord {
  readonly operation: OperationId
  readonly name: string
  readonly by: DeviceName
  readonly reason: string | null
  readonly placedAtMs: number
}

type Allowed = Extract<ReadDecision, { allowed: true }>

/** Why something may be read. */
export interface Permission extends Pick<Allowed, 'because' | 'purpose'> {
  readonly grant: OperationId | null
}

export interface ReaderRecord extends DeviceName, Permission, Reading {}

export interface ReadersRecord {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  /** Why nobody reads it; null where somebody may. */
  readonly closed: { readonly reason: ReadFault; readonly detail: string } | null
  readonly devices: readonly ReaderRecord[]
  readonly groups: readonly {
    readonly id: OperationId
    readonly name: string
    readonly grants: readonly OperationId[]
  }[]
}

export interface ReadableRecord {
  readonly device: DeviceName
  readonly versions: readonly (Permission &
    Reading & {
      readonly name: string
      readonly version: VersionId
      readonly dataClass: DatasetClass
    })[]
}

/** Each action rejects with NOT_AUTHORISED, and signs nothing, when this device may not do it. */
export interface CustodyService {
  classes(): Promise<readonly ClassRecord[]>
  setClass(action: ClassAction): Promise<Acted>
  holds(): Promise<readonly HoldRecord[]>
  placeHold(action: { readonly name: string; readonly reason: string | null }): Promise<Acted>
  /** By the beginning of the id of a hold that stands. */
  liftHold(id: string): Promise<Acted>
  /** Of a version; null is the newest that can be fetched, else the newest. Asks for audit logs, as does the next. */
  readers(of: { readonly name: string; readonly version: string | null }): Promise<ReadersRecord>
  readable(device: string): Promise<ReadableRecord>
}
