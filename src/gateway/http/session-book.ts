/**
 * Sessions of people in a browser, in memory only: a node that starts again has none.
 *
 * A session is named by 32 random bytes that its cookie carries; the book keeps their SHA-256. It rests on a ground,
 * and ends with it: on a token, which is looked up at each call, so that one that is revoked or over ends its
 * sessions too; or on a caller who signed in otherwise. It ends by itself when nothing was called for `idleMs`, and
 * after `lifeMs` whatever was called.
 *
 * A code begins one session, once, within `codeLifeMs`. Only the owner on the local socket makes codes: a session
 * that could make more of its kind would never end.
 *
 * A session is stale when it was FRESH_MS ago, or is not known, when its person proved who they are: with a token or a
 * code that is when it began, at a provider when that says (api/fresh-routes.ts).
 *
 * Each ground has at most `eachMax` sessions, and the book `allMax`: one more ends the one that was used longest ago.
 */

import { createHash, randomBytes } from 'node:crypto'
import { FRESH_MS } from '../../api/fresh-routes.ts'
import type { ListedSession, MadeCode } from '../../api/session.ts'
import { AppError } from '../../base/errors.ts'
import { ownersBrowser } from '../../base/owners-browser.ts'
import type { Scope } from '../../base/scopes.ts'
import { HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import { type Caller, requireGivable, requireOwner } from './caller.ts'

export const SESSION_LIMITS = {
  idleMs: 30 * MINUTE_MS,
  lifeMs: 12 * HOUR_MS,
  codeLifeMs: 2 * MINUTE_MS,
  eachMax: 20,
  allMax: 10_000,
  codesMax: 100
} as const

const SECRET_BYTES = 32
const ID_BYTES = 6
const CODE = /^pgc_([A-Za-z0-9_-]{43})$/

const BY = { owner: 'code', token: 'token', person: 'provider' } as const

export type Ground =
  | { readonly kind: 'token'; readonly id: string }
  | { readonly kind: 'owner'; readonly caller: Caller }
  | {
      readonly kind: 'person'
      readonly caller: Caller
      /** As the provider says; null where it does not. */
      readonly provedAtMs: number | null
    }

/** A session that holds. */
export interface LiveSession {
  /** Names it in lists; it lets nobody in. */
  readonly id: string
  readonly caller: Caller
  /** At the latest. */
  readonly endsAtMs: number
}

interface Entry {
  readonly id: string
  readonly ground: Ground
  readonly begunAtMs: number
  readonly endsAtMs: number
  readonly usedAtMs: number
}

interface Code {
  readonly caller: Caller
  readonly expiresAtMs: number
}

/** Tells who a token is, by its id; undefined once it has ended. */
export interface TokenLookup {
  callerWith(id: string): Caller | undefined
  /** The same, without that it counts as a use of the token. */
  holderOf(id: string): Caller | undefined
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

function ownerOf(ground: Ground): string {
  return ground.kind === 'token' ? `token ${ground.id}` : ground.caller.id
}

export class SessionBook {
  readonly #tokens: TokenLookup
  readonly #nowMs: () => number
  /** By the hash of the secret; in the order of their last use. */
  readonly #sessions = new Map<string, Entry>()
  readonly #codes = new Map<string, Code>()
  #addresses: readonly string[] = []

  constructor(tokens: TokenLookup, nowMs: () => number = Date.now) {
    this.#tokens = tokens
    this.#nowMs = nowMs
  }

  /** Says where browsers find this node: before that, no code would be of use. */
  openAt(addresses: readonly string[]): void {
    this.#addresses = addresses
  }

  /** Where browsers find this node; empty where none does. */
  get addresses(): readonly string[] {
    return this.#addresses
  }

  createCode({ scopes }: { readonly scopes: readonly Scope[] | null }, by: Caller): MadeCode {
    requireOwner(by, 'make a code to sign in with: run peerage console on the machine of the node')
    if (this.#addresses.length === 0)
      throw new AppError(
        'API_CLOSED',
        'this node does not answer browsers: start it with an address for them, such as peerage up --api localhost:4780'
      )
    requireGivable(by, scopes ?? [])
    const nowMs = this.#nowMs()
    for (const [hash, { expiresAtMs }] of this.#codes)
      if (nowMs >= expiresAtMs || this.#codes.size >= SESSION_LIMITS.codesMax) this.#codes.delete(hash)
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    const expiresAtMs = nowMs + SESSION_LIMITS.codeLifeMs
    const id = ownersBrowser(randomBytes(ID_BYTES).toString('hex'))
    const caller: Caller = { ...by, kind: 'person', id, scopes: new Set(scopes ?? by.scopes) }
    this.#codes.set(hashOf(secret), { caller, expiresAtMs })
    return { code: `pgc_${secret}`, expiresAtMs, scopes: [...caller.scopes], addresses: this.#addresses }
  }

  /** Who may begin a session with this code; undefined where it is none, was used, or is over. It is used up. */
  redeem(shown: string): Caller | undefined {
    const [, secret] = CODE.exec(shown) ?? []
    if (secret === undefined) return undefined
    const hash = hashOf(secret)
    const code = this.#codes.get(hash)
    this.#codes.delete(hash)
    return code !== undefined && this.#nowMs() < code.expiresAtMs ? code.caller : undefined
  }

  /** Begins a session, and answers what its cookie carries. */
  begin(ground: Ground): string {
    const nowMs = this.#nowMs()
    this.#makeRoom(ownerOf(ground), nowMs)
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    const endsAtMs = nowMs + SESSION_LIMITS.lifeMs
    const id = randomBytes(ID_BYTES).toString('hex')
    this.#sessions.set(hashOf(secret), { id, ground, begunAtMs: nowMs, endsAtMs, usedAtMs: nowMs })
    return secret
  }

  /** The session of this cookie, which counts as used now; undefined where it is none, or has ended. */
  use(secret: string): LiveSession | undefined {
    const hash = hashOf(secret)
    const live = this.#live(hash, id => this.#tokens.callerWith(id))
    const entry = this.#sessions.get(hash)
    if (live === undefined || entry === undefined) return undefined
    this.#sessions.delete(hash)
    this.#sessions.set(hash, { ...entry, usedAtMs: this.#nowMs() })
    return live
  }

  /** The session of this cookie; that it was asked for counts as no use. */
  see(secret: string): LiveSession | undefined {
    return this.#look(hashOf(secret))
  }

  /** Whether there is a session of this cookie; that it was asked for counts as no use. */
  holds(secret: string): boolean {
    return this.see(secret) !== undefined
  }

  /** The sessions that hold, the newest first; that they are listed counts as no use. */
  list(): readonly ListedSession[] {
    const listed = [...this.#sessions].flatMap(([hash, { ground, begunAtMs, usedAtMs }]) => {
      const live = this.#look(hash)
      if (live === undefined) return []
      const { id, caller, endsAtMs } = live
      return {
        ...{ id, who: caller.id, by: BY[ground.kind], scopes: [...caller.scopes] },
        ...{ begunAtMs, usedAtMs, endsAtMs },
        idleEndsAtMs: Math.min(usedAtMs + SESSION_LIMITS.idleMs, endsAtMs)
      }
    })
    return listed.toSorted((a, b) => b.begunAtMs - a.begunAtMs)
  }

  #look(hash: string): LiveSession | undefined {
    return this.#live(hash, id => this.#tokens.holderOf(id))
  }

  #live(hash: string, callerOf: (token: string) => Caller | undefined): LiveSession | undefined {
    const entry = this.#sessions.get(hash)
    if (entry === undefined) return undefined
    const { id, ground, endsAtMs } = entry
    const nowMs = this.#nowMs()
    const known = ground.kind === 'token' ? callerOf(ground.id) : ground.caller
    if (known !== undefined && !isOver(entry, nowMs)) {
      const caller = { ...known, isStale: isStale(entry, nowMs) }
      return { id, caller, endsAtMs: Math.min(endsAtMs, known.expiresAtMs ?? Number.POSITIVE_INFINITY) }
    }
    this.#sessions.delete(hash)
    return undefined
  }

  end(secret: string): void {
    this.#sessions.delete(hashOf(secret))
  }

  /** Ends a session by what lists call it, and answers whose it was; rejects with SESSION_UNKNOWN. */
  endNamed(id: string): Caller {
    const [hash] = [...this.#sessions].find(([, entry]) => entry.id === id) ?? []
    const live = hash === undefined ? undefined : this.#look(hash)
    if (hash === undefined || live === undefined)
      throw new AppError(
        'SESSION_UNKNOWN',
        `there is no session ${id}, or it has ended; peerage session lists them`
      )
    this.#sessions.delete(hash)
    return live.caller
  }

  /** Ends the sessions of all whom a provider vouched for: it, or what they may, has changed. */
  endPersons(): void {
    for (const [hash, { ground }] of this.#sessions) if (ground.kind === 'person') this.#sessions.delete(hash)
  }

  #makeRoom(owner: string, nowMs: number): void {
    for (const [hash, entry] of this.#sessions) if (isOver(entry, nowMs)) this.#sessions.delete(hash)
    const own = [...this.#sessions].filter(([, { ground }]) => ownerOf(ground) === owner)
    for (const [hash] of own.slice(0, Math.max(0, own.length - SESSION_LIMITS.eachMax + 1)))
      this.#sessions.delete(hash)
    for (const hash of this.#sessions.keys()) {
      if (this.#sessions.size < SESSION_LIMITS.allMax) break
      this.#sessions.delete(hash)
    }
  }
}

function isStale({ ground, begunAtMs }: Entry, nowMs: number): boolean {
  const provedAtMs = ground.kind === 'person' ? ground.provedAtMs : begunAtMs
  return provedAtMs === null || nowMs - provedAtMs > FRESH_MS
}

function isOver({ endsAtMs, usedAtMs, ground }: Entry, nowMs: number): boolean {
  const groundEndsMs = ground.kind === 'token' ? null : ground.caller.expiresAtMs
  return (
    nowMs >= endsAtMs ||
    nowMs - usedAtMs >= SESSION_LIMITS.idleMs ||
    (groundEndsMs !== null && nowMs >= groundEndsMs)
  )
}
