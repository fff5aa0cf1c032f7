/** The first word that is said on a stream that was opened to us: that it is admitted, or why not. */

import type { Stream } from '@libp2p/interface'
import { SECOND_MS } from '../../base/units.ts'

/** How long a refused stream may stay before its opener takes note. */
const REFUSAL_LINGER_MS = 5 * SECOND_MS

/** False where the stream was over before anything could be said on it: a link can go at any time. */
export function sent(stream: Stream, bytes: Uint8Array): boolean {
  try {
    stream.send(bytes)
    return true
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'StreamStateError') throw thrown
    stream.abort(thrown)
    return false
  }
}

export function refuse(stream: Stream, answer: Uint8Array): void {
  if (!sent(stream, answer)) return
  stream.close().catch(() => undefined)
  const timer = setTimeout(() => stream.abort(new Error('refused')), REFUSAL_LINGER_MS)
  timer.unref()
  stream.addEventListener('close', () => clearTimeout(timer))
}
