/**
 * What we have, what we fetch, and who has what.
 *
 * Invariant: a piece is in exactly one state at any time.
 *
 *     missing --open--> requested --received--> received --stored--> have
 *        ^                 |  ^                    |                   |
 *        |                 |  +------reopened------+                   |
 *        +-----closed------+---------closed--------+---------lost------+
 *
 * - missing: nothing of it is here. In the rarity order once its hash is known, since a piece that could not be
 *   verified is not fetched, and only if it is wanted: what is not wanted stays missing.
 * - requested: open; some blocks are asked for, or have come, or both.
 * - received: every block has come; it is being verified and stored, or its bad blocks are being found.
 * - have: verified and durable.
 *
 * The picker holds facts and keeps their sums; which piece is asked of whom is decided by schedule.ts.
 * No event costs more than a step per peer, but for a peer that comes or goes, which costs a step per piece.
 */

import { assert } from '../base/assert.ts'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { pieceLength, type Version } from '../content/version.ts'
import { Bitfield } from './bitfield.ts'
import { OpenPiece } from './open-piece.ts'
import { PeerPieces } from './peer-pieces.ts'
import { RarityOrder, TieBreaker } from './rarity-order.ts'

export type PieceState = 'missing' | 'requested' | 'received' | 'have'

export interface PiecePickerInit {
  readonly version: Version
  readonly have: Bitfield
  /** The pieces that are to be fetched, those in `have` included; absent when that is all of them. */
  readonly wanted?: Bitfield | undefined
  /** What is wanted changes: see {@link PiecePicker.demand}. */
  readonly onDemand?: boolean | undefined
  readonly seed: number
}

export class PiecePicker {
  readonly version: Version
  readonly #have: Bitfield
  readonly #wanted: Bitfield | undefined
  /** Pieces whose hash is known. */
  readonly #verifiable: Bitfield
  readonly #order: RarityOrder
  readonly #open = new Map<PieceIndex, OpenPiece>()
  readonly #received = new Set<PieceIndex>()
  /** Open pieces of which blocks are missing that nobody is asked for. */
  readonly #unfilled = new Set<OpenPiece>()
  /** A piece was opened. */
  onOpened: (open: OpenPiece) => void = () => {}
  /** An open piece was given up or stored. */
  onClosed: (piece: PieceIndex) => void = () => {}
  readonly #peers = new Set<PeerPieces>()
  readonly #ties: TieBreaker
  /** Peers of our site that have each piece and came incomplete. */
  readonly #spread: Uint16Array
  /** Peers that claim each piece. */
  readonly #claimed: Uint16Array
  #completePeers = 0
  #completeNear = 0
  #undelivered: number
  #openBytes = 0
  #haveBytes = 0
  #wantedBytes: number
  /** Wanted and not here. */
  #lackingCount = 0
  #lackingBytes = 0
  #demanded: ReadonlySet<PieceIndex> = new Set()
  /** Nothing is wanted but what is demanded. */
  readonly isOnDemand: boolean

  constructor(init: PiecePickerInit) {
    assert(init.have.size === init.version.pieceCount, 'the bitfield is of the version')
    this.version = init.version
    assert((init.wanted?.size ?? init.have.size) === init.have.size, 'so is what is wanted of it')
    this.#have = init.have.clone()
    this.isOnDemand = init.onDemand === true
    this.#wanted = init.wanted?.isFull === true ? undefined : init.wanted?.clone()
    assert(!this.isOnDemand || this.#wanted?.count === 0, 'nothing is wanted before it is demanded')
    this.#verifiable = new Bitfield(init.version.pieceCount)
    this.#order = new RarityOrder(init.version.pieceCount, init.seed)
    this.#undelivered = init.version.pieceCount
    this.#ties = new TieBreaker(init.seed)
    this.#spread = new Uint16Array(init.version.pieceCount)
    this.#claimed = new Uint16Array(init.version.pieceCount)
    this.#have.each(piece => {
      this.#haveBytes += pieceLength(init.version, pieceIndex(piece))
    })
    this.#wantedBytes = init.version.totalBytes
    this.#lackingBytes = init.version.totalBytes - this.#haveBytes
    this.#lackingCount = init.version.pieceCount - this.#have.count
    if (this.#wanted !== undefined) this.#countLacking(this.#wanted)
  }

  #countLacking(wanted: Bitfield): void {
    this.#wantedBytes = 0
    this.#lackingBytes = 0
    this.#lackingCount = 0
    wanted.each(piece => {
      const bytes = pieceLength(this.version, pieceIndex(piece))
      this.#wantedBytes += bytes
      if (this.#have.has(piece)) return
      this.#lackingCount++
      this.#lackingBytes += bytes
    })
  }

