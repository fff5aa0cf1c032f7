/**
 * What operations can say, type by type; operation-types.ts has their bytes, fold.ts their meaning.
 *
 * Vocabulary. A *subject* is what operations give to and take from: the standing of a device, a role of a device, a
 * place in a group, access to a dataset, the release of a version. A *take* takes from its subject whatever of it was
 * given without knowing of the take.
 */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { DatasetClass, DeviceKind } from '../encoding/names.ts'
import type { LevelSet, PriceSet } from './performance-content.ts'

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
  /** Whether its files are opaque objects, so that who holds them can not read them (docs/protocol-sealing.md). */
  readonly sealed: boolean
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

/** The key to which others seal content for a device; only the device itself says which. */
export interface DeviceSealing {
  readonly type: 'device.sealing'
  readonly device: DeviceId
  /** An X25519 public key. */
  readonly recipient: Uint8Array
}

/** Where a device stands, and how much it holds for others. By the device itself, or by one that could suspend it. */
export interface DeviceStorage {
  readonly type: 'device.storage'
  readonly device: DeviceId
  readonly site: string
  /** Zero: it holds nothing for others. */
  readonly capacityBytes: number
}

/** A copy of a version: the whole of it, where `share` is null. */
export interface CopyOf {
  readonly version: VersionId
  readonly share: number | null
}

/** These a device has, whole and durable, and keeps until then at the least. Only the device itself says so. */
export interface CopyState {
  readonly type: 'copy.state'
  readonly device: DeviceId
  /** Zero: it keeps these no more. Null: until what it says of all such, with `copy.renew`. */
  readonly untilMs: number | null
  /** In the order of their versions, each once. */
  readonly copies: readonly CopyOf[]
}

/** Until when a device keeps all of which it said that it keeps it until it says. Only the device itself says so. */
export interface CopyRenewal {
  readonly type: 'copy.renew'
  readonly device: DeviceId
  readonly untilMs: number
}

/** A device was asked to prove that it has these, and could not. Nobody counts on them until it says so anew. */
export interface CopyDispute {
  readonly type: 'copy.dispute'
  readonly device: DeviceId
  readonly copies: readonly CopyOf[]
  readonly reason: string | null
}

/** In which region a site lies. */
export interface SiteRegion {
  readonly type: 'site.region'
  readonly site: string
  readonly region: string
}

/** Who may hold copies: every member, devices with the role `storage`, or only who may read. */
export const CLASS_HOLDERS = ['members', 'storage', 'readers'] as const
export type ClassHolders = (typeof CLASS_HOLDERS)[number]

/** How content of a class is kept: what class-policy.ts has a default for. */
export interface ClassRules {
  /** Whether holders get it encrypted. */
  readonly sealed: boolean
  readonly holders: ClassHolders
  /** Shortens the root's limit of freshness for the class; null leaves it. */
  readonly stalenessMs: number | null
  /** Whether it may leave the org's own transport. */
  readonly leaves: boolean
  /** Whether it is read only once a scan has found it clean. */
  readonly scan: boolean
  /** Copies at the least, and sites that they are spread over. */
  readonly copies: number
  readonly sites: number
  /** After how long it is deleted; null for never. */
  readonly retentionMs: number | null
}

