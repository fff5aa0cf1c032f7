/**
 * How often tests that kill processes do so. A number of rounds finds what is broken soon; PEERAGE_ROUNDS=10 has ten
 * times as many, for whoever changed what they look at.
 */

export function rounds(usual: number): number {
  const times = Number(process.env.PEERAGE_ROUNDS ?? '1')
  if (!Number.isInteger(times) || times < 1) throw new Error('PEERAGE_ROUNDS is a whole number, from 1 on')
  return usual * times
}
