/** What the node tells of who holds how much of a version. */

import type { VersionId } from '../../base/ids.ts'
import type { DeviceName } from '../keys/device-name.ts'

/**
 * - `here`: this device;
 * - `stream`: it says so now, over a stream;
 * - `past stream`: it said so when its stream ended, and may have more by now;
 * - `ledger`: it said there that it keeps all of it;
 * - `publisher`: it published it, and nothing else is known.
 */
export type HolderSource = 'here' | 'stream' | 'past stream' | 'ledger' | 'publisher'

export interface VersionHolder extends DeviceName {
  /** False for who was revoked, suspended or has ended: what it had it may have still, and counts for nothing. */
  readonly isMember: boolean
  readonly by: HolderSource
  readonly isWhole: boolean
  /** Null where only that it has all of it is known. */
  readonly havePieces: number | null
  readonly asOfAtMs: number
}

export interface VersionHolders {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  readonly bytes: number
  readonly atMs: number
  /** Null while nothing of the version is known here. */
  readonly totalPieces: number | null
  /** Whoever has all of it first, then who has most. */
  readonly holders: readonly VersionHolder[]
  /** Devices that are members now, of which the holders that are none are no part. */
  readonly members: number
  /** Members of which it is not known whether they hold any of it. */
  readonly unknown: number
}
