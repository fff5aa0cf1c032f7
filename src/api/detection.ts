/** What detection found on this node, and the policy of its rules. */

import { z } from 'zod'
import { count, deviceName, instantMs, shown } from './field.ts'

export const DETECTIONS_DEFAULT = 100
export const DETECTIONS_MAX = 5000
export const NOTE_CHARACTERS_MAX = 256
const WORDS_MAX = 128

export const detectionRule = z.enum([
  'mass-reads',
  'off-hours-reads',
  'dormant-reads',
  'bad-blocks',
  'spread',
  'fan-out',
  'repeated-denials',
  'unknown-keys',
  'clock-drift',
  'beacon-starvation'
])
export const severity = z.enum(['low', 'medium', 'high', 'critical'])
const lines = z.array(z.string()).readonly()
const detectionId = shown(z.coerce.number().pipe(z.int().positive()), 12)
const number = shown(z.number(), 40)

/** Values of a query arrive as text. */
export const detectionsRequest = z.strictObject({
  state: z.enum(['open', 'all']).default('open'),
  rule: detectionRule.nullable().default(null),
  limit: z.coerce.number().pipe(z.int().min(1).max(DETECTIONS_MAX)).default(DETECTIONS_DEFAULT)
})
export const detectionReference = z.strictObject({ id: detectionId })
export const acknowledgeRequest = z.strictObject({
  id: detectionId,
  note: z.string().min(1).max(NOTE_CHARACTERS_MAX).nullable().default(null)
})

const words = z.string().min(1).max(WORDS_MAX)
/** Null takes back what was set. Which thresholds, hours and rules there can be is the node's to say. */
export const detectionRulesRequest = z.strictObject({
  thresholds: z.record(words, z.number().nullable()).default({}),
  hours: z.record(words, words.nullable()).default({}),
  on: z.record(words, z.boolean()).default({})
})

export const detection = z.object({
  id: z.int().positive(),
  rule: detectionRule,
  severity,
  state: z.enum(['open', 'acknowledged']),
  title: z.string(),
  explanation: z.string(),
  devices: z.array(deviceName).readonly(),
  datasets: lines,
  evidence: z.array(z.object({ device: deviceName, incarnation: count, seq: count })).readonly(),
  count: number,
  threshold: number,
  firstAtMs: instantMs,
  lastAtMs: instantMs,
  raisedAtMs: instantMs,
  acknowledged: z.object({ atMs: instantMs, by: z.string(), note: z.string().nullable() }).nullable()
})
export const detectionList = z.object({ detections: z.array(detection).readonly() })

const threshold = z.object({
  id: z.string(),
  what: z.string(),
  unit: z.enum(['count', 'bytes', 'ms', 'factor']),
  ...{ value: number, standard: number, min: number, max: number }
})
const rule = z.object({
  id: detectionRule,
  what: z.string(),
  on: z.boolean(),
  open: count,
  raised: count,
  thresholds: z.array(threshold).readonly()
})
export const detectionRules = z.object({
  rules: z.array(rule).readonly(),
  hours: z.array(z.object({ site: z.string(), hours: z.string() })).readonly(),
  logs: count,
  facts: count,
  factsDropped: count
})

export type Detection = z.output<typeof detection>
export type DetectionRules = z.output<typeof detectionRules>
export type DetectionThreshold = z.output<typeof threshold>
