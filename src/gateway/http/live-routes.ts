/**
 * `GET /v1/live`: how things are, as server-sent events (WHATWG HTML, 9.2), for views that stay open. What is told when
 * is live-feed.ts's to say; here are the timer, which runs while somebody listens, and the connections.
 *
 * A listener that takes nothing is sent nothing more, and gets the newest when it takes again. Its sign-in is asked for
 * again before each event, so that one that has ended hears no more.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, messageOf } from '../../base/errors.ts'
import { OpenCounts } from '../../base/open-counts.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { NodeService } from '../../node/service.ts'
import { type Caller, requireScope } from './caller.ts'
import { type LiveEvent, LiveFeed } from './live-feed.ts'
import { takenReply } from './taken-reply.ts'

export const LIVE_PATH = '/v1/live'
const INTERVAL_MS = SECOND_MS
/** Browsers wait as long before they connect again. */
const RETRY_MS = 2 * SECOND_MS
/** A listener that takes nothing for as long is cut off. */
const STALLED_MS = 2 * MINUTE_MS
const LISTENERS_MAX = 200
/** Of one caller, so that none keeps others from listening. */
const LISTENERS_EACH_MAX = 40

export interface LiveRoutesOptions {
  readonly service: Pick<NodeService, 'activity'>
  readonly callerOf: (request: FastifyRequest) => Caller
  /** Whether who began to listen is signed in still. */
  readonly isSignedIn: (request: FastifyRequest) => boolean
  readonly log: { error(fields: object, message: string): void }
  readonly closing: AbortSignal
  /** Shortest time between two events of a part. */
  readonly intervalMs?: number
  readonly listenersMax?: number
  readonly listenersEachMax?: number
}

interface Listener {
  /** Gives its place back. */
  readonly over: () => void
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  lastId: number
  isBehind: boolean
}

export class LiveRoutes {
  readonly #options: LiveRoutesOptions
  readonly #feed = new LiveFeed()
  readonly #listeners = new Set<Listener>()
  readonly #counts = new OpenCounts<string>()
  /** Numbers of another run of the node mean nothing in this one. */
  readonly #run = Date.now().toString(36)
  #timer: NodeJS.Timeout | undefined

  constructor(app: FastifyInstance, options: LiveRoutesOptions) {
    this.#options = options
    app.get(LIVE_PATH, { config: { route: 'live' } }, async (request, reply) => {
      const caller = options.callerOf(request)
      requireScope(caller, 'watch')
      this.#requirePlace(caller)
      this.#open(caller, request, reply)
      await this.#look()
      return reply
    })
    options.closing.addEventListener('abort', () => {
      for (const listener of this.#listeners) this.#end(listener)
    })
  }

  #requirePlace({ id }: Caller): void {
    const { listenersMax = LISTENERS_MAX, listenersEachMax = LISTENERS_EACH_MAX } = this.#options
    if (this.#counts.of(id) >= listenersEachMax)
      throw new AppError(
        'TOO_MANY_CALLS',
        `${id} has ${listenersEachMax} live views of this node open already; close one, or ask GET /v1/activity now and then`
      )
    if (this.#listeners.size >= listenersMax)
      throw new AppError(
        'TOO_MANY_CALLS',
        `${listenersMax} live views of this node are open already; close one, or ask GET /v1/activity now and then`
      )
  }

  #open({ id: by }: Caller, request: FastifyRequest, reply: FastifyReply): void {
    const [run, id] = String(request.headers['last-event-id'] ?? '').split('-')
    const lastId = run === this.#run && /^\d{1,15}$/.test(id ?? '') ? Number(id) : 0
    const listener: Listener = { over: this.#counts.open(by), request, reply, lastId, isBehind: false }
    const response = takenReply(reply)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.setTimeout(STALLED_MS)
    response.write(`retry: ${RETRY_MS}\n\n`)
    response.once('close', () => this.#end(listener))
    response.on('drain', () => {
      listener.isBehind = false
      this.#send(listener)
    })
    this.#listeners.add(listener)
    this.#timer ??= setInterval(() => void this.#look(), this.#options.intervalMs ?? INTERVAL_MS)
  }

  async #look(): Promise<void> {
    try {
      this.#feed.take(await this.#options.service.activity(), performance.now())
    } catch (error) {
      this.#options.log.error({ error: messageOf(error) }, 'the live view could not be read')
    }
    for (const listener of this.#listeners) this.#send(listener)
  }

  #send(listener: Listener): void {
    if (listener.isBehind) return
    const events = this.#feed.since(listener.lastId)
    if (events.length === 0) return
    if (!this.#options.isSignedIn(listener.request)) {
      this.#end(listener)
      return
    }
    for (const event of events) {
      listener.lastId = event.id
      listener.isBehind = !listener.reply.raw.write(this.#lines(event))
    }
  }

  #lines({ id, part, data }: LiveEvent): string {
    return `id: ${this.#run}-${id}\nevent: ${part}\ndata: ${data}\n\n`
  }

  #end(listener: Listener): void {
    this.#listeners.delete(listener)
    listener.over()
    listener.reply.raw.end()
    if (this.#listeners.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
