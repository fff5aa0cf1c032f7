/**
 * Gossip among members (gossipsub 1.2): a hint that something is new, never the thing itself.
 *
 * Only the topics given at construction exist. A message counts only when its author, whoever relayed it, signed it and
 * is a member by the gate at that moment. Peers behind one address are not suspect: an office sits behind one. There is
 * no flooding and no peer exchange.
 *
 * gossipsub learns from identify who speaks it. identify would tell strangers our protocols and addresses, so it is
 * left out, and `MemberAnnouncer` stands in for it: members' links are announced to libp2p, strangers' never.
 */

import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  type Message,
  TopicValidatorResult
} from '@libp2p/gossipsub'
import {
  type Connection,
  type IdentifyResult,
  type Libp2pEvents,
  type PeerId,
  type PeerStore,
  serviceCapabilities,
  type TypedEventTarget
} from '@libp2p/interface'
import { assert } from '../../base/assert.ts'
import type { DeviceId } from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import { toDeviceId } from './libp2p-identity.ts'
import type { Gate } from './transport.ts'

export const GOSSIP_PROTOCOL = '/meshsub/1.2.0'
export const GOSSIP_MESSAGE_BYTES_MAX = 64 * KIB
/** Several messages to one peer may wait at once; beyond it they are dropped, which a hint may be. */
const OUTBOUND_BYTES_MAX = 16 * GOSSIP_MESSAGE_BYTES_MAX
const TOPIC_BYTES_PER_PEER_MAX = 64 * KIB
const DECODE_LIMITS = {
  maxSubscriptions: 32,
  maxMessages: 64,
  maxIhaveMessageIDs: 512,
  maxIwantMessageIDs: 512,
  maxIdontwantMessageIDs: 512,
  maxControlMessages: 64,
  maxPeerInfos: 0
}

export interface AnnouncerComponents {
  readonly peerStore: PeerStore
  readonly events: TypedEventTarget<Libp2pEvents>
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
}

/**
 * `admits` is asked for every stream that a peer opens. A middleware would be the obvious place for it, but libp2p 3.3
 * appends each stream's handler to the registered list of middlewares, so that the handlers of all earlier streams
 * run again on every later one.
 */
export function createGossip(
  topics: readonly string[],
  admits: (connection: Connection) => boolean
): (components: GossipSubComponents) => GossipSub {
  const create = configure(topics)
  return ({ privateKey, peerId, peerStore, registrar, connectionManager, logger }) => {
    const handle: typeof registrar.handle = (protocol, handler, options) =>
      registrar.handle(
        protocol,
        (stream, connection) => {
          if (admits(connection)) return handler(stream, connection)
          stream.abort(new Error('gossip is for members'))
        },
        options
      )
    const guarded: typeof registrar = Object.assign(Object.create(registrar), { handle })
    return create({ privateKey, peerId, peerStore, registrar: guarded, connectionManager, logger })
  }
}

function configure(topics: readonly string[]): ReturnType<typeof gossipsub> {
  return gossipsub({
    allowedTopics: [...topics],
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
    maxInboundDataLength: GOSSIP_MESSAGE_BYTES_MAX,
    maxOutboundBufferSize: OUTBOUND_BYTES_MAX,
    maxTopicBytesPerPeer: TOPIC_BYTES_PER_PEER_MAX,
    decodeRpcLimits: DECODE_LIMITS,
    scoreParams: { IPColocationFactorWeight: 0 }
  })
}

export class Gossip {
  readonly #pubsub: GossipSub
  readonly #gate: Gate
  readonly #topics: ReadonlySet<string>
  /** By peer. Of its own gossipsub tells only whom it has met, and not whether a stream is left. */
  readonly #outbound: ReadonlyMap<string, unknown>
  readonly #listeners = new Map<string, (from: DeviceId, bytes: Uint8Array) => void>()

  constructor(pubsub: GossipSub, topics: readonly string[], gate: Gate) {
    this.#pubsub = pubsub
    const outbound: unknown = Reflect.get(pubsub, 'streamsOutbound')
    assert(outbound instanceof Map, 'gossipsub keeps its outbound streams by peer')
    this.#outbound = outbound
    this.#topics = new Set(topics)
    this.#gate = gate
    for (const topic of topics) pubsub.topicValidators.set(topic, (_, message) => this.#validate(message))
    pubsub.addEventListener('message', event => this.#deliver(event.detail))
  }

  publish(topic: string, bytes: Uint8Array): void {
    assert(this.#topics.has(topic), `${topic} is a topic of this transport`)
    assert(bytes.length <= GOSSIP_MESSAGE_BYTES_MAX, 'gossip carries hints, not content')
    this.#pubsub.publish(topic, bytes).catch(() => undefined) // best effort by contract
  }

  /** Whether what is published is sent to a peer, if it wants it. */
  reaches(peer: PeerId): boolean {
    return this.#outbound.has(peer.toString())
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

  #deliver(message: Message): void {
    const author = authorOf(message)
    if (author !== undefined) this.#listeners.get(message.topic)?.(author, message.data)
  }
}

function authorOf(message: Message): DeviceId | undefined {
  return message.type === 'signed' ? toDeviceId(message.from) : undefined
}
