/**
 * Drives one Transfer: streams, store and clock become its events, its effects become writes, reads and messages.
 * One driver for each version that this device fetches or serves; it decides nothing that the core could decide.
 *
 * Events that arise while an effect is performed wait for their turn, so the core never runs inside itself.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import { type DeviceId, type PieceIndex, pieceIndex, type VersionId } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'
import { HASH_BYTES } from '../../content/hash.ts'
import type { Version } from '../../content/version.ts'
import { copyBytes } from '../../store/block-buffers.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Holding, PieceLayers } from '../../store/store.ts'
import { Bitfield } from '../../swarm/bitfield.ts'
import { Transfer } from '../../swarm/transfer.ts'
import {
  type ChosenPieces,
  type PeerKey,
  peerKey,
  type TransferEffect,
  type TransferEvent,
  type TransferStatus
} from '../../swarm/transfer-types.ts'
import { WireDecoder } from '../../swarm/wire-decoder.ts'
import type { BlockRange } from '../../swarm/wire-messages.ts'
import { type CancelTimer, type Clock, MACHINE_CLOCK } from '../clock.ts'
import { OriginRunner } from '../origin/origin-runner.ts'
import { PeerChannel } from './peer-channel.ts'
import { PeerFlows } from './peer-flows.ts'
import { RecentPieces } from './recent-pieces.ts'
import { piecesOfFiles } from './selection.ts'
import { SourceTotals } from './source-totals.ts'
import type {
  AttachedStream,
  DataWant,
  LocalSource,
  StreamSink,
  SwarmDriverInit
} from './swarm-driver-types.ts'
import { addTally, NO_TALLY, type Tally, tallyOf } from './tally.ts'

/** How often it is said what came from the origin: when the process is killed, no more than that is not told. */
const ORIGIN_TOLD_MS = MINUTE_MS

interface Attached {
  readonly channel: PeerChannel
  readonly device: DeviceId
}

export class SwarmDriver {
  readonly versionId: VersionId
  readonly #init: SwarmDriverInit
  readonly #transfer: Transfer
  readonly #clock: Clock
  readonly #flows: PeerFlows | undefined
  readonly #peers = new Map<PeerKey, Attached>()
  readonly #events: TransferEvent[] = []
  /** Layers on their way to the index; a piece of their file waits for them. */
  readonly #layers = new Map<number, Promise<void>>()
  /** Of streams that have ended. */
  readonly #pastTallies = new Map<DeviceId, Tally>()
  readonly #pastPeers = new SourceTotals()
  readonly #recent = new RecentPieces(blocks => this.#free(blocks))
  #holding: Holding | undefined
  #want: DataWant
  #local: LocalSource | undefined
  #demanded: readonly PieceIndex[] = []
  #origin: OriginRunner | undefined
  #originBytes = 0
  #originToldMs = Number.NEGATIVE_INFINITY
  /** Something came from it since. */
  #hasOriginNews = false
  #isDescribed = false
  #peersEver = 0
  #storedCount: number
  #running = false
  #closed = false
  #cancelTimer: CancelTimer | undefined
  #timerDueMs = Number.POSITIVE_INFINITY

