/** When machines are on: office hours, weekends, holidays, and the days between the years. */

import { DAY_MS, HOUR_MS } from '../src/base/units.ts'
import type { DeviceKind } from '../src/placement/fleet.ts'
import type { Random } from './random.ts'

export interface Habit {
  /** Always, but for outages. */
  readonly isLeftOn: boolean
  /** Days of the year on which its user is away, first and last. */
  readonly holidays: readonly (readonly [number, number])[]
  readonly fromHour: number
  readonly toHour: number
  /** On a working day. */
  readonly comesShare: number
  readonly weekendShare: number
}

/** From this day the offices are closed until the end of the year. */
const CLOSED_FROM_DAY = 356
const OUTAGE_CHANCE = 0.002
const LEFT_ON_SHARE = 0.3
/** The year begins on a Monday. */
const WEEKEND_DAY = 5
const WEEK_DAYS = 7

export function habitOf(kind: DeviceKind, random: Random): Habit {
  const holidays = [7, 14, 21].map((days): [number, number] => {
    const first = random.integer(0, CLOSED_FROM_DAY)
    return [first, first + days]
  })
  return {
    isLeftOn: kind === 'server' || (kind === 'desktop' && random.chance(LEFT_ON_SHARE)),
    holidays,
    fromHour: random.integer(6, 9),
    toHour: random.integer(15, 19),
    comesShare: kind === 'laptop' ? 0.85 : 0.95,
    weekendShare: kind === 'laptop' ? 0.1 : 0
  }
}

export function isOn(habit: Habit, nowMs: number, random: Random): boolean {
  if (habit.isLeftOn) return !random.chance(OUTAGE_CHANCE)
  const day = Math.floor(nowMs / DAY_MS)
  const hour = Math.floor((nowMs % DAY_MS) / HOUR_MS)
  if (hour < habit.fromHour || hour > habit.toHour || day >= CLOSED_FROM_DAY) return false
  if (habit.holidays.some(([first, last]) => day >= first && day < last)) return false
  const isWeekend = day % WEEK_DAYS >= WEEKEND_DAY
  return random.chance(isWeekend ? habit.weekendShare : habit.comesShare)
}
