/**
 * The admin API of a node on its local socket.
 *
 * Closing it ends open streams with a NODE_DOWN line, lets running requests finish for a bounded time, and removes what
 * `listen` made. It is not a public listener: whoever can open the socket is the owner and may do everything.
 */

import { chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import process from 'node:process'
import Fastify, { type FastifyInstance } from 'fastify'
import { assert } from '../../base/assert.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { NodeService } from '../../node/service.ts'
import { Exposition } from '../metrics/exposition.ts'
import { ProviderSignIn } from '../sign-in/provider-sign-in.ts'
import { AdminRoutes, type AdminRoutesOptions, SERVER_OPTIONS } from './admin-routes.ts'
import {
  claimSocket,
  PRIVATE_FILE_MODE,
  removeEndpoint,
  type SocketHost,
  writeEndpoint
} from './admin-socket.ts'
import { OWNER } from './caller.ts'
import { ContentRoutes } from './content-routes.ts'
import { createHandlers } from './handlers.ts'
import { SessionBook } from './session-book.ts'
import type { TokenBook } from './token-book.ts'

const DRAIN_MS = 5_000

export interface AdminServerOptions
  extends Pick<AdminRoutesOptions, 'log' | 'onFault' | 'checkAnswers' | 'timing'> {
  readonly service: NodeService
  readonly tokens: TokenBook
  /** One for all servers of a node; by default one of its own. */
  readonly sessions?: SessionBook
  /** Likewise. */
  readonly provider?: ProviderSignIn
  /** One for all servers of a node; by default one of its own. */
  readonly exposition?: Exposition
  readonly software?: string
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

class HttpAdminServer implements AdminServer {
  readonly #app: FastifyInstance
  readonly #options: AdminServerOptions
  readonly #closing = new AbortController()
  #listening: { readonly home: string; readonly path: string } | undefined

  constructor(options: AdminServerOptions) {
    this.#options = options
    this.#app = Fastify(SERVER_OPTIONS)
    const { service, tokens, software = 'peerage' } = options
    const { exposition = Exposition.of(service, software), sessions = new SessionBook(tokens) } = options
    const { provider = new ProviderSignIn(tokens.home) } = options
    const common = { callerOf: () => OWNER, closing: this.#closing.signal }
    new AdminRoutes(this.#app, {
      ...{ ...options, ...common, software },
      home: tokens.home,
      handlers: createHandlers({ service, tokens, sessions, provider, exposition }),
      measure: call => exposition.called(call)
    })
    new ContentRoutes(this.#app, { service, ...common })
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
}

export function createAdminServer(options: AdminServerOptions): AdminServer {
  return new HttpAdminServer(options)
}
