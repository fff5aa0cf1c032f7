/**
 * Whom a device links with for the sake of a version that it fetches, beyond its neighbours: in a large organisation
 * none of those may have it. Pure: the time comes in, the connector dials.
 *
 * - One bringer of each site links with the publishers at once (neighbours.ts): from there pieces come to all.
 * - Who sees nobody else at the version after a moment, or nothing coming for long, searches: the publishers first,
 *   then the members of its own site, then all others, in an order that follows from version and device. Whoever does
 *   not have the version, or does not answer, is given up after a while, and the next is tried. After the last it
 *   begins anew.
 * - What was found is kept for as long as something comes. Others that want the version and have no more of it than
 *   this device are found as well, all of them the same, and must not end the search.
 *
 * At most LINKS_ON_DEMAND_MAX links at a time are named for that, whatever is fetched; versions share in them, and who
 * waited longest for a trial comes first, so that what nobody has does not keep the rest from being found. How long
 * nothing has to come is spread over devices, so that not all of a site turn to the publisher when its bringers are
 * slow.
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
/** Each sorts all members that are known. */
const BEGINS_PER_LOOK = 4

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
  /** When one was last tried. */
  triedMs: number
}

/** A version and how its search stands. */
interface Open {
  readonly fetching: Fetching
  readonly search: Search
  /** More may be tried. */
  readonly isLooking: boolean
}

export class SourceSearch {
  readonly #searches = new Map<VersionId, Search>()
  #beginsLeft = 0

  /** Whom to link with, and to keep linked, until it is asked again. */
  look(view: SearchView): DeviceId[] {
    const versions = new Set(view.fetching.map(({ version }) => version))
    for (const version of this.#searches.keys()) if (!versions.has(version)) this.#searches.delete(version)
    if (view.neighbourhood.isAllWithAll) return []
    this.#beginsLeft = BEGINS_PER_LOOK
    const open = view.fetching
      .map(fetching => ({ fetching, search: this.#searchFor(fetching, view.nowMs) }))
      .toSorted((a, b) => a.search.triedMs - b.search.triedMs)
      .map(each => this.#open(each, view))
      .filter(({ search, isLooking }) => isLooking || search.sources.size > 0)
    const share = Math.floor(LINKS_ON_DEMAND_MAX / Math.max(1, open.length))
    const most = Math.min(SOURCES_PER_VERSION, Math.max(1, share))
    for (const each of open) trim(each, most)
    let room = LINKS_ON_DEMAND_MAX - open.reduce((sum, { search }) => sum + search.sources.size, 0)
    for (const each of open)
      room -= this.#try(each, view.nowMs, Math.min(room, most - each.search.sources.size))
    return [...new Set(open.flatMap(({ search }) => [...search.sources.keys()]))]
  }

  #open({ fetching, search }: Omit<Open, 'isLooking'>, view: SearchView): Open {
    const { nowMs, silent } = view
    const { version, peers } = fetching
    const isBringer = view.neighbourhood.linksToPublisher(view.self, version, silent)
    const isHungry = this.#isHungry(fetching, search, view)
    if (isBringer && search.untried === undefined) search.untried = this.#publishers(fetching, view)
    else if (isHungry) this.#begin(fetching, search, view)
    const isNextThere = isHungry && (search.untried?.length ?? 0) > 0
    for (const [device, sinceMs] of search.sources) {
      const isTried = nowMs >= sinceMs + TRIAL_MS
      if (silent.has(device) || (isTried && (!peers.has(device) || isNextThere)))
        search.sources.delete(device)
    }
    return { fetching, search, isLooking: isBringer || isHungry }
  }

  /** Gives how many were added. */
  #try({ fetching, search, isLooking }: Open, nowMs: number, most: number): number {
    if (!isLooking) return 0
    let added = 0
    while (added < most) {
      const next = search.untried?.pop()
      if (next === undefined) break
      if (fetching.peers.has(next)) continue
      search.sources.set(next, nowMs)
      search.triedMs = nowMs
      added++
    }
    return added
  }

  #searchFor({ version, receivedBytes }: Fetching, nowMs: number): Search {
    let search = this.#searches.get(version)
    if (search === undefined) {
      search = {
        receivedBytes,
        comingMs: nowMs,
        sources: new Map(),
        untried: undefined,
        anewMs: 0,
        triedMs: 0
      }
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
    if (view.nowMs < search.anewMs || (search.untried?.length ?? 0) > 0 || this.#beginsLeft === 0) return
    this.#beginsLeft--
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

/** Leaves no more than its share: those with whom there is no stream go first, then the newest. */
function trim({ fetching, search }: Open, most: number): void {
  const isPeer = (device: DeviceId): boolean => fetching.peers.has(device)
  const newestFirst = [...search.sources.keys()].reverse()
  const excess = newestFirst.toSorted((a, b) => Number(isPeer(a)) - Number(isPeer(b)))
  for (const device of excess.slice(0, Math.max(0, excess.length - most))) search.sources.delete(device)
}
