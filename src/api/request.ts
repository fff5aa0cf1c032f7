/** Requests of persons: cases with the clock of Art. 12(3) of the GDPR. */

import { z } from 'zod'
import { count, givenInstantMs, instantMs, shown } from './field.ts'
import { subjectId } from './subject.ts'

export const REQUEST_TEXT_CHARACTERS_MAX = 2000
export const requestKind = z.enum([
  'access',
  'erasure',
  'rectification',
  'restriction',
  'portability',
  'objection'
])
export const requestOutcome = z.enum(['fulfilled', 'refused', 'withdrawn'])

const text = z.string().min(1).max(REQUEST_TEXT_CHARACTERS_MAX)
/** At least the first digits of one. */
const id = shown(z.string().min(1).max(32), '1f2e3d4c5b6a')
const time = givenInstantMs.nullable()

export const requestReference = z.strictObject({ id })
export const requestOpening = z.strictObject({
  subject: subjectId,
  kind: requestKind,
  receivedAtMs: time.default(null)
})
export const requestExtension = z.strictObject({ id, reason: text, toldAtMs: time.default(null) })
export const requestClosing = z.strictObject({
  id,
  outcome: requestOutcome,
  reason: text.nullable().default(null)
})

export const requestSummary = z.object({
  id: z.string(),
  kind: requestKind,
  subject: z.string().nullable(),
  ...{ receivedAtMs: instantMs, openedAtMs: instantMs, dueAtMs: instantMs },
  extended: z.object({ atMs: instantMs, toldAtMs: instantMs, reason: z.string() }).nullable(),
  state: z.enum(['open', 'overdue', 'closed', 'late']),
  closed: z.object({ atMs: instantMs, outcome: requestOutcome, reason: z.string().nullable() }).nullable()
})
export const requestList = z.object({ requests: z.array(requestSummary).readonly() })
export const requestReport = z.object({
  request: requestSummary,
  about: z.object({ versions: count, available: count, datasets: z.array(z.string()).readonly() }).nullable(),
  erasures: z
    .array(
      z.object({
        case: z.string(),
        basis: z.string(),
        atMs: instantMs,
        ...{ versions: count, unproved: count }
      })
    )
    .readonly()
})

export type RequestSummary = z.output<typeof requestSummary>
export type RequestReport = z.output<typeof requestReport>
