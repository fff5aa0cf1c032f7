/**
 * Any sequence of events that peers, store and clock can bring about, read from bytes: nothing throws, no piece is
 * stored twice, no buffer is lost or given back twice, and the limits hold.
 */

import assert from 'node:assert/strict'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { KIB } from '../base/units.ts'
import { Bitfield } from './bitfield.ts'
import { encodeExtendedHandshake, encodeMetadata, encodePeerage } from './extension-messages.ts'
import { infoHashOf } from './session.ts'
import { deviceOf, makeVersion, sha256 } from './swarm-fixture.conformance.ts'
import { Transfer } from './transfer.ts'
import { TRANSFER_LIMITS } from './transfer-limits.ts'
import { type PeerKey, peerKey, type TransferEffect, type TransferEvent } from './transfer-types.ts'
import {
  BLOCK_BYTES,
  type BlockRange,
  type HashRange,
  METADATA_PIECE_BYTES,
  type WireMessage
} from './wire-messages.ts'

const FIXTURE = makeVersion([150 * KIB, 0, 10, 40 * KIB], 32 * KIB)
const { version, layers } = FIXTURE
const PEERS = 4

/** Deals out the input; zero once it is used up. */
class Dice {
  readonly #input: Uint8Array
  #at = 0

  constructor(input: Uint8Array) {
    this.#input = input
  }

  get isEmpty(): boolean {
    return this.#at >= this.#input.length
  }

  below(limit: number): number {
    return (this.#input[this.#at++] ?? 0) % limit
  }
}

class Run {
  readonly #dice: Dice
  readonly #transfer: Transfer
  #nowMs = 0
  #keys = 0
  readonly #peers: PeerKey[] = []
  readonly #lent = new Set<ArrayBufferLike>()
  readonly #storing = new Map<PieceIndex, readonly Uint8Array[]>()
  /** Of those, the ones whose blocks were taken back. */
  readonly #written = new Set<PieceIndex>()
  readonly #stored = new Set<number>()
  readonly #serving: (BlockRange & { readonly peer: PeerKey })[] = []
  /** What the origin is asked for and has not given, and whether it is asked what is in the version. */
  #origin: BlockRange[] = []
  #isDescribing = false
  readonly #reading: { readonly peer: PeerKey; readonly request: HashRange }[] = []
  readonly #asked = new Map<PeerKey, WireMessage[]>()
  #knowsVersion: boolean
  /** What it wants of the version, or, on demand, wanted at any time. */
  readonly #wanted: Bitfield
  readonly #onDemand: boolean

