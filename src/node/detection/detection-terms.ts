/** What detection found, as people are told, and its rules: a part of service.ts. */

import type { RuleId, Severity } from '../../detection/finding.ts'
import type { ThresholdUnit } from '../../detection/thresholds.ts'
import type { DeviceName } from '../keys/device-name.ts'

export interface Detection {
  readonly id: number
  readonly rule: RuleId
  readonly severity: Severity
  readonly state: 'open' | 'acknowledged'
  readonly title: string
  readonly explanation: string
  readonly devices: readonly DeviceName[]
  readonly datasets: readonly string[]
  /** Entries of audit logs that show it, the latest last. */
  readonly evidence: readonly {
    readonly device: DeviceName
    readonly incarnation: number
    readonly seq: number
  }[]
  readonly count: number
  readonly threshold: number
  readonly firstAtMs: number
  readonly lastAtMs: number
  readonly raisedAtMs: number
  readonly acknowledged: { readonly atMs: number; readonly by: string; readonly note: string | null } | null
}

export interface DetectionRule {
  readonly id: RuleId
  readonly what: string
  readonly on: boolean
  /** Findings that are open, and that there ever were on this device. */
  readonly open: number
  readonly raised: number
  readonly thresholds: readonly {
    readonly id: string
    readonly what: string
    readonly unit: ThresholdUnit
    readonly value: number
    readonly standard: number
    readonly min: number
    readonly max: number
  }[]
}

export interface DetectionRules {
  readonly rules: readonly DetectionRule[]
  /** `*` is every site that is not named. */
  readonly hours: readonly { readonly site: string; readonly hours: string }[]
  /** Logs that are looked at, and facts that are kept now; those that had to go before their time. */
  readonly logs: number
  readonly facts: number
  readonly factsDropped: number
}

export interface DetectionService {
  detections(search: {
    readonly state: 'open' | 'all'
    readonly rule: RuleId | null
    readonly limit: number
  }): Promise<readonly Detection[]>
  /** Rejects with DETECTION_UNKNOWN, as the next. */
  detection(id: number): Promise<Detection>
  acknowledge(of: { readonly id: number; readonly note: string | null }, by: string): Promise<Detection>
  rules(): Promise<DetectionRules>
  /**
   * Null takes back what was set. Rejects with USAGE for what there is not, or can not be; and rejects, and changes
   * nothing, when the audit log can not say who did it.
   */
  setRules(
    of: {
      readonly thresholds: Readonly<Record<string, number | null>>
      readonly hours: Readonly<Record<string, string | null>>
      readonly on: Readonly<Record<string, boolean>>
    },
    by: string
  ): Promise<DetectionRules>
}
