/**
 * Whether this device can be reached from elsewhere: peers are asked to connect to the addresses that it has stated.
 * The protocol is /peerage/reach/1, one question and one answer over a stream of its own (reach-messages.ts).
 *
 * Who answers connects only to addresses in the newest presence statement of who asks, which it would dial anyway, and
 * says nothing on the connection; so nobody can have it knock elsewhere than where the connector would. Questions are
 * counted for each device.
 */

import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { ADDRESSES_MAX, isAddress } from '../../ledger/encoding/names.ts'
import type { PresenceBoard } from '../ledger/presence-board.ts'
import type { Log } from '../log.ts'
import { answerOnce, askAndRead, type QuestionTerms } from '../transport/one-question.ts'
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

const TERMS: QuestionTerms = {
  protocol: REACH_PROTOCOL,
  questionBytesMax: QUESTION_BYTES_MAX,
  answerBytesMax: ANSWER_BYTES_MAX,
  timeoutMs: PROBE_TIMEOUT_MS + 5 * SECOND_MS
}
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
    const asked = { device, question: encodeQuestion() }
    const answered = await askAndRead(this.#init.transport, asked, { ...TERMS, decode: decodeAnswer })
    if (answered.kind === 'silent') return answered
    return { ...answered, aheadMs: answered.answer.timeMs - Date.now() }
  }

  async #answer(stream: PeerStream): Promise<void> {
    await answerOnce(stream, TERMS, {
      answer: async message => {
        const question = decodeQuestion(message)
        if (!question.ok) return `the question is ${question.reason}`
        if (!this.#asked.takes(stream.peer)) return 'asked too often'
        return encodeAnswer(await this.#found(stream.peer))
      },
      onFailure: ({ message }) =>
        this.#init.log.debug({ device: stream.peer }, `asked to connect: ${message}`)
    })
  }

  async #found(device: DeviceId): Promise<ReachAnswer> {
    const { transport, board } = this.#init
    const stated = (board.find(device)?.addresses ?? []).slice(0, ADDRESSES_MAX)
    const tried = await Promise.all(stated.map(async address => ({ address, reached: await probe(address) })))
    const seen = transport.peers().find(link => link.device === device)?.address ?? null
    // The time last: until then the other side waits for connections.
    return { tried, seenAddress: seen !== null && isAddress(seen) ? seen : null, timeMs: Date.now() }
  }
}
