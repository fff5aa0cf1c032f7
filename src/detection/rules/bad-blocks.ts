/**
 * A device gives blocks that are not what the version says: a rotten disk, or somebody who tampers. None of it is kept.
 */

import { shortId } from '../../base/ids.ts'
import { counted, formatDuration } from '../../base/units.ts'
import type { Finding } from '../finding.ts'
import { distinct, named, type Rule, shownBy, type View } from '../rule.ts'
import { largestSum } from '../sliding.ts'

const BAD_BLOCK = 'bad-block'

function find({ facts, thresholds }: View): Finding[] {
  const threshold = thresholds['bad-blocks.blocks']
  const windowMs = thresholds['bad-blocks.window']
  const bad = facts.bad.filter(({ reason }) => reason === BAD_BLOCK)
  return [...Map.groupBy(bad, ({ peer }) => peer)].flatMap(([peer, all]) => {
    const found = largestSum(all, windowMs, ({ count }) => count)
    if (found === undefined || found.count < threshold) return []
    const observers = distinct(found.facts.map(({ by }) => by))
    return [
      {
        ...{ rule: 'bad-blocks' as const, subject: peer, count: found.count, threshold },
        severity: observers.length > 1 ? ('high' as const) : ('medium' as const),
        title: `device ${shortId(peer)} serves bad blocks`,
        explanation:
          `within ${formatDuration(windowMs)} device ${shortId(peer)} gave ${found.count} blocks that failed their hash ` +
          `(from ${threshold} on), as ${counted(observers.length, 'device')} saw; they were thrown away`,
        ...named({ devices: [peer, ...observers] }),
        ...shownBy(found.facts)
      }
    ]
  })
}

export const badBlocks: Rule = {
  id: 'bad-blocks',
  what: 'A device serves blocks that fail their hash.',
  looksAt: ['bad'],
  find
}
