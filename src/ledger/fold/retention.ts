/**
 * Which versions have been kept for as long as their class and dataset say. A version that is published under several
 * names is over when it is under each; one that is published again is as young as its last publication.
 *
 * Clocks. A version is over a day later than the rule says. Publication times are believed within minutes, so no clock
 * that is stepped by hours, as by a wrong time zone, has anything deleted before its time. And being over deletes
 * nothing: that takes an erasure, to which as many admins agree as to a root.
 */

import type { VersionId } from '../../base/ids.ts'
import { RETENTION_MARGIN_MS } from '../../base/retention-margin.ts'
import { DAY_MS, formatDuration } from '../../base/units.ts'
import { classRules, storageTerms } from './class-policy.ts'
import { holdsOn } from './deletion.ts'
import type { DatasetEntry, DatasetVersion, State, Taking } from './state.ts'

export interface KeptVersion {
  readonly version: VersionId
  /** The name that keeps it the longest, and its last publication there. */
  readonly name: string
  readonly published: DatasetVersion
  /** Null for ever. */
  readonly keptMs: number | null
  /** Whose rule that is. */
  readonly by: 'class' | 'dataset'
  /** When it is over; null for never. */
  readonly overAtMs: number | null
  readonly holds: readonly Taking[]
}

/** Of every version that is not erased, those first that are over first. */
export function keptVersions(state: State): KeptVersion[] {
  const kept = [...state.publishedAs].flatMap(([version, names]) => {
    if ((state.content.get(version)?.erasures.length ?? 0) > 0) return []
    const all = [...names].flatMap(name => keptUnder(state, state.datasets.get(name), version) ?? [])
    const longest = all.sort((a, b) => endOf(b) - endOf(a) || (a.name < b.name ? -1 : 1))[0]
    return longest === undefined ? [] : [{ ...longest, holds: holdsOn(state, version) }]
  })
  return kept.sort((a, b) => compareEnds(a, b) || (a.version < b.version ? -1 : 1))
}

/** In days where that is what it is: rules are made in days. */
export function keptInWords(keptMs: number): string {
  return keptMs % DAY_MS === 0 ? `${keptMs / DAY_MS} days` : formatDuration(keptMs)
}

export function isOver({ overAtMs }: Pick<KeptVersion, 'overAtMs'>, nowMs: number): boolean {
  return overAtMs !== null && nowMs >= overAtMs
}

function keptUnder(
  state: State,
  dataset: DatasetEntry | undefined,
  version: VersionId
): Omit<KeptVersion, 'holds'> | undefined {
  const published = dataset?.versions
    .filter(each => each.version === version)
    .reduce((last, each) => (each.timeMs > last.timeMs ? each : last))
  if (dataset === undefined || published === undefined) return undefined
  const { name } = dataset
  const keptMs = storageTerms(state, { name, class: published.class }).retentionMs
  const by = keptMs === classRules(state, published.class).retentionMs ? 'class' : 'dataset'
  const overAtMs = keptMs === null ? null : published.timeMs + keptMs + RETENTION_MARGIN_MS
  return { version, name, published, keptMs, by, overAtMs }
}

function endOf({ overAtMs }: Pick<KeptVersion, 'overAtMs'>): number {
  return overAtMs ?? Number.MAX_SAFE_INTEGER
}

function compareEnds(a: KeptVersion, b: KeptVersion): number {
  return endOf(a) - endOf(b)
}
