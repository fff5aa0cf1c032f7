/**
 * `--scale`: how time and WAN bytes grow with the number of devices, in the coarse model, drawn into
 * docs/simulated-scale.svg. The same picture for the same tree.
 */

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runCoarse } from './coarse.ts'
import { ORGANISATION, type OrganisationResult } from './organisation.ts'
import { drawScale } from './scale-chart.ts'

const DEVICES = [10, 30, 100, 300, 1000, 3000, 10_000]
const SEED = 1
const CHART = fileURLToPath(new URL('../docs/simulated-scale.svg', import.meta.url))

export async function runScale({ json }: { readonly json: boolean }): Promise<boolean> {
  const results: OrganisationResult[] = []
  for (const devices of DEVICES) {
    // Small organisations have few sites, and each of them two devices at the least.
    const sites = Math.min(ORGANISATION.sites, Math.max(2, Math.floor(devices / 5)))
    const result = runCoarse({ ...ORGANISATION, devices, sites }, SEED)
    results.push(result)
    if (json) console.log(JSON.stringify(result))
    else
      console.log(
        `${String(devices).padStart(6)} devices, ${String(sites).padStart(2)} sites: last ${result.lastSeconds.toFixed(1)} s, ` +
          `${result.timesBound.toFixed(2)} x the bound; ${(result.wanBytes / 1e9).toFixed(0)} GB over the WAN`
      )
  }
  writeFileSync(CHART, drawScale(results))
  return results.every(result => result.unfinished === 0)
}
