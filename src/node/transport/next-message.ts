/** Reads one message where anything but a message or a clean end is a failure of the exchange. */

import { AppError } from '../../base/errors.ts'
import type { FramedStream } from './framed-stream.ts'

/** Undefined when the other side has ended. AppError PEER_UNREACHABLE or RECORD_INVALID. */
export async function nextMessage(
  framed: FramedStream,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal }
): Promise<Uint8Array | undefined> {
  const read = await framed.read(options)
  switch (read.kind) {
    case 'message':
      return read.bytes
    case 'end':
      return undefined
    case 'violation':
      throw new AppError('RECORD_INVALID', `the peer broke the framing of its messages: ${read.detail}`)
    case 'closed':
      throw new AppError('PEER_UNREACHABLE', `the peer closed the stream: ${read.reason.detail}`)
    case 'timeout':
      throw new AppError('PEER_UNREACHABLE', `the peer did not answer within ${options.timeoutMs} ms`)
  }
}
