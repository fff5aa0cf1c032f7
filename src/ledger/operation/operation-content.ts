/**
 * What operations can say, type by type; operation-types.ts has their bytes, fold.ts their meaning.
 *
 * Vocabulary. A *subject* is what operations give to and take from: the standing of a device, a role of a device, a
 * place in a group, access to a dataset, the release of a version. A *take* takes from its subject whatever of it was
 * given without knowing of the take.
 */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { DatasetClass, DeviceKind } from '../encoding/names.ts'

/** Makes a device a member of the org. Written by an admin for itself, or by the author of the invite redeemed. */
export interface DeviceEnrol {
  readonly type: 'device.enrol'
  readonly device: DeviceId
  readonly kind: DeviceKind
  /** Binds the name that the device shows in its presence, without putting it into the ledger. */
  readonly nameCommitment: Uint8Array
  /** The invite that is redeemed, and the proof by its key; null for an enrolment without an invite. */
  readonly redemption: { readonly invite: OperationId; readonly proof: Uint8Array } | null
}

/** Allows whoever holds the private half of `inviteKey` to be enrolled by this author. */
export interface InviteCreate {
  readonly type: 'invite.create'
  readonly inviteKey: Uint8Array
  /** How many different devices may redeem it. */
  readonly uses: number
  readonly expiresMs: number
}

/** Gives a dataset its next version. */
export interface DatasetPublish {
  readonly type: 'dataset.publish'
  readonly name: string
  readonly version: VersionId
  readonly class: DatasetClass
  readonly pieceBytes: number
  readonly files: number
  readonly bytes: number
}

/** Withdraws one version of a dataset, or all that its author knew of. */
export interface DatasetRetire {
  readonly type: 'dataset.retire'
  readonly name: string
  readonly version: VersionId | null
}

/** Describes a device anew. By the device itself, or by one that could suspend it. */
export interface DeviceUpdate {
  readonly type: 'device.update'
  readonly device: DeviceId
  readonly kind: DeviceKind
  readonly nameCommitment: Uint8Array
}

/** What of a device's feeds keeps its effect: each feed up to an operation. A feed that is not named keeps nothing. */
export interface Cutoff {
  readonly incarnation: string
  readonly seq: number
  readonly operation: OperationId
}

/** Ends a device's membership until an enrolment that knows of it. */
export interface DeviceSuspend {
  readonly type: 'device.suspend'
  readonly device: DeviceId
  readonly cutoffs: readonly Cutoff[]
  readonly reason: string | null
}

/** Ends a device's membership for good: its key never comes back. */
export interface DeviceRevoke {
  readonly type: 'device.revoke'
  readonly device: DeviceId
  readonly cutoffs: readonly Cutoff[]
  readonly reason: string | null
}

/** A group is named by the operation that made it. */
export interface GroupCreate {
  readonly type: 'group.create'
  readonly name: string
}

export interface GroupAdd {
  readonly type: 'group.add'
  readonly group: OperationId
  readonly device: DeviceId
}

export interface GroupRemove {
  readonly type: 'group.remove'
  readonly group: OperationId
  readonly device: DeviceId
}

/** Gives a device a role of the root's table; it ends with the operation's own expiry. */
export interface RoleGrant {
  readonly type: 'role.grant'
  readonly device: DeviceId
  readonly role: string
}

/** Takes a role; what the device signed in it stays up to the cutoffs. */
export interface RoleRevoke {
  readonly type: 'role.revoke'
  readonly device: DeviceId
  readonly role: string
  readonly cutoffs: readonly Cutoff[]
}

export interface InviteCancel {
  readonly type: 'invite.cancel'
  readonly invite: OperationId
}

/** How a dataset is governed; the owner's newest counts. */
export interface DatasetPolicy {
  readonly type: 'dataset.policy'
  readonly name: string
  readonly labels: readonly string[]
  /** `members`: as its class says. `granted`: only with a grant, whatever its class. */
  readonly access: 'members' | 'granted'
}

/** Where the bytes of a version can be had beside the devices of the org (BEP 19); the owner's newest for it counts. */
export interface DatasetOrigin {
  readonly type: 'dataset.origin'
  readonly name: string
  readonly version: VersionId
  /** As origin-url.ts has it; null for nowhere any more. */
  readonly url: string | null
}

export type Grantee =
  | { readonly kind: 'device'; readonly device: DeviceId }
  | { readonly kind: 'group'; readonly group: OperationId }

/** Which datasets: one by name, all whose names begin so (ends in a slash), all with a label, or all. */
export type Scope =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'label'; readonly label: string }
  | { readonly kind: 'all' }

/** Lets a device, or the devices of a group, read datasets; it ends with the operation's own expiry. */
export interface AccessGrant {
  readonly type: 'access.grant'
  readonly grantee: Grantee
  readonly scope: Scope
  readonly purpose: string | null
}

/** Takes what was granted with the same scope, or with a null scope whatever was granted. */
export interface AccessRevoke {
  readonly type: 'access.revoke'
  readonly grantee: Grantee
  readonly scope: Scope | null
}

/** Nobody reads or serves the version until a release that knows of it. */
export interface ContentQuarantine {
  readonly type: 'content.quarantine'
  readonly version: VersionId
  readonly reason: string | null
}

export interface ContentRelease {
  readonly type: 'content.release'
  readonly version: VersionId
}

/** The version is withdrawn for good. */
export interface ContentRecall {
  readonly type: 'content.recall'
  readonly version: VersionId
  readonly reason: string | null
}

/** One admin's agreement to an operation of a type that needs several. */
export interface Approve {
  readonly type: 'approve'
  readonly operation: OperationId
}

/** For people who read the ledger; no effect. */
export interface Note {
  readonly type: 'note'
  readonly about: OperationId | null
  readonly text: string
}

/** The bytes of a root that is to follow the head, for admins to sign. */
export interface RootPropose {
  readonly type: 'root.propose'
  readonly hash: Uint8Array
  readonly bytes: Uint8Array
}

/** A signature over a proposed root; whose it is the key says, and not the author. */
export interface RootVote {
  readonly type: 'root.vote'
  readonly hash: Uint8Array
  readonly key: DeviceId
  readonly signature: Uint8Array
}

export type OperationContent =
  | DeviceEnrol
  | DeviceUpdate
  | DeviceSuspend
  | DeviceRevoke
  | InviteCreate
  | InviteCancel
  | GroupCreate
  | GroupAdd
  | GroupRemove
  | RoleGrant
  | RoleRevoke
  | DatasetPublish
  | DatasetRetire
  | DatasetPolicy
  | DatasetOrigin
  | AccessGrant
  | AccessRevoke
  | ContentQuarantine
  | ContentRelease
  | ContentRecall
  | Approve
  | Note
  | RootPropose
  | RootVote

export type OperationType = OperationContent['type']
