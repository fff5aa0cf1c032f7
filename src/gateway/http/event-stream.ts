/**
 * Turns a long task into lines for a caller: progress is thinned out to the newest, a heartbeat fills long
 * silences, and exactly one result or error ends the stream.
 *
 * Leaving (the signal) calls the task off and ends the stream; whoever left gets no more lines. The task may
 * settle later: its outcome is dropped, and a task that ends badly because it was called off is no fault.
 */

import type { ErrorObject } from '../../api/error.ts'
import type { Task } from '../../node/service.ts'

export interface StreamTiming {
  /** Shortest time between two progress lines. */
  readonly progressIntervalMs: number
  /** Longest silence. */
  readonly heartbeatMs: number
}

export const STREAM_TIMING: StreamTiming = { progressIntervalMs: 100, heartbeatMs: 5_000 }

export type StreamEvent<Progress, Result> =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'result'; readonly result: Result }
  | { readonly type: 'error'; readonly error: ErrorObject }
  | { readonly type: 'heartbeat' }

/** Lets one waiter sleep until it is woken or a time has passed. A wake without a waiter is remembered. */
class Sleeper {
  #woken = false
  #wake: (() => void) | undefined

  wake(): void {
    this.#woken = true
    this.#wake?.()
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#woken)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    this.#woken = false
    this.#wake = undefined
  }
}

interface StreamOptions<Progress, Result> {
  readonly run: (task: Task<Progress>) => Promise<Result>
  readonly signal: AbortSignal
  readonly timing: StreamTiming
  /** Makes the last line of a task that failed. */
  readonly describe: (thrown: unknown) => ErrorObject
}

export async function* eventStream<Progress, Result>(
  options: StreamOptions<Progress, Result>
): AsyncGenerator<StreamEvent<Progress, Result>, void> {
  const { run, signal, timing, describe } = options
  const sleeper = new Sleeper()
  let newest: { readonly progress: Progress } | undefined
  let outcome: StreamEvent<Progress, Result> | undefined
  const onProgress = (progress: Progress): void => {
    if (newest === undefined) sleeper.wake()
    newest = { progress }
  }
  const onAbort = (): void => sleeper.wake()
  signal.addEventListener('abort', onAbort)
  run({ signal, onProgress }).then(
    result => {
      outcome = { type: 'result', result }
      sleeper.wake()
    },
    thrown => {
      if (!signal.aborted) outcome = { type: 'error', error: describe(thrown) }
      sleeper.wake()
    }
  )
  let progressAtMs = Number.NEGATIVE_INFINITY
  let lineAtMs = performance.now()
  try {
    while (!signal.aborted) {
      const nowMs = performance.now()
      if (
        newest !== undefined &&
        (outcome !== undefined || nowMs >= progressAtMs + timing.progressIntervalMs)
      ) {
        const { progress } = newest
        newest = undefined
        progressAtMs = nowMs
        lineAtMs = nowMs
        yield { type: 'progress', progress }
      } else if (outcome !== undefined) {
        yield outcome
        return
      } else if (nowMs >= lineAtMs + timing.heartbeatMs) {
        lineAtMs = nowMs
        yield { type: 'heartbeat' }
      } else {
        const dueMs =
          newest === undefined ? lineAtMs + timing.heartbeatMs : progressAtMs + timing.progressIntervalMs
        await sleeper.sleep(Math.max(1, dueMs - nowMs))
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
