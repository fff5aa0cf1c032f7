/**
 * An exchange of what two devices hold of something small: one message each way over a stream of its own, the asker's
 * first. Whoever dialled a link asks when it is there, and each asks one of its peers, drawn at random, now and then:
 * that makes up for gossip that was lost. What a message says is for its owner to judge, who throws an AppError for one
 * that is malformed.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Log } from '../log.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { nextMessage } from '../transport/next-message.ts'
import type { PeerLink, PeerStream, Transport } from '../transport/transport.ts'

const TIMEOUT_MS = 10 * SECOND_MS
const STREAMS_PER_PEER_MAX = 4

export interface RecordExchangeInit {
  readonly transport: Transport
  readonly protocol: string
  /** For the log. */
  readonly name: string
  readonly messageBytesMax: number
  readonly outgoing: () => Uint8Array
  /** Throws AppError when the message is malformed. */
  readonly take: (from: DeviceId, message: Uint8Array) => void
  readonly log: Log
}

export class RecordExchange {
  readonly #init: RecordExchangeInit
  readonly #stop = new AbortController()

  constructor(init: RecordExchangeInit) {
    this.#init = init
    const { transport, protocol } = init
    transport.handle(protocol, stream => void this.#answer(stream), {
      streamsPerPeerMax: STREAMS_PER_PEER_MAX
    })
    transport.on({ onConnect: link => link.direction === 'outbound' && void this.#ask(link.device) })
  }

  /** Asks one of the peers. */
  askOne(): void {
    const link = randomLink(this.#init.transport)
    if (link !== undefined) void this.#ask(link.device)
  }

  close(): void {
    this.#stop.abort()
  }

  async #ask(device: DeviceId): Promise<void> {
    const { transport, protocol, outgoing } = this.#init
    try {
      const framed = this.#framed(await transport.open(device, protocol, this.#stop.signal))
      try {
        await framed.write(outgoing())
        await this.#takeNext(framed, device)
      } finally {
        void framed.leave(this.#stop.signal)
      }
    } catch (thrown) {
      this.#onFailure(device, thrown)
    }
  }

  async #answer(stream: PeerStream): Promise<void> {
    try {
      const framed = this.#framed(stream)
      await this.#takeNext(framed, stream.peer)
      await framed.write(this.#init.outgoing())
      await stream.close()
    } catch (thrown) {
      stream.abort(`the ${this.#init.name} exchange failed`)
      this.#onFailure(stream.peer, thrown)
    }
  }

  #framed(stream: PeerStream): FramedStream {
    return new FramedStream(stream, { messageBytesMax: this.#init.messageBytesMax })
  }

  async #takeNext(framed: FramedStream, from: DeviceId): Promise<void> {
    const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS, signal: this.#stop.signal })
    if (message !== undefined) this.#init.take(from, message)
  }

  #onFailure(device: DeviceId, thrown: unknown): void {
    if (this.#stop.signal.aborted) return
    if (!(thrown instanceof AppError)) throw thrown
    this.#init.log.debug({ device }, `${this.#init.name} exchange: ${messageOf(thrown)}`)
  }
}

/** One of the links that are open, each as likely; undefined when there is none. */
export function randomLink(transport: Pick<Transport, 'peers'>): PeerLink | undefined {
  const links = transport.peers()
  return links[Math.floor(Math.random() * links.length)]
}
