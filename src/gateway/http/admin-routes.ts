/**
 * The table of api/routes.ts as routes of a Fastify server: every request is checked against its schema before the node
 * sees it, every failure is answered with an `errorBody`, and no caller holds up another.
 *
 * Who calls is asked first, and whether it has the scope of the route; what a caller may not do is answered before its
 * input is looked at.
 */

import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { type ErrorObject, fromErrorObject, toErrorObject } from '../../api/error.ts'
import { FRESH_ROUTES } from '../../api/fresh-routes.ts'
import { issueSentence, issueText } from '../../api/issue-text.ts'
import { fileKeys } from '../../api/named-files.ts'
import { ROUTE_NOTES } from '../../api/route-notes.ts'
import { type CallObject, objectOf } from '../../api/route-objects.ts'
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
import { AppError } from '../../base/errors.ts'
import { KIB, SECOND_MS } from '../../base/units.ts'
import { requireApart } from '../../node/home-guard.ts'
import type { MeasuredCall } from '../metrics/exposition.ts'
import { traceCalls } from './call-spans.ts'
import { type Caller, requireFresh, requireScope } from './caller.ts'
import { eventStream, STREAM_TIMING, type StreamTiming } from './event-stream.ts'
import type { Handlers } from './handlers.ts'
import { type Failure, failureOf } from './http-status.ts'
import { openApi } from './openapi.ts'

/** What servers of the API have in common. */
export const SERVER_OPTIONS = {
  bodyLimit: 64 * KIB,
  // A dataset name of four-byte characters, each byte percent-encoded.
  routerOptions: { maxParamLength: 2048 },
  // A HEAD of an event stream would start its task.
  exposeHeadRoutes: false,
  forceCloseConnections: 'idle',
  // Of an address that can not be read at all, which comes to no route and no hook.
  frameworkErrors: (thrown: Error, _: FastifyRequest, reply: FastifyReply) => {
    const { status, error } = failureOf(thrown)
    void reply.status(status).send({ error: toErrorObject(error) })
  }
} as const

/** Files that are read for a setting: the owner of the node may keep them in its home. */
const OF_SETTINGS: readonly string[] = ['secretFile', 'tokenFile', 'caFile']

const STATUS_REFUSED: readonly number[] = [401, 403, 429]

export interface AdminLog {
  error(fields: object, message: string): void
}

export interface AdminRoutesOptions {
  readonly handlers: Handlers
  /** Of the node: no file or folder that a caller names lies in it or around it, but what OF_SETTINGS says. */
  readonly home: string
  /** Who calls; throws AppError for who may not call at all. */
  readonly callerOf: (request: FastifyRequest) => Caller
  readonly software: string
  readonly log: AdminLog
  /** Told of every fault that nobody foresaw. By default, an assertion of ours that failed ends the process. */
  readonly onFault?: ((thrown: unknown) => void) | undefined
  /** Checks every answer against its schema; costs time, finds bugs. */
  readonly checkAnswers?: boolean | undefined
  readonly timing?: StreamTiming | undefined
  /** Told of every call that was answered. */
  readonly measure?: ((call: MeasuredCall) => void) | undefined
  /** Told what a call is about, before anything is done. */
  readonly about?: ((request: FastifyRequest, object: CallObject) => Promise<void>) | undefined
  /** Ends streams that are open. */
  readonly closing: AbortSignal
  /** Ends one of them, when who asked is signed in no more; by default none. */
  readonly ended?: ((request: FastifyRequest, reply: FastifyReply) => AbortSignal) | undefined
}

