/**
 * Who calls over the network: whoever shows a token, or a browser that has a session. A token that is shown counts,
 * and a cookie besides it does not.
 *
 * Who calls is only told here; what is open to strangers is the server's to say. An address that showed too many
 * wrong tokens is told to wait when it shows another. A cookie that holds no more is no guess: browsers go on to send
 * it.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Caller } from './caller.ts'
import type { OwnSite } from './own-site.ts'
import type { LiveSession, SessionBook } from './session-book.ts'
import { SignInGuard } from './sign-in-guard.ts'
import type { TokenBook } from './token-book.ts'

/** The prefix has browsers take it only over TLS, from this host alone, and for all its paths. */
export const COOKIE = '__Host-peerage'

export const COOKIE_OPTIONS = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const

/** On what a page asks by itself while nobody is at it: it keeps no session alive. */
const UNATTENDED = 'peerage-unattended'

const BEARER = /^Bearer ([\x21-\x7e]{1,200})$/

export interface SignInParts {
  readonly tokens: TokenBook
  readonly sessions: SessionBook
  readonly site: OwnSite
}

export interface Signed {
  readonly caller: Caller
  /** When its session ends at the latest; null for who shows a token. */
  readonly sessionEndsAtMs: number | null
  /** What lists call its session; null for who shows a token. */
  readonly session: string | null
}

/** Who it is, or why it is nobody. */
export type Identified = Signed | { readonly refusal: AppError }

export class SignIn {
  readonly #parts: SignInParts
  readonly #guard = new SignInGuard()

  constructor(parts: SignInParts) {
    this.#parts = parts
  }

  identify(request: FastifyRequest): Identified {
    const [, shown] = BEARER.exec(request.headers.authorization ?? '') ?? []
    if (shown !== undefined) return this.#ofToken(shown, request)
    const secret = request.cookies[COOKIE]
    return secret === undefined
      ? {
          refusal: notSignedIn(
            'the API asks for a token: send Authorization: Bearer, with one of peerage token create'
          )
        }
      : this.#ofCookie(secret, request)
  }

  /** Whether whoever a request was from is signed in still; that it was asked for counts as no call. */
  holds({ headers, cookies }: FastifyRequest): boolean {
    const { tokens, sessions } = this.#parts
    const [, shown] = BEARER.exec(headers.authorization ?? '') ?? []
    if (shown !== undefined) return tokens.idOf(shown) !== undefined
    const secret = cookies[COOKIE]
    return secret !== undefined && sessions.holds(secret)
  }

  /** Begins a session for who shows a token or a code, and answers what its cookie is to carry. */
  begin(shown: { readonly token: string } | { readonly code: string }, request: FastifyRequest): string {
    const { tokens, sessions, site } = this.#parts
    const refusal = site.refuseOtherSignIn(request.headers)
    if (refusal !== undefined) throw refusal
    if ('token' in shown) {
      const id = tokens.idOf(shown.token)
      if (id !== undefined) return sessions.begin({ kind: 'token', id })
    } else {
      const caller = sessions.redeem(shown.code)
      if (caller !== undefined) return sessions.begin({ kind: 'owner', caller })
    }
    throw this.#wrong(
      request,
      'token' in shown
        ? 'this is no token of this node, or it has ended; peerage token create makes one'
        : 'this is no code of this node, or it was used, or is too old; peerage console makes another'
    )
  }

  #ofToken(shown: string, request: FastifyRequest): Identified {
    const caller = this.#parts.tokens.callerOf(shown)
    if (caller !== undefined) return { caller, sessionEndsAtMs: null, session: null }
    const why = 'this is no token of this node, or it has ended; peerage token create makes one'
    return { refusal: this.#wrong(request, why) }
  }

  #ofCookie(secret: string, { method, headers }: FastifyRequest): Identified {
    const { sessions, site } = this.#parts
    // First where it comes from: what is refused keeps no session alive.
    const foreign = site.refuseOtherPage(method, headers)
    if (foreign !== undefined) return { refusal: foreign }
    const live = headers[UNATTENDED] === undefined ? sessions.use(secret) : sessions.see(secret)
    if (live === undefined) return { refusal: notSignedIn('this session has ended; sign in again') }
    return signedBy(live)
  }

  #wrong({ ip }: FastifyRequest, why: string): AppError {
    const waitMs = this.#guard.waitMs(ip)
    if (waitMs === 0) {
      this.#guard.wrong(ip)
      return notSignedIn(why)
    }
    const seconds = Math.ceil(waitMs / SECOND_MS)
    return new AppError('TOO_MANY_CALLS', `too many wrong tokens came from ${ip}; try again in ${seconds} s`)
  }
}

function signedBy({ id, caller, endsAtMs }: LiveSession): Signed {
  return { caller, sessionEndsAtMs: endsAtMs, session: id }
}

function notSignedIn(why: string): AppError {
  return new AppError('NOT_SIGNED_IN', why)
}

/** Gives a browser a session that was begun, in place of its earlier one. AppError NOT_SIGNED_IN when it has ended. */
export function giveSession(
  secret: string,
  at: { readonly sessions: SessionBook; readonly request: FastifyRequest; readonly reply: FastifyReply }
): Signed {
  const { sessions, request, reply } = at
  const live = sessions.use(secret)
  if (live === undefined) throw new AppError('NOT_SIGNED_IN', 'this token has ended; sign in again')
  const earlier = request.cookies[COOKIE]
  // Who signs in again has one session, not two of which one is forgotten.
  if (earlier !== undefined) sessions.end(earlier)
  reply.setCookie(COOKIE, secret, COOKIE_OPTIONS)
  return signedBy(live)
}
