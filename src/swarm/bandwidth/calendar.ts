/**
 * Hours of the week in a named time zone, as people write them: `mon-fri 08:00-18:00 Europe/Berlin`.
 *
 * Hours are wall-clock hours: where the clock is set forward, a time that does not exist that day is skipped, and where
 * it is set back, what happens twice is within both times. A range whose end is not after its start goes over midnight
 * and belongs to the day on which it starts. The rules of the zones are those of the IANA database, through Intl; what
 * time it is comes in as an argument.
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../base/units.ts'

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]

const DAY_MINUTES = 24 * 60
/** Longer than any day, with its clock set back. */
const LONGEST_DAY_MS = DAY_MS + 3 * HOUR_MS
/** Boundaries that a week has, and room for changes of the offset. */
const BOUNDARIES_MAX = 40
export const HOURS_CHARACTERS_MAX = 128

export interface Hours {
  /** In the order of the week, each once. */
  readonly days: readonly Weekday[]
  /** Minutes since midnight; the end may be that of the day. */
  readonly startMinute: number
  readonly endMinute: number
  readonly zone: string
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** The zone by its own name, or undefined when there is none of that name. */
export function zoneNamed(text: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(text)) return undefined
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: text }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric'
    })
    formats.set(zone, format)
  }
  return format
}

/** What the clocks of a zone show, as milliseconds of an epoch of their own. */
function wallMs(zone: string, epochMs: number): number {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  for (const { type, value } of formatOf(zone).formatToParts(epochMs)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  const belowSecondMs = ((epochMs % 1000) + 1000) % 1000
  return Date.UTC(year, month - 1, day, hour, minute, second) + belowSecondMs
}

/** The date in a zone, as 2026-03-29. */
export function dayIn(zone: string, epochMs: number): string {
  return new Date(wallMs(zone, epochMs)).toISOString().slice(0, 10)
}

/** The first instant of the next day in a zone. */
export function nextDayMs(zone: string, epochMs: number): number {
  const today = dayIn(zone, epochMs)
  return firstMs(epochMs, epochMs + LONGEST_DAY_MS, atMs => dayIn(zone, atMs) !== today)
}

/** The first instant at which something holds that does not at `fromMs`, does at `toMs`, and changes once between. */
function firstMs(fromMs: number, toMs: number, holds: (atMs: number) => boolean): number {
  let [before, after] = [fromMs, toMs]
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (holds(middle)) after = middle
    else before = middle
  }
  return after
}

export function isWithin({ days, startMinute, endMinute, zone }: Hours, epochMs: number): boolean {
  const wall = wallMs(zone, epochMs)
  const minute = Math.floor(wall / MINUTE_MS) % DAY_MINUTES
  // The epoch began on a Thursday.
  const weekday = (Math.floor(wall / DAY_MS) + 3) % WEEKDAYS.length
  const has = (day: number): boolean => days.includes(WEEKDAYS[day] as Weekday)
  if (startMinute < endMinute) return has(weekday) && minute >= startMinute && minute < endMinute
  const dayBefore = (weekday + WEEKDAYS.length - 1) % WEEKDAYS.length
  return (has(weekday) && minute >= startMinute) || (has(dayBefore) && minute < endMinute)
}

/** The next instant at which the hours begin or end; undefined when they never do. */
export function nextChangeMs(hours: Hours, epochMs: number): number | undefined {
  const { zone, startMinute, endMinute } = hours
  const isNow = isWithin(hours, epochMs)
  const boundaries = [0, startMinute, endMinute % DAY_MINUTES]
  let atMs = epochMs
  for (let tries = 0; tries < BOUNDARIES_MAX; tries++) {
    const wall = wallMs(zone, atMs)
    const dayStart = wall - (wall % DAY_MS)
    const waits = boundaries.map(minute => {
      const sinceMs = wall - (dayStart + minute * MINUTE_MS)
      return sinceMs < 0 ? -sinceMs : DAY_MS - sinceMs
    })
    let nextMs = atMs + Math.min(...waits)
    const offset = wall - atMs
    // Where the clocks change before that, the change comes first: it may skip the boundary, or repeat it.
    const isChanged = (ms: number): boolean => wallMs(zone, ms) - ms !== offset
    if (isChanged(nextMs)) nextMs = firstMs(atMs, nextMs, isChanged)
    if (isWithin(hours, nextMs) !== isNow) return nextMs
    atMs = nextMs
  }
  return undefined
}

