/** For how long a token can be made: never for longer than whoever makes it is signed in. */

import { DAY_MS, HOUR_MS } from '../../../../src/base/units.ts'

export interface LifeChoice {
  /** Of a `<select>`, which knows text alone. */
  readonly value: string
  readonly label: string
  readonly lifeMs: number
}

const LIVES: readonly (readonly [ms: number, label: string])[] = [
  [HOUR_MS, '1 hour'],
  [DAY_MS, '1 day'],
  [7 * DAY_MS, '7 days'],
  [30 * DAY_MS, '30 days'],
  [90 * DAY_MS, '90 days'],
  [365 * DAY_MS, '365 days']
]

interface SignedInUntil {
  /** Of the caller; null when it ends never. */
  readonly expiresAtMs: number | null
  readonly nowMs: number
}

/** The shortest first; the last is as long as the sign-in where that ends before a year is over. */
export function lifeChoices({ expiresAtMs, nowMs }: SignedInUntil): readonly LifeChoice[] {
  const leftMs = expiresAtMs === null ? Number.POSITIVE_INFINITY : expiresAtMs - nowMs
  const choices = LIVES.filter(([ms]) => ms <= leftMs).map(([ms, label]) => choice(ms, label))
  const isShort = leftMs < (LIVES.at(-1)?.[0] ?? 0)
  return isShort && leftMs > 0 ? [...choices, choice(leftMs, 'until my own sign-in ends')] : choices
}

function choice(lifeMs: number, label: string): LifeChoice {
  return { value: label, label, lifeMs: Math.floor(lifeMs) }
}
