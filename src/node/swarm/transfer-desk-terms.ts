/** What the desk of transfers shows of one, and what it is made with. */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { BlobStore } from '../../store/records.ts'
import type { Holding, Store } from '../../store/store.ts'
import type { Log } from '../log.ts'
import type { Reuse } from '../reuse/reuse.ts'
import type { SealedTransfers } from './sealed-transfers.ts'
import type { VersionFetcher } from './swarm-hub.ts'
import type { Tally } from './tally.ts'
import type { TransferRecord } from './transfer-record.ts'

/** A transfer with what only lives in memory. */
export interface TransferView extends TransferRecord {
  readonly holding: Holding | undefined
  /** Of what is to be fetched. */
  readonly haveBytes: number
  readonly resumedBytes: number
  readonly reusedBytes: number
  /** From the HTTP origin, as the tallies are from peers. */
  readonly originBytes: number
  readonly tallies: ReadonlyMap<DeviceId, Tally>
}

export interface TransferRead {
  readonly version: VersionId
  readonly bytes: number
  readonly purpose: string | null
  readonly destination: string
}

export interface TransferDeskInit {
  readonly store: Store
  /** For what is known of each transfer. */
  readonly records: BlobStore
  readonly hub: VersionFetcher
  readonly reuse: Pick<Reuse, 'find'>
  readonly sealed?: SealedTransfers
  readonly log: Log
  /** What was asked for of a version is here. */
  readonly onRead: (read: TransferRead) => void
  /** What was here of a version is not held any more. */
  readonly onForgotten: (version: VersionId) => void
}
