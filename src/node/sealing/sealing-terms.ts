/** What the admin API can ask about sealed versions. */

import type { VersionId } from '../../base/ids.ts'
import type { Task } from '../task.ts'

export interface RekeyRecord {
  readonly name: string
  readonly versions: readonly {
    readonly version: VersionId
    readonly ordinal: number
    /** Whether it was wrapped anew; if not, why. */
    readonly rekeyed: boolean
    readonly reason: string | null
    readonly recipients: number
    /** Who may read it and has not said to which key things are sealed for it. */
    readonly keyless: number
  }[]
  /** Devices that were told at once; the others ask. */
  readonly peersTold: number
}

export interface AgeExportRequest {
  readonly name: string
  readonly version: string | null
  readonly path: string
  /** `age1…` of those it is exported for. */
  readonly recipients: readonly string[]
  /** Where a new private key for it goes; null for none. */
  readonly identityOut: string | null
}

export interface AgeExportProgress {
  readonly filesDone: number
  readonly filesTotal: number
  readonly bytesDone: number
  readonly bytesTotal: number
}

export interface AgeExportRecord {
  readonly name: string
  readonly version: VersionId
  readonly path: string
  readonly files: number
  readonly bytes: number
  /** Links, which have nothing to encrypt. */
  readonly linksLeftOut: number
  readonly recipients: readonly string[]
  readonly identity: string | null
}

export interface SealingService {
  /**
   * Wraps every sealed version of a dataset anew to those who may read it now, and ends all envelopes before.
   * NOT_AUTHORISED when this device may not. Done again, it does the same again; versions that were done before an
   * interruption are done.
   */
  rekey(name: string): Promise<RekeyRecord>
  /** DATASET_UNKNOWN when not all of it is here. */
  exportAge(request: AgeExportRequest, task: Task<AgeExportProgress>): Promise<AgeExportRecord>
}
