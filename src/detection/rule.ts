/** What a rule of detection is: a pure function from what is known to what it finds. */

import type { DeviceId } from '../base/ids.ts'
import type { DataClass, Fact, FactKind, Facts } from './facts.ts'
import { EVIDENCE_MAX, type Finding, NAMED_MAX, type RuleId } from './finding.ts'
import type { Usual } from './memory.ts'
import type { Thresholds } from './thresholds.ts'

export interface View {
  readonly facts: Facts
  readonly thresholds: Thresholds
  readonly usual: Usual
  /** Whether a site works at a time; undefined where no hours are set for it. */
  readonly isOpen: (site: string | null, atMs: number) => boolean | undefined
}

export interface Rule {
  readonly id: RuleId
  /** What it looks for, in a sentence. */
  readonly what: string
  /** Facts without which nothing new can be found. */
  readonly looksAt: readonly FactKind[]
  readonly find: (view: View) => Finding[]
}

export function isSensitive(dataClass: DataClass): boolean {
  return dataClass === 'confidential' || dataClass === 'restricted'
}

export function distinct<T>(values: Iterable<T>): T[] {
  return [...new Set(values)]
}

/** What facts themselves say of a finding: where they are recorded, and from when to when. */
export function shownBy(facts: readonly Fact[]): Pick<Finding, 'evidence' | 'firstAtMs' | 'lastAtMs'> {
  const times = facts.map(({ atMs }) => atMs)
  return {
    evidence: facts.flatMap(({ place }) => place ?? []).slice(-EVIDENCE_MAX),
    firstAtMs: times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    lastAtMs: times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  }
}

export function named({
  devices = [],
  datasets = []
}: {
  readonly devices?: Iterable<DeviceId>
  readonly datasets?: Iterable<string>
}): Pick<Finding, 'devices' | 'datasets'> {
  return {
    devices: distinct(devices).slice(0, NAMED_MAX),
    datasets: distinct(datasets).slice(0, NAMED_MAX)
  }
}
