/**
 * Direct connections: streams that have a TLS connection of their own, for bulk payload. They start on the port that
 * links use and prove the same keys; ALPN tells them from links (libp2p-tls.ts), the opening names the protocol
 * (direct-opening.ts), and the gate is asked as for every stream. docs/adr/0005-direct-connections.md says why.
 *
 * They go beside a link, never instead of one: a direct connection to a device that has no link, or no longer, is cut.
 *
 * Invariants: at most PER_DEVICE_MAX of one device in either direction, those included that have not said yet what they
 * want; nobody but a member with a link gets more than the refusal, and at most REFUSALS_MAX at a time get that;
 * each of them counts in its device's link.
 */

import { connect } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { OpenCounts } from '../../base/open-counts.ts'
import { SECOND_MS } from '../../base/units.ts'
import { ADMITTED, decodeAdmission, encodeRefusal } from './admission.ts'
import { decodeOpening, encodeOpening, type Opening, readHead, selectProtocol } from './direct-opening.ts'
import { type RealSocketTls, TLS_PROTOCOL } from './libp2p-tls.ts'
import { SocketStream } from './socket-stream.ts'

const PER_DEVICE_MAX = 64
const OPENING_TIMEOUT_MS = 10 * SECOND_MS
/** Beyond this, whoever opens takes a stream of its link. */
const CONNECT_TIMEOUT_MS = 3 * SECOND_MS
/** How long a refused connection may stay before its opener takes note. */
const REFUSAL_LINGER_MS = 5 * SECOND_MS
/** Refused connections that have not taken note yet; further ones are dropped without a word. */
const REFUSALS_MAX = 64
const KEEP_ALIVE_MS = 30 * SECOND_MS

export interface DirectConnectionsInit {
  /** Why a device gets nothing at all. */
  readonly refusal: (device: DeviceId) => string | undefined
  /** Why a member may not open a stream of a protocol here, or what takes it. */
  readonly accept: (
    device: DeviceId,
    protocol: string
  ) => { readonly refuse: string } | { readonly take: (stream: SocketStream) => void }
  /** Whether there is a link to a device, without which it has no direct connection either. */
  readonly isLinked: (device: DeviceId) => boolean
}

export type DirectOutcome =
  | { readonly kind: 'open'; readonly stream: SocketStream }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The link has to do. */
  | { readonly kind: 'unreachable'; readonly detail: string }

export interface DirectTally {
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** Where a socket connects to; undefined for an address that is no plain TCP one. */
function endpointOf(address: Multiaddr): { readonly host: string; readonly port: number } | undefined {
  const [host, tcp] = address.getComponents()
  const isHost = host !== undefined && ['ip4', 'ip6', 'dns', 'dns4', 'dns6'].includes(host.name)
  if (!isHost || host.value === undefined || tcp?.name !== 'tcp' || tcp.value === undefined) return undefined
  return { host: host.value, port: Number(tcp.value) }
}

export class DirectConnections {
  readonly #init: DirectConnectionsInit
  readonly #streams = new Map<DeviceId, Set<SocketStream>>()
  /** Of connections that are gone, while their device is linked. */
  readonly #past = new Map<DeviceId, DirectTally>()
  /** How many of a device came in and have not named their protocol. */
  readonly #openings = new OpenCounts<DeviceId>()
  #refusals = 0

  constructor(init: DirectConnectionsInit) {
    this.#init = init
  }

  /** Takes a connection that came in: a paused socket whose device is proved. */
  async accept(socket: TLSSocket, device: DeviceId): Promise<void> {
    socket.setNoDelay(true)
    const { promise: over, resolve } = Promise.withResolvers<void>()
    socket.once('close', () => resolve())
    try {
      const refusal = this.#refusal(device)
      if (refusal !== undefined) return await this.#refuse(socket, refusal, over)
      const opening = await this.#opening(socket, device)
      if (opening.kind === 'malformed') return await this.#refuse(socket, 'the opening is malformed', over)
      const { protocol, rest } = opening
      // Once more: the device has taken its time, and may be refused by now.
      const again = this.#refusal(device)
      const decision = again === undefined ? this.#init.accept(device, protocol) : { refuse: again }
      if ('refuse' in decision) return await this.#refuse(socket, decision.refuse, over)
      socket.write(ADMITTED)
      decision.take(this.#keep(new SocketStream(socket, { peer: device, protocol, head: rest })))
    } catch {
      socket.destroy() // it closed, or was too slow: nobody here is waiting for it
    }
  }

  /** Opens a stream over a connection of its own, at the first of the addresses that answers. */
  async open(
    tls: RealSocketTls,
    target: { device: DeviceId; protocol: string; addresses: readonly string[] },
    signal: AbortSignal
  ): Promise<DirectOutcome> {
    const { device, protocol, addresses } = target
    let detail = 'no address is known'
    if ((this.#streams.get(device)?.size ?? 0) >= PER_DEVICE_MAX)
      return { kind: 'unreachable', detail: `there are ${PER_DEVICE_MAX} already` }
    const limited = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)])
    for (const text of new Set(addresses)) {
      try {
        const endpoint = endpointOf(multiaddr(text))
        if (endpoint === undefined) continue
        const socket = await this.#dial(tls, { device, ...endpoint }, limited)
        return await this.#open(socket, { device, protocol }, limited)
      } catch (error) {
        signal.throwIfAborted()
        detail = messageOf(error)
        if (limited.aborted) break
      }
    }
    return { kind: 'unreachable', detail }
  }

