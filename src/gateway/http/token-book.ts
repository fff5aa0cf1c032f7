/**
 * Tokens: what programs and people elsewhere show to use the API of a node. `tokens.json` of the home holds the SHA-256
 * of each, never the token itself, which is 32 random bytes and shown once.
 *
 * A token ends when it expires or is revoked, at the next call. A caller that makes one gives it no scope that it has
 * not itself, and no longer life: so a token never leads to more than who made it may. What was made with a token ends
 * with it, and so on: whoever had a token that is revoked keeps none.
 */

import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { scope } from '../../api/scope.ts'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import type { Scope } from '../../base/scopes.ts'
import { TOKEN_NAME_CHARACTERS_MAX } from '../../base/token-name.ts'
import { DAY_MS, MINUTE_MS } from '../../base/units.ts'
import { isCallerName } from '../../node/audit/caller-name.ts'
import { writePrivateFile } from '../../node/keys/private-file.ts'
import { type Caller, requireGivable } from './caller.ts'

const FILE = 'tokens.json'
export const TOKENS_MAX = 1000
export const TOKEN_LIFE_MAX_MS = 366 * DAY_MS
const SECRET_BYTES = 32
const ID_BYTES = 6
/** Who made a token, where that was another. */
const MAKER = /^token .*\(([0-9a-f]{12})\)$/s
const PERSON = 'person '
const TOKEN = /^pgt_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/
/** How much later than a use the file may say so. */
const USE_NOTED_MS = MINUTE_MS

const entry = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  name: z.string().min(1).max(128),
  scopes: z.array(scope).min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  createdBy: z.string().max(200),
  createdAtMs: z.int().nonnegative(),
  expiresAtMs: z.int().nonnegative(),
  usedAtMs: z.int().nonnegative().nullable()
})
const file = z.strictObject({ v: z.literal(1), tokens: z.array(entry).max(TOKENS_MAX) })

export type TokenEntry = z.output<typeof entry>

export interface TokenRequest {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly lifeMs: number
}

/** The tokens that a file holds, or why it is none. */
export function parseTokens(text: string): readonly TokenEntry[] | string {
  try {
    const parsed = file.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data.tokens : parsed.error.message
  } catch (thrown) {
    return messageOf(thrown)
  }
}

function hashOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer')
}

export class TokenBook {
  /** Of the node. */
  readonly home: string
  readonly #path: string
  readonly #nowMs: () => number
  #tokens: readonly TokenEntry[]
  #written: Promise<void> = Promise.resolve()

  constructor(home: string, nowMs: () => number = Date.now) {
    this.home = home
    this.#path = join(home, FILE)
    this.#nowMs = nowMs
    this.#tokens = readTokens(this.#path)
  }

  list(): readonly TokenEntry[] {
    return this.#tokens
  }

  /** Makes a token and answers it: it can not be shown again. */
  async create(
    request: TokenRequest,
    by: Caller
  ): Promise<{ readonly entry: TokenEntry; readonly token: string }> {
    const named = nameOf({ name: request.name, id: '0'.repeat(2 * ID_BYTES) })
    if (!isCallerName(request.name) || !isCallerName(named))
      throw new AppError(
        'USAGE',
        `${JSON.stringify(request.name)} can not be the name of a token: write one line of at most ` +
          `${TOKEN_NAME_CHARACTERS_MAX} visible characters, without white space at its ends`
      )
    const nowMs = this.#nowMs()
    this.#tokens = this.#tokens.filter(({ expiresAtMs }) => expiresAtMs + TOKEN_LIFE_MAX_MS > nowMs)
    if (this.#tokens.length >= TOKENS_MAX)
      throw new AppError('TOKENS_FULL', `this node has ${TOKENS_MAX} tokens, which is the limit; revoke some`)
    requireGivable(by, request.scopes)
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    const made: TokenEntry = {
      id: randomBytes(ID_BYTES).toString('hex'),
      ...{ name: request.name, scopes: [...new Set(request.scopes)], hash: hashOf(secret).toString('hex') },
      ...{ createdBy: by.id, createdAtMs: nowMs, usedAtMs: null },
      expiresAtMs: Math.min(nowMs + request.lifeMs, by.expiresAtMs ?? Number.POSITIVE_INFINITY)
    }
    this.#tokens = [...this.#tokens, made]
    await this.#write()
    return { entry: made, token: `pgt_${made.id}_${secret}` }
  }

  /** Ends it, and all that were made with it. */
  async revoke(id: string): Promise<TokenEntry> {
    const found = this.#tokens.find(token => token.id === id)
    if (found === undefined)
      throw new AppError('TOKEN_UNKNOWN', `there is no token ${id}; peerage token list shows them`)
    await this.#end(new Set([id]))
    return found
  }

  /** Ends all that persons made whom a provider vouched for, as it, or what they may, has changed. */
  async endOfPersons(): Promise<void> {
    await this.#endMade(maker => maker.startsWith(PERSON))
  }

  /** Ends all that a person made, by what the audit log calls them: somebody else may have had their browser. */
  async endMadeBy(by: Caller): Promise<void> {
    if (by.kind === 'person') await this.#endMade(maker => maker === by.id)
  }

  async #endMade(isMaker: (createdBy: string) => boolean): Promise<void> {
    const made = this.#tokens.filter(({ createdBy }) => isMaker(createdBy))
    if (made.length > 0) await this.#end(new Set(made.map(({ id }) => id)))
  }

