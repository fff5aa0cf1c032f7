/**
 * Sends what is read of a file, part by part. The memory of a part is used again once the next is asked for, so that is
 * done when nobody has use for it any more: when it was handed to the system, or the connection is gone. A slow reader
 * so has a part in memory and what is read ahead of it, however much it asked for.
 */

import type { ServerResponse } from 'node:http'
import type { ContentParts } from '../../node/contents/content-terms.ts'

/**
 * After the head was written: the first part, and those after it. Cuts the connection off where they end with an error
 * or `signal` fires, for a part of what was announced is no answer.
 */
export async function sendParts(
  response: ServerResponse,
  { first, parts }: { readonly first: IteratorResult<Uint8Array, void>; readonly parts: ContentParts },
  signal: AbortSignal
): Promise<void> {
  const cutOff = (): void => void response.destroy()
  signal.addEventListener('abort', cutOff, { once: true })
  try {
    signal.throwIfAborted()
    for (let next = first; next.done !== true; next = await parts.next())
      if (!(await isSent(response, next.value))) return
    response.end()
  } catch {
    // Whoever reads knows why by other ways, or went away: the head has gone, and no word can follow it.
    response.destroy()
  } finally {
    signal.removeEventListener('abort', cutOff)
    await parts.return()
  }
}

/** False when it was not, and nothing will be. */
async function isSent(response: ServerResponse, part: Uint8Array): Promise<boolean> {
  if (response.destroyed) return false
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const gone = (): void => resolve(false)
  response.once('close', gone)
  response.write(part, error => resolve(error === null || error === undefined))
  const sent = await promise
  response.off('close', gone)
  return sent
}
