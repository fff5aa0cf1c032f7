/** `--scenario org`. */

import { formatBytes } from '../src/base/units.ts'
import { Refusal } from './arguments.ts'
import { runCoarse } from './coarse.ts'
import { runExact } from './exact.ts'
import { ORGANISATION, type Organisation, type OrganisationResult } from './organisation.ts'

const EXACT_DEVICES_MAX = 400
const EXACT_BYTES_MAX = 1e9
const COARSE_PIECES_MAX = 65_535
const PIECE_BYTES_MAX = 16 * 1024 * 1024

export async function runOrganisation(args: {
  readonly seed: number
  readonly json: boolean
  readonly exact: boolean
  readonly devices: number | undefined
  readonly sites: number | undefined
  readonly bytes: number | undefined
  readonly lan: number | undefined
  readonly wan: number | undefined
}): Promise<boolean> {
  const { seed, json, exact } = args
  const devices = args.devices ?? ORGANISATION.devices
  const organisation = {
    ...{ ...ORGANISATION, devices },
    sites: args.sites ?? Math.min(ORGANISATION.sites, devices),
    bytes: args.bytes ?? ORGANISATION.bytes,
    lanMbit: args.lan ?? ORGANISATION.lanMbit,
    wanMbit: args.wan ?? ORGANISATION.wanMbit
  }
  if (organisation.sites > devices)
    throw new Refusal(`${organisation.sites} sites need as many devices, not ${devices}`)
  if (exact && (devices > EXACT_DEVICES_MAX || organisation.bytes > EXACT_BYTES_MAX))
    throw new Refusal(
      `--exact does up to ${EXACT_DEVICES_MAX} devices and 1G; leave it out for the coarse model`
    )
  if (organisation.bytes / PIECE_BYTES_MAX > COARSE_PIECES_MAX)
    throw new Refusal(`--bytes is at most ${COARSE_PIECES_MAX} pieces of 16 MiB for an organisation`)
  const beganMs = performance.now()
  const result = exact ? await runExact(organisation, seed) : runCoarse(organisation, seed)
  const machineSeconds = (performance.now() - beganMs) / 1000
  const peakRssBytes = process.resourceUsage().maxRSS * 1024
  if (json) console.log(JSON.stringify({ ...result, machineSeconds, peakRssBytes }))
  else console.log(render(organisation, result, { machineSeconds, peakRssBytes }))
  return result.unfinished === 0
}

function render(
  organisation: Organisation,
  result: OrganisationResult,
  { machineSeconds, peakRssBytes }: { readonly machineSeconds: number; readonly peakRssBytes: number }
): string {
  const { mode, devices, sites, bytes, medianSeconds, lastSeconds } = result
  const { lanMbit, wanMbit, wanDelayMs } = organisation
  return [
    `${devices} devices in ${sites} sites, ${formatBytes(bytes)}, ${lanMbit} Mbit/s in the LAN, ${wanMbit} Mbit/s and ` +
      `${wanDelayMs} ms per site over the WAN; ${mode} model`,
    ...(result.unfinished > 0 ? [`  NOT complete: ${result.unfinished} devices`] : []),
    `  bound ${result.boundSeconds.toFixed(1)} s; has it: the median device after ${medianSeconds.toFixed(1)} s, the last ` +
      `after ${lastSeconds.toFixed(1)} s, ${result.timesBound.toFixed(2)} x the bound`,
    `  over the WAN: ${formatBytes(result.wanBytes)}, ${result.wanCopiesMean.toFixed(2)} copies into a site, at most ` +
      `${result.wanCopiesMost.toFixed(2)}; the source sent ${result.sourceCopies.toFixed(2)} copies`,
    `  ${result.eventCount} events in ${machineSeconds.toFixed(1)} s of this machine, ${formatBytes(peakRssBytes)}`
  ].join('\n')
}
