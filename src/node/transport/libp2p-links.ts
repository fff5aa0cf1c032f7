/**
 * The links of a libp2p transport: who is at the other end, as a member or as a stranger, and whether it still answers.
 *
 * States of a link: secured (the key was proved, the gate was asked) -> open (libp2p made a connection of it) ->
 * announced (a member's link, for which the gate was asked again, reported by onConnect) -> closed. A stranger's link is never announced and never becomes
 * a member's: whoever was enrolled over it dials anew.
 *
 * Invariants: at most STRANGER_LIMITS.linksMax strangers at a time, each cut when its time or its bytes are used up; at
 * most LINKS_PER_DEVICE_MAX links of one member, the oldest giving way, since the newest is the likeliest to be alive.
 */

import type { Connection, MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import { assert } from '../../base/assert.ts'
import { messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { MIB, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { LeastTime } from '../../swarm/rates.ts'
import type { TlsChannel } from './libp2p-tls.ts'
import { type Gate, MEMBER_LINKS_MAX, type PeerLink, STRANGER_LIMITS } from './transport.ts'

/** Both sides may dial at once, and a restarted peer comes back before its old link is known to be dead. */
const LINKS_PER_DEVICE_MAX = 3
const STREAMS_PER_LINK_MAX = 1024
/** Fills a link of one gigabit per second at a round trip of 128 ms. */
const WINDOW_BYTES_MAX = 16 * MIB
/** Above the window, because libp2p resets a stream that holds more than this unread. */
const UNREAD_BYTES_MAX = WINDOW_BYTES_MAX + MIB
const LIVENESS_INTERVAL_MS = 15 * SECOND_MS
/** For the other side to ask, and to hear that there is no room. */
const SURPLUS_LIFE_MS = 10 * SECOND_MS
/** The streams of a link that closed end first. */
const SETTLE_MS = SECOND_MS / 10
const PING_TIMEOUT_MS = 10 * SECOND_MS
/** A transfer that fills the line may take so long. */
const RTT_MEMORY_MS = 10 * MINUTE_MS

type YamuxFactory = ReturnType<ReturnType<typeof yamux>>
type YamuxMuxer = ReturnType<YamuxFactory['createStreamMuxer']>

export interface Link {
  readonly channel: TlsChannel
  device: DeviceId | undefined
  member: boolean
  connection: Connection | undefined
  muxer: YamuxMuxer | undefined
  announced: boolean
  /** A member's, for which there is no room: it is told so on each stream, and ends soon. */
  surplus: boolean
  sinceMs: number
  rttMs: number | undefined
  readonly leastRtt: LeastTime
  closeReason: string | undefined
  timer: NodeJS.Timeout | undefined
}

export interface LinkEvents {
  readonly onConnect: (link: Link) => void
  readonly onDisconnect: (device: DeviceId, reason: string) => void
  /** A member's newest link answers, or has come to be the newest: what goes over one link alone may go over it. */
  readonly onNewest: (link: Link) => void
  readonly onStrangerGone: (connection: Connection) => void
}

export class LinkTable {
  readonly #events: LinkEvents
  readonly #gate: Gate
  readonly #membersMax: number
  /** By the timeline object, the one thing that libp2p's connection and what it was made from share openly. */
  readonly #byTimeline = new WeakMap<object, Link>()
  readonly #byChannel = new WeakMap<MessageStream, Link>()
  readonly #members = new Map<DeviceId, Link[]>()
  readonly #strangers = new Set<Link>()
  readonly #muxers = {
    member: yamuxFactory(STREAMS_PER_LINK_MAX),
    stranger: yamuxFactory(STRANGER_LIMITS.streamsPerLinkMax)
  }

  constructor(gate: Gate, events: LinkEvents, membersMax: number = MEMBER_LINKS_MAX) {
    this.#gate = gate
    this.#membersMax = membersMax
    this.#events = events
  }

  /** Every link passes here once, before anything is multiplexed over it. */
  secured(connection: MessageStream, channel: TlsChannel): void {
    const link: Link = {
      channel,
      device: undefined,
      member: false,
      connection: undefined,
      muxer: undefined,
      announced: false,
      surplus: false,
      sinceMs: Date.now(),
      rttMs: undefined,
      leastRtt: new LeastTime(RTT_MEMORY_MS),
      closeReason: undefined,
      timer: undefined
    }
    this.#byTimeline.set(connection.timeline, link)
    this.#byChannel.set(channel, link)
    channel.addEventListener('close', event => this.#closed(link, event.error))
  }

  /** The gate at connect: false when there is no room, or when it can be no device. */
  admit(timeline: object, device: DeviceId | undefined): boolean {
    const link = this.#byTimeline.get(timeline)
    assert(link !== undefined, 'every link is secured by our own encrypter')
    if (device === undefined) return false
    link.device = device
    link.member = this.#gate(device) === 'member'
    if (link.member) return true
    if (this.#strangers.size >= STRANGER_LIMITS.linksMax) return false
    this.#strangers.add(link)
    link.channel.bytesMax = STRANGER_LIMITS.bytesMax
    link.timer = setTimeout(() => this.cut(link, 'a stranger stayed too long'), STRANGER_LIMITS.linkLifeMs)
    link.timer.unref()
    return true
  }

  createMuxer(channel: MessageStream): YamuxMuxer {
    const link = this.#byChannel.get(channel)
    assert(link !== undefined, 'every link is secured by our own encrypter')
    link.muxer = this.#muxers[link.member ? 'member' : 'stranger'].createStreamMuxer(channel)
    return link.muxer
  }

  /** Inbound links are announced once they are open, outbound ones after the other side greeted back. */
  opened(connection: Connection): void {
    const link = this.of(connection)
    link.connection = connection
    if (!link.member) return
    if (connection.direction === 'inbound') {
      if (!this.#hasRoom(link)) {
        link.surplus = true
        link.timer = setTimeout(() => this.cut(link, 'no room for more links'), SURPLUS_LIFE_MS)
        link.timer.unref()
        return
      }
      this.announce(link)
    }
    this.#watch(link)
  }

  #hasRoom({ device }: Link): boolean {
    return this.#members.size < this.#membersMax || (device !== undefined && this.#members.has(device))
  }

  announce(link: Link): void {
    const { device } = link
    if (link.announced || device === undefined || link.channel.status !== 'open') return
    // The other side decided how long it took since it was admitted, and `recheck` looks at announced links alone.
    const decision = this.#gate(device)
    if (decision !== 'member') {
      this.cut(link, decision.refuse)
      return
    }
    link.announced = true
    const links = this.#members.get(device) ?? []
    links.push(link)
    this.#members.set(device, links)
    if (links.length === 1) this.#events.onConnect(link)
    const oldest = links[0]
    if (links.length > LINKS_PER_DEVICE_MAX && oldest !== undefined)
      this.cut(oldest, 'a newer link took over')
  }

  of(connection: Connection): Link {
    const link = this.#byTimeline.get(connection.timeline)
    assert(link !== undefined, 'libp2p hands the timeline of what it upgraded to the connection')
    return link
  }

  /** The newest link to a member. */
  to(device: DeviceId): Link | undefined {
    return this.#members.get(device)?.at(-1)
  }

  all(device: DeviceId): readonly Link[] {
    return [...(this.#members.get(device) ?? [])]
  }

  peers(): PeerLink[] {
    return [...this.#members.keys()].flatMap(device => {
      const link = this.to(device)
      return link?.connection === undefined ? [] : [describeLink(link, device, link.connection)]
    })
  }

  /** One probe of a link is on its way at a time: who asks meanwhile is told what that one takes. */
  async roundTrip(device: DeviceId): Promise<number | undefined> {
    try {
      return await this.to(device)?.muxer?.ping({ signal: AbortSignal.timeout(PING_TIMEOUT_MS) })
    } catch {
      return undefined // whether the link is alive is for its watch to say
    }
  }

  recheck(): void {
    for (const [device, links] of this.#members) {
      const decision = this.#gate(device)
      if (decision === 'member') continue
      for (const link of [...links]) this.cut(link, decision.refuse)
    }
  }

  cut(link: Link, reason: string): void {
    link.closeReason ??= reason
    const error = new Error(reason)
    link.connection?.abort(error)
    link.channel.abort(error)
  }

  #closed(link: Link, error: Error | undefined): void {
    clearTimeout(link.timer)
    const { device } = link
    if (this.#strangers.delete(link) && link.connection !== undefined) {
      this.#events.onStrangerGone(link.connection)
    }
    const links = device === undefined ? undefined : this.#members.get(device)
    if (device === undefined || links === undefined || !links.includes(link)) return
    links.splice(links.indexOf(link), 1)
    if (links.length > 0) {
      setTimeout(() => this.#tellNewest(device), SETTLE_MS).unref()
      return
    }
    this.#members.delete(device)
    const reason = link.closeReason ?? (error === undefined ? 'the other side closed' : messageOf(error))
    this.#events.onDisconnect(device, reason)
  }

  #tellNewest(device: DeviceId): void {
    const newest = this.to(device)
    if (newest?.channel.status === 'open') this.#events.onNewest(newest)
  }

  /** Measures the round trip, and cuts a link over which nothing came for a whole interval. */
  #watch(link: Link): void {
    const { channel, muxer } = link
    assert(muxer !== undefined, 'an open link has its multiplexer')
    const look = async (): Promise<void> => {
      const receivedBefore = channel.bytesReceived
      try {
        link.rttMs = await muxer.ping({ signal: AbortSignal.timeout(PING_TIMEOUT_MS) })
        link.leastRtt.add(link.rttMs, performance.now())
      } catch {
        // On a link that is full the answer queues behind content: then the content shows that it is alive.
        if (channel.bytesReceived === receivedBefore) this.cut(link, 'it stopped answering')
      }
      if (channel.status !== 'open') return
      if (link.device !== undefined && this.to(link.device) === link) this.#events.onNewest(link)
      link.timer = setTimeout(look, LIVENESS_INTERVAL_MS)
      link.timer.unref()
    }
    void look()
  }
}

/** Chooses the limits of a link's multiplexer by who is at its other end. */
export class LinkMuxerFactory implements StreamMuxerFactory {
  readonly protocol: string
  readonly #links: LinkTable

  constructor(links: LinkTable) {
    this.#links = links
    this.protocol = yamux()().protocol
  }

  createStreamMuxer(channel: MessageStream): YamuxMuxer {
    return this.#links.createMuxer(channel)
  }
}

/** The initial window stays the one that the Yamux specification fixes; it doubles each round trip that it is short. */
function yamuxFactory(inboundStreamsMax: number): YamuxFactory {
  return yamux({
    enableKeepAlive: false,
    maxInboundStreams: inboundStreamsMax,
    maxOutboundStreams: STREAMS_PER_LINK_MAX,
    maxEarlyStreams: Math.min(STREAMS_PER_LINK_MAX, inboundStreamsMax),
    streamOptions: { maxStreamWindowSize: WINDOW_BYTES_MAX, maxReadBufferLength: UNREAD_BYTES_MAX }
  })()
}

export function describeLink(link: Link, device: DeviceId, connection: Connection): PeerLink {
  return {
    device,
    address: connection.remoteAddr.toString(),
    direction: connection.direction,
    sinceMs: link.sinceMs,
    rttMs: link.rttMs,
    leastRttMs: link.leastRtt.ms,
    bytesSent: link.channel.bytesSent,
    bytesReceived: link.channel.bytesReceived
  }
}
