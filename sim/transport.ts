/**
 * The transport of a simulated node: streams over two pipes each, between hosts that are up and can reach each other.
 * What the swarm does not use (dialling, gossip, the gate) is not there.
 */

import { AppError } from '../src/base/errors.ts'
import type { DeviceId } from '../src/base/ids.ts'
import type {
  PeerLink,
  PeerStream,
  StreamClose,
  StreamHandler,
  Transport,
  TransportEvents
} from '../src/node/transport/transport.ts'
import { PIECE_HEADER_BYTES, PREFIX_BYTES } from '../src/swarm/wire-layout.ts'
import { MESSAGE_ID } from '../src/swarm/wire-messages.ts'
import { MESSAGE_BYTES, PROCESSOR } from './constants.ts'
import { type Part, Pipe } from './network.ts'
import type { Acceptor, Party, StreamSide, StreamTap } from './parties.ts'

/** What a channel hands over at once: small messages, or one block with its header. */
function partOf(bytes: Uint8Array): Part {
  const isBlock = bytes.length >= PIECE_HEADER_BYTES && bytes[PREFIX_BYTES] === MESSAGE_ID.piece
  return { bytes, isBlock, messages: isBlock ? 1 : Math.ceil(bytes.length / MESSAGE_BYTES) }
}

/** One side of a stream. */
export class SimStream implements PeerStream, StreamSide {
  readonly protocol: string
  readonly host: Party
  readonly far: Party
  readonly #pipe: Pipe
  readonly #tap: StreamTap
  readonly #waiting: { resolve: () => void; reject: (reason: Error) => void }[] = []
  readonly #arrived: Part[] = []
  #isReading = false
  #onData: ((chunk: Uint8Array) => void) | undefined
  #onClose: ((reason: StreamClose) => void) | undefined
  #closed: StreamClose | undefined
  /** The other side. */
  twin: StreamSide | undefined