function parseInput<Name extends RouteName>(name: Name, request: FastifyRequest): RouteInput<Name> {
  const { params, body, query } = request
  const rest = request.method === 'GET' ? query : (body ?? {})
  if (typeof rest !== 'object' || rest === null || Array.isArray(rest))
    throw new AppError('USAGE', `the request ${name} is malformed: its body is not a JSON object`)
  // The path wins: a body can not smuggle in another name than the one in the address.
  const given = { ...rest, ...(params as object) }
  const parsed = ROUTES[name].input.safeParse(given, { error: issueText })
  // The compiler forgets which route the schema is of.
  if (parsed.success) return parsed.data as RouteInput<Name>
  const issues = parsed.error.issues.map(issue => issueSentence(issue, given))
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

export class AdminRoutes {
  readonly #app: FastifyInstance
  readonly #options: AdminRoutesOptions

  constructor(app: FastifyInstance, options: AdminRoutesOptions) {
    this.#app = app
    this.#options = options
    app.setErrorHandler((thrown, request, reply) => {
      const { status, error } = this.#failure(thrown, request.url)
      return reply.status(status).send({ error: toErrorObject(error) })
    })
    traceCalls(app, answeredOf)
    app.addHook('onResponse', async (request, reply) =>
      options.measure?.({ ...answeredOf(request, reply), seconds: reply.elapsedTime / SECOND_MS })
    )
    app.setNotFoundHandler((request, reply) => {
      const message = `the admin API has no ${request.method} ${request.url}; its routes lie under ${API_PREFIX}`
      return reply.status(404).send({ error: toErrorObject(new AppError('USAGE', message)) })
    })
    const { handlers } = options
    for (const name of keysOf(handlers.json)) this.#routeJson(name)
    for (const name of keysOf(handlers.events)) this.#routeEvents(name)
    for (const name of keysOf(handlers.bytes)) this.#routeBytes(name)
    // Made when it is asked for first: that takes a fifth of the time in which a node starts.
    let document: string | undefined
    app.get('/openapi.json', async (_, reply) => {
      document ??= JSON.stringify(openApi(options.software))
      return reply.type('application/json').send(document)
    })
  }

  async #input<Name extends RouteName>(
    name: Name,
    request: FastifyRequest
  ): Promise<[RouteInput<Name>, Caller]> {
    const { callerOf, home } = this.#options
    const caller = callerOf(request)
    requireScope(caller, ROUTE_NOTES[name][0])
    if (FRESH_ROUTES.has(name)) requireFresh(caller)
    const input = parseInput(name, request)
    const object = objectOf(name, input)
    if (object !== null) await this.#options.about?.(request, object)
    for (const key of fileKeys(name)) {
      const path: unknown = Reflect.get(input, key)
      if (typeof path !== 'string' || (caller.kind === 'owner' && OF_SETTINGS.includes(key))) continue
      await requireApart(home, path)
    }
    return [input, caller]
  }

  #routeJson<Name extends JsonRoute>(name: Name): void {
    const { method, path: url, output } = ROUTES[name]
    const handle = this.#options.handlers.json[name]
    this.#app.route({
      method,
      url,
      config: { route: name },
      handler: async request => {
        const answer = await handle(...(await this.#input(name, request)))
        // An answer may have been waited for, by somebody who may hear it no more.
        if (method === 'GET') this.#options.callerOf(request)
        return this.#checked(name, output, answer)
      }
    })
  }

  #routeBytes<Name extends BytesRoute>(name: Name): void {
    const { method, path: url, contentType } = ROUTES[name]
    const handle = this.#options.handlers.bytes[name]
    this.#app.route({
      method,
      url,
      config: { route: name },
      handler: async (request, reply) => {
        const [checked] = await this.#input(name, request)
        const answer = await handle(checked, request.headers.accept)
        const { bytes, contentType: chosen } =
          answer instanceof Uint8Array ? { bytes: answer, contentType } : answer
        return reply.type(chosen).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      }
    })
  }

  #routeEvents<Name extends EventRoute>(name: Name): void {
    const { method, path: url, output } = ROUTES[name]
    const handle = this.#options.handlers.events[name]
    this.#app.route({
      method,
      url,
      config: { route: name },
      handler: async (request, reply) => {
        const left = leaving(reply)
        const [checked] = await this.#input(name, request)
        const ended = this.#options.ended?.(request, reply) ?? new AbortController().signal
        const events = eventStream({
          run: task => handle(checked, task),
          signal: AbortSignal.any([left, this.#options.closing, ended]),
          timing: this.#options.timing ?? STREAM_TIMING,
          describe: thrown => toErrorObject(this.#failure(thrown, request.url).error)
        })
        // A task that fails before its first line gets an HTTP status of its own.
        const first = await events.next()
        if (first.done !== true && first.value.type === 'error') throw fromErrorObject(first.value.error)
        return reply
          .type(NDJSON)
          .send(Readable.from(this.#lines({ name, schema: output, ended }, first, events)))
      }
    })
  }

  async *#lines<Event>(
    {
      name,
      schema,
      ended
    }: { readonly name: RouteName; readonly schema: z.ZodType; readonly ended: AbortSignal },
    first: IteratorResult<Event, void>,
    rest: AsyncGenerator<Event, void>
  ): AsyncGenerator<string, void> {
    const line = (event: unknown): string => `${JSON.stringify(this.#checked(name, schema, event))}\n`
    let settled = false
    for (let next = first; next.done !== true; next = await rest.next()) {
      yield line(next.value)
      settled = isLast(next.value)
    }
    if (settled) return
    if (this.#options.closing.aborted) yield line({ type: 'error', error: this.#shuttingDown() })
    else if (ended.aborted) yield line({ type: 'error', error: toErrorObject(signedOut()) })
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

export function signedOut(): AppError {
  return new AppError('NOT_SIGNED_IN', 'the session or token has ended, and with it what it was asking for')
}

function isLast(event: unknown): boolean {
  return (
    typeof event === 'object' &&
    event !== null &&
    'type' in event &&
    (event.type === 'result' || event.type === 'error')
  )
}

/** Which route was called, by its name in the table, and how that went. */
export function answeredOf(
  request: FastifyRequest,
  { statusCode }: FastifyReply
): Pick<MeasuredCall, 'route' | 'outcome'> {
  const { route = 'unknown' } = request.routeOptions.config as { readonly route?: string }
  const isRefused = STATUS_REFUSED.includes(statusCode)
  return { route, outcome: statusCode < 400 ? 'done' : isRefused ? 'refused' : 'failed' }
}

/** Fires when the connection goes, also after an answer that was complete. */
function leaving(reply: FastifyReply): AbortSignal {
  const left = new AbortController()
  reply.raw.once('close', () => left.abort())
  return left.signal
}
