/** Invitations: a ticket lets a device join the organisation, a limited number of times, for a limited time. */

import { z } from 'zod'
import { DAY_MS, SECOND_MS } from '../base/units.ts'
import { instantMs, shown } from './field.ts'

export const INVITE_USES_MAX = 10_000
export const INVITE_LIFE_MIN_MS = SECOND_MS
export const INVITE_LIFE_MAX_MS = 365 * DAY_MS

export const inviteRequest = z.strictObject({
  uses: z.int().min(1).max(INVITE_USES_MAX),
  expiresInMs: z.int().min(INVITE_LIFE_MIN_MS).max(INVITE_LIFE_MAX_MS)
})

export const invite = z.object({
  ticket: shown(z.string().startsWith('peerage1'), 'peerage1qqqq'),
  uses: z.int().positive(),
  expiresAtMs: instantMs,
  addresses: z.array(z.string()).readonly()
})

export type Invite = z.output<typeof invite>
