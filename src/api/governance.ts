/** Governance: devices, roles, groups, access, content that is held back, invites, approvals and notes. */

import { z } from 'zod'
import { DAY_MS, SECOND_MS } from '../base/units.ts'
import {
  count,
  datasetName,
  deviceKind,
  deviceName,
  instantMs,
  label,
  operationId,
  originUrl,
  versionId
} from './field.ts'

export const REASON_CHARACTERS_MAX = 200
export const NOTE_CHARACTERS_MAX = 1000
export const LABELS_MAX = 16
export const TERM_MIN_MS = SECOND_MS
export const TERM_MAX_MS = 10 * 365 * DAY_MS
const NAME_CHARACTERS_MAX = 128

/** A name, or the beginning of an id: the node says what is meant. */
const reference = z.string().min(1).max(NAME_CHARACTERS_MAX)
const reason = z.string().min(1).max(REASON_CHARACTERS_MAX).nullable().default(null)
const expiresInMs = z.int().min(TERM_MIN_MS).max(TERM_MAX_MS).nullable().default(null)

export const deviceRequest = z.strictObject({ device: reference, reason })
export const roleGrantRequest = z.strictObject({ device: reference, role: label, expiresInMs })
export const roleRequest = z.strictObject({ device: reference, role: label })
export const groupRequest = z.strictObject({ name: label })
export const groupDeviceRequest = z.strictObject({ name: label, device: reference })

export const scope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('name'), name: datasetName }),
  z.strictObject({ kind: z.literal('prefix'), prefix: label.endsWith('/') }),
  z.strictObject({ kind: z.literal('label'), label }),
  z.strictObject({ kind: z.literal('all') })
])

export const accessGrantRequest = z.strictObject({
  who: reference,
  scope,
  purpose: label.nullable().default(null),
  expiresInMs
})
/** A null scope takes whatever was granted. */
export const accessRevokeRequest = z.strictObject({ who: reference, scope: scope.nullable().default(null) })

export const policyAccess = z.enum(['members', 'granted'])
export const policyRequest = z.strictObject({
  name: datasetName,
  labels: z.array(label).max(LABELS_MAX).readonly(),
  access: policyAccess
})

/** A null version is the newest; a null URL takes the origin that it has. */
export const originRequest = z.strictObject({
  name: datasetName,
  version: z.string().min(1).max(64).nullable().default(null),
  url: originUrl.nullable()
})

/** A null version is the newest. */
export const contentRequest = z.strictObject({
  name: datasetName,
  version: z.string().min(1).max(64).nullable().default(null),
  reason
})

export const inviteReference = z.strictObject({ id: reference })
export const operationReference = z.strictObject({ id: reference })
export const noteRequest = z.strictObject({
  text: z.string().min(1).max(NOTE_CHARACTERS_MAX),
  about: reference.nullable().default(null)
})

export const acted = z.object({
  operation: operationId,
  type: z.string(),
  says: z.string(),
  inForce: z.boolean(),
  waitsFor: z.string().nullable(),
  peersTold: count,
  warnings: z.array(z.string()).readonly().default([])
})

export const contentActed = acted.extend({ version: versionId, names: z.array(datasetName).readonly() })

const deviceRecord = deviceName.extend({
  self: z.boolean(),
  kind: deviceKind.nullable(),
  admin: z.boolean(),
  standing: z.enum(['member', 'suspended', 'revoked', 'former']),
  roles: z
    .array(z.object({ role: z.string(), by: deviceName, expiresAtMs: instantMs.nullable() }))
    .readonly(),
  taken: z
    .object({ operation: operationId, by: deviceName, atMs: instantMs, reason: z.string().nullable() })
    .nullable(),
  enrolledAtMs: instantMs.nullable(),
  expiresAtMs: instantMs.nullable(),
  /** When something of it last came here, also where it is no member any more; null of this device, and for never. */
  heardAtMs: instantMs.nullable()
})
export const deviceList = z.object({ devices: z.array(deviceRecord).readonly() })

const roleRecord = z.object({
  role: z.string(),
  rank: count,
  types: z.array(z.string()).readonly(),
  holders: z.array(deviceName.extend({ expiresAtMs: instantMs.nullable() })).readonly()
})
export const roleList = z.object({ roles: z.array(roleRecord).readonly() })

const groupRecord = z.object({
  id: operationId,
  name: z.string(),
  by: deviceName,
  devices: z.array(deviceName).readonly()
})
export const groupList = z.object({ groups: z.array(groupRecord).readonly() })

const grantRecord = z.object({
  operation: operationId,
  grantee: z.discriminatedUnion('kind', [
    deviceName.extend({ kind: z.literal('device') }),
    z.object({ kind: z.literal('group'), id: operationId, name: z.string() })
  ]),
  scope,
  purpose: z.string().nullable(),
  by: deviceName,
  grantedAtMs: instantMs,
  expiresAtMs: instantMs.nullable()
})
const policyRecord = z.object({
  name: datasetName,
  owner: deviceName.nullable(),
  labels: z.array(z.string()).readonly(),
  access: policyAccess
})
export const accessList = z.object({
  grants: z.array(grantRecord).readonly(),
  policies: z.array(policyRecord).readonly()
})

const inviteRecord = z.object({
  id: operationId,
  by: deviceName,
  state: z.enum(['open', 'spent', 'expired', 'cancelled']),
  uses: count,
  redeemedBy: z.array(deviceName).readonly(),
  createdAtMs: instantMs,
  expiresAtMs: instantMs
})
export const inviteList = z.object({ invites: z.array(inviteRecord).readonly() })

export type Acted = z.output<typeof acted>
export type ContentActed = z.output<typeof contentActed>
export type DeviceRecord = z.output<typeof deviceRecord>
export type RoleRecord = z.output<typeof roleRecord>
export type GroupRecord = z.output<typeof groupRecord>
export type GrantRecord = z.output<typeof grantRecord>
export type PolicyRecord = z.output<typeof policyRecord>
export type InviteRecord = z.output<typeof inviteRecord>
export type Scope = z.output<typeof scope>
