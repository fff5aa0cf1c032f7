/**
 * The admin API from the caller's side, derived from the table of routes: it finds the node of a home folder,
 * sends requests over its socket, checks every answer against the route's schema, and turns every failure into
 * the AppError that the node meant.
 */

import { existsSync, readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { ENDPOINT_FILE, endpoint } from '../api/endpoint.ts'
import { errorBody, fromErrorObject } from '../api/error.ts'
import {
  type BytesRoute,
  type EventProgress,
  type EventResult,
  type EventRoute,
  type JsonOutput,
  type JsonRoute,
  pathKeys,
  ROUTES,
  type RouteArguments,
  type RouteName
} from '../api/routes.ts'
import { AppError, messageOf, systemCodeOf } from '../base/errors.ts'
import { formatBytes, formatDuration, MIB, SECOND_MS } from '../base/units.ts'
import { shellWord } from './text.ts'

/** The most that one answer, or one line of a stream, may hold. */
const ANSWER_BYTES_MAX = 64 * MIB
/** Several heartbeats of a stream, and more than any single request takes. */
const SILENCE_MAX_MS = 60 * SECOND_MS

export interface StreamOptions<Progress> {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly accept?: string | undefined
}

/** Renders the flat arguments of a route into path, query and body. */
export function toHttpRequest<Name extends RouteName>(name: Name, values: RouteArguments<Name>): HttpRequest {
  const route = ROUTES[name]
  const rest = new Map<string, unknown>(Object.entries(values))
  let path = route.path
  for (const key of pathKeys(route.path)) {
    path = path.replace(`:${key}`, encodeURIComponent(String(rest.get(key))))
    rest.delete(key)
  }
  if (route.method !== 'GET')
    return { method: route.method, path, body: JSON.stringify(Object.fromEntries(rest)) }
  const query = new URLSearchParams()
  for (const [key, value] of rest) if (value !== null && value !== undefined) query.set(key, String(value))
  return { method: route.method, path: query.size === 0 ? path : `${path}?${query}`, body: undefined }
}

export class AdminClient {
  readonly #home: string

  constructor(home: string) {
    this.#home = home
  }

  async call<Name extends JsonRoute>(name: Name, values: RouteArguments<Name>): Promise<JsonOutput<Name>> {
    const response = await this.#send(toHttpRequest(name, values))
    const text = (await this.#body(response)).toString('utf8')
    const parsed = ROUTES[name].output.safeParse(parseJson(text))
    if (!parsed.success) throw this.#garbled(`its answer to ${name}: ${parsed.error.issues[0]?.message}`)
    // The compiler forgets which route the schema is of.
    return parsed.data as JsonOutput<Name>
  }

  async bytes<Name extends BytesRoute>(
    name: Name,
    values: RouteArguments<Name>,
    { accept }: { readonly accept?: string } = {}
  ): Promise<Uint8Array> {
    return await this.#body(await this.#send({ ...toHttpRequest(name, values), accept }))
  }

  /** Resolves to the result of the task. An abort leaves the stream and rejects with INTERRUPTED. */
  async stream<Name extends EventRoute>(
    name: Name,
    values: RouteArguments<Name>,
    options: StreamOptions<EventProgress<Name>>
  ): Promise<EventResult<Name>> {
    const response = await this.#send(toHttpRequest(name, values), options.signal)
    for await (const line of this.#lines(response, options.signal)) {
      const parsed = ROUTES[name].output.safeParse(parseJson(line))
      if (!parsed.success) throw this.#garbled(`a line of ${name}: ${parsed.error.issues[0]?.message}`)
      const event = parsed.data
      if (event.type === 'error') throw fromErrorObject(event.error)
      if (event.type === 'progress') options.onProgress(event.progress as EventProgress<Name>)
      if (event.type === 'result') {
        response.destroy()
        return event.result as EventResult<Name>
      }
    }
    throw this.#down('it ended the answer too early')
  }

  async #send({ method, path, body, accept }: HttpRequest, signal?: AbortSignal): Promise<IncomingMessage> {
    const socketPath = this.#socketPath()
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = request({
        socketPath,
        method,
        path,
        agent: false,
        headers: accept === undefined ? {} : { accept },
        ...(signal === undefined ? {} : { signal })
      })
      call.setTimeout(SILENCE_MAX_MS, () => call.destroy(this.#silent()))
      call.on('response', resolve)
      call.on('error', error => reject(this.#failed(error, socketPath, signal)))
      if (body === undefined) call.end()
      else call.setHeader('content-type', 'application/json').end(body)
    })
    if (response.statusCode === 200) return response
    const parsed = errorBody.safeParse(parseJson((await this.#body(response)).toString('utf8')))
    if (!parsed.success) throw this.#garbled(`it answered with status ${response.statusCode}`)
    throw fromErrorObject(parsed.data.error)
  }

  async *#chunks(response: IncomingMessage, signal?: AbortSignal): AsyncGenerator<Buffer, void> {
    try {
      for await (const chunk of response) yield chunk
    } catch (error) {
      throw this.#failed(error, 'the connection', signal)
    }
  }

  async #body(response: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of this.#chunks(response)) {
      bytes += chunk.length
      if (bytes > ANSWER_BYTES_MAX) throw this.#tooLong()
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  async *#lines(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<string, void> {
    const LINE_FEED = 0x0a
    let pending: Buffer[] = []
    let pendingBytes = 0
    for await (const chunk of this.#chunks(response, signal)) {
      let start = 0
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
        yield Buffer.concat([...pending, chunk.subarray(start, end)]).toString('utf8')
        pending = []
        pendingBytes = 0
        start = end + 1
      }
      pending.push(chunk.subarray(start))
      pendingBytes += chunk.length - start
      if (pendingBytes > ANSWER_BYTES_MAX) throw this.#tooLong()
    }
  }

  #socketPath(): string {
    const path = join(this.#home, ENDPOINT_FILE)
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT')
        throw new AppError('HOME_CORRUPT', `can not read ${path}: ${messageOf(error)}`, { cause: error })
      if (existsSync(this.#home)) throw this.#down()
      throw new AppError(
        'HOME_MISSING',
        `there is no home folder ${this.#home}; run peerage init or peerage join first, or name another with --home`,
        { details: { home: this.#home } }
      )
    }
    const parsed = endpoint.safeParse(parseJson(text))
    if (parsed.success) return parsed.data.socket
    throw new AppError('HOME_CORRUPT', `the file ${path} is not one that this version of peerage wrote`, {
      details: { path }
    })
  }

  #failed(error: unknown, where: string, signal: AbortSignal | undefined): AppError {
    if (error instanceof AppError) return error
    if (signal?.aborted) return new AppError('INTERRUPTED', 'interrupted', { cause: error })
    const code = systemCodeOf(error)
    if (code === 'EACCES' || code === 'EPERM')
      return new AppError(
        'NOT_AUTHORISED',
        `can not open ${where}: the node belongs to another user; run the command as that user`,
        { details: { home: this.#home }, cause: error }
      )
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return this.#down()
    return this.#down(messageOf(error))
  }

  #down(why?: string): AppError {
    const start = `peerage up --home ${shellWord(this.#home)}`
    const message =
      why === undefined
        ? `no node is running on ${this.#home}; start it with: ${start}`
        : `the node on ${this.#home} went away (${why}); if it has stopped, start it with: ${start}`
    return new AppError('NODE_DOWN', message, { details: { home: this.#home } })
  }

  #silent(): AppError {
    return this.#down(`it was silent for ${formatDuration(SILENCE_MAX_MS)}`)
  }

  #tooLong(): AppError {
    return this.#garbled(`an answer has more than ${formatBytes(ANSWER_BYTES_MAX)}`)
  }

  #garbled(what: string): AppError {
    const message = `the node on ${this.#home} is not of this version of peerage, or faulty: ${what}`
    return new AppError('NODE_INTERNAL', message, { details: { home: this.#home } })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
