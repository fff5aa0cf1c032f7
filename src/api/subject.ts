/** Whom data is about: tags, all that is about a person, and the end of knowing it. */

import { z } from 'zod'
import { auditMissing } from './audit.ts'
import {
  byteCount,
  count,
  dataClass,
  datasetName,
  deviceName,
  instantMs,
  label,
  ordinal,
  versionId,
  versionSelector
} from './field.ts'

const SUBJECT_CHARACTERS_MAX = 128
export const SUBJECTS_TAGGED_MAX = 256
const LABELS_MAX = 16

export const subjectId = z
  .string()
  .min(1, 'write the id of a person')
  .max(SUBJECT_CHARACTERS_MAX, `write at most ${SUBJECT_CHARACTERS_MAX} characters`)
const subjects = z.array(subjectId).max(SUBJECTS_TAGGED_MAX).readonly().default([])
const labels = z.array(label).max(LABELS_MAX).readonly().default([])

export const subjectReference = z.strictObject({ id: subjectId })
export const forgetRequest = subjectReference.extend({ force: z.boolean().default(false) })
export const prepareTags = z.strictObject({ subjects, labels })
export const done = z.object({})
export const tagRequest = z.strictObject({
  name: datasetName,
  version: versionSelector.nullable().default(null),
  subjects,
  labels
})
export const tagged = z.object({
  name: datasetName,
  version: versionId,
  ordinal,
  subjects: count,
  known: count,
  labels: z.array(z.string()).readonly()
})

const summary = z.object({
  id: z.string(),
  datasets: z.array(z.string()).readonly(),
  versions: count,
  available: count
})
export const subjectList = z.object({ subjects: z.array(summary).readonly() })

const hold = z.object({ by: deviceName, reason: z.string().nullable(), sinceAtMs: instantMs })
const place = deviceName.extend({
  kind: z.enum(['source', 'fetched', 'stored', 'opened']),
  bytes: byteCount
})
const unproved = deviceName.extend({
  state: z.enum(['source-kept', 'waiting', 'away', 'excluded']),
  lastSeenAtMs: instantMs.nullable()
})
const subjectVersion = z.object({
  name: datasetName,
  ordinal,
  version: versionId,
  dataClass,
  sealed: z.boolean(),
  labels: z.array(z.string()).readonly(),
  files: count,
  bytes: byteCount,
  plain: z.object({ files: count, bytes: byteCount }).nullable(),
  publisher: deviceName,
  publishedAtMs: instantMs,
  state: z.enum(['available', 'retired', 'quarantined', 'recalled', 'erased']),
  readable: z.boolean(),
  closedBy: z.string().nullable(),
  retentionMs: count.nullable(),
  holds: z.array(hold).readonly(),
  keepers: z.array(deviceName).readonly(),
  places: z.array(place).readonly(),
  unproved: z.array(unproved).readonly(),
  readers: z.array(deviceName).readonly(),
  reads: z.array(deviceName.extend({ lastAtMs: instantMs })).readonly()
})
export const subjectRecord = z.object({
  id: z.string(),
  atMs: instantMs,
  versions: z.array(subjectVersion).readonly(),
  answered: z.array(deviceName).readonly(),
  silent: z.array(deviceName).readonly()
})
export const subjectLookups = z.object({
  id: z.string(),
  atMs: instantMs,
  lookups: z
    .array(
      z.object({
        device: deviceName,
        atMs: instantMs,
        what: z.enum([
          'persons',
          'person',
          'lookups',
          'request',
          'requests',
          'erasure',
          'breach',
          'forgotten'
        ]),
        count
      })
    )
    .readonly(),
  isWhole: z.boolean(),
  missing: z.array(auditMissing).readonly()
})
export const subjectForgotten = z.object({
  keys: count,
  unproved: count,
  stewards: z.array(deviceName.extend({ forgotten: z.boolean() })).readonly()
})

export type SubjectRecord = z.output<typeof subjectRecord>
export type SubjectVersion = z.output<typeof subjectVersion>
export type SubjectLookups = z.output<typeof subjectLookups>
export type SubjectSummary = z.output<typeof summary>
export type SubjectsTagged = z.output<typeof tagged>
