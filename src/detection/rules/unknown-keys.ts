/** Keys that no device of the org has try to link: a scan from inside, or a machine that was set up wrong. */

import { counted, formatDuration } from '../../base/units.ts'
import type { Finding } from '../finding.ts'
import { named, type Rule, shownBy, type View } from '../rule.ts'
import { largestSum, mostDifferent } from '../sliding.ts'

const SUBJECT = 'strangers'

function find({ facts, thresholds }: View): Finding[] {
  const windowMs = thresholds['unknown-keys.window']
  const [keysMin, knocksMin] = [thresholds['unknown-keys.keys'], thresholds['unknown-keys.knocks']]
  const keys = mostDifferent(
    facts.knock.filter(({ key }) => key !== null),
    windowMs,
    ({ key }) => key ?? ''
  )
  const knocks = largestSum(facts.knock, windowMs, ({ count }) => count)
  const byKeys = keys !== undefined && keys.count >= keysMin ? keys : undefined
  const byKnocks = knocks !== undefined && knocks.count >= knocksMin ? knocks : undefined
  const found = byKeys ?? byKnocks
  if (found === undefined) return []
  const says = [
    ...(byKeys === undefined ? [] : [`${counted(byKeys.count, 'unknown key')} (from ${keysMin} on)`]),
    ...(byKnocks === undefined ? [] : [`${byKnocks.count} times (from ${knocksMin} on)`])
  ]
  return [
    {
      ...{ rule: 'unknown-keys' as const, subject: SUBJECT, count: found.count },
      threshold: found === byKeys ? keysMin : knocksMin,
      severity: byKeys !== undefined && byKnocks !== undefined ? ('medium' as const) : ('low' as const),
      title: 'unknown keys knock',
      explanation:
        `within ${formatDuration(windowMs)} devices of this org were asked to link by keys that are not enrolled: ` +
        `${says.join(', ')}; all were refused`,
      ...named({ devices: found.facts.flatMap(({ key }) => key ?? []) }),
      ...shownBy(found.facts)
    }
  ]
}

export const unknownKeys: Rule = {
  id: 'unknown-keys',
  what: 'Keys that no device of the org has try to link.',
  looksAt: ['knock'],
  find
}
