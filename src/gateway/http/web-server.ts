/**
 * The admin API over the network: the same routes as on the local socket, over TLS only, for callers that show a
 * token and for people who signed in (session-routes.ts).
 *
 * Each request passes four questions, in this order: whether it is for a name of this node (own-site.ts), who calls
 * (sign-in.ts), whether that one calls too often, and whether it is signed in or the route is open (open-route.ts).
 *
 * - Whoever shows no token or a wrong one is told nothing but that; who guesses waits (sign-in-guard.ts).
 * - A caller gets so many calls a minute, streams and all; so does a host (base/ip-host.ts) without anybody signed in.
 * - Every call, and every one that was refused, is in the audit log.
 * - No other site may read an answer (no CORS), frame it, or have a browser guess what it is. A token is shown in a
 *   header that no browser sends by itself, and a cookie counts only for pages of this node; so no other site can
 *   call in somebody's name.
 */

import type { AddressInfo } from 'node:net'
import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { CallObject } from '../../api/route-objects.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { hostOfAddress } from '../../base/ip-host.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { NodeService } from '../../node/service.ts'
import { Exposition } from '../metrics/exposition.ts'
import { ProviderSignIn } from '../sign-in/provider-sign-in.ts'
import { SignInRoutes } from '../sign-in/sign-in-routes.ts'
import { AccessWatch } from './access-watch.ts'
import {
  AdminRoutes,
  type AdminRoutesOptions,
  answeredOf,
  SERVER_OPTIONS,
  signedOut
} from './admin-routes.ts'
import { accountCalls } from './call-account.ts'
import { CallObjects, type NamedObject } from './call-objects.ts'
import { type ConnectionLimits, shareConnections } from './connection-shares.ts'
import { ContentRoutes } from './content-routes.ts'
import { createHandlers } from './handlers.ts'
import { LiveRoutes } from './live-routes.ts'
import './open-route.ts'
import { OwnSite } from './own-site.ts'
import { addSecurityHeaders } from './security-headers.ts'
import { SessionBook } from './session-book.ts'
import { SessionRoutes } from './session-routes.ts'
import { type Identified, type Signed, SignIn } from './sign-in.ts'
import { StrangerNames } from './stranger-names.ts'
import type { TokenBook } from './token-book.ts'
import type { WebCertificate } from './web-certificate.ts'

const CALLS_A_MINUTE_MAX = 1200
const DRAIN_MS = 5_000
const REQUEST_TIMEOUT_MS = 30 * SECOND_MS
const HANDSHAKE_TIMEOUT_MS = 10 * SECOND_MS

/** A use of the API, as the audit log has it. */
export interface ApiCall extends NamedObject {
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
  /** One for all servers of a node; by default one of its own. */
  readonly sessions?: SessionBook
  /** Likewise. */
  readonly provider?: ProviderSignIn
  readonly certificate: WebCertificate
  /** What it is called besides what the certificate says. */
  readonly names?: readonly string[]
  /** Adds pages that strangers may see (open-route.ts). */
  readonly pages?: (app: FastifyInstance) => void | Promise<void>
  readonly onCall: (call: ApiCall) => void
  readonly callsAMinuteMax?: number
  readonly drainMs?: number
  /** How soon what is being answered ends after who asked was signed out. */
  readonly watchIntervalMs?: number
  readonly connections?: ConnectionLimits
  /** Files and streams that one caller may have on their way. */
  readonly openEachMax?: number
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

export class WebServer {
  readonly #app: FastifyInstance
  readonly #options: WebServerOptions
  readonly #site: OwnSite
  readonly #sessions: SessionBook
  readonly #identified = new WeakMap<FastifyRequest, Identified>()
  readonly #strangers = new StrangerNames()
  readonly #objects: CallObjects
  readonly #closing = new AbortController()

