/**
 * The admin API of a node on its local socket: the table of api/routes.ts over Fastify.
 *
 * It checks every request against the route's schema before the node sees it, answers every failure with an
 * `errorBody`, and never lets one caller hold up another. Closing it ends open streams with a NODE_DOWN line,
 * lets running requests finish for a bounded time, and removes what `listen` made.
 *
 * It is not a public listener: whoever can open the socket is the owner and may do everything.
 */

import { chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import process from 'node:process'
import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { type ErrorObject, fromErrorObject, toErrorObject } from '../../api/error.ts'
import {
  API_PREFIX,
  type BytesRoute,
  type EventRoute,
  type JsonRoute,
  NDJSON,
  ROUTES,
  type RouteInput,
  type RouteName
} from '../../api/routes.ts'
import { AssertionFailure, assert } from '../../base/assert.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { KIB } from '../../base/units.ts'
import type { NodeService } from '../../node/service.ts'
import {
  claimSocket,
  PRIVATE_FILE_MODE,
  removeEndpoint,
  type SocketHost,
  writeEndpoint
} from './admin-socket.ts'
import { eventStream, STREAM_TIMING, type StreamTiming } from './event-stream.ts'
import { createHandlers, type Handlers } from './handlers.ts'
import { type Failure, failureOf } from './http-status.ts'

const REQUEST_BODY_BYTES_MAX = 64 * KIB
/** A dataset name of four-byte characters, each byte percent-encoded. */
const PATH_PARAMETER_CHARACTERS_MAX = 2048
const DRAIN_MS = 5_000

export interface AdminLog {
  error(fields: object, message: string): void
}

export interface AdminServerOptions {
  readonly service: NodeService
  readonly log: AdminLog
  /** Told of every fault that nobody foresaw. By default, an assertion of ours that failed ends the process. */
  readonly onFault?: (thrown: unknown) => void
  /** Checks every answer against its schema; costs time, finds bugs. */
  readonly checkAnswers?: boolean
  readonly timing?: StreamTiming
  readonly drainMs?: number
}

export interface AdminServer {
  /** Listens for the owner of `home`, writes the endpoint file, and returns the path of the socket or pipe. */
  listen(home: string): Promise<string>
  close(): Promise<void>
}

export function socketHost(): SocketHost {
  return {
    platform: process.platform,
    runtimeFolder: process.env.XDG_RUNTIME_DIR || undefined,
    temporaryFolder: tmpdir(),
    uid: process.getuid?.()
  }
}

function parseInput<Name extends RouteName>(name: Name, request: FastifyRequest): RouteInput<Name> {
  const { params, body, query } = request
  const rest = request.method === 'GET' ? query : (body ?? {})
  if (typeof rest !== 'object' || rest === null || Array.isArray(rest))
    throw new AppError('USAGE', `the request ${name} is malformed: its body is not a JSON object`)
  // The path wins: a body can not smuggle in another name than the one in the address.
  const parsed = ROUTES[name].input.safeParse({ ...rest, ...(params as object) })
  // The compiler forgets which route the schema is of.
  if (parsed.success) return parsed.data as RouteInput<Name>
  const issues = parsed.error.issues.map(({ path, message }) => {
    const where = path.join('.')
    return where === '' ? message : `${where}: ${message}`
  })
  throw new AppError('USAGE', `the request ${name} is malformed: ${issues.join('; ')}`, {
    details: { route: name, issues }
  })
}

function crashOnBug(thrown: unknown): void {
  if (!(thrown instanceof AssertionFailure)) return
  // Outside the request, where nothing catches it; the caller still gets its answer.
  setImmediate(() => {
    throw thrown
  })
}

function keysOf<T extends object>(record: T): (keyof T)[] {
  return Object.keys(record) as (keyof T)[]
}

class HttpAdminServer implements AdminServer {
  readonly #app: FastifyInstance
  readonly #handlers: Handlers
  readonly #options: AdminServerOptions
  readonly #closing = new AbortController()
  #listening: { readonly home: string; readonly path: string } | undefined

  constructor(options: AdminServerOptions) {
    this.#options = options
    this.#handlers = createHandlers(options.service)
    this.#app = Fastify({
      bodyLimit: REQUEST_BODY_BYTES_MAX,
      routerOptions: { maxParamLength: PATH_PARAMETER_CHARACTERS_MAX },
      // A HEAD of an event stream would start its task.
      exposeHeadRoutes: false,
      forceCloseConnections: 'idle'
    })
    this.#app.setErrorHandler((thrown, request, reply) => {
      const { status, error } = this.#failure(thrown, request.url)
      return reply.status(status).send({ error: toErrorObject(error) })
    })
    this.#app.setNotFoundHandler((request, reply) => {
      const message = `the admin API has no ${request.method} ${request.url}; its routes lie under ${API_PREFIX}`
      return reply.status(404).send({ error: toErrorObject(new AppError('USAGE', message)) })
    })
    for (const name of keysOf(this.#handlers.json)) this.#routeJson(name)
    for (const name of keysOf(this.#handlers.events)) this.#routeEvents(name)
    for (const name of keysOf(this.#handlers.bytes)) this.#routeBytes(name)
  }

  async listen(home: string): Promise<string> {
    assert(this.#listening === undefined, 'an admin server listens once')
    const host = socketHost()
    const path = await claimSocket(home, host)
    this.#listening = { home, path }
    try {
      await this.#app.listen({ path })
      if (host.platform !== 'win32') await chmod(path, PRIVATE_FILE_MODE)
      await writeEndpoint(home, { v: 1, socket: path, pid: process.pid })
    } catch (error) {
      await this.close()
      throw new AppError('LISTEN_FAILED', `can not listen on the admin socket ${path}: ${messageOf(error)}`, {
        details: { path },
        cause: error
      })
    }
    return path
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const listening = this.#listening
    this.#listening = undefined
    if (listening !== undefined) await removeEndpoint(listening.home, process.pid)
    const cutOff = setTimeout(() => this.#app.server.closeAllConnections(), this.#options.drainMs ?? DRAIN_MS)
    await this.#app.close()
    clearTimeout(cutOff)
  }

  #routeJson<Name extends JsonRoute>(name: Name): void {
    const { method, path: url, output } = ROUTES[name]
    const handle = this.#handlers.json[name]
    this.#app.route({
      method,
      url,
      handler: async request => this.#checked(name, output, await handle(parseInput(name, request)))
    })
  }

  #routeBytes<Name extends BytesRoute>(name: Name): void {
    const { method, path: url, contentType } = ROUTES[name]
    const handle = this.#handlers.bytes[name]
    this.#app.route({
      method,
      url,
      handler: async (request, reply) => {
        const bytes = await handle(parseInput(name, request))
        return reply.type(contentType).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      }
    })
  }

  #routeEvents<Name extends EventRoute>(name: Name): void {
    const { method, path: url, output } = ROUTES[name]
    const handle = this.#handlers.events[name]
    this.#app.route({
      method,
      url,
      handler: async (request, reply) => {
        const checked = parseInput(name, request)
        const events = eventStream({
          run: task => handle(checked, task),
          signal: AbortSignal.any([leaving(reply), this.#closing.signal]),
          timing: this.#options.timing ?? STREAM_TIMING,
          describe: thrown => toErrorObject(this.#failure(thrown, request.url).error)
        })
        // A task that fails before its first line gets an HTTP status of its own.
        const first = await events.next()
        if (first.done !== true && first.value.type === 'error') throw fromErrorObject(first.value.error)
        return reply.type(NDJSON).send(Readable.from(this.#lines(name, output, first, events)))
      }
    })
  }

  async *#lines<Event>(
    name: RouteName,
    schema: z.ZodType,
    first: IteratorResult<Event, void>,
    rest: AsyncGenerator<Event, void>
  ): AsyncGenerator<string, void> {
    const line = (event: unknown): string => `${JSON.stringify(this.#checked(name, schema, event))}\n`
    let settled = false
    for (let next = first; next.done !== true; next = await rest.next()) {
      yield line(next.value)
      settled = isLast(next.value)
    }
    if (!settled && this.#closing.signal.aborted) yield line({ type: 'error', error: this.#shuttingDown() })
  }

  #shuttingDown(): ErrorObject {
    const message =
      'the node is shutting down; transfers go on when it runs again, start other commands again then'
    return toErrorObject(new AppError('NODE_DOWN', message))
  }

  #failure(thrown: unknown, url: string): Failure {
    const failure = failureOf(thrown)
    if (failure.fault !== undefined) {
      this.#options.log.error({ err: failure.fault, url }, 'a request met a fault')
      const onFault = this.#options.onFault ?? crashOnBug
      onFault(failure.fault)
    }
    return failure
  }

  #checked(name: RouteName, schema: z.ZodType, answer: unknown): unknown {
    if (this.#options.checkAnswers !== true) return answer
    const parsed = schema.safeParse(answer)
    assert(parsed.success, `the answer to ${name} has its documented shape: ${parsed.error?.message}`)
    return answer
  }
}

function isLast(event: unknown): boolean {
  return (
    typeof event === 'object' &&
    event !== null &&
    'type' in event &&
    (event.type === 'result' || event.type === 'error')
  )
}

/** Fires when the connection goes, also after an answer that was complete. */
function leaving(reply: FastifyReply): AbortSignal {
  const left = new AbortController()
  reply.raw.once('close', () => left.abort())
  return left.signal
}

export function createAdminServer(options: AdminServerOptions): AdminServer {
  return new HttpAdminServer(options)
}
