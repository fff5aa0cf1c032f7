/**
 * What another rule of storage would do to one version: who would hold it, how safe it would be once all of them do,
 * and what has to move until then. By what is proved now, and by places that are given as if the rule held already.
 *
 * A device that keeps its part counts as staying. Of shares none is bound to a device here (share-binding.ts): who has
 * any of the same cut stays.
 */

import { defined } from '../base/assert.ts'
import type { DeviceId } from '../base/ids.ts'
import type { Assignment } from './assignment.ts'
import type { Device } from './fleet.ts'
import { type Holder, type Safety, safetyOf } from './safety.ts'
import { slotBytes } from './unit.ts'

export interface Outlook {
  /** Once everybody has what they owe; what is over is gone by then. */
  readonly safety: Safety
  readonly stays: readonly DeviceId[]
  readonly comes: readonly DeviceId[]
  /** Whoever holds any of it, and is to hold none. */
  readonly goes: readonly DeviceId[]
  /** That have to be fetched. */
  readonly comingBytes: number
}

export function outlookOf(
  { unit, devices }: Pick<Assignment, 'unit' | 'devices'>,
  by: { readonly holders: readonly Holder[]; readonly devices: ReadonlyMap<DeviceId, Device> }
): Outlook {
  const inShares = unit.policy.shares !== null
  const planned = devices.map((id, slot) => ({
    device: defined(by.devices.get(id), 'a device of the fleet'),
    share: inShares ? slot : null
  }))
  const held = new Set(
    by.holders.filter(({ share }) => (share !== null) === inShares).map(({ device }) => device.id)
  )
  const stays = devices.filter(id => held.has(id))
  const comes = devices.filter(id => !held.has(id))
  const all = new Set(by.holders.map(({ device }) => device.id))
  return {
    ...{ safety: safetyOf(unit.policy, planned), stays, comes },
    goes: [...all].filter(id => !devices.includes(id)),
    comingBytes: comes.length * slotBytes(unit)
  }
}

/** The one that stands the fewest losses; what can not be read stands none. */
export function worstOf(all: readonly Safety[]): Safety | undefined {
  const rank = ({ survives, isKept }: Safety): number =>
    (survives === undefined ? -1 : survives.sites * SITE_WEIGHT + survives.devices) + (isKept ? 0.5 : 0)
  return all.toSorted((a, b) => rank(a) - rank(b))[0]
}

/** More than devices that one unit is on. */
const SITE_WEIGHT = 1000
