/** What the node tells of erasures, and what it can be asked to do about them: the erasure part of service.ts. */

import type { OperationId, OrgId, VersionId } from '../../base/ids.ts'
import type { ErasureKind } from '../../ledger/fold/state.ts'
import type { EraseOutcome } from '../../ledger/operation/operation-content.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { ContentActed } from '../ledger/governance-terms.ts'

export interface EraseRequest {
  /** Null with a person, for all datasets. */
  readonly name: string | null
  /** All that is about this person, of the dataset if one is named. */
  readonly subject?: string | null
  /** Null for the newest. */
  readonly version: string | null
  readonly allVersions: boolean
  readonly reason: string | null
  /** On what ground, such as art17. */
  readonly basis: string
  /** What was published in place from this device is deleted as well. */
  readonly deleteSource: boolean
}

export interface CaseHold {
  readonly operation: OperationId
  readonly by: DeviceName
  readonly reason: string | null
  readonly placedAtMs: number
}

export interface ObstacleHold extends CaseHold {
  /** The dataset that is held. */
  readonly name: string
  /** Placed by an admin, so that only admins lift it. */
  readonly byAdmin: boolean
}

/** What a publisher has of a version beside what is the org's: its owner's file, which no erasure takes unasked. */
export interface ObstacleSource {
  readonly version: VersionId
  readonly names: readonly string[]
  readonly at: DeviceName & { readonly isHere: boolean }
  /** Null on another device: only that knows whether it published in place, and where. */
  readonly path: string | null
  /** Its deletion was agreed to on its device; always false of another. */
  readonly goes: boolean
}

export interface ErasureObstacles {
  /** Nothing is deleted while there are any. */
  readonly holds: readonly ObstacleHold[]
  readonly sources: readonly ObstacleSource[]
}

export interface EraseActed extends ErasureObstacles {
  /** In hex. */
  readonly case: string
  readonly operations: readonly ContentActed[]
}

/** One admin's agreement, besides that of who asked. */
export interface CaseApproval {
  readonly operation: OperationId
  readonly by: DeviceName
  readonly atMs: number
  readonly record: string
}

export interface CaseErasure {
  readonly operation: OperationId
  readonly kind: ErasureKind
  readonly version: VersionId
  readonly names: readonly string[]
  readonly by: DeviceName
  readonly reason: string | null
  readonly basis: string
  readonly atMs: number
  readonly inForce: boolean
  /** Why it has no effect yet; null while it is in force. */
  readonly waitsFor: string | null
  /** What its deletion waits for. */
  readonly holds: readonly CaseHold[]
  readonly approvals: readonly CaseApproval[]
  /** Who published what was recalled, and has not said yet that it has the source: no copy goes before. */
  readonly awaits: readonly DeviceName[]
  /** The operation as it was signed, in base64. */
  readonly record: string
}

export interface CaseConfirmation {
  readonly operation: OperationId
  readonly erase: OperationId
  readonly outcome: EraseOutcome
  readonly bytes: number
  readonly keys: boolean
  readonly atMs: number
  readonly record: string
}

export const CASE_DEVICE_STATES = ['confirmed', 'source-kept', 'waiting', 'away', 'excluded'] as const

export interface CaseDevice extends DeviceName {
  /**
   * `confirmed`: it has no copy. `source-kept`: it has none but what was published there in place. `waiting`: it is
   * connected, and has not said. `away`: it is not connected. `excluded`: suspended, revoked or expired, it can not.
   */
  readonly state: (typeof CASE_DEVICE_STATES)[number]
  /** For people; null where there is no more to say. */
  readonly detail: string | null
  readonly lastSeenAtMs: number | null
  readonly confirmations: readonly CaseConfirmation[]
}

export interface ErasureCase {
  /** In hex. */
  readonly case: string
  readonly erasures: readonly CaseErasure[]
  readonly devices: readonly CaseDevice[]
}

export interface CaseSummary {
  readonly case: string
  readonly kind: ErasureKind
  readonly names: readonly string[]
  readonly basis: string
  readonly reason: string | null
  readonly by: DeviceName
  readonly atMs: number
  readonly versions: number
  readonly inForce: number
  readonly held: number
  readonly devices: number
  readonly confirmed: number
  /** Erasures of it that wait for a publisher. */
  readonly awaited: number
  /** Devices that left a source to its owner. */
  readonly kept: number
}

export interface Certificate extends ErasureCase {
  readonly format: string
  readonly v: number
  readonly org: { readonly id: OrgId; readonly name: string }
  readonly issuedBy: DeviceName
  readonly issuedAtMs: number
  /** What it does not say, in sentences. */
  readonly limits: readonly string[]
  /** By the device that issued it, in hex. */
  readonly signature: string
}

export interface CertificateVerification {
  readonly case: string
  readonly org: { readonly id: string; readonly name: string }
  readonly issuedBy: DeviceName
  readonly issuedAtMs: number
  /** Signatures that were checked, that of the certificate included. */
  readonly signatures: number
  readonly confirmed: number
  /** Devices that have not confirmed, or left a source. */
  readonly open: number
}

/** Each action rejects with NOT_AUTHORISED, and signs nothing, when this device may not do it. */
export interface ErasureService {
  erase(request: EraseRequest): Promise<EraseActed>
  cases(): Promise<readonly CaseSummary[]>
  /** By the beginning of a case; rejects with CASE_UNKNOWN. */
  case(id: string): Promise<ErasureCase>
  /** The newest case that a version is in; rejects with CASE_UNKNOWN. */
  caseOf(of: { readonly name: string; readonly version: string | null }): Promise<ErasureCase>
  /** Agrees, as this device, to all of a case that waits for approval; rejects with NO_CHANGE. */
  approve(id: string): Promise<EraseActed>
  /** Has this device try again, and say what it then can. */
  finish(of: {
    readonly id: string
    readonly deleteSource: boolean
    /** Folders that are not there were removed. */
    readonly gone: boolean
  }): Promise<ErasureCase>
  certificate(id: string): Promise<Certificate>
}

/** The part of a node's service that erasures are. */
export interface ErasingService {
  readonly erasures: ErasureService
}

/** The part of the daemon that needs no node. */
export interface CertificateVerifier {
  /** Checks a certificate in a file, on any machine; rejects with CERTIFICATE_INVALID, or CERTIFICATE_MISSING. */
  verifyCertificate(path: string): Promise<CertificateVerification>
}
