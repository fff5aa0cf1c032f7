/**
 * The Transport over libp2p: TCP, TLS 1.3 on the real socket (libp2p-tls.ts), Yamux, gossipsub, and mDNS where it is
 * wanted. docs/adr/0003-transport.md says what of libp2p is left out, and why.
 *
 * How a refusal reaches the other side: a stranger is let in as far as to open a stream, under STRANGER_LIMITS, and
 * the admission in front of each stream of ours carries the reason. A dialer opens the greeting first, whose only
 * content is that admission; so `dial` knows whether it was accepted. libp2p's own protocols have no admission: a
 * stranger's stream of theirs is reset.
 */

import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { assert, defined } from '../../base/assert.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { type DeviceId, shortId } from '../../base/ids.ts'
import { OpenCounts } from '../../base/open-counts.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import { ADMITTED, BUSY, encodeRefusal } from './admission.ts'
import { DIAL_ADDRESSES_MAX, dialFailure, usableAddresses } from './dial-addresses.ts'
import { raceDials } from './dial-race.ts'
import { DirectConnections } from './direct-connections.ts'
import { refuse, sent } from './first-word.ts'
import { acceptGreeting, GREETING_PROTOCOL } from './greeting.ts'
import { createGossip, Gossip, MemberAnnouncer } from './libp2p-gossip.ts'
import { toDeviceId, toLibp2pKey } from './libp2p-identity.ts'
import { describeLink, type Link, LinkMuxerFactory, LinkTable } from './libp2p-links.ts'
import { Libp2pStream } from './libp2p-stream.ts'
import { RealSocketTls } from './libp2p-tls.ts'
import { listenFailure } from './listen-failure.ts'
import { PendingHosts } from './pending-hosts.ts'
import type { SocketStream } from './socket-stream.ts'
import {
  type DialOutcome,
  type DialTarget,
  type Gate,
  type GossipTopics,
  type HandleOptions,
  type OpenOptions,
  type PeerLink,
  type PeerStream,
  STREAMS_PER_PEER_DEFAULT,
  type StreamHandler,
  type Transport,
  type TransportEvents,
  topicNames
} from './transport.ts'

const MDNS_SERVICE = '_peerage._udp.local'

const LINKS_MAX = 4096
/** Connections that have proved no key yet. */
const INBOUND_PENDING_MAX = 1024
/** Thousands of machines may come up at once behind one office address. */
const INBOUND_PENDING_PER_HOST_MAX = 256
const INBOUND_PER_HOST_PER_SECOND_MAX = 1000
const NO_ROOM = 'it has as many links as it takes'
const LISTEN_BACKLOG = 511
const HANDSHAKE_TIMEOUT_MS = 10 * SECOND_MS
const NEGOTIATION_TIMEOUT_MS = 10 * SECOND_MS
const GREETING_TIMEOUT_MS = 10 * SECOND_MS
const DIAL_STAGGER_MS = 150
const CLOSE_TIMEOUT_MS = SECOND_MS
/** Our own count per protocol answers with a reason; libp2p's only resets, so it is set out of the way. */
const LIBP2P_STREAMS_MAX = 1 << 20

export interface Libp2pTransportOptions {
  readonly key: DeviceKey
  /** Multiaddrs such as /ip4/0.0.0.0/tcp/4747; port 0 takes a free one. */
  readonly listen: readonly string[]
  /** What to tell others instead of what the interfaces say. */
  readonly announce?: readonly string[]
  readonly topics?: GossipTopics
  /** Links to members that are accepted; MEMBER_LINKS_MAX unless said otherwise. */
  readonly linksMax?: number
  /** Find peers on the local network, and be found. */
  readonly mdns?: boolean
}

interface Registered {
  readonly handler: StreamHandler
  readonly admit: 'members' | 'anyone'
  readonly streamsPerPeerMax: number
  readonly streams: OpenCounts<DeviceId>
}

/** The part of libp2p's transport manager that dials one address, outside libp2p's own queue of one peer at a time. */
interface AddressDialer {
  dial(address: Multiaddr, options: { signal: AbortSignal }): Promise<Connection>
}

