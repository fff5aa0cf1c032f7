/**
 * What would become of datasets if sites, regions or devices were lost at once, by who has proved what now: which
 * would be below their policy, and which could not be read. A dataset can be read when all its units can.
 */

import type { DeviceId } from '../base/ids.ts'
import type { Device } from './fleet.ts'
import { type Holder, safetyOf } from './safety.ts'
import type { Unit } from './unit.ts'

export interface Loss {
  readonly sites?: ReadonlySet<string>
  readonly regions?: ReadonlySet<string>
  /** One device, or the members of a group. */
  readonly devices?: ReadonlySet<DeviceId>
}

export interface StoredUnit {
  readonly dataset: string
  readonly unit: Unit
  /** Whose proofs count. */
  readonly holders: readonly Holder[]
}

/** Numbers of units of a dataset. */
export interface Consequence {
  readonly dataset: string
  readonly units: number
  /** That lose something, */
  readonly touched: number
  /** are below their policy after it, those that were before included, */
  readonly belowPolicy: number
  readonly belowPolicyBefore: number
  /** or could not be read. */
  readonly unreadable: number
  readonly unreadableBefore: number
}

export function isLost({ id, site, region }: Device, { sites, regions, devices }: Loss): boolean {
  return sites?.has(site) === true || regions?.has(region) === true || devices?.has(id) === true
}

/** Of every dataset that loses something; the worst first, then by name. */
export function whatIf(stored: Iterable<StoredUnit>, loss: Loss): Consequence[] {
  const consequences: Consequence[] = []
  for (const [dataset, units] of Map.groupBy(stored, each => each.dataset)) {
    const judged = units.map(({ unit: { policy }, holders }) => {
      const left = holders.filter(({ device }) => !isLost(device, loss))
      return {
        isTouched: left.length < holders.length,
        before: safetyOf(policy, holders),
        after: safetyOf(policy, left)
      }
    })
    const count = (isCounted: (one: (typeof judged)[number]) => boolean): number =>
      judged.filter(isCounted).length
    const touched = count(({ isTouched }) => isTouched)
    if (touched === 0) continue
    consequences.push({
      ...{ dataset, units: units.length, touched },
      belowPolicy: count(({ after }) => !after.isKept),
      belowPolicyBefore: count(({ before }) => !before.isKept),
      unreadable: count(({ after }) => !after.isReadable),
      unreadableBefore: count(({ before }) => !before.isReadable)
    })
  }
  return consequences.sort(
    (a, b) => b.unreadable - a.unreadable || b.belowPolicy - a.belowPolicy || (a.dataset < b.dataset ? -1 : 1)
  )
}
