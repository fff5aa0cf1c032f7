/**
 * Gossip among members (gossipsub 1.2): a hint that something is new, never the thing itself.
 *
 * Only the topics given at construction exist. A message counts only when its author, whoever relayed it, signed it and
 * is a member by the gate at that moment. Peers behind one address are not suspect: an office sits behind one. There is
 * no peer exchange. What is for everybody goes along meshes and is not flooded. What is for those who are linked with
 * its author goes to all of them at once; it is delivered here, and gossipsub is told to ignore it: so it neither
 * relays it nor offers it to anybody.
 *
 * gossipsub learns from identify who speaks it. identify would tell strangers our protocols and addresses, so it is
 * left out, and `MemberAnnouncer` stands in for it: members' links are announced to libp2p, strangers' never.
 *
 * Two members can have several links, one of them dead and not yet known to be. gossipsub knows of peers and not of
 * links: it has one stream each way with a peer, each over the link that came first, says its topics once on it, and
 * takes the error of any of them for the end of the peer. So what goes on with the links is looked after here:
 *  - a stream that breaks off is to gossipsub one that ends, and no end of the peer: that is when no link is left
 *  - who opens a stream to us over a newer link than ours goes over has lost the older one: ours follows it
 *  - whoever is linked, and has no stream of ours, gets one (`meet`)
 *  - whoever is linked is taken to want every topic, as each transport subscribes to all of its own at its start.
 */

import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  type Message,
  TopicValidatorResult
} from '@libp2p/gossipsub'
import {
  type AbortOptions,
  type Connection,
  type IdentifyResult,
  type Libp2pEvents,
  type PeerId,
  type PeerStore,
  type Stream,
  serviceCapabilities,
  type TypedEventTarget
} from '@libp2p/interface'
import { assert } from '../../base/assert.ts'
import type { DeviceId } from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import { toDeviceId } from './libp2p-identity.ts'
import { type Gate, type GossipTopics, topicNames } from './transport.ts'

export const GOSSIP_PROTOCOL = '/meshsub/1.2.0'
export const GOSSIP_MESSAGE_BYTES_MAX = 64 * KIB
/** What may wait for one peer; beyond it the stream is given up, and opened anew when links are looked at. */
const OUTBOUND_BYTES_MAX = 16 * GOSSIP_MESSAGE_BYTES_MAX
/**
 * What gossipsub offers at once to peers outside of its mesh, and what they then ask for. All that is asked for comes
 * in one frame, and who gets a frame beyond its limits loses all of it: lower ones would cut off honest peers whenever
 * much happens.
 */
const OFFERED_MAX = 5000
const FRAME_BYTES_MAX = 2 * OUTBOUND_BYTES_MAX
const TOPIC_BYTES_PER_PEER_MAX = 64 * KIB
const DECODE_LIMITS = {
  maxSubscriptions: 32,
  maxMessages: OFFERED_MAX,
  maxIhaveMessageIDs: OFFERED_MAX,
  maxIwantMessageIDs: OFFERED_MAX,
  maxIdontwantMessageIDs: 512,
  maxControlMessages: 64,
  maxPeerInfos: 0
}

export interface AnnouncerComponents {
  readonly peerStore: PeerStore
  readonly events: TypedEventTarget<Libp2pEvents>
  readonly connectionManager: Connections
}

interface Connections {
  /** The oldest first. */
  getConnections(peer: PeerId): Connection[]
}

export class MemberAnnouncer {
  readonly [serviceCapabilities] = ['@libp2p/identify']
  readonly #components: AnnouncerComponents

  constructor(components: AnnouncerComponents) {
    this.#components = components
  }

  async announce(connection: Connection): Promise<void> {
    const protocols = [GOSSIP_PROTOCOL]
    await this.#components.peerStore.merge(connection.remotePeer, { protocols })
    const detail: IdentifyResult = { peerId: connection.remotePeer, protocols, listenAddrs: [], connection }
    this.#components.events.safeDispatchEvent('peer:identify', { detail })
  }