  private constructor(options: WebServerOptions) {
    this.#options = options
    const { cert, key } = options.certificate
    this.#site = new OwnSite({ cert, names: options.names ?? [] })
    this.#objects = new CallObjects(text => options.service.governance.deviceNamed(text))
    this.#sessions = options.sessions ?? new SessionBook(options.tokens)
    this.#app = Fastify({
      ...SERVER_OPTIONS,
      https: { cert, key, minVersion: 'TLSv1.3', handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
      requestTimeout: REQUEST_TIMEOUT_MS
    })
    shareConnections(this.#app.server, options.connections)
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
    this.#sessions.openAt(this.#site.addresses({ host, port: bound.port }))
    return { host: bound.address, port: bound.port }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const cutOff = setTimeout(() => this.#app.server.closeAllConnections(), this.#options.drainMs ?? DRAIN_MS)
    await this.#app.close()
    clearTimeout(cutOff)
  }

  async #prepare(): Promise<void> {
    const { service, tokens, software, onCall, callsAMinuteMax = CALLS_A_MINUTE_MAX, pages } = this.#options
    const [site, sessions] = [this.#site, this.#sessions]
    const { provider = new ProviderSignIn(tokens.home) } = this.#options
    const signIn = new SignIn({ tokens, sessions, site })
    const { watchIntervalMs: intervalMs } = this.#options
    const watch = new AccessWatch({
      holds: request => signIn.holds(request),
      nameOf: request => this.#requireSigned(request).caller.id,
      ...{ intervalMs, eachMax: this.#options.openEachMax }
    })
    const { exposition = Exposition.of(service, software) } = this.#options
    const app = this.#app
    addSecurityHeaders(app)
    await app.register(cookie)
    accountCalls(app, (request, reply) => {
      if (request.routeOptions.config.unaudited !== true) onCall(this.#callOf(request, reply))
    })
    // What is of one caller stays in no cache; routes that give files say otherwise.
    app.addHook('onRequest', async (_, reply) => void reply.header('cache-control', 'no-store'))
    // What it is called, who calls, how often, and only then whether it may: strangers are counted too.
    app.addHook('onRequest', async request => {
      site.requireHost(request.headers)
      this.#identified.set(request, signIn.identify(request))
    })
    await app.register(rateLimit, {
      ...{ global: false, max: callsAMinuteMax, timeWindow: MINUTE_MS },
      keyGenerator: request => this.#signed(request)?.caller.id ?? hostOfAddress(request.ip),
      errorResponseBuilder: (_, { after }) =>
        new AppError(
          'TOO_MANY_CALLS',
          `more than ${callsAMinuteMax} calls in a minute; try again in ${after}`
        )
    })
    // As a hook of the server: the plugin's own would be one of each route, after all of these, where no stranger comes.
    app.addHook('onRequest', app.rateLimit())
    app.addHook('onRequest', async request => {
      if (request.routeOptions.config.open !== true) this.#requireSigned(request)
    })
    const common = {
      callerOf: (request: FastifyRequest) => {
        const { caller } = this.#requireSigned(request)
        // Who calls was asked when its head came; the body, or what is answered, may have come much later.
        if (!signIn.holds(request)) throw signedOut()
        return caller
      },
      about: (request: FastifyRequest, object: CallObject) => this.#objects.note(request, object),
      closing: this.#closing.signal,
      ended: (request: FastifyRequest, reply: FastifyReply) => watch.ended(request, reply)
    }
    new AdminRoutes(app, {
      ...{ ...this.#options, ...common },
      home: tokens.home,
      handlers: createHandlers({ service, tokens, sessions, provider, exposition }),
      measure: call => exposition.called(call)
    })
    new ContentRoutes(app, { service, ...common })
    new LiveRoutes(app, {
      ...{ service, log: this.#options.log, ...common },
      isSignedIn: request => signIn.holds(request)
    })
    const onSignedIn = (request: FastifyRequest, signed: Signed) => void this.#identified.set(request, signed)
    new SessionRoutes(app, {
      ...{ signIn, sessions },
      signedIn: request => this.#requireSigned(request),
      onSignedIn
    })
    new SignInRoutes(app, { provider, sessions, onSignedIn })
    await pages?.(app)
  }

  #signed(request: FastifyRequest): Signed | undefined {
    const identified = this.#identified.get(request)
    return identified !== undefined && 'caller' in identified ? identified : undefined
  }

  #requireSigned(request: FastifyRequest): Signed {
    const identified = this.#identified.get(request)
    if (identified !== undefined && 'caller' in identified) return identified
    throw identified?.refusal ?? new AppError('NOT_SIGNED_IN', 'the API asks for a token')
  }

  #callOf(request: FastifyRequest, reply: FastifyReply): ApiCall {
    const by = this.#signed(request)?.caller.id ?? this.#strangers.nameOf(request.ip)
    return { by, ...answeredOf(request, reply), ...this.#objects.of(request, reply) }
  }
}
