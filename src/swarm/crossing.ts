/**
 * Which pieces this device brings into its site over the links between sites, so that each crosses each link once.
 *
 * The members of a site that want the data share its pieces out without asking each other: every piece has an order of
 * the members, and of the sites, that all compute alike (rendezvous hashing: Thaler and Ravishankar, 1998). Who comes
 * first brings the piece, and the first site gets it from where the source is; the others get it from that site. What
 * the first does not fetch the next may, after a grace each. A member that has done its part takes on what others have
 * left. Only those share in a piece that want it: a member that fetches some files, or nothing now, says so (wants.ts).
 *
 * In an organisation that is too large for links of all with all, only the *bringers* of a site share in this
 * (neighbours.ts). The others take all from inside their site; they come after the bringers, and only once nobody of
 * the site has announced anything that they lack for a while, each a little later than the next. So where no bringer
 * wants the data one of the others brings it, and the rest see what comes of that and leave it to it.
 *
 * Whoever begins to bring a piece *claims* it toward all peers, until it has or drops it. Nobody brings what a member
 * of its site claims or has, nor what another site is just getting from a source. A claim that lasts much longer than
 * our own do is void, and who lets several lie is not counted on until it delivers again.
 *
 * Nothing here costs bandwidth when it goes wrong for a while but a second copy: two devices that see other members do
 * not agree about the order, and a claim arrives late.
 */

import { mixed32, textHash32 } from '../base/hash32.ts'
import { type DeviceId, type PieceIndex, pieceIndex } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import { pieceLength } from '../content/version.ts'
import type { Bitfield } from './bitfield.ts'
import { type BringersOfSite, pairWeight } from './neighbours.ts'
import type { PiecePicker } from './piece-picker.ts'
import { RateWindow } from './rates.ts'
import type { Session } from './session.ts'
import type { TransferLimits } from './transfer-limits.ts'
import type { PeerKey } from './transfer-types.ts'

/** Claims of one peer that are heeded, and of our own: so many fit one message. */
const CLAIMS_MAX = 2048
/** After so many claims in a row that came to nothing a member is not counted on. */
const VOID_CLAIMS_MAX = 3
/** How much the latest of our own times counts in what is usual. */
const USUAL_WEIGHT = 0.2

/** What is on its way from the HTTP origin is bounded as if it were a site; no site can have this name. */
export const ORIGIN_SITE = '\n'

export interface CrossingNews {
  readonly claims: readonly PieceIndex[]
  readonly drops: readonly PieceIndex[]
}

/** The way from one other site to ours, as this device sees it. */
interface Line {
  readonly arrived: RateWindow
  bringingBytes: number
}

/** A piece that this device claims. */
interface Bringing {
  readonly sinceMs: number
  readonly bytes: number
  readonly line: Line
}

/** Who shares in the pieces, as a member of our site or as another site. */
export interface Sharer {
  readonly seed: number
  /** What it wants: for other pieces nobody counts on it. Undefined is everything. */
  readonly wants: Bitfield | undefined
}

interface Member {
  /** Pieces that it has claimed before: a second claim of one counts for nothing, or it would hold it up for ever. */
  readonly claimed: Set<number>
  voidClaims: number
}

export class Crossing {
  readonly #picker: PiecePicker
  readonly #limits: TransferLimits
  readonly #self: DeviceId
  readonly #site: string
  readonly #sessions: ReadonlyMap<unknown, Session>
  readonly #ownPace: (peer: PeerKey) => number | undefined
  /** What the claims of each peer are worth. */
  readonly #members = new Map<Session, Member>()
  /** Who claims each piece. */
  readonly #claimants = new Map<number, Set<Session>>()
  /** Our own claims. */
  readonly #ours = new Map<PieceIndex, Bringing>()
  /** What comes, and is to come, from each other site. */
  readonly #lines = new Map<string, Line>()
  #news: { claims: PieceIndex[]; drops: PieceIndex[] } = { claims: [], drops: [] }
  /** From when on each piece may be brought by who comes first. */
  readonly #sinceMs: Float64Array
  /** How many graces this device waits for each piece; refilled when the members change. */
  readonly #ranks: Uint16Array
  readonly #siteRanks: Uint16Array
  /** Sites of other peers that came complete. */
  #sourceSites = new Set<string>()
  /** Peers of the other sites that have each piece. */
  readonly #spread: Uint16Array
  /** Pieces for which this device comes first in the first site. */
  #share: number[] = []
  #isStale = true
  #sharedMs = Number.NEGATIVE_INFINITY
  /** How long we take, from claim to piece. */
  #usualMs: number
  readonly #bringersNow: BringersOfSite
  /** Of our site, when it was last shared out; undefined where every member is one. */
  #bringers: ReadonlySet<DeviceId> | undefined
  /** When a peer of our site last announced what we lack, or the first of them came. */
  #nearMs = Number.NEGATIVE_INFINITY
  /** For how long after that we bring nothing: none for a bringer. */
  #patienceMs = 0

