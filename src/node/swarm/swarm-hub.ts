/**
 * Finds streams for versions: opens them to peers for the versions that this device wants, and leads those that peers
 * open to the driver of the version that their handshake names.
 *
 * Between two devices there is at most one stream for each version. When both open one at the same moment, the one
 * that the device with the smaller id opened stays; both sides reach that decision by themselves.
 *
 * A device that does not hold a version ends the stream without an answer. It is asked again after a while, and asks
 * us by itself as soon as it wants the version too.
 */

import { toHex } from '../../base/bytes.ts'
import type { AppError } from '../../base/errors.ts'
import { messageOf } from '../../base/errors.ts'
import type { DeviceId, PieceIndex, VersionId } from '../../base/ids.ts'
import { MIB, SECOND_MS } from '../../base/units.ts'
import type { BlockBuffers } from '../../store/block-buffers.ts'
import type { Holding, PieceLayers, Store } from '../../store/store.ts'
import type { DataClass } from '../../swarm/bandwidth/policy.ts'
import type { BringersOfSite } from '../../swarm/neighbours.ts'
import type { WireDecoder } from '../../swarm/wire-decoder.ts'
import { INFO_HASH_BYTES, type MisbehaviourReason, type WireMessage } from '../../swarm/wire-messages.ts'
import type { Refusal } from '../audit/audit-log.ts'
import type { StreamTotals } from '../audit/audit-recorder.ts'
import type { Bandwidth } from '../bandwidth/bandwidth.ts'
import { type CancelTimer, type Clock, MACHINE_CLOCK } from '../clock.ts'
import type { FirstSync } from '../ledger/first-sync.ts'
import type { Log } from '../log.ts'
import type { OriginDesk } from '../origin/origin-desk.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import { MisbehaviourBook } from './misbehaviour-book.ts'
import { PastHolders } from './past-holders.ts'
import { SourceTotals } from './source-totals.ts'
import { SwarmDriver } from './swarm-driver.ts'
import type { DataWant, LocalSource, StreamSink, SwarmDriverListener } from './swarm-driver-types.ts'
import { addTallies, type Tally } from './tally.ts'
import { UnnamedStreams } from './unnamed-streams.ts'

export const SWARM_PROTOCOL = '/peerage/swarm/1'

const OPEN_TIMEOUT_MS = 10 * SECOND_MS
const RETRY_MIN_MS = 2 * SECOND_MS
const RETRY_MAX_MS = 60 * SECOND_MS
const SWEEP_MS = 2 * SECOND_MS
/** On its way for a transfer that waits for its turn, while somebody reads what it is to fetch. */
const READ_BYTES = 2 * MIB

export interface SwarmHubInit {
  readonly transport: Transport
  readonly store: Store
  readonly buffers: BlockBuffers
  readonly log: Log
  /** The site of a member as its presence says; undefined while nothing is known. */
  readonly siteOf: (device: DeviceId) => string | undefined
  readonly ownSite: string
  /** Of our own site. */
  readonly bringers?: BringersOfSite
  /** Where a member says that it listens. */
  readonly addressesOf: (device: DeviceId) => readonly string[]
  /** Different on each device: breaks ties between equally rare pieces. */
  readonly seed: number
  /** Why a device, this one included, may not have a version now; undefined when it may. */
  readonly refusal: (device: DeviceId, version: VersionId) => ReadFault | undefined
  readonly audit: SwarmAudit
  readonly origins?: Pick<OriginDesk, 'open'>
  /** What limits the payload of this device, and of which class a version is; absent where nothing does. */
  readonly limits?: {
    readonly bandwidth: Bandwidth
    readonly classOf: (version: VersionId) => DataClass | undefined
  }
  readonly clock?: Clock
  /** A peer opened a stream for a version, whether it is here or not. */
  readonly onAsked?: (device: DeviceId, infoHash: Uint8Array) => void
  /** When who opens a stream is served. */
  readonly admit?: FirstSync['admit']
}

export interface ReadFault {
  /** The same for as long as the cause is: what is counted in the audit log. */
  readonly reason: string
  /** For people; may say how much, and so change all the time. */
  readonly detail: string
}

/** Is told what peers read here and what comes from them. */
export interface SwarmAudit {
  streamOpened(device: DeviceId, version: VersionId): void
  /** Nothing is sent to the peer until it resolves, or if it rejects. */
  serving(device: DeviceId, version: VersionId): Promise<void>
  streamEnded(stream: StreamTotals): void
  refused(refusal: Refusal): void
  /** So much of a version came from its HTTP origin. */
  obtained(from: { readonly version: VersionId; readonly host: string; readonly bytes: number }): void
}

