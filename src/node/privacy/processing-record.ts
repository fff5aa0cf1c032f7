/**
 * The activities of the record of processing, one for each dataset: what the ledger says of purposes, recipients,
 * places and time limits, beside what the org notes. What neither says is named as to be filled in, and never made up.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { covers } from '../../ledger/fold/access.ts'
import { storageTerms } from '../../ledger/fold/class-policy.ts'
import { copiesOf } from '../../ledger/fold/copies.ts'
import { readersOf } from '../../ledger/fold/readers.ts'
import {
  type DatasetEntry,
  type DatasetVersion,
  type GrantEntry,
  hasEnded,
  isInGroup,
  type State
} from '../../ledger/fold/state.ts'
import { byName, type DeviceName } from '../keys/device-name.ts'
import type { Places } from './places.ts'
import {
  type DatasetNote,
  type PrivacyNotes,
  type ProcessingActivity,
  RECIPIENTS_LISTED_MAX
} from './privacy-terms.ts'

export interface RegisterView {
  readonly state: State
  readonly nowMs: number
  readonly places: Places
  readonly notes: PrivacyNotes
  readonly nameOf: (device: DeviceId) => DeviceName
}

export interface ProcessingView extends RegisterView {
  /** How many persons the versions of a dataset are said to be about. */
  readonly personsOf: (dataset: string) => number
}

/** Versions of a dataset that are not erased, in the order of their ordinals. */
export function keptVersionsOf(state: State, { versions }: DatasetEntry): DatasetVersion[] {
  return versions.filter(({ version }) => (state.content.get(version)?.erasures.length ?? 0) === 0)
}

/** Of datasets of which anything is left, by name. */
export function activitiesOf(view: ProcessingView): ProcessingActivity[] {
  return [...view.state.datasets.values()]
    .map(dataset => ({ dataset, kept: keptVersionsOf(view.state, dataset) }))
    .filter(({ kept }) => kept.length > 0)
    .map(({ dataset, kept }) => activityOf(dataset, kept, view))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Who may read something of these versions now: by the newest of each class, which alone sets versions apart. */
export function readersNow(
  kept: readonly DatasetVersion[],
  { state, nowMs }: Pick<RegisterView, 'state' | 'nowMs'>
): Set<DeviceId> {
  const newest = new Map<string, VersionId>()
  for (const { class: of, version } of kept) newest.set(of, version)
  return new Set(
    [...newest.values()].flatMap(version => [...readersOf(state, version, nowMs).devices.keys()])
  )
}

export function grantsOn(
  dataset: DatasetEntry,
  { state, nowMs }: Pick<RegisterView, 'state' | 'nowMs'>
): GrantEntry[] {
  return [...state.grants.values()].filter(
    grant => !hasEnded(grant.expiresMs, nowMs) && covers(grant.scope, dataset)
  )
}

function activityOf(
  dataset: DatasetEntry,
  kept: readonly DatasetVersion[],
  view: ProcessingView
): ProcessingActivity {
  const { state, notes, personsOf, nameOf, places } = view
  const { name, owner, policy } = dataset
  const note = notes.datasets.find(each => each.name === name)
  const grants = grantsOn(dataset, view)
  const purposes = purposesOf(grants, note)
  const readers = readersNow(kept, view)
  const keepers = new Set(
    kept.flatMap(({ version, publisher }) => [
      publisher,
      ...copiesOf(state, version).map(({ device }) => device)
    ])
  )
  const sealed = kept.filter(each => each.sealed).length
  const pseudonyms = kept.reduce((sum, { subjects }) => sum + subjects.size, 0)
  const { legalBasis = null, persons = null, data = null } = note ?? {}
  const classes = [...new Set(kept.map(each => each.class))].sort()
  return {
    ...{ name, versions: kept.length, bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0) },
    ...{ firstAtMs: timesOf(kept, Math.min), lastAtMs: timesOf(kept, Math.max) },
    owner: owner === 'admins' ? null : nameOf(owner),
    ...{ classes, labels: policy?.labels ?? [] },
    sealed: sealed === 0 ? 'none' : sealed === kept.length ? 'all' : 'some',
    ...{ purposes, legalBasis, persons, data },
    personal: note?.personal ?? (pseudonyms > 0 ? true : null),
    ...{ personsKnown: personsOf(name), pseudonyms },
    access: policy?.access ?? 'members',
    recipients: {
      count: readers.size,
      devices: [...readers].map(nameOf).sort(byName).slice(0, RECIPIENTS_LISTED_MAX),
      groups: groupsOf(grants, view),
      places: places.count(readers)
    },
    keepers: { count: keepers.size, places: places.count(keepers) },
    origins: [...new Set(kept.flatMap(({ origin }) => (origin === undefined ? [] : [new URL(origin).host])))],
    retention: classes.map(dataClass => ({
      ...{ dataClass, keptMs: storageTerms(state, { name, class: dataClass }).retentionMs }
    })),
    holds: state.holds.get(name)?.length ?? 0,
    toFillIn: [
      ...(purposes.length === 0 ? ['purpose'] : []),
      ...(legalBasis === null ? ['legal basis'] : []),
      ...(persons === null ? ['categories of persons'] : []),
      ...(data === null ? ['categories of data'] : [])
    ]
  }
}

function timesOf(kept: readonly DatasetVersion[], pick: (...times: number[]) => number): number {
  return kept.reduce((best, { timeMs }) => pick(best, timeMs), kept[0]?.timeMs ?? 0)
}

function purposesOf(
  grants: readonly GrantEntry[],
  note: DatasetNote | undefined
): ProcessingActivity['purposes'] {
  const granted = [...new Set(grants.flatMap(({ purpose }) => purpose ?? []))].sort()
  return [
    ...(note?.purpose == null ? [] : [{ purpose: note.purpose, from: 'note' as const }]),
    ...granted.map(purpose => ({ purpose, from: 'grant' as const }))
  ]
}

function groupsOf(
  grants: readonly GrantEntry[],
  { state, nowMs }: RegisterView
): ProcessingActivity['recipients']['groups'] {
  const ids = new Set(grants.flatMap(({ grantee }) => (grantee.kind === 'group' ? [grantee.group] : [])))
  return [...ids]
    .flatMap(group => {
      const entry = state.groups.get(group)
      if (entry === undefined) return []
      const devices = [...entry.devices.keys()].filter(device => isInGroup(state, { group, device, nowMs }))
      return [{ name: entry.name, devices: devices.length }]
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
