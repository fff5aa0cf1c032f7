/** Tokens of the API, and who calls it. */

import { z } from 'zod'
import { TOKEN_NAME_CHARACTERS_MAX } from '../base/token-name.ts'
import { DAY_MS } from '../base/units.ts'
import { instantMs, shown } from './field.ts'
import { scope } from './scope.ts'

const LIFE_MAX_MS = 366 * DAY_MS

const id = shown(z.string().regex(/^[0-9a-f]{12}$/, 'an id of a token is 12 hex digits'), '0123456789ab')

export const tokenRequest = z.strictObject({
  name: shown(z.string().min(1).max(TOKEN_NAME_CHARACTERS_MAX), 'build farm'),
  scopes: z.array(scope).min(1).max(scope.options.length).readonly(),
  lifeMs: shown(z.int().positive().max(LIFE_MAX_MS), 30 * DAY_MS)
})
export const tokenReference = z.strictObject({ id })

export const token = z.object({
  id,
  name: z.string(),
  scopes: z.array(scope).readonly(),
  createdBy: shown(z.string(), 'owner'),
  createdAtMs: instantMs,
  expiresAtMs: instantMs,
  usedAtMs: instantMs.nullable()
})
export const tokenList = z.object({ tokens: z.array(token).readonly() })
/** The token itself is shown here and never again. */
export const madeToken = token.extend({ token: shown(z.string(), `pgt_0123456789ab_${'A'.repeat(43)}`) })

export const caller = z.object({
  kind: z.enum(['owner', 'token', 'person']),
  id: shown(z.string(), 'token build farm (0123456789ab)'),
  scopes: z.array(scope).readonly(),
  expiresAtMs: instantMs.nullable()
})
