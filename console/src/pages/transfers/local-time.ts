/** Instants as a field of a date and a time has them: by the clock of this browser, to the minute. */

const MINUTE_DIGITS = 'YYYY-MM-DDTHH:MM'.length
const MINUTE_MS = 60_000

export function localText(atMs: number): string {
  const ahead = new Date(atMs).getTimezoneOffset() * MINUTE_MS
  return new Date(atMs - ahead).toISOString().slice(0, MINUTE_DIGITS)
}

/** Null for what is no instant. */
export function instantOf(text: string): number | null {
  const atMs = text === '' ? Number.NaN : new Date(text).getTime()
  return Number.isNaN(atMs) ? null : atMs
}
