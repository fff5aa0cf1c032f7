/**
 * What happened to a finding of detection as an event: OCSF 1.2 Detection Finding (2004) in a CloudEvents 1.0 envelope.
 */

import { cloudEventOf, type JsonObject, type OcsfOptions } from '../../audit/ocsf.ts'
import type { DeviceId } from '../../base/ids.ts'
import type { Severity } from '../../detection/finding.ts'
import type { ChangeKind, FindingChange } from '../detection/detection-file.ts'

const ACTIVITIES: Readonly<Record<ChangeKind, { readonly id: number; readonly name: string }>> = {
  raised: { id: 1, name: 'Create' },
  worse: { id: 2, name: 'Update' },
  acknowledged: { id: 3, name: 'Close' }
}
const SEVERITY_IDS: Readonly<Record<Severity, number>> = { low: 2, medium: 3, high: 4, critical: 5 }
const STATUS_NEW = 1
const STATUS_RESOLVED = 4
const ANALYTIC_RULE = 1

export interface FindingEventOptions extends OcsfOptions {
  readonly self: DeviceId
}

/** Neither who acknowledged it nor the note goes out: people write them. */
export function findingEvent(
  { seq, kind, atMs, finding }: FindingChange,
  { org, self, productVersion }: FindingEventOptions
): JsonObject {
  const uid = `${self}/detections/${finding.id}`
  const source = `peerage/${org}/detections/${self}`
  return cloudEventOf(
    {
      ...{ id: `${self}/detections/changes/${seq}`, uid, source, sequence: seq, atMs },
      ...{ type: `peerage.detection.${kind}`, of: 'finding', activity: ACTIVITIES[kind] },
      severityId: SEVERITY_IDS[finding.severity],
      fields: {
        status_id: kind === 'acknowledged' ? STATUS_RESOLVED : STATUS_NEW,
        message: finding.explanation,
        count: Math.round(finding.count),
        start_time: finding.firstAtMs,
        end_time: finding.lastAtMs,
        finding_info: {
          ...{ uid, title: finding.title, desc: finding.explanation, types: [finding.rule] },
          analytic: { type_id: ANALYTIC_RULE, type: 'Rule', name: finding.rule, uid: finding.rule },
          ...{ created_time: finding.raisedAtMs, first_seen_time: finding.firstAtMs },
          last_seen_time: finding.lastAtMs
        },
        resources: [
          ...finding.devices.map(device => ({ uid: device, type: 'Device' })),
          ...finding.datasets.map(name => ({ name, type: 'Dataset' }))
        ],
        evidences: finding.evidence.map(({ device, incarnation, seq: entry }) => ({
          data: { log: `${device}/${incarnation}`, entry }
        })),
        unmapped: { threshold: finding.threshold }
      }
    },
    { org, productVersion }
  )
}