  constructor(host: Party, far: Party, protocol: string) {
    this.host = host
    this.far = far
    this.protocol = protocol
    this.#tap = host.world.observer.stream(this)
    this.#pipe = new Pipe({
      engine: host.world.engine,
      random: host.world.random,
      links: host.world.linksBetween(host, far),
      isCut: () => host.world.isCut(host, far),
      isBackCut: () => host.world.isCut(far, host),
      onLeaving: parts => this.#tap.leaving(parts),
      onArrival: parts => this.twin?.arrive(parts),
      onRoom: () => {
        host.world.engine.touched()
        for (const { resolve } of this.#waiting.splice(0)) resolve()
      }
    })
  }

  get peer(): DeviceId {
    return this.far.device
  }

  get isOpen(): boolean {
    return this.#closed === undefined
  }

  get unsentBytes(): number {
    return this.#pipe.unsentBytes
  }

  send(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    if (this.#closed !== undefined) return false
    const parts = (bytes instanceof Uint8Array ? [bytes] : bytes).map(partOf)
    this.#tap.sent(parts)
    const { thread } = this.host
    if (thread !== undefined) {
      let ms: number = PROCESSOR.writeMs
      for (const part of parts)
        ms += part.messages * PROCESSOR.messageMs + part.bytes.length * PROCESSOR.sendMsPerByte
      thread.charge(ms)
    }
    return this.#pipe.send(parts)
  }

  drained(): Promise<void> {
    this.host.world.engine.touched()
    if (this.#closed !== undefined) return Promise.reject(this.#over())
    if (this.#pipe.hasRoom) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #over(): AppError {
    return new AppError('PEER_UNREACHABLE', 'the simulated stream is over')
  }

  arrive(parts: readonly Part[]): void {
    if (this.#closed !== undefined) return
    const { thread, hangsForMs } = this.host
    // What waits to be read lies in buffers of the receiver; those of the sender are used again.
    const isReadNow = thread === undefined && hangsForMs === 0 && this.#onData !== undefined
    for (const part of parts) this.#arrived.push(isReadNow ? part : { ...part, bytes: part.bytes.slice() })
    if (hangsForMs > 0) this.host.world.engine.after(hangsForMs, () => this.#read())
    else if (thread === undefined) this.#read()
    else if (!this.#isReading) {
      this.#isReading = true
      thread.do(
        () => {
          let ms: number = PROCESSOR.readMs
          for (const part of this.#arrived)
            ms += part.messages * PROCESSOR.messageMs + part.bytes.length * PROCESSOR.receiveMsPerByte
          return ms
        },
        () => this.#read()
      )
    }
  }

  #read(): void {
    this.#isReading = false
    this.host.world.engine.touched()
    if (this.#closed !== undefined || this.#onData === undefined) return
    for (const part of this.#arrived.splice(0)) {
      if (!this.isOpen) return
      this.#tap.arrived(part)
      this.#onData(part.bytes)
    }
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    this.#onData = listener
    this.#read()
  }

  onEnd(): void {
    // Streams of their own connection end in both directions at once.
  }

  onClose(listener: (reason: StreamClose) => void): void {
    this.#onClose = listener
    if (this.#closed !== undefined) listener(this.#closed)
  }

  pause(): void {
    throw new Error('a simulated stream is not paused')
  }

  resume(): void {
    throw new Error('a simulated stream is not paused')
  }

  async close(): Promise<void> {
    this.abort('closed')
  }

  abort(reason: string): void {
    if (!this.finish({ kind: 'aborted', detail: reason })) return
    const { world } = this.host
    world.engine.after(world.delayBetween(this.host, this.far), () =>
      this.twin?.finish({ kind: 'reset', detail: reason })
    )
  }

  /** Over, on this side. False when it was already. */
  finish(reason: StreamClose, options: { readonly silently?: boolean } = {}): boolean {
    if (this.#closed !== undefined) return false
    this.#closed = reason
    this.#pipe.close()
    this.#arrived.length = 0
    this.#tap.closed()
    this.host.streams.delete(this)
    if (options.silently === true) return true
    this.host.world.engine.touched()
    for (const { reject } of this.#waiting.splice(0)) reject(this.#over())
    this.#onClose?.(reason)
    return true
  }
}

/** The transport of one life of a host. */
export class SimTransport implements Acceptor {
  readonly self: DeviceId
  readonly #host: Party
  readonly #events: Partial<TransportEvents>[] = []
  readonly #handlers = new Map<string, StreamHandler>()

  constructor(host: Party) {
    this.#host = host
    this.self = host.device
  }

  handle(protocol: string, handler: StreamHandler): void {
    this.#handlers.set(protocol, handler)
  }

  on(events: Partial<TransportEvents>): void {
    this.#events.push(events)
  }

  peers(): readonly PeerLink[] {
    return [...this.#host.linked].map(far => this.#link(far))
  }

  #link(far: Party): PeerLink {
    const unknown = {
      ...{ sinceMs: 0, rttMs: undefined, leastRttMs: undefined, bytesSent: 0, bytesReceived: 0 }
    }
    return { device: far.device, address: `/sim/${far.name}`, direction: 'outbound', ...unknown }
  }

  connected(far: Party): void {
    this.#host.world.engine.touched()
    for (const { onConnect } of this.#events) onConnect?.(this.#link(far))
  }

  accept(stream: StreamSide): void {
    this.#host.world.engine.touched()
    const handler = this.#handlers.get(stream.protocol)
    if (handler === undefined) stream.abort('nobody takes such streams')
    else if (stream instanceof SimStream) handler(stream)
  }

  /** Takes the round trips of a TCP and TLS handshake and of the admission. */
  async open(device: DeviceId, protocol: string, signal: AbortSignal): Promise<PeerStream> {
    const { world } = this.#host
    const far = world.hostOf(device)
    const unreachable = (): AppError => new AppError('PEER_UNREACHABLE', `there is no link to ${device}`)
    world.engine.touched()
    if (far === undefined || !this.#host.linked.has(far)) throw unreachable()
    const life = this.#host.life
    for (let trip = 0; trip < 3; trip++) {
      for (let tries = 1; world.isCut(this.#host, far) || world.isCut(far, this.#host); tries++) {
        if (signal.aborted || tries > 20) throw unreachable()
        await world.engine.pause(1000)
      }
      await world.engine.pause(2 * world.delayBetween(this.#host, far))
    }
    if (this.#host.life !== life) await new Promise(() => undefined)
    if (signal.aborted || !this.#host.linked.has(far) || far.transport === undefined) throw unreachable()
    const near = new SimStream(this.#host, far, protocol)
    const remote = new SimStream(far, this.#host, protocol)
    near.twin = remote
    remote.twin = near
    this.#host.streams.add(near)
    far.streams.add(remote)
    for (const { thread } of [this.#host, far]) thread?.charge(PROCESSOR.openMs)
    far.transport.accept(remote)
    world.engine.touched()
    return near
  }

  /** As the hub sees it; whatever else is asked of it is a mistake of the simulation. */
  asTransport(): Transport {
    const known = new Set<string | symbol>(['self', 'handle', 'on', 'peers', 'open'])
    return new Proxy(this, {
      get: (target, name) => {
        if (!known.has(name)) throw new Error(`a simulated transport has no ${String(name)}`)
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      }
    }) as unknown as Transport
  }
}
