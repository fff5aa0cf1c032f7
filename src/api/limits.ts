/** The bandwidth policy of the node: rules, budgets, and what is in force. */

import { z } from 'zod'
import { byteCount, bytesPerSecond, dataClass, durationMs, instantMs } from './field.ts'

const RULES_MAX = 64
const TEXT_CHARACTERS_MAX = 256

export const LINKS = ['lan', 'wan', 'all'] as const
export const DIRECTIONS = ['up', 'down'] as const
const direction = z.enum(DIRECTIONS)
const link = z.enum(LINKS)
export const limitClass = z.enum([...dataClass.options, 'all'])
const limitId = z.string().min(1).max(TEXT_CHARACTERS_MAX)
/** Which hours, zones and ids can be is the node's to say. */
const words = z.string().min(1).max(TEXT_CHARACTERS_MAX)

const limitRequest = z.strictObject({
  id: limitId.nullable().default(null),
  direction,
  link: link.default('all'),
  dataClass: limitClass.default('all'),
  hours: words.nullable().default(null),
  /** Null has traffic yield. */
  bytesPerSecond: bytesPerSecond.nullable()
})

export const limitsRequest = z.strictObject({ rules: z.array(limitRequest).min(1).max(RULES_MAX).readonly() })
export const limitReference = z.strictObject({ id: limitId })

/** Without a zone it is that of the budget before, else that of the node. */
const budget = z.strictObject({ bytes: byteCount, zone: words.nullable().default(null) })
export const budgetRequest = z.strictObject({
  /** Null ends it; absent leaves it as it is. */
  up: budget.nullable().optional(),
  down: budget.nullable().optional()
})

const rule = z.object({
  id: z.string(),
  kind: z.enum(['cap', 'background']),
  direction,
  link,
  dataClass: limitClass,
  hours: z.string().nullable(),
  bytesPerSecond: bytesPerSecond.nullable(),
  inForce: z.boolean(),
  nextChangeAtMs: instantMs.nullable(),
  currentBytesPerSecond: bytesPerSecond,
  holdsUp: z.boolean()
})

const budgetStatus = z.object({
  direction,
  bytes: byteCount,
  zone: z.string(),
  usedBytes: byteCount,
  spent: z.boolean(),
  resetsAtMs: instantMs
})

const path = z.object({
  peer: z.string(),
  name: z.string().nullable(),
  direction,
  bytesPerSecond,
  queueMs: durationMs,
  targetMs: durationMs,
  baseMs: durationMs.nullable()
})

export const limits = z.object({
  atMs: instantMs,
  rules: z.array(rule).readonly(),
  budgets: z.array(budgetStatus).readonly(),
  paths: z.array(path).readonly(),
  nextChangeAtMs: instantMs.nullable(),
  unreadable: z.boolean()
})

/** What holds payload up at present. */
export const restraint = z.object({
  kind: z.enum(['cap', 'background', 'budget', 'peers']),
  direction,
  rule: z.string().nullable(),
  bytesPerSecond: bytesPerSecond.nullable(),
  untilMs: instantMs.nullable(),
  zone: z.string().nullable()
})

export type Limits = z.output<typeof limits>
export type LimitRule = z.output<typeof rule>
export type LimitBudget = z.output<typeof budgetStatus>
export type LimitPath = z.output<typeof path>
export type Restraint = z.output<typeof restraint>