  async #end(ids: Set<string>): Promise<void> {
    // Makers come before what they made.
    for (const { id, createdBy } of this.#tokens) {
      const [, maker] = MAKER.exec(createdBy) ?? []
      if (maker !== undefined && ids.has(maker)) ids.add(id)
    }
    this.#tokens = this.#tokens.filter(({ id }) => !ids.has(id))
    await this.#write()
  }

  /** Who shows this; undefined where it is no token, or none any more. */
  callerOf(shown: string): Caller | undefined {
    const id = this.idOf(shown)
    return id === undefined ? undefined : this.callerWith(id)
  }

  /** The id of the token that is shown, if it is one of this node. */
  idOf(shown: string): string | undefined {
    const [, id, secret] = TOKEN.exec(shown) ?? []
    if (id === undefined || secret === undefined) return undefined
    const found = this.#tokens.find(token => token.id === id)
    // Compared even where there is none, so that time tells nothing of which ids there are.
    const known = Buffer.from(found?.hash ?? '0'.repeat(64), 'hex')
    const isRight = timingSafeEqual(hashOf(secret), known)
    return found !== undefined && isRight && this.#nowMs() < found.expiresAtMs ? id : undefined
  }

  /** Who has shown the token of this id; undefined once it has ended. */
  callerWith(id: string): Caller | undefined {
    const found = this.#live(id)
    if (found === undefined) return undefined
    const nowMs = this.#nowMs()
    if (nowMs - (found.usedAtMs ?? 0) >= USE_NOTED_MS) this.#noteUse(found, nowMs)
    return holderBy(found)
  }

  /** The same, without that it counts as a use. */
  holderOf(id: string): Caller | undefined {
    const found = this.#live(id)
    return found === undefined ? undefined : holderBy(found)
  }

  #live(id: string): TokenEntry | undefined {
    const found = this.#tokens.find(token => token.id === id)
    return found !== undefined && this.#nowMs() < found.expiresAtMs ? found : undefined
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#written.catch(() => undefined)
  }

  /** When it was used is a hint for people: what can not be written now is written later. */
  #noteUse(used: TokenEntry, nowMs: number): void {
    this.#tokens = this.#tokens.map(token => (token.id === used.id ? { ...used, usedAtMs: nowMs } : token))
    void this.#write().catch(() => undefined)
  }

  /** One after the other, so that an older list never takes the place of a newer one. */
  #write(): Promise<void> {
    const writing = this.#written
      .catch(() => undefined)
      .then(() => {
        const text = `${JSON.stringify({ v: 1, tokens: this.#tokens }, null, 2)}\n`
        return writePrivateFile(this.#path, text, 'replace')
      })
    this.#written = writing
    return writing
  }
}

function holderBy({ id, name, scopes, expiresAtMs }: TokenEntry): Caller {
  const whole = nameOf({ name, id })
  const known = isCallerName(whole) ? whole : `token (${id})`
  return { kind: 'token', id: known, scopes: new Set(scopes), expiresAtMs }
}

/** In the audit log. */
function nameOf({ name, id }: Pick<TokenEntry, 'name' | 'id'>): string {
  return `token ${name} (${id})`
}

function readTokens(path: string): readonly TokenEntry[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return []
    throw new AppError('HOME_CORRUPT', `can not read ${path}: ${messageOf(thrown)}`, {
      details: { path },
      cause: thrown
    })
  }
  const parsed = parseTokens(text)
  if (typeof parsed !== 'string') return parsed
  throw new AppError(
    'HOME_CORRUPT',
    `${path} does not hold the tokens of this node (${parsed}); remove it and make new ones`,
    { details: { path } }
  )
}
