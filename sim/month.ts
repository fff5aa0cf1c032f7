/**
 * A normal month of an organisation, and what the rules of detection find in it: every finding is one that somebody
 * looks at for nothing, or for a small cause. The rules learn for two weeks before that.
 */

import { DAY_MS, HOUR_MS } from '../src/base/units.ts'
import { Detector } from '../src/detection/detector.ts'
import { type Finding, RULE_IDS, type RuleId } from '../src/detection/finding.ts'
import { isAgain, together } from '../src/detection/finding-again.ts'
import { Memory } from '../src/detection/memory.ts'
import { NO_DETECTION_POLICY } from '../src/detection/thresholds.ts'
import { Days } from './month-days.ts'
import { makeOrg, simulatedDevice } from './month-org.ts'
import { Random } from './random.ts'

export const LEARNING_DAYS = 14
export const MONTH_DAYS = 30
/** A Monday. */
const START_MS = Date.UTC(2026, 1, 2)
const LOOK_EVERY_MS = HOUR_MS
const SILENT_DAYS = 70
/** Sites work from seven to eight in the evening, Monday to Friday. */
const OPEN_HOURS = { from: 7, to: 20 }
const SATURDAY = 5

export interface MonthResult {
  readonly devices: number
  readonly facts: number
  readonly counts: Readonly<Record<RuleId, number>>
  readonly findings: readonly Finding[]
}

export function isOpenThen(_site: string | null, atMs: number): boolean {
  const day = Math.floor((atMs - START_MS) / DAY_MS) % 7
  const hour = ((atMs - START_MS) % DAY_MS) / HOUR_MS
  return day < SATURDAY && hour >= OPEN_HOURS.from && hour < OPEN_HOURS.to
}

export function runMonth({
  devices,
  seed
}: {
  readonly devices: number
  readonly seed: number
}): MonthResult {
  const random = new Random(seed)
  const org = makeOrg(random, { devices, startMs: START_MS })
  const spare = simulatedDevice(600_000)
  const heard = [
    ...org.devices.map(({ id }) => [id, START_MS] as const),
    [spare, START_MS - SILENT_DAYS * DAY_MS] as const
  ]
  const memory = new Memory({ heard })
  const detector = new Detector({ memory, policy: NO_DETECTION_POLICY, isOpen: isOpenThen })
  const days = new Days(org, random, START_MS)
  const kept: Finding[] = []
  let facts = 0
  for (let day = 0; day < LEARNING_DAYS + MONTH_DAYS; day++) {
    const ofDay = days.of(day)
    facts += ofDay.length
    for (let hour = 0, next = 0; hour < DAY_MS / LOOK_EVERY_MS; hour++) {
      const nowMs = START_MS + day * DAY_MS + (hour + 1) * LOOK_EVERY_MS
      for (; next < ofDay.length; next++) {
        const fact = ofDay[next]
        if (fact === undefined || fact.atMs >= nowMs) break
        detector.take(fact, nowMs)
      }
      for (const found of detector.look(nowMs)) if (day >= LEARNING_DAYS) keep(kept, found)
    }
  }
  const count = (rule: RuleId): number => kept.filter(finding => finding.rule === rule).length
  const counts = Object.fromEntries(RULE_IDS.map(rule => [rule, count(rule)])) as Record<RuleId, number>
  return { devices, facts, counts, findings: kept }
}

function keep(kept: Finding[], found: Finding): void {
  const at = kept.findIndex(finding => isAgain(finding, found))
  const known = kept[at]
  if (known === undefined) kept.push(found)
  else kept[at] = together(known, found)
}
