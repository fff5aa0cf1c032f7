/**
 * This device hears too few beacon signers for a while: it is cut off, or somebody cuts it off to keep news from it.
 */

import { shortId } from '../../base/ids.ts'
import { formatDuration } from '../../base/units.ts'
import type { Finding } from '../finding.ts'
import { named, type Rule, shownBy, type View } from '../rule.ts'
import { lastingMs, longestRun } from './lasting.ts'

function find({ facts, thresholds }: View): Finding[] {
  const lasting = thresholds['beacon-starvation.lasting']
  return [...Map.groupBy(facts.beacon, ({ device }) => device)].flatMap(([device, all]) => {
    const run = longestRun(all, ({ heard, quorum, isExpired }) => heard < quorum || isExpired)
    const last = run.at(-1)
    if (last === undefined || lastingMs(run) < lasting) return []
    return [
      {
        ...{ rule: 'beacon-starvation' as const, subject: device, count: lastingMs(run), threshold: lasting },
        severity: run.some(({ isExpired }) => isExpired) ? ('high' as const) : ('medium' as const),
        title: `device ${shortId(device)} hears too few beacon signers`,
        explanation:
          `for ${formatDuration(lastingMs(run))} (from ${formatDuration(lasting)} on) device ${shortId(device)} heard ` +
          `${last.heard} beacon signers, of ${last.quorum} that it needs; revocations may not reach it`,
        ...named({ devices: [device] }),
        ...shownBy(run)
      }
    ]
  })
}

export const beaconStarvation: Rule = {
  id: 'beacon-starvation',
  what: 'This device hears too few beacon signers for a while.',
  looksAt: ['beacon'],
  find
}
