/**
 * Many devices, in whole pieces: what can be simulated of an organisation of ten thousand. Explicitly coarse:
 * `npm run sim -- --scenario org --exact` runs the product's own nodes where both can, and docs/SIMULATOR.md has the
 * difference.
 *
 * As the product: the neighbours (src/swarm/neighbours.ts), the length of pieces, how much may be open and cross at
 * once (transfer-limits.ts), who comes first for a piece that crosses, by device and by site (crossing.ts), claims, the
 * rarest piece first, and a source that gives each piece to one peer before any to two.
 *
 * Simpler: a piece is asked of one neighbour, of those that have it the one whose links are free first; it passes each
 * link as a whole, in the order of asking. Headers are counted; control messages, disks and processors are not.
 */

import { assert, defined } from '../src/base/assert.ts'
import { textHash32 } from '../src/base/hash32.ts'
import { pieceBytesFor } from '../src/content/piece-length.ts'
import { weight } from '../src/swarm/crossing.ts'
import { type Member, Neighbourhood } from '../src/swarm/neighbours.ts'
import { TRANSFER_LIMITS } from '../src/swarm/transfer-limits.ts'
import { WIRE_FACTOR } from './constants.ts'
import {
  boundSeconds,
  LAN_DELAY_MS,
  linkedPairs,
  median,
  membersOf,
  type Organisation,
  type OrganisationResult
} from './organisation.ts'
import { Random } from './random.ts'
import { SlotQueue } from './slot-queue.ts'

const BYTES_PER_MS_PER_MBIT = 125
const SLOTS_MAX = 8
const NONE = -1
const WORD_BITS = 32
/** In a byte of #near: it has the piece, or has asked for it. The other bits count neighbours. */
const TAKEN = 0x80
const SPREAD_MASK = 0x7f

export function runCoarse(organisation: Organisation, seed: number): OrganisationResult {
  return new Coarse(organisation, seed).run()
}

class Coarse {
  readonly #organisation: Organisation
  readonly #random: Random
  readonly #pieceBytes: number
  readonly #pieceCount: number
  readonly #siteOf: Int32Array
  readonly #inside: Int32Array[]
  readonly #across: Int32Array[]
  /** By device, a bit for each piece that it has. */
  readonly #have: Uint32Array
  readonly #haveWords: number
  /** The same for those that it has or has asked for. */
  readonly #taken: Uint32Array
  /**
   * By device and piece: how many neighbours inside the site have it, and TAKEN. In one place, because each piece that
   * comes anywhere looks here for every neighbour, and each look waits for memory.
   */
  readonly #near: Uint8Array
  /** By device: pieces that it could ask a neighbour inside its site for. */
  readonly #offered: Int32Array
  readonly #missing: Uint16Array[]
  readonly #missingCount: Int32Array
  readonly #missingAt: Uint16Array[]
  /** By site and piece: whether a bringer has or claims it. */
  readonly #claimed: Uint8Array
  readonly #firstBringer: Int32Array
  /** By site and piece: after how many graces it may take a piece out of the site of the source. */
  readonly #graces: Uint16Array
  /** By piece: whether it has left the site of the source, or is just leaving. */
  readonly #isOut: Uint8Array
  readonly #isLeaving: Uint8Array
  readonly #given: Uint32Array
  #givenCount = 0
  #leavingCount = 0
  readonly #upFreeMs: Float64Array
  readonly #downFreeMs: Float64Array
  readonly #wanUpFreeMs: Float64Array
  readonly #wanDownFreeMs: Float64Array
  readonly #wanPieces: Int32Array
  readonly #slots: SlotQueue
  readonly #slotsEach: number
  readonly #crossingMax: number
  readonly #crossing: Uint8Array
  readonly #busy: Uint8Array
  readonly #doneMs: Float64Array
  #sourcePieces = 0
  #nowMs = 0
  #eventCount = 0

