/**
 * The rule of assignment.ts said as plainly as can be: all devices in order, and a look at all of them for each slot.
 */

import type { DeviceId } from '../base/ids.ts'
import { mayHold } from './field.ts'
import type { Device, Fleet } from './fleet.ts'
import { slotCount } from './policy.ts'
import { pairHash, seedOf } from './race.ts'
import { bySeniority, slotBytes, type Unit, unitName } from './unit.ts'

export interface NaiveAssignment {
  readonly unit: Unit
  readonly devices: readonly DeviceId[]
  readonly passedOver: readonly DeviceId[]
}

export function naiveScore(unit: Unit, { id, weight }: Device): number {
  const seed = seedOf('device', id)
  const { a, b } = seedOf('unit', unitName(unit))
  const hash = pairHash(a, b, seed.a, seed.b)
  return -Math.log((hash + 2 ** 31 + 0.5) / 2 ** 32) / weight
}

export function naiveAssignAll(
  fleet: Fleet,
  units: readonly Unit[],
  keepFreeShare: number
): NaiveAssignment[] {
  const owedBytes = new Map<Device, number>()
  return units.toSorted(bySeniority).map(unit => {
    const order = fleet.devices
      .filter(device => mayHold(device, unit.policy, unit.dataClass))
      .sort((a, b) => naiveScore(unit, a) - naiveScore(unit, b) || (a.id < b.id ? -1 : 1))
    const chosen: Device[] = []
    const passedOver: Device[] = []
    while (chosen.length < slotCount(unit.policy)) {
      const left = order.filter(device => !chosen.includes(device) && !passedOver.includes(device))
      const slotsIn = (device: Device): number => chosen.filter(({ site }) => site === device.site).length
      const fewest = Math.min(...left.map(slotsIn))
      const next = left.find(device => slotsIn(device) === fewest)
      if (next === undefined) break
      const owed = owedBytes.get(next) ?? 0
      const isFit = owed + slotBytes(unit) <= Math.floor(next.capacityBytes * (1 - keepFreeShare))
      if (isFit) owedBytes.set(next, owed + slotBytes(unit))
      ;(isFit ? chosen : passedOver).push(next)
    }
    return { unit, devices: chosen.map(({ id }) => id), passedOver: passedOver.map(({ id }) => id) }
  })
}
