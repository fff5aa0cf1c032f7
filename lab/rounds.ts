/**
 * How often tests that kill processes do so. A number of rounds finds what is broken soon; PEERAGE_ROUNDS=10 has ten
 * times as many, for whoever changed what they look at.
 */

export function rounds(usual: number): number {
  const times = Number(process.env.PEERAGE_ROUNDS ?? '1')
  if (!Number.isInteger(times) || times < 1) throw new Error('PEERAGE_ROUNDS is a whole number, from 1 on')
  return usual * times
}

/** Usually the same each time, so that a change is judged and not luck; others where more rounds are asked for. */
export function firstSeed(usual: number): number {
  const { PEERAGE_SEED, PEERAGE_ROUNDS } = process.env
  if (PEERAGE_SEED !== undefined) return Number(PEERAGE_SEED)
  return PEERAGE_ROUNDS === undefined ? usual : Date.now() % 1_000_000_000
}
