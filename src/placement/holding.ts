/**
 * What is known of the copies that exist: who holds which slot, when that was proved, and for how long its holder has
 * promised to keep it.
 *
 * A proof says that the bytes were there at a time. A holder that owes what it proves adds a *promise*: that it will
 * not drop them before a time, even if the fleet as it sees it comes to look otherwise. Peers see fleets that differ
 * for a while; promises make it safe to drop a copy all the same (repair.ts).
 */

import type { DeviceId } from '../base/ids.ts'
import { DAY_MS, MINUTE_MS } from '../base/units.ts'
import { type Device, type Grace, isCounted } from './fleet.ts'

/** Some device's part in a unit: the whole of it, where `share` is null. */
export interface Slot {
  readonly device: DeviceId
  readonly share: number | null
}

/** What counts once: a device with a whole copy, or a share, whoever has it. */
export function partOf({ device, share }: Slot): string {
  return share === null ? device : String(share)
}

export interface Holding extends Slot {
  /** Of its last proof; undefined when it says that it holds it and has proved nothing yet. */
  readonly provedMs: number | undefined
  /** 0 for one that promised nothing. */
  readonly promisedUntilMs: number
}

export interface Terms {
  readonly nowMs: number
  /** Away for longer, a device is replaced. */
  readonly grace: Grace
  /** Away for longer, what it holds does not count against the floor. */
  readonly patience: Grace
  /** A proof that is older counts no more. */
  readonly proofAgeMaxMs: number
  /** By how much clocks may differ. */
  readonly skewMs: number
}

export const DEFAULT_PROOF_AGE_MAX_MS = 14 * DAY_MS
export const DEFAULT_SKEW_MS = 5 * MINUTE_MS

/**
 * - *proved*: its proof counts, and its device counts as a place for data.
 * - *unproved*: its device is present and can be asked for a proof.
 * - *silent*: its device is away, with a proof that was too old already when it left.
 * - *void*: its device does not count.
 */
export type Standing = 'proved' | 'unproved' | 'silent' | 'void'

export function standingOf(holding: Holding, device: Device | undefined, terms: Terms): Standing {
  if (device === undefined || !isCounted(device, terms.grace, terms.nowMs)) return 'void'
  const { state, emptySinceMs } = device
  // Nobody can prove while it is away: its proof is as good as it was when it left.
  const asOfMs = state.kind === 'away' ? Math.min(state.sinceMs, terms.nowMs) : terms.nowMs
  const { provedMs } = holding
  if (provedMs !== undefined && provedMs >= emptySinceMs && asOfMs - provedMs <= terms.proofAgeMaxMs)
    return 'proved'
  return state.kind === 'present' ? 'unproved' : 'silent'
}

/** Whether what a device holds can be had now, or soon enough. */
export function isWithinReach({ state, kind }: Device, { patience, nowMs }: Terms): boolean {
  return state.kind === 'present' || (state.kind === 'away' && nowMs <= state.sinceMs + patience[kind])
}

/** Whether it stands by now and by any clock that is as wrong as it may be. */
export function isPromised({ promisedUntilMs }: Holding, { nowMs, skewMs }: Terms): boolean {
  return promisedUntilMs > nowMs + skewMs
}

/** Whether a holder is free to drop what it promised to keep. */
export function isPromiseOver({ promisedUntilMs }: Holding, { nowMs, skewMs }: Terms): boolean {
  return promisedUntilMs + skewMs < nowMs
}
