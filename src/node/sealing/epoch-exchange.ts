/**
 * Asks peers for the keys of epochs, and gives them ours: /peerage/epochs/1 (docs/protocol-sealing.md), one message
 * each way (epoch-messages.ts). What is in them is of use to members alone, and
 * says no more than the ledger does: every member of the org is answered.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import {
  decodeEpochAnswer,
  decodeEpochQuestion,
  EPOCH_ASKS_MAX,
  EPOCH_MESSAGE_BYTES_MAX,
  type EpochAsk,
  encodeEpochAnswer,
  encodeEpochQuestion,
  epochRecordsThatFit,
  hasPart,
  partBits
} from '../../ledger/sealing/epoch-messages.ts'
import { randomLink } from '../ledger/record-exchange.ts'
import type { Log } from '../log.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { nextMessage } from '../transport/next-message.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import type { EpochShelf } from './epoch-shelf.ts'

export const EPOCHS_PROTOCOL = '/peerage/epochs/1'

const TIMEOUT_MS = 20 * SECOND_MS
const PERIOD_MS = 30 * SECOND_MS
const STREAMS_PER_PEER_MAX = 4
/** Of one asking. */
const ROUNDS_MAX = 64

/** An epoch of which parts are wanted: all of them, or the one for this device. */
export interface WantedEpoch {
  readonly recipient: Uint8Array
  readonly isAll: boolean
}

export interface EpochExchangeInit {
  readonly transport: Transport
  readonly shelf: EpochShelf
  readonly wanted: () => readonly WantedEpoch[]
  readonly log: Log
}

export class EpochExchange {
  readonly #init: EpochExchangeInit
  readonly #stop = new AbortController()
  readonly #asking = new Map<DeviceId, Promise<void>>()
  #timer: NodeJS.Timeout | undefined

  constructor(init: EpochExchangeInit) {
    this.#init = init
    init.transport.handle(EPOCHS_PROTOCOL, stream => void this.#answer(stream), {
      streamsPerPeerMax: STREAMS_PER_PEER_MAX
    })
    init.transport.on({ onConnect: link => void this.ask(link.device) })
  }

  start(): void {
    this.#timer = setInterval(() => {
      const link = randomLink(this.#init.transport)
      if (link !== undefined) void this.ask(link.device)
    }, PERIOD_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#stop.abort()
  }

  askAll(): void {
    for (const { device } of this.#init.transport.peers()) void this.ask(device)
  }

  /** Asks a peer for all that is wanted, until it has nothing that is new. */
  async ask(device: DeviceId): Promise<void> {
    const before = this.#asking.get(device)
    if (before !== undefined) return await before
    const asking = this.#askAbout(device).finally(() => this.#asking.delete(device))
    this.#asking.set(device, asking)
    await asking
  }

  async #askAbout(device: DeviceId): Promise<void> {
    const { shelf, wanted } = this.#init
    const epochs = wanted()
    for (let at = 0; at < epochs.length; at += EPOCH_ASKS_MAX) {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const asks = epochs
          .slice(at, at + EPOCH_ASKS_MAX)
          .map(({ recipient, isAll }) => ({ recipient, isAll, have: partBits(shelf.partsOf(recipient)) }))
        const answer = await this.#exchange(device, asks)
        if (answer === undefined) return
        if (this.#takeAll(device, answer) === 0) break
      }
    }
  }

  /** The records of the answer; undefined when there is none. */
  async #exchange(device: DeviceId, asks: readonly EpochAsk[]): Promise<readonly Uint8Array[] | undefined> {
    let stream: PeerStream | undefined
    try {
      const { signal } = this.#stop
      stream = await this.#init.transport.open(device, EPOCHS_PROTOCOL, signal)
      const framed = new FramedStream(stream, { messageBytesMax: EPOCH_MESSAGE_BYTES_MAX })
      await framed.write(encodeEpochQuestion(asks))
      const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS, signal })
      if (message === undefined) return undefined
      const answer = decodeEpochAnswer(message)
      if (answer.ok) return answer.value
      this.#init.log.warn({ device }, `keys of epochs of a peer: ${answer.detail}`)
      return undefined
    } catch (thrown) {
      this.#onFailure(device, thrown)
      return undefined
    } finally {
      await stream?.close().catch(() => undefined)
    }
  }

  async #answer(stream: PeerStream): Promise<void> {
    try {
      const framed = new FramedStream(stream, { messageBytesMax: EPOCH_MESSAGE_BYTES_MAX })
      const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS, signal: this.#stop.signal })
      if (message === undefined) return stream.abort('nothing was asked')
      const question = decodeEpochQuestion(message)
      if (!question.ok) {
        this.#init.log.warn({ device: stream.peer }, `asked for keys of epochs: ${question.detail}`)
        return stream.abort(question.detail)
      }
      const records = epochRecordsThatFit(this.#recordsFor(stream.peer, question.value))
      await framed.write(encodeEpochAnswer(records))
      await stream.close()
    } catch (thrown) {
      stream.abort('the exchange of keys of epochs failed')
      this.#onFailure(stream.peer, thrown)
    }
  }

  *#recordsFor(device: DeviceId, asks: readonly EpochAsk[]): Generator<Uint8Array> {
    const { shelf } = this.#init
    for (const { recipient, have, isAll } of asks) {
      const own = isAll ? undefined : shelf.partFor(recipient, device)
      for (const part of isAll ? shelf.partsOf(recipient) : own === undefined ? [] : [own]) {
        const record = hasPart(have, part) ? undefined : shelf.record(recipient, part)
        if (record !== undefined) yield record.record
      }
    }
  }

  #takeAll(from: DeviceId, records: readonly Uint8Array[]): number {
    const { shelf, log } = this.#init
    let taken = 0
    for (const record of records) {
      const outcome = shelf.take(record)
      if (outcome === 'taken') taken++
      else if (outcome !== 'known')
        log.debug({ device: from }, `the key of an epoch of a peer is not taken: ${outcome}`)
    }
    return taken
  }

  #onFailure(device: DeviceId, thrown: unknown): void {
    if (this.#stop.signal.aborted) return
    if (!(thrown instanceof AppError)) throw thrown
    this.#init.log.debug({ device }, `exchange of keys of epochs: ${messageOf(thrown)}`)
  }
}
