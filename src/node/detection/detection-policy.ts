/** The policy of detection on this device: a record of the store, and the hours in it understood. */

import { fromUtf8, utf8 } from '../../base/bytes.ts'
import type { View } from '../../detection/rule.ts'
import {
  type DetectionPolicy,
  EVERY_SITE,
  NO_DETECTION_POLICY,
  readPolicy
} from '../../detection/thresholds.ts'
import type { RecordStore } from '../../store/records.ts'
import { type Hours, isWithin, parseHours } from '../../swarm/bandwidth/calendar.ts'
import type { Log } from '../log.ts'

const POLICY_KEY = 'settings/detection'
export const DEFAULT_ZONE = 'UTC'

type Records = Pick<RecordStore, 'getBlob' | 'putBlob'>

/** One that can not be read counts as none, and is said. */
export function loadDetectionPolicy(records: Records, log: Log): DetectionPolicy {
  const stored = records.getBlob(POLICY_KEY)
  if (stored === undefined) return NO_DETECTION_POLICY
  const policy = readPolicy(parsed(fromUtf8(stored) ?? ''))
  if (policy !== undefined) return policy
  log.error({ key: POLICY_KEY }, 'the stored policy of detection can not be read: the defaults are in force')
  return NO_DETECTION_POLICY
}

export function saveDetectionPolicy(records: Records, policy: DetectionPolicy): void {
  records.putBlob(POLICY_KEY, utf8(JSON.stringify({ v: 1, ...policy })))
}

/** Whether sites work at a time, by the hours of the policy. */
export function openingOf({ hours }: DetectionPolicy): View['isOpen'] {
  const known = new Map<string, Hours>()
  for (const [site, text] of Object.entries(hours)) {
    const parsedHours = parseHours(text, DEFAULT_ZONE)
    if (typeof parsedHours !== 'string') known.set(site, parsedHours)
  }
  return (site, atMs) => {
    const of = known.get(site ?? EVERY_SITE) ?? known.get(EVERY_SITE)
    return of && isWithin(of, atMs)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
