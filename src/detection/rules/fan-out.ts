/**
 * Suddenly many devices read an old version, many more than ever before: not a release, which is new, and not a dataset
 * that many read anyway. Of one that nothing was learned of nothing can be said.
 */

import { counted, formatDuration } from '../../base/units.ts'
import type { Finding } from '../finding.ts'
import { peakAt } from '../memory.ts'
import { isSensitive, named, type Rule, shownBy, type View } from '../rule.ts'
import { mostDifferent } from '../sliding.ts'

function find({ facts, thresholds, usual }: View): Finding[] {
  const windowMs = thresholds['fan-out.window']
  const old = facts.read.filter(
    ({ isOwed, atMs, publishedMs, dataClass }) =>
      !isOwed && dataClass !== 'public' && atMs - publishedMs >= thresholds['fan-out.release']
  )
  return [...Map.groupBy(old, ({ dataset }) => dataset)].flatMap(([dataset, reads]) => {
    const known = usual.reads(dataset)
    const found = mostDifferent(reads, windowMs, ({ reader }) => reader)
    if (known === undefined || found === undefined) return []
    const before = peakAt(known, found.facts.at(-1)?.atMs ?? known.peakMs)
    const threshold = Math.max(
      thresholds['fan-out.devices'],
      Math.ceil(thresholds['fan-out.factor'] * before)
    )
    if (found.count < threshold) return []
    const isSecret = found.facts.some(({ dataClass }) => isSensitive(dataClass))
    return [
      {
        ...{ rule: 'fan-out' as const, subject: dataset, count: found.count, threshold },
        severity: isSecret ? ('high' as const) : ('medium' as const),
        title: `suddenly many devices read ${dataset}`,
        explanation:
          `${counted(found.count, 'device')} read an old version of ${dataset} within ${formatDuration(windowMs)} (from ${threshold} on); ` +
          `in an hour before it was ${known.peak} at most`,
        ...named({ devices: found.facts.map(({ reader }) => reader), datasets: [dataset] }),
        ...shownBy(found.facts)
      }
    ]
  })
}

export const fanOut: Rule = {
  id: 'fan-out',
  what: 'Suddenly many more devices than ever before read an old version.',
  looksAt: ['read'],
  find
}
