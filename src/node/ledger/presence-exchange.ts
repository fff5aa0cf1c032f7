/**
 * Who dialled a link exchanges with its other end what both know of who is where (presence-messages.ts). It takes turns
 * in it: who links with many at once gets what they all know from the first of them, and hardly anything more from the
 * others.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Presence } from '../../ledger/sync/presence.ts'
import {
  answerTo,
  askOf,
  decodePresenceMessage,
  encodePresenceMessage,
  PRESENCE_MESSAGE_BYTES_MAX,
  type PresenceMessage,
  restOf
} from '../../ledger/sync/presence-messages.ts'
import type { Log } from '../log.ts'
import { type MessageCodec, MessageTalk } from '../transport/message-talk.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import { Turns, type TurnTimes } from './turns.ts'

export const PRESENCE_PROTOCOL = '/peerage/presence/1'
const STREAMS_PER_PEER_MAX = 4
/** A turn is one exchange, without an occasion before its end. Where that takes longer the next begins beside it. */
const TURN_MS = SECOND_MS / 4
const TURN_TIMES: TurnTimes = { overMs: TURN_MS, lostMs: TURN_MS }

export interface PresenceExchangeInit {
  readonly transport: Transport
  readonly own: () => Presence
  /** Of other devices, as far as they have not ended. */
  readonly living: () => readonly Presence[]
  /** Those that are here and can not be judged yet. */
  readonly unjudged: () => readonly Presence[]
  readonly take: (record: Uint8Array) => void
  readonly log: Log
}

export class PresenceExchange {
  readonly #init: PresenceExchangeInit
  readonly #stop = new AbortController()
  readonly #turns = new Turns(TURN_TIMES)

  constructor(init: PresenceExchangeInit) {
    this.#init = init
    const { transport } = init
    transport.handle(PRESENCE_PROTOCOL, stream => void this.#answer(stream), {
      streamsPerPeerMax: STREAMS_PER_PEER_MAX
    })
    transport.on({ onConnect: link => link.direction === 'outbound' && void this.#ask(link.device) })
  }

  close(): void {
    this.#stop.abort()
  }

  async #ask(device: DeviceId): Promise<void> {
    try {
      const turn = await this.#turns.take(this.#stop.signal)
      try {
        await this.#exchangeWith(device)
      } finally {
        turn.end()
      }
    } catch (thrown) {
      this.#onFailure(device, thrown)
    }
  }

  async #exchangeWith(device: DeviceId): Promise<void> {
    const { transport, own, living, unjudged } = this.#init
    const { signal } = this.#stop
    const talk = new MessageTalk(await transport.open(device, PRESENCE_PROTOCOL, signal), CODEC, signal)
    try {
      await talk.send(askOf(own(), [...living(), ...unjudged()]))
      const answer = await talk.expect('answer')
      this.#takeAll(answer.records)
      await talk.send(restOf(answer, living()))
    } finally {
      void talk.leave() // which takes no turn
    }
  }

  async #answer(stream: PeerStream): Promise<void> {
    const { own, living } = this.#init
    const talk = new MessageTalk(stream, CODEC, this.#stop.signal)
    try {
      const ask = await talk.expect('ask')
      this.#init.take(ask.own)
      await talk.send(answerTo(ask, own(), living()))
      this.#takeAll((await talk.expect('rest')).records)
      await stream.close()
    } catch (thrown) {
      stream.abort('the presence exchange failed')
      this.#onFailure(stream.peer, thrown)
    }
  }

  #takeAll(records: readonly Uint8Array[]): void {
    for (const record of records) this.#init.take(record)
  }

  #onFailure(device: DeviceId, thrown: unknown): void {
    if (this.#stop.signal.aborted) return
    if (!(thrown instanceof AppError)) throw thrown
    this.#init.log.debug({ device }, `presence exchange: ${messageOf(thrown)}`)
  }
}

const CODEC: MessageCodec<PresenceMessage> = {
  what: 'a presence message',
  bytesMax: PRESENCE_MESSAGE_BYTES_MAX,
  encode: encodePresenceMessage,
  decode: decodePresenceMessage
}
