/**
 * With whom a device keeps streams for one version, where an organisation is too large for all with all: a rule that
 * every device follows by itself from the list of members, without asking anybody.
 *
 * - Inside a site each device chooses a few others by rendezvous hashing over pairs, and is chosen by as many: a random
 *   graph, in which what one has is with all after a handful of steps. A small site is linked all with all.
 * - A few devices of each site are its *bringers*: those that hold the whole version first of all, then by
 *   rendezvous hashing. They are linked to each other, and the first of a site to the first of each other site, the
 *   second to the second, and so on. Only they bring pieces over the links between sites (crossing.ts), so that who
 *   decides about a piece hears of the claims of all others that might.
 * - With more sites than a device may have streams, each site is linked to those with the least weight of the pair.
 *
 * A device has at most NEIGHBOURS_MAX streams by its own choice and that of others: who is chosen by more refuses.
 */

import { mixed32, textHash32 } from '../base/hash32.ts'
import type { DeviceId } from '../base/ids.ts'

export const NEIGHBOURS_MAX = 60
export const BRINGERS_PER_SITE = 4
/** Up to this many members a site is linked all with all. */
export const SMALL_SITE_MAX = 16
/** Others of its site that a device chooses; a bringer has less room for them. */
const CHOSEN_INSIDE = 12
const CHOSEN_BY_BRINGER = 4
/** Other sites that a bringer is linked to: all, or so many that it chooses, and is chosen by as many. */
const SITES_MAX = 40
const SITES_CHOSEN = SITES_MAX / 2

export interface Member {
  readonly device: DeviceId
  readonly site: string
  /** Whether it is known to hold the whole version. */
  readonly isComplete: boolean
}

/** Bringers of each site, in order. */
export function bringersOf(members: readonly Member[]): Map<string, Member[]> {
  const sites = new Map<string, Member[]>()
  for (const member of members) {
    const others = sites.get(member.site)
    if (others === undefined) sites.set(member.site, [member])
    else others.push(member)
  }
  for (const [site, all] of sites) {
    const seed = textHash32(site)
    const weights = new Map(all.map(member => [member, pairWeight(seed, textHash32(member.device))]))
    const before = (a: Member, b: Member): number =>
      Number(b.isComplete) - Number(a.isComplete) || (weights.get(a) ?? 0) - (weights.get(b) ?? 0)
    sites.set(site, all.toSorted(before).slice(0, BRINGERS_PER_SITE))
  }
  return sites
}

/** Pairs of devices that keep a stream, as indexes of `members`, each pair once, the smaller index first. */
export function neighbourPairs(members: readonly Member[]): [number, number][] {
  const graph = new Graph(members.length)
  const indexes = new Map(members.map((member, index) => [member.device, index]))
  const indexOf = (member: Member): number => indexes.get(member.device) ?? 0
  const bringers = new Map([...bringersOf(members)].map(([site, them]) => [site, them.map(indexOf)]))
  for (const own of bringers.values()) for (const a of own) for (const b of own) graph.link(a, b)
  linkSites(graph, bringers)
  const sites = new Map<string, number[]>()
  for (const [index, { site }] of members.entries()) {
    const inside = sites.get(site)
    if (inside === undefined) sites.set(site, [index])
    else inside.push(index)
  }
  const isBringer = new Set([...bringers.values()].flat())
  const seeds = members.map(({ device }) => textHash32(device))
  for (const inside of sites.values())
    for (const self of inside) {
      const chosen = isBringer.has(self) ? CHOSEN_BY_BRINGER : CHOSEN_INSIDE
      for (const other of chosenInside(self, { inside, seeds, chosen })) graph.link(self, other)
    }
  return graph.pairs()
}

function chosenInside(
  self: number,
  among: { readonly inside: readonly number[]; readonly seeds: readonly number[]; readonly chosen: number }
): number[] {
  const { inside, seeds, chosen } = among
  const others = inside.filter(other => other !== self)
  if (inside.length <= SMALL_SITE_MAX) return others
  const weight = (other: number): number => pairWeight(seeds[self] ?? 0, seeds[other] ?? 0)
  return others
    .map(other => ({ other, weight: weight(other) }))
    .sort((a, b) => a.weight - b.weight)
    .slice(0, chosen)
    .map(({ other }) => other)
}

function linkSites(graph: Graph, bringers: ReadonlyMap<string, readonly number[]>): void {
  const names = [...bringers.keys()]
  for (const site of names) {
    const seed = textHash32(site)
    const others = names
      .filter(other => other !== site)
      .map(other => ({ other, weight: pairWeight(seed, textHash32(other)) }))
      .sort((a, b) => a.weight - b.weight)
      .slice(0, names.length - 1 <= SITES_MAX ? SITES_MAX : SITES_CHOSEN)
    const own = bringers.get(site) ?? []
    for (const { other } of others) {
      const theirs = bringers.get(other) ?? []
      // Where one site has fewer bringers than the other, some of them have two parts.
      for (let at = 0; at < Math.max(own.length, theirs.length); at++)
        graph.link(own[at % own.length] ?? 0, theirs[at % theirs.length] ?? 0)
    }
  }
}

class Graph {
  readonly #linked: Set<number>[]

  constructor(size: number) {
    this.#linked = Array.from({ length: size }, () => new Set())
  }

  link(a: number, b: number): void {
    const [ofA, ofB] = [this.#linked[a], this.#linked[b]]
    if (a === b || ofA === undefined || ofB === undefined) return
    if (ofA.size >= NEIGHBOURS_MAX || ofB.size >= NEIGHBOURS_MAX) return
    ofA.add(b)
    ofB.add(a)
  }

  pairs(): [number, number][] {
    return this.#linked.flatMap((others, a) =>
      [...others].filter(b => b > a).map((b): [number, number] => [a, b])
    )
  }
}

/** The same for both of a pair, whatever their order. */
function pairWeight(a: number, b: number): number {
  return mixed32(Math.imul(a ^ b, 0x9e3779b1) ^ Math.imul((a + b) >>> 0, 0x85ebca77))
}
