/** `--scenario year`: prints what a year of repairs moved, and draws docs/simulated-year.svg of the usual one. */

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatBytes } from '../src/base/units.ts'
import { Refusal } from './arguments.ts'
import { Year, type YearResult } from './year.ts'
import { drawYear } from './year-chart.ts'
import { policyWorths, renderedWorths } from './year-policies.ts'

const DEVICES = 500
const DEVICES_MIN = 100
const DEVICES_MAX = 5000
const UNITS_PER_DEVICE = 0.8
const SEED = 1
const CHART = fileURLToPath(new URL('../docs/simulated-year.svg', import.meta.url))

export function runYear(args: {
  readonly seed: number
  readonly json: boolean
  readonly devices: number | undefined
}): boolean {
  const devices = args.devices ?? DEVICES
  if (devices < DEVICES_MIN || devices > DEVICES_MAX)
    throw new Refusal(`--scenario year takes ${DEVICES_MIN} to ${DEVICES_MAX} devices, not ${devices}`)
  const result = new Year({ devices, units: Math.floor(UNITS_PER_DEVICE * devices), seed: args.seed }).run()
  if (args.json) console.log(JSON.stringify(result))
  else console.log([rendered(result), ...renderedWorths(policyWorths(args.seed))].join('\n'))
  if (devices === DEVICES && args.seed === SEED) writeFileSync(CHART, drawYear(result))
  return result.lostUnits === 0
}

function rendered(result: YearResult): string {
  const { storedBytes, replacedBytes, rebuiltBytes, standInBytes } = result
  return [
    `${result.devices} devices, ${result.units} units, ${formatBytes(storedBytes)} in copies and shares`,
    `  ${result.diskFailures} disks failed, and ${result.burntDevices} devices burnt`,
    `  lost: ${result.lostUnits} units; at the worst a unit had ${result.fewestCopies - 1} to lose before it was lost`,
    `  moved: ${formatBytes(replacedBytes)} to devices that owe it, ${formatBytes(rebuiltBytes)} of that to rebuild ` +
      `shares, and ${formatBytes(standInBytes)} to stand-ins`,
    `  readable at once, from devices that are on: ${(100 * result.readableShare).toFixed(1)} % of units`
  ].join('\n')
}
