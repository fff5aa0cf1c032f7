/**
 * With whom a device keeps a link, where an organisation is too large for all with all: a rule that every device
 * follows by itself from the list of the members that are present, without asking anybody.
 *
 * - Up to SMALL_ORG_MAX members all are linked with all.
 * - The members of each site have an order, by rendezvous hashing of site and device. The first are its *bringers*;
 *   those and the next few, its *candidates*, are linked all with all, so that the next notices when one is gone.
 * - Bringers are linked with those of other sites, the first of a site with the first of another, the second with the
 *   second. Only they bring pieces over the links between sites (crossing.ts), so that who decides about a piece
 *   hears of the claims of the others that might. With more sites than a device may have links, each site is linked
 *   with those of the least weight of the pair.
 * - Inside a site each of the others chooses a few by rendezvous hashing over pairs, and is chosen by as many: a
 *   random graph, in which what one has is with all after a handful of steps. A candidate chooses fewer, and nobody
 *   chooses it. A small site is linked all with all.
 * - The publisher of a version is linked, while it is wanted, with one bringer of each site: `linksToPublisher`.
 *
 * A device leaves out those that it found silent, and takes the next in order: so a view that is not quite the same as
 * that of others costs some links more, and nothing else. When a member comes or goes, the links of those that chose it
 * change, and no others. By this rule a device has at most NEIGHBOURS_MAX links; what it does about more is not
 * decided here.
 */

import { assert, defined } from '../base/assert.ts'
import { mixed32, textHash32 } from '../base/hash32.ts'
import type { DeviceId } from '../base/ids.ts'

export const NEIGHBOURS_MAX = 64
export const BRINGERS_PER_SITE = 4
/** Up to this many members an organisation is linked all with all. */
export const SMALL_ORG_MAX = 32
/** Up to this many members a site is linked all with all. */
export const SMALL_SITE_MAX = 16
/** Who may have to be a bringer next, and those that are. */
const CANDIDATES_PER_SITE = 8
/** Others of its site that a device chooses; a candidate has less room for them. */
const CHOSEN_INSIDE = 12
const CHOSEN_BY_CANDIDATE = 6
/** Other sites that a site is linked with: all, or so many that it chooses, and is chosen by as many. */
const SITES_MAX = 40
const SITES_CHOSEN = 14

export interface Member {
  readonly device: DeviceId
  readonly site: string
}

/**
 * The bringers of a device's own site, by the members that are present now: the same set for as long as they are the
 * same, and undefined where every member brings.
 */
export type BringersOfSite = () => ReadonlySet<DeviceId> | undefined

const NOBODY: ReadonlySet<DeviceId> = new Set()

/** A member, or a site, and what its name hashes to. */
interface Named<T> {
  readonly it: T
  readonly name: string
  readonly seed: number
}

interface Site {
  readonly name: string
  readonly seed: number
  /** In the order in which they become bringers. */
  readonly members: Named<DeviceId>[]
}

/** The members that are present, as one device knows them. */
export class Neighbourhood {
  readonly size: number
  readonly #sites = new Map<string, Site>()
  readonly #siteOf = new Map<DeviceId, Site>()

