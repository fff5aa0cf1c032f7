/** What the register takes from detection: findings that nobody has looked at yet. */

import type { RuleId } from '../../detection/finding.ts'
import type { Detection } from '../detection/detection-terms.ts'
import type { NetworkView } from './network-view.ts'
import { type Readings, readingOf } from './reading.ts'

const OF_ACCESS: readonly RuleId[] = ['repeated-denials', 'unknown-keys']
const OF_MEMBERS: readonly RuleId[] = ['mass-reads', 'off-hours-reads', 'dormant-reads', 'spread', 'fan-out']

export function detectionReadings(view: NetworkView): Readings<'access-detections' | 'insider-detections'> {
  const count = (counts: (finding: Detection) => boolean) =>
    readingOf(view, view.detections, all => {
      const found = all.filter(counts)
      const devices = [...new Set(found.flatMap(each => each.devices.map(({ device }) => device)))]
      const [first] = found
      return {
        ...{ value: found.length, devices: found.length === 0 ? [view.self] : devices },
        ...(first === undefined ? {} : { detail: first.title })
      }
    })
  return {
    'access-detections': count(({ rule }) => OF_ACCESS.includes(rule)),
    'insider-detections': count(({ rule, severity }) => OF_MEMBERS.includes(rule) && severity !== 'low')
  }
}
