/** Follows: a destination that is kept at the newest good version of a dataset. */

import { z } from 'zod'
import {
  absolutePath,
  byteCount,
  count,
  datasetName,
  durationMs,
  instantMs,
  label,
  ordinal,
  problem,
  versionId
} from './field.ts'

export const FOLLOW_KEEP_MIN = 2
export const FOLLOW_KEEP_MAX = 100
export const FOLLOW_KEEP_DEFAULT = 2
export const HOOK_TIMEOUT_MS_DEFAULT = 300_000
export const HOOK_TIMEOUT_MS_MAX = 86_400_000
const HOOK_CHARACTERS_MAX = 4096
const HOOK_ARGUMENTS_MAX = 64

const hookText = z
  .string()
  .min(1)
  .max(HOOK_CHARACTERS_MAX)
  .refine(text => !text.includes('\0'), 'a command has no NUL')

/** A line for the shell of the node's user, or a program with its arguments, which no shell reads. */
export const hook = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('shell'), command: hookText }),
  z.strictObject({
    kind: z.literal('program'),
    argv: z
      .tuple([hookText], hookText.or(z.literal('')))
      .check(z.maxLength(HOOK_ARGUMENTS_MAX))
      .readonly()
  })
])

export const followMode = z.enum(['symlink', 'rename'])
export const onHookFailure = z.enum(['rollback', 'keep'])

export const followRequest = z.strictObject({
  name: datasetName,
  destination: absolutePath,
  mode: followMode.default('symlink'),
  keep: z.int().min(FOLLOW_KEEP_MIN).max(FOLLOW_KEEP_MAX).default(FOLLOW_KEEP_DEFAULT),
  hook: hook.nullable().default(null),
  hookTimeoutMs: z.int().positive().max(HOOK_TIMEOUT_MS_MAX).default(HOOK_TIMEOUT_MS_DEFAULT),
  onHookFailure: onHookFailure.default('rollback'),
  purpose: label.nullable().default(null)
})

/** A destination names its follow. */
export const followReference = z.strictObject({ destination: absolutePath })
export const rollbackRequest = z.strictObject({
  destination: absolutePath,
  to: ordinal.nullable().default(null)
})

const placed = { version: versionId, ordinal, path: z.string() }

const hookRun = z.object({
  ordinal,
  reason: z.enum(['new', 'rollback', 'withdrawn', 'hook-failed', 'restored']),
  startedAtMs: instantMs,
  endedAtMs: instantMs,
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  timedOut: z.boolean(),
  fault: z.string().nullable(),
  output: z.string()
})

export const follow = z.object({
  id: z.string(),
  name: datasetName,
  destination: z.string(),
  mode: followMode,
  keep: count,
  hook: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('shell'), command: z.string() }),
      z.object({ kind: z.literal('program'), argv: z.array(z.string()).readonly() })
    ])
    .nullable(),
  hookTimeoutMs: durationMs,
  onHookFailure,
  purpose: label.nullable(),
  sinceAtMs: instantMs,
  state: z.enum(['waiting', 'fetching', 'switching', 'hook', 'current']),
  pinned: ordinal.nullable(),
  current: z.object({ ...placed, atMs: instantMs }).nullable(),
  previous: z.object(placed).nullable(),
  target: z
    .object({
      version: versionId,
      ordinal,
      transfer: z.string(),
      haveBytes: byteCount,
      totalBytes: byteCount
    })
    .nullable(),
  failed: z.array(z.object({ version: versionId, ordinal, detail: z.string(), atMs: instantMs })).readonly(),
  passedOver: z.array(z.object({ ordinal, detail: z.string() })).readonly(),
  lastHook: hookRun.nullable(),
  retryAtMs: instantMs.nullable(),
  problems: z.array(problem).readonly()
})

export const followList = z.object({ follows: z.array(follow).readonly() })

export type Follow = z.output<typeof follow>
export type Hook = z.output<typeof hook>
export type HookRun = z.output<typeof hookRun>