  /** Whether a stream of ours is open to a peer. What gossipsub holds can be one that closed while it was opened. */
  reaches(peer: PeerId): boolean {
    return this.#components.connectionManager
      .getConnections(peer)
      .some(connection => outboundOf(connection).some(({ status }) => status === 'open'))
  }
}

function outboundOf({ streams }: Connection): Stream[] {
  return streams.filter(({ direction, protocol }) => direction === 'outbound' && protocol === GOSSIP_PROTOCOL)
}

/**
 * `admits` is asked for every stream that a peer opens. A middleware would be the obvious place for it, but libp2p 3.3
 * appends each stream's handler to the registered list of middlewares, so that the handlers of all earlier streams
 * run again on every later one.
 */
export function createGossip(
  topics: GossipTopics,
  admits: (connection: Connection) => boolean
): (components: GossipSubComponents) => GossipSub {
  const create = configure(topics)
  return ({ privateKey, peerId, peerStore, registrar, connectionManager, logger }) => {
    const handle: typeof registrar.handle = (protocol, handler, options) =>
      registrar.handle(
        protocol,
        (stream, connection) => {
          if (!admits(connection)) return stream.abort(new Error('gossip is for members'))
          leaveOlder(connection, connectionManager)
          const reading: unknown = new Reading(stream)
          return handler(reading as Stream, connection) // it reads and closes an inbound stream, and nothing else
        },
        options
      )
    const guarded: typeof registrar = Object.assign(Object.create(registrar), { handle })
    return create({ privateKey, peerId, peerStore, registrar: guarded, connectionManager, logger })
  }
}

/** Ends our streams over links that are older than the one over which the peer has just opened its own. */
function leaveOlder(connection: Connection, connections: Connections): void {
  const all = connections.getConnections(connection.remotePeer)
  for (const older of all.slice(0, all.indexOf(connection)))
    for (const stream of outboundOf(older)) stream.abort(new Error('gossip goes over a newer link'))
}

/**
 * A stream as gossipsub is to read it: what comes of it ends when it breaks off, and throws nothing. And it is reset
 * when it is read no more, as what came was malformed: else the other side would go on sending to nobody.
 */
class Reading implements Pick<Stream, 'close' | 'abort'> {
  readonly #stream: Stream

  constructor(stream: Stream) {
    this.#stream = stream
  }

  async *[Symbol.asyncIterator](): ReturnType<Stream[typeof Symbol.asyncIterator]> {
    const stream = this.#stream
    try {
      for await (const bytes of stream) yield bytes
    } catch {
      // whether the peer is gone is for its links to say
    } finally {
      stream.abort(new Error('gossip is read no more'))
    }
  }

  close(options?: AbortOptions): Promise<void> {
    return this.#stream.close(options)
  }

  abort(error: Error): void {
    this.#stream.abort(error)
  }
}

function configure(topics: GossipTopics): ReturnType<typeof gossipsub> {
  return gossipsub({
    allowedTopics: topicNames(topics),
    globalSignaturePolicy: 'StrictSign',
    protocols: [GOSSIP_PROTOCOL],
    floodPublish: false,
    fallbackToFloodsub: false,
    doPX: false,
    emitSelf: false,
    canRelayMessage: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    tagMeshPeers: false,
    maxInboundDataLength: FRAME_BYTES_MAX,
    maxOutboundBufferSize: OUTBOUND_BYTES_MAX,
    maxTopicBytesPerPeer: TOPIC_BYTES_PER_PEER_MAX,
    decodeRpcLimits: DECODE_LIMITS,
    scoreParams: { IPColocationFactorWeight: 0 }
  })
}

/** What gossipsub's `publish` takes and does not declare. */
interface Flooder {
  publish(topic: string, bytes: Uint8Array, options: { readonly floodPublish: boolean }): Promise<unknown>
}

interface Subscription {
  readonly topic: string
  readonly subscribe: boolean
}