  get have(): Bitfield {
    return this.#have
  }

  get haveBytes(): number {
    return this.#haveBytes
  }

  /** Every piece of the version is here: this device is a source of it. */
  get isComplete(): boolean {
    return this.#have.isFull
  }

  /** Every piece that is wanted is here. */
  get isSatisfied(): boolean {
    return this.#lackingCount === 0
  }

  /** Nothing is to be fetched any more. On demand that is never known before everything is here. */
  get isDone(): boolean {
    return this.isOnDemand ? this.isComplete : this.isSatisfied
  }

  /** What readers wait for, the most urgent first. */
  get demanded(): ReadonlySet<PieceIndex> {
    return this.#demanded
  }

  isDemanded(piece: number): boolean {
    const demanded: ReadonlySet<number> = this.#demanded
    return demanded.has(piece)
  }

  /** Of all that is wanted, here or not. */
  get wantedBytes(): number {
    return this.#wantedBytes
  }

  /** What is wanted and not here. */
  get lackingBytes(): number {
    return this.#lackingBytes
  }

  /** The pieces that are to be fetched; undefined when that is all of them. */
  get wanted(): Bitfield | undefined {
    return this.#wanted
  }

  isWanted(piece: number): boolean {
    return this.#wanted?.has(piece) ?? true
  }

  /** Whether the piece is wanted and not here. */
  isLacking(piece: number): boolean {
    return this.isWanted(piece) && !this.#have.has(piece)
  }

  /** Pieces that can be opened. */
  get openableCount(): number {
    return this.#order.size
  }

  get requestedCount(): number {
    return this.#open.size - this.#received.size
  }

  get receivedCount(): number {
    return this.#received.size
  }

  /** Sizes of all pieces that are requested or received and whose blocks are still in memory. */
  get openBytes(): number {
    return this.#openBytes
  }

  /** Pieces that no peer of our site has which came incomplete: those that a source has still to bring into it. */
  get undeliveredCount(): number {
    return this.#undelivered
  }

  get unfilled(): ReadonlySet<OpenPiece> {
    return this.#unfilled
  }

  get openPieces(): IterableIterator<OpenPiece> {
    return this.#open.values()
  }

