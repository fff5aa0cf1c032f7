/**
 * What devices measured, told to each other: /peerage/figures/1, one question and one answer over a stream of its own
 * (figures-messages.ts). Any member may ask; who gave what to whom is told to those alone who may read the audit log.
 * Questions are counted for each device.
 */

import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
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
  type Figures,
  type FiguresQuestion,
  QUESTION_BYTES_MAX
} from './figures-messages.ts'

export const FIGURES_PROTOCOL = '/peerage/figures/1'

const TERMS: QuestionTerms = {
  protocol: FIGURES_PROTOCOL,
  questionBytesMax: QUESTION_BYTES_MAX,
  answerBytesMax: ANSWER_BYTES_MAX,
  timeoutMs: 8 * SECOND_MS
}
const STREAMS_PER_PEER_MAX = 2
export const QUESTIONS_PER_MINUTE_MAX = 20

export type FiguresOutcome =
  | { readonly kind: 'answered'; readonly figures: Figures }
  | { readonly kind: 'silent'; readonly detail: string }

export interface FigureDeskInit {
  readonly transport: Transport
  readonly figures: (
    question: FiguresQuestion,
    options: { readonly withReceipts: boolean }
  ) => Promise<Figures>
  readonly mayAudit: (device: DeviceId) => boolean
  readonly log: Log
}

export class FigureDesk {
  readonly #init: FigureDeskInit
  readonly #asked = new QuestionBudget(QUESTIONS_PER_MINUTE_MAX)

  constructor(init: FigureDeskInit) {
    this.#init = init
    init.transport.handle(FIGURES_PROTOCOL, stream => void this.#answer(stream), {
      streamsPerPeerMax: STREAMS_PER_PEER_MAX
    })
  }

  async ask(device: DeviceId, question: FiguresQuestion): Promise<FiguresOutcome> {
    const asked = { device, question: encodeQuestion(question) }
    const answered = await askAndRead(this.#init.transport, asked, { ...TERMS, decode: decodeAnswer })
    return answered.kind === 'silent' ? answered : { kind: 'answered', figures: answered.answer }
  }

  async #answer(stream: PeerStream): Promise<void> {
    await answerOnce(stream, TERMS, {
      answer: async message => {
        const question = decodeQuestion(message)
        if (!question.ok) return `the question is ${question.reason}`
        if (!this.#asked.takes(stream.peer)) return 'asked too often'
        const withReceipts = this.#init.mayAudit(stream.peer)
        return encodeAnswer(await this.#init.figures(question.value, { withReceipts }))
      },
      onFailure: ({ message }) =>
        this.#init.log.debug({ device: stream.peer }, `asked for figures: ${message}`)
    })
  }
}
