/**
 * The network as the node sees it: authenticated links between devices, streams over them, and gossip as a hint.
 * It hides libp2p (libp2p-transport.ts); memory-transport.ts is the same thing inside one process, and
 * transport.conformance.ts states what both must do.
 *
 * Invariants
 * - A device id that leaves this interface was proved by its key; nothing is ever attributed to an address.
 * - The gate is asked when a link is secured, before every stream in either direction, and again on `recheck`.
 *   Whoever it refuses gets nothing but a refusal, on every protocol, except one registered for `anyone`.
 * - A link to a stranger (let in only because some protocol admits `anyone`) is no peer: it is not listed, causes no
 *   event, carries no gossip, and lives under the limits of STRANGER_LIMITS.
 * - A link to a device that takes no more is no peer either: whoever dialled it learns that, and tries another.
 * - Backpressure is real: a receiver that pauses stops its sender with bounded memory on both sides.
 *
 * The stream as bytes: whoever accepts a stream of a protocol of ours first sends one admission (admission.ts), so that
 * a refusal reaches the person who can act on it. `open` resolves only after it was admitted.
 *
 * It is not a request/response layer (framed-stream.ts has messages) and knows nothing of organisations.
 */

import type { DeviceId } from '../../base/ids.ts'
import { KIB, SECOND_MS } from '../../base/units.ts'

/** What a device that is not enrolled may use up while it redeems an invitation. */
export const STRANGER_LIMITS = {
  linksMax: 16,
  linkLifeMs: 30 * SECOND_MS,
  /** Inbound streams of one stranger, refused ones included. */
  streamsPerLinkMax: 2,
  /** In each direction, over the whole life of its link. */
  bytesMax: 256 * KIB
} as const

export const STREAMS_PER_PEER_DEFAULT = 64

/** Links to members. Whoever dials a device that has as many is told that it is busy; our own dials do not count. */
export const MEMBER_LINKS_MAX = 128

export type GateDecision = 'member' | { readonly refuse: string }
export type Gate = (device: DeviceId) => GateDecision

export type DialOutcome =
  | { readonly kind: 'connected'; readonly address: string }
  /** No address answered in time. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** Something answered, and proved another key than the one that was asked for. */
  | { readonly kind: 'wrong-device'; readonly detail: string }
  /** One of the two gates said no; the detail is the reason that it gave. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** It is a member as we are, and has as many links as it takes. */
  | { readonly kind: 'busy'; readonly detail: string }

export interface DialTarget {
  readonly device: DeviceId
  /** Multiaddrs, with or without /p2p/…; a /p2p/ part that names another device makes the address invalid. */
  readonly addresses: readonly string[]
  /**
   * Do not ask for admission as a member: for a device that is not enrolled yet and wants a protocol which admits
   * anyone. Once enrolled it hangs up and dials again, since the other side keeps the link a stranger's.
   */
  readonly asStranger?: boolean
}

/** One authenticated link to a member. */
export interface PeerLink {
  readonly device: DeviceId
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  /** Milliseconds of the Unix epoch. */
  readonly sinceMs: number
  /** undefined until it was measured. */
  readonly rttMs: number | undefined
  /** The least of the last minutes: the way, without the queues on it. */
  readonly leastRttMs: number | undefined
  /** Bytes inside the encrypted channels, direct connections and multiplexer framing included. */
  readonly bytesSent: number
  readonly bytesReceived: number
}

export interface StreamClose {
  /** `ended`: both sides closed. `aborted`: this side gave up. `reset`: the other side or the link did. */
  readonly kind: 'ended' | 'aborted' | 'reset'
  readonly detail: string
}

