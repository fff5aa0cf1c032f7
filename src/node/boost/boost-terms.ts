/** What the node tells of boosts; conventions are those of service.ts. */

import type { VersionId } from '../../base/ids.ts'
import type { BoostTerms } from '../../placement/boost.ts'
import type { DeviceName } from '../keys/device-name.ts'

/** What this device does about versions that too few servers have. */
export interface BoostSettings extends BoostTerms {
  /** Whether this device boosts. */
  readonly isOn: boolean
}

export interface WantedBySite {
  /** '' where it is not known. */
  readonly site: string
  readonly devices: number
}

/** A version that devices want now, as this device heard of it. */
export interface Demand {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  readonly bytes: number
  readonly wanted: readonly WantedBySite[]
  /** Servers that have it, or are about to, and can be counted on. */
  readonly steady: readonly DeviceName[]
  /** How many more there should be. */
  readonly lacking: number
  /** Whether it can be had from an HTTP origin too. */
  readonly hasOrigin: boolean
}

/** A copy that this device has in passing, or fetches. */
export interface Boost {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  readonly bytes: number
  readonly haveBytes: number
  readonly sinceAtMs: number
  /** When somebody wanted it last, as far as it was heard since the start of the node. */
  readonly wantedAtMs: number
  /** When it ends if nobody wants it until then. */
  readonly endsAtMs: number
}

/** Copies in passing of this device, and what it hears that others want. */
export interface Passing {
  /** Why this device boosts nothing, in words; null when it would. */
  readonly barred: string | null
  readonly boosts: readonly Boost[]
  /** The most wanted first. */
  readonly demand: readonly Demand[]
  /** Devices of which this device hears what they want. */
  readonly heardFrom: number
}

export interface BoostReport extends Passing {
  /** Of the last look. */
  readonly atMs: number
  readonly settings: BoostSettings
  readonly roomBytes: number
}

export interface BoostMeasures {
  readonly versions: number
  readonly bytes: number
  readonly begunTotal: number
  readonly endedTotal: number
  /** Versions that devices want and that lack servers. */
  readonly lacking: number
}

/** What is left out stays as it is. */
export type BoostChange = { readonly [Name in keyof BoostSettings]?: BoostSettings[Name] | undefined }

export interface BoostService {
  boosts(): Promise<BoostReport>
  setBoosts(change: BoostChange): Promise<BoostReport>
}
