/**
 * One device reads far more than work needs: as before a theft of data. Copies that it is asked to keep do not count.
 */

import { shortId } from '../../base/ids.ts'
import { formatBytes, formatDuration } from '../../base/units.ts'
import type { BytesFact, ReadFact } from '../facts.ts'
import type { Finding } from '../finding.ts'
import { isSensitive, named, type Rule, shownBy, type View } from '../rule.ts'
import { largestSum, mostDifferent, type Stretch } from '../sliding.ts'

interface Measure {
  readonly facts: readonly (ReadFact | BytesFact)[]
  readonly count: number
  readonly threshold: number
  readonly says: string
}

/** What each session sent since the fact before. */
function growth(facts: readonly BytesFact[]): ReadonlyMap<BytesFact, number> {
  const before = new Map<string, number>()
  return new Map(
    facts.map(fact => {
      const grown = Math.max(0, fact.bytes - (before.get(fact.session) ?? 0))
      before.set(fact.session, Math.max(fact.bytes, before.get(fact.session) ?? 0))
      return [fact, grown]
    })
  )
}

function measures(reads: readonly ReadFact[], sent: readonly BytesFact[], { thresholds }: View): Measure[] {
  const windowMs = thresholds['mass-reads.window']
  const grown = growth(sent)
  const differing = (facts: readonly ReadFact[]) => mostDifferent(facts, windowMs, ({ dataset }) => dataset)
  const measure = (
    stretch: Stretch<ReadFact | BytesFact> | undefined,
    threshold: number,
    say: (count: number) => string
  ): Measure[] =>
    stretch === undefined || stretch.count < threshold
      ? []
      : [{ ...stretch, threshold, says: say(stretch.count) }]
  return [
    ...measure(
      differing(reads.filter(({ dataClass }) => isSensitive(dataClass))),
      thresholds['mass-reads.sensitive'],
      count => `${count} confidential or restricted datasets (from ${thresholds['mass-reads.sensitive']} on)`
    ),
    ...measure(
      differing(reads),
      thresholds['mass-reads.datasets'],
      count => `${count} datasets (from ${thresholds['mass-reads.datasets']} on)`
    ),
    ...measure(
      largestSum(sent, windowMs, fact => grown.get(fact) ?? 0),
      thresholds['mass-reads.bytes'],
      count => `${formatBytes(count)} (from ${formatBytes(thresholds['mass-reads.bytes'])} on)`
    )
  ]
}

function find(view: View): Finding[] {
  const reads = Map.groupBy(
    view.facts.read.filter(({ isOwed }) => !isOwed),
    ({ reader }) => reader
  )
  const sent = Map.groupBy(
    view.facts.bytes.filter(({ isOwed }) => !isOwed),
    ({ reader }) => reader
  )
  return [...new Set([...reads.keys(), ...sent.keys()])].flatMap(reader => {
    const found = measures(reads.get(reader) ?? [], sent.get(reader) ?? [], view)
    const [first] = found
    if (first === undefined) return []
    const facts = found.flatMap(each => each.facts).sort((a, b) => a.atMs - b.atMs)
    const isOfSensitive = facts.some(fact => fact.kind === 'read' && isSensitive(fact.dataClass))
    return [
      {
        ...{ rule: 'mass-reads' as const, subject: reader, count: first.count, threshold: first.threshold },
        severity: isOfSensitive ? ('high' as const) : ('medium' as const),
        title: `device ${shortId(reader)} reads very much`,
        explanation:
          `within ${formatDuration(view.thresholds['mass-reads.window'])} device ${shortId(reader)} read ` +
          `${found.map(({ says }) => says).join(', and ')}; copies that it is asked to keep are not counted`,
        ...named({ devices: [reader], datasets: facts.map(({ dataset }) => dataset) }),
        ...shownBy(facts)
      }
    ]
  })
}

export const massReads: Rule = {
  id: 'mass-reads',
  what: 'One device reads very many datasets, or very much, in a short time.',
  looksAt: ['read', 'bytes'],
  find
}
