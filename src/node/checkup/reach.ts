/**
 * Whether this device can be reached from elsewhere: peers are asked to connect to the addresses that it has stated.
 * The protocol is /peerage/reach/1, one question and one answer over a stream of its own (reach-messages.ts).
 *
 * Who answers connects only to addresses in the newest presence statement of who asks, which it would dial anyway, and
 * says nothing on the connection; so nobody can have it knock elsewhere than where the connector would. Questions are
 * counted for each device.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { ADDRESSES_MAX, isAddress } from '../../ledger/encoding/names.ts'
import type { PresenceBoard } from '../ledger/presence-board.ts'
import type { Log } from '../log.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { nextMessage } from '../transport/next-message.ts'
import { QuestionBudget } from '../transport/question-budget.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import {
  ANSWER_BYTES_MAX,
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
  QUESTION_BYTES_MAX,
  type ReachAnswer
} from './reach-messages.ts'
import { PROBE_TIMEOUT_MS, probe } from './tcp-probe.ts'

export const REACH_PROTOCOL = '/peerage/reach/1'

const TIMEOUT_MS = PROBE_TIMEOUT_MS + 5 * SECOND_MS
const STREAMS_PER_PEER_MAX = 1
const QUESTIONS_PER_MINUTE_MAX = 4

export type ReachOutcome =
  | {
      readonly kind: 'answered'
      readonly answer: ReachAnswer
      /** How far the clock of who answered is ahead of ours, or less by what the answer was under way. */
      readonly aheadMs: number
    }
  | { readonly kind: 'silent'; readonly detail: string }

export interface ReachInit {
  readonly transport: Transport
  readonly board: Pick<PresenceBoard, 'find'>
  readonly log: Log
}

export class Reach {
  readonly #init: ReachInit
  readonly #asked = new QuestionBudget(QUESTIONS_PER_MINUTE_MAX)

  constructor(init: ReachInit) {
    this.#init = init
    init.transport.handle(REACH_PROTOCOL, stream => void this.#answer(stream), {
      streamsPerPeerMax: STREAMS_PER_PEER_MAX
    })
  }

  /** Asks a linked peer to connect to this device. */
  async ask(device: DeviceId): Promise<ReachOutcome> {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    try {
      const stream = await this.#init.transport.open(device, REACH_PROTOCOL, signal)
      try {
        const framed = new FramedStream(stream, {
          messageBytesMax: ANSWER_BYTES_MAX,
          sentBytesMax: QUESTION_BYTES_MAX
        })
        await framed.write(encodeQuestion())
        const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS, signal })
        const receivedMs = Date.now()
        if (message === undefined) return { kind: 'silent', detail: 'it ended without an answer' }
        const answer = decodeAnswer(message)
        if (!answer.ok) return { kind: 'silent', detail: `its answer is ${answer.reason}` }
        return { kind: 'answered', answer: answer.value, aheadMs: answer.value.timeMs - receivedMs }
      } finally {
        await stream.close().catch(() => undefined)
      }
    } catch (thrown) {
      if (!(thrown instanceof AppError) && !(thrown instanceof DOMException)) throw thrown
      return { kind: 'silent', detail: messageOf(thrown) }
    }
  }

  async #answer(stream: PeerStream): Promise<void> {
    const { transport, board, log } = this.#init
    try {
      const framed = new FramedStream(stream, {
        messageBytesMax: QUESTION_BYTES_MAX,
        sentBytesMax: ANSWER_BYTES_MAX
      })
      const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS })
      if (message === undefined) return
      const question = decodeQuestion(message)
      if (!question.ok) return stream.abort(`the question is ${question.reason}`)
      if (!this.#asked.takes(stream.peer)) return stream.abort('asked too often')
      const stated = (board.find(stream.peer)?.addresses ?? []).slice(0, ADDRESSES_MAX)
      const tried = await Promise.all(
        stated.map(async address => ({ address, reached: await probe(address) }))
      )
      const seen = transport.peers().find(({ device }) => device === stream.peer)?.address ?? null
      // The time last: until then the other side waits for connections.
      const timeMs = Date.now()
      await framed.write(
        encodeAnswer({ timeMs, seenAddress: seen !== null && isAddress(seen) ? seen : null, tried })
      )
      await stream.close()
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      log.debug({ device: stream.peer }, `asked to connect: ${thrown.message}`)
      stream.abort('the question was not answered')
    }
  }
}