interface Running {
  readonly node: Libp2p
  readonly addressDialer: AddressDialer
  readonly tls: RealSocketTls
  readonly gossip: Gossip
}

export class Libp2pTransport implements Transport {
  readonly self: DeviceId
  readonly roundTrip = (device: DeviceId): Promise<number | undefined> => this.#links.roundTrip(device)
  readonly #options: Libp2pTransportOptions
  readonly #topics: GossipTopics
  readonly #protocols = new Map<string, Registered>()
  readonly #events: Partial<TransportEvents>[] = []
  readonly #subscriptions = new Map<string, (from: DeviceId, bytes: Uint8Array) => void>()
  readonly #links: LinkTable
  readonly #direct: DirectConnections
  readonly #pending = new PendingHosts(INBOUND_PENDING_PER_HOST_MAX)
  #gate: Gate = () => ({ refuse: 'this node is not ready' })
  #running: Running | undefined
  #stopping = false

  constructor(options: Libp2pTransportOptions) {
    this.#options = options
    this.#topics = options.topics ?? { relayed: [], linked: [] }
    this.self = options.key.id
    this.#links = new LinkTable(
      device => this.#gate(device),
      {
        onConnect: link => this.#onConnect(link),
        onDisconnect: (device, reason) => {
          this.#direct.cut(device, 'the link was lost')
          for (const events of this.#events) events.onDisconnect?.(device, reason)
        },
        onNewest: link => this.#gossipOver(link),
        onStrangerGone: connection => this.#forget(connection.remotePeer)
      },
      options.linksMax
    )
    this.#direct = new DirectConnections({
      isLinked: device => this.#links.to(device) !== undefined,
      refusal: device => this.#refusal(device),
      accept: (device, protocol) => this.#acceptDirect(device, protocol)
    })
    this.handle(GREETING_PROTOCOL, acceptGreeting)
  }

  async start(): Promise<void> {
    assert(this.#running === undefined && !this.#stopping, 'a transport is started once')
    const { listen } = this.#options
    try {
      this.#running = await this.#create()
      const { node, gossip } = this.#running
      for (const [protocol, registered] of this.#protocols) {
        const options = { maxInboundStreams: LIBP2P_STREAMS_MAX, maxOutboundStreams: LIBP2P_STREAMS_MAX }
        await node.handle(protocol, (stream, link) => this.#accept(registered, stream, link), options)
      }
      await node.start()
      for (const topic of topicNames(this.#topics))
        gossip.subscribe(topic, (from, bytes) => this.#subscriptions.get(topic)?.(from, bytes))
    } catch (cause) {
      await this.stop()
      throw listenFailure(listen, cause)
    }
  }

  async stop(): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    this.#direct.stop()
    await this.#running?.node.stop()
  }

  addresses(): readonly string[] {
    return this.#running?.node.getMultiaddrs().map(String) ?? []
  }

  handle(protocol: string, handler: StreamHandler, options: HandleOptions = {}): void {
    assert(this.#running === undefined, 'protocols are registered before start')
    assert(!this.#protocols.has(protocol), `${protocol} is registered once`)
    const { admit = 'members', streamsPerPeerMax = STREAMS_PER_PEER_DEFAULT } = options
    this.#protocols.set(protocol, { handler, admit, streamsPerPeerMax, streams: new OpenCounts() })
  }

  async dial(target: DialTarget, signal: AbortSignal): Promise<DialOutcome> {
    const { device } = target
    if (device === this.self) return { kind: 'wrong-device', detail: 'that is this device itself' }
    const decision = this.#gate(device)
    if (decision !== 'member') return { kind: 'refused', detail: decision.refuse }
    const existing = this.#links.to(device)?.connection
    if (existing !== undefined) return { kind: 'connected', address: existing.remoteAddr.toString() }
    const { addresses, invalid } = usableAddresses(target)
    const { addressDialer } = this.#started()
    const outcome = await raceDials(
      addresses.map(address => (limited: AbortSignal) => addressDialer.dial(address, { signal: limited })),
      {
        staggerMs: DIAL_STAGGER_MS,
        attemptTimeoutMs: HANDSHAKE_TIMEOUT_MS,
        signal,
        discard: late => late.abort(new Error('another address was faster'))
      }
    )
    if (outcome.kind === 'lost') return dialFailure(invalid, outcome.errors)
    return this.#greet(outcome.value, target, signal)
  }

  /** A link of ours counts only when the other side admitted us: TLS 1.3 lets a dialer believe so too early. */
  async #greet(connection: Connection, target: DialTarget, signal: AbortSignal): Promise<DialOutcome> {
    const link = this.#links.of(connection)
    const address = connection.remoteAddr.toString()
    if (target.asStranger !== true) {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(GREETING_TIMEOUT_MS)])
      try {
        const stream = await this.#openOn(connection, target.device, GREETING_PROTOCOL, limited)
        stream.onData(() => stream.abort('a greeting has no content'))
        await stream.close()
      } catch (error) {
        this.#links.cut(link, 'the other side did not admit this device')
        if (error instanceof AppError && error.details.busy === true) return { kind: 'busy', detail: NO_ROOM }
        if (error instanceof AppError && error.code === 'PEER_REFUSED')
          return { kind: 'refused', detail: String(error.details.reason ?? error.message) }
        return { kind: 'unreachable', detail: messageOf(error) }
      }
    }
    this.#links.announce(link)
    if (link.announced) return { kind: 'connected', address }
    const refusal = this.#refusal(target.device)
    return refusal === undefined
      ? { kind: 'unreachable', detail: link.closeReason ?? 'the link was lost' }
      : { kind: 'refused', detail: refusal }
  }

  async open(
    device: DeviceId,
    protocol: string,
    signal: AbortSignal,
    options: OpenOptions = {}
  ): Promise<PeerStream> {
    signal.throwIfAborted()
    const decision = this.#gate(device)
    if (decision !== 'member') throw refused(device, protocol, `this node refuses it: ${decision.refuse}`)
    const connection = this.#links.to(device)?.connection
    if (connection === undefined) throw unreachable(device, protocol, 'there is no link to it')
    if (options.direct !== undefined) {
      const dialled = connection.direction === 'outbound' ? [connection.remoteAddr.toString()] : []
      const addresses = [...dialled, ...options.direct].slice(0, DIAL_ADDRESSES_MAX)
      const outcome = await this.#direct.open(this.#started().tls, { device, protocol, addresses }, signal)
      if (outcome.kind === 'open') return outcome.stream
      if (outcome.kind === 'refused') throw refused(device, protocol, outcome.reason)
    }
    return this.#openOn(connection, device, protocol, signal)
  }

  async hangUp(device: DeviceId, reason: string): Promise<void> {
    this.#direct.cut(device, reason)
    await Promise.all(
      this.#links.all(device).map(async link => {
        link.closeReason ??= reason
        try {
          await link.connection?.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) })
        } finally {
          this.#links.cut(link, reason)
        }
      })
    ).catch(() => undefined) // what did not close in time was cut
  }

  peers(): readonly PeerLink[] {
    return this.#links.peers().map(link => {
      const { bytesSent, bytesReceived } = this.#direct.tally(link.device)
      return {
        ...link,
        bytesSent: link.bytesSent + bytesSent,
        bytesReceived: link.bytesReceived + bytesReceived
      }
    })
  }

  setGate(gate: Gate): void {
    this.#gate = gate
    this.recheck()
  }

  recheck(): void {
    this.#direct.recheck()
    this.#links.recheck()
  }

  publish(topic: string, bytes: Uint8Array): void {
    this.#running?.gossip.publish(topic, bytes)
  }

  subscribe(topic: string, listener: (from: DeviceId, bytes: Uint8Array) => void): void {
    assert(topicNames(this.#topics).includes(topic), `${topic} is a topic of this transport`)
    assert(!this.#subscriptions.has(topic), 'a topic has one listener')
    this.#subscriptions.set(topic, listener)
  }

  on(events: Partial<TransportEvents>): void {
    this.#events.push(events)
  }

  async #create(): Promise<Running> {
    const { key, listen, announce } = this.#options
    let addressDialer: AddressDialer | undefined
    let tls: RealSocketTls | undefined
    const node = await createLibp2p<{ announcer: MemberAnnouncer; pubsub: GossipSub }>({
      start: false,
      privateKey: toLibp2pKey(key),
      addresses: { listen: [...listen], ...(announce === undefined ? {} : { announce: [...announce] }) },
      transports: [tcp({ maxConnections: LINKS_MAX, backlog: LISTEN_BACKLOG })],
      connectionEncrypters: [
        components => {
          tls = new RealSocketTls(components, {
            onSecured: (raw, channel) => this.#links.secured(raw, channel),
            onDirect: (raw, socket, device) => {
              this.#pending.end(raw.timeline)
              void this.#direct.accept(socket, device)
            }
          })
          return tls
        }
      ],
      streamMuxers: [() => new LinkMuxerFactory(this.#links)],
      connectionManager: {
        maxConnections: LINKS_MAX,
        maxIncomingPendingConnections: INBOUND_PENDING_MAX,
        inboundConnectionThreshold: INBOUND_PER_HOST_PER_SECOND_MAX,
        inboundUpgradeTimeout: HANDSHAKE_TIMEOUT_MS,
        inboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
        outboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS
      },
      connectionMonitor: { enabled: false }, // it pings strangers too; the link table watches members' links
      connectionGater: {
        denyDialMultiaddr: () => false,
        denyInboundConnection: raw => !this.#pending.begin(raw),
        denyInboundEncryptedConnection: (peer, raw) => {
          this.#pending.end(raw.timeline)
          return !this.#links.admit(raw.timeline, toDeviceId(peer))
        },
        denyOutboundEncryptedConnection: (peer, raw) => !this.#links.admit(raw.timeline, toDeviceId(peer))
      },
      peerDiscovery: this.#options.mdns === true ? [components => this.#discovery(components)] : [],
      services: {
        announcer: components => {
          addressDialer = components.transportManager
          return new MemberAnnouncer(components)
        },
        pubsub: createGossip(this.#topics, connection => {
          const { member, surplus, device } = this.#links.of(connection)
          return member && !surplus && this.#refusal(device) === undefined
        })
      }
    })
    node.addEventListener('connection:open', event => this.#links.opened(event.detail))
    const { announcer, pubsub } = node.services
    return {
      node,
      addressDialer: defined(addressDialer, "libp2p's transport manager"),
      tls: defined(tls, 'our encrypter'),
      gossip: new Gossip(pubsub, announcer, this.#topics, device => this.#gate(device))
    }
  }

  #discovery(components: Parameters<ReturnType<typeof mdns>>[0]): ReturnType<ReturnType<typeof mdns>> {
    const discovery = mdns({ serviceTag: MDNS_SERVICE })(components)
    discovery.addEventListener('peer', event => {
      const device = toDeviceId(event.detail.id)
      if (device === undefined || device === this.self) return
      const addresses = event.detail.multiaddrs.slice(0, DIAL_ADDRESSES_MAX).map(String)
      for (const events of this.#events) events.onDiscovered?.(device, addresses)
    })
    return discovery
  }

  #started(): Running {
    assert(this.#running !== undefined, 'the transport is started')
    return this.#running
  }

  /** Why what exists to a device may not be used now. */
  #refusal(device: DeviceId | undefined): string | undefined {
    const decision = device === undefined ? { refuse: 'it proved no device key' } : this.#gate(device)
    return decision === 'member' ? undefined : decision.refuse
  }

  #accept(registered: Registered, stream: Stream, connection: Connection): void {
    const link = this.#links.of(connection)
    const device = defined(link.device, 'the device of an open link')
    const stale = link.member ? undefined : 'this link is older than the enrolment: connect again'
    const reason =
      (registered.admit === 'anyone' ? undefined : (this.#refusal(device) ?? stale)) ??
      crowding(registered, device, stream.protocol)
    const isBusy = link.surplus && registered.admit !== 'anyone'
    if (reason !== undefined || isBusy) {
      refuse(stream, reason === undefined ? BUSY : encodeRefusal(reason))
      return
    }
    if (!sent(stream, ADMITTED)) return
    stream.addEventListener('close', registered.streams.open(device))
    registered.handler(new Libp2pStream(stream, device, link.channel))
  }

  #acceptDirect(
    device: DeviceId,
    protocol: string
  ): { refuse: string } | { take: (stream: SocketStream) => void } {
    const registered = this.#protocols.get(protocol)
    if (registered === undefined) return { refuse: 'it does not speak this protocol' }
    const reason = crowding(registered, device, protocol)
    if (reason !== undefined) return { refuse: reason }
    return {
      take: stream => {
        stream.onOver(registered.streams.open(device))
        registered.handler(stream)
      }
    }
  }

  async #openOn(
    connection: Connection,
    device: DeviceId,
    protocol: string,
    signal: AbortSignal
  ): Promise<PeerStream> {
    let raw: Stream
    try {
      raw = await connection.newStream([protocol], { signal, maxOutboundStreams: LIBP2P_STREAMS_MAX })
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof Error && cause.name === 'UnsupportedProtocolError')
        throw refused(device, protocol, 'it does not speak this protocol', cause)
      throw unreachable(device, protocol, messageOf(cause), cause)
    }
    const stream = new Libp2pStream(raw, device, this.#links.of(connection).channel)
    const onAbort = (): void => stream.abort('given up')
    signal.addEventListener('abort', onAbort, { once: true })
    const admission = await stream.admission()
    signal.removeEventListener('abort', onAbort)
    if (admission.kind === 'admitted') return stream
    stream.abort('not admitted')
    signal.throwIfAborted()
    if (admission.kind === 'refused') throw refused(device, protocol, admission.reason)
    if (admission.kind === 'busy') throw unreachable(device, protocol, NO_ROOM, undefined, { busy: true })
    const detail = admission.kind === 'lost' ? 'the link was lost' : 'its answer is malformed'
    throw unreachable(device, protocol, detail)
  }

  #onConnect(link: Link): void {
    const connection = defined(link.connection, 'the connection of an announced link')
    const device = defined(link.device, 'the device of an announced link')
    for (const events of this.#events) events.onConnect?.(describeLink(link, device, connection))
    this.#gossipOver(link)
  }

  #gossipOver({ connection }: Link): void {
    if (connection !== undefined) void this.#running?.gossip.meet(connection)
  }

  /** libp2p notes every peer that it ever met; strangers are not worth the memory. */
  #forget(peer: PeerId): void {
    const device = toDeviceId(peer)
    if (device !== undefined && this.#links.to(device) !== undefined) return
    this.#running?.node.peerStore.delete(peer).catch(() => undefined)
  }
}

function crowding(
  { streams, streamsPerPeerMax }: Registered,
  device: DeviceId,
  protocol: string
): string | undefined {
  const isFull = streams.of(device) >= streamsPerPeerMax
  return isFull ? `too many streams of ${protocol}, at most ${streamsPerPeerMax}` : undefined
}

function refused(device: DeviceId, protocol: string, reason: string, cause?: unknown): AppError {
  const message = `${shortId(device)} refused ${protocol}: ${reason}. Ask an admin of the organisation if that is wrong.`
  return new AppError('PEER_REFUSED', message, { details: { device, protocol, reason }, cause })
}

function unreachable(
  device: DeviceId,
  protocol: string,
  detail: string,
  cause?: unknown,
  details: { readonly busy?: boolean } = {}
): AppError {
  const message = `Can not open ${protocol} to ${shortId(device)}: ${detail}. Check that it is up and can be reached.`
  return new AppError('PEER_UNREACHABLE', message, { details: { device, protocol, ...details }, cause })
}
