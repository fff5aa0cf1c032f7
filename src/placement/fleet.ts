/**
 * The machines that data may be placed on, as one peer knows them: plain values, which whoever reads the ledger and
 * the presence statements fills in.
 *
 * A device is *present*, *away* since a time, or *gone*. It counts as a place for data while it is present, and while
 * it has been away for no longer than the grace of its kind: so a reboot, a night or a weekend moves nothing. Past
 * that it is replaced. One that comes back after its deadline is readmitted as empty (`returned`): whatever it proved
 * before counts no more, because nobody has waited for it.
 *
 * Not here: who may read what, and how presence is found out.
 */

import { assert } from '../base/assert.ts'
import type { DeviceId } from '../base/ids.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/units.ts'
import type { DeviceKind } from '../ledger/encoding/names.ts'

export { DEVICE_KINDS, type DeviceKind } from '../ledger/encoding/names.ts'

export type DeviceState =
  | { readonly kind: 'present' }
  | { readonly kind: 'away'; readonly sinceMs: number }
  /** It left for good: revoked, retired, or lost. */
  | { readonly kind: 'gone' }

export interface Device {
  readonly id: DeviceId
  readonly kind: DeviceKind
  /** Failure domain above the device. */
  readonly site: string
  readonly region: string
  /** What it offers for copies that it owes, held already or not. */
  readonly capacityBytes: number
  /** Its part of what there is to hold, against the others' weights: a whole number; with 0 it owes nothing. */
  readonly weight: number
  /** Classes of data that it may hold: the rules of classes, groups and grants are folded in by the caller. */
  readonly mayHold: Pick<ReadonlySet<string>, 'has'>
  readonly state: DeviceState
  /** Nothing that it proved before this counts; 0 for one that never missed its deadline. */
  readonly emptySinceMs: number
}

export interface Fleet {
  /** Names what this view was made from, so that two peers can tell whether they decided from the same. */
  readonly version: string
  readonly devices: readonly Device[]
}

/** How long a device of each kind may be away before it is replaced. */
export type Grace = Readonly<Record<DeviceKind, number>>

/** A server that is away for hours is broken; where people work, three weeks of holiday are nothing to repair. */
export const DEFAULT_GRACE: Grace = { server: 6 * HOUR_MS, desktop: 30 * DAY_MS, laptop: 30 * DAY_MS }

/**
 * How long a device of each kind may be away before what it holds counts as out of reach: for a reboot, a weekend, a
 * week off. Beyond it, and before its deadline, data that few others hold is repaired (repair.ts).
 */
export const DEFAULT_PATIENCE: Grace = { server: 15 * MINUTE_MS, desktop: 4 * DAY_MS, laptop: 9 * DAY_MS }

export const WEIGHT_MAX = 2 ** 32
export const DEVICES_MAX = 100_000
const WEIGHT_UNIT_BYTES = 1e9

/** The usual weight: one for each GB that is offered, so that all fill alike. */
export function weightOfCapacity(capacityBytes: number): number {
  return Math.min(WEIGHT_MAX, Math.floor(capacityBytes / WEIGHT_UNIT_BYTES))
}

/** Devices by id. What is asserted here the caller has checked where it read it. */
export function devicesById(fleet: Fleet): ReadonlyMap<DeviceId, Device> {
  assert(fleet.devices.length <= DEVICES_MAX, `a fleet has at most ${DEVICES_MAX} devices`)
  const byId = new Map<DeviceId, Device>()
  for (const device of fleet.devices) {
    const { id, weight, capacityBytes } = device
    assert(!byId.has(id), 'a device is listed once')
    assert(Number.isInteger(weight) && weight >= 0 && weight <= WEIGHT_MAX, 'a weight is a whole number')
    assert(Number.isSafeInteger(capacityBytes) && capacityBytes >= 0, 'a capacity is a number of bytes')
    byId.set(id, device)
  }
  return byId
}

/** When a device that is away is replaced; undefined while it is present, and for one that is gone. */
export function deadlineMs(device: Device, grace: Grace): number | undefined {
  return device.state.kind === 'away' ? device.state.sinceMs + grace[device.kind] : undefined
}

/** Whether a device counts as a place for data: not gone, and not away past its deadline. */
export function isCounted(device: Device, grace: Grace, nowMs: number): boolean {
  if (device.state.kind === 'gone') return false
  return nowMs <= (deadlineMs(device, grace) ?? nowMs)
}

/** The fleet to place data on: without those that do not count. */
export function countedFleet(fleet: Fleet, grace: Grace, nowMs: number): Fleet {
  return { ...fleet, devices: fleet.devices.filter(device => isCounted(device, grace, nowMs)) }
}

/** What becomes of a device that is seen again: as it was, or empty when its deadline is over. */
export function returned(device: Device, grace: Grace, nowMs: number): Device {
  const isLate = !isCounted(device, grace, nowMs)
  return { ...device, state: { kind: 'present' }, emptySinceMs: isLate ? nowMs : device.emptySinceMs }
}
