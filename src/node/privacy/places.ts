/**
 * Where devices are: the site that the ledger or the device itself says, the region that the ledger says of the site,
 * and the country that the org notes of the device, the site or the region; the nearest of those counts.
 */

import type { DeviceId } from '../../base/ids.ts'
import type { State } from '../../ledger/fold/state.ts'
import type { PlaceCount, PlaceNote, PrivacyNotes } from './privacy-terms.ts'
import { isInside } from './territory.ts'

export interface Place extends Omit<PlaceCount, 'devices'> {
  /** Since when the country, and the basis, are noted so; null where they are not. */
  readonly countryAtMs: number | null
  readonly basisAtMs: number | null
}

export interface PlacesInit {
  readonly state: State
  readonly notes: Pick<PrivacyNotes, 'places' | 'territory'>
  readonly siteOf: (device: DeviceId) => string | null
}

export class Places {
  readonly #init: PlacesInit
  readonly #notes: ReadonlyMap<string, PlaceNote>
  readonly #known = new Map<DeviceId, Place>()

  constructor(init: PlacesInit) {
    this.#init = init
    this.#notes = new Map(init.notes.places.map(note => [note.place, note]))
  }

  of(device: DeviceId): Place {
    const known = this.#known.get(device)
    if (known !== undefined) return known
    const place = this.#placeOf(device)
    this.#known.set(device, place)
    return place
  }

  /** How many of these devices are in each place, the places with the most first. */
  count(devices: Iterable<DeviceId>): PlaceCount[] {
    const counts = new Map<string, { place: Place; devices: number }>()
    for (const device of devices) {
      const place = this.of(device)
      const key = JSON.stringify(place)
      const count = counts.get(key) ?? { place, devices: 0 }
      counts.set(key, { place, devices: count.devices + 1 })
    }
    return [...counts.values()]
      .map(({ place: { countryAtMs: _, basisAtMs: __, ...place }, devices: of }) => ({
        ...place,
        devices: of
      }))
      .sort((a, b) => b.devices - a.devices || ((a.site ?? '') < (b.site ?? '') ? -1 : 1))
  }

  /** Sites that devices are in or that the ledger speaks of. */
  sites(devices: Iterable<DeviceId>): Map<string, Place> {
    const sites = new Map<string, Place>()
    for (const site of this.#init.state.sites.keys()) sites.set(site, this.#ofSite(site, undefined))
    for (const device of devices) {
      const { site } = this.of(device)
      if (site !== null) sites.set(site, this.#ofSite(site, undefined))
    }
    return sites
  }

  #placeOf(device: DeviceId): Place {
    const { state, siteOf } = this.#init
    const said = state.devices.get(device)?.storage?.site
    return this.#ofSite(said ?? siteOf(device), device)
  }

  #ofSite(site: string | null, device: DeviceId | undefined): Place {
    const { state, notes } = this.#init
    const region = site === null ? null : (state.sites.get(site)?.region ?? null)
    const all = [
      device === undefined ? undefined : this.#notes.get(`device:${device}`),
      site === null ? undefined : this.#notes.get(`site:${site}`),
      region === null ? undefined : this.#notes.get(`region:${region}`)
    ].filter(note => note !== undefined)
    const located = all.find(note => note.country !== null)
    const based = all.find(note => note.basis !== null)
    const country = located?.country ?? null
    return {
      ...{ site, region, country },
      inside: country === null ? null : isInside(notes.territory, country),
      ...{ basis: based?.basis ?? null, reference: based?.reference ?? null },
      ...{ countryAtMs: located?.sinceAtMs ?? null, basisAtMs: based?.sinceAtMs ?? null }
    }
  }
}
