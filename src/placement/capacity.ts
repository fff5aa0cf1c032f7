/**
 * Where the room is: what each device and each site offers, keeps free, owes and has used, and what full devices
 * refused, with who took it over.
 *
 * *Owed* is what the assignment gives a device, *used* what it says that it holds, copies in the wrong place included.
 * While a repair runs the two differ: so what is free is what neither takes.
 */

import type { DeviceId } from '../base/ids.ts'
import type { Assigner, Assignment } from './assignment.ts'
import type { Fleet } from './fleet.ts'
import { slotBytes, type Unit } from './unit.ts'

export interface Room {
  readonly offeredBytes: number
  /** Of what is offered, not placed upon. */
  readonly keptFreeBytes: number
  readonly owedBytes: number
  readonly usedBytes: number
  /** Of what may be placed upon; 0 where more is used. */
  readonly freeBytes: number
}

export interface Refusal {
  readonly unit: Unit
  /** Full devices that would hold it. */
  readonly refusing: readonly DeviceId[]
  /** Who holds it in their place; fewer than those, where nobody else could. */
  readonly takers: readonly DeviceId[]
}

export interface Capacity {
  readonly devices: ReadonlyMap<DeviceId, Room>
  readonly sites: ReadonlyMap<string, Room>
}

const NOTHING: Room = { offeredBytes: 0, keptFreeBytes: 0, owedBytes: 0, usedBytes: 0, freeBytes: 0 }

export function capacityOf(
  fleet: Fleet,
  assigner: Assigner,
  usedBytes: ReadonlyMap<DeviceId, number>
): Capacity {
  const devices = new Map<DeviceId, Room>()
  const sites = new Map<string, Room>()
  for (const { id, site, capacityBytes } of fleet.devices) {
    const placeable = assigner.placeableBytes(id)
    const owed = placeable - assigner.roomBytes(id)
    const used = usedBytes.get(id) ?? 0
    const room: Room = {
      ...{ offeredBytes: capacityBytes, keptFreeBytes: capacityBytes - placeable },
      ...{ owedBytes: owed, usedBytes: used, freeBytes: Math.max(0, placeable - Math.max(owed, used)) }
    }
    devices.set(id, room)
    sites.set(site, sum(sites.get(site) ?? NOTHING, room))
  }
  return { devices, sites }
}

/** What full devices refused, by seniority. */
export function refusals(assigner: Assigner, assignments: Iterable<Assignment>): Refusal[] {
  const found: Refusal[] = []
  for (const { unit, devices, passedOver } of assignments) {
    if (passedOver.length === 0) continue
    const unlimited = assigner.unlimited(unit)
    const refusing = unlimited.filter(id => !devices.includes(id))
    found.push({ unit, refusing, takers: devices.filter(id => !unlimited.includes(id)) })
  }
  return found
}

/** Bytes that have no place at all, for want of room or of devices. */
export function unplacedBytes({ unit, unmet }: Assignment): number {
  return unmet
    .filter(({ part }) => part !== 'sites')
    .reduce((bytes, { wanted, got }) => bytes + (wanted - got) * slotBytes(unit), 0)
}

function sum(a: Room, b: Room): Room {
  return {
    offeredBytes: a.offeredBytes + b.offeredBytes,
    keptFreeBytes: a.keptFreeBytes + b.keptFreeBytes,
    owedBytes: a.owedBytes + b.owedBytes,
    usedBytes: a.usedBytes + b.usedBytes,
    freeBytes: a.freeBytes + b.freeBytes
  }
}
