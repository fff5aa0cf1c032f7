/**
 * The rule of boost.ts said as plainly as can be: all claims of all sites in one list, and the devices of a site in the
 * order of their scores.
 */

import type { DeviceId } from '../base/ids.ts'
import type { BoostHolder, WantedVersion } from './boost.ts'
import { mayHold } from './field.ts'
import type { Device } from './fleet.ts'
import { naiveScore } from './naive-assignment.conformance.ts'

export function naiveBoosters(
  { unit, wanted, holders }: Omit<WantedVersion, 'lackingSinceMs'>,
  candidates: readonly Device[],
  count: number
): DeviceId[] {
  const steady = ({ isPresent, kind, givesBytesPerSecond: rate }: BoostHolder): boolean =>
    isPresent && kind === 'server' && (rate === null || rate >= 1_000_000)
  const free = candidates.filter(
    device => mayHold(device, unit.policy, unit.dataClass) && holders.every(({ id }) => id !== device.id)
  )
  const claims = [...Map.groupBy(free, ({ site }) => site)].flatMap(([site, devices]) => {
    const there = holders.filter(holder => holder.site === site && steady(holder)).length
    return devices
      .toSorted((a, b) => naiveScore(unit, a) - naiveScore(unit, b) || (a.id < b.id ? -1 : 1))
      .map((device, at) => ({ device, average: (wanted.get(site) ?? 0) / (there + at + 1) }))
  })
  // Of claims that are as good the smaller score goes first; in one site that is the order they are in.
  const order = claims.sort(
    (a, b) => b.average - a.average || naiveScore(unit, a.device) - naiveScore(unit, b.device)
  )
  return order.slice(0, count).map(({ device }) => device.id)
}
