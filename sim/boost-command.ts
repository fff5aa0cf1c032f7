/** `--scenario boost`: one laptop has what many want, with boosts and without. */

import { formatBytes, formatDuration } from '../src/base/units.ts'
import { Refusal } from './arguments.ts'
import { type BoostResult, runBoost } from './boost.ts'

const DEVICES = 50
const SITES = 5
const BYTES = 500e3
const DEVICES_MAX = 200
const BYTES_MAX = 1e9

export async function runBoostCommand(args: {
  readonly seed: number
  readonly json: boolean
  readonly devices: number | undefined
  readonly sites: number | undefined
  readonly bytes: number | undefined
}): Promise<boolean> {
  const { seed, json, devices = DEVICES, sites = SITES, bytes = BYTES } = args
  if (devices > DEVICES_MAX || sites > devices || bytes > BYTES_MAX)
    throw new Refusal(
      `--scenario boost takes up to ${DEVICES_MAX} devices in at most as many sites, and up to ${formatBytes(BYTES_MAX)}`
    )
  if (!json)
    console.log(
      `one laptop at home has ${formatBytes(bytes)} that ${devices} devices in ${sites} offices want; ` +
        'day: they come over two hours and leave again, and the laptop is gone from minute 20 for four hours'
    )
  for (const what of ['crowd', 'day'] as const)
    for (const isBoosted of [false, true]) {
      const result = await runBoost({ what, isBoosted, devices, sites, bytes, seed })
      console.log(json ? JSON.stringify(result) : rendered(result))
    }
  return true
}

function rendered(result: BoostResult): string {
  const { what, isBoosted, medianSeconds, p95Seconds, lastSeconds, overAnHour } = result
  const time = (seconds: number): string =>
    Number.isFinite(seconds) ? formatDuration(1000 * seconds) : 'never'
  return [
    `${what}, ${isBoosted ? 'boosted' : 'as it is'}: the median device waits ${time(medianSeconds)}, p95 ${time(p95Seconds)}, ` +
      `the last ${time(lastSeconds)}; ${overAnHour} for more than an hour`,
    `  the laptop sent ${result.laptopCopies.toFixed(2)} copies; ${formatBytes(result.wanBytes)} over the WAN; ` +
      `${result.boosts} boosts, ${formatBytes(result.boostBytes)}`
  ].join('\n')
}
