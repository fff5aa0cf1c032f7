/**
 * Which device owes which share. The assignment says which devices hold shares of a unit, in an order; here each keeps
 * what it has, and those that have none are given what is missing. So the loss of a device costs one share, that of
 * its place: a rule that gave shares by the order alone would move those of the others as well.
 *
 * 1. In the order of the race each device is bound to the least share that it has proved and nobody before it is bound
 * to; then to one that it holds without proof. 2. Devices without a share are given those that are left, both in
 * order.
 *
 * Peers that know the same of who holds what bind alike. Until they do, two devices may come to hold one share; then
 * the first keeps it, and the other is given one that is missing.
 */

import type { DeviceId } from '../base/ids.ts'
import type { Holding } from './holding.ts'

export function bindShares(init: {
  /** In the order of the race. */
  readonly devices: readonly DeviceId[]
  readonly shares: number
  readonly proved: readonly Holding[]
  readonly unproved: readonly Holding[]
}): Map<DeviceId, number> {
  const bound = new Map<DeviceId, number>()
  const taken = new Set<number>()
  const bind = (device: DeviceId, share: number | undefined): void => {
    if (share === undefined) return
    bound.set(device, share)
    taken.add(share)
  }
  for (const holdings of [init.proved, init.unproved])
    for (const device of init.devices)
      if (!bound.has(device)) bind(device, leastFree(device, holdings, taken))
  const left = Array.from({ length: init.shares }, (_, share) => share).filter(share => !taken.has(share))
  for (const device of init.devices) if (!bound.has(device)) bind(device, left.shift())
  return bound
}

function leastFree(
  device: DeviceId,
  holdings: readonly Holding[],
  taken: ReadonlySet<number>
): number | undefined {
  let least: number | undefined
  for (const { device: holder, share } of holdings)
    if (
      holder === device &&
      share !== null &&
      !taken.has(share) &&
      share < (least ?? Number.POSITIVE_INFINITY)
    )
      least = share
  return least
}
