/**
 * The admin API over the network: the same routes as on the local socket, over TLS only, for callers that show a token.
 *
 * - Whoever shows none, or a wrong one, is told nothing but that; who guesses waits (sign-in-guard.ts).
 * - A caller gets so many calls a minute, streams and all.
 * - Every call, and every one that was refused, is in the audit log.
 * - No other site may read an answer (no CORS), frame it, or have a browser guess what it is. A token is shown in a
 *   header that no browser sends by itself, so no other site can call in somebody's name.
 */

import type { AddressInfo } from 'node:net'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { AppError, messageOf } from '../../base/errors.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { NodeService } from '../../node/service.ts'
import { Exposition } from '../metrics/exposition.ts'
import { AdminRoutes, type AdminRoutesOptions, answeredOf, SERVER_OPTIONS } from './admin-routes.ts'
import type { Caller } from './caller.ts'
import { ContentRoutes } from './content-routes.ts'
import { createHandlers } from './handlers.ts'
import { SignInGuard } from './sign-in-guard.ts'
import type { TokenBook } from './token-book.ts'
import type { WebCertificate } from './web-certificate.ts'

const CALLS_A_MINUTE_MAX = 1200
const DRAIN_MS = 5_000
const REQUEST_TIMEOUT_MS = 30 * SECOND_MS
const BEARER = /^Bearer ([\x21-\x7e]{1,200})$/

/** A use of the API, as the audit log has it. */
export interface ApiCall {
  readonly by: string
  readonly route: string
  readonly outcome: 'done' | 'refused' | 'failed'
}

export interface WebServerOptions
  extends Pick<AdminRoutesOptions, 'log' | 'onFault' | 'checkAnswers' | 'timing' | 'software'> {
  readonly service: NodeService
  readonly tokens: TokenBook
  /** One for all servers of a node; by default one of its own. */
  readonly exposition?: Exposition
  readonly certificate: WebCertificate
  readonly onCall: (call: ApiCall) => void
  readonly callsAMinuteMax?: number
  readonly drainMs?: number
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

export class WebServer {
  readonly #app: FastifyInstance
  readonly #options: WebServerOptions
  readonly #guard = new SignInGuard()
  readonly #callers = new WeakMap<FastifyRequest, Caller>()
  readonly #closing = new AbortController()

  private constructor(options: WebServerOptions) {
    this.#options = options
    const { cert, key } = options.certificate
    this.#app = Fastify({
      ...SERVER_OPTIONS,
      https: { cert, key, minVersion: 'TLSv1.3' },
      requestTimeout: REQUEST_TIMEOUT_MS
    })
  }

  static async create(options: WebServerOptions): Promise<WebServer> {
    const server = new WebServer(options)
    await server.#prepare()
    return server
  }

  /** Answers where it listens: a port of 0 is given by the system. */
  async listen({ host, port }: ListenAddress): Promise<ListenAddress> {
    try {
      await this.#app.listen({ host, port })
    } catch (cause) {
      await this.close()
      throw new AppError(
        'LISTEN_FAILED',
        `can not listen for the API on ${host} port ${port}: ${messageOf(cause)}`,
        {
          details: { host, port },
          cause
        }
      )
    }
    const bound = this.#app.server.address() as AddressInfo
    return { host: bound.address, port: bound.port }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const cutOff = setTimeout(() => this.#app.server.closeAllConnections(), this.#options.drainMs ?? DRAIN_MS)
    await this.#app.close()
    clearTimeout(cutOff)
  }

  async #prepare(): Promise<void> {
    const { service, tokens, software, onCall, callsAMinuteMax = CALLS_A_MINUTE_MAX } = this.#options
    const { exposition = Exposition.of(service, software) } = this.#options
    const app = this.#app
    await app.register(helmet, {
      contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
      strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false },
      referrerPolicy: { policy: 'no-referrer' }
    })
    // First who calls, so that callers are counted apart, and then how often.
    app.addHook('onRequest', async request => void this.#callers.set(request, this.#signIn(request)))
    await app.register(rateLimit, {
      ...{ max: callsAMinuteMax, timeWindow: MINUTE_MS, hook: 'onRequest' },
      keyGenerator: request => this.#callers.get(request)?.id ?? request.ip,
      errorResponseBuilder: (_, { after }) =>
        new AppError(
          'TOO_MANY_CALLS',
          `more than ${callsAMinuteMax} calls in a minute; try again in ${after}`
        )
    })
    app.addHook('onResponse', async (request, reply) => onCall(this.#callOf(request, reply)))
    const common = {
      callerOf: (request: FastifyRequest) => this.#callerOf(request),
      closing: this.#closing.signal
    }
    new AdminRoutes(app, {
      ...{ ...this.#options, ...common },
      handlers: createHandlers({ service, tokens, exposition }),
      measure: call => exposition.called(call)
    })
    new ContentRoutes(app, { service, ...common })
  }

  #signIn(request: FastifyRequest): Caller {
    const waitMs = this.#guard.waitMs(request.ip)
    if (waitMs > 0)
      throw new AppError(
        'TOO_MANY_CALLS',
        `too many wrong tokens came from ${request.ip}; try again in ${Math.ceil(waitMs / SECOND_MS)} s`
      )
    const [, shown] = BEARER.exec(request.headers.authorization ?? '') ?? []
    const caller = shown === undefined ? undefined : this.#options.tokens.callerOf(shown)
    if (caller !== undefined) return caller
    if (shown !== undefined) this.#guard.wrong(request.ip)
    throw new AppError(
      'NOT_SIGNED_IN',
      shown === undefined
        ? 'the API asks for a token: send Authorization: Bearer, with one of peerage token create'
        : 'this is no token of this node, or it has ended; peerage token create makes one'
    )
  }

  #callerOf(request: FastifyRequest): Caller {
    const caller = this.#callers.get(request)
    if (caller === undefined) throw new AppError('NOT_SIGNED_IN', 'the API asks for a token')
    return caller
  }

  #callOf(request: FastifyRequest, reply: FastifyReply): ApiCall {
    const by = this.#callers.get(request)?.id ?? `address ${request.ip}`
    return { by, ...answeredOf(request, reply) }
  }
}