// ---- as text

/** Hours, or what is wrong with the text. Without days: daily; without a zone: `defaultZone`. */
export function parseHours(text: string, defaultZone: string): Hours | string {
  if (text.length > HOURS_CHARACTERS_MAX) return `it is longer than ${HOURS_CHARACTERS_MAX} characters`
  const words = text.trim().split(/\s+/)
  const at = words.findIndex(word => word.includes(':'))
  if (at < 0) return 'it has no times of day, such as 08:00-18:00'
  if (at > 1 || words.length > at + 2)
    return 'it is not DAYS HH:MM-HH:MM ZONE: write days and times without spaces, as mon-fri or mon,wed'
  const days = at === 0 || words[0] === 'daily' ? WEEKDAYS : parseDays(words[0] ?? '')
  if (typeof days === 'string') return days
  const range = /^(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)$/.exec(words[at] ?? '')
  if (range === null) return `${words[at]} is no range of times: write HH:MM-HH:MM`
  const [startMinute, endMinute] = [minuteOf(range[1], range[2]), minuteOf(range[3], range[4])]
  if (startMinute === undefined || startMinute === DAY_MINUTES)
    return `${range[1]}:${range[2]} is no time at which a range begins: 00:00 to 23:59 are`
  if (endMinute === undefined)
    return `${range[3]}:${range[4]} is no time at which a range ends: 00:00 to 24:00 are`
  if (startMinute === endMinute)
    return 'it begins and ends at one time: 00:00-24:00 is a whole day, and no hours at all is always'
  const named = words[at + 1] ?? defaultZone
  const zone = zoneNamed(named)
  if (zone === undefined) return `${named} is no time zone: write its IANA name, such as Europe/Berlin or UTC`
  return { days, startMinute, endMinute, zone }
}

function minuteOf(hours = '', minutes = ''): number | undefined {
  const minute = Number(hours) * 60 + Number(minutes)
  return Number(minutes) < 60 && minute <= DAY_MINUTES ? minute : undefined
}

function parseDays(text: string): readonly Weekday[] | string {
  const chosen = new Set<number>()
  for (const part of text.toLowerCase().split(',')) {
    const ends = part.split('-').map(name => WEEKDAYS.indexOf(name as Weekday))
    const [first = -1, last = first] = ends
    if (ends.length > 2 || first < 0 || last < 0)
      return `${part} is no day of the week, nor a range of them: ${WEEKDAYS.join(', ')} are, and mon-fri`
    for (let day = first; ; day = (day + 1) % WEEKDAYS.length) {
      chosen.add(day)
      if (day === last) break
    }
  }
  return WEEKDAYS.filter((_, day) => chosen.has(day))
}

/** As `parseHours` reads it. */
export function hoursText({ days, startMinute, endMinute, zone }: Hours): string {
  return `${daysText(days)} ${timeText(startMinute)}-${timeText(endMinute)} ${zone}`
}

function daysText(days: readonly Weekday[]): string {
  if (days.length === WEEKDAYS.length) return 'daily'
  const runs: Weekday[][] = []
  for (const day of days) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run !== undefined && last !== undefined && WEEKDAYS.indexOf(last) + 1 === WEEKDAYS.indexOf(day))
      run.push(day)
    else runs.push([day])
  }
  return runs.map(run => (run.length < 3 ? run.join(',') : `${run[0]}-${run.at(-1)}`)).join(',')
}

function timeText(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`
}