export class Gossip {
  readonly #pubsub: GossipSub & Flooder
  readonly #gate: Gate
  readonly #topics: ReadonlySet<string>
  readonly #linkedTopics: ReadonlySet<string>
  readonly #announcer: MemberAnnouncer
  /** By peer. While one is here, gossipsub opens no other. */
  readonly #outbound: Map<string, unknown>
  /** What gossipsub does with what a peer says. */
  readonly #hear: (peer: PeerId, said: { subscriptions: Subscription[]; messages: [] }) => Promise<void>
  readonly #listeners = new Map<string, (from: DeviceId, bytes: Uint8Array) => void>()

  constructor(pubsub: GossipSub, announcer: MemberAnnouncer, topics: GossipTopics, gate: Gate) {
    this.#pubsub = pubsub
    this.#announcer = announcer
    const outbound: unknown = Reflect.get(pubsub, 'streamsOutbound')
    assert(outbound instanceof Map, 'gossipsub keeps its outbound streams by peer')
    this.#outbound = outbound
    const hear: unknown = Reflect.get(pubsub, 'handleReceivedRpc')
    assert(typeof hear === 'function', 'gossipsub has one entry for what peers say')
    this.#hear = hear.bind(pubsub)
    this.#topics = new Set(topicNames(topics))
    this.#linkedTopics = new Set(topics.linked)
    this.#gate = gate
    for (const topic of topics.relayed)
      pubsub.topicValidators.set(topic, (_, message) => this.#validate(message))
    for (const topic of topics.linked)
      pubsub.topicValidators.set(topic, (sender, message) => this.#takeFromLink(sender, message))
    pubsub.addEventListener('message', event => this.#deliver(event.detail))
  }

  publish(topic: string, bytes: Uint8Array): void {
    assert(this.#topics.has(topic), `${topic} is a topic of this transport`)
    assert(bytes.length <= GOSSIP_MESSAGE_BYTES_MAX, 'gossip carries hints, not content')
    const floodPublish = this.#linkedTopics.has(topic)
    this.#pubsub.publish(topic, bytes, { floodPublish }).catch(() => undefined) // best effort by contract
  }

  /** Has what is published go to a member over this link, unless it goes over another. Never rejects. */
  async meet(connection: Connection): Promise<void> {
    const { remotePeer } = connection
    if (!this.#announcer.reaches(remotePeer)) {
      this.#outbound.delete(remotePeer.toString())
      // Best effort: a hint depends on it, and the link is looked at again.
      await this.#announcer.announce(connection).catch(() => undefined)
    }
    if (connection.status === 'open') await this.#presume(remotePeer)
  }

  async #presume(peer: PeerId): Promise<void> {
    const untold = [...this.#topics].filter(
      topic => !this.#pubsub.getSubscribers(topic).some(subscriber => subscriber.equals(peer))
    )
    if (untold.length === 0) return
    const subscriptions = untold.map(topic => ({ topic, subscribe: true }))
    await this.#hear(peer, { subscriptions, messages: [] })
  }

  subscribe(topic: string, listener: (from: DeviceId, bytes: Uint8Array) => void): void {
    assert(this.#topics.has(topic), `${topic} is a topic of this transport`)
    assert(!this.#listeners.has(topic), 'a topic has one listener')
    this.#listeners.set(topic, listener)
    this.#pubsub.subscribe(topic)
  }

  #validate(message: Message): TopicValidatorResult {
    const author = authorOf(message)
    if (author === undefined) return TopicValidatorResult.Reject
    return this.#gate(author) === 'member' ? TopicValidatorResult.Accept : TopicValidatorResult.Reject
  }

  /** Each message is asked about once, as it comes first. What another than its author brings was not to go so far. */
  #takeFromLink(sender: PeerId, message: Message): TopicValidatorResult {
    const verdict = this.#validate(message)
    if (verdict !== TopicValidatorResult.Accept) return verdict
    if (authorOf(message) === toDeviceId(sender)) this.#deliver(message)
    return TopicValidatorResult.Ignore
  }

  #deliver(message: Message): void {
    const author = authorOf(message)
    if (author !== undefined) this.#listeners.get(message.topic)?.(author, message.data)
  }
}

function authorOf(message: Message): DeviceId | undefined {
  return message.type === 'signed' ? toDeviceId(message.from) : undefined
}