/** Who wants a version, and is told how it goes. */
export interface Want {
  readonly versionId: VersionId
  readonly holding: Holding | undefined
  /** What other files of this device hold of it; only with `holding`. */
  readonly local?: LocalSource | undefined
  /** Data comes only when `allow` says so; else at once. */
  readonly waitsForTurn?: boolean
  readonly onInfo: (infoBytes: Uint8Array, layers?: PieceLayers) => void
  readonly onComplete: () => void
  readonly onStorageFailure: (failure: AppError) => void
  /** Fetching is not allowed any more, and why; or, with undefined, goes on. */
  readonly onRefused: (reason: string | undefined) => void
}

export interface Ban {
  readonly reason: string
  readonly untilMs: number
}

interface Entry {
  readonly driver: SwarmDriver
  readonly want: Want | undefined
}

interface Attempt {
  nextMs: number
  delayMs: number
}

/** What fetches versions for whoever decides which. */
export type VersionFetcher = Pick<
  SwarmHub,
  'want' | 'allow' | 'rest' | 'settle' | 'unwant' | 'useHolding' | 'status' | 'talliesOf'
>

export class SwarmHub {
  readonly #init: SwarmHubInit
  readonly #entries = new Map<VersionId, Entry>()
  /** Wants that are not allowed now. */
  readonly #refused = new Map<VersionId, Want>()
  /** Peers that are being asked, or wait to be asked again, by version. */
  readonly #attempts = new Map<VersionId, Map<DeviceId, Attempt>>()
  readonly #bans = new Map<DeviceId, Ban>()
  readonly misbehaviours = new MisbehaviourBook()
  /** Of drivers that are gone. */
  readonly past = new PastHolders()
  readonly #pastTallies = new Map<DeviceId, Tally>()
  readonly #pastTotals = new SourceTotals()
  readonly #clock: Clock
  readonly #endSweep: CancelTimer
  readonly #unnamed: UnnamedStreams
  /** What readers wait for. */
  readonly #demands = new Map<VersionId, readonly PieceIndex[]>()
  #closed = false

