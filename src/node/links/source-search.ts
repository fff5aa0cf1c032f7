/**
 * Whom a device links with for the sake of a version that it fetches, beyond its neighbours: in a large organisation
 * none of those may have it. Pure: the time comes in, the connector dials.
 *
 * - One bringer of each site links with the publishers at once (neighbours.ts): from there pieces come to all.
 * - Who sees nobody else at the version after a moment, or nothing coming for long, searches: the publishers first,
 *   then the members of its own site, then all others, in an order that follows from version and device. Whoever does
 *   not have the version, or does not answer, is given up after a while, and the next is tried. After the last it
 *   begins anew.
 * - What was found is kept for as long as the version is fetched.
 *
 * At most LINKS_ON_DEMAND_MAX links at a time are there for that, whatever is fetched. How long nothing has to come is
 * spread over devices, so that not all of a site turn to the publisher when its bringers are slow.
 */

import { textHash32 } from '../../base/hash32.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { type Neighbourhood, pairWeight } from '../../swarm/neighbours.ts'

export const LINKS_ON_DEMAND_MAX = 12
/** For one version: those that are being tried, and those that have it. */
const SOURCES_PER_VERSION = 4
export const ALONE_MS = 2 * SECOND_MS
export const STARVING_MS = 20 * SECOND_MS
const STARVING_SPREAD_MS = 20 * SECOND_MS
/** From when a device is named until a stream for the version has to be there. */
export const TRIAL_MS = 15 * SECOND_MS
/** All have been tried: those that come and go since are heard of in another way, too. */
const ANEW_MS = MINUTE_MS

/** A version that is being fetched. */
export interface Fetching {
  readonly version: VersionId
  readonly publishers: readonly DeviceId[]
  /** With whom there is a stream for it. */
  readonly peers: ReadonlySet<DeviceId>
  /** Grows when something comes. */
  readonly receivedBytes: number
}

export interface SearchView {
  readonly nowMs: number
  readonly self: DeviceId
  readonly neighbourhood: Neighbourhood
  readonly silent: ReadonlySet<DeviceId>
  /** Members of which an address is known. */
  readonly known: readonly DeviceId[]
  readonly fetching: readonly Fetching[]
}

interface Search {
  receivedBytes: number
  /** When something last came, or the fetch began. */
  comingMs: number
  /** Who is to be linked, and since when. */
  readonly sources: Map<DeviceId, number>
  /** Still to be tried, the next one last; undefined before the search began. */
  untried: DeviceId[] | undefined
  anewMs: number
}

export class SourceSearch {
  readonly #searches = new Map<VersionId, Search>()

  /** Whom to link with, and to keep linked, until it is asked again. */
  look(view: SearchView): DeviceId[] {
    const versions = new Set(view.fetching.map(({ version }) => version))
    for (const version of this.#searches.keys()) if (!versions.has(version)) this.#searches.delete(version)
    if (view.neighbourhood.isAllWithAll) return []
    const sources = new Set<DeviceId>()
    for (const fetching of view.fetching) {
      const room = LINKS_ON_DEMAND_MAX - sources.size
      for (const device of this.#lookFor(fetching, view, room)) sources.add(device)
    }
    return [...sources]
  }

  #lookFor(fetching: Fetching, view: SearchView, room: number): DeviceId[] {
    const { nowMs, silent } = view
    const { version, peers } = fetching
    const search = this.#searchFor(fetching, nowMs)
    for (const [device, sinceMs] of search.sources)
      if (silent.has(device) || (!peers.has(device) && nowMs >= sinceMs + TRIAL_MS))
        search.sources.delete(device)
    const isBringer = view.neighbourhood.linksToPublisher(view.self, version, silent)
    if (isBringer && search.untried === undefined) search.untried = this.#publishers(fetching, view)
    else if (this.#isHungry(fetching, search, view)) this.#begin(fetching, search, view)
    else if (!isBringer) return [...search.sources.keys()].slice(0, room)
    const most = Math.min(SOURCES_PER_VERSION, room)
    while (search.sources.size < most) {
      const next = search.untried?.pop()
      if (next === undefined) break
      if (!peers.has(next)) search.sources.set(next, nowMs)
    }
    return [...search.sources.keys()].slice(0, room)
  }

  #searchFor({ version, receivedBytes }: Fetching, nowMs: number): Search {
    let search = this.#searches.get(version)
    if (search === undefined) {
      search = { receivedBytes, comingMs: nowMs, sources: new Map(), untried: undefined, anewMs: 0 }
      this.#searches.set(version, search)
    } else if (receivedBytes !== search.receivedBytes) {
      search.receivedBytes = receivedBytes
      search.comingMs = nowMs
    }
    return search
  }

  #isHungry({ version, peers }: Fetching, { comingMs }: Search, { self, nowMs }: SearchView): boolean {
    if (peers.size === 0) return nowMs >= comingMs + ALONE_MS
    const spreadMs = pairWeight(textHash32(self), textHash32(version)) % STARVING_SPREAD_MS
    return nowMs >= comingMs + STARVING_MS + spreadMs
  }

  #begin(fetching: Fetching, search: Search, view: SearchView): void {
    if (view.nowMs < search.anewMs || (search.untried?.length ?? 0) > 0) return
    search.anewMs = view.nowMs + ANEW_MS
    const { self, neighbourhood, known } = view
    const seed = textHash32(fetching.version)
    const own = neighbourhood.siteOf(self)
    const order = known
      .filter(device => device !== self && neighbourhood.siteOf(device) !== undefined)
      .map(device => ({
        device,
        isNear: neighbourhood.siteOf(device) === own,
        weight: pairWeight(seed, textHash32(device))
      }))
      .toSorted((a, b) => Number(a.isNear) - Number(b.isNear) || b.weight - a.weight)
      .map(({ device }) => device)
    search.untried = [...order, ...this.#publishers(fetching, view)]
  }

  #publishers({ publishers }: Fetching, { self, known }: SearchView): DeviceId[] {
    return publishers.filter(device => device !== self && known.includes(device))
  }
}
