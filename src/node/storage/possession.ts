/**
 * Proof of possession by random challenge: whoever has a version asks a holder for blocks of it that it draws at
 * random, and holds the answer against its own. The protocol is /peerage/possession/1, one question and one answer
 * over a stream of its own (possession-messages.ts).
 *
 * Each piece is equally likely to be drawn, and so is each block of it. Of a copy that lacks a share s of its pieces
 * a challenge of n finds that with 1 - (1 - s)^n: a half of it nearly always, a hundredth with 15 of a hundred; so
 * copies are challenged again and again. The holder reads from its disk. One that fetches the blocks from elsewhere
 * to answer passes: it pays for that each time.
 *
 * A copy of the challenger that is damaged itself proves nothing against anybody: what it compares with is held
 * against the hash of the piece first.
 */

import { randomInt } from 'node:crypto'
import { equalBytes } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, type PieceIndex, pieceIndex, type VersionId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { LEAF_BYTES, leafCountOf } from '../../content/merkle.ts'
import { pieceSpan } from '../../content/version.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Holding } from '../../store/store.ts'
import type { Log } from '../log.ts'
import { answerOnce, askAndRead, type QuestionTerms } from '../transport/one-question.ts'
import { QuestionBudget } from '../transport/question-budget.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import { soundLeaves } from './piece-check.ts'
import {
  ANSWER_BYTES_MAX,
  type AskedBlock,
  BLOCKS_MAX,
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
  type PossessionAnswer,
  type PossessionQuestion,
  QUESTION_BYTES_MAX
} from './possession-messages.ts'

export const POSSESSION_PROTOCOL = '/peerage/possession/1'

const TERMS: QuestionTerms = {
  protocol: POSSESSION_PROTOCOL,
  questionBytesMax: QUESTION_BYTES_MAX,
  answerBytesMax: ANSWER_BYTES_MAX,
  timeoutMs: 30 * SECOND_MS
}
const STREAMS_PER_PEER_MAX = 2
/** Questions of one peer in a minute that are answered; each costs some reads. */
const QUESTIONS_PER_MINUTE_MAX = 120
const HASH_BYTES = 32

export type PossessionOutcome =
  | { readonly kind: 'proved' }
  /** It says so. */
  | { readonly kind: 'not-held' }
  /** Some block that it sent is not the version's. */
  | { readonly kind: 'wrong' }
  /** No answer, or none that can be judged: that proves nothing. */
  | { readonly kind: 'silent'; readonly detail: string }

export type BlocksOutcome =
  | { readonly kind: 'blocks'; readonly blocks: readonly Uint8Array[] }
  | Exclude<PossessionOutcome, { readonly kind: 'proved' }>

export interface PossessionInit {
  readonly transport: Transport
  /** What answers are read from: the copy that this device keeps for the org. */
  readonly kept: (version: VersionId) => Holding | undefined
  /** What answers of others are held against, wherever it is. */
  readonly known: (version: VersionId) => Holding | undefined
  readonly mayAsk: (device: DeviceId, version: VersionId) => boolean
  /** A whole number below `count`, each as likely. */
  readonly draw?: (count: number) => number
  readonly log: Log
}

export class Possession {
  readonly #init: PossessionInit
  readonly #asked = new QuestionBudget(QUESTIONS_PER_MINUTE_MAX)

  constructor(init: PossessionInit) {
    this.#init = init
    init.transport.handle(POSSESSION_PROTOCOL, stream => void this.#answer(stream), {
      streamsPerPeerMax: STREAMS_PER_PEER_MAX
    })
  }

  async challenge(device: DeviceId, version: VersionId): Promise<PossessionOutcome> {
    const holding = this.#init.known(version)
    if (holding === undefined) return silent('this device has nothing to compare with')
    const blocks = this.drawn(holding)
    const answer = await this.askBlocks(device, { version, blocks })
    return answer.kind === 'blocks' ? await this.#judge(holding, blocks, answer.blocks) : answer
  }

  /** Asks a holder for blocks; what it answers with is not judged. */
  async askBlocks(device: DeviceId, question: PossessionQuestion): Promise<BlocksOutcome> {
    const asked = { device, question: encodeQuestion(question) }
    const answered = await askAndRead(this.#init.transport, asked, { ...TERMS, decode: decodeAnswer })
    if (answered.kind === 'silent') return answered
    const blocks = answered.answer
    if (blocks === undefined) return { kind: 'not-held' }
    return blocks.length === question.blocks.length ? { kind: 'blocks', blocks } : { kind: 'wrong' }
  }

  /** Blocks of a version: each piece is equally likely, and each block of it. */
  drawn({ version }: Pick<Holding, 'version'>): AskedBlock[] {
    const { pieceCount } = version
    const draw = this.#init.draw ?? (count => randomInt(count))
    if (pieceCount === 0) return []
    return Array.from({ length: BLOCKS_MAX }, () => {
      const piece = pieceIndex(draw(pieceCount))
      return { piece, block: draw(leafCountOf(pieceSpan(version, piece).bytes)) }
    })
  }

  async #judge(
    holding: Holding,
    blocks: readonly AskedBlock[],
    answer: readonly Uint8Array[]
  ): Promise<PossessionOutcome> {
    const leaves = new Map<PieceIndex, Uint8Array | undefined>()
    for (const [at, { piece, block }] of blocks.entries()) {
      if (!leaves.has(piece)) leaves.set(piece, await soundLeaves(holding, piece))
      const own = leaves.get(piece)
      if (own === undefined) return silent('the copy of this device is not sound itself')
      const wanted = own.subarray(block * HASH_BYTES, (block + 1) * HASH_BYTES)
      if (!equalBytes(sha256(answer[at] ?? new Uint8Array(0)), wanted)) return { kind: 'wrong' }
    }
    return { kind: 'proved' }
  }

  async #answer(stream: PeerStream): Promise<void> {
    await answerOnce(stream, TERMS, {
      answer: async message => {
        const question = decodeQuestion(message)
        if (!question.ok) return `the question is ${question.reason}`
        if (!this.#mayAsk(stream.peer, question.value.version)) return 'not answered'
        return encodeAnswer(await this.#read(question.value))
      },
      onFailure: ({ message }) =>
        this.#init.log.debug({ device: stream.peer }, `asked to prove a copy: ${message}`)
    })
  }

  #mayAsk(device: DeviceId, version: VersionId): boolean {
    return this.#asked.takes(device) && this.#init.mayAsk(device, version)
  }

  async #read({ version, blocks }: PossessionQuestion): Promise<PossessionAnswer> {
    const holding = this.#init.kept(version)
    if (holding === undefined) return undefined
    const read: Uint8Array[] = []
    for (const { piece, block } of blocks) {
      if (piece >= holding.version.pieceCount || !holding.have.has(piece)) return undefined
      const begin = block * LEAF_BYTES
      const { bytes } = pieceSpan(holding.version, piece)
      if (begin >= bytes) return undefined
      try {
        read.push(await holding.read({ piece, begin, length: Math.min(LEAF_BYTES, bytes - begin) }))
      } catch (thrown) {
        // What the store has given up is not held; whatever else failed now says nothing about the copy.
        if (!(thrown instanceof AppError) || holding.have.has(piece)) throw thrown
        return undefined
      }
    }
    return read
  }
}

function silent(detail: string): { readonly kind: 'silent'; readonly detail: string } {
  return { kind: 'silent', detail }
}