  constructor(init: {
    readonly picker: PiecePicker
    readonly limits: TransferLimits
    readonly self: DeviceId
    readonly site: string
    readonly sessions: ReadonlyMap<unknown, Session>
    readonly nowMs: () => number
    readonly bringers?: BringersOfSite | undefined
    /** What our own limits let come from a peer. */
    readonly ownPace: (peer: PeerKey) => number | undefined
  }) {
    this.#picker = init.picker
    this.#limits = init.limits
    this.#self = init.self
    this.#site = init.site
    this.#sessions = init.sessions
    this.#ownPace = init.ownPace
    const { pieceCount } = init.picker.version
    this.#sinceMs = new Float64Array(pieceCount).fill(Number.POSITIVE_INFINITY)
    this.#ranks = new Uint16Array(pieceCount)
    this.#siteRanks = new Uint16Array(pieceCount)
    this.#spread = new Uint16Array(pieceCount)
    this.#usualMs = init.limits.claimStartMs
    this.#bringersNow = init.bringers ?? (() => undefined)
    init.picker.onClosed = piece => this.#closed(piece, init.nowMs())
  }

  /** Whether this device is bringing the piece. */
  brings(piece: PieceIndex): boolean {
    return this.#ours.has(piece)
  }

  /**
   * Whether one more piece may be brought from a peer's site now: what is on its way from each is bounded by what comes
   * in a second or so, so that a slow line does not take up the room of another.
   */
  hasRoom(site: string, bytes: number, nowMs: number): boolean {
    const { crossingBytesMax, crossingStartBytes, crossingAheadMs } = this.#limits
    const line = this.#lineTo(site, nowMs)
    const aheadBytes = (line.arrived.rate(nowMs) * crossingAheadMs) / SECOND_MS
    const budget = Math.min(crossingBytesMax, Math.max(crossingStartBytes, aheadBytes))
    if (line.bringingBytes === 0) return true
    return line.bringingBytes + bytes <= budget && this.#ours.size < CLAIMS_MAX
  }

  /** Payload came from a peer of another site. */
  arrived(site: string, bytes: number, nowMs: number): void {
    this.#lineTo(site, nowMs).arrived.add(bytes, nowMs)
  }

