/**
 * The Transport inside one process, for tests and simulations: a `MemoryNetwork` joins instances by their addresses.
 * It keeps the same promises as the libp2p one, gates, refusals and stranger limits included; what it leaves out is
 * cryptography (an id is who it says it is) and time (the life of a stranger's link is not watched).
 *
 * Deterministic: everything is delivered in microtasks, in the order in which it was sent.
 */

import { assert, defined } from '../../base/assert.ts'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, shortId } from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import { StreamInbox } from './stream-inbox.ts'
import {
  type DialOutcome,
  type DialTarget,
  type Gate,
  type GateDecision,
  type HandleOptions,
  MEMBER_LINKS_MAX,
  type PeerLink,
  type PeerStream,
  STRANGER_LIMITS,
  STREAMS_PER_PEER_DEFAULT,
  type StreamClose,
  type StreamHandler,
  type Transport,
  type TransportEvents
} from './transport.ts'

/** A sender is told to wait when this much lies unread at the other side. */
const WINDOW_BYTES = 256 * KIB

export class MemoryNetwork {
  readonly #byAddress = new Map<string, MemoryTransport>()
  #ports = 0

  /** Every transport of one network needs a device id of its own. */
  create(self: DeviceId, topics: readonly string[] = [], linksMax = MEMBER_LINKS_MAX): MemoryTransport {
    return new MemoryTransport(this, { self, topics, linksMax, address: `/memory/${++this.#ports}` })
  }

  join(transport: MemoryTransport, address: string): void {
    this.#byAddress.set(address, transport)
  }

  leave(address: string): void {
    this.#byAddress.delete(address)
  }

  at(address: string): MemoryTransport | undefined {
    return this.#byAddress.get(address)
  }
}

interface Registered {
  readonly handler: StreamHandler
  readonly admit: 'members' | 'anyone'
  readonly streamsPerPeerMax: number
}

interface LinkEnd {
  readonly owner: MemoryTransport
  readonly direction: 'inbound' | 'outbound'
  /** What the other end is to this one. */
  readonly member: boolean
  bytesSent: number
}

class MemoryLink {
  readonly sinceMs = Date.now()
  readonly address: string
  readonly dialer: LinkEnd
  readonly listener: LinkEnd
  readonly streams = new Set<MemoryStream>()
  closed = false

  constructor(address: string, dialer: LinkEnd, listener: LinkEnd) {
    this.address = address
    this.dialer = dialer
    this.listener = listener
  }

  end(owner: MemoryTransport): LinkEnd {
    return owner === this.dialer.owner ? this.dialer : this.listener
  }

  other(owner: MemoryTransport): LinkEnd {
    return owner === this.dialer.owner ? this.listener : this.dialer
  }

  /** Members' links have no bound; a stranger's counts both directions by their sender. */
  get bytesMax(): number {
    return this.listener.member ? Number.POSITIVE_INFINITY : STRANGER_LIMITS.bytesMax
  }
}

