/**
 * A sensitive dataset is read at sites where it never was. A dataset that is new here is not judged: at first every
 * site is new to it. Copies that placement puts elsewhere do not count, nor does the site of who published it.
 */

import { counted, formatDuration } from '../../base/units.ts'
import type { ReadFact } from '../facts.ts'
import type { Finding } from '../finding.ts'
import { distinct, isSensitive, named, type Rule, shownBy, type View } from '../rule.ts'
import { mostDifferent } from '../sliding.ts'

function find({ facts, thresholds, usual }: View): Finding[] {
  const threshold = thresholds['spread.devices']
  const windowMs = thresholds['spread.window']
  const isNewThere = ({ dataset, readerSite, homeSite, atMs }: ReadFact): boolean => {
    const known = usual.reads(dataset)
    if (known === undefined || atMs - known.firstMs < thresholds['spread.learning']) return false
    return readerSite !== null && readerSite !== homeSite && !known.sites.includes(readerSite)
  }
  const beyond = facts.read.filter(fact => !fact.isOwed && isSensitive(fact.dataClass) && isNewThere(fact))
  return [...Map.groupBy(beyond, ({ dataset }) => dataset)].flatMap(([dataset, reads]) => {
    const found = mostDifferent(reads, windowMs, ({ reader }) => reader)
    if (found === undefined || found.count < threshold) return []
    const sites = distinct(found.facts.flatMap(({ readerSite }) => readerSite ?? []))
    const before = usual.reads(dataset)?.sites ?? []
    const isRestricted = found.facts.some(({ dataClass }) => dataClass === 'restricted')
    return [
      {
        ...{ rule: 'spread' as const, subject: dataset, count: found.count, threshold },
        severity: isRestricted ? ('high' as const) : ('medium' as const),
        title: `dataset ${dataset} spreads beyond its sites`,
        explanation:
          `${dataset}, which was read only at ${before.length === 0 ? 'no site' : before.join(', ')} so far, ` +
          `was read by ${counted(found.count, 'device')} (from ${threshold} on) at ${sites.join(', ')} ` +
          `within ${formatDuration(windowMs)}`,
        ...named({ devices: found.facts.map(({ reader }) => reader), datasets: [dataset] }),
        ...shownBy(found.facts)
      }
    ]
  })
}

export const spread: Rule = {
  id: 'spread',
  what: 'A confidential or restricted dataset is read at sites where it never was.',
  looksAt: ['read'],
  find
}