  constructor(organisation: Organisation, seed: number) {
    const { devices, bytes } = organisation
    const sites = Math.min(organisation.sites, devices)
    this.#organisation = organisation
    this.#random = new Random(seed)
    this.#pieceBytes = pieceBytesFor(bytes)
    this.#pieceCount = Math.ceil(bytes / this.#pieceBytes)
    const pieces = this.#pieceCount
    const limits = TRANSFER_LIMITS
    const slots = Math.floor(limits.inFlightBytesMax / this.#pieceBytes)
    this.#slotsEach = Math.max(2, Math.min(SLOTS_MAX, slots))
    this.#crossingMax = Math.max(1, Math.floor(limits.crossingBytesMax / this.#pieceBytes))
    const members = membersOf(organisation)
    this.#siteOf = Int32Array.from(members, (_, index) => index % sites)
    const neighbourhood = new Neighbourhood(members)
    const near = members.map(() => [] as number[])
    const far = members.map(() => [] as number[])
    for (const [a, b] of linkedPairs(members, neighbourhood)) {
      const lists = this.#siteOf[a] === this.#siteOf[b] ? near : far
      lists[a]?.push(b)
      lists[b]?.push(a)
    }
    this.#inside = near.map(list => Int32Array.from(list))
    this.#across = far.map(list => Int32Array.from(list))
    for (const { length } of near) assert(length <= SPREAD_MASK, 'a device has few neighbours')
    this.#haveWords = Math.ceil(pieces / WORD_BITS)
    this.#have = new Uint32Array(devices * this.#haveWords)
    this.#taken = new Uint32Array(devices * this.#haveWords)
    this.#near = new Uint8Array(devices * pieces)
    this.#missing = members.map(() => Uint16Array.from({ length: pieces }, (_, piece) => piece))
    this.#missingAt = members.map(() => Uint16Array.from({ length: pieces }, (_, piece) => piece))
    this.#missingCount = new Int32Array(devices).fill(pieces)
    this.#claimed = new Uint8Array(sites * pieces)
    this.#firstBringer = new Int32Array(sites * pieces)
    this.#graces = new Uint16Array(sites * pieces)
    this.#isLeaving = new Uint8Array(pieces)
    this.#offered = new Int32Array(devices)
    this.#isOut = new Uint8Array(pieces)
    this.#given = new Uint32Array(this.#haveWords)
    this.#upFreeMs = new Float64Array(devices)
    this.#downFreeMs = new Float64Array(devices)
    this.#wanUpFreeMs = new Float64Array(sites)
    this.#wanDownFreeMs = new Float64Array(sites)
    this.#wanPieces = new Int32Array(sites)
    this.#shareOut(members, neighbourhood)
    this.#slots = new SlotQueue(devices * (this.#slotsEach + this.#crossingMax + 1))
    this.#crossing = new Uint8Array(devices)
    this.#busy = new Uint8Array(devices)
    this.#doneMs = new Float64Array(devices).fill(Number.POSITIVE_INFINITY)
  }

  /** Who comes first for each piece, by the orders of crossing.ts. */
  #shareOut(members: readonly Member[], neighbourhood: Neighbourhood): void {
    const sites = this.#wanPieces.length
    const indexOf = new Map(members.map(({ device }, index) => [device, index]))
    const siteSeeds = Array.from({ length: sites }, (_, site) => textHash32(`s${site}`))
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      // Site 0 is the source's, and needs nothing.
      const others = siteSeeds.slice(1)
      const weights = others.map(seed => weight(piece, seed))
      for (let site = 1; site < sites; site++) {
        const own = weights[site - 1] ?? 0
        this.#graces[this.#at(site, piece)] = weights.filter(each => each < own).length
      }
    }
    for (let site = 0; site < sites; site++) {
      const own = neighbourhood.bringersOf(`s${site}`)
      const seeds = own.map(textHash32)
      for (let piece = 0; piece < this.#pieceCount; piece++) {
        const weights = seeds.map(each => weight(piece, each))
        const least = weights.indexOf(Math.min(...weights))
        const device = defined(own[least], 'a bringer')
        this.#firstBringer[site * this.#pieceCount + piece] = indexOf.get(device) ?? 0
      }
    }
  }

  run(): OrganisationResult {
    const { devices } = this.#organisation
    const source = 0
    for (let piece = 0; piece < this.#pieceCount; piece++) this.#has(source, piece)
    for (let device = 1; device < devices; device++) {
      this.#ask(device)
      if ((this.#across[device]?.length ?? 0) > 0) this.#wakeLater(device)
    }
    for (let slot = this.#slots.next(); slot !== NONE; slot = this.#slots.next()) {
      this.#eventCount++
      this.#nowMs = this.#slots.atMs(slot)
      const device = this.#slots.deviceOf(slot)
      const piece = this.#slots.pieceOf(slot)
      if (piece === NONE) {
        this.#slots.free(slot)
        if (this.#missingCount[device] !== 0) this.#wakeLater(device)
        this.#bring(device, true)
        this.#ask(device)
        continue
      }
      if (this.#slots.isAcross(slot)) this.#crossing[device] = (this.#crossing[device] ?? 0) - 1
      this.#busy[device] = (this.#busy[device] ?? 0) - 1
      this.#slots.free(slot)
      this.#has(device, piece)
      this.#ask(device)
    }
    return this.#result()
  }

  /** A bringer looks again after each grace. */
  #wakeLater(device: number): void {
    const atMs = this.#nowMs + TRANSFER_LIMITS.claimGraceMs
    this.#slots.add({ device, piece: NONE, isAcross: false, atMs })
  }

  #at(device: number, piece: number): number {
    return device * this.#pieceCount + piece
  }

  /** A device has a piece now, and all its neighbours hear of it. */
  #has(device: number, piece: number): void {
    this.#setBit(this.#have, device, piece)
    this.#setTaken(device, piece)
    const missing = defined(this.#missing[device], 'a device')
    const places = defined(this.#missingAt[device], 'a device')
    const place = places[piece] ?? 0
    const left = (this.#missingCount[device] ?? 0) - 1
    const last = missing[left] ?? 0
    missing[place] = last
    places[last] = place
    this.#missingCount[device] = left
    if (left === 0) this.#doneMs[device] = this.#nowMs
    const site = this.#siteOf[device] ?? 0
    this.#claimed[this.#at(site, piece)] = 1
    for (const other of this.#inside[device] ?? []) {
      const at = this.#at(other, piece)
      const before = this.#near[at] ?? 0
      this.#near[at] = before + 1
      if (before >= TAKEN) continue
      if (before === 0) this.#offered[other] = (this.#offered[other] ?? 0) + 1
      if (this.#hasRoom(other)) this.#take(other, piece, device)
    }
    if (site !== 0) this.#isOut[piece] = 1
    for (const other of this.#across[device] ?? [])
      if (this.#canCross(other) && this.#mayBring(other, piece, true)) this.#takeAcross(other, piece)
  }

  #bit(words: Uint32Array, device: number, piece: number): boolean {
    const word = words[device * this.#haveWords + (piece >>> 5)] ?? 0
    return ((word >>> (piece & 31)) & 1) === 1
  }

  #setBit(words: Uint32Array, device: number, piece: number): void {
    const at = device * this.#haveWords + (piece >>> 5)
    words[at] = (words[at] ?? 0) | (1 << (piece & 31))
  }

  #setTaken(device: number, piece: number): void {
    this.#setBit(this.#taken, device, piece)
    const at = this.#at(device, piece)
    this.#near[at] = (this.#near[at] ?? 0) | TAKEN
  }

  #hasRoom(device: number): boolean {
    return (this.#busy[device] ?? 0) - (this.#crossing[device] ?? 0) < this.#slotsEach
  }

  #canCross(device: number): boolean {
    return (this.#crossing[device] ?? 0) < this.#crossingMax && (this.#missingCount[device] ?? 0) > 0
  }

  /** Asks for as much as may be asked for. */
  #ask(device: number): void {
    if ((this.#missingCount[device] ?? 0) === 0) return
    if ((this.#across[device]?.length ?? 0) > 0) this.#bring(device, false)
    while ((this.#offered[device] ?? 0) > 0 && this.#hasRoom(device)) if (!this.#askInside(device)) return
  }

  /** The rarest piece of the neighbour whose link is free first. */
  #askInside(device: number): boolean {
    const near = this.#inside[device] ?? new Int32Array()
    const tried: number[] = []
    for (let tries = 0; tries < near.length; tries++) {
      let best = NONE
      let bestMs = Number.POSITIVE_INFINITY
      const offset = this.#random.integer(0, near.length - 1)
      for (let step = 0; step < near.length; step++) {
        const other = near[(offset + step) % near.length] ?? 0
        const freeMs = Math.max(this.#nowMs, this.#upFreeMs[other] ?? 0)
        if (freeMs < bestMs && !tried.includes(other) && this.#missingCount[other] !== this.#pieceCount) {
          best = other
          bestMs = freeMs
        }
      }
      if (best === NONE) return false
      const piece = this.#rarestOf(device, best)
      if (piece !== NONE && this.#take(device, piece, best)) return true
      tried.push(best)
    }
    return false
  }

  /** Of those that are equally rare the first of what is missing, from any place on. */
  #rarestOf(device: number, from: number): number {
    const count = this.#missingCount[device] ?? 0
    const places = defined(this.#missingAt[device], 'a device')
    const ungiven = from === 0 && this.#givenCount < this.#pieceCount
    const [own, theirs] = [device * this.#haveWords, from * this.#haveWords]
    const base = device * this.#pieceCount
    const offset = this.#random.integer(0, count - 1)
    let rarest = NONE
    let least = 256
    let nearest = count
    for (let at = 0; at < this.#haveWords; at++) {
      let word = (this.#have[theirs + at] ?? 0) & ~(this.#taken[own + at] ?? 0)
      if (ungiven) word &= ~(this.#given[at] ?? 0)
      for (; word !== 0; word &= word - 1) {
        const piece = at * WORD_BITS + 31 - Math.clz32(word & -word)
        const spread = this.#near[base + piece] ?? 0
        if (spread > least) continue
        const place = (places[piece] ?? 0) - offset
        const after = place < 0 ? place + count : place
        if (spread === least && after > nearest) continue
        least = spread
        nearest = after
        rarest = piece
      }
    }
    return rarest
  }

  /** A source that assigns gives nothing twice before everything once. */
  #mayGive(piece: number): boolean {
    return this.#givenCount === this.#pieceCount || !this.#bit(this.#given, 0, piece)
  }

  #gives(piece: number): void {
    this.#sourcePieces++
    if (this.#bit(this.#given, 0, piece)) return
    this.#setBit(this.#given, 0, piece)
    this.#givenCount++
  }

  #take(device: number, piece: number, from: number): boolean {
    if (from === 0) {
      if (!this.#mayGive(piece)) return false
      this.#gives(piece)
    }
    const lan = this.#wireMs(this.#organisation.lanMbit)
    const beginMs = this.#nowMs + 2 * LAN_DELAY_MS
    const upMs = Math.max(beginMs, this.#upFreeMs[from] ?? 0) + lan
    const downMs = Math.max(beginMs, this.#downFreeMs[device] ?? 0) + lan
    this.#upFreeMs[from] = upMs
    this.#downFreeMs[device] = downMs
    this.#begin(device, piece, { atMs: Math.max(upMs, downMs), isAcross: false })
    return true
  }

  /** How long a piece takes on a link. */
  #wireMs(mbit: number): number {
    return (this.#pieceBytes * WIRE_FACTOR) / (mbit * BYTES_PER_MS_PER_MBIT)
  }

  #begin(device: number, piece: number, how: { readonly atMs: number; readonly isAcross: boolean }): void {
    if (((this.#near[this.#at(device, piece)] ?? 0) & SPREAD_MASK) > 0)
      this.#offered[device] = (this.#offered[device] ?? 0) - 1
    this.#setTaken(device, piece)
    this.#busy[device] = (this.#busy[device] ?? 0) + 1
    this.#slots.add({ device, piece, ...how })
  }

  // ---- between sites

  /** Brings pieces that nobody of the site has or claims, as long as there is room; what others left, now and then. */
  #bring(device: number, isForOthers: boolean): void {
    while (this.#canCross(device)) {
      const own = this.#nextAcross(device, true)
      const piece = own === NONE && isForOthers ? this.#nextAcross(device, false) : own
      if (piece === NONE || !this.#takeAcross(device, piece)) return
    }
  }

  #nextAcross(device: number, isOwnShare: boolean): number {
    const count = this.#missingCount[device] ?? 0
    const missing = defined(this.#missing[device], 'a device')
    const offset = this.#random.integer(0, Math.max(0, count - 1))
    const free = this.#freeAcross(device)
    if (free.length === 0) return NONE
    for (let step = 0; step < count; step++) {
      const piece = missing[(offset + step) % count] ?? 0
      if (!this.#mayBring(device, piece, isOwnShare)) continue
      for (const other of free) if (this.#givesAcross(other, piece)) return piece
    }
    return NONE
  }

  #mayBring(device: number, piece: number, isOwnShare: boolean): boolean {
    const site = this.#siteOf[device] ?? 0
    const at = this.#at(site, piece)
    if (this.#claimed[at] === 1 || this.#bit(this.#taken, device, piece)) return false
    if (isOwnShare !== (this.#firstBringer[at] === device)) return false
    return this.#isOut[piece] === 1 || this.#mayTakeOut(site, piece)
  }

  /** What no site has but the source's goes to one site, and from there to the others. */
  #mayTakeOut(site: number, piece: number): boolean {
    const graces = this.#graces[this.#at(site, piece)] ?? 0
    return this.#isLeaving[piece] === 0 && this.#nowMs >= graces * TRANSFER_LIMITS.claimGraceMs
  }

  /** What would come later than that is not asked for yet. */
  get #aheadMs(): number {
    return this.#nowMs + TRANSFER_LIMITS.crossingAheadMs
  }

  #freeAcrossMs(device: number): number {
    return Math.max(this.#upFreeMs[device] ?? 0, this.#wanUpFreeMs[this.#siteOf[device] ?? 0] ?? 0)
  }

  /** Neighbours in other sites whose links are not too busy: mostly few, for what crosses is asked for well ahead. */
  #freeAcross(device: number): number[] {
    const free: number[] = []
    const beforeMs = this.#aheadMs
    for (const other of this.#across[device] ?? []) if (this.#freeAcrossMs(other) < beforeMs) free.push(other)
    return free
  }

  #givesAcross(other: number, piece: number): boolean {
    if (!this.#bit(this.#have, other, piece)) return false
    // While there are pieces that only the source's site has, it gives no others.
    return (
      this.#siteOf[other] !== 0 || this.#leavingCount === this.#pieceCount || this.#isLeaving[piece] === 0
    )
  }

  /** Of those that have the piece, the one whose links are free first. */
  #holderAcross(device: number, piece: number): number {
    let best = NONE
    let bestMs = this.#aheadMs
    for (const other of this.#across[device] ?? []) {
      const freeMs = this.#freeAcrossMs(other)
      if (freeMs >= bestMs || !this.#givesAcross(other, piece)) continue
      best = other
      bestMs = freeMs
    }
    return best
  }

  #takeAcross(device: number, piece: number): boolean {
    const from = this.#holderAcross(device, piece)
    if (from === NONE) return false
    const [site, fromSite] = [this.#siteOf[device] ?? 0, this.#siteOf[from] ?? 0]
    if (from === 0) this.#gives(piece)
    const { lanMbit, wanMbit, wanDelayMs } = this.#organisation
    const [lan, wan] = [this.#wireMs(lanMbit), this.#wireMs(wanMbit)]
    const beginMs = this.#nowMs + 2 * wanDelayMs
    const pass = (freeMs: Float64Array, index: number, ms = 0): number => {
      freeMs[index] = Math.max(beginMs, freeMs[index] ?? 0) + ms
      return freeMs[index] ?? 0
    }
    const atMs = Math.max(
      pass(this.#upFreeMs, from, lan),
      pass(this.#wanUpFreeMs, fromSite, wan),
      pass(this.#wanDownFreeMs, site, wan),
      pass(this.#downFreeMs, device, lan)
    )
    this.#claimed[this.#at(site, piece)] = 1
    if (this.#isLeaving[piece] === 0) this.#leavingCount++
    this.#isLeaving[piece] = 1
    this.#wanPieces[site] = (this.#wanPieces[site] ?? 0) + 1
    this.#crossing[device] = (this.#crossing[device] ?? 0) + 1
    this.#begin(device, piece, { atMs, isAcross: true })
    return true
  }

  #result(): OrganisationResult {
    const { devices, bytes } = this.#organisation
    const done = this.#doneMs.slice(1).sort()
    const copies = [...this.#wanPieces.slice(1)].map(pieces => (pieces / this.#pieceCount) * WIRE_FACTOR)
    const lastSeconds = (done.at(-1) ?? Number.NaN) / 1000
    const bound = boundSeconds(this.#organisation)
    return {
      ...{ mode: 'coarse', devices, bytes, sites: this.#wanPieces.length },
      ...{
        boundSeconds: bound,
        medianSeconds: median(done) / 1000,
        lastSeconds,
        timesBound: lastSeconds / bound
      },
      wanCopiesMean: copies.length === 0 ? 0 : copies.reduce((sum, each) => sum + each, 0) / copies.length,
      wanCopiesMost: Math.max(0, ...copies),
      wanBytes: copies.reduce((sum, each) => sum + each, 0) * bytes,
      sourceCopies: (this.#sourcePieces / this.#pieceCount) * WIRE_FACTOR,
      eventCount: this.#eventCount,
      unfinished: done.reduce((count, ms) => count + (Number.isFinite(ms) ? 0 : 1), 0)
    }
  }
}
