/**
 * A member is refused again and again: somebody tries doors. That a device which waits for one version asks for it
 * every minute is told from that by how many it asks for. Refusals for want of beacons are the business of another
 * rule.
 */

import { shortId } from '../../base/ids.ts'
import { formatDuration } from '../../base/units.ts'
import type { DeniedFact } from '../facts.ts'
import type { Finding } from '../finding.ts'
import { named, type Rule, shownBy, type View } from '../rule.ts'
import { largestSum, mostDifferent, type Stretch } from '../sliding.ts'

/**
 * What the ledger says of freshness (ledger/freshness), and that a device without the role does not get audit logs: the
 * risk register of each asks for them.
 */
const NOT_ITS_DOING: readonly string[] = ['stale', 'unheard', 'clock-skew', 'not-an-auditor']

function find({ facts, thresholds }: View): Finding[] {
  const windowMs = thresholds['repeated-denials.window']
  const refusals = facts.denied.filter(({ reason }) => !NOT_ITS_DOING.includes(reason))
  return [...Map.groupBy(refusals, ({ peer }) => peer)].flatMap(([peer, all]) => {
    const found: { stretch: Stretch<DeniedFact>; threshold: number; says: string }[] = []
    const check = (stretch: Stretch<DeniedFact> | undefined, threshold: number, what: string): void => {
      if (stretch === undefined || stretch.count < threshold) return
      found.push({ stretch, threshold, says: `${stretch.count} ${what} (from ${threshold} on)` })
    }
    const ofVersions = all.filter(({ version }) => version !== null)
    check(
      mostDifferent(ofVersions, windowMs, ({ version }) => version ?? ''),
      thresholds['repeated-denials.versions'],
      'different versions'
    )
    check(
      largestSum(all, windowMs, ({ count }) => count),
      thresholds['repeated-denials.denials'],
      'times'
    )
    const [first] = found
    if (first === undefined) return []
    const shown = found.flatMap(({ stretch }) => stretch.facts)
    return [
      {
        ...{ rule: 'repeated-denials' as const, subject: peer },
        ...{ count: first.stretch.count, threshold: first.threshold },
        severity: 'medium' as const,
        title: `device ${shortId(peer)} is refused again and again`,
        explanation: `within ${formatDuration(windowMs)} device ${shortId(peer)} was refused ${found.map(({ says }) => says).join(', and ')}`,
        ...named({ devices: [peer] }),
        ...shownBy(shown)
      }
    ]
  })
}

export const repeatedDenials: Rule = {
  id: 'repeated-denials',
  what: 'A member is refused very often, or for many versions.',
  looksAt: ['denied'],
  find
}
