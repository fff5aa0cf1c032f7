/** The risk register: what remains of each risk now, why, and who lives with it. */

import { z } from 'zod'
import { LEVELS } from '../base/risk-level.ts'
import { DAY_MS } from '../base/units.ts'
import { deviceName, instantMs, operationId, organisation, ownDevice, shown } from './field.ts'
import { REASON_CHARACTERS_MAX } from './governance.ts'

export const ACCEPTANCE_MAX_MS = 366 * DAY_MS
export const OWNER_CHARACTERS_MAX = 128
const SCORE_MAX = 25

export const treatment = z.enum(['mitigate', 'accept', 'transfer', 'avoid'])
const riskId = shown(z.string().min(1).max(64), 'data-loss')
const degree = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)])
const score = shown(z.int().min(1).max(SCORE_MAX), 12)
const level = z.enum(LEVELS)
const factor = z.enum(['likelihood', 'impact'])
const lines = z.array(z.string()).readonly()
const number = shown(z.number(), 0.25)

export const riskReference = z.strictObject({ id: riskId })
export const riskAcceptRequest = z.strictObject({
  id: riskId,
  reason: z.string().min(1).max(REASON_CHARACTERS_MAX),
  expiresInMs: shown(z.int().positive().max(ACCEPTANCE_MAX_MS), 90 * DAY_MS),
  /** The highest residual score that is accepted; null for the one now. */
  score: score.nullable().default(null)
})
/** The id of a risk, or the beginning of the id of an acceptance. */
export const riskWithdrawRequest = z.strictObject({ id: z.string().min(1).max(64) })
/** A null owner takes the owner away. */
export const riskOwnerRequest = z.strictObject({
  id: riskId,
  owner: z.string().min(1).max(OWNER_CHARACTERS_MAX).nullable()
})
export const riskTreatmentRequest = z.strictObject({ id: riskId, treatment })

const graded = { likelihood: degree, impact: degree, score, level }
const acceptance = z.object({
  operation: operationId,
  by: deviceName,
  score,
  reason: z.string(),
  acceptedAtMs: instantMs,
  untilMs: instantMs,
  state: z.enum(['in-force', 'exceeded', 'ended'])
})
const indicator = z.object({
  id: z.string(),
  title: z.string(),
  factor,
  unit: z.enum(['count', 'share', 'ms', 'bytes']),
  better: z.enum(['lower', 'higher']),
  target: number,
  limit: number,
  value: number.nullable(),
  grade: z.enum(['good', 'fair', 'bad', 'unknown']),
  unknown: z.string().nullable(),
  detail: z.string().nullable(),
  devices: z.array(deviceName).readonly(),
  atMs: instantMs
})
const control = z.object({
  id: z.string(),
  title: z.string(),
  factor,
  basis: z.enum(['proved', 'attested', 'judged']),
  steps: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  takes: shown(z.int().min(0).max(3), 2),
  because: z.string(),
  evidence: z.string(),
  indicators: lines
})

export const risk = z.object({
  id: riskId,
  title: z.string(),
  description: z.string(),
  category: z.enum(['storage', 'access', 'content', 'governance', 'privacy', 'network', 'operations']),
  threatEvents: lines,
  inherent: z.object({ ...graded, why: z.string() }),
  residual: z.object(graded),
  steps: z.object({ likelihood: lines, impact: lines }),
  indicators: z.array(indicator).readonly(),
  controls: z.array(control).readonly(),
  mapping: z.object({ csf: lines, iso: lines, gdpr: lines }),
  owner: z.string().nullable(),
  treatment,
  acceptances: z.array(acceptance).readonly(),
  trend: z.array(z.object({ dayAtMs: instantMs, likelihood: degree, impact: degree, score })).readonly()
})

export const riskRegister = z.object({
  org: organisation,
  device: ownDevice,
  software: z.string(),
  atMs: instantMs,
  risks: z.array(risk).readonly()
})

export type Risk = z.output<typeof risk>
export type RiskRegister = z.output<typeof riskRegister>
export type RiskIndicator = z.output<typeof indicator>
export type RiskControl = z.output<typeof control>
export type RiskAcceptance = z.output<typeof acceptance>
