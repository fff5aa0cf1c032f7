/**
 * Ends what is being answered when whoever asked is signed in no more: streams and files can go on for hours, and who
 * calls is asked only once. It looks at all of them every `intervalMs`, and rests once there are none.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { SECOND_MS } from '../../base/units.ts'

const INTERVAL_MS = 2 * SECOND_MS

export interface AccessWatchOptions {
  /** Whether who asked is signed in still; counts as no use. */
  readonly holds: (request: FastifyRequest) => boolean
  readonly intervalMs?: number | undefined
}

export class AccessWatch {
  readonly #options: AccessWatchOptions
  readonly #open = new Map<FastifyRequest, AbortController>()
  /** Ended by the look that finds none: answers that follow each other would each begin and end one. */
  #timer: NodeJS.Timeout | undefined

  constructor(options: AccessWatchOptions) {
    this.#options = options
  }

  /** Fires at most once, before the answer has gone. */
  ended(request: FastifyRequest, reply: FastifyReply): AbortSignal {
    const ending = new AbortController()
    this.#open.set(request, ending)
    reply.raw.once('close', () => this.#forget(request))
    this.#timer ??= setInterval(() => this.#look(), this.#options.intervalMs ?? INTERVAL_MS).unref()
    return ending.signal
  }

  #look(): void {
    if (this.#open.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    for (const [request, ending] of this.#open)
      if (!this.#options.holds(request)) {
        this.#forget(request)
        ending.abort()
      }
  }

  #forget(request: FastifyRequest): void {
    this.#open.delete(request)
  }
}