  constructor(members: Iterable<Member>) {
    for (const { device, site: name } of members) {
      assert(!this.#siteOf.has(device), 'a member is in one site')
      const site = this.#sites.get(name) ?? { name, seed: textHash32(name), members: [] }
      this.#sites.set(name, site)
      this.#siteOf.set(device, site)
      site.members.push(namedDevice(device))
    }
    this.size = this.#siteOf.size
    for (const { members: inside, seed } of this.#sites.values()) {
      const weights = new Map(inside.map(member => [member, pairWeight(seed, member.seed)]))
      const weightOf = (member: Named<DeviceId>): number => weights.get(member) ?? 0
      inside.sort((a, b) => weightOf(a) - weightOf(b) || (a.name < b.name ? -1 : 1))
    }
  }

  /** Whether it is so small that every member is linked with every other. */
  get isAllWithAll(): boolean {
    return this.size <= SMALL_ORG_MAX
  }

  siteOf(device: DeviceId): string | undefined {
    return this.#siteOf.get(device)?.name
  }

  /** How many members say that they are in a site. */
  sizeOf(site: string): number {
    return this.#sites.get(site)?.members.length ?? 0
  }

  /** Who brings pieces into a site, in order. */
  bringersOf(site: string, silent: ReadonlySet<DeviceId> = NOBODY): DeviceId[] {
    return first(this.#sites.get(site)?.members ?? [], silent, BRINGERS_PER_SITE).map(({ it }) => it)
  }

  /**
   * Whom a device links with by its own choice, leaving out those that it found silent; it is linked with those that
   * choose it as well.
   */
  chosenBy(device: DeviceId, silent: ReadonlySet<DeviceId> = NOBODY): DeviceId[] {
    const site = this.#siteOf.get(device)
    if (site === undefined) return []
    const own = namedDevice(device)
    if (this.isAllWithAll) {
      const others = [...this.#siteOf.keys()].filter(other => other !== device && !silent.has(other))
      return least(others.map(namedDevice), own.seed, SMALL_ORG_MAX).map(({ it }) => it)
    }
    // Whoever looks at the order counts itself, whatever others think of it.
    const without = silent.has(device) ? new Set([...silent].filter(other => other !== device)) : silent
    const bringers = this.bringersOf(site.name, without)
    const across = bringers.includes(device) ? this.#across(device, { site, bringers, silent: without }) : []
    return [...across, ...this.#inside(own, site, without)]
  }

  #inside(own: Named<DeviceId>, site: Site, silent: ReadonlySet<DeviceId>): DeviceId[] {
    const present = site.members.filter(({ it }) => !silent.has(it))
    if (present.length <= SMALL_SITE_MAX) return present.map(({ it }) => it).filter(it => it !== own.it)
    const candidates = present.slice(0, CANDIDATES_PER_SITE).map(({ it }) => it)
    const isCandidate = candidates.includes(own.it)
    const others = present.slice(CANDIDATES_PER_SITE).filter(({ it }) => it !== own.it)
    const chosen = least(others, own.seed, isCandidate ? CHOSEN_BY_CANDIDATE : CHOSEN_INSIDE)
    return [...(isCandidate ? candidates.filter(it => it !== own.it) : []), ...chosen.map(({ it }) => it)]
  }

  #across(
    device: DeviceId,
    of: {
      readonly site: Site
      readonly bringers: readonly DeviceId[]
      readonly silent: ReadonlySet<DeviceId>
    }
  ): DeviceId[] {
    const { site, bringers, silent } = of
    const others = [...this.#sites.values()].filter(other => other !== site)
    const named = others.map(it => ({ it, name: it.name, seed: it.seed }))
    const linked = others.length <= SITES_MAX ? named : least(named, site.seed, SITES_CHOSEN)
    return linked.flatMap(({ it: other }) => {
      const theirs = this.bringersOf(other.name, silent)
      const isFewer = bringers.length <= theirs.length
      const [fewer, more] = isFewer ? [bringers, theirs] : [theirs, bringers]
      // Sites of one device would all be linked with the first of a large one.
      const shift = fewer.length === more.length ? 0 : pairWeight(site.seed, other.seed) % more.length
      const pairs = fewer.map((one, at) => [one, more[(at + shift) % more.length]] as const)
      return pairs.flatMap(([one, another]) => {
        const [ours, partner] = isFewer ? [one, another] : [another, one]
        return ours === device && partner !== undefined ? [partner] : []
      })
    })
  }

  /** Whether a device, as one bringer of its site, links with the publisher of a version as soon as it wants it. */
  linksToPublisher(device: DeviceId, version: string, silent: ReadonlySet<DeviceId> = NOBODY): boolean {
    const site = this.#siteOf.get(device)
    if (site === undefined) return false
    const bringers = this.bringersOf(site.name, silent)
    return bringers[pairWeight(site.seed, textHash32(version)) % bringers.length] === device
  }

  /** Pairs of devices that are linked by their own choice or the other's, each pair once. */
  pairs(): [DeviceId, DeviceId][] {
    const pairs = new Map<string, [DeviceId, DeviceId]>()
    for (const device of this.#siteOf.keys())
      for (const other of this.chosenBy(device)) {
        const pair: [DeviceId, DeviceId] = device < other ? [device, other] : [other, device]
        pairs.set(pair.join(' '), pair)
      }
    return [...pairs.values()]
  }
}

function namedDevice(device: DeviceId): Named<DeviceId> {
  return { it: device, name: device, seed: textHash32(device) }
}

function first(
  members: readonly Named<DeviceId>[],
  silent: ReadonlySet<DeviceId>,
  count: number
): Named<DeviceId>[] {
  const found: Named<DeviceId>[] = []
  for (const member of members) {
    if (found.length === count) break
    if (!silent.has(member.it)) found.push(member)
  }
  return found
}

/** As many as `count` with the least weight toward `seed`, the least first. */
function least<T>(named: readonly Named<T>[], seed: number, count: number): Named<T>[] {
  const found: Named<T>[] = []
  const weights: number[] = []
  for (const each of named) {
    const weight = pairWeight(seed, each.seed)
    const isBefore = (at: number): boolean => {
      const other = weights[at] ?? Number.POSITIVE_INFINITY
      return weight < other || (weight === other && each.name < (found[at]?.name ?? ''))
    }
    if (found.length === count && !isBefore(count - 1)) continue
    let at = Math.min(found.length, count - 1)
    for (; at > 0 && isBefore(at - 1); at--) {
      found[at] = defined(found[at - 1], 'one before it')
      weights[at] = weights[at - 1] ?? 0
    }
    found[at] = each
    weights[at] = weight
  }
  return found
}

/** The same for both of a pair, whatever their order. */
export function pairWeight(a: number, b: number): number {
  return mixed32(Math.imul(a ^ b, 0x9e3779b1) ^ Math.imul((a + b) >>> 0, 0x85ebca77))
}