  constructor(init: SwarmDriverInit) {
    this.#init = init
    this.#clock = init.clock ?? MACHINE_CLOCK
    this.versionId = init.versionId
    this.#holding = init.holding
    this.#want = { wantsData: init.wantsData }
    this.#local = init.local
    this.#storedCount = init.holding?.have.size ?? 0
    const version = init.holding?.version
    if (init.limits !== undefined)
      this.#flows = new PeerFlows({
        ...{ ...init.limits, version: init.versionId },
        post: event => this.#post(event)
      })
    this.#transfer = new Transfer({
      versionId: init.versionId,
      ...(version === undefined ? {} : { version, ...chosenOf(init.holding, version) }),
      ...(init.local && { local: init.local.blocks }),
      wantsData: init.wantsData,
      self: init.self,
      site: init.site,
      bringers: init.bringers,
      sha256,
      knownLayer: fileIndex => this.#holding?.layer(fileIndex),
      seed: init.seed,
      asking: this.#flows?.asking
    })
    const flows = this.#flows
    flows?.openOrigin()
    if (init.origins !== undefined)
      this.#origin = new OriginRunner({
        ...{ versionId: init.versionId, origins: init.origins, buffers: init.buffers, log: init.log },
        version: () => this.#holding?.version,
        post: event => {
          // It may be another one after this, or none.
          if (event.type === 'originReady' && !event.isReady) this.#tellOrigin()
          if (event.type === 'originBlock') this.#hasOriginNews = true
          this.#post(event)
        },
        openFlow: flows && (() => flows.openOther()),
        onTorrent: ({ infoBytes }, layers) => this.#describe(infoBytes, layers)
      })
    this.#arm()
  }

  get peerCount(): number {
    return this.#peers.size
  }

  get holding(): Holding | undefined {
    return this.#holding
  }

  status(): TransferStatus {
    return this.#transfer.status(this.#clock.nowMs())
  }

  /** By device, streams that have ended included. */
  tallies(): Map<DeviceId, Tally> {
    const tallies = new Map(this.#pastTallies)
    for (const peer of this.status().peers)
      tallies.set(peer.device, addTally(tallies.get(peer.device) ?? NO_TALLY, tallyOf(peer)))
    return tallies
  }

  /** What came from where and went where, streams that have ended included. */
  totals(): SourceTotals {
    const totals = new SourceTotals().add(this.#pastPeers)
    const status = this.status()
    for (const peer of status.peers) totals.addPeer(peer)
    return totals.addTransfer(status)
  }

  devices(): ReadonlySet<DeviceId> {
    return new Set([...this.#peers.values()].map(peer => peer.device))
  }

  hasPeer(device: DeviceId): boolean {
    return [...this.#peers.values()].some(peer => peer.device === device)
  }

  /** Takes a stream over; the caller passes on what comes of it. */
  attach({ stream, facts, decoder, received }: AttachedStream): StreamSink {
    const peer = peerKey(this.#peersEver++)
    let serving: Promise<boolean> | true | undefined
    const channel = new PeerChannel({
      stream,
      clock: this.#clock,
      flow: this.#flows?.open(peer, facts),
      read: (range, into) => {
        if (serving === true) return this.#read(range, into)
        serving ??= this.#mayServe(facts.device).then(may => {
          serving = may || undefined
          return may
        })
        return serving.then(may => may && this.#read(range, into))
      },
      onServed: (range, sent) => this.#post({ type: 'served', peer, ...range, sent })
    })
    this.#peers.set(peer, { channel, device: facts.device })
    this.#init.listener.onPeer(facts.device)
    this.#post({ type: 'peerConnected', peer, ...facts })
    this.#flows?.tell(peer)
    for (const message of received ?? []) this.#post({ type: 'message', peer, message })
    const wire =
      decoder ?? new WireDecoder({ allocate: length => this.#init.buffers.allocate(length), copy: copyBytes })
    return {
      target: () => wire.target(),
      onClose: () => this.#detach(peer),
      onEnd: () => this.#hangUp(peer, 'the peer ended its stream'),
      onData: chunk => {
        if (!this.#peers.has(peer)) return
        const { messages, violation } = wire.push(chunk)
        for (const message of messages) this.#post({ type: 'message', peer, message })
        if (violation !== undefined) this.#post({ type: 'wireViolation', peer, violation })
      }
    }
  }

  /** Ends the streams with a device, as when it is revoked or a second stream takes the place of the first. */
  detachDevice(device: DeviceId, reason: string): void {
    for (const [peer, attached] of this.#peers) if (attached.device === device) this.#hangUp(peer, reason)
  }

  /** Where what is fetched goes; `holding` may have pieces already. */
  useHolding(holding: Holding, local?: LocalSource): void {
    this.#holding = holding
    this.#storedCount = holding.have.size
    const { version } = holding
    this.#local = local
    const chosen = { ...chosenOf(holding, version), ...(local && { local: local.blocks }) }
    this.#post({ type: 'infoReady', version, ...chosen })
    if (this.#demanded.length > 0) this.#post({ type: 'demand', pieces: this.#demanded })
  }

  /** What readers wait for, the most urgent first. */
  demand(pieces: readonly PieceIndex[]): void {
    if (pieces.length === 0 && this.#demanded.length === 0) return
    this.#demanded = pieces
    this.#post({ type: 'demand', pieces })
  }

  /** Fetch or leave off, as what all transfers of the device may take up together allows. */
  wantData(want: DataWant): void {
    const { wantsData, inFlightBytesMax, deadlineEpochMs } = want
    const before = this.#want
    const isSame = wantsData === before.wantsData && inFlightBytesMax === before.inFlightBytesMax
    if (isSame && deadlineEpochMs === before.deadlineEpochMs) return
    this.#want = want
    const { epochMs, nowMs } = { epochMs: this.#clock.epochMs(), nowMs: this.#clock.nowMs() }
    const deadline = deadlineEpochMs === undefined ? {} : { deadlineMs: deadlineEpochMs - epochMs + nowMs }
    const room = inFlightBytesMax === undefined ? {} : { inFlightBytesMax }
    this.#post({ type: 'wantData', wantsData, ...room, ...deadline })
  }

  /** The holding changed by itself: what left it is not served any more. */
  holdingChanged(): void {
    const holding = this.#holding
    if (holding === undefined || holding.have.size >= this.#storedCount) return
    this.#storedCount = holding.have.size
    for (let index = 0; index < holding.version.pieceCount; index++) {
      const piece = pieceIndex(index)
      if (holding.have.has(piece) || !this.#transfer.has(piece)) continue
      this.#recent.drop(piece)
      this.#post({ type: 'pieceLost', piece, wasLetGo: holding.isDamaged?.(piece) === false })
    }
  }

  close(reason: string): void {
    for (const peer of [...this.#peers.keys()]) this.#hangUp(peer, reason)
    this.#endOrigin()
    this.#closed = true
    this.#recent.clear()
    this.#cancelTimer?.()
  }

  #post(event: TransferEvent): void {
    if (this.#closed) return
    this.#events.push(event)
    if (this.#running) return
    this.#running = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const effect of this.#transfer.handle(next, this.#clock.nowMs())) this.#perform(effect)
      }
    } finally {
      this.#running = false
    }
    this.#arm()
  }

  #perform(effect: TransferEffect): void {
    switch (effect.type) {
      case 'send':
        this.#peers.get(effect.peer)?.channel.send(effect.messages, effect.canWait)
        return
      case 'serve':
        this.#peers.get(effect.peer)?.channel.serve(effect)
        return
      case 'cancelServe':
        this.#peers.get(effect.peer)?.channel.cancelServe(effect)
        return
      case 'storePiece':
        void this.#store(effect.piece, effect.blocks)
        return
      case 'release':
        this.#init.buffers.free(effect.block)
        return
      case 'readLocal':
        void this.#readLocal(effect)
        return
      case 'readLeaves':
        void this.#readLeaves(effect)
        return
      case 'infoReceived':
        this.#describe(effect.infoBytes)
        return
      case 'layerReceived':
        this.#keepLayer(effect.fileIndex, effect.layer)
        return
      case 'complete':
        this.#endOrigin()
        this.#init.listener.onComplete()
        return
      case 'disconnect':
      case 'misbehaviour':
        this.#performOnPeer(effect)
        return
      default:
        this.#origin?.perform(effect)
    }
  }

  #performOnPeer(effect: Extract<TransferEffect, { type: 'disconnect' | 'misbehaviour' }>): void {
    if (effect.type === 'misbehaviour') {
      this.#init.listener.onMisbehaviour(effect.device, effect.reason, effect.detail)
      return
    }
    const device = this.#peers.get(effect.peer)?.device
    this.#hangUp(effect.peer, effect.reason)
    if (device !== undefined && effect.banMs !== undefined)
      this.#init.listener.onBan(device, effect.reason, effect.banMs)
  }

  /** What is in the version is known, from peers or from the origin, whoever was first. */
  #describe(infoBytes: Uint8Array, layers?: PieceLayers): void {
    if (this.#isDescribed || this.#holding !== undefined) return
    this.#isDescribed = true
    this.#init.listener.onInfo(infoBytes, layers)
  }

  /** Says what came from the origin since it was last said. */
  #tellOrigin(): void {
    const { host } = this.#origin ?? {}
    const bytes = host === undefined ? 0 : this.status().origin.bytes - this.#originBytes
    if (host === undefined || bytes === 0) return
    this.#originBytes += bytes
    this.#originToldMs = this.#clock.nowMs()
    this.#hasOriginNews = false
    this.#init.listener.onOrigin(host, bytes)
  }

  #endOrigin(): void {
    this.#tellOrigin()
    this.#origin?.close()
    this.#flows?.closeOrigin()
    this.#origin = undefined
  }

  async #store(piece: PieceIndex, blocks: readonly Uint8Array[]): Promise<void> {
    const holding = this.#holding
    let event: TransferEvent = { type: 'pieceFailed', piece }
    let isKept = false
    const onWritten = (): void => {
      isKept = true
      this.#recent.keep(piece, blocks)
      this.#post({ type: 'pieceWritten', piece })
    }
    try {
      if (holding !== undefined) {
        if (this.#layers.size > 0) await Promise.all(this.#layers.values())
        const { outcome } = await holding.writePiece(piece, blocks, onWritten)
        if (outcome === 'durable') this.#storedCount++
        event = { type: outcome === 'durable' ? 'pieceStored' : 'pieceRejected', piece }
      }
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      this.#init.log.warn({ version: this.versionId, piece, code: thrown.code }, thrown.message)
      this.#init.listener.onStorageFailure(thrown)
    }
    if (isKept && (event.type !== 'pieceStored' || this.#closed)) this.#recent.drop(piece)
    if (!isKept && (event.type !== 'pieceRejected' || this.#closed)) this.#free(blocks)
    this.#post(event)
    // What has room for so many may have let go of another.
    this.holdingChanged()
    if (this.#hasOriginNews && this.#clock.nowMs() >= this.#originToldMs + ORIGIN_TOLD_MS) this.#tellOrigin()
  }

  /** Several blocks may be views of one buffer, which goes back once. */
  #free(blocks: readonly Uint8Array[]): void {
    const buffers = new Map(blocks.map(block => [block.buffer, block]))
    for (const block of buffers.values()) this.#init.buffers.free(block)
  }

  async #mayServe(device: DeviceId): Promise<boolean> {
    try {
      await this.#init.listener.onServing(device)
      return true
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      this.#init.log.error({ version: this.versionId, device, code: thrown.code }, thrown.message)
      return false
    }
  }

  async #read(range: BlockRange, into: Uint8Array): Promise<boolean> {
    if (this.#recent.read(range, into)) return true
    try {
      const { piece, begin, length } = range
      await this.#holding?.read({ piece: pieceIndex(piece), begin, length }, into)
      return this.#holding !== undefined
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      this.#init.log.warn({ version: this.versionId, piece: range.piece, code: thrown.code }, thrown.message)
      return false
    }
  }

  async #readLocal({ piece, begin, length }: BlockRange): Promise<void> {
    const range = { piece, begin, length }
    const block = this.#init.buffers.allocate(length)
    const isRead = (await this.#local?.read(range, block)) === true
    if (this.#closed || !isRead) this.#init.buffers.free(block)
    this.#post({ type: 'localRead', ...range, block: isRead ? block : undefined })
  }

  async #readLeaves(effect: Extract<TransferEffect, { type: 'readLeaves' }>): Promise<void> {
    const { peer, request, piece, firstLeaf, leafCount } = effect
    let leaves: Uint8Array | undefined
    try {
      const all = await this.#holding?.leafHashes(piece)
      leaves = all?.subarray(firstLeaf * HASH_BYTES, (firstLeaf + leafCount) * HASH_BYTES)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      this.#init.log.warn({ version: this.versionId, piece, code: thrown.code }, thrown.message)
    }
    this.#post({ type: 'leavesRead', peer, request, leaves })
  }

  #keepLayer(fileIndex: number, layer: Uint8Array): void {
    const kept = this.#holding?.setLayer(fileIndex, layer)
    if (kept === undefined) return
    const done = kept
      .catch(thrown =>
        this.#init.log.error({ version: this.versionId }, `keeping a layer: ${messageOf(thrown)}`)
      )
      .then(() => {
        this.#layers.delete(fileIndex)
      })
    this.#layers.set(fileIndex, done)
  }

  #hangUp(peer: PeerKey, reason: string): void {
    const attached = this.#peers.get(peer)
    if (attached === undefined) return
    this.#detach(peer)
    attached.channel.stream.abort(reason)
  }

  #detach(peer: PeerKey): void {
    const attached = this.#peers.get(peer)
    if (attached === undefined) return
    const { device } = attached
    const last = this.status().peers.find(each => each.peer === peer)
    if (last !== undefined) {
      this.#pastTallies.set(device, addTally(this.#pastTallies.get(device) ?? NO_TALLY, tallyOf(last)))
      this.#pastPeers.addPeer(last)
      const { haveCount, isComplete } = last
      const atMs = this.#clock.epochMs()
      this.#init.past?.tell(this.#init.versionId, device, { haveCount, isComplete, atMs })
    }
    this.#peers.delete(peer)
    attached.channel.close()
    this.#post({ type: 'peerDisconnected', peer })
    this.#flows?.close(peer)
    this.#init.listener.onPeerGone(device, last === undefined ? NO_TALLY : tallyOf(last))
  }

  /** A timer that fires early costs a tick; one that is set anew for every message would cost more. */
  #arm(): void {
    const dueMs = this.#closed ? undefined : this.#transfer.nextWakeMs()
    if (dueMs === undefined) {
      this.#cancelTimer?.()
      this.#timerDueMs = Number.POSITIVE_INFINITY
      return
    }
    if (dueMs >= this.#timerDueMs) return
    this.#cancelTimer?.()
    this.#timerDueMs = dueMs
    this.#cancelTimer = this.#clock.after(Math.max(0, Math.ceil(dueMs - this.#clock.nowMs())), () => {
      this.#timerDueMs = Number.POSITIVE_INFINITY
      this.#post({ type: 'tick' })
    })
  }
}

function chosenOf(holding: Holding | undefined, version: Version): ChosenPieces {
  const have =
    holding === undefined ? undefined : Bitfield.fromBytes(holding.have.toBytes(), version.pieceCount)
  const wanted = piecesOfFiles(version, holding?.selected)
  // What is cached has pieces, and is to have none.
  const onDemand = holding?.selected?.size === 0
  const chosen = wanted === undefined ? {} : { wanted, onDemand }
  return { have: have ?? new Bitfield(version.pieceCount), ...chosen }
}
