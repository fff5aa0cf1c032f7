/** Breaches of personal data: cases with a clock, and what is known of each (GDPR, Art. 33 and 34). */

import { z } from 'zod'
import { auditHolder, auditRead, auditSurvey } from './audit.ts'
import {
  byteCount,
  count,
  dataClass,
  datasetName,
  deviceName,
  givenInstantMs,
  instantMs,
  ordinal,
  shown,
  versionId
} from './field.ts'
import { registerHead } from './privacy.ts'

export const BREACH_TEXT_CHARACTERS_MAX = 2000
const DATASETS_MAX = 256

const text = z.string().min(1).max(BREACH_TEXT_CHARACTERS_MAX)
/** At least the first digits of one. */
export const caseId = shown(z.string().min(1).max(32), '1f2e3d4c5b6a')
const datasets = z.array(datasetName).max(DATASETS_MAX).readonly()
const given = givenInstantMs.nullable()
const time = instantMs.nullable()
export const breachOutcome = z.enum(['notified', 'no-risk', 'no-breach'])
export const BREACH_FIELDS = ['nature', 'cause', 'consequences', 'measures', 'delay'] as const

export const breachReference = z.strictObject({ id: caseId })
/** A null awareness is now; a null end of the span is not known. */
export const breachOpenRequest = z.strictObject({
  summary: text,
  datasets: datasets.default([]),
  fromMs: given.default(null),
  toMs: given.default(null),
  awareAtMs: given.default(null)
})
const saying = text.nullable().optional()
/** What is left out stays as it is; null takes it away. */
export const breachChanges = z.strictObject({
  id: caseId,
  datasets: datasets.optional(),
  fromMs: given.optional(),
  toMs: given.optional(),
  notifiedAtMs: given.optional(),
  personsToldAtMs: given.optional(),
  said: z
    .strictObject({ nature: saying, cause: saying, consequences: saying, measures: saying, delay: saying })
    .optional()
})
export const breachCloseRequest = z.strictObject({ id: caseId, outcome: breachOutcome, reason: text })

const said = z.string().nullable()
export const breachSummary = z.object({
  id: z.string(),
  summary: z.string(),
  datasets: z.array(z.string()).readonly(),
  ...{ fromMs: time, toMs: time, awareAtMs: instantMs, openedAtMs: instantMs, dueAtMs: instantMs },
  state: z.enum(['running', 'overdue', 'notified', 'late', 'closed']),
  ...{ notifiedAtMs: time, personsToldAtMs: time },
  said: z.object({ nature: said, cause: said, consequences: said, measures: said, delay: said }),
  closed: z.object({ atMs: instantMs, outcome: breachOutcome, reason: z.string() }).nullable()
})
export const breachList = z.object({ breaches: z.array(breachSummary).readonly() })

const lines = z.array(z.string()).readonly()
const concerned = z.object({
  name: z.string(),
  classes: z.array(dataClass).readonly(),
  labels: lines,
  sealed: z.enum(['all', 'some', 'none']),
  versions: z.array(z.object({ version: versionId, ordinal, publishedAtMs: instantMs })).readonly(),
  ...{ files: count, bytes: byteCount, personsKnown: count, pseudonyms: count },
  ...{ persons: said, data: said, mayRead: count },
  holders: z.array(auditHolder).readonly(),
  reads: z.array(auditRead).readonly()
})
export const breachReport = z.object({
  ...registerHead,
  breach: breachSummary,
  datasets: z.array(concerned).readonly(),
  personsKnown: count,
  readers: z.array(deviceName).readonly(),
  toFillIn: lines,
  limits: lines,
  ...auditSurvey
})

export const breachPersons = z.object({ persons: z.array(z.string()).readonly() })

export type BreachSummary = z.output<typeof breachSummary>
export type BreachReport = z.output<typeof breachReport>
export type ConcernedDataset = z.output<typeof concerned>
