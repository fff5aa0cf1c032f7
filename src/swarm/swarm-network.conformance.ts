/**
 * A small deterministic network in virtual time that drives real transfers, for tests of policy. Each node has an
 * uplink that serves its streams in turns, segment by segment, and a downlink that takes segments in order; a
 * stream delivers in order, control messages ahead of blocks that have not begun. Between sites, segments also pass
 * through the WAN link of either site, in order. No stream has more on its way than a window, as with TCP, so that a
 * thin link holds back its own streams and no others.
 */

import assert from 'node:assert/strict'
import { pieceIndex } from '../base/ids.ts'
import { leafHashes } from '../content/merkle.ts'
import type { Version } from '../content/version.ts'
import { Bitfield } from './bitfield.ts'
import { deviceOf, type Fixture, sha256 } from './swarm-fixture.conformance.ts'
import { Transfer } from './transfer.ts'
import type { TransferLimits } from './transfer-limits.ts'
import { type PeerKey, peerKey, type TransferEffect, type TransferEvent } from './transfer-types.ts'
import { VirtualTime } from './virtual-time.conformance.ts'
import { Wan, type WanInit } from './virtual-wan.conformance.ts'
import type { BlockRange, MisbehaviourReason, WireMessage } from './wire-messages.ts'

const SEGMENT_BYTES = 16 * 1024
const CONTROL_BYTES = 40
const WINDOW_BYTES = 4 * 1024 * 1024

/** One direction of a stream. */
interface Pipe {
  readonly to: SimNode
  /** What the stream is called at the receiving end. */
  readonly key: PeerKey
  readonly control: WireMessage[]
  readonly serves: BlockRange[]
  current: { readonly message: WireMessage; readonly bytes: number; sent: number } | undefined
  /** Sent and not yet through. */
  flightBytes: number
  isOpen: boolean
}

export interface NodeInit {
  readonly index: number
  readonly fixture: Fixture
  readonly hasAll?: boolean
  /** Files that it wants; absent: all. */
  readonly wants?: readonly number[]
  /** Wants nothing but what it is told that readers wait for. */
  readonly onDemand?: boolean
  /** Fetches nothing, whatever it wants. */
  readonly isPaused?: boolean
  readonly knowsVersion?: boolean
  readonly upBytesPerMs: number
  readonly downBytesPerMs: number
  readonly site?: string
  readonly limits?: Partial<TransferLimits>
  /** Changes, or swallows, what a dishonest node sends. */
  readonly tamper?: (message: WireMessage, nowMs: number) => WireMessage | undefined
}

/** What a node asks of an HTTP origin. */
export interface SimOrigin {
  fetch(node: SimNode, range: BlockRange): void
  cancel(node: SimNode, piece: number): void
  describe(node: SimNode): void
}

export class SimNode {
  readonly index: number
  readonly init: NodeInit
  readonly transfer: Transfer
  readonly stored = new Set<number>()
  readonly wanted: Bitfield
  readonly misbehaviours: { readonly of: number; readonly reason: MisbehaviourReason }[] = []
  readonly sentTo = new Map<number, number>()
  completedMs: number | undefined
  blockBytesSent = 0
  origin: SimOrigin | undefined
  readonly badOrigins: number[] = []
  badPiecesMet = 0
  readonly #network: SimNetwork
  readonly #pipes = new Map<PeerKey, Pipe>()
  readonly #lent = new Set<ArrayBufferLike>()
  readonly #turns: Pipe[] = []
  #uplinkBusy = false
  #downlinkFreeMs = 0
  #wakeMs = Number.POSITIVE_INFINITY
  #isRunning = false
  readonly #events: TransferEvent[] = []