  #lineTo(site: string, nowMs: number): Line {
    let line = this.#lines.get(site)
    if (line === undefined) {
      line = { arrived: new RateWindow(nowMs), bringingBytes: 0 }
      this.#lines.set(site, line)
    }
    return line
  }

  // ---- what happens

  /** Peers came, went, or are complete: the pieces are shared out anew. */
  membersChanged(): void {
    this.#isStale = true
  }

  /** What a peer has is known. */
  joined(session: Session, nowMs: number): void {
    if (!session.facts.sameSite) session.pieces?.bits.each(piece => this.#offered(session, piece, nowMs))
    else if (this.#nearMs === Number.NEGATIVE_INFINITY && this.#ours.size === 0) this.#nearMs = nowMs
    this.#isStale = true
  }

  /** A peer announced a piece, for the first time if it is new. */
  announced(session: Session, piece: number, { isNew, nowMs }: { isNew: boolean; nowMs: number }): void {
    this.#delivered(session, piece, nowMs)
    if (isNew && !session.facts.sameSite) this.#offered(session, piece, nowMs)
    const { facts, snubbed, chokesUs } = session
    const isHere = isNew && facts.sameSite && !snubbed && !chokesUs && this.#picker.isLacking(piece)
    if (isHere && !this.#ours.has(pieceIndex(piece))) this.#nearMs = nowMs
  }

  /** A peer of another site has a piece. */
  #offered(session: Session, piece: number, nowMs: number): void {
    const isOfSource = this.#sourceSites.has(session.facts.site)
    const spread = this.#spread[piece] ?? 0
    if (!isOfSource) this.#spread[piece] = spread + 1
    // Once it is more than a source's it falls to others than before: their turn begins.
    if (this.#sinceMs[piece] === Number.POSITIVE_INFINITY || (!isOfSource && spread === 0))
      this.#sinceMs[piece] = nowMs
  }

  /** A peer claims pieces, or drops what it had claimed. */
  heard(
    session: Session,
    { claims, drops }: { claims: readonly number[]; drops: readonly number[] },
    nowMs: number
  ): void {
    const { pieces } = session
    if (pieces === undefined) return
    for (const piece of drops) this.#forget(session, piece, nowMs)
    const member = this.#memberOf(session)
    for (const piece of claims) {
      if (pieces.bits.has(piece) || member.claimed.has(piece) || pieces.claims.size >= CLAIMS_MAX) continue
      member.claimed.add(piece)
      const claimants = this.#claimants.get(piece)
      if (claimants === undefined) this.#claimants.set(piece, new Set([session]))
      else claimants.add(session)
      this.#picker.claim(pieces, piece, nowMs)
    }
  }

  #delivered(session: Session, piece: number, nowMs: number): void {
    if (session.pieces?.claims.has(piece) !== true) return
    const member = this.#memberOf(session)
    if (member.voidClaims >= VOID_CLAIMS_MAX) this.#isStale = true
    member.voidClaims = 0
    this.#forget(session, piece, nowMs)
  }

  gone(session: Session, nowMs: number): void {
    for (const piece of [...(session.pieces?.claims.keys() ?? [])]) this.#forget(session, piece, nowMs)
    this.#members.delete(session)
    this.#isStale = true
  }

  /** What is to be told to all peers since it was last asked. */
  takeNews(): CrossingNews | undefined {
    const news = this.#news
    if (news.claims.length === 0 && news.drops.length === 0) return undefined
    this.#news = { claims: [], drops: [] }
    return news
  }

  /** What a peer that is new has to be told. */
  get claims(): readonly PieceIndex[] {
    return [...this.#ours.keys()]
  }

  // ---- what to bring

  /** A piece to fetch from a peer of another site, of those that fall to this device first. */
  next(session: Session, nowMs: number): PieceIndex | undefined {
    const { pieces } = session
    if (pieces === undefined || pieces.openableCount === 0) return undefined
    this.#shareOut(nowMs)
    const { bits } = pieces
    for (let at = this.#share.length - 1; at >= 0; at--) {
      const piece = this.#share[at] ?? 0
      if (this.#picker.have.has(piece)) {
        this.#share[at] = this.#share.at(-1) ?? 0
        this.#share.pop()
      } else if (bits.has(piece) && this.#picker.isOpenable(piece) && this.mayBring(piece, nowMs))
        return pieceIndex(piece)
    }
    const isDone = this.#share.every(piece => !this.#picker.isOpenable(piece))
    const isOurs = (piece: number) => isDone || (this.#ranks[piece] === 0 && !this.#isFirstElsewhere(piece))
    return this.#picker.rarest(pieces, piece => isOurs(piece) && this.mayBring(piece, nowMs))
  }

  /** Whether another site gets a piece first that nobody has but the site of a source. */
  #isFirstElsewhere(piece: number): boolean {
    return this.#spread[piece] === 0 && this.#siteRanks[piece] !== 0
  }

  mayBring(piece: number, nowMs: number): boolean {
    if (this.#isInReach(piece)) return false
    this.#shareOut(nowMs)
    const isFresh = this.#spread[piece] === 0
    const graces = (this.#ranks[piece] ?? 0) + (isFresh ? (this.#siteRanks[piece] ?? 0) : 0)
    const sinceMs = this.#sinceMs[piece] ?? Number.POSITIVE_INFINITY
    if (nowMs < sinceMs + graces * this.#limits.claimGraceMs) return false
    if (this.#patienceMs > 0 && nowMs < this.#nearMs + this.#patienceMs) return false
    for (const session of this.#claimants.get(piece) ?? [])
      if ((session.facts.sameSite || isFresh) && this.#holds(session, piece, nowMs)) return false
    return true
  }

  /** The same for what a reader waits for: whose turn it is does not count. */
  mayHasten(piece: number, nowMs: number): boolean {
    if (this.#isInReach(piece)) return false
    const claimants = [...(this.#claimants.get(piece) ?? [])]
    return !claimants.some(each => each.facts.sameSite && this.#holds(each, piece, nowMs))
  }

  /** Whether a peer of our site has the piece and gives it. */
  #isInReach(piece: number): boolean {
    if (!this.#picker.isNear(piece)) return false
    for (const { facts, pieces, snubbed, chokesUs } of this.#sessions.values())
      if (facts.sameSite && !snubbed && !chokesUs && pieces?.bits.has(piece) === true) return true
    return false
  }

  /** Whether a peer of any site says that it is bringing the piece. */
  isClaimed(piece: number, nowMs: number): boolean {
    for (const session of this.#claimants.get(piece) ?? [])
      if (this.#holds(session, piece, nowMs)) return true
    return false
  }

  begin(piece: PieceIndex, fromSite: string, nowMs: number): void {
    if (this.#ours.has(piece)) return
    const line = this.#lineTo(fromSite, nowMs)
    const bytes = pieceLength(this.#picker.version, piece)
    line.bringingBytes += bytes
    this.#ours.set(piece, { sinceMs: nowMs, bytes, line })
    this.#news.claims.push(piece)
  }

  /**
   * Whether a member that claims a piece of ours comes before us, so that we leave it to it: one of our site, or one of
   * any that fetches it from the origin as we do.
   */
  yields(session: Session, piece: PieceIndex): boolean {
    const ours = this.#ours.get(piece)
    const isOfOrigin = ours?.line === this.#lines.get(ORIGIN_SITE)
    if (ours === undefined || !(session.facts.sameSite || isOfOrigin)) return false
    const [theirs, own] = [this.#isBringer(session.facts.device), this.#isBringer(this.#self)]
    if (theirs !== own && !isOfOrigin) return theirs
    return weight(piece, textHash32(session.facts.device)) < weight(piece, textHash32(this.#self))
  }

  #closed(piece: PieceIndex, nowMs: number): void {
    const ours = this.#ours.get(piece)
    if (ours === undefined) return
    this.#ours.delete(piece)
    ours.line.bringingBytes -= ours.bytes
    if (this.#picker.have.has(piece)) this.#usualMs += USUAL_WEIGHT * (nowMs - ours.sinceMs - this.#usualMs)
    else this.#news.drops.push(piece)
  }

  // ---- claims of others

  #memberOf(session: Session): Member {
    let member = this.#members.get(session)
    if (member === undefined) {
      member = { claimed: new Set(), voidClaims: 0 }
      this.#members.set(session, member)
    }
    return member
  }

  /** Whether a claim still stands. One that does not is forgotten. */
  #holds(session: Session, piece: number, nowMs: number): boolean {
    const member = this.#memberOf(session)
    const sinceMs = session.pieces?.claims.get(piece)
    if (sinceMs === undefined || member.voidClaims >= VOID_CLAIMS_MAX) return false
    if (nowMs - sinceMs < this.#usualClaimMs || nowMs - sinceMs < this.#pacedClaimMs(piece)) return true
    member.voidClaims++
    if (member.voidClaims >= VOID_CLAIMS_MAX) this.#isStale = true
    this.#forget(session, piece, nowMs)
    return false
  }

  /** How long a claim stands: what is usual here, or as long as limits make it take. */
  get #usualClaimMs(): number {
    return Math.max(this.#limits.claimMinMs, this.#limits.claimFactor * this.#usualMs)
  }

  /** Zero without limits. It looks at all peers, so the other is asked first. */
  #pacedClaimMs(piece: number): number {
    const pace = this.#paceAcross()
    if (pace === undefined) return 0
    const bytes = pieceLength(this.#picker.version, pieceIndex(piece))
    return (this.#limits.claimFactor * bytes * SECOND_MS) / pace
  }

  /** What limits let come from other sites over the quickest way, ours and those of the peers there. */
  #paceAcross(): number | undefined {
    let best: number | undefined
    for (const { key, facts, pace, pieces } of this.#sessions.values()) {
      if (facts.sameSite || pieces === undefined) continue
      const way = Math.min(pace ?? Number.POSITIVE_INFINITY, this.#ownPace(key) ?? Number.POSITIVE_INFINITY)
      if (way === Number.POSITIVE_INFINITY) return undefined
      best = Math.max(best ?? 1, way)
    }
    return best
  }

  #forget(session: Session, piece: number, nowMs: number): void {
    if (session.pieces === undefined || !this.#picker.unclaim(session.pieces, piece)) return
    const claimants = this.#claimants.get(piece)
    claimants?.delete(session)
    if (claimants?.size === 0) this.#claimants.delete(piece)
    // Who comes next takes its turn from now on.
    if (session.facts.sameSite && this.#sinceMs[piece] !== Number.POSITIVE_INFINITY)
      this.#sinceMs[piece] = nowMs
  }

  // ---- sharing out

  #isBringer(device: DeviceId): boolean {
    return this.#bringers === undefined || this.#bringers.has(device)
  }

  #shareOut(nowMs: number): void {
    const bringers = this.#bringersNow()
    if (bringers !== this.#bringers) this.#isStale = true
    if (!this.#isStale || nowMs < this.#sharedMs + this.#limits.claimGraceMs) return
    this.#isStale = false
    this.#sharedMs = nowMs
    this.#bringers = bringers
    this.#countSpread()
    const { bringing, others, sites } = this.#sharers()
    const [self, site] = [textHash32(this.#self), textHash32(this.#site)]
    this.#share = []
    const isBringer = this.#isBringer(this.#self)
    this.#patienceMs = isBringer ? 0 : this.#patience(others)
    const firstAll = isBringer ? 0 : bringing.length
    for (let piece = 0; piece < this.#ranks.length; piece++) {
      this.#ranks[piece] = firstAll + rank(piece, self, isBringer ? bringing : others)
      this.#siteRanks[piece] = rank(piece, site, sites)
      if (this.#ranks[piece] === 0 && this.#siteRanks[piece] === 0 && this.#picker.isLacking(piece))
        this.#share.push(piece)
    }
  }

  /** Who shares in the pieces besides us: bringers of our site, its other members, and other sites. */
  #sharers(): { readonly bringing: Sharer[]; readonly others: Sharer[]; readonly sites: Sharer[] } {
    const bringing: Sharer[] = []
    const others: Sharer[] = []
    const sites = new Map<string, Bitfield | undefined>()
    for (const session of this.#sessions.values()) {
      const { device, site, sameSite } = session.facts
      const { wants } = session
      const isCountedOn = (this.#members.get(session)?.voidClaims ?? 0) < VOID_CLAIMS_MAX
      if (!session.isCooperative || session.pieces === undefined || session.isComplete || !isCountedOn)
        continue
      if (wants?.count === 0) continue
      if (sameSite) (this.#isBringer(device) ? bringing : others).push({ seed: textHash32(device), wants })
      else if (!this.#sourceSites.has(site))
        sites.set(site, sites.has(site) ? union(sites.get(site), wants) : wants)
    }
    return {
      ...{ bringing, others },
      sites: [...sites].map(([name, wants]) => ({ seed: textHash32(name), wants }))
    }
  }

  /** Those of less weight for our site have less: so one of those that see each other begins. */
  #patience(others: readonly Sharer[]): number {
    const { bringerPatienceMs, patienceStepMs, claimFactor } = this.#limits
    const site = textHash32(this.#site)
    const own = pairWeight(site, textHash32(this.#self))
    const before = others.filter(({ seed }) => pairWeight(site, seed) < own).length
    return Math.max(bringerPatienceMs, claimFactor * this.#usualMs) + before * patienceStepMs
  }

  #countSpread(): void {
    const others = [...this.#sessions.values()].filter(
      ({ facts, pieces }) => !facts.sameSite && pieces !== undefined
    )
    const sources = others.filter(({ pieces }) => pieces?.cameComplete === true)
    this.#sourceSites = new Set(sources.map(({ facts }) => facts.site))
    this.#spread.fill(0)
    for (const { facts, pieces } of others) {
      if (this.#sourceSites.has(facts.site)) continue
      pieces?.bits.each(piece => {
        this.#spread[piece] = (this.#spread[piece] ?? 0) + 1
      })
    }
  }
}

/** How many others that want the piece come before `own`. */
export function rank(piece: number, own: number, others: readonly Sharer[]): number {
  const ours = weight(piece, own)
  let before = 0
  for (const { seed, wants } of others)
    if (weight(piece, seed) < ours && wants?.has(piece) !== false) before++
  return before
}

/** What either of two wants. */
export function union(one: Bitfield | undefined, other: Bitfield | undefined): Bitfield | undefined {
  if (one === undefined || other === undefined) return undefined
  const both = one.clone()
  other.each(piece => both.add(piece))
  return both
}

/** What orders devices, or sites, for one piece; `seed` is the hash of the name. */
export function weight(piece: number, seed: number): number {
  return mixed32(seed ^ Math.imul(piece + 1, 0x9e3779b1))
}