/** One ordered, reliable, full-duplex stream of bytes to a peer. */
export interface PeerStream {
  readonly peer: DeviceId
  readonly protocol: string
  /**
   * Queues bytes, which must not change until they have left (`unsentBytes`). false: await `drained` before sending
   * more. Sending on a stream
   * that is closed or closing drops the bytes and returns false; `drained` then rejects.
   */
  send(bytes: Uint8Array | readonly Uint8Array[]): boolean
  /**
   * Of the bytes handed to `send` so far, at most this many have not left their buffers; all others may be reused.
   * Infinite where they are handed over as they are.
   */
  readonly unsentBytes: number
  /** Resolves when more may be sent; rejects with AppError PEER_UNREACHABLE when the stream is over. */
  drained(): Promise<void>
  /** The one consumer. Bytes that came before it was set are kept, within the stream's window, and delivered. */
  onData(listener: (chunk: Uint8Array) => void): void
  /**
   * Asks `target`, before each read, where the next bytes should go if anywhere in particular; what is delivered may then
   * be a view of the beginning of it. Only streams that can save a copy by it have this.
   */
  readInto?(target: () => Uint8Array | undefined): void
  /** The other side will send no more; called after its last byte was delivered. Our side may still send. */
  onEnd(listener: () => void): void
  /** The stream is over in both directions. Called once; at once when it is over already. */
  onClose(listener: (reason: StreamClose) => void): void
  pause(): void
  resume(): void
  /** Ends our side after everything queued was sent; the other side may still send. */
  close(): Promise<void>
  /** Ends both sides at once and drops what is queued. */
  abort(reason: string): void
}

export interface OpenOptions {
  /**
   * For bulk payload: over a connection of its own where one can be had, at the address of the link or at one of these,
   * else over the link. Such a stream has no half close: `close` ends both directions, and the other side sees a reset.
   * What it delivers is lent for the call.
   */
  readonly direct?: readonly string[]
}

export type StreamHandler = (stream: PeerStream) => void

export interface HandleOptions {
  /** Who may open it; members unless said otherwise. */
  readonly admit?: 'members' | 'anyone'
  /** Concurrent inbound streams of one peer; more are refused. */
  readonly streamsPerPeerMax?: number
}

export interface TransportEvents {
  readonly onConnect: (link: PeerLink) => void
  readonly onDisconnect: (device: DeviceId, reason: string) => void
  /** Heard on the local network; a hint, proved by nobody. */
  readonly onDiscovered: (device: DeviceId, addresses: readonly string[]) => void
}

/** What members tell each other by gossip, by how far it goes. */
export interface GossipTopics {
  /** From member to member, to all of them. */
  readonly relayed: readonly string[]
  /** To the members that are linked with the author, and no further: it costs no more in a larger org. */
  readonly linked: readonly string[]
}

export function topicNames({ relayed, linked }: GossipTopics): string[] {
  return [...relayed, ...linked]
}

export interface Transport {
  readonly self: DeviceId
  /** Listens; AppError LISTEN_FAILED when an address can not be had. */
  start(): Promise<void>
  /** Closes every link and listener; the transport is not used again. */
  stop(): Promise<void>
  /** Multiaddrs that others can dial, /p2p/… included. */
  addresses(): readonly string[]
  /** Call before `start`, once for each protocol. */
  handle(protocol: string, handler: StreamHandler, options?: HandleOptions): void
  /** Reuses the link that exists; otherwise tries the addresses side by side. */
  dial(target: DialTarget, signal: AbortSignal): Promise<DialOutcome>
  /**
   * Opens a stream over the existing link: AppError PEER_UNREACHABLE without one, PEER_REFUSED with the other
   * side's reason when it does not admit it.
   */
  open(device: DeviceId, protocol: string, signal: AbortSignal, options?: OpenOptions): Promise<PeerStream>
  /** Closes every link to the device. */
  hangUp(device: DeviceId, reason: string): Promise<void>
  /** Links to members, one for each device. */
  peers(): readonly PeerLink[]
  /** Refuses everybody until it is set. Replacing it re-checks every link. */
  setGate(gate: Gate): void
  /**
   * Measures the round trip to a device now, over its link, in milliseconds; undefined without a link, or when no
   * answer comes. Payload that has a connection of its own is not before it in any queue of this device.
   */
  roundTrip(device: DeviceId): Promise<number | undefined>
  /** Asks the gate again about every link, and hangs up what it refuses now. */
  recheck(): void
  /** Best effort, as far as the topic reaches; only topics that were given at construction exist. */
  publish(topic: string, bytes: Uint8Array): void
  /** One listener for each topic; `from` is the proved author. */
  subscribe(topic: string, listener: (from: DeviceId, bytes: Uint8Array) => void): void
  /** Adds listeners; call before `start`. */
  on(events: Partial<TransportEvents>): void
}
