/** What the node tells of the persons that data is about: the subjects part of service.ts. */

import type { Lookup } from '../../audit/entry.ts'
import type { VersionId } from '../../base/ids.ts'
import type { DatasetClass } from '../../ledger/encoding/names.ts'
import type { AuditMissing } from '../audit/audit-report.ts'
import type { CaseDevice } from '../erasure/erasure-terms.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { HoldingKind } from './subject-messages.ts'

export interface SubjectTags {
  readonly name: string
  /** Null for the newest. */
  readonly version: string | null
  /** Ids of persons, as the org has them; they never leave the stewards' devices but to these. */
  readonly subjects: readonly string[]
  /** Added to those of the dataset. */
  readonly labels: readonly string[]
}

export interface SubjectsTagged {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  /** Persons that it was not said of before, and those that it was. */
  readonly subjects: number
  readonly known: number
  readonly labels: readonly string[]
}

export interface SubjectSummary {
  readonly id: string
  readonly datasets: readonly string[]
  /** Of these, so many can still be read. */
  readonly versions: number
  readonly available: number
}

export const SUBJECT_VERSION_STATES = ['available', 'retired', 'quarantined', 'recalled', 'erased'] as const

export interface UnprovedDevice extends DeviceName {
  readonly state: Exclude<CaseDevice['state'], 'confirmed'>
  readonly lastSeenAtMs: number | null
}

export interface SubjectVersion {
  readonly name: string
  readonly ordinal: number
  readonly version: VersionId
  readonly dataClass: DatasetClass
  readonly sealed: boolean
  readonly labels: readonly string[]
  /** As published: of a sealed version, those of its opaque objects. */
  readonly files: number
  readonly bytes: number
  /** Those of the plain files of a sealed version; null where its manifest is not here, or may not be read. */
  readonly plain: { readonly files: number; readonly bytes: number } | null
  readonly publisher: DeviceName
  readonly publishedAtMs: number
  readonly state: (typeof SUBJECT_VERSION_STATES)[number]
  /** Whether this device may read it now, and why not if it may not. */
  readonly readable: boolean
  readonly closedBy: string | null
  /** For how long its class and dataset have it kept; null for no end. */
  readonly retentionMs: number | null
  readonly holds: readonly {
    readonly by: DeviceName
    readonly reason: string | null
    readonly sinceAtMs: number
  }[]
  /** Who says in the ledger that it keeps a copy. */
  readonly keepers: readonly DeviceName[]
  /** What devices that answered have of it. */
  readonly places: readonly (DeviceName & { readonly kind: HoldingKind; readonly bytes: number })[]
  /** Once it is erased: who has not confirmed that nothing of it is left there, or keeps a source of it. */
  readonly unproved: readonly UnprovedDevice[]
  readonly readers: readonly DeviceName[]
  /** What audit logs that could be had say of who has read it. */
  readonly reads: readonly (DeviceName & { readonly lastAtMs: number })[]
}

export interface SubjectRecord {
  readonly id: string
  readonly atMs: number
  readonly versions: readonly SubjectVersion[]
  readonly answered: readonly DeviceName[]
  /** Members that did not say what they have. */
  readonly silent: readonly DeviceName[]
}

export interface SubjectForgotten {
  /** How many keys were destroyed. */
  readonly keys: number
  /** How many devices had not confirmed the erasure of all about the person, or kept a source. */
  readonly unproved: number
  readonly stewards: readonly (DeviceName & { readonly forgotten: boolean })[]
}

/** When somebody had a steward's device say what it knows of a person. */
export interface SubjectLookups {
  readonly id: string
  readonly atMs: number
  /** Newest first. */
  readonly lookups: readonly {
    readonly device: DeviceName
    readonly atMs: number
    readonly what: Lookup
    readonly count: number
  }[]
  /** False where there are more entries than were looked through. */
  readonly isWhole: boolean
  readonly missing: readonly AuditMissing[]
}

/**
 * All but `prepare` and `tag` need a device that knows whom data is about, and reject with NOT_AUTHORISED elsewhere.
 */
export interface SubjectService {
  /** That persons can be said of what is published next; rejects with SUBJECTS_UNREACHABLE, or NOT_AUTHORISED. */
  prepare(of: Pick<SubjectTags, 'subjects' | 'labels'>): Promise<void>
  tag(tags: SubjectTags): Promise<SubjectsTagged>
  subjects(): Promise<readonly SubjectSummary[]>
  /** Rejects with SUBJECT_UNKNOWN. */
  subject(id: string): Promise<SubjectRecord>
  /** By the audit logs that can be had. Rejects with SUBJECT_UNKNOWN. */
  lookups(id: string): Promise<SubjectLookups>
  /**
   * Destroys the keys of a person. Rejects with SUBJECT_IN_USE while there is data about it; and, unless `force`, with
   * SUBJECT_UNPROVED while any device has not confirmed that it is gone there.
   */
  forget(of: { readonly id: string; readonly force: boolean }): Promise<SubjectForgotten>
}
