/**
 * Sessions of people in a browser, and the one-time codes with which the owner of a node begins one. A session is
 * begun, looked at and ended at `/session` of the API over TLS, outside the table of routes: it is a matter of
 * cookies, which nothing else has.
 */

import { z } from 'zod'
import { durationMs, instantMs, shown } from './field.ts'
import { scope } from './scope-names.ts'
import { caller } from './token.ts'

export const SESSION_PATH = '/session'
const CREDENTIAL_CHARACTERS_MAX = 200

const credential = z.string().min(1).max(CREDENTIAL_CHARACTERS_MAX)

/** One of the two: a token of `peerage token create`, or a code of `peerage console`. */
export const sessionRequest = z.union([
  z.strictObject({ token: credential }),
  z.strictObject({ code: credential })
])

/** Who is signed in: `expiresAtMs` is when that ends at the latest. */
export const session = caller.extend({
  /** It ends when nothing is called for so long; null for a token, which ends by its own time only. */
  idleLimitMs: durationMs.nullable()
})

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
export type MadeCode = z.output<typeof madeCode>
