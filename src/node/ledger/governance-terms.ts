/** What the node tells of the org's governance, and what it can be asked to sign: the governance part of service.ts. */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { DeviceKind } from '../../ledger/encoding/names.ts'
import type { Standing } from '../../ledger/fold/state.ts'
import type { Scope } from '../../ledger/operation/operation-content.ts'
import type { DeviceName } from '../keys/device-name.ts'

/** An operation that was signed because it was asked for. It is durable here. */
export interface Acted {
  readonly operation: OperationId
  readonly type: string
  /** What it says, in words. */
  readonly says: string
  readonly inForce: boolean
  /** Why it has no effect yet, such as the approvals that it lacks; null while it is in force. */
  readonly waitsFor: string | null
  /** Connected devices that were told at once; the others learn of it by sync. */
  readonly peersTold: number
  /** What of it is about nothing that is known yet, in sentences. */
  readonly warnings: readonly string[]
}

export interface HeldRole {
  readonly role: string
  readonly by: DeviceName
  readonly expiresAtMs: number | null
}

export interface DeviceRecord extends DeviceName {
  readonly self: boolean
  readonly kind: DeviceKind | null
  readonly admin: boolean
  readonly standing: Standing
  readonly roles: readonly HeldRole[]
  /** What suspended or revoked it. */
  readonly taken: {
    readonly operation: OperationId
    readonly by: DeviceName
    readonly atMs: number
    readonly reason: string | null
  } | null
  readonly enrolledAtMs: number | null
  readonly expiresAtMs: number | null
  /** When something of it last came here, also where it is no member any more; null of this device, and for never. */
  readonly heardAtMs: number | null
}

export interface RoleRecord {
  readonly role: string
  readonly rank: number
  /** Operation types that it may author. */
  readonly types: readonly string[]
  /** Who holds it; of `device` nobody is listed, as every member has it. */
  readonly holders: readonly (DeviceName & { readonly expiresAtMs: number | null })[]
}

export interface GroupRecord {
  readonly id: OperationId
  readonly name: string
  readonly by: DeviceName
  readonly devices: readonly DeviceName[]
}

export type GranteeRecord =
  | ({ readonly kind: 'device' } & DeviceName)
  | { readonly kind: 'group'; readonly id: OperationId; readonly name: string }

export interface GrantRecord {
  readonly operation: OperationId
  readonly grantee: GranteeRecord
  readonly scope: Scope
  readonly purpose: string | null
  readonly by: DeviceName
  readonly grantedAtMs: number
  readonly expiresAtMs: number | null
}

export interface PolicyRecord {
  readonly name: string
  readonly owner: DeviceName | null
  readonly labels: readonly string[]
  readonly access: 'members' | 'granted'
}

export interface AccessRecord {
  /** Those that have not ended. */
  readonly grants: readonly GrantRecord[]
  /** Of datasets whose owner set one; an owner of null are the admins. */
  readonly policies: readonly PolicyRecord[]
}

export interface InviteRecord {
  readonly id: OperationId
  readonly by: DeviceName
  readonly state: 'open' | 'spent' | 'expired' | 'cancelled'
  readonly uses: number
  readonly redeemedBy: readonly DeviceName[]
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

/** Devices are named by what they show as their name, or by the beginning of their id; groups by name or id. */
export interface DeviceAction {
  readonly device: string
  readonly reason: string | null
}

export interface RoleAction {
  readonly device: string
  readonly role: string
  readonly expiresInMs: number | null
}

export interface GroupAction {
  readonly name: string
  readonly device: string
}

export interface AccessAction {
  /** A device, or `group:` and a group. */
  readonly who: string
  readonly scope: Scope
  readonly purpose: string | null
  readonly expiresInMs: number | null
}

export interface PolicyAction {
  readonly name: string
  readonly labels: readonly string[]
  readonly access: 'members' | 'granted'
}

export interface OriginAction {
  readonly name: string
  /** Null for the newest. */
  readonly version: string | null
  /** Null to take the origin that it has. */
  readonly url: string | null
}

export interface ContentAction {
  readonly name: string
  readonly version: string | null
  readonly reason: string | null
}

export interface ContentActed extends Acted {
  readonly version: VersionId
  /** Every name under which the version stands: all are concerned. */
  readonly names: readonly string[]
}

/** Each action rejects with NOT_AUTHORISED, and signs nothing, when this device may not do it. */
export interface GovernanceService {
  /** Which device is called so, as for an action; null for none, or where it could be several. */
  deviceNamed(text: string): Promise<DeviceId | null>
  devices(): Promise<readonly DeviceRecord[]>
  suspendDevice(action: DeviceAction): Promise<Acted>
  revokeDevice(action: DeviceAction): Promise<Acted>
  /** Ends a suspension. */
  readmitDevice(action: DeviceAction): Promise<Acted>
  roles(): Promise<readonly RoleRecord[]>
  grantRole(action: RoleAction): Promise<Acted>
  revokeRole(action: Omit<RoleAction, 'expiresInMs'>): Promise<Acted>
  groups(): Promise<readonly GroupRecord[]>
  createGroup(name: string): Promise<Acted>
  addToGroup(action: GroupAction): Promise<Acted>
  removeFromGroup(action: GroupAction): Promise<Acted>
  access(): Promise<AccessRecord>
  grantAccess(action: AccessAction): Promise<Acted>
  /** With a null scope, whatever was granted. */
  revokeAccess(action: { readonly who: string; readonly scope: Scope | null }): Promise<Acted>
  setPolicy(action: PolicyAction): Promise<Acted>
  setOrigin(action: OriginAction): Promise<Acted>
  quarantine(action: ContentAction): Promise<ContentActed>
  release(action: ContentAction): Promise<ContentActed>
  recall(action: ContentAction): Promise<ContentActed>
  invites(): Promise<readonly InviteRecord[]>
  cancelInvite(id: string): Promise<Acted>
  /** By the beginning of an operation's id. */
  approve(operation: string): Promise<Acted>
  note(note: { readonly text: string; readonly about: string | null }): Promise<Acted>
}
