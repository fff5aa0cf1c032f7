/**
 * `/session` of the API over TLS (api/session.ts): POST begins a session for who shows a token or a code, GET says
 * who is signed in, DELETE ends it.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { issueText } from '../../api/issue-text.ts'
import { SESSION_PATH, type Session, sessionRequest } from '../../api/session.ts'
import { AppError } from '../../base/errors.ts'
import { openRoute } from './open-route.ts'
import { SESSION_LIMITS, type SessionBook } from './session-book.ts'
import { COOKIE, COOKIE_OPTIONS, giveSession, type Signed, type SignIn } from './sign-in.ts'

export interface SessionRoutesOptions {
  readonly signIn: SignIn
  readonly sessions: SessionBook
  /** Who calls; throws AppError for strangers. */
  readonly signedIn: (request: FastifyRequest) => Signed
  /** Told who a request turned out to be. */
  readonly onSignedIn: (request: FastifyRequest, signed: Signed) => void
}

export class SessionRoutes {
  readonly #options: SessionRoutesOptions

  constructor(app: FastifyInstance, options: SessionRoutesOptions) {
    this.#options = options
    app.post(SESSION_PATH, openRoute('beginSession'), async (request, reply) => this.#begin(request, reply))
    app.get(SESSION_PATH, { config: { route: 'session' } }, async request =>
      shownSession(options.signedIn(request))
    )
    app.delete(SESSION_PATH, { config: { route: 'endSession' } }, async (request, reply) =>
      this.#end(request, reply)
    )
  }

  #begin(request: FastifyRequest, reply: FastifyReply): Session {
    const { signIn, sessions, onSignedIn } = this.#options
    const parsed = sessionRequest.safeParse(request.body, { error: issueText })
    if (!parsed.success)
      throw new AppError('USAGE', 'to sign in, send {"token": …} or {"code": …}, and nothing besides')
    const signed = giveSession(signIn.begin(parsed.data, request), { sessions, request, reply })
    onSignedIn(request, signed)
    return shownSession(signed)
  }

  #end(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { caller, sessionEndsAtMs } = this.#options.signedIn(request)
    const secret = request.cookies[COOKIE]
    if (sessionEndsAtMs === null || secret === undefined)
      throw new AppError(
        'USAGE',
        `${caller.id} has no session that could be ended; a token ends by peerage token revoke`
      )
    this.#options.sessions.end(secret)
    return reply.clearCookie(COOKIE, COOKIE_OPTIONS).status(204).send()
  }
}

function shownSession({ caller, sessionEndsAtMs, session }: Signed): Session {
  const { kind, id, scopes, expiresAtMs } = caller
  const isSession = sessionEndsAtMs !== null
  return {
    ...{ kind, id, scopes: [...scopes], expiresAtMs: isSession ? sessionEndsAtMs : expiresAtMs },
    session,
    idleLimitMs: isSession ? SESSION_LIMITS.idleMs : null
  }
}
