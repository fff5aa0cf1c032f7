/**
 * The clock of this device is off for a while, by what several beacon signers say: a broken clock, or one set back on
 * purpose.
 */

import { shortId } from '../../base/ids.ts'
import { formatDuration } from '../../base/units.ts'
import type { Finding } from '../finding.ts'
import { named, type Rule, shownBy, type View } from '../rule.ts'
import { lastingMs, longestRun } from './lasting.ts'

function find({ facts, thresholds }: View): Finding[] {
  const offsetMs = thresholds['clock-drift.offset']
  return [...Map.groupBy(facts.clock, ({ device }) => device)].flatMap(([device, all]) => {
    const run = longestRun(all, fact => Math.abs(fact.offsetMs) >= offsetMs)
    if (run.length === 0 || lastingMs(run) < thresholds['clock-drift.lasting']) return []
    const worst = run.reduce((most, fact) => Math.max(most, Math.abs(fact.offsetMs)), 0)
    return [
      {
        ...{ rule: 'clock-drift' as const, subject: device, count: worst, threshold: offsetMs },
        severity: 'medium' as const,
        title: `the clock of device ${shortId(device)} is off`,
        explanation:
          `for ${formatDuration(lastingMs(run))} the clock of device ${shortId(device)} was off by up to ${formatDuration(worst)} ` +
          `(from ${formatDuration(offsetMs)} on), by what the beacon signers say`,
        ...named({ devices: [device] }),
        ...shownBy(run)
      }
    ]
  })
}

export const clockDrift: Rule = {
  id: 'clock-drift',
  what: 'The clock of this device is off for a while.',
  looksAt: ['clock'],
  find
}
