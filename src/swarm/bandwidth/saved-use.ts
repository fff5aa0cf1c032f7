/** What was used of the budgets, as it is on disk: JSON with the version of its form. */

import type { DayUse } from './daily-budget.ts'
import { DIRECTIONS, type Direction } from './policy.ts'

const USE_VERSION = 1
const DAY = /^\d{4}-\d\d-\d\d$/

export type SavedUse = Partial<Record<Direction, DayUse>>

export function encodeUse(use: SavedUse): string {
  return JSON.stringify({ v: USE_VERSION, ...use })
}

/** What can not be read was never written by this program, or is from a newer one: then nothing is known to be used. */
export function decodeUse(text: string): SavedUse {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return {}
  }
  if (typeof value !== 'object' || value === null || !('v' in value) || value.v !== USE_VERSION) return {}
  const use: SavedUse = {}
  for (const direction of DIRECTIONS) {
    const saved: unknown = Reflect.get(value, direction)
    if (typeof saved !== 'object' || saved === null) continue
    const { day, usedBytes } = saved as Record<string, unknown>
    if (typeof day !== 'string' || !DAY.test(day) || typeof usedBytes !== 'number' || !(usedBytes >= 0))
      continue
    use[direction] = { day, usedBytes }
  }
  return use
}
