/**
 * Ends what is being answered when whoever asked is signed in no more: streams and files can go on for hours, and who
 * calls is asked only once. It looks at all of them every `intervalMs`, and rests once there are none. One caller has
 * at most `eachMax` of them at once, so that none takes up what there is for all.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { assert } from '../../base/assert.ts'
import { AppError } from '../../base/errors.ts'
import { OpenCounts } from '../../base/open-counts.ts'
import { SECOND_MS } from '../../base/units.ts'
import { READINGS_MAX } from '../../node/contents/content-desk.ts'

const INTERVAL_MS = 2 * SECOND_MS
const EACH_MAX = 24
assert(EACH_MAX < READINGS_MAX, 'one caller leaves room for other readers of content')

export interface AccessWatchOptions {
  /** Whether who asked is signed in still; counts as no use. */
  readonly holds: (request: FastifyRequest) => boolean
  /** Who asked. */
  readonly nameOf: (request: FastifyRequest) => string
  readonly intervalMs?: number | undefined
  readonly eachMax?: number | undefined
}

interface Open {
  readonly ending: AbortController
  /** Gives its place back. */
  readonly over: () => void
}

export class AccessWatch {
  readonly #options: AccessWatchOptions
  readonly #open = new Map<FastifyRequest, Open>()
  readonly #counts = new OpenCounts<string>()
  /** Ended by the look that finds none: answers that follow each other would each begin and end one. */
  #timer: NodeJS.Timeout | undefined

  constructor(options: AccessWatchOptions) {
    this.#options = options
  }

  /** Fires at most once, before the answer has gone. Throws TOO_MANY_CALLS. */
  ended(request: FastifyRequest, reply: FastifyReply): AbortSignal {
    const { nameOf, eachMax = EACH_MAX } = this.#options
    const by = nameOf(request)
    if (this.#counts.of(by) >= eachMax)
      throw new AppError(
        'TOO_MANY_CALLS',
        `${by} has ${eachMax} files or streams on their way already; wait for one to end`
      )
    // Whoever has gone already would stay here.
    if (reply.raw.destroyed) return AbortSignal.abort()
    const ending = new AbortController()
    this.#open.set(request, { ending, over: this.#counts.open(by) })
    reply.raw.once('close', () => this.#forget(request))
    this.#timer ??= setInterval(() => this.#look(), this.#options.intervalMs ?? INTERVAL_MS).unref()
    return ending.signal
  }

  #look(): void {
    if (this.#open.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    for (const [request, { ending }] of this.#open)
      if (!this.#options.holds(request)) {
        this.#forget(request)
        ending.abort()
      }
  }

  #forget(request: FastifyRequest): void {
    this.#open.get(request)?.over()
    this.#open.delete(request)
  }
}
