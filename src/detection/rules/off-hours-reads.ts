/**
 * A desktop or laptop reads sensitive versions while its site does not work. Servers work at night: they do not count.
 */

import { shortId } from '../../base/ids.ts'
import { formatDuration } from '../../base/units.ts'
import type { Finding } from '../finding.ts'
import { isSensitive, named, type Rule, shownBy, type View } from '../rule.ts'
import { mostDifferent } from '../sliding.ts'

function find({ facts, thresholds, isOpen }: View): Finding[] {
  const windowMs = thresholds['off-hours-reads.window']
  const threshold = thresholds['off-hours-reads.versions']
  const outside = facts.read.filter(
    ({ isOwed, readerKind, readerSite, dataClass, atMs }) =>
      !isOwed &&
      (readerKind === 'desktop' || readerKind === 'laptop') &&
      isSensitive(dataClass) &&
      isOpen(readerSite, atMs) === false
  )
  return [...Map.groupBy(outside, ({ reader }) => reader)].flatMap(([reader, reads]) => {
    const found = mostDifferent(reads, windowMs, ({ version }) => version)
    if (found === undefined || found.count < threshold) return []
    const isRestricted = found.facts.some(({ dataClass }) => dataClass === 'restricted')
    return [
      {
        ...{ rule: 'off-hours-reads' as const, subject: reader, count: found.count, threshold },
        severity: isRestricted ? ('high' as const) : ('medium' as const),
        title: `device ${shortId(reader)} reads sensitive data out of hours`,
        explanation:
          `within ${formatDuration(windowMs)}, all of it outside of the hours of site ${found.facts[0]?.readerSite ?? 'unknown'}, ` +
          `device ${shortId(reader)} read ${found.count} confidential or restricted versions (from ${threshold} on)`,
        ...named({ devices: [reader], datasets: found.facts.map(({ dataset }) => dataset) }),
        ...shownBy(found.facts)
      }
    ]
  })
}

export const offHoursReads: Rule = {
  id: 'off-hours-reads',
  what: 'A desktop or laptop reads several confidential or restricted versions outside of the hours of its site.',
  looksAt: ['read'],
  find
}
