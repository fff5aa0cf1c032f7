/** Protocols of one question and one answer, over a stream of its own that ends with it. */

import { AppError } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
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
  try {
    const framed = new FramedStream(stream, {
      messageBytesMax: answerBytesMax,
      sentBytesMax: questionBytesMax
    })
    await framed.write(question)
    return await nextMessage(framed, { timeoutMs, signal: limited })
  } finally {
    await stream.close().catch(() => undefined)
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
