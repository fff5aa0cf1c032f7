/**
 * Tries several ways to reach one peer side by side (RFC 8305 in spirit): each attempt starts a moment after the one
 * before, or at once when that one failed; the first success wins and stops the rest.
 *
 * An attempt's signal never fires once it succeeded: @libp2p/tcp binds it to the socket for the socket's whole life.
 */

import { setTimeout as delay } from 'node:timers/promises'

export type Attempt<T> = (signal: AbortSignal) => Promise<T>

export interface RaceOptions<T> {
  readonly staggerMs: number
  readonly attemptTimeoutMs: number
  readonly signal: AbortSignal
  /** What to do with a success that came too late. */
  readonly discard: (late: T) => void
}

export type RaceOutcome<T> =
  | { readonly kind: 'won'; readonly value: T }
  | { readonly kind: 'lost'; readonly errors: readonly unknown[] }

export async function raceDials<T>(
  attempts: readonly Attempt<T>[],
  options: RaceOptions<T>
): Promise<RaceOutcome<T>> {
  const errors: unknown[] = []
  const over = new AbortController()
  const stop = AbortSignal.any([over.signal, options.signal])
  const running: Promise<void>[] = []
  let won: { value: T } | undefined
  for (const attempt of attempts) {
    if (stop.aborted) break
    const finished = runAttempt(attempt, stop, options.attemptTimeoutMs).then(
      value => {
        if (stop.aborted) return options.discard(value)
        won = { value }
        over.abort()
      },
      error => {
        errors.push(error)
      }
    )
    running.push(finished)
    await Promise.race([finished, delay(options.staggerMs)])
  }
  await Promise.all(running)
  return won === undefined ? { kind: 'lost', errors } : { kind: 'won', value: won.value }
}

async function runAttempt<T>(attempt: Attempt<T>, stop: AbortSignal, timeoutMs: number): Promise<T> {
  const own = new AbortController()
  const onStop = (): void => own.abort(stop.reason)
  stop.addEventListener('abort', onStop, { once: true })
  const timer = setTimeout(() => own.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  try {
    return await attempt(own.signal)
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', onStop)
  }
}