  constructor(network: SimNetwork, init: NodeInit) {
    this.#network = network
    this.index = init.index
    this.init = init
    const { version, layers } = init.fixture
    this.wanted = piecesOf(version, init.wants)
    const knows = init.knowsVersion ?? init.hasAll ?? false
    this.transfer = new Transfer({
      versionId: version.id,
      ...(knows ? { version, ...this.#chosen } : {}),
      ...(init.hasAll === true ? { have: Bitfield.full(version.pieceCount) } : {}),
      wantsData: init.hasAll !== true && init.isPaused !== true,
      self: deviceOf(init.index),
      site: this.site,
      sha256,
      knownLayer: fileIndex => (init.hasAll === true ? layers.get(fileIndex) : undefined),
      seed: init.index,
      ...(init.limits === undefined ? {} : { limits: init.limits })
    })
    if (init.hasAll === true) for (let piece = 0; piece < version.pieceCount; piece++) this.stored.add(piece)
  }

  get #chosen(): { readonly wanted: Bitfield; readonly onDemand: boolean } {
    const { onDemand = false, fixture } = this.init
    return { wanted: onDemand ? new Bitfield(fixture.version.pieceCount) : this.wanted, onDemand }
  }

  /** Buffers of blocks that were received and neither stored nor released. */
  get lentBuffers(): number {
    return this.#lent.size
  }

  attach(key: PeerKey, pipe: Pipe): void {
    this.#pipes.set(key, pipe)
  }

  detach(key: PeerKey): void {
    const pipe = this.#pipes.get(key)
    if (pipe === undefined) return
    this.#pipes.delete(key)
    pipe.isOpen = false
    this.post({ type: 'peerDisconnected', peer: key })
  }

  get keys(): PeerKey[] {
    return [...this.#pipes.keys()]
  }

  post(event: TransferEvent): void {
    this.#events.push(event)
    if (this.#isRunning) return
    this.#isRunning = true
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift())
      for (const effect of this.transfer.handle(next, this.#network.time.nowMs)) this.#perform(effect)
    this.#isRunning = false
    this.#arm()
  }

  #arm(): void {
    const wakeMs = this.transfer.nextWakeMs()
    if (wakeMs === undefined || wakeMs >= this.#wakeMs) return
    this.#wakeMs = wakeMs
    // Who has an origin must not depend on all looking at the time at one moment, as they never do.
    const lateMs = this.origin === undefined ? 0 : (37 * this.index) % 200
    this.#network.time.at(Math.max(wakeMs, this.#network.time.nowMs) + lateMs, () => {
      this.#wakeMs = Number.POSITIVE_INFINITY
      this.post({ type: 'tick' })
    })
  }

  /** Blocks of the origin at the end of the downlink. */
  receiveOrigin(piece: number, begin: number, bytes: Uint8Array): void {
    const block = bytes.slice()
    this.#lent.add(block.buffer)
    this.post({ type: 'originBlock', piece, begin, block })
  }

  /** The .torrent came from the origin, or does not. */
  describe(isThere: boolean): void {
    const { version, layers } = this.init.fixture
    if (isThere && this.transfer.status(this.#network.time.nowMs).phase === 'metadata')
      this.post({ type: 'infoReady', version, ...this.#chosen })
    this.post({ type: 'originDescribed', layers: isThere ? layers : new Map() })
  }

  /** The end of the downlink. */
  receive(key: PeerKey, message: WireMessage): void {
    if (!this.#pipes.has(key)) return
    if (message.type === 'piece') {
      const block = message.block.slice()
      this.#lent.add(block.buffer)
      this.post({ type: 'message', peer: key, message: { ...message, block } })
    } else this.post({ type: 'message', peer: key, message })
  }

  #perform(effect: TransferEffect): void {
    const { fixture } = this.init
    switch (effect.type) {
      case 'send': {
        const pipe = this.#pipes.get(effect.peer)
        for (const message of effect.messages) this.#queue(pipe, message)
        return
      }
      case 'serve':
        this.#pipes.get(effect.peer)?.serves.push(effect)
        this.#offer(this.#pipes.get(effect.peer))
        return
      case 'cancelServe': {
        const serves = this.#pipes.get(effect.peer)?.serves ?? []
        const at = serves.findIndex(range => range.piece === effect.piece && range.begin === effect.begin)
        if (at >= 0) serves.splice(at, 1)
        return
      }
      case 'readLeaves': {
        const leaves = leafHashes(fixture.piece(effect.piece), sha256)
        this.#later(1, () =>
          this.post({ type: 'leavesRead', peer: effect.peer, request: effect.request, leaves })
        )
        return
      }
      case 'storePiece':
        this.#store(effect)
        return
      case 'release':
        assert.ok(this.#lent.delete(effect.block.buffer), 'a released buffer was lent, once')
        return
      case 'disconnect':
        this.#network.disconnect(this, effect.peer)
        return
      case 'infoReceived':
        assert.deepEqual(effect.infoBytes, fixture.version.infoBytes)
        this.#later(1, () => this.post({ type: 'infoReady', version: fixture.version, ...this.#chosen }))
        return
      case 'layerReceived':
        assert.deepEqual(effect.layer, fixture.layers.get(effect.fileIndex))
        return
      case 'complete':
        assert.equal(this.stored.size, this.wanted.count)
        this.completedMs = this.#network.time.nowMs
        return
      case 'fetchOrigin':
        this.origin?.fetch(this, effect)
        return
      case 'cancelOrigin':
        this.origin?.cancel(this, effect.piece)
        return
      case 'badOrigin':
        this.badOrigins.push(effect.piece)
        return
      case 'fetchDescription':
        this.origin?.describe(this)
        return
      case 'misbehaviour':
        this.misbehaviours.push({ of: this.#network.indexOf(effect.device), reason: effect.reason })
        return
    }
  }

  #later(delayMs: number, run: () => void): void {
    this.#network.time.at(this.#network.time.nowMs + delayMs, run)
  }

  #store(effect: Extract<TransferEffect, { type: 'storePiece' }>): void {
    const { fixture } = this.init
    assert.deepEqual(effect.hash, fixture.pieceHash(effect.piece))
    const matches = Buffer.concat(effect.blocks).equals(fixture.piece(effect.piece))
    this.#later(5, () => {
      if (!matches) {
        this.badPiecesMet++
        this.post({ type: 'pieceRejected', piece: effect.piece })
        return
      }
      for (const buffer of new Set(effect.blocks.map(block => block.buffer)))
        assert.ok(this.#lent.delete(buffer), 'a stored buffer was lent')
      assert.ok(!this.stored.has(effect.piece), 'a piece is stored once')
      assert.ok(this.wanted.has(effect.piece), 'what is not wanted is not fetched')
      this.stored.add(effect.piece)
      this.post({ type: 'pieceStored', piece: effect.piece })
    })
  }

  #queue(pipe: Pipe | undefined, message: WireMessage): void {
    const sent =
      this.init.tamper === undefined ? message : this.init.tamper(message, this.#network.time.nowMs)
    if (pipe === undefined || sent === undefined) return
    pipe.control.push(sent)
    this.#offer(pipe)
  }

  // ---- uplink

  #offer(pipe: Pipe | undefined): void {
    if (pipe === undefined) return
    if (!this.#turns.includes(pipe)) this.#turns.push(pipe)
    this.#pump()
  }

  #pump(): void {
    if (this.#uplinkBusy) return
    for (let pipe = this.#turns.shift(); pipe !== undefined; pipe = this.#turns.shift()) {
      // It is offered again when something of it is through.
      if (pipe.flightBytes >= this.#network.windowBytes) continue
      pipe.current ??= this.#take(pipe)
      const current = pipe.current
      if (!pipe.isOpen || current === undefined) continue
      const bytes = Math.min(SEGMENT_BYTES, current.bytes - current.sent)
      current.sent += bytes
      const isLast = current.sent === current.bytes
      if (isLast) pipe.current = undefined
      this.#uplinkBusy = true
      const target = pipe
      this.#later(bytes / this.init.upBytesPerMs, () => {
        this.#uplinkBusy = false
        target.flightBytes += bytes
        const through = () => {
          target.flightBytes -= bytes
          if (target.isOpen) this.#offer(target)
        }
        this.#network.carry(this, {
          pipe: target,
          bytes,
          message: isLast ? current.message : undefined,
          through
        })
        if (!this.#turns.includes(target)) this.#turns.push(target)
        this.#pump()
      })
      return
    }
  }

  #take(pipe: Pipe): Pipe['current'] {
    const message = pipe.control.shift()
    if (message !== undefined) return { message, bytes: CONTROL_BYTES, sent: 0 }
    const range = pipe.serves.shift()
    if (range === undefined) return undefined
    const { piece, begin, length } = range
    const block = this.init.fixture.piece(piece).subarray(begin, begin + length)
    const honest: WireMessage = { type: 'piece', piece, begin, block }
    const sent = this.init.tamper === undefined ? honest : this.init.tamper(honest, this.#network.time.nowMs)
    this.post({ type: 'served', peer: this.#network.keyOf(this, pipe), piece, begin, length, sent: true })
    if (sent === undefined) return this.#take(pipe)
    this.blockBytesSent += length
    this.sentTo.set(pipe.to.index, (this.sentTo.get(pipe.to.index) ?? 0) + length)
    return { message: sent, bytes: length, sent: 0 }
  }

  /** The key under which this node knows the peer that `pipe` leads to. */
  keyOfPipe(pipe: Pipe): PeerKey {
    for (const [key, own] of this.#pipes) if (own === pipe) return key
    return peerKey(Number.MAX_SAFE_INTEGER)
  }

  get site(): string {
    return this.init.site ?? 'berlin'
  }

  /** A segment arrives at the downlink at a time; returns when it is through. */
  takeDown(bytes: number, atMs: number): number {
    this.#downlinkFreeMs = Math.max(this.#downlinkFreeMs, atMs) + bytes / this.init.downBytesPerMs
    return this.#downlinkFreeMs
  }

  losePiece(piece: number): void {
    this.stored.delete(piece)
    this.post({ type: 'pieceLost', piece: pieceIndex(piece) })
  }
}

export class SimNetwork {
  readonly time = new VirtualTime()
  readonly nodes: SimNode[] = []
  readonly latencyMs: number
  readonly windowBytes: number
  readonly wans = new Map<string, Wan>()
  readonly #peers = new Map<PeerKey, { readonly node: SimNode; readonly key: PeerKey }>()
  #keys = 0

  constructor(latencyMs: number, windowBytes = WINDOW_BYTES) {
    this.latencyMs = latencyMs
    this.windowBytes = windowBytes
  }

  add(init: Omit<NodeInit, 'index'>): SimNode {
    const node = new SimNode(this, { ...init, index: this.nodes.length })
    this.nodes.push(node)
    return node
  }

  /** Devices of the site share this link toward all other sites. */
  addSite(site: string, init: WanInit): Wan {
    const wan = new Wan(init)
    this.wans.set(site, wan)
    return wan
  }

  connect(a: SimNode, b: SimNode): void {
    const keyAtA = peerKey(this.#keys++)
    const keyAtB = peerKey(this.#keys++)
    const pipe = (to: SimNode, key: PeerKey): Pipe => ({
      to,
      key,
      control: [],
      serves: [],
      current: undefined,
      flightBytes: 0,
      isOpen: true
    })
    a.attach(keyAtA, pipe(b, keyAtB))
    b.attach(keyAtB, pipe(a, keyAtA))
    this.#peers.set(keyAtA, { node: b, key: keyAtB })
    this.#peers.set(keyAtB, { node: a, key: keyAtA })
    const facts = (of: SimNode, outbound: boolean) =>
      ({ device: deviceOf(of.index), site: of.site, sameSite: a.site === b.site, outbound }) as const
    a.post({ type: 'peerConnected', peer: keyAtA, ...facts(b, true) })
    b.post({ type: 'peerConnected', peer: keyAtB, ...facts(a, false) })
  }

  connectAll(): void {
    for (const a of this.nodes) for (const b of this.nodes) if (a.index < b.index) this.connect(a, b)
  }

  disconnect(node: SimNode, key: PeerKey): void {
    const other = this.#peers.get(key)
    node.detach(key)
    if (other !== undefined)
      this.time.at(this.time.nowMs + this.latencyMs, () => other.node.detach(other.key))
  }

  disconnectAll(node: SimNode): void {
    for (const key of node.keys) this.disconnect(node, key)
  }

  /** Takes a segment from a node's uplink to the other end of a pipe; `through` is called when it is there. */
  carry(
    from: SimNode,
    what: { pipe: Pipe; bytes: number; message: WireMessage | undefined; through: () => void }
  ): void {
    const { pipe, bytes, message, through } = what
    const arrive = () => {
      // Only when it arrives is it known what else has come to the downlink by then.
      const throughMs = pipe.to.takeDown(bytes, this.time.nowMs)
      this.time.at(throughMs, () => {
        through()
        if (message?.type === 'piece' && from.site !== pipe.to.site) {
          const into = this.wans.get(pipe.to.site)
          if (into !== undefined) into.receivedBlockBytes += message.block.length
        }
        if (message !== undefined) pipe.to.receive(pipe.key, message)
      })
    }
    const soonMs = this.time.nowMs + this.latencyMs
    if (from.site === pipe.to.site) this.time.at(soonMs, arrive)
    else this.#cross([from.site, pipe.to.site], bytes, arrive)
  }

  #cross([from, to]: readonly [string, string], bytes: number, arrive: () => void): void {
    const [out, into] = [this.wans.get(from), this.wans.get(to)]
    const soonMs = this.time.nowMs + this.latencyMs
    const leftMs = out?.takeUp(bytes, soonMs) ?? soonMs
    const delayMs = (out?.init.latencyMs ?? 0) + (into?.init.latencyMs ?? 0)
    this.time.at(leftMs + delayMs, () => {
      const { nowMs } = this.time
      this.time.at(into?.takeDown(bytes, nowMs) ?? nowMs, arrive)
    })
  }

  keyOf(node: SimNode, pipe: Pipe): PeerKey {
    return node.keyOfPipe(pipe)
  }

  indexOf(device: string): number {
    return this.nodes.findIndex(node => deviceOf(node.index) === device)
  }
}

function piecesOf(version: Version, files: readonly number[] | undefined): Bitfield {
  if (files === undefined) return Bitfield.full(version.pieceCount)
  const pieces = new Bitfield(version.pieceCount)
  for (const [index, { firstPiece, pieceCount }] of version.files.entries())
    if (files.includes(index)) for (let i = 0; i < pieceCount; i++) pieces.add(firstPiece + i)
  return pieces
}
