/** How service levels stand, by what devices answered. */

import type { DeviceId } from '../../base/ids.ts'
import type { LevelEntry } from '../../ledger/fold/performance-entry.ts'
import {
  judgeLevel,
  type LevelCounts,
  type LevelJudgement,
  mergeLevels,
  NO_COUNT,
  WHOLE
} from '../../slo/service-level.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Answer } from './fleet-figures.ts'
import type { LevelRecord, LevelStanding } from './performance-terms.ts'

const NOTHING: LevelCounts = { window: NO_COUNT, day: NO_COUNT, hour: NO_COUNT }

interface Seen {
  readonly site: string
  readonly counts: LevelCounts
}

export function levelRecord(
  level: LevelEntry,
  answers: readonly Answer[],
  nameOf: (device: DeviceId) => DeviceName
): LevelRecord {
  const seen = answers.flatMap(({ site, figures }): Seen[] => {
    const counts = figures.levels.get(level.operation)
    return counts === undefined || isEmpty(counts) ? [] : [{ site, counts }]
  })
  const { counts, judgement } = judged(level, seen)
  const { name, measure, dataset, site, limitMs, share, windowMs, operation, by, timeMs } = level
  return {
    ...{ name, measure, dataset, site, limitMs, targetShare: share / WHOLE, windowMs },
    ...{ operation, by: nameOf(by), setAtMs: timeMs },
    ...standing(level, seen),
    ...{ budget: judgement.budget, budgetLeft: judgement.budgetLeft },
    ...{ burnHour: judgement.burn.hour, burnDay: judgement.burn.day },
    ...{ firstAtMs: counts.window.firstAtMs, lastAtMs: counts.window.lastAtMs },
    sites: [...Map.groupBy(seen, each => each.site)]
      .map(([of, some]) => ({ site: of, ...standing(level, some) }))
      .sort((a, b) => (a.site < b.site ? -1 : 1))
  }
}

function isEmpty({ window: { good, bad } }: LevelCounts): boolean {
  return good + bad === 0
}

function judged(
  level: LevelEntry,
  seen: readonly Seen[]
): { readonly counts: LevelCounts; readonly judgement: LevelJudgement } {
  const counts = seen.map(each => each.counts).reduce(mergeLevels, NOTHING)
  return { counts, judgement: judgeLevel(level, counts) }
}

function standing(level: LevelEntry, seen: readonly Seen[]): LevelStanding {
  const { counts, judgement } = judged(level, seen)
  const { state, share, p50, p95, worst } = judgement
  const isTimed = level.limitMs !== null
  return {
    ...{ state, good: counts.window.good, bad: counts.window.bad, goodShare: share },
    ...{ p50Ms: isTimed ? p50 : null, p95Ms: isTimed ? p95 : null, lastMs: isTimed ? worst : null },
    devices: seen.length
  }
}
