/**
 * Who of the org fetches which piece from the origin: the members that want it, of all sites, have an order for each
 * piece that all compute alike, by the hashes that share out pieces within and between sites (crossing.ts). Who comes
 * first fetches it; each that comes later may when it has waited a turn for everyone before it.
 */

import { textHash32 } from '../../base/hash32.ts'
import type { DeviceId } from '../../base/ids.ts'
import { rank, type Sharer, union, weight } from '../crossing.ts'
import type { Session } from '../session.ts'

/** Nobody waits for more than so many turns: those before have had their time. */
const TURNS_MAX = 16

export class OriginTurns {
  readonly #self: number
  readonly #site: string
  readonly #sessions: ReadonlyMap<unknown, Session>
  #members: Sharer[] = []
  #sites: Sharer[] = []
  #lookedMs = Number.NEGATIVE_INFINITY
  #known: string | undefined

  constructor(init: {
    readonly self: DeviceId
    readonly site: string
    readonly sessions: ReadonlyMap<unknown, Session>
  }) {
    this.#self = textHash32(init.self)
    this.#site = init.site
    this.#sessions = init.sessions
  }

  /** Looks who is there, at most once in `everyMs`; true when that has changed. */
  look(nowMs: number, everyMs: number): boolean {
    if (nowMs < this.#lookedMs + everyMs) return false
    this.#lookedMs = nowMs
    const members: Sharer[] = []
    const sites = new Map<string, Sharer>()
    const names: string[] = []
    for (const { facts, wants, isCooperative, pieces, isComplete } of this.#sessions.values()) {
      if (!isCooperative || pieces === undefined || isComplete || wants?.count === 0) continue
      names.push(`${facts.device} ${wants?.count}`)
      if (facts.sameSite) members.push({ seed: textHash32(facts.device), wants })
      else {
        const other = sites.get(facts.site)
        const both = other === undefined ? wants : union(other.wants, wants)
        sites.set(facts.site, { seed: textHash32(facts.site), wants: both })
      }
    }
    const known = names.sort().join()
    if (known === this.#known) return false
    this.#known = known
    this.#members = members
    this.#sites = [...sites.values()]
    return true
  }

  /** How many turns come before ours. */
  before(piece: number): number {
    const sites = rank(piece, textHash32(this.#site), this.#sites)
    return Math.min(TURNS_MAX, 2 * sites + rank(piece, this.#self, this.#members))
  }

  /** Orders pieces on this device, differently from all others. */
  nearness(piece: number): number {
    return weight(piece, this.#self)
  }
}
