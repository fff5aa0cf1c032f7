/** Protocols of one question and one answer, over a stream of its own that ends with it. */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import type { Outcome } from '../../ledger/encoding/outcome.ts'
import { FramedStream } from './framed-stream.ts'
import { nextMessage } from './next-message.ts'
import type { PeerStream, Transport } from './transport.ts'

export interface QuestionTerms {
  readonly protocol: string
  readonly questionBytesMax: number
  readonly answerBytesMax: number
  /** For the whole of it at who asks; for the question to come at who answers. */
  readonly timeoutMs: number
}

/** Undefined when the other side ended without an answer. Rejects with AppError, or DOMException when time is over. */
export async function askOnce(
  transport: Pick<Transport, 'open'>,
  { device, question, signal }: { device: DeviceId; question: Uint8Array; signal?: AbortSignal },
  { protocol, questionBytesMax, answerBytesMax, timeoutMs }: QuestionTerms
): Promise<Uint8Array | undefined> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const limited = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  const stream = await transport.open(device, protocol, limited)
  const framed = new FramedStream(stream, { messageBytesMax: answerBytesMax, sentBytesMax: questionBytesMax })
  try {
    await framed.write(question)
    return await nextMessage(framed, { timeoutMs, signal: limited })
  } finally {
    void framed.leave(signal)
  }
}

/** What came back, read; or why nothing came that can be read. */
export type Answered<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'silent'; readonly detail: string }

/** Asks as `askOnce` does, and reads the answer. Never rejects but for a bug of ours. */
export async function askAndRead<Answer>(
  transport: Pick<Transport, 'open'>,
  asked: { readonly device: DeviceId; readonly question: Uint8Array },
  terms: QuestionTerms & { readonly decode: (message: Uint8Array) => Outcome<Answer, string> }
): Promise<Answered<Answer>> {
  try {
    const message = await askOnce(transport, asked, terms)
    if (message === undefined) return { kind: 'silent', detail: 'it ended without an answer' }
    const read = terms.decode(message)
    if (!read.ok) return { kind: 'silent', detail: `its answer is ${read.reason}` }
    return { kind: 'answered', answer: read.value }
  } catch (thrown) {
    if (!(thrown instanceof AppError) && !(thrown instanceof DOMException)) throw thrown
    return { kind: 'silent', detail: messageOf(thrown) }
  }
}

/** `answer` gives what is sent, or as text why nothing is; what fails of the stream, or in it, is told to `onFailure`. */
export async function answerOnce(
  stream: PeerStream,
  { questionBytesMax, answerBytesMax, timeoutMs }: QuestionTerms,
  {
    answer,
    onFailure
  }: {
    readonly answer: (question: Uint8Array) => Promise<Uint8Array | string>
    readonly onFailure: (failure: AppError) => void
  }
): Promise<void> {
  try {
    const framed = new FramedStream(stream, {
      messageBytesMax: questionBytesMax,
      sentBytesMax: answerBytesMax
    })
    const question = await nextMessage(framed, { timeoutMs })
    if (question === undefined) return stream.abort('no question came')
    const answered = await answer(question)
    if (typeof answered === 'string') return stream.abort(answered)
    await framed.write(answered)
    await stream.close()
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    onFailure(thrown)
    stream.abort('the question was not answered')
  }
}
