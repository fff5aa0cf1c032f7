/**
 * Virtual time that waits for promises. Between two events everything that the first one set going is run to its end,
 * continuations of promises included, so that code with `await` in it runs the same in every run.
 *
 * Whoever calls code of a node, or settles a promise, says so with `touched`: waiting for a turn of the real event loop
 * costs more than most events do, and those of the network alone need none.
 */

import { setImmediate as turn } from 'node:timers/promises'
import type { CancelTimer, Clock } from '../src/node/clock.ts'
import { VirtualTime } from '../src/swarm/virtual-time.conformance.ts'

/** What a simulated date begins with: 2026-01-01. */
const EPOCH_MS = 1_767_225_600_000

export class Engine {
  readonly #time = new VirtualTime()
  #isTouched = false
  /** Something that a rejected promise left behind; the run ends with it. */
  #failure: unknown
  eventCount = 0

  get nowMs(): number {
    return this.#time.nowMs
  }

  /** Code that may wait for promises was called, or one was settled. */
  touched(): void {
    this.#isTouched = true
  }

  at(atMs: number, run: () => void): void {
    this.#time.at(Math.max(atMs, this.#time.nowMs), run)
  }

  after(ms: number, run: () => void): void {
    this.at(this.#time.nowMs + ms, run)
  }

  /** Settles after a while. */
  pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.after(ms, () => {
        this.touched()
        resolve()
      })
    })
  }

  /** The clock of something that may end, or hang: once `isOver`, nothing of it is called any more. */
  clock(isOver: () => boolean, hangsForMs: () => number): Clock {
    const timer = (ms: number, run: () => void): CancelTimer => {
      let isCancelled = false
      const goOff = (): void => {
        if (isCancelled || isOver()) return
        const waitMs = hangsForMs()
        if (waitMs > 0) this.after(waitMs, goOff)
        else {
          this.touched()
          run()
        }
      }
      this.after(Math.max(0, ms), goOff)
      return () => {
        isCancelled = true
      }
    }
    return {
      nowMs: () => this.nowMs,
      epochMs: () => EPOCH_MS + Math.floor(this.nowMs),
      after: timer,
      every: (ms, run) => {
        let cancel: CancelTimer
        const again = (): void => {
          cancel = timer(ms, () => {
            again()
            run()
          })
        }
        again()
        return () => cancel()
      },
      soon: run => void timer(0, run)
    }
  }

  /**
   * Runs until `isDone`, or nothing is left, or the time is up. `afterEvent` is called after every event, when
   * nothing of it is under way any more. Throws what an event, or a promise that nobody waited for, threw.
   */
  async run(
    limitMs: number,
    { isDone, afterEvent }: { readonly isDone: () => boolean; readonly afterEvent?: () => void }
  ): Promise<void> {
    const onFailure = (failure: unknown): void => {
      this.#failure ??= failure
    }
    process.on('unhandledRejection', onFailure)
    try {
      await turn()
      while (this.#failure === undefined && this.#time.step(limitMs)) {
        this.eventCount++
        if (this.#isTouched) {
          this.#isTouched = false
          await turn()
        }
        afterEvent?.()
        if (isDone()) break
      }
    } finally {
      process.off('unhandledRejection', onFailure)
    }
    if (this.#failure !== undefined) throw this.#failure
  }
}
