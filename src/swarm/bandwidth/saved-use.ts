/** What was used of the budgets, as it is on disk: JSON with the version of its form. */

import type { DayUse } from './daily-budget.ts'
import { BUDGET_BYTES_MAX, DIRECTIONS, type Direction } from './policy.ts'
import { isRecord, readVersioned } from './stored-json.ts'

const USE_VERSION = 1
const DAY = /^\d{4}-\d\d-\d\d$/

const USED_BYTES_MAX = 2 * BUDGET_BYTES_MAX

export type SavedUse = Partial<Record<Direction, DayUse>>

export function encodeUse(use: SavedUse): string {
  return JSON.stringify({ v: USE_VERSION, ...use })
}

/** What can not be read was never written by this program, or is from a newer one: then nothing is known to be used. */
export function decodeUse(text: string): SavedUse {
  const value = readVersioned(text, USE_VERSION)
  const use: SavedUse = {}
  if (value === undefined) return use
  for (const direction of DIRECTIONS) {
    const saved = value[direction]
    if (!isRecord(saved)) continue
    const { day, usedBytes } = saved
    if (typeof day !== 'string' || !DAY.test(day) || typeof usedBytes !== 'number') continue
    if (usedBytes >= 0 && usedBytes <= USED_BYTES_MAX)
      use[direction] = { day, usedBytes: Math.ceil(usedBytes) }
  }
  return use
}
