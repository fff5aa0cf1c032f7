/** What the node tells of privacy: what the org notes of itself, and the registers made of that and the ledger. */

import type { OrgId } from '../../base/ids.ts'
import type { DatasetClass } from '../../ledger/encoding/names.ts'
import type { DeviceName } from '../keys/device-name.ts'

/** What only the org knows of itself: GDPR, Art. 30(1)(a), Art. 33(3)(b) and Art. 55. */
export const CONTROLLER_FIELDS = [
  'controller',
  'contact',
  'joint-controllers',
  'representative',
  'dpo',
  'authority'
] as const
export type ControllerField = (typeof CONTROLLER_FIELDS)[number]
export const NOTE_CHARACTERS_MAX = 500

/** Why data may go where no territory is: Art. 45, 46(2)(c), 47, 49, and other safeguards of Art. 46. */
export const TRANSFER_BASES = ['adequacy', 'clauses', 'rules', 'derogation', 'other'] as const
export type TransferBasis = (typeof TRANSFER_BASES)[number]

/** What the org notes of a site, a region, or a device. */
export interface PlaceNote {
  /** `site:NAME`, `region:NAME` or `device:ID`. */
  readonly place: string
  /** ISO 3166-1, two letters. */
  readonly country: string | null
  readonly basis: TransferBasis | null
  /** Where the basis is written down. */
  readonly reference: string | null
  /** Since when it is noted so. */
  readonly sinceAtMs: number
}

/** What the org notes of a dataset, which no network can know. */
export interface DatasetNote {
  readonly name: string
  readonly purpose: string | null
  readonly legalBasis: string | null
  /** Categories of persons, and of data about them. */
  readonly persons: string | null
  readonly data: string | null
  /** Whether it has data about persons; null where nobody has said. */
  readonly personal: boolean | null
}

export interface PrivacyNotes {
  readonly controller: { readonly [Field in ControllerField]: string | null }
  /** `EEA` and countries, with commas between. */
  readonly territory: string
  readonly places: readonly PlaceNote[]
  readonly datasets: readonly DatasetNote[]
}

export type DatasetNoteChanges = { readonly name: string } & {
  readonly [K in Exclude<keyof DatasetNote, 'name'>]?: DatasetNote[K] | undefined
}

/** Devices of one site, and where that lies. */
export interface PlaceCount {
  readonly site: string | null
  readonly region: string | null
  readonly country: string | null
  /** Whether that is inside the territory; null where the country is not noted. */
  readonly inside: boolean | null
  readonly basis: TransferBasis | null
  readonly reference: string | null
  readonly devices: number
}

export interface ProcessingActivity {
  readonly name: string
  /** That are not erased. */
  readonly versions: number
  readonly bytes: number
  readonly firstAtMs: number
  readonly lastAtMs: number
  readonly owner: DeviceName | null
  readonly classes: readonly DatasetClass[]
  readonly labels: readonly string[]
  readonly sealed: 'all' | 'some' | 'none'
  /** From grants that hold, and what the org notes. */
  readonly purposes: readonly { readonly purpose: string; readonly from: 'grant' | 'note' }[]
  readonly legalBasis: string | null
  readonly persons: string | null
  readonly data: string | null
  readonly personal: boolean | null
  /** Persons whom versions are said to be about, as the directory here knows them; and pseudonyms in the ledger. */
  readonly personsKnown: number
  readonly pseudonyms: number
  readonly access: 'members' | 'granted'
  readonly recipients: {
    /** That may read now, the first of them by name. */
    readonly count: number
    readonly devices: readonly DeviceName[]
    readonly groups: readonly { readonly name: string; readonly devices: number }[]
    readonly places: readonly PlaceCount[]
  }
  /** Where publishers and kept copies are. */
  readonly keepers: { readonly count: number; readonly places: readonly PlaceCount[] }
  /** Hosts outside the org from which its bytes can be had. */
  readonly origins: readonly string[]
  readonly retention: readonly { readonly dataClass: DatasetClass; readonly keptMs: number | null }[]
  readonly holds: number
  /** What the network can not know, and nobody has noted. */
  readonly toFillIn: readonly string[]
}

export interface ProtectiveMeasure {
  readonly title: string
  /** Of the GDPR. */
  readonly article: string
  readonly state: 'in-force' | 'in-part' | 'off' | 'unknown'
  readonly detail: string
}

/** Of whom a register is, who made it, and when. */
export interface RegisterHead extends Pick<PrivacyNotes, 'controller' | 'territory'> {
  readonly org: { readonly id: OrgId; readonly name: string }
  readonly device: DeviceName
  readonly software: string
  readonly atMs: number
}

export interface ProcessingRecord extends RegisterHead {
  readonly activities: readonly ProcessingActivity[]
  /** Datasets that the org notes to have no data about persons. */
  readonly without: readonly string[]
  readonly measures: readonly ProtectiveMeasure[]
  readonly toFillIn: readonly string[]
  readonly limits: readonly string[]
}

export const RECIPIENTS_LISTED_MAX = 50
