/**
 * What is to be on disk, and waits there while it can not be: when the disk has no room, the node goes on with what it
 * holds in memory, says so, and tries again and again.
 */

import { AppError } from '../base/errors.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Log } from './log.ts'
import type { Problem } from './service-words.ts'

const AGAIN_MS = 10 * SECOND_MS

export interface OwedWritingInit {
  /** Writes all that is owed. Throws AppError when that can not be; then all of it is owed still. */
  readonly write: () => void
  /** For messages: what it is. */
  readonly what: string
  readonly log: Log
}

export class OwedWriting {
  readonly #init: OwedWritingInit
  /** Why what is owed is not on disk. */
  #fault: AppError | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(init: OwedWritingInit) {
    this.#init = init
  }

  /** At the latest after so long, together with what is owed until then. */
  within(ms: number): void {
    this.#timer ??= setTimeout(() => this.#try(), ms).unref()
  }

  /** At once; and where that could not be, when it is tried again: all that is owed is written each time. */
  now(): void {
    if (this.#fault === undefined) this.#try()
  }

  /** Tries once more, and never again. */
  close(): void {
    this.#try()
    clearTimeout(this.#timer)
  }

  #try(): void {
    const { write, what, log } = this.#init
    clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      write()
      if (this.#fault !== undefined) log.info({}, `${what}: all of it is on disk again`)
      this.#fault = undefined
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      const { code, message } = thrown
      if (this.#fault?.code !== code) log.error({ code }, `${what}: not on disk, and tried again: ${message}`)
      this.#fault = thrown
      this.within(AGAIN_MS)
    }
  }

  problems(): Problem[] {
    if (this.#fault === undefined) return []
    const { code, message, details } = this.#fault
    const path = typeof details.path === 'string' ? details.path : null
    return [{ code, message: `${this.#init.what}: some of it is not on disk: ${message}`, path }]
  }
}
