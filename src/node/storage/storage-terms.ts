/** What the node tells of copies and of room, and what it can be asked about them. */

import type { VersionId } from '../../base/ids.ts'
import type { DeviceKind } from '../../ledger/encoding/names.ts'
import type { Boost, Demand } from '../boost/boost-terms.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Acted } from '../ledger/governance-terms.ts'
import type { ScrubReport, ScrubService } from './scrub-terms.ts'

/**
 * - `kept`: it says that it has it, is counted on, and owes it.
 * - `surplus`: the same, but it belongs elsewhere; it goes when the others are proved.
 * - `owed`: it owes it, and is present: it is on its way.
 * - `away`: it owes it, has not got it, and is not here.
 * - `doubtful`: it says that it has it, and is not counted on: it is gone, or said so too long ago.
 */
export type CopyState = 'kept' | 'surplus' | 'owed' | 'away' | 'doubtful'

export interface CopyRecord extends DeviceName {
  readonly kind: DeviceKind
  readonly region: string | null
  /** Which share it is; null for a whole copy, and where it is not known yet. */
  readonly share: number | null
  readonly state: CopyState
  /** Linked with this device, or it stated lately where it is: then it may have gone since. */
  readonly isPresent: boolean
  readonly isLinked: boolean
  /** When it stated last where it is; null when it never did. */
  readonly heardAtMs: number | null
  /** When it said so last; null when it has not. */
  readonly saidAtMs: number | null
  /** Until when it keeps it at the least. */
  readonly untilMs: number | null
}

export interface VersionStorage {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  readonly bytes: number
  /** In the written form of the command line; null where nobody asks for copies. */
  readonly policy: string | null
  /** As many copies as it asks for are durable on devices that it allows. */
  readonly isSafe: boolean
  /** The same in words, with what is missing and why. */
  readonly says: string
  readonly copies: number
  readonly sites: number
  /** Any so many may be lost; null when it can not be read from copies now. */
  readonly survives: { readonly sites: number; readonly devices: number } | null
  readonly missing: readonly {
    readonly part: 'sites' | 'copies' | 'shares'
    readonly wanted: number
    readonly got: number
  }[]
  readonly devices: readonly CopyRecord[]
  /** Null while no device that this one hears of wants it. */
  readonly demand: Pick<Demand, 'wanted' | 'steady' | 'lacking' | 'hasOrigin'> | null
  /** What this device has of it in passing. */
  readonly passing: Pick<Boost, 'haveBytes' | 'sinceAtMs' | 'wantedAtMs' | 'endsAtMs'> | null
}

export interface RoomRecord {
  readonly offeredBytes: number
  readonly keptFreeBytes: number
  readonly owedBytes: number
  readonly usedBytes: number
  readonly freeBytes: number
}

export interface OwnRoom {
  readonly capacityBytes: number
  readonly keepFreeShare: number
  /** What the ledger is told; less where the disk has no more. */
  readonly toldBytes: number
  readonly keptBytes: number
  /** In passing, of what many want: it goes when its room is needed. */
  readonly passingBytes: number
  readonly diskFreeBytes: number
  readonly diskTotalBytes: number
}

export interface StorageReport {
  readonly own: OwnRoom
  readonly sites: readonly (RoomRecord & {
    readonly site: string
    readonly region: string | null
    readonly devices: number
  })[]
  readonly devices: readonly (RoomRecord &
    DeviceName & {
      readonly kind: DeviceKind
      readonly state: 'present' | 'away' | 'gone'
      readonly isLinked: boolean
      readonly heardAtMs: number | null
    })[]
  readonly versions: number
  readonly unsafe: readonly {
    readonly name: string
    readonly ordinal: number
    readonly version: VersionId
    readonly says: string
  }[]
  readonly unsafeCount: number
  /** That have no place, for want of room or of devices. */
  readonly unplacedBytes: number
  /** Copies of this device that could not be stored, and why. */
  readonly problems: readonly { readonly version: VersionId; readonly problem: string }[]
  readonly scrub: ScrubReport
}

export interface WhatIfReport {
  readonly lost: readonly DeviceName[]
  readonly datasets: readonly {
    readonly dataset: string
    readonly versions: number
    readonly touched: number
    readonly belowPolicy: number
    readonly belowPolicyBefore: number
    readonly unreadable: number
    readonly unreadableBefore: number
  }[]
}

export interface StorageOutlook {
  /** That counts, which the class may have raised; null where nobody asks for copies. */
  readonly policy: string | null
  /** Versions of which as much is, or would be, where the policy asks for it. */
  readonly safeVersions: number
  /** Of the version that stands the fewest losses; null when it can not be read from copies. */
  readonly survives: { readonly sites: number; readonly devices: number } | null
  /** The same in words. */
  readonly says: string
}

/** What a rule of storage would do. */
export interface PolicyPreview {
  readonly name: string
  /** In its one written form. */
  readonly policy: string
  /** That can be had. */
  readonly versions: number
  readonly before: StorageOutlook
  /** Once every device has what it would owe. */
  readonly after: StorageOutlook
  /** Of how many versions each keeps its part, fetches one, or lets one go. */
  readonly devices: readonly (DeviceName & {
    readonly stays: number
    readonly comes: number
    readonly goes: number
  })[]
  readonly comingBytes: number
  /** What the policy asks for and nobody could give. */
  readonly unmet: readonly {
    readonly part: 'sites' | 'copies' | 'shares'
    readonly wanted: number
    readonly got: number
    readonly because: 'no-room' | 'no-device'
  }[]
}

export interface StorageService extends ScrubService {
  /** The written form of a policy; USAGE for what is none. */
  checkPolicy(policy: string): Promise<string>
  storage(): Promise<StorageReport>
  /** Rejects with NOT_AUTHORISED. */
  setCapacity(offer: {
    readonly capacityBytes: number
    readonly keepFreeShare: number | null
  }): Promise<OwnRoom>
  /** USAGE for what is no policy; NOT_AUTHORISED. */
  setStoragePolicy(rule: { readonly name: string; readonly policy: string }): Promise<Acted>
  /** What that would do; signs nothing. USAGE for what is no policy. */
  previewStoragePolicy(rule: { readonly name: string; readonly policy: string }): Promise<PolicyPreview>
  setRegion(rule: { readonly site: string; readonly region: string }): Promise<Acted>
  versionStorage(of: { readonly name: string; readonly version: string | null }): Promise<VersionStorage>
  /** Of `site:`, `region:`, `device:` and `group:` with a name each; USAGE for what is none of them. */
  whatIf(loss: { readonly lose: readonly string[] }): Promise<WhatIfReport>
  /** The same of several losses, each by itself: what is stored is looked at once, and other work goes on between. */
  whatIfEach(losses: readonly (readonly string[])[]): Promise<readonly WhatIfReport[]>
}

export const UNSAFE_MAX = 1000
