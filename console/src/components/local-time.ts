/** Times as a field of the type `datetime-local` has them: to the minute, in the zone of whoever looks. */

import { MINUTE_MS } from '../../../src/base/units.ts'

const CHARACTERS = 'YYYY-MM-DDTHH:MM'.length

export function localText(atMs: number | null): string {
  if (atMs === null) return ''
  const zoneMs = new Date(atMs).getTimezoneOffset() * MINUTE_MS
  return new Date(atMs - zoneMs).toISOString().slice(0, CHARACTERS)
}

/** Null for an empty field, and for what is no time. */
export function localMs(text: string): number | null {
  const atMs = new Date(text).getTime()
  return text === '' || Number.isNaN(atMs) ? null : atMs
}

/** A time that was not changed is what it was, its seconds included. */
export function changedMs(text: string, before: number | null): number | null {
  return text === localText(before) ? before : localMs(text)
}
