/** What the transfer desk asks of whoever opens sealed versions (sealing/sealed-reader.ts). */

import type { Version } from '../../content/version.ts'
import type { Holding } from '../../store/store.ts'
import type { Problem } from '../service.ts'
import type { TransferOrder } from './transfer-record.ts'

export interface SealedTransfers {
  /** Why a version may not, or can not, be opened at present; undefined when it can. */
  lack(order: TransferOrder): Problem | undefined
  /** Where the objects of a version go. */
  placeOf(version: Version): Promise<string>
  /** Which objects are to be fetched now: the manifest alone while it is not here. */
  select(order: TransferOrder, version: Version): Promise<ReadonlySet<number>>
  /** Opens what was asked for into the destination; `more` when not all of its objects are here. */
  open(order: TransferOrder, holding: Holding, signal: AbortSignal): Promise<'opened' | 'more'>
  /** Drops what was being opened. */
  discard(order: TransferOrder): Promise<void>
  /** Whether a version can be opened may have changed. */
  onChange(listener: () => void): void
}
