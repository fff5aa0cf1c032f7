/**
 * With whom this device is to be linked now, and which of the links that it made it can do without. Pure: the connector
 * dials and hangs up.
 *
 * Whom to dial, the most urgent first:
 *  1. who may have what is being fetched (source-search.ts)
 *  2. where few members are known: all of them; else those that the rule of neighbours.ts chooses, without those that
 *     are silent
 *  3. those that it would choose if they were not silent: they may be back
 *  4. now and then, one of a site for all of it, somebody in another site: `visited`. Who brings is decided by hashes
 *     of what members say of themselves, so a few that conspire can be all the bringers of a site, and keep from it
 *     what they like, revocations above all. With a visit to anybody honest it comes nevertheless.
 *  5. with few links: anybody that is known, and otherwise one at a time of those that have not been heard of for long.
 *     So two parts of an organisation that lost each other for longer than statements live find together again.
 *
 * A link is given up only by who dialled it, when neither end's choice by the rule, no fetch and no serving needs it;
 * and, if it was not made for a fetch, only while there are more than the rule allows for. So nothing is given up for
 * being a little more than was planned, and no two devices take turns in dialling and hanging up.
 */

import { mixed32, textHash32 } from '../../base/hash32.ts'
import type { DeviceId } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'
import { NEIGHBOURS_MAX, type Neighbourhood, pairWeight, SMALL_ORG_MAX } from '../../swarm/neighbours.ts'

/** With fewer links than this a device tries whomever it knows. */
export const FEW_LINKS = 8
/** How long a link is left alone, for what needs it to begin. */
export const SETTLE_MS = MINUTE_MS

/** In one of so many turns a device may visit. */
export const VISIT_TURNS = 20

export interface LinkView {
  readonly self: DeviceId
  /** Members that are present, this device included. */
  readonly neighbourhood: Neighbourhood
  /** Other members of which an address is known, present or not. */
  readonly known: readonly DeviceId[]
  readonly linked: ReadonlySet<DeviceId>
  /** Did not answer, or had no room, and have not been heard of since. */
  readonly silent: ReadonlySet<DeviceId>
  /** Who is to be linked for what is being fetched. */
  readonly sources: readonly DeviceId[]
  /** Counts up slowly: which of those that are absent is tried. */
  readonly turn: number
}

/** Those to dial, whom it may be too early to try again included. */
export function dialOrder(view: LinkView): DeviceId[] {
  const { self, known, linked, silent, sources } = view
  const wanted = [
    ...sources,
    ...chosen(view, silent),
    ...chosen(view, new Set()),
    ...visited(view),
    ...atLast(view)
  ]
  const reachable = new Set(known)
  return [...new Set(wanted)].filter(
    device => device !== self && !linked.has(device) && reachable.has(device)
  )
}

function isSmall({ known }: LinkView): boolean {
  return known.length < SMALL_ORG_MAX
}

function chosen(view: LinkView, silent: ReadonlySet<DeviceId>): readonly DeviceId[] {
  return isSmall(view) ? view.known : view.neighbourhood.chosenBy(view.self, silent)
}

function atLast({ self, neighbourhood, known, linked, turn }: LinkView): DeviceId[] {
  const seed = textHash32(self)
  if (linked.size < FEW_LINKS) {
    const weights = new Map(known.map(device => [device, pairWeight(seed, textHash32(device))]))
    return known.toSorted((a, b) => (weights.get(a) ?? 0) - (weights.get(b) ?? 0))
  }
  const absent = known.filter(device => neighbourhood.siteOf(device) === undefined && !linked.has(device))
  const next = absent[(seed + turn) % absent.length]
  return next === undefined ? [] : [next]
}

/**
 * Whom to link with for a short while, to hear what is known elsewhere: at most one. Of a site, however large, about
 * one device visits in VISIT_TURNS turns, and each member of the other sites is as likely to be visited.
 */
export function visited({ self, neighbourhood, known, silent, turn }: LinkView): DeviceId[] {
  const seed = textHash32(self)
  if (neighbourhood.isAllWithAll || (turn + seed) % VISIT_TURNS !== 0) return []
  const own = neighbourhood.siteOf(self)
  const now = mixed32(seed ^ turn)
  if (own === undefined || now % neighbourhood.sizeOf(own) !== 0) return []
  let least = Number.POSITIVE_INFINITY
  let chosen: DeviceId | undefined
  for (const device of known) {
    const site = neighbourhood.siteOf(device)
    if (site === undefined || site === own || silent.has(device)) continue
    const weight = pairWeight(now, textHash32(device))
    if (weight >= least) continue
    least = weight
    chosen = device
  }
  return chosen === undefined ? [] : [chosen]
}

export interface OwnLink {
  readonly device: DeviceId
  readonly direction: 'inbound' | 'outbound'
  readonly ageMs: number
  /** It was made for a fetch, or a visit. */
  readonly isForFetch: boolean
}

/** Links to give up; `isInUse` says whether something is still to come over one, in either direction. */
export function surplusLinks(
  view: LinkView,
  links: readonly OwnLink[],
  isInUse: (device: DeviceId) => boolean
): DeviceId[] {
  if (isSmall(view)) return []
  const { self, neighbourhood, silent } = view
  const needed = new Set([...view.sources, ...chosen(view, silent), ...chosen(view, new Set())])
  const spare = links.filter(
    ({ device, direction, ageMs }) => direction === 'outbound' && ageMs >= SETTLE_MS && !needed.has(device)
  )
  const isIdle = ({ device }: OwnLink): boolean =>
    !neighbourhood.chosenBy(device).includes(self) && !isInUse(device)
  const forFetch = spare.filter(link => link.isForFetch && isIdle(link))
  const tooMany = links.length - forFetch.length - NEIGHBOURS_MAX
  const others: OwnLink[] = []
  for (const link of spare) {
    if (others.length >= tooMany) break
    if (!link.isForFetch && isIdle(link)) others.push(link)
  }
  return [...forFetch, ...others].map(({ device }) => device)
}
