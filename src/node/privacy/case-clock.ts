/**
 * How long the law gives. 72 hours from the awareness of a breach (GDPR, Art. 33(1)); one month from the receipt of a
 * request, and two further ones by extension (Art. 12(3)). A month ends at the same day and time of a later month, or
 * on its last day if it has no such day, in UTC. Regulation (EEC) 1182/71 gives at least that: until the end of the
 * day, and longer where that is no working day; who counts on the earlier time is never late.
 */

import { HOUR_MS } from '../../base/units.ts'

export const BREACH_TERM_MS = 72 * HOUR_MS
export const REQUEST_MONTHS = 1
export const EXTENSION_MONTHS = 2

export function monthsAfter(atMs: number, months: number): number {
  const at = new Date(atMs)
  const wanted = at.getUTCMonth() + months
  const after = new Date(atMs)
  after.setUTCMonth(wanted)
  // A day that the month has not runs over into the next one.
  if (after.getUTCMonth() !== wanted % 12) after.setUTCDate(0)
  return after.getTime()
}
