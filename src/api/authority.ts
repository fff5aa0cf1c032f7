/** The authority chain: who governs the org, and what stands to vote. */

import { z } from 'zod'
import {
  count,
  dataClass,
  deviceName,
  durationMs,
  givenInstantMs,
  instantMs,
  operationId,
  shown
} from './field.ts'

export const ADMINS_MAX = 32
export const RECOVERY_KEYS_MAX = 8
export const BEACON_SIGNERS_MAX = 64
export const ROLES_MAX = 16

const key = z.string().min(1).max(128)
const hash = shown(z.string().regex(/^[0-9a-f]{64}$/, 'a hash is 64 lower-case hex digits'), 'c'.repeat(64))
const positive = z.int().positive()

export const rootChange = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('admins'),
    add: z.array(key).max(ADMINS_MAX).readonly(),
    remove: z.array(key).max(ADMINS_MAX).readonly()
  }),
  z.strictObject({ kind: z.literal('threshold'), threshold: positive }),
  z.strictObject({ kind: z.literal('approvals'), type: z.string().min(1).max(64), admins: positive }),
  z.strictObject({ kind: z.literal('expires'), atMs: givenInstantMs.nullable() }),
  z.strictObject({ kind: z.literal('staleness'), dataClass, limitMs: positive.nullable() }),
  z.strictObject({
    kind: z.literal('beacon'),
    policy: z
      .strictObject({
        signers: z.array(key).min(1).max(BEACON_SIGNERS_MAX).readonly(),
        quorum: positive,
        periodMs: positive,
        lifeMs: positive
      })
      .nullable()
  }),
  z.strictObject({ kind: z.literal('recovery'), keys: z.array(key).max(RECOVERY_KEYS_MAX).readonly() }),
  z.strictObject({
    kind: z.literal('defaults'),
    roles: z.array(z.string().min(1).max(64)).min(1).max(ROLES_MAX).readonly().nullable()
  })
])

export const proposeRequest = z.strictObject({
  changes: z.array(rootChange).min(1).max(16).readonly(),
  sign: z.boolean().nullable()
})
export const previewRequest = z.strictObject({ changes: z.array(rootChange).min(1).max(16).readonly() })
export const rootPreview = z.object({ version: count, changes: z.array(z.string()).readonly() })
export const proposalRequest = z.strictObject({ proposal: z.string().min(1).max(64), key })
export const voteRequest = z.strictObject({
  proposal: z.string().min(1).max(64),
  vote: z
    .strictObject({ key, signature: shown(z.string().regex(/^[0-9a-f]{128}$/), 'b0'.repeat(64)) })
    .nullable()
})

export const proposalBytes = z.object({
  hash,
  version: count,
  changes: z.array(z.string()).readonly(),
  bytes: z.string()
})

export const rootActed = z.object({
  hash,
  version: count,
  changes: z.array(z.string()).readonly(),
  operations: z.array(operationId).readonly(),
  inForce: z.boolean(),
  signsLast: z.boolean(),
  missing: z.array(z.string()).readonly(),
  operationsLost: count,
  peersTold: count
})

const keys = z.array(deviceName).readonly()
const tally = z.object({ needed: count, signed: keys, missing: keys })

const proposalRecord = z.object({
  hash,
  version: count,
  by: deviceName,
  proposedAtMs: instantMs,
  changes: z.array(z.string()).readonly(),
  formerAdmins: tally,
  ownAdmins: tally,
  recovery: tally.nullable(),
  needsRecovery: z.boolean(),
  invalidVotes: count,
  operationsLost: count
})

const rootRecord = z.object({
  version: count,
  hash,
  atMs: instantMs,
  succession: z.enum(['founding', 'ordinary', 'recovery']),
  signers: keys
})

export const authority = z.object({
  orgName: z.string(),
  version: count,
  hash,
  admins: keys,
  threshold: count,
  recovery: keys,
  isAdmin: z.boolean(),
  approvals: z.array(z.object({ type: z.string(), admins: count })).readonly(),
  beacon: z.object({ signers: keys, quorum: count, periodMs: durationMs, lifeMs: durationMs }).nullable(),
  staleness: z.array(z.object({ dataClass, limitMs: durationMs.nullable() })).readonly(),
  expiresAtMs: instantMs.nullable(),
  chain: z.array(rootRecord).readonly(),
  freeze: z.object({ version: count, roots: z.array(rootRecord).readonly(), equivocators: keys }).nullable(),
  equivocations: z
    .array(z.object({ key: deviceName, version: count, hashes: z.array(hash).readonly() }))
    .readonly(),
  proposals: z.array(proposalRecord).readonly(),
  split: z.boolean()
})

export type Authority = z.output<typeof authority>
export type ProposalRecord = z.output<typeof proposalRecord>
export type RootActed = z.output<typeof rootActed>
export type RootPreview = z.output<typeof rootPreview>
export type RootChange = z.output<typeof rootChange>
export type RootRecord = z.output<typeof rootRecord>
export type KeyTally = z.output<typeof tally>
