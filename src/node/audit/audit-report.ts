/** What the node tells of audit logs, its own and those it collected: the audit part of service.ts. */

import type { AuditAction, AuditEvent } from '../../audit/entry.ts'
import type { ReadEvidence } from '../../audit/evidence.ts'
import type { FindingKind } from '../../audit/log-verification.ts'
import type { PlainEvent } from '../../audit/ocsf.ts'
import type { WitnessRefusal } from '../../audit/witness.ts'
import type { DeviceId, OrgId, VersionId } from '../../base/ids.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Task } from '../task.ts'

/** A use of the API of a node, as its audit log has it. */
export type CalledEntry = Extract<AuditEvent, { readonly action: 'called' }>

export interface AuditRequest {
  /** Name of a device, or the beginning of its id. */
  readonly device: string | null
  readonly dataset: string | null
  /** Only what says something of this version; without it of any, and of none. */
  readonly version?: VersionId
  readonly action: AuditAction | null
  readonly sinceMs: number | null
  /** The newest so many. */
  readonly limit: number
  /** Uses of this node's API that are left out; without it none are. */
  readonly isLeftOut?: (call: CalledEntry) => boolean
  /** Nobody waits for it: peers are not asked what they would refuse, and write down that they did. */
  readonly isUnattended?: boolean
}

export interface AuditRecord {
  readonly device: DeviceName
  /** Which log of the device it is in: when that was begun. */
  readonly incarnation: number
  readonly seq: number
  readonly atMs: number
  readonly action: AuditAction
  readonly peer: DeviceName | null
  readonly dataset: string | null
  readonly version: VersionId | null
  /** All that the entry says; binary as hex. */
  readonly event: PlainEvent
}

/** How much of a log is here, and how much of that is vouched for. */
export interface AuditLogStatus {
  readonly device: DeviceName
  /** When it was begun. */
  readonly incarnation: number
  /** Whether the device has begun another since. */
  readonly ended: boolean
  readonly entries: number
  /** Covered by a checkpoint of the device. */
  readonly signedEntries: number
  /** For one witness, two, and so on: how many entries at least so many have cosigned. */
  readonly cosigned: readonly { readonly witnesses: number; readonly entries: number }[]
  /** For each outside witness that is trusted, how many entries it has cosigned. */
  readonly outside: readonly { readonly name: string; readonly entries: number }[]
  /** Entries of which retention has left only the hash, those of before when, and when they were dropped. */
  readonly droppedEntries: number
  readonly droppedBeforeMs: number | null
  readonly droppedAtMs: number | null
}

/**
 * A log that could not be had as it is now, and why; an older copy may still be here. Or a log that its device could
 * not go on with, of which entries that were signed for are nowhere to be had.
 */
export interface AuditMissing {
  readonly device: DeviceName
  /** Entries that are known to be lost; 0 for a log that could only not be had now. */
  readonly lostEntries: number
  readonly reason: string
}

export interface AuditFinding {
  readonly kind: FindingKind
  readonly device: DeviceName
  readonly incarnation: number
  readonly position: number | null
  readonly witnesses: readonly DeviceName[]
  readonly detail: string
}

export interface AuditSurvey {
  readonly logs: readonly AuditLogStatus[]
  readonly missing: readonly AuditMissing[]
  readonly findings: readonly AuditFinding[]
}

export interface AuditReport extends AuditSurvey {
  /** Newest first. */
  readonly entries: readonly AuditRecord[]
  /** How many that were meant were left out, back to the oldest that is told. */
  readonly leftOut: number
}

export interface AuditRead
  extends Omit<ReadEvidence, 'server' | 'reader' | 'dataset' | 'firstMs' | 'lastMs'> {
  readonly server: DeviceName
  readonly reader: DeviceName
  readonly firstAtMs: number
  readonly lastAtMs: number
}

export interface AuditHolder {
  readonly device: DeviceName
  readonly version: VersionId
  readonly kind: 'source' | 'fetched'
  readonly sinceAtMs: number
  readonly endedAtMs: number | null
}

export interface AuditWho extends AuditSurvey {
  readonly name: string
  readonly holders: readonly AuditHolder[]
  readonly reads: readonly AuditRead[]
}

