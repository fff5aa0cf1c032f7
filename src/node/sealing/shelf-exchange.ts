/**
 * Asks peers for records that are kept beside the ledger, and gives them ours: one message each way
 * (record-messages.ts). Each device asks who it is linked with, and one of its peers now and then, until that one has
 * nothing that is new. Which records those are, and whom they are for, its owner says.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import {
  decodeRecords,
  encodeRecords,
  type MessageOutcome,
  type RecordLimits,
  recordsThatFit
} from '../../ledger/sealing/record-messages.ts'
import { randomLink } from '../ledger/record-exchange.ts'
import type { Log } from '../log.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { nextMessage } from '../transport/next-message.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'

const TIMEOUT_MS = 20 * SECOND_MS
const PERIOD_MS = 30 * SECOND_MS
const STREAMS_PER_PEER_MAX = 4

export interface ShelfExchangeInit<Question> {
  readonly transport: Transport
  readonly protocol: string
  /** What the records are called in the log, such as "envelopes". */
  readonly what: string
  readonly limits: RecordLimits
  readonly encodeQuestion: (question: Question) => Uint8Array
  readonly decodeQuestion: (message: Uint8Array) => MessageOutcome<Question>
  /** What a device is asked now, in questions of which each is put anew while something new comes. */
  readonly questionsFor: (device: DeviceId) => readonly (() => Question)[]
  /** How often one question is put at the most: who always has something else is asked on at the next asking. */
  readonly roundsMax: number
  readonly recordsFor: (device: DeviceId, question: Question) => Iterable<Uint8Array>
  /** Records that a question tells by itself. */
  readonly toldBy?: (question: Question) => readonly Uint8Array[]
  /** Why a record was not taken; `old` for one that says nothing new. */
  readonly take: (record: Uint8Array) => 'taken' | 'old' | { readonly refused: string }
  readonly log: Log
}

export class ShelfExchange<Question> {
  readonly #init: ShelfExchangeInit<Question>
  readonly #stop = new AbortController()
  readonly #asking = new Map<DeviceId, Promise<void>>()
  #timer: NodeJS.Timeout | undefined

  constructor(init: ShelfExchangeInit<Question>) {
    this.#init = init
    init.transport.handle(init.protocol, stream => void this.#answer(stream), {
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

  /** Asks every peer that is linked. */
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

  /** Puts one question; undefined when there is no answer. */
  async put(device: DeviceId, question: Question): Promise<readonly Uint8Array[] | undefined> {
    const { transport, protocol, limits, encodeQuestion, what, log } = this.#init
    let framed: FramedStream | undefined
    const { signal } = this.#stop
    try {
      framed = this.#framed(await transport.open(device, protocol, signal))
      await framed.write(encodeQuestion(question))
      const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS, signal })
      if (message === undefined) return undefined
      const answer = decodeRecords(message, limits)
      if (answer.ok) return answer.value
      log.warn({ device }, `${what} of a peer: ${answer.detail}`)
      return undefined
    } catch (thrown) {
      this.#onFailure(device, thrown)
      return undefined
    } finally {
      void framed?.leave(signal)
    }
  }

  async #askAbout(device: DeviceId): Promise<void> {
    const { questionsFor, roundsMax } = this.#init
    for (const question of questionsFor(device)) {
      for (let round = 0; round < roundsMax; round++) {
        const answer = await this.put(device, question())
        if (answer === undefined) return
        if (this.#takeAll(device, answer) === 0) break
      }
    }
  }

  async #answer(stream: PeerStream): Promise<void> {
    const { limits, decodeQuestion, recordsFor, toldBy, what, log } = this.#init
    try {
      const framed = this.#framed(stream)
      const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS, signal: this.#stop.signal })
      if (message === undefined) return stream.abort('nothing was asked')
      const question = decodeQuestion(message)
      if (!question.ok) {
        log.warn({ device: stream.peer }, `asked for ${what}: ${question.detail}`)
        return stream.abort(question.detail)
      }
      this.#takeAll(stream.peer, toldBy?.(question.value) ?? [])
      const records = recordsThatFit(recordsFor(stream.peer, question.value), limits)
      await framed.write(encodeRecords(records))
      await stream.close()
    } catch (thrown) {
      stream.abort(`the exchange of ${what} failed`)
      this.#onFailure(stream.peer, thrown)
    }
  }

  #framed(stream: PeerStream): FramedStream {
    return new FramedStream(stream, { messageBytesMax: this.#init.limits.messageBytesMax })
  }

  /** How many of them were new. */
  #takeAll(from: DeviceId, records: readonly Uint8Array[]): number {
    const { take, what, log } = this.#init
    let taken = 0
    try {
      for (const record of records) {
        const outcome = take(record)
        if (outcome === 'taken') taken++
        else if (outcome !== 'old')
          log.debug({ device: from }, `of the ${what} of a peer one is not taken: ${outcome.refused}`)
      }
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      // They are asked for again.
      log.warn({ code: thrown.code }, `${what} of a peer can not be kept: ${thrown.message}`)
    }
    return taken
  }

  #onFailure(device: DeviceId, thrown: unknown): void {
    if (this.#stop.signal.aborted) return
    if (!(thrown instanceof AppError)) throw thrown
    this.#init.log.debug({ device }, `exchange of ${this.#init.what}: ${messageOf(thrown)}`)
  }
}

/** Runs of at most so many. */
export function batches<T>(all: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, at) =>
    all.slice(at * most, (at + 1) * most)
  )
}
