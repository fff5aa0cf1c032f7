/**
 * The fleet that data is placed on (placement/fleet.ts), as the ledger and the presence statements tell this device.
 *
 * A device offers what its `device.storage` says. It is present while it is linked or its presence statement lives;
 * else it is away since it was last heard of. That is remembered (SightingBook): a node that starts must not take for
 * lost whom it has not met yet, nor for newly away whom it has missed for weeks.
 */

import type { DeviceId } from '../../base/ids.ts'
import { isMember, type State } from '../../ledger/fold/state.ts'
import { type Device, type DeviceState, type Fleet, weightOfCapacity } from '../../placement/fleet.ts'
import type { HolderKinds } from './storage-units.ts'

/** What is known of a device beside the ledger. */
export interface Sighting {
  /** When it was last heard of; undefined when it never was. */
  readonly seenMs: number | undefined
  readonly isPresent: boolean
  /** When it last came back after it had been replaced; 0 for never. */
  readonly emptySinceMs: number
}

export interface FleetTerms {
  readonly state: State
  readonly sightingOf: (device: DeviceId) => Sighting
  readonly holders: HolderKinds
  readonly nowMs: number
}

/** For a site of which the ledger says no region; no rule of storage can name it. */
export const NO_REGION = ''

/** Every device that offers room, and those that once did and left. */
export function fleetOf({ state, sightingOf, holders, nowMs }: FleetTerms): Fleet {
  const devices: Device[] = []
  for (const [id, { storage, enrolment }] of state.devices) {
    if (storage === undefined) continue
    const { seenMs, isPresent, emptySinceMs } = sightingOf(id)
    const isGone = !isMember(state, id, nowMs)
    const capacityBytes = isGone ? 0 : storage.capacityBytes
    devices.push({
      ...{ id, capacityBytes, emptySinceMs },
      kind: enrolment?.kind ?? 'server',
      site: storage.site,
      region: state.sites.get(storage.site)?.region ?? NO_REGION,
      weight: Math.max(capacityBytes > 0 ? 1 : 0, weightOfCapacity(capacityBytes)),
      mayHold: holders.of(id),
      state: stateOf({ isGone, isPresent, seenMs: seenMs ?? nowMs })
    })
  }
  devices.sort((a, b) => (a.id < b.id ? -1 : 1))
  return { version: '', devices }
}

function stateOf({
  isGone,
  isPresent,
  seenMs
}: {
  readonly isGone: boolean
  readonly isPresent: boolean
  readonly seenMs: number
}): DeviceState {
  if (isGone) return { kind: 'gone' }
  return isPresent ? { kind: 'present' } : { kind: 'away', sinceMs: seenMs }
}
