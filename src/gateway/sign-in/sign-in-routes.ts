/**
 * `/sign-in` of the API over TLS, open to strangers: `provider` says which provider signs people in, `begin` sends a
 * browser there, with `again` so that the person proves anew who they are, `callback` is where it comes back, gets its
 * session, and goes on to the first page.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SECOND_MS } from '../../base/units.ts'
import { failureOf } from '../http/http-status.ts'
import { openRoute } from '../http/open-route.ts'
import type { SessionBook } from '../http/session-book.ts'
import { COOKIE, COOKIE_OPTIONS, giveSession, type Signed } from '../http/sign-in.ts'
import { failurePage } from './failure-page.ts'
import { ATTEMPT_LIFE_MS, type ProviderSignIn } from './provider-sign-in.ts'

const PREFIX = '/sign-in'
export const CALLBACK_PATH = `${PREFIX}/callback`
const ATTEMPT_COOKIE = '__Host-peerage-sign-in'
/** The browser comes back from another site, so Strict would keep the cookie from coming along. */
const ATTEMPT_OPTIONS = { ...COOKIE_OPTIONS, sameSite: 'lax', maxAge: ATTEMPT_LIFE_MS / SECOND_MS } as const

export interface SignInRoutesOptions {
  readonly provider: ProviderSignIn
  readonly sessions: SessionBook
  /** Told who a request turned out to be. */
  readonly onSignedIn: (request: FastifyRequest, signed: Signed) => void
}

export class SignInRoutes {
  readonly #options: SignInRoutesOptions

  constructor(app: FastifyInstance, options: SignInRoutesOptions) {
    this.#options = options
    const { provider } = options
    const errorHandler = showFailure
    app.get(`${PREFIX}/provider`, openRoute('signInProvider'), async () => ({
      issuer: provider.settings.provider?.issuer ?? null
    }))
    app.get(`${PREFIX}/begin`, { ...openRoute('beginSignIn'), errorHandler }, async (request, reply) => {
      const isAgain = 'again' in (request.query as object)
      const earlier = request.cookies[COOKIE] ?? null
      const { url, attempt } = await provider.begin(new URL(CALLBACK_PATH, siteOf(request)), {
        isAgain,
        earlier
      })
      return reply.setCookie(ATTEMPT_COOKIE, attempt, ATTEMPT_OPTIONS).redirect(url.href, 303)
    })
    app.get(CALLBACK_PATH, { ...openRoute('endSignIn'), errorHandler }, async (request, reply) =>
      this.#callback(request, reply)
    )
  }

  async #callback(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { provider, sessions, onSignedIn } = this.#options
    const kept = request.cookies[ATTEMPT_COOKIE]
    // Used up, whatever comes of it.
    reply.clearCookie(ATTEMPT_COOKIE, ATTEMPT_OPTIONS)
    const { caller, provedAtMs, earlier } = await provider.finish(new URL(request.url, siteOf(request)), kept)
    if (earlier !== null) sessions.end(earlier)
    const secret = sessions.begin({ kind: 'person', caller, provedAtMs })
    onSignedIn(request, giveSession(secret, { sessions, request, reply }))
    return reply.redirect('/', 303)
  }
}

/** Of a name that is ours: the server has looked at that first. */
function siteOf({ headers }: FastifyRequest): string {
  return `https://${headers.host}`
}

function showFailure(thrown: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, error, fault } = failureOf(thrown)
  const isPage = request.headers.accept?.includes('text/html') === true
  if (fault !== undefined || !isPage) throw thrown
  return reply.status(status).type('text/html; charset=utf-8').send(failurePage(error))
}
