/**
 * Processors that the threads of a machine share: each piece of work of a thread waits for those before it, and for a
 * processor. A thread that has work left after a piece of it goes to the end of the queue.
 *
 * The laboratory runs all hosts on two processors; hosts of their own have enough of them each.
 */

import type { Engine } from './engine.ts'

interface Work {
  /** Asked when the work begins, so that what came meanwhile can be done with it. */
  readonly costMs: () => number
  readonly run: () => void
}

export class Processors {
  readonly engine: Engine
  readonly count: number
  readonly #ready: Thread[] = []
  #busy = 0
  /** Time that processors were at work. */
  busyMs = 0

  constructor(engine: Engine, count: number) {
    this.engine = engine
    this.count = count
  }

  thread(): Thread {
    return new Thread(this)
  }

  offer(thread: Thread): void {
    this.#ready.push(thread)
    this.#begin()
  }

  #begin(): void {
    while (this.#busy < this.count) {
      const thread = this.#ready.shift()
      if (thread === undefined) return
      this.#busy++
      const { costMs, run } = thread.take()
      this.busyMs += costMs
      this.engine.after(costMs, () => {
        this.#busy--
        run()
        thread.leave()
        this.#begin()
      })
    }
  }
}

export class Thread {
  readonly #processors: Processors
  readonly #work: Work[] = []
  #debtMs = 0
  #isQueued = false
  busyMs = 0

  constructor(processors: Processors) {
    this.#processors = processors
  }

  do(costMs: () => number, run: () => void): void {
    this.#work.push({ costMs, run })
    this.#queue()
  }

  /** Work so long that others have their turn while it is done. */
  doInSlices(ms: number, sliceMs: number, run: () => void): void {
    const slice = Math.min(ms, sliceMs)
    this.do(
      () => slice,
      () => {
        if (ms > slice) this.doInSlices(ms - slice, sliceMs, run)
        else run()
      }
    )
  }

  /** Work whose outcome nobody waits for, done with what comes next. */
  charge(ms: number): void {
    this.#debtMs += ms
    if (this.#debtMs > 0) this.#queue()
  }

  #queue(): void {
    if (this.#isQueued) return
    this.#isQueued = true
    this.#processors.offer(this)
  }

  /** For the processors. */
  take(): { costMs: number; run: () => void } {
    const work = this.#work.shift()
    const costMs = (work?.costMs() ?? 0) + this.#debtMs
    this.#debtMs = 0
    this.busyMs += costMs
    return { costMs, run: work?.run ?? (() => undefined) }
  }

  leave(): void {
    this.#isQueued = false
    if (this.#work.length > 0 || this.#debtMs > 0) this.#queue()
  }
}