export interface AuditVerification extends AuditSurvey {
  readonly org: OrgId
  /** Reads with every trace, and those that lack one in a log that is here. */
  readonly readsComplete: number
  readonly readsIncomplete: number
  /** Reads of which nothing is missing but what retention has dropped. */
  readonly readsExpired: number
  /** Reads of which nothing is missing but what would lie in a log that is not here. */
  readonly readsUnavailable: number
}

export interface AuditProgress {
  readonly entriesDone: number
}

export type AuditFormat = 'folder' | 'ocsf' | 'jsonl'

export interface AuditExportRequest {
  readonly path: string
  readonly format: AuditFormat
}

export interface AuditExported {
  readonly path: string
  readonly format: AuditFormat
  readonly logs: number
  readonly entries: number
  readonly missing: readonly AuditMissing[]
}

/** The newest checkpoint of a log that is known, with its cosignatures. */
export interface AuditCheckpoint {
  readonly device: DeviceName
  readonly incarnation: number
  readonly ended: boolean
  readonly size: number
  /** The C2SP signed note. */
  readonly note: string
  readonly witnesses: readonly DeviceName[]
  readonly outside: readonly string[]
}

export interface AuditCheckpoints extends AuditSurvey {
  readonly checkpoints: readonly AuditCheckpoint[]
}

export interface AuditAsked {
  readonly path: string
  readonly witness: string
  /** Questions that were written: from what the witness cosigned last, as far as is known here, to the newest. */
  readonly asked: readonly {
    readonly file: string
    readonly device: DeviceName
    readonly incarnation: number
    readonly oldSize: number
    readonly size: number
  }[]
  readonly missing: readonly AuditMissing[]
}

export interface AuditAccepted {
  readonly accepted: readonly {
    readonly file: string
    readonly device: DeviceName
    readonly incarnation: number
    readonly size: number
    readonly outside: readonly string[]
  }[]
  readonly refused: readonly { readonly file: string; readonly reason: string }[]
  readonly findings: readonly AuditFinding[]
}

/** What an outside witness made of one question. */
export interface Witnessed {
  readonly file: string
  readonly org: OrgId | null
  readonly device: DeviceId | null
  readonly incarnation: number | null
  readonly size: number | null
  readonly verdict: 'cosigned' | 'conflict' | WitnessRefusal | 'unreadable'
  /** Size of the checkpoint that the answer carries; null when there is none. */
  readonly cosignedSize: number | null
  readonly detail: string | null
}

export interface WitnessRun {
  /** The verifier key, for whoever is to trust this witness. */
  readonly witness: string
  /** Where it remembers what it cosigned. */
  readonly state: string
  readonly answers: readonly Witnessed[]
}

export interface WitnessRunRequest {
  readonly folder: string
  readonly keyFile: string
  readonly passphrase: string
  readonly name: string
  /** Null for a file beside the key. */
  readonly statePath: string | null
  /** The org that questions must be of; null answers those of any. */
  readonly org: OrgId | null
  readonly nowMs: () => number
}

export interface AuditService {
  /** The newest checkpoints, of one device or of all. */
  auditCheckpoints(request: { readonly device: string | null }): Promise<AuditCheckpoints>
  /** Writes what is asked of an outside witness into a folder. */
  auditAsk(request: { readonly path: string; readonly witness: string }): Promise<AuditAsked>
  /** Takes the answers of outside witnesses from a folder. */
  auditAccept(request: { readonly path: string }): Promise<AuditAccepted>
  /** Asks every reachable peer first. */
  audit(request: AuditRequest): Promise<AuditReport>
  /** Who holds a dataset and who has read it, with the evidence of each side. */
  auditWho(name: string): Promise<AuditWho>
  /** Checks every log that is here, from the first entry on. */
  auditVerify(task: Task<AuditProgress>): Promise<AuditVerification>
  /** Writes what can be had to a new folder or file. */
  auditExport(request: AuditExportRequest, task: Task<AuditProgress>): Promise<AuditExported>
}

/** What `audit verify DIR` needs of a machine that need not be a member. */
export interface AuditFolderRequest {
  readonly folder: string
  /** The org that it must be of; null believes the folder. */
  readonly org: OrgId | null
  /** Verifier keys of outside witnesses whose cosignatures count. */
  readonly witnesses: readonly string[]
  readonly onProgress: (progress: AuditProgress) => void
}

export const nameless = (device: DeviceId): DeviceName => ({ device, name: null, site: null })
