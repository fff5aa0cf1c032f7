/**
 * Sessions of people in a browser, and the one-time codes with which the owner of a node begins one. A session is
 * begun, looked at and ended by who has it at `/session` of the API over TLS, outside the table of routes: it is a matter
 * of cookies, which nothing else has. Whoever may change the settings of the node sees which there are, and ends them.
 */

import { z } from 'zod'
import { durationMs, instantMs, shown } from './field.ts'
import { scope } from './scope.ts'
import { caller } from './token.ts'

export const SESSION_PATH = '/session'
const CREDENTIAL_CHARACTERS_MAX = 200

const id = shown(z.string().regex(/^[0-9a-f]{12}$/, 'an id of a session is 12 hex digits'), '0123456789ab')
const credential = z.string().min(1).max(CREDENTIAL_CHARACTERS_MAX)

/** One of the two: a token of `peerage token create`, or a code of `peerage console`. */
export const sessionRequest = z.union([
  z.strictObject({ token: credential }),
  z.strictObject({ code: credential })
])

/** Who is signed in: `expiresAtMs` is when that ends at the latest. */
export const session = caller.extend({
  /** Which of the list of sessions it is; null for who shows a token. */
  session: id.nullable(),
  /** It ends when nothing is called for so long; null for a token, which ends by its own time only. */
  idleLimitMs: durationMs.nullable()
})

export const sessionReference = z.strictObject({ id })

const listed = z.object({
  id,
  /** As the audit log calls it. */
  who: shown(z.string(), 'browser of the owner (0123456789ab)'),
  by: z.enum(['code', 'token', 'provider']),
  scopes: z.array(scope).readonly(),
  begunAtMs: instantMs,
  usedAtMs: instantMs,
  /** When it ends at the latest, and when it ends if nothing is called. */
  endsAtMs: instantMs,
  idleEndsAtMs: instantMs
})
export const sessionList = z.object({ sessions: z.array(listed).readonly() })

export const codeRequest = z.strictObject({
  /** What the session may do; by default all that the caller may. */
  scopes: shown(z.array(scope).min(1).max(scope.options.length).readonly().nullable(), ['read']).default(null)
})

export const madeCode = z.object({
  code: shown(z.string(), `pgc_${'A'.repeat(43)}`),
  expiresAtMs: instantMs,
  scopes: z.array(scope).readonly(),
  /** Where a browser finds this node, the likeliest first. */
  addresses: shown(z.array(z.string()).readonly(), ['https://localhost:4780'])
})

export type Session = z.output<typeof session>
export type ListedSession = z.output<typeof listed>
export type MadeCode = z.output<typeof madeCode>