  state(piece: PieceIndex): PieceState {
    if (this.#have.has(piece)) return 'have'
    if (this.#received.has(piece)) return 'received'
    return this.#open.has(piece) ? 'requested' : 'missing'
  }

  /** Whether the piece is missing and could be fetched now. */
  isOpenable(piece: number): boolean {
    return this.#order.has(piece)
  }

  openPiece(piece: PieceIndex): OpenPiece | undefined {
    return this.#open.get(piece)
  }

  /** Peers that have the piece. */
  availability(piece: number): number {
    return this.#order.availability(piece) - (this.#claimed[piece] ?? 0) + this.#completePeers
  }

  /** Peers that have the piece and came incomplete. */
  copies(piece: number): number {
    return this.#order.availability(piece) - (this.#claimed[piece] ?? 0)
  }

  /** Peers of our site that have the piece and came incomplete. */
  spread(piece: number): number {
    return this.#spread[piece] ?? 0
  }

  /** Whether a peer of our site has the piece. */
  isNear(piece: number): boolean {
    return this.#completeNear > 0 || this.spread(piece) > 0
  }

  /** The rarest piece that can be opened and that `peer` has; see {@link RarityOrder.find} for how nearly. Claims count. */
  rarest(peer: PeerPieces, accepts: (piece: number) => boolean = () => true): PieceIndex | undefined {
    if (peer.openableCount === 0) return undefined
    const { bits, found } = peer
    for (let piece = found.pop(); piece !== undefined; piece = found.pop())
      if (this.#order.has(piece) && bits.has(piece) && accepts(piece)) return pieceIndex(piece)
    const fresh = this.#order.find(bits.isFull ? accepts : piece => bits.has(piece) && accepts(piece))
    peer.found = fresh.reverse()
    const first = fresh.pop()
    return first === undefined ? undefined : pieceIndex(first)
  }

  // ---- what we may fetch

  /** The hashes of these pieces are known now. In random order, so that ties are broken from the start. */
  makeVerifiable(pieces: Uint32Array): void {
    this.#ties.shuffle(pieces)
    for (const piece of pieces) {
      if (!this.#verifiable.add(piece)) continue
      this.offer(pieceIndex(piece))
    }
  }

  isVerifiable(piece: number): boolean {
    return this.#verifiable.has(piece)
  }

  /**
   * What readers wait for now, the most urgent first. On demand nothing else is wanted: answers the pieces that are
   * open and that nobody wants any more.
   */
  demand(pieces: readonly PieceIndex[]): OpenPiece[] {
    const now = new Set(pieces)
    this.#demanded = now
    if (!this.isOnDemand) return []
    const before: number[] = []
    this.#wanted?.each(piece => before.push(piece))
    for (const piece of before) if (!now.has(pieceIndex(piece))) this.#unwant(pieceIndex(piece))
    for (const piece of pieces) this.#want(piece)
    return [...this.#open.values()].filter(({ piece }) => !now.has(piece) && !this.#received.has(piece))
  }

  #want(piece: PieceIndex): void {
    if (this.#wanted?.add(piece) !== true) return
    const bytes = pieceLength(this.version, piece)
    this.#wantedBytes += bytes
    if (this.#have.has(piece)) return
    this.#lackingCount++
    this.#lackingBytes += bytes
    this.#forPeersWith(piece, peer => peer.lackingCount++)
    this.offer(piece)
  }

  #unwant(piece: PieceIndex): void {
    if (this.#wanted?.delete(piece) !== true) return
    const bytes = pieceLength(this.version, piece)
    this.#wantedBytes -= bytes
    if (this.#have.has(piece)) return
    this.#lackingCount--
    this.#lackingBytes -= bytes
    this.#forPeersWith(piece, peer => peer.lackingCount--)
    if (!this.#order.has(piece)) return
    this.#order.remove(piece)
    this.#forPeersWith(piece, peer => peer.openableCount--)
  }

  // ---- states of pieces

  open(piece: PieceIndex): OpenPiece {
    assert(this.#order.has(piece), `piece ${piece} is missing and verifiable`)
    this.#order.remove(piece)
    this.#forPeersWith(piece, peer => peer.openableCount--)
    const open = new OpenPiece(piece, pieceLength(this.version, piece))
    this.#open.set(piece, open)
    this.#unfilled.add(open)
    this.#openBytes += open.bytes
    this.onOpened(open)
    return open
  }

  /** To be called after blocks of an open piece were asked for, given up, received or discarded. */
  refresh(open: OpenPiece): void {
    if (open.missingCount > 0 && !this.#received.has(open.piece)) this.#unfilled.add(open)
    else this.#unfilled.delete(open)
  }

  /** Every block has come. */
  markReceived(open: OpenPiece): void {
    assert(open.isWhole && this.#open.get(open.piece) === open, `piece ${open.piece} is whole`)
    this.#received.add(open.piece)
    this.#unfilled.delete(open)
  }

  /** Its blocks are not needed any more; whether it is kept is still to be known. False when that was known. */
  markWritten(open: OpenPiece): boolean {
    assert(this.#received.has(open.piece), `piece ${open.piece} was received`)
    if (open.isWritten) return false
    open.isWritten = true
    this.#openBytes -= open.bytes
    return true
  }

  /** Some blocks were bad: the piece is fetched on. */
  reopen(open: OpenPiece): void {
    assert(this.#received.delete(open.piece), `piece ${open.piece} was received`)
    this.refresh(open)
  }

  /** Gives an open piece up: it is missing again. */
  close(open: OpenPiece): void {
    this.closeHeld(open)
    this.offer(open.piece)
  }

  /** The same, but it is not to be opened again before {@link offer}. */
  closeHeld(open: OpenPiece): void {
    assert(open.requests.size === 0, `nobody is asked for piece ${open.piece} any more`)
    this.#drop(open)
  }

  /** Lets a missing piece that is wanted be opened; no effect on one in any other state. */
  offer(piece: PieceIndex): void {
    if (!this.isWanted(piece) || !this.#verifiable.has(piece)) return
    if (this.state(piece) === 'missing' && !this.#order.has(piece)) this.#makeOpenable(piece)
  }

  markStored(open: OpenPiece): void {
    assert(this.#received.has(open.piece), `piece ${open.piece} was received`)
    this.#have.add(open.piece)
    this.#drop(open)
    this.#haveBytes += open.bytes
    // On demand nobody may want it any more.
    if (!this.isWanted(open.piece)) return
    this.#lackingCount--
    this.#lackingBytes -= open.bytes
    this.#forPeersWith(open.piece, peer => peer.lackingCount--)
  }

  /** A stored piece turned out to be damaged. False when we did not have it. */
  markLost(piece: PieceIndex): boolean {
    if (!this.#have.delete(piece)) return false
    const bytes = pieceLength(this.version, piece)
    this.#haveBytes -= bytes
    if (this.isWanted(piece)) {
      this.#lackingCount++
      this.#lackingBytes += bytes
      this.#forPeersWith(piece, peer => peer.lackingCount++)
    }
    this.offer(piece)
    return true
  }

  #drop(open: OpenPiece): void {
    assert(this.#open.get(open.piece) === open, `piece ${open.piece} is open`)
    this.#open.delete(open.piece)
    this.#received.delete(open.piece)
    this.#unfilled.delete(open)
    if (!open.isWritten) this.#openBytes -= open.bytes
    this.onClosed(open.piece)
  }

  #makeOpenable(piece: PieceIndex): void {
    this.#order.insert(piece)
    this.#forPeersWith(piece, peer => peer.openableCount++)
  }

  #forPeersWith(piece: PieceIndex, visit: (peer: PeerPieces) => void): void {
    for (const peer of this.#peers) if (peer.bits.has(piece)) visit(peer)
  }

  // ---- what peers have

  /** Takes over `bits`. */
  addPeer(bits: Bitfield, isNear = true): PeerPieces {
    assert(bits.size === this.version.pieceCount, 'the bitfield is of the version')
    const peer = new PeerPieces(bits, { cameComplete: bits.isFull && bits.size > 0, isNear })
    this.#peers.add(peer)
    if (peer.cameComplete) {
      this.#countComplete(peer, 1)
      peer.lackingCount = this.#lackingCount
      peer.openableCount = this.#order.size
    } else
      bits.each(piece => {
        this.#raise(peer, piece)
        this.#count(peer, piece)
      })
    return peer
  }

  removePeer(peer: PeerPieces): void {
    assert(this.#peers.delete(peer), 'the peer was added')
    for (const piece of [...peer.claims.keys()]) this.unclaim(peer, piece)
    if (peer.cameComplete) this.#countComplete(peer, -1)
    else peer.bits.each(piece => this.#lower(peer, piece))
  }

  /** The peer announced a piece. False when it was known. */
  peerHas(peer: PeerPieces, piece: PieceIndex): boolean {
    if (!peer.bits.add(piece)) return false
    assert(!peer.cameComplete, 'a complete peer has nothing new')
    this.#raise(peer, piece)
    this.#count(peer, piece)
    return true
  }

  /** The peer turned out not to have a piece that it had announced. */
  peerLacks(peer: PeerPieces, piece: PieceIndex): void {
    if (!peer.bits.has(piece)) return
    if (peer.cameComplete) this.#countApart(peer)
    peer.bits.delete(piece)
    this.#lower(peer, piece)
    if (this.isLacking(piece)) peer.lackingCount--
    if (this.#order.has(piece)) peer.openableCount--
  }

  /** The peer is bringing a piece: it counts as if it had it, where pieces are chosen by how rare they are. */
  claim(peer: PeerPieces, piece: number, nowMs: number): void {
    assert(!peer.bits.has(piece) && !peer.claims.has(piece), 'a peer claims what it lacks, once')
    peer.claims.set(piece, nowMs)
    this.#claimed[piece] = (this.#claimed[piece] ?? 0) + 1
    this.#order.raise(piece)
  }

  /** False when it did not. */
  unclaim(peer: PeerPieces, piece: number): boolean {
    if (!peer.claims.delete(piece)) return false
    this.#claimed[piece] = (this.#claimed[piece] ?? 0) - 1
    this.#order.lower(piece)
    return true
  }

  #countComplete(peer: PeerPieces, by: 1 | -1): void {
    this.#completePeers += by
    if (peer.isNear) this.#completeNear += by
  }

  /** A peer that came complete is so no more: count it like any other. */
  #countApart(peer: PeerPieces): void {
    this.#countComplete(peer, -1)
    peer.cameComplete = false
    peer.bits.each(piece => this.#raise(peer, piece))
  }

  #raise(peer: PeerPieces, piece: number): void {
    this.#order.raise(piece)
    if (!peer.isNear) return
    if (this.spread(piece) === 0) this.#undelivered--
    this.#spread[piece] = this.spread(piece) + 1
  }

  #lower(peer: PeerPieces, piece: number): void {
    this.#order.lower(piece)
    if (!peer.isNear) return
    this.#spread[piece] = this.spread(piece) - 1
    if (this.spread(piece) === 0) this.#undelivered++
  }

  #count(peer: PeerPieces, piece: number): void {
    if (this.isLacking(piece)) peer.lackingCount++
    if (this.#order.has(piece)) peer.openableCount++
  }
}