  constructor(init: SwarmHubInit) {
    this.#init = init
    this.#clock = init.clock ?? MACHINE_CLOCK
    const { admit = serve => serve } = init
    this.#unnamed = new UnnamedStreams({
      ...{ buffers: init.buffers, clock: this.#clock },
      isRefused: peer => this.ban(peer) !== undefined,
      route: (stream, decoder, messages) => this.#route(stream, decoder, messages)
    })
    init.transport.handle(
      SWARM_PROTOCOL,
      admit(stream => this.#unnamed.take(stream)),
      { streamsPerPeerMax: 256 }
    )
    init.transport.on({ onConnect: link => this.#ask(link.device) })
    const changed = ({ version }: Holding): void => this.#entries.get(version.id)?.driver.holdingChanged()
    init.store.onChange(changed)
    init.store.cache?.onChange(changed)
    this.#endSweep = this.#clock.every(SWEEP_MS, () => this.#tidy())
  }

  /** Starts to fetch; the driver there may be, which serves what is here already, is replaced. */
  want(want: Want): void {
    this.#drop(want.versionId, 'starting to fetch')
    const refusal = this.#init.refusal(this.#init.transport.self, want.versionId)
    if (refusal !== undefined) {
      this.#refused.set(want.versionId, want)
      want.onRefused(refusal.detail)
      return
    }
    const driver = this.#driver(want.versionId, want.holding, want)
    this.#entries.set(want.versionId, { driver, want })
    driver.demand(this.#demands.get(want.versionId) ?? [])
    this.#attempts.set(want.versionId, new Map())
    for (const link of this.#init.transport.peers()) this.#ask(link.device)
  }

  /** Who wants a version now. */
  wantOf(versionId: VersionId): Want | undefined {
    return this.#entries.get(versionId)?.want ?? this.#refused.get(versionId)
  }

  /** What readers of a version wait for, the most urgent first: it goes before all else, whoever wants the version. */
  demand(versionId: VersionId, pieces: readonly PieceIndex[]): void {
    if (pieces.length === 0) this.#demands.delete(versionId)
    else this.#demands.set(versionId, pieces)
    const { driver, want } = this.#entries.get(versionId) ?? {}
    if (want !== undefined) driver?.demand(pieces)
  }

  /** Whether data may come now for a version that is wanted, and how much may be on its way. */
  allow(versionId: VersionId, want: DataWant): void {
    const entry = this.#entries.get(versionId)
    if (entry?.want === undefined) return
    // Who reads does not wait for its turn.
    const isRead = !want.wantsData && this.#demands.has(versionId)
    entry.driver.wantData(isRead ? { ...want, wantsData: true, inFlightBytesMax: READ_BYTES } : want)
  }

  /** Asks for nothing more; what is here is served on, and whoever fetches it from us goes on without noticing. */
  rest(versionId: VersionId): void {
    const entry = this.#entries.get(versionId)
    this.#refused.delete(versionId)
    if (entry?.driver.holding === undefined) this.#drop(versionId, 'nothing of it is here')
    else {
      entry.driver.wantData({ wantsData: false })
      this.settle(versionId)
    }
  }

  /** The version is here in full: whoever fetches it from us goes on without noticing. */
  settle(versionId: VersionId): void {
    const entry = this.#entries.get(versionId)
    if (entry !== undefined) this.#entries.set(versionId, { driver: entry.driver, want: undefined })
    this.#attempts.delete(versionId)
  }

  /** Stops fetching. What is here is served on when peers ask for it. */
  unwant(versionId: VersionId): void {
    this.#drop(versionId, 'stopped fetching')
  }

  /** Answers `onInfo`. */
  useHolding(versionId: VersionId, holding: Holding, local?: LocalSource): void {
    this.#entries.get(versionId)?.driver.useHolding(holding, local)
  }

  status(versionId: VersionId): ReturnType<SwarmDriver['status']> | undefined {
    return this.#entries.get(versionId)?.driver.status()
  }

  statuses(): { readonly versionId: VersionId; readonly status: ReturnType<SwarmDriver['status']> }[] {
    return [...this.#entries].map(([versionId, { driver }]) => ({ versionId, status: driver.status() }))
  }

  /** Versions that are being fetched or served. */
  versions(): VersionId[] {
    return [...this.#entries.keys()]
  }

  /** Versions that are being fetched. */
  wanted(): VersionId[] {
    return [...this.#attempts.keys()]
  }

  ban(device: DeviceId): Ban | undefined {
    const ban = this.#bans.get(device)
    return ban !== undefined && ban.untilMs > this.#clock.epochMs() ? ban : undefined
  }

  /** Payload by device since the start of the node, over all versions. */
  tallies(): Map<DeviceId, Tally> {
    const sum = new Map(this.#pastTallies)
    for (const { driver } of this.#entries.values()) addTallies(sum, driver.tallies())
    return sum
  }

  /** What came from where and went where since the start of the node, over all versions. */
  totals(): SourceTotals {
    const past = new SourceTotals().add(this.#pastTotals)
    return [...this.#entries.values()].reduce((sum, { driver }) => sum.add(driver.totals()), past)
  }

  /** Payload by device for one version, since it is wanted. */
  talliesOf(versionId: VersionId): Map<DeviceId, Tally> {
    return this.#entries.get(versionId)?.driver.tallies() ?? new Map()
  }

  /** What went over each stream that is open now. */
  streams(): StreamTotals[] {
    return this.statuses().flatMap(({ versionId, status }) =>
      status.peers.map(peer => ({
        device: peer.device,
        version: versionId,
        sentBytes: peer.uploadedBytes,
        receivedBytes: peer.verifiedBytes
      }))
    )
  }

  /** Ends what is no longer allowed, for us and for each peer, and goes on with what is allowed again. */
  recheck(): void {
    const { refusal, transport } = this.#init
    for (const [versionId, { driver, want }] of [...this.#entries]) {
      const own = refusal(transport.self, versionId)
      if (own !== undefined) {
        this.#drop(versionId, own.detail)
        if (want === undefined) continue
        this.#refused.set(versionId, { ...want, holding: driver.holding })
        want.onRefused(own.detail)
        continue
      }
      for (const device of driver.devices()) {
        const fault = refusal(device, versionId)
        if (fault !== undefined) this.#refuse(device, { versionId, fault, driver })
      }
    }
    for (const [versionId, want] of [...this.#refused]) {
      if (refusal(transport.self, versionId) !== undefined) continue
      want.onRefused(undefined)
      this.want(want)
    }
  }

  #refuse(device: DeviceId, what: { versionId: VersionId; fault: ReadFault; driver?: SwarmDriver }): void {
    const { versionId, fault, driver } = what
    this.#init.log.info({ version: versionId, device }, `not served: ${fault.detail}`)
    this.#init.audit.refused({ action: 'denied', peer: device, reason: fault.reason, version: versionId })
    driver?.detachDevice(device, fault.detail)
  }

  /** Lets go of a version, as after its holding was verified or forgotten; peers may ask for it anew. */
  reset(versionId: VersionId): void {
    const entry = this.#entries.get(versionId)
    if (entry?.want === undefined) this.#drop(versionId, 'what is held of the version changed')
  }

  close(): void {
    this.#closed = true
    this.#endSweep()
    for (const versionId of [...this.#entries.keys()]) this.#drop(versionId, 'the node stops')
  }

  #drop(versionId: VersionId, reason: string): void {
    const entry = this.#entries.get(versionId)
    entry?.driver.close(reason)
    if (entry !== undefined) {
      addTallies(this.#pastTallies, entry.driver.tallies())
      this.#pastTotals.add(entry.driver.totals())
    }
    this.#entries.delete(versionId)
    this.#attempts.delete(versionId)
    this.#refused.delete(versionId)
  }

  #driver(versionId: VersionId, holding: Holding | undefined, want: Want | undefined): SwarmDriver {
    const { transport, buffers, log, seed, audit, limits } = this.#init
    const listener: SwarmDriverListener = {
      onInfo: (infoBytes, layers) => want?.onInfo(infoBytes, layers),
      onComplete: () => want?.onComplete(),
      onStorageFailure: failure => want?.onStorageFailure(failure),
      onMisbehaviour: (device, reason, detail) => this.#onMisbehaviour(versionId, device, reason, detail),
      onPeer: device => audit.streamOpened(device, versionId),
      onServing: device => audit.serving(device, versionId),
      onBan: (device, reason, banMs) =>
        this.#onBan(device, { reason, untilMs: this.#clock.epochMs() + banMs }),
      onPeerGone: (device, { sentBytes, receivedBytes }) => {
        audit.streamEnded({ device, version: versionId, sentBytes, receivedBytes })
        const again = { nextMs: this.#clock.nowMs() + RETRY_MIN_MS, delayMs: RETRY_MIN_MS }
        this.#attempts.get(versionId)?.set(device, again)
      },
      onOrigin: (host, bytes) => audit.obtained({ version: versionId, host, bytes })
    }
    return new SwarmDriver({
      ...{ versionId, past: this.past },
      holding,
      local: want?.local,
      wantsData: want !== undefined && want.waitsForTurn !== true,
      self: transport.self,
      site: this.#init.ownSite,
      bringers: this.#init.bringers,
      seed,
      buffers,
      log,
      listener,
      origins: want === undefined ? undefined : this.#init.origins,
      limits: limits && { bandwidth: limits.bandwidth, classNow: () => limits.classOf(versionId) },
      clock: this.#clock
    })
  }

  #onBan(device: DeviceId, ban: Ban): void {
    this.#bans.set(device, ban)
    this.misbehaviours.ban({ device, ...ban }, this.#clock.epochMs())
  }

  #onMisbehaviour(versionId: VersionId, device: DeviceId, reason: MisbehaviourReason, detail: string): void {
    this.#init.log.warn({ version: versionId, device, reason }, `peer misbehaved: ${detail}`)
    this.misbehaviours.note({ device, reason, detail }, this.#clock.epochMs())
    this.#init.audit.refused({ action: 'violation', peer: device, reason, version: versionId })
  }

  /** Asks a peer for every version that is wanted. */
  #ask(device: DeviceId): void {
    for (const [versionId, attempts] of this.#attempts) void this.#open(versionId, device, attempts)
  }

  async #open(versionId: VersionId, device: DeviceId, attempts: Map<DeviceId, Attempt>): Promise<void> {
    const entry = this.#entries.get(versionId)
    const attempt = attempts.get(device) ?? { nextMs: 0, delayMs: RETRY_MIN_MS }
    if (entry === undefined || attempt.nextMs > this.#clock.nowMs() || this.ban(device) !== undefined) return
    if (entry.driver.hasPeer(device) || this.#init.refusal(device, versionId) !== undefined) return
    attempts.set(device, attempt)
    attempt.nextMs = this.#clock.nowMs() + attempt.delayMs + OPEN_TIMEOUT_MS
    attempt.delayMs = Math.min(2 * attempt.delayMs, RETRY_MAX_MS)
    const patience = new AbortController()
    const endPatience = this.#clock.after(
      OPEN_TIMEOUT_MS,
      () => patience.abort(new Error('no answer in time')),
      { idle: true }
    )
    try {
      const direct = this.#init.addressesOf(device)
      const stream = await this.#init.transport.open(device, SWARM_PROTOCOL, patience.signal, { direct })
      attempt.nextMs = this.#clock.nowMs() + attempt.delayMs
      // The peer decided how long that took, and what it reads over this stream is as good as over its own.
      const refusal = this.#init.refusal(device, versionId)
      if (this.#entries.get(versionId) !== entry) stream.abort('no longer wanted')
      else if (refusal !== undefined) stream.abort(refusal.detail)
      else if (this.#yields(entry.driver, { device, outbound: true })) stream.abort('another stream serves')
      else listen(stream, entry.driver.attach({ stream, facts: this.#facts(device, true) }))
    } catch (thrown) {
      attempt.nextMs = this.#clock.nowMs() + attempt.delayMs
      this.#init.log.debug({ version: versionId, device }, `no swarm stream: ${messageOf(thrown)}`)
    } finally {
      endPatience()
    }
  }

  /** Whether a new stream gives way to the one that is there; otherwise the old one has been ended. */
  #yields(driver: SwarmDriver, { device, outbound }: { device: DeviceId; outbound: boolean }): boolean {
    if (!driver.hasPeer(device)) return false
    const openedBySmaller = outbound === this.#init.transport.self < device
    if (!openedBySmaller) return true
    driver.detachDevice(device, 'another stream takes its place')
    return false
  }

  #facts(device: DeviceId, outbound: boolean) {
    const site = this.#init.siteOf(device) ?? ''
    return { device, site, sameSite: site === this.#init.ownSite, outbound }
  }

  #route(stream: PeerStream, decoder: WireDecoder, received: readonly WireMessage[]): StreamSink | undefined {
    const [first] = received
    if (first?.type === 'handshake') this.#init.onAsked?.(stream.peer, first.infoHash)
    const driver = first?.type === 'handshake' ? this.#driverFor(first.infoHash, stream.peer) : undefined
    if (driver === undefined) stream.abort('the version is not held here')
    else if (this.#yields(driver, { device: stream.peer, outbound: false }))
      stream.abort('another stream serves')
    else return driver.attach({ stream, facts: this.#facts(stream.peer, false), decoder, received })
    return undefined
  }

  /** The driver of a version that is wanted or held, made on demand. */
  #driverFor(infoHash: Uint8Array, peer: DeviceId): SwarmDriver | undefined {
    const prefix = toHex(infoHash.subarray(0, INFO_HASH_BYTES))
    if (this.#closed) return undefined
    for (const [versionId, { driver }] of this.#entries)
      if (versionId.startsWith(prefix)) return this.#isServed(peer, versionId) ? driver : undefined
    const { store } = this.#init
    const held = [...store.holdings(), ...(store.cache?.holdings() ?? [])]
    const of = held.filter(holding => holding.version.id.startsWith(prefix))
    const best = of.toSorted((a, b) => b.have.size - a.have.size)[0]
    if (best === undefined || best.have.size === 0) return undefined
    if (!this.#isServed(peer, best.version.id)) return undefined
    const entry = { driver: this.#driver(best.version.id, best, undefined), want: undefined }
    this.#entries.set(best.version.id, entry)
    return entry.driver
  }

  #isServed(peer: DeviceId, versionId: VersionId): boolean {
    const { refusal, transport } = this.#init
    const fault = refusal(transport.self, versionId) ?? refusal(peer, versionId)
    if (fault !== undefined) this.#refuse(peer, { versionId, fault })
    return fault === undefined
  }

  /** Asks again where it is time to, and lets go of what nobody uses. */
  #tidy(): void {
    for (const link of this.#init.transport.peers()) this.#ask(link.device)
    for (const [versionId, { driver, want }] of this.#entries) {
      if (want !== undefined) continue
      for (const peer of driver.status().peers)
        if (peer.isComplete || peer.isSatisfied)
          driver.detachDevice(peer.device, 'neither side wants anything')
      if (want === undefined && driver.peerCount === 0) this.#drop(versionId, 'nobody asks for it')
    }
  }
}

function listen(stream: PeerStream, sink: StreamSink): void {
  stream.readInto?.(() => sink.target())
  stream.onClose(() => sink.onClose())
  stream.onEnd(() => sink.onEnd())
  stream.onData(chunk => sink.onData(chunk))
}