  /** Cuts what the gate refuses now. */
  recheck(): void {
    for (const device of [...this.#streams.keys()]) {
      const reason = this.#init.refusal(device)
      if (reason !== undefined) this.cut(device, reason)
    }
  }

  /** Ends all of one device; what they carried is forgotten with them. */
  cut(device: DeviceId, reason: string): void {
    for (const stream of [...(this.#streams.get(device) ?? [])]) stream.abort(reason)
    this.#past.delete(device)
  }

  stop(): void {
    for (const device of [...this.#streams.keys()]) this.cut(device, 'this node stops')
  }

  tally(device: DeviceId): DirectTally {
    let { bytesSent, bytesReceived } = this.#past.get(device) ?? { bytesSent: 0, bytesReceived: 0 }
    for (const stream of this.#streams.get(device) ?? []) {
      bytesSent += stream.bytesSent
      bytesReceived += stream.bytesReceived
    }
    return { bytesSent, bytesReceived }
  }

  async #opening(socket: TLSSocket, device: DeviceId): Promise<Exclude<Opening, { kind: 'incomplete' }>> {
    const over = this.#openings.open(device)
    try {
      return await readHead(socket, AbortSignal.timeout(OPENING_TIMEOUT_MS), head => {
        const decoded = decodeOpening(head)
        return decoded.kind === 'incomplete' ? undefined : decoded
      })
    } finally {
      over()
    }
  }

  /** Why a device may open no direct connection now, whatever the protocol. */
  #refusal(device: DeviceId): string | undefined {
    const refusal = this.#init.refusal(device)
    if (refusal !== undefined) return refusal
    if (!this.#init.isLinked(device)) return 'there is no link between us: connect first'
    const count = (this.#streams.get(device)?.size ?? 0) + this.#openings.of(device)
    return count < PER_DEVICE_MAX ? undefined : `too many direct connections, at most ${PER_DEVICE_MAX}`
  }

  async #refuse(socket: TLSSocket, reason: string, over: Promise<void>): Promise<void> {
    if (this.#refusals >= REFUSALS_MAX) {
      socket.destroy()
      return
    }
    this.#refusals++
    const timer = setTimeout(() => socket.destroy(), REFUSAL_LINGER_MS)
    timer.unref()
    socket.resume()
    socket.end(encodeRefusal(reason))
    await over
    clearTimeout(timer)
    this.#refusals--
  }

  async #dial(
    tls: RealSocketTls,
    { device, host, port }: { device: DeviceId; host: string; port: number },
    signal: AbortSignal
  ): Promise<TLSSocket> {
    const raw = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
    const onAbort = (): void => void raw.destroy(new Error('no answer in time'))
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await new Promise<void>((resolve, reject) => {
        raw.once('connect', resolve)
        raw.once('error', reject)
      })
      raw.on('error', () => undefined) // 'close' follows
      await selectProtocol(raw, TLS_PROTOCOL, signal)
      return await tls.secureDirect(raw, device, signal)
    } catch (error) {
      raw.destroy()
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #open(
    socket: TLSSocket,
    { device, protocol }: { device: DeviceId; protocol: string },
    signal: AbortSignal
  ): Promise<DirectOutcome> {
    try {
      socket.write(encodeOpening(protocol))
      const admission = await readHead(socket, signal, head => {
        const decoded = decodeAdmission(head)
        return decoded.kind === 'incomplete' ? undefined : decoded
      })
      if (admission.kind === 'admitted' && this.#init.isLinked(device)) {
        const stream = new SocketStream(socket, { peer: device, protocol, head: admission.rest })
        return { kind: 'open', stream: this.#keep(stream) }
      }
      socket.destroy()
      if (admission.kind === 'refused') return { kind: 'refused', reason: admission.reason }
      return {
        kind: 'unreachable',
        detail: admission.kind === 'admitted' ? 'the link was lost' : 'its answer is malformed'
      }
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  #keep(stream: SocketStream): SocketStream {
    const device = stream.peer
    const streams = this.#streams.get(device) ?? new Set()
    this.#streams.set(device, streams.add(stream))
    stream.onOver(() => {
      const past = this.#past.get(device) ?? { bytesSent: 0, bytesReceived: 0 }
      if (this.#init.isLinked(device))
        this.#past.set(device, {
          bytesSent: past.bytesSent + stream.bytesSent,
          bytesReceived: past.bytesReceived + stream.bytesReceived
        })
      streams.delete(stream)
      if (streams.size === 0) this.#streams.delete(device)
    })
    return stream
  }
}
