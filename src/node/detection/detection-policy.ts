/** The policy of detection on this device: a record of the store, and the hours in it understood. */

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
import { loadSettings, saveSettings } from '../stored-settings.ts'

const POLICY_KEY = 'settings/detection'
export const DEFAULT_ZONE = 'UTC'

type Records = Pick<RecordStore, 'getBlob' | 'putBlob'>

export function loadDetectionPolicy(records: Records, log: Log): DetectionPolicy {
  const terms = {
    key: POLICY_KEY,
    what: 'policy of detection',
    byDefault: NO_DETECTION_POLICY,
    read: readPolicy
  }
  return loadSettings(records, terms, log)
}

export function saveDetectionPolicy(records: Records, policy: DetectionPolicy): void {
  saveSettings(records, POLICY_KEY, policy)
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
