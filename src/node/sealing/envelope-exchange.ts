/**
 * Asks peers for envelopes, gives them ours, and tells them of new ones: /peerage/envelopes/1
 * (docs/protocol-sealing.md), one message each way (envelope-messages.ts). Whoever dialled a link asks when it is
 * there, and each asks one of its peers now and then. Of a version only who may hold it gets envelopes.
 */

import { equalBytes } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import {
  ASKS_MAX,
  decodeAnswer,
  decodeQuestion,
  type EnvelopeQuestion,
  encodeAnswer,
  encodeQuestion,
  MESSAGE_BYTES_MAX,
  thatFit
} from '../../ledger/sealing/envelope-messages.ts'
import type { EnvelopeRecord } from '../../ledger/sealing/envelope-record.ts'
import { randomLink } from '../ledger/record-exchange.ts'
import type { Log } from '../log.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { nextMessage } from '../transport/next-message.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import type { EnvelopeShelf } from './envelope-shelf.ts'

export const ENVELOPES_PROTOCOL = '/peerage/envelopes/1'

const TIMEOUT_MS = 20 * SECOND_MS
const PERIOD_MS = 30 * SECOND_MS
const STREAMS_PER_PEER_MAX = 4
/** Of one asking; a peer that always has something else is asked again only at the next. */
const ROUNDS_MAX = 16

export interface EnvelopeExchangeInit {
  readonly transport: Transport
  readonly shelf: EnvelopeShelf
  /** Of which versions this device wants envelopes. */
  readonly wanted: () => readonly VersionId[]
  /** Whether a device may be given, or keep, envelopes of a version. */
  readonly mayHold: (device: DeviceId, version: VersionId) => boolean
  readonly log: Log
}

export class EnvelopeExchange {
  readonly #init: EnvelopeExchangeInit
  readonly #stop = new AbortController()
  readonly #asking = new Map<DeviceId, Promise<void>>()
  #timer: NodeJS.Timeout | undefined

  constructor(init: EnvelopeExchangeInit) {
    this.#init = init
    init.transport.handle(ENVELOPES_PROTOCOL, stream => void this.#answer(stream), {
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
    const asking = this.#askAbout(device, this.#init.wanted()).finally(() => this.#asking.delete(device))
    this.#asking.set(device, asking)
    await asking
  }

  /** Tells the peers that may hold a version of a record that was made here. */
  tell({ version, record }: EnvelopeRecord): void {
    const { transport, mayHold } = this.#init
    for (const { device } of transport.peers())
      if (mayHold(device, version)) void this.#exchange(device, { asks: [], records: [record] })
  }

  async #askAbout(device: DeviceId, wanted: readonly VersionId[]): Promise<void> {
    const { shelf, mayHold } = this.#init
    const versions = wanted.filter(version => mayHold(device, version))
    for (let at = 0; at < versions.length; at += ASKS_MAX) {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const asks = versions
          .slice(at, at + ASKS_MAX)
          .map(version => ({ version, digest: shelf.digestOf(version) }))
        const answer = await this.#exchange(device, { asks, records: [] })
        if (answer === undefined) return
        if (this.#takeAll(device, answer) === 0) break
      }
    }
  }

  /** The records of the answer; undefined when there is none. */
  async #exchange(device: DeviceId, question: EnvelopeQuestion): Promise<readonly Uint8Array[] | undefined> {
    let stream: PeerStream | undefined
    try {
      const { signal } = this.#stop
      stream = await this.#init.transport.open(device, ENVELOPES_PROTOCOL, signal)
      const framed = new FramedStream(stream, { messageBytesMax: MESSAGE_BYTES_MAX })
      await framed.write(encodeQuestion(question))
      const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS, signal })
      if (message === undefined) return undefined
      const answer = decodeAnswer(message)
      if (answer.ok) return answer.value
      this.#init.log.warn({ device }, `envelopes of a peer: ${answer.detail}`)
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
      const framed = new FramedStream(stream, { messageBytesMax: MESSAGE_BYTES_MAX })
      const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS, signal: this.#stop.signal })
      if (message === undefined) return stream.abort('nothing was asked')
      const question = decodeQuestion(message)
      if (!question.ok) {
        this.#init.log.warn({ device: stream.peer }, `asked for envelopes: ${question.detail}`)
        return stream.abort(question.detail)
      }
      this.#takeAll(stream.peer, question.value.records)
      await framed.write(encodeAnswer(thatFit(this.#recordsFor(stream.peer, question.value))))
      await stream.close()
    } catch (thrown) {
      stream.abort('the exchange of envelopes failed')
      this.#onFailure(stream.peer, thrown)
    }
  }

  *#recordsFor(device: DeviceId, { asks }: EnvelopeQuestion): Generator<Uint8Array> {
    const { shelf, mayHold } = this.#init
    for (const { version, digest } of asks) {
      if (!shelf.has(version) || equalBytes(digest, shelf.digestOf(version))) continue
      if (!mayHold(device, version)) continue
      for (const { record } of shelf.recordsOf(version)) yield record
    }
  }

  #takeAll(from: DeviceId, records: readonly Uint8Array[]): number {
    const { shelf, log } = this.#init
    let taken = 0
    for (const record of records) {
      const outcome = shelf.take(record)
      if (outcome === 'taken') taken++
      else if (outcome !== 'known' && outcome !== 'older')
        log.debug({ device: from }, `an envelope of a peer is not taken: ${outcome}`)
    }
    return taken
  }

  #onFailure(device: DeviceId, thrown: unknown): void {
    if (this.#stop.signal.aborted) return
    if (!(thrown instanceof AppError)) throw thrown
    this.#init.log.debug({ device }, `exchange of envelopes: ${messageOf(thrown)}`)
  }
}