  constructor(input: Uint8Array) {
    this.#dice = new Dice(input)
    const start = this.#dice.below(3)
    this.#knowsVersion = start > 0
    const have = start === 2 ? Bitfield.full(version.pieceCount) : new Bitfield(version.pieceCount)
    have.each(piece => this.#stored.add(piece))
    this.#wanted = Bitfield.full(version.pieceCount)
    const isChosen = this.#dice.below(2) === 0
    for (let piece = 0; piece < version.pieceCount && isChosen; piece++)
      if (this.#dice.below(2) === 0) this.#wanted.delete(piece)
    this.#onDemand = this.#dice.below(4) === 0
    if (this.#onDemand) this.#wanted.each(piece => this.#wanted.delete(piece))
    this.#transfer = new Transfer({
      versionId: version.id,
      ...(this.#knowsVersion ? { version, have, ...this.#chosen } : {}),
      wantsData: this.#dice.below(4) > 0,
      self: deviceOf(99),
      site: 'a',
      sha256,
      knownLayer: index => (start === 2 ? layers.get(index) : undefined),
      seed: this.#dice.below(256),
      limits: { idleMessagesBurst: 200, banMs: 3000 }
    })
  }

  get #chosen(): { readonly wanted: Bitfield; readonly onDemand: boolean } {
    const nothing = new Bitfield(version.pieceCount)
    return { wanted: this.#onDemand ? nothing : this.#wanted, onDemand: this.#onDemand }
  }

  play(): void {
    while (!this.#dice.isEmpty) {
      this.#nowMs += this.#dice.below(50)
      this.#step()
    }
    const { inFlightBytes } = this.#transfer.status(this.#nowMs)
    assert.ok(inFlightBytes <= TRANSFER_LIMITS.inFlightBytesMax)
    // When all peers go and nothing is wanted any more, every buffer comes back.
    for (const peer of [...this.#peers]) this.#post({ type: 'peerDisconnected', peer })
    for (const piece of [...this.#storing.keys()]) this.#report(piece, 'pieceFailed')
    this.#post({ type: 'wantData', wantsData: false })
    this.#post({ type: 'originReady', isReady: false })
    assert.deepEqual(this.#origin, [], 'what does not come any more was called off')
    // An investigation of bad blocks holds them until it is given up.
    this.#nowMs += 4 * TRANSFER_LIMITS.controlTimeoutMs
    this.#post({ type: 'tick' })
    assert.equal(this.#transfer.nextWakeMs(), undefined)
    assert.equal(this.#transfer.status(this.#nowMs).inFlightBytes, 0)
    assert.equal(this.#lent.size, 0)
  }

  #step(): void {
    const kind = this.#dice.below(19)
    const peer = this.#peers[this.#dice.below(Math.max(1, this.#peers.length))]
    if (kind === 0) this.#connect()
    else if (kind === 1) this.#tick()
    else if (kind === 2) this.#storeEvent()
    else if (kind === 3) this.#serveEvent()
    else if (kind >= 17) this.#originEvent()
    else if (kind === 16) this.#demand()
    else if (peer === undefined) this.#connect()
    else if (kind <= 9) this.#answer(peer)
    else this.#say(peer, this.#anyMessage())
    if (kind === 1 && this.#dice.below(8) === 0 && peer !== undefined)
      this.#post({ type: 'peerDisconnected', peer })
  }

  #connect(): void {
    if (this.#peers.length >= PEERS) return
    const peer = peerKey(this.#keys++)
    this.#peers.push(peer)
    const device = deviceOf(this.#dice.below(6))
    this.#post({ type: 'peerConnected', peer, device, site: 'a', sameSite: true, outbound: false })
    if (this.#dice.below(8) === 0) return
    const infoHash = infoHashOf(version.id)
    const flags = { extended: this.#dice.below(8) > 0, fast: this.#dice.below(8) > 0, v2: true }
    this.#say(peer, { type: 'handshake', ...flags, infoHash, peerId: new Uint8Array(20) })
    const announcement = this.#dice.below(4)
    if (announcement === 0) this.#say(peer, { type: 'have-none' })
    else if (announcement < 3) this.#say(peer, { type: 'have-all' })
    const metadataBytes = version.infoBytes.length + (this.#dice.below(8) === 0 ? 1 : 0)
    const payload = encodeExtendedHandshake({ metadataBytes, requestCountMax: 512 })
    if (flags.extended) this.#say(peer, { type: 'extended', extensionId: 0, payload })
    this.#say(peer, { type: 'unchoke' })
  }

  #tick(): void {
    this.#nowMs += [10, 250, 3000, 20_000][this.#dice.below(4)] ?? 0
    const wantsData = this.#dice.below(8)
    if (wantsData > 1) this.#post({ type: 'tick' })
    else this.#post({ type: 'wantData', wantsData: wantsData === 1 })
  }

  /** Readers come to other pieces, or go. */
  #demand(): void {
    const pieces = new Set<PieceIndex>()
    for (let count = this.#dice.below(4); count > 0; count--)
      pieces.add(pieceIndex(this.#dice.below(version.pieceCount)))
    if (this.#onDemand && this.#knowsVersion) for (const piece of pieces) this.#wanted.add(piece)
    this.#post({ type: 'demand', pieces: [...pieces] })
  }

  #storeEvent(): void {
    const piece = pieceIndex(this.#dice.below(version.pieceCount))
    const way = this.#dice.below(8)
    if (!this.#knowsVersion) return
    if (this.#storing.has(piece) && way < 3) this.#reportWritten(piece)
    else if (this.#storing.has(piece))
      this.#report(
        piece,
        way < 6 ? 'pieceStored' : way < 7 && !this.#written.has(piece) ? 'pieceRejected' : 'pieceFailed'
      )
    else if (way === 0) {
      this.#stored.delete(piece)
      this.#post({ type: 'pieceLost', piece })
    }
  }

  #reportWritten(piece: PieceIndex): void {
    if (!this.#written.has(piece)) this.#takeBack(piece)
    this.#written.add(piece)
    this.#post({ type: 'pieceWritten', piece })
  }

  #takeBack(piece: PieceIndex): void {
    const blocks = this.#storing.get(piece) ?? []
    for (const buffer of new Set(blocks.map(block => block.buffer))) assert.ok(this.#lent.delete(buffer))
  }

  #report(piece: PieceIndex, type: 'pieceStored' | 'pieceRejected' | 'pieceFailed'): void {
    if (type !== 'pieceRejected' && !this.#written.delete(piece)) this.#takeBack(piece)
    this.#storing.delete(piece)
    if (type === 'pieceStored') {
      assert.ok(!this.#stored.has(piece), 'a piece is stored once')
      this.#stored.add(piece)
    }
    this.#post({ type, piece })
  }

  /** The origin comes, goes, gives, gives something else, or gives up. */
  #originEvent(): void {
    const way = this.#dice.below(8)
    if (this.#isDescribing && way < 2) {
      this.#isDescribing = false
      const isThere = way === 0
      if (isThere && !this.#knowsVersion) {
        this.#knowsVersion = true
        this.#post({ type: 'infoReady', ...this.#chosen, version })
      }
      this.#post({ type: 'originDescribed', layers: isThere ? layers : new Map() })
      return
    }
    const [range] = this.#origin
    if (range === undefined || way === 0) this.#post({ type: 'originReady', isReady: way < 6 })
    else if (way === 1) {
      this.#origin = this.#origin.filter(({ piece }) => piece !== range.piece)
      this.#post({ type: 'originEnded', piece: range.piece })
    } else {
      const { piece, begin } = range
      const length = Math.min(range.length, BLOCK_BYTES)
      const rest = { piece, begin: begin + length, length: range.length - length }
      this.#origin = [...(rest.length > 0 ? [rest] : []), ...this.#origin.slice(1)]
      const block = FIXTURE.piece(piece).slice(begin, begin + length)
      if (way === 2) block[0] = (block[0] ?? 0) ^ 1
      this.#lent.add(block.buffer)
      this.#post({ type: 'originBlock', piece, begin, block })
    }
  }

  #serveEvent(): void {
    const serve = this.#serving.shift()
    if (serve !== undefined) this.#post({ type: 'served', ...serve, sent: this.#dice.below(4) > 0 })
    const read = this.#reading.shift()
    if (read !== undefined) {
      const leaves = [undefined, new Uint8Array(0), new Uint8Array(64)][this.#dice.below(3)]
      this.#post({ type: 'leavesRead', ...read, leaves })
    }
  }

  /** Answers something that the peer was asked, mostly in the right way. */
  #answer(peer: PeerKey): void {
    const asked = this.#asked.get(peer) ?? []
    const [message] = asked.splice(this.#dice.below(Math.max(1, asked.length)), 1)
    const way = this.#dice.below(16)
    if (message?.type === 'request') {
      const { piece, begin, length } = message
      if (way === 0) this.#say(peer, { ...message, type: 'reject' })
      else {
        const block = FIXTURE.piece(piece).slice(begin, begin + length)
        if (way === 1) block[0] = (block[0] ?? 0) ^ 1
        this.#say(peer, { type: 'piece', piece, begin, block })
      }
    } else if (message?.type === 'hash-request') {
      if (way < 4) this.#say(peer, { ...message, type: 'hash-reject' })
      else this.#say(peer, { ...message, type: 'hashes', hashes: new Uint8Array(32 * message.length) })
    } else if (message?.type === 'extended' && message.extensionId === 1) this.#giveMetadata(peer, way)
  }

  #giveMetadata(peer: PeerKey, way: number): void {
    const piece = this.#dice.below(3)
    const info = version.infoBytes
    const data = info.slice(piece * METADATA_PIECE_BYTES, (piece + 1) * METADATA_PIECE_BYTES)
    if (way === 1) data[0] = (data[0] ?? 0) ^ 1
    const payload =
      way === 0
        ? encodeMetadata({ kind: 'reject', piece })
        : encodeMetadata({ kind: 'data', piece, totalBytes: info.length, data })
    this.#say(peer, { type: 'extended', extensionId: 1, payload })
  }

  #anyMessage(): WireMessage {
    const piece = this.#dice.below(version.pieceCount + (this.#dice.below(32) === 0 ? 1 : 0))
    const range = { piece, begin: this.#dice.below(2) * BLOCK_BYTES, length: BLOCK_BYTES }
    const hashRange = {
      root: Uint8Array.from(Buffer.from(version.files[this.#dice.below(4)]?.root ?? '00'.repeat(32), 'hex')),
      baseLayer: this.#dice.below(3),
      index: this.#dice.below(12),
      length: 2 ** this.#dice.below(4),
      proofLayers: this.#dice.below(4)
    }
    const messages: WireMessage[] = [
      { type: 'choke' },
      { type: 'unchoke' },
      { type: 'interested' },
      { type: 'not-interested' },
      { type: 'have', piece },
      { type: 'have', piece },
      { type: 'suggest', piece },
      { type: 'suggest', piece },
      { type: 'request', ...range },
      { type: 'request', ...range },
      { type: 'cancel', ...range },
      { type: 'reject', ...range },
      { type: 'hash-request', ...hashRange },
      { type: 'hash-request', ...hashRange },
      { type: 'extended', extensionId: 2, payload: encodePeerage({ assigns: piece % 2 === 0 }) },
      {
        type: 'extended',
        extensionId: 2,
        payload: encodePeerage({ wants: piece % 3 === 0 ? [] : [{ first: piece, count: 1 }] })
      },
      { type: 'extended', extensionId: 1, payload: encodeMetadata({ kind: 'request', piece }) },
      { type: 'extended', extensionId: piece, payload: Uint8Array.of(0x64, 0x65) },
      { type: 'bitfield', bits: new Uint8Array(1) },
      { type: 'allowed-fast', piece },
      { type: 'keep-alive' }
    ]
    return messages[this.#dice.below(messages.length)] ?? { type: 'keep-alive' }
  }

  #say(peer: PeerKey, message: WireMessage): void {
    if (message.type === 'piece') this.#lent.add(message.block.buffer)
    this.#post({ type: 'message', peer, message })
  }

  #post(event: TransferEvent): void {
    for (const effect of this.#transfer.handle(event, this.#nowMs)) this.#perform(effect)
    if (event.type === 'peerDisconnected') this.#drop(event.peer)
  }

  #drop(peer: PeerKey): void {
    const at = this.#peers.indexOf(peer)
    if (at >= 0) this.#peers.splice(at, 1)
    this.#asked.delete(peer)
  }

  #perform(effect: TransferEffect): void {
    switch (effect.type) {
      case 'send':
        this.#asked.set(effect.peer, [
          ...(this.#asked.get(effect.peer) ?? []),
          ...effect.messages.filter(isQuestion)
        ])
        return
      case 'serve':
        assert.ok(this.#stored.has(effect.piece), 'only what is stored is served')
        this.#serving.push({
          peer: effect.peer,
          piece: effect.piece,
          begin: effect.begin,
          length: effect.length
        })
        return
      case 'readLeaves':
        this.#reading.push({ peer: effect.peer, request: effect.request })
        return
      case 'storePiece':
        assert.ok(this.#wanted.has(effect.piece), 'only what is wanted is fetched')
        assert.ok(
          !this.#storing.has(effect.piece) && !this.#stored.has(effect.piece),
          'a piece is stored once'
        )
        assert.equal(
          effect.blocks.reduce((sum, block) => sum + block.length, 0),
          FIXTURE.piece(effect.piece).length
        )
        this.#storing.set(effect.piece, effect.blocks)
        return
      case 'fetchOrigin':
        assert.ok(this.#wanted.has(effect.piece) && !this.#stored.has(effect.piece), 'only what is missing')
        this.#origin.push({ piece: effect.piece, begin: effect.begin, length: effect.length })
        return
      case 'cancelOrigin':
        this.#origin = this.#origin.filter(({ piece }) => piece !== effect.piece)
        return
      case 'fetchDescription':
        this.#isDescribing = true
        return
      case 'release':
        assert.ok(this.#lent.delete(effect.block.buffer), 'a buffer is released once')
        return
      case 'disconnect':
        this.#drop(effect.peer)
        return
      case 'infoReceived':
        this.#knowsVersion = true
        this.#post({ type: 'infoReady', ...this.#chosen, version })
        return
      case 'layerReceived':
        assert.deepEqual(effect.layer, layers.get(effect.fileIndex))
        return
      case 'complete':
        this.#wanted.each(piece => assert.ok(this.#stored.has(piece), 'what is wanted is here'))
        return
      case 'cancelServe':
      case 'badOrigin':
      case 'misbehaviour':
        return
    }
  }
}

function isQuestion(message: WireMessage): boolean {
  return message.type === 'request' || message.type === 'hash-request' || message.type === 'extended'
}

export function fuzz(input: Uint8Array): void {
  new Run(input).play()
}

export const seeds: Uint8Array[] = [0, 1, 2].map(start =>
  Uint8Array.from({ length: 400 }, (_, i) => (i === 0 ? start : (i * 7919 + start * 31) % 251))
)
