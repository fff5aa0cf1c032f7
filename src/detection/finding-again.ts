/**
 * When a finding is one that there is already, and what the two are together. One that comes again after a time without
 * any is new: then something has happened again.
 */

import { DAY_MS } from '../base/units.ts'
import { EVIDENCE_MAX, type Finding, NAMED_MAX, severityRank } from './finding.ts'

export const QUIET_MS = DAY_MS

export type Kept = Pick<Finding, 'rule' | 'subject' | 'firstAtMs' | 'lastAtMs'>

export function isAgain(kept: Kept, found: Kept): boolean {
  return (
    kept.rule === found.rule &&
    kept.subject === found.subject &&
    found.firstAtMs - kept.lastAtMs < QUIET_MS &&
    kept.firstAtMs - found.lastAtMs < QUIET_MS
  )
}

/** The words are those of the later; severity and count are the worse. */
export function together(kept: Finding, found: Finding): Finding {
  const later = found.lastAtMs >= kept.lastAtMs ? found : kept
  const earlier = later === found ? kept : found
  const union = <T>(key: (value: T) => string, all: readonly T[]): T[] => [
    ...new Map(all.map(value => [key(value), value])).values()
  ]
  const worse = severityRank(kept.severity) > severityRank(found.severity) ? kept : found
  return {
    ...later,
    severity: worse.severity,
    count: Math.max(kept.count, found.count),
    devices: union(id => id, [...later.devices, ...earlier.devices]).slice(0, NAMED_MAX),
    datasets: union(name => name, [...later.datasets, ...earlier.datasets]).slice(0, NAMED_MAX),
    evidence: union(
      ({ device, incarnation, seq }) => `${device}/${incarnation}/${seq}`,
      [...earlier.evidence, ...later.evidence]
    ).slice(-EVIDENCE_MAX),
    firstAtMs: Math.min(kept.firstAtMs, found.firstAtMs),
    lastAtMs: later.lastAtMs
  }
}

export function isEqual(a: Finding, b: Finding): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