/** The newest counts, by at least as many admins as sign a root. */
export interface ClassPolicy extends ClassRules {
  readonly type: 'class.policy'
  readonly class: DatasetClass
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

/** A group's key from now on: content that is sealed for the group is sealed to the highest epoch's. */
export interface GroupEpoch {
  readonly type: 'group.epoch'
  readonly group: OperationId
  readonly epoch: number
  /** An X25519 public key. */
  readonly recipient: Uint8Array
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

/** How the versions of a dataset are stored, beyond what their class asks for; the owner's newest counts. */
export interface DatasetStorage {
  readonly type: 'dataset.storage'
  readonly name: string
  readonly copies: number
  readonly sites: number
  /** Where copies may lie; empty for anywhere. */
  readonly regions: readonly string[]
  /** On which kinds of devices; empty for any. */
  readonly kinds: readonly DeviceKind[]
  /** Instead of whole copies: shares, any `data` of which restore the version. */
  readonly shares: { readonly data: number; readonly parity: number } | null
  readonly retentionMs: number | null
}

/**
 * Says which versions are the shares of a version (content/erasure/shared-version.ts), in the order of their numbers.
 * Of those with the same numbers of data and parity the last counts.
 */
export interface DatasetShares {
  readonly type: 'dataset.shares'
  readonly name: string
  readonly version: VersionId
  /** How many of the shares restore it. */
  readonly data: number
  readonly unitBytes: number
  readonly shares: readonly VersionId[]
  /** Of each share. */
  readonly files: number
  readonly bytes: number
}

/** Which persons a version is about, by salted commitments in hex; several operations add up. */
export interface DatasetSubjects {
  readonly type: 'dataset.subjects'
  readonly name: string
  readonly version: VersionId
  readonly subjects: readonly string[]
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

export const SCAN_VERDICTS = ['clean', 'infected', 'unscanned'] as const
export type ScanVerdict = (typeof SCAN_VERDICTS)[number]

/** What a scan of a version came to. `infected` takes it from everybody until a release that knows of the scan. */
export interface ContentScan {
  readonly type: 'content.scan'
  readonly version: VersionId
  readonly engine: string
  /** Which signatures the engine went by. */
  readonly database: string
  readonly verdict: ScanVerdict
  readonly found: string | null
}

/** The version is taken from everybody for good, and every copy of it is to be deleted. */
export interface ContentErase {
  readonly type: 'content.erase'
  readonly version: VersionId
  /** Drawn at random for each request, in hex: what is erased for one request has the same. */
  readonly case: string
  readonly reason: string | null
  /** On what ground, such as art17. */
  readonly basis: string
  /** Whom it is about, by the commitment that dataset.subjects has. */
  readonly subject: string | null
}

/** `source-kept`: every copy is deleted, and what was published in place is left to its owner. */
export const ERASE_OUTCOMES = ['deleted', 'not-held', 'source-kept'] as const
export type EraseOutcome = (typeof ERASE_OUTCOMES)[number]

/** What its author has done about an erasure; its last word counts. */
export interface EraseConfirm {
  readonly type: 'erase.confirm'
  readonly erase: OperationId
  readonly outcome: EraseOutcome
  readonly bytes: number
  /** Whether it destroyed keys as well. */
  readonly keys: boolean
}

/** Nothing of a dataset is deleted, by erasure or by age, until the hold is lifted. */
export interface HoldPlace {
  readonly type: 'hold.place'
  readonly name: string
  readonly reason: string | null
}

/** Lifts one hold, which was placed in a rank that is not above this one. */
export interface HoldLift {
  readonly type: 'hold.lift'
  readonly hold: OperationId
}

/**
 * The org lives with a risk of its register as it is: with a residual score of at most this, until then. Which risks
 * there are, and what a score is, is not the ledger's to know (risk/register.ts).
 */
export interface RiskAccept {
  readonly type: 'risk.accept'
  readonly risk: string
  /** From 1 to 25. */
  readonly score: number
  readonly untilMs: number
  readonly reason: string
}

/** Ends one acceptance, which was signed in a rank that is not above this one. */
export interface RiskWithdraw {
  readonly type: 'risk.withdraw'
  readonly acceptance: OperationId
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
  | DeviceSealing
  | DeviceStorage
  | SiteRegion
  | CopyState
  | CopyRenewal
  | CopyDispute
  | ClassPolicy
  | DeviceSuspend
  | DeviceRevoke
  | InviteCreate
  | InviteCancel
  | GroupCreate
  | GroupAdd
  | GroupRemove
  | GroupEpoch
  | RoleGrant
  | RoleRevoke
  | DatasetPublish
  | DatasetRetire
  | DatasetPolicy
  | DatasetOrigin
  | DatasetStorage
  | DatasetShares
  | DatasetSubjects
  | AccessGrant
  | AccessRevoke
  | ContentQuarantine
  | ContentRelease
  | ContentRecall
  | ContentScan
  | ContentErase
  | EraseConfirm
  | HoldPlace
  | HoldLift
  | RiskAccept
  | RiskWithdraw
  | LevelSet
  | PriceSet
  | Approve
  | Note
  | RootPropose
  | RootVote

export type OperationType = OperationContent['type']