class MemoryStream implements PeerStream {
  readonly protocol: string
  readonly link: MemoryLink
  readonly owner: MemoryTransport
  readonly inbox = new StreamInbox(() => this.#twin?.checkDrained())
  #twin: MemoryStream | undefined
  #sendEnded = false
  #receiveEnded = false
  #drain: PromiseWithResolvers<void> | undefined
  /** Sent, and delivered by a microtask that is still to come. */
  #flying = 0

  constructor(link: MemoryLink, owner: MemoryTransport, protocol: string) {
    this.link = link
    this.owner = owner
    this.protocol = protocol
    link.streams.add(this)
  }

  static pair(link: MemoryLink, opener: MemoryTransport, protocol: string): [MemoryStream, MemoryStream] {
    const near = new MemoryStream(link, opener, protocol)
    const far = new MemoryStream(link, link.other(opener).owner, protocol)
    near.#twin = far
    far.#twin = near
    return [near, far]
  }

  get peer(): DeviceId {
    return this.link.other(this.owner).owner.self
  }

  send(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    if (this.#sendEnded || this.inbox.closed !== undefined) return false
    const twin = defined(this.#twin, 'the other end of a stream')
    const chunks = bytes instanceof Uint8Array ? [bytes] : bytes
    let sentBytes = 0
    for (const chunk of chunks) sentBytes += chunk.length
    const end = this.link.end(this.owner)
    end.bytesSent += sentBytes
    if (end.bytesSent > this.link.bytesMax) {
      this.owner.cut(this.link, 'a stranger sent too much')
      return false
    }
    this.#flying += sentBytes
    queueMicrotask(() => {
      this.#flying -= sentBytes
      twin.inbox.push(chunks)
      this.checkDrained()
    })
    return this.#ready()
  }

  /** The other side gets the very bytes that were sent. */
  readonly unsentBytes = Number.POSITIVE_INFINITY

  drained(): Promise<void> {
    if (this.inbox.closed !== undefined || this.#sendEnded) return Promise.reject(this.#over())
    if (this.#ready()) return Promise.resolve()
    this.#drain ??= Promise.withResolvers()
    return this.#drain.promise
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    this.inbox.onData(chunk => {
      listener(chunk)
      this.#twin?.checkDrained()
    })
  }

  onEnd(listener: () => void): void {
    this.inbox.onEnd(listener)
  }

  onClose(listener: (reason: StreamClose) => void): void {
    this.inbox.onClose(listener)
  }

  pause(): void {
    this.inbox.pause()
  }

  resume(): void {
    this.inbox.resume()
  }

  async close(): Promise<void> {
    if (this.#sendEnded || this.inbox.closed !== undefined) return
    this.#sendEnded = true
    const twin = defined(this.#twin, 'the other end of a stream')
    await Promise.resolve() // after what was sent before
    twin.#receiveEnded = true
    twin.inbox.end()
    for (const side of [this, twin]) if (side.#sendEnded && side.#receiveEnded) side.#finish()
  }

  abort(reason: string): void {
    this.shut({ kind: 'aborted', detail: reason })
    this.#twin?.shut({ kind: 'reset', detail: 'the other side gave up' })
  }

  shut(reason: StreamClose): void {
    this.link.streams.delete(this)
    this.inbox.close(reason)
    this.#drain?.reject(this.#over())
    this.#drain = undefined
  }

  checkDrained(): void {
    if (this.#drain === undefined || !this.#ready()) return
    this.#drain.resolve()
    this.#drain = undefined
  }

  #finish(): void {
    this.shut({ kind: 'ended', detail: 'both sides closed' })
  }

  #ready(): boolean {
    return this.#flying + (this.#twin?.inbox.waitingBytes ?? 0) < WINDOW_BYTES
  }

  #over(): AppError {
    const message = `Can not send to ${shortId(this.peer)} on ${this.protocol}: the stream is over. Open another.`
    return new AppError('PEER_UNREACHABLE', message, { details: { device: this.peer } })
  }
}

export class MemoryTransport implements Transport {
  readonly self: DeviceId
  readonly #network: MemoryNetwork
  readonly #address: string
  readonly #topics: readonly string[]
  readonly #linksMax: number
  readonly #protocols = new Map<string, Registered>()
  readonly #events: Partial<TransportEvents>[] = []
  readonly #subscriptions = new Map<string, (from: DeviceId, bytes: Uint8Array) => void>()
  readonly #links = new Map<DeviceId, MemoryLink>()
  readonly #strangers = new Set<MemoryLink>()
  #gate: Gate = () => ({ refuse: 'this node is not ready' })
  #running = false

  constructor(
    network: MemoryNetwork,
    options: {
      readonly self: DeviceId
      readonly topics: readonly string[]
      readonly linksMax: number
      readonly address: string
    }
  ) {
    this.#network = network
    this.self = options.self
    this.#address = options.address
    this.#topics = options.topics
    this.#linksMax = options.linksMax
  }

  async start(): Promise<void> {
    this.#running = true
    this.#network.join(this, this.#address)
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#network.leave(this.#address)
    for (const link of [...this.#links.values(), ...this.#strangers]) this.cut(link, 'this node stopped')
  }

  addresses(): readonly string[] {
    return this.#running ? [this.#address] : []
  }

  handle(protocol: string, handler: StreamHandler, options: HandleOptions = {}): void {
    assert(!this.#protocols.has(protocol), `${protocol} is registered once`)
    const { admit = 'members', streamsPerPeerMax = STREAMS_PER_PEER_DEFAULT } = options
    this.#protocols.set(protocol, { handler, admit, streamsPerPeerMax })
  }

  async dial(target: DialTarget, signal: AbortSignal): Promise<DialOutcome> {
    const { device, addresses } = target
    signal.throwIfAborted()
    const decision = this.#gate(device)
    if (decision !== 'member') return { kind: 'refused', detail: decision.refuse }
    const existing = this.#links.get(device)
    if (existing !== undefined) return { kind: 'connected', address: existing.address }
    const address = addresses.find(candidate => this.#network.at(candidate) !== undefined)
    const there = address === undefined ? undefined : this.#network.at(address)
    await Promise.resolve()
    if (address === undefined || there === undefined)
      return { kind: 'unreachable', detail: 'nobody listens there' }
    if (there.self !== device)
      return { kind: 'wrong-device', detail: `proved another key than expected: ${there.self}` }
    const answer = there.#decide(this.self)
    if (answer !== 'member' && target.asStranger !== true) return { kind: 'refused', detail: answer.refuse }
    if (answer === 'member' && target.asStranger !== true && !there.#hasRoom(this.self))
      return { kind: 'busy', detail: 'it has as many links as it takes' }
    const link = new MemoryLink(
      address,
      { owner: this, direction: 'outbound', member: true, bytesSent: 0 },
      { owner: there, direction: 'inbound', member: answer === 'member', bytesSent: 0 }
    )
    if (!there.#welcome(link)) return { kind: 'unreachable', detail: 'the other side closed' }
    this.#announce(link, device)
    return { kind: 'connected', address }
  }

  async open(device: DeviceId, protocol: string, signal: AbortSignal): Promise<PeerStream> {
    signal.throwIfAborted()
    const decision = this.#gate(device)
    if (decision !== 'member')
      throw this.#refused(device, protocol, `this node refuses it: ${decision.refuse}`)
    const link = this.#links.get(device)
    if (link === undefined) throw this.#unreachable(device, protocol)
    await Promise.resolve()
    const there = link.other(this).owner
    const reason = there.#refusal(link, protocol, this.self)
    if (reason !== undefined) throw this.#refused(device, protocol, reason)
    if (link.closed) throw this.#unreachable(device, protocol)
    const [near, far] = MemoryStream.pair(link, this, protocol)
    defined(there.#protocols.get(protocol), 'a protocol that was admitted').handler(far)
    return near
  }

  async hangUp(device: DeviceId, reason: string): Promise<void> {
    const link = this.#links.get(device)
    if (link !== undefined) this.cut(link, reason)
  }

  peers(): readonly PeerLink[] {
    return [...this.#links].map(([device, link]) => this.#describe(link, device))
  }

  setGate(gate: Gate): void {
    this.#gate = gate
    this.recheck()
  }

  recheck(): void {
    for (const [device, link] of [...this.#links]) {
      const decision = this.#gate(device)
      if (decision !== 'member') this.cut(link, decision.refuse)
    }
  }

  publish(topic: string, bytes: Uint8Array): void {
    assert(this.#topics.includes(topic), `${topic} is a topic of this transport`)
    for (const link of this.#links.values()) {
      const there = link.other(this).owner
      queueMicrotask(() => {
        if (!link.closed && there.#decide(this.self) === 'member')
          there.#subscriptions.get(topic)?.(this.self, bytes)
      })
    }
  }

  subscribe(topic: string, listener: (from: DeviceId, bytes: Uint8Array) => void): void {
    assert(this.#topics.includes(topic), `${topic} is a topic of this transport`)
    this.#subscriptions.set(topic, listener)
  }

  on(events: Partial<TransportEvents>): void {
    this.#events.push(events)
  }

  cut(link: MemoryLink, reason: string): void {
    if (link.closed) return
    link.closed = true
    for (const stream of [...link.streams]) {
      const kind = stream.owner === this ? 'aborted' : 'reset'
      stream.shut({ kind, detail: kind === 'aborted' ? reason : 'the link was lost' })
    }
    this.#dropped(link, reason)
    link.other(this).owner.#dropped(link, 'the other side closed')
  }

  #decide(device: DeviceId): GateDecision {
    return this.#gate(device)
  }

  #hasRoom(device: DeviceId): boolean {
    return this.#links.size < this.#linksMax || this.#links.has(device)
  }

  #welcome(link: MemoryLink): boolean {
    if (!this.#running) return false
    if (link.listener.member) {
      this.#announce(link, link.dialer.owner.self)
      return true
    }
    if (this.#strangers.size >= STRANGER_LIMITS.linksMax) return false
    this.#strangers.add(link)
    return true
  }

  #refusal(link: MemoryLink, protocol: string, from: DeviceId): string | undefined {
    const registered = this.#protocols.get(protocol)
    const member = link.end(this).member
    const decision = this.#gate(from)
    if (registered?.admit !== 'anyone') {
      if (decision !== 'member') return decision.refuse
      if (!member) return 'this link is older than the enrolment: connect again'
    }
    if (registered === undefined) return 'it does not speak this protocol'
    const inbound = [...link.streams].filter(stream => stream.owner === this)
    const limit = member ? registered.streamsPerPeerMax : STRANGER_LIMITS.streamsPerLinkMax
    const open = inbound.filter(stream => stream.protocol === protocol || !member).length
    return open >= limit ? `too many streams of ${protocol}, at most ${limit}` : undefined
  }

  #announce(link: MemoryLink, device: DeviceId): void {
    const earlier = this.#links.get(device)
    this.#links.set(device, link)
    if (earlier !== undefined) return
    for (const events of this.#events) events.onConnect?.(this.#describe(link, device))
  }

  #dropped(link: MemoryLink, reason: string): void {
    if (this.#strangers.delete(link)) return
    const device = link.other(this).owner.self
    if (this.#links.get(device) !== link) return
    this.#links.delete(device)
    for (const events of this.#events) events.onDisconnect?.(device, reason)
  }

  async roundTrip(device: DeviceId): Promise<number | undefined> {
    return this.#links.has(device) ? 0 : undefined
  }

  #describe(link: MemoryLink, device: DeviceId): PeerLink {
    const { direction, bytesSent } = link.end(this)
    const bytesReceived = link.other(this).bytesSent
    return {
      device,
      address: link.address,
      direction,
      sinceMs: link.sinceMs,
      ...{ rttMs: 0, leastRttMs: 0 },
      bytesSent,
      bytesReceived
    }
  }

  #refused(device: DeviceId, protocol: string, reason: string): AppError {
    const message = `${shortId(device)} refused ${protocol}: ${reason}. Ask an admin of the organisation if that is wrong.`
    return new AppError('PEER_REFUSED', message, { details: { device, protocol, reason } })
  }

  #unreachable(device: DeviceId, protocol: string): AppError {
    const message = `Can not open ${protocol} to ${shortId(device)}: there is no link to it. Dial it first.`
    return new AppError('PEER_UNREACHABLE', message, { details: { device, protocol } })
  }
}
