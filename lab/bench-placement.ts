/**
 * How long it takes to place many units on many devices: `npm run bench:placement -- [devices] [units] [sites]`.
 *
 * What is printed is one run of each shape: even sites, one large site, and a fleet of which a tenth has a thousand
 * times the weight of the others.
 */

import { createHash } from 'node:crypto'
import { argv } from 'node:process'
import { deviceIdFromBytes, versionIdFromBytes } from '../src/base/ids.ts'
import { assignAll } from '../src/placement/assignment.ts'
import { type Device, type Fleet, weightOfCapacity } from '../src/placement/fleet.ts'
import { type Policy, parsePolicy } from '../src/placement/policy.ts'
import type { Unit } from '../src/placement/unit.ts'

const GB = 1e9

function digest(name: string): Uint8Array {
  return createHash('sha256').update(name).digest()
}

function fleetOf(count: number, sites: number, capacityOf: (index: number) => number): Fleet {
  const devices = Array.from({ length: count }, (_, index): Device => {
    const capacityBytes = capacityOf(index)
    return {
      ...{ id: deviceIdFromBytes(digest(`device ${index}`)), kind: 'desktop', region: 'eu' },
      ...{ site: `site ${index % sites}`, capacityBytes, weight: weightOfCapacity(capacityBytes) },
      ...{ mayHold: new Set(['internal']), state: { kind: 'present' }, emptySinceMs: 0 }
    }
  })
  return { version: 'bench', devices }
}

function policyOf(text: string): Policy {
  const parsed = parsePolicy(text)
  if ('error' in parsed) throw new RangeError(parsed.error)
  return parsed.policy
}

function main(): void {
  const [devices = 10_000, units = 100_000, sites = 50] = argv.slice(2).map(Number)
  const capacities = {
    even: () => 4000 * GB,
    mixed: (index: number) => (index % 10 === 0 ? 100_000 * GB : 100 * GB)
  }
  const shapes = [
    ['even sites', fleetOf(devices, sites, capacities.even), 'copies=3,sites=2'],
    ['even sites, shares', fleetOf(devices, sites, capacities.even), 'shares=6+3,sites=3'],
    ['one site', fleetOf(devices, 1, capacities.even), 'copies=3'],
    ['uneven weights', fleetOf(devices, sites, capacities.mixed), 'copies=3,sites=2']
  ] as const
  for (const [name, fleet, text] of shapes) {
    const policy = policyOf(text)
    const all = Array.from(
      { length: units },
      (_, index): Unit => ({
        ...{ version: versionIdFromBytes(digest(`version ${index}`)), index: 0, bytes: 10 * GB },
        ...{ policy, dataClass: 'internal', seniority: index }
      })
    )
    const startMs = performance.now()
    const assignments = assignAll(fleet, all)
    const seconds = (performance.now() - startMs) / 1000
    const slots = assignments.reduce((sum, each) => sum + each.devices.length, 0)
    console.log(
      `${name}: ${devices} devices, ${units} units, ${slots} slots in ${seconds.toFixed(2)} s, ` +
        `${((seconds / units) * 1e6).toFixed(1)} us each, ${((seconds / units / devices) * 1e9).toFixed(2)} ns a pair`
    )
  }
}

main()
