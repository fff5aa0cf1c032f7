/** What a rule finds: who and what it is about, why it was raised, and where the evidence is recorded. */

import type { DeviceId } from '../base/ids.ts'
import type { Place } from './facts.ts'

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export const RULE_IDS = [
  'mass-reads',
  'off-hours-reads',
  'dormant-reads',
  'bad-blocks',
  'spread',
  'fan-out',
  'repeated-denials',
  'unknown-keys',
  'clock-drift',
  'beacon-starvation'
] as const
export type RuleId = (typeof RULE_IDS)[number]

/** Of more there is only the count. */
export const EVIDENCE_MAX = 20
export const NAMED_MAX = 20

export interface Finding {
  readonly rule: RuleId
  /** What it is about: a device, a dataset, or this device itself. Two findings of a rule about one subject are one. */
  readonly subject: string
  readonly severity: Severity
  readonly title: string
  /** What was seen, and which threshold it passed, with both numbers. */
  readonly explanation: string
  readonly devices: readonly DeviceId[]
  readonly datasets: readonly string[]
  readonly evidence: readonly NonNullable<Place>[]
  /** What was counted, and from which number on it is a finding. */
  readonly count: number
  readonly threshold: number
  readonly firstAtMs: number
  readonly lastAtMs: number
}

export function isRuleId(text: string): text is RuleId {
  return RULE_IDS.some(id => id === text)
}

export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity)
}
