/**
 * A worker thread that answers each message with one message, in order. A worker answers expected failures as
 * data. If it throws, or ends by itself, that is our bug: every waiting call rejects and the process crashes,
 * because a store without its threads keeps no promise.
 */

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { assert, defined } from '../base/assert.ts'

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

export class WorkerThread<Request, Answer> {
  readonly #worker: Worker
  readonly #waiting: Waiting<Answer>[] = []
  #failure: Error | undefined
  #isTerminated = false

  /** `module` is the base name of a module beside `here`: .ts in a checkout, .js in the package. */
  constructor(module: string, workerData?: unknown, here = import.meta.url) {
    const url = new URL(`./${module}${extname(here)}`, here)
    // Descriptors are opened in one thread and closed in another: a thread's own account of them would be wrong.
    this.#worker = new Worker(url, { name: module, workerData, trackUnmanagedFds: false })
    this.#worker.on('message', (answer: Answer) => {
      defined(this.#waiting.shift(), 'a call that waits for this answer').resolve(answer)
      if (this.#waiting.length === 0) this.#worker.unref()
    })
    this.#worker.on('error', (error: unknown) => {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
      throw error
    })
    this.#worker.on('exit', code => {
      this.#fail(new Error(`the thread ${module} ended with code ${code}`))
      assert(this.#isTerminated, `the thread ${module} runs until it is told to end`)
    })
    this.#worker.unref()
  }

  /** Calls that were not answered yet. */
  get pending(): number {
    return this.#waiting.length
  }

  call(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      // A process with nothing else to do must not end while a call is under way.
      this.#worker.ref()
      this.#worker.postMessage(request, [...transfer])
    })
  }

  /** Stops the thread; calls under way reject. */
  async terminate(): Promise<void> {
    this.#isTerminated = true
    await this.#worker.terminate()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure)
  }
}
