/**
 * What copies and shares are worth beside each other: how many versions are lost in simulated years, with disks that
 * fail far more often than any do, and what the chain of src/content/erasure/durability.ts says of the same rates.
 *
 * The chain knows a mean time of repair and nothing else: no floor below which stand-ins step in, and no repair that
 * waits until as many devices are on at once as it takes. So the two agree about as well as their pictures do.
 */

import { DAY_MS, HOUR_MS } from '../src/base/units.ts'
import { HOURS_PER_YEAR, lossProbabilityPerYear } from '../src/content/erasure/durability.ts'
import { DAYS, failuresPerYear, OUTAGE_DAYS, Year } from './year.ts'

const POLICIES = ['copies=2', 'copies=3', 'shares=4+2', 'shares=6+3', 'shares=10+4']
const DEVICES = 120
const UNITS = 150
const YEARS = 2
/** So that something is lost at all. */
const FAILURE_TIMES = 20

export interface PolicyWorth {
  readonly policy: string
  /** Times the size of what is kept. */
  readonly space: number
  readonly lostUnits: number
  readonly units: number
  /** By the chain, with the rates of the simulation, */
  readonly expectedShare: number
  /** and with those of real disks. */
  readonly realShare: number
}

export function policyWorths(seed: number): PolicyWorth[] {
  return POLICIES.map(policy => {
    let lostUnits = 0
    for (let year = 0; year < YEARS; year++)
      lostUnits += new Year({
        ...{ devices: DEVICES, units: UNITS, seed: seed + year },
        ...{ policies: [policy], failureTimes: FAILURE_TIMES, hasFire: false }
      }).run().lostUnits
    const [needed = 1, spare = 0] = partsOf(policy)
    return {
      ...{ policy, space: (needed + spare) / needed, lostUnits, units: YEARS * UNITS },
      expectedShare: chance(needed, spare, FAILURE_TIMES),
      realShare: chance(needed, spare, 1)
    }
  })
}

function partsOf(policy: string): number[] {
  const [word = '', numbers = ''] = policy.split('=')
  return word === 'copies' ? [1, Number(numbers) - 1] : numbers.split('+').map(Number)
}

function chance(needed: number, spare: number, times: number): number {
  const meanOutageHours = ((OUTAGE_DAYS.least + OUTAGE_DAYS.most) / 2) * (DAY_MS / HOUR_MS)
  return lossProbabilityPerYear({
    neededShares: needed,
    sharesPerSite: Array.from({ length: needed + spare }, () => 1),
    failuresPerDeviceYear: failuresPerYear() * times * (HOURS_PER_YEAR / (DAYS * 24)),
    repairHours: meanOutageHours,
    repairStreams: Number.POSITIVE_INFINITY,
    lossesPerSiteYear: 0
  })
}

export function renderedWorths(worths: readonly PolicyWorth[]): string[] {
  return [
    `of ${YEARS * UNITS} versions, with disks that fail ${FAILURE_TIMES} times as often; and of one with real disks:`,
    ...worths.map(
      ({ policy, space, lostUnits, units, expectedShare, realShare }) =>
        `  ${policy.padEnd(12)} ${space.toFixed(2)} of the space  ${String(lostUnits).padStart(3)} lost  ` +
        `${(units * expectedShare).toFixed(1).padStart(5)} expected  ${realShare.toExponential(0)}`
    )
  ]
}
