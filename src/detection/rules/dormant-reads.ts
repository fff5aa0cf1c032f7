/** A device that was silent for long is back and reads: a laptop from a drawer, or a key that somebody kept. */

import { shortId } from '../../base/ids.ts'
import { DAY_MS, formatDuration } from '../../base/units.ts'
import type { Finding } from '../finding.ts'
import { distinct, isSensitive, named, type Rule, shownBy, type View } from '../rule.ts'

function find({ facts, thresholds, usual }: View): Finding[] {
  const threshold = thresholds['dormant-reads.versions']
  const watchMs = thresholds['dormant-reads.watch']
  const chosen = facts.read.filter(({ isOwed, dataClass }) => !isOwed && dataClass !== 'public')
  return [...Map.groupBy(chosen, ({ reader }) => reader)].flatMap(([reader, all]) => {
    const back = usual.returned(reader)
    if (back === undefined || back.silentMs < thresholds['dormant-reads.silence']) return []
    const reads = all.filter(({ atMs }) => atMs >= back.backMs && atMs - back.backMs < watchMs)
    const count = distinct(reads.map(({ version }) => version)).length
    if (count < threshold) return []
    return [
      {
        ...{ rule: 'dormant-reads' as const, subject: reader, count, threshold },
        severity: reads.some(({ dataClass }) => isSensitive(dataClass))
          ? ('high' as const)
          : ('low' as const),
        title: `device ${shortId(reader)} is back after a long silence, and reads`,
        explanation:
          `nothing was heard of device ${shortId(reader)} for ${Math.floor(back.silentMs / DAY_MS)} days; within ` +
          `${formatDuration(watchMs)} of its return it read ${count} versions that are not public (from ${threshold} on)`,
        ...named({ devices: [reader], datasets: reads.map(({ dataset }) => dataset) }),
        ...shownBy(reads)
      }
    ]
  })
}

export const dormantReads: Rule = {
  id: 'dormant-reads',
  what: 'A device of which nothing was heard for long is back and reads what is not public.',
  looksAt: ['read'],
  find
}
