/** Break-glass: what the node tells of overrides of freshness, and how one is made. A part of service.ts. */

import type { DatasetClass } from '../../ledger/encoding/names.ts'
import type { DeviceName } from '../keys/device-name.ts'

export interface OverrideRecord {
  readonly id: string
  readonly classes: readonly DatasetClass[]
  readonly reason: string
  /** Null is for every device. */
  readonly devices: readonly DeviceName[] | null
  readonly signers: readonly DeviceName[]
  readonly madeAtMs: number
  readonly expiresAtMs: number
}

export interface OverrideAction {
  readonly classes: readonly DatasetClass[]
  readonly reason: string
  readonly lifeMs: number
  /** By name or the beginning of an id; null is every device. */
  readonly devices: readonly string[] | null
  /** The admin's key that is to sign; null is this device's. */
  readonly key: string | null
}

/** What is to be signed. */
export interface OverrideDraft {
  readonly id: string
  /** The bytes of the override, in hex. */
  readonly bytes: string
  readonly expiresAtMs: number
}

export interface OverrideSigning {
  /** Of a draft, in hex. */
  readonly bytes: string
  /** A signature that was made elsewhere; null has this device sign. */
  readonly vote: { readonly key: string; readonly signature: string } | null
}

export interface OverrideActed extends OverrideRecord {
  /** Connected devices that were told at once; the others learn of it when they next talk to one that knows. */
  readonly peersTold: number
}

export interface OverrideService {
  /** Those that hold now, the one that ends last first. */
  overrides(): Promise<readonly OverrideRecord[]>
  /** Rejects with NOT_AUTHORISED when the key is no admin's, and with NO_CHANGE where there is nothing to lift. */
  draftOverride(action: OverrideAction): Promise<OverrideDraft>
  makeOverride(signing: OverrideSigning): Promise<OverrideActed>
}
