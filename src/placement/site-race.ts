/**
 * One unit's race over a field, run only as far as somebody looks. `take` gives the first device, by score, of the
 * sites that are open.
 *
 * Of each site all devices with a score below its horizon are known, in order. A device that is known may be taken
 * once no open site could still have a better one beyond its horizon; until then the nearest horizon is moved out and
 * its site scanned again. All sites begin with the horizon of the field, in one scan.
 */

import { mixed32 } from '../base/hash32.ts'
import type { Field, FieldSite } from './field.ts'
import type { Device } from './fleet.ts'
import { hashFloor, pairHash, type Seed, score } from './race.ts'

export interface Runner {
  readonly device: Device
  readonly site: number
  readonly score: number
}

/** A horizon that is moved goes at least this much further, */
const WIDER = 8
/** and so far that as many devices of the site are expected below it; */
const EXPECTED_MIN = 4
/** when this many are, all of the site are looked at. */
const EXPECTED_ALL = 32

export class SiteRace {
  readonly #field: Field
  readonly #seed: Seed
  /** Of each site those that are known, the last first, as they are taken from the end. */
  readonly #known: (Runner[] | undefined)[]
  readonly #horizons: Float64Array

  constructor(field: Field, seed: Seed) {
    this.#field = field
    this.#seed = seed
    this.#known = new Array<undefined>(field.sites.length).fill(undefined)
    this.#horizons = new Float64Array(field.sites.length).fill(field.horizon)
    for (const at of scan(field, seed)) this.#note(at, 0, field.horizon)
    for (const known of this.#known) if (known !== undefined && known.length > 1) known.sort(lastFirst)
  }

  /** The first of the open sites, which is out of the race with that; undefined when they have none left. */
  take(isOpen: (site: number) => boolean): Runner | undefined {
    for (;;) {
      let best: Runner | undefined
      let nearest: number | undefined
      let nearestHorizon = Number.POSITIVE_INFINITY
      for (let site = 0; site < this.#horizons.length; site++) {
        const runner = this.#known[site]?.at(-1)
        if (runner === undefined) {
          const horizon = this.#horizons[site] as number
          if (horizon >= nearestHorizon || !isOpen(site)) continue
          nearest = site
          nearestHorizon = horizon
        } else if ((best === undefined || isBefore(runner, best)) && isOpen(site)) best = runner
      }
      if (nearest === undefined || (best !== undefined && best.score < nearestHorizon)) {
        if (best !== undefined) this.#known[best.site]?.pop()
        return best
      }
      this.#widen(nearest)
    }
  }

  /** Only a site with nobody left that is known is looked at again, so what comes is in order by itself. */
  #widen(site: number): void {
    const { first, end, weight } = this.#field.sites[site] as FieldSite
    const from = this.#horizons[site] as number
    const next = Math.max(WIDER * from, EXPECTED_MIN / weight)
    const to = next * weight >= EXPECTED_ALL ? Number.POSITIVE_INFINITY : next
    this.#horizons[site] = to
    const { seedA, seedB, devices } = this.#field
    for (let at = first; at < end; at++) {
      const hash = pairHash(this.#seed.a, this.#seed.b, seedA[at] as number, seedB[at] as number)
      if (hash >= hashFloor(to, (devices[at] as Device).weight)) this.#note(at, from, to)
    }
    this.#known[site]?.sort(lastFirst)
  }

  #note(at: number, from: number, to: number): void {
    const { devices, seedA, seedB, siteOf } = this.#field
    const device = devices[at] as Device
    const value = score(
      pairHash(this.#seed.a, this.#seed.b, seedA[at] as number, seedB[at] as number),
      device.weight
    )
    if (value < from || value >= to) return
    const site = siteOf[at] as number
    const runner = { device, site, score: value }
    const known = this.#known[site]
    if (known === undefined) this.#known[site] = [runner]
    else known.push(runner)
  }
}

/**
 * Which devices may have a score below the horizon of the field. All the time of placement goes by here, so `pairHash`
 * is written out: as a call it takes a third longer.
 */
function scan({ seedA, seedB, floors }: Field, { a, b }: Seed): number[] {
  const found: number[] = []
  const count = floors.length
  for (let at = 0; at < count; at++) {
    const hash = mixed32(mixed32(a ^ (seedA[at] as number)) ^ b ^ (seedB[at] as number)) | 0
    if (hash >= (floors[at] as number)) found.push(at)
  }
  return found
}

function isBefore(a: Runner, b: Runner): boolean {
  return a.score < b.score || (a.score === b.score && a.device.id < b.device.id)
}

function lastFirst(a: Runner, b: Runner): number {
  return isBefore(a, b) ? 1 : -1
}
