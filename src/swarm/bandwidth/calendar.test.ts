import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import {
  dayIn,
  type Hours,
  hoursText,
  isWithin,
  nextChangeMs,
  nextDayMs,
  parseHours,
  zoneNamed
} from './calendar.ts'

function hours(text: string): Hours {
  const parsed = parseHours(text, 'UTC')
  if (typeof parsed === 'string') assert.fail(`${text}: ${parsed}`)
  return parsed
}

const at = (text: string): number => Date.parse(text)

test('hours as people write them', () => {
  for (const [text, canonical] of [
    ['mon-fri 08:00-18:00 Europe/Berlin', 'mon-fri 08:00-18:00 Europe/Berlin'],
    ['8:00-18:00', 'daily 08:00-18:00 UTC'],
    ['daily 22:00-06:00 America/New_York', 'daily 22:00-06:00 America/New_York'],
    ['SAT,sun 00:00-24:00 europe/london', 'sat,sun 00:00-24:00 Europe/London'],
    ['fri-mon 01:30-02:30', 'mon,fri-sun 01:30-02:30 UTC'],
    ['wed,mon 10:00-11:00', 'mon,wed 10:00-11:00 UTC']
  ] as const) {
    assert.equal(hoursText(hours(text)), canonical)
    assert.deepEqual(hours(canonical), hours(text))
  }
})

test('what is wrong with hours is said', () => {
  for (const [text, fault] of [
    ['mon-fri', /no times of day/],
    ['', /no times of day/],
    ['mon fri 08:00-18:00', /without spaces/],
    ['08:00-18:00 Europe Berlin', /without spaces/],
    ['mon-fry 08:00-18:00', /mon-fry is no day of the week/],
    ['mon-wed-fri 08:00-18:00', /is no day of the week/],
    ['8-18:00', /8-18:00 is no range/],
    ['08:00-18:60', /18:60 is no time at which a range ends/],
    ['24:00-08:00', /24:00 is no time at which a range begins/],
    ['25:00-08:00', /25:00 is no time/],
    ['08:00-24:01', /24:01 is no time at which a range ends/],
    ['08:00-08:00', /begins and ends at one time/],
    ['08:00-18:00 Europe/Berlln', /Europe\/Berlln is no time zone/],
    ['08:00-18:00 +02:00', /no time zone|no range/],
    ['x'.repeat(200), /longer than/]
  ] as const) {
    const parsed = parseHours(text, 'UTC')
    assert.ok(typeof parsed === 'string', text)
    assert.match(parsed, fault)
  }
})

test('hours are those of the zone, and a range belongs to the day on which it starts', () => {
  const office = hours('mon-fri 08:00-18:00 Europe/Berlin')
  for (const [instant, within] of [
    ['2026-11-26T06:59:59.999Z', false], // a Thursday, 07:59 in Berlin
    ['2026-11-26T07:00:00Z', true],
    ['2026-11-26T16:59:59Z', true],
    ['2026-11-26T17:00:00Z', false],
    ['2026-11-28T10:00:00Z', false],
    ['2026-07-23T06:00:00Z', true] // the same hour, in summer
  ] as const)
    assert.equal(isWithin(office, at(instant)), within, instant)
  const night = hours('fri 22:00-06:00 UTC')
  for (const [instant, within] of [
    ['2026-11-27T21:59:00Z', false],
    ['2026-11-27T22:00:00Z', true],
    ['2026-11-28T05:59:00Z', true],
    ['2026-11-28T06:00:00Z', false],
    ['2026-11-27T05:00:00Z', false], // Friday morning is of Thursday's night
    ['2026-11-28T23:00:00Z', false]
  ] as const)
    assert.equal(isWithin(night, at(instant)), within, instant)
})

test('the next change is where the hours begin or end, also where clocks change before it', () => {
  for (const [text, from, next] of [
    ['mon-fri 08:00-18:00 Europe/Berlin', '2026-11-26T06:00:00Z', '2026-11-26T07:00:00Z'],
    ['mon-fri 08:00-18:00 Europe/Berlin', '2026-11-26T07:00:00Z', '2026-11-26T17:00:00Z'],
    ['mon-fri 08:00-18:00 Europe/Berlin', '2026-11-27T18:00:00Z', '2026-11-30T07:00:00Z'],
    // Sunday 29 March 2026 has no 02:00 to 03:00 in Berlin: what would begin then begins when the clock has moved on.
    ['sun 02:30-04:00 Europe/Berlin', '2026-03-28T23:30:00Z', '2026-03-29T01:00:00Z'],
    ['sun 02:30-04:00 Europe/Berlin', '2026-03-29T01:00:00Z', '2026-03-29T02:00:00Z'],
    ['daily 08:00-18:00 Europe/Berlin', '2026-03-28T18:00:00Z', '2026-03-29T06:00:00Z'],
    // Sunday 25 October 2026 has it twice.
    ['sun 02:00-02:30 Europe/Berlin', '2026-10-24T23:00:00Z', '2026-10-25T00:00:00Z'],
    ['sun 02:00-02:30 Europe/Berlin', '2026-10-25T00:00:00Z', '2026-10-25T00:30:00Z'],
    ['sun 02:00-02:30 Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25T01:00:00Z'],
    ['sun 02:00-02:30 Europe/Berlin', '2026-10-25T01:00:00Z', '2026-10-25T01:30:00Z'],
    ['mon,tue 00:00-24:00 Asia/Kolkata', '2026-11-25T00:00:00Z', '2026-11-29T18:30:00Z'],
    ['daily 22:00-06:00 UTC', '2026-11-25T23:00:00Z', '2026-11-26T06:00:00Z']
  ] as const)
    assert.equal(
      new Date(nextChangeMs(hours(text), at(from)) ?? 0).toISOString(),
      new Date(next).toISOString(),
      text
    )
  assert.equal(nextChangeMs(hours('daily 00:00-24:00 UTC'), at('2026-11-25T00:00:00Z')), undefined)
})

test('a naive walk, minute by minute, agrees with the next change', () => {
  const starts = ['2026-03-27T22:13:00Z', '2026-10-23T22:13:00Z', '2026-11-25T00:00:00Z']
  const texts = [
    'mon-fri 08:00-18:00 Europe/Berlin',
    'sat,sun 01:45-02:15 America/New_York',
    'daily 23:30-00:15 Australia/Lord_Howe',
    'sun 00:00-24:00 America/Asuncion'
  ]
  for (const text of texts)
    for (const start of starts) {
      const range = hours(text)
      const fromMs = at(start)
      let naiveMs = fromMs + MINUTE_MS
      while (isWithin(range, naiveMs) === isWithin(range, fromMs)) naiveMs += MINUTE_MS
      assert.equal(nextChangeMs(range, fromMs), naiveMs, `${text} from ${start}`)
    }
})

test('a day ends at midnight of its zone, however long it was', () => {
  for (const [zone, from, hoursLeft] of [
    ['UTC', '2026-11-26T00:00:00Z', 24],
    ['Europe/Berlin', '2026-03-28T23:00:00Z', 23],
    ['Europe/Berlin', '2026-10-24T22:00:00Z', 25],
    ['Asia/Kolkata', '2026-11-26T00:00:00Z', 18.5]
  ] as const)
    assert.equal(nextDayMs(zone, at(from)) - at(from), hoursLeft * HOUR_MS, `${zone} ${from}`)
  assert.equal(dayIn('Pacific/Auckland', at('2026-11-26T12:00:00Z')), '2026-11-27')
  assert.equal(dayIn('UTC', nextDayMs('UTC', at('2026-12-31T05:00:00Z')) + DAY_MS), '2027-01-02')
})

test('zones are the names of the IANA database', () => {
  assert.equal(zoneNamed('europe/paris'), 'Europe/Paris')
  for (const text of ['', 'Berlin', '+01:00', 'Europe/../etc', 'x'.repeat(65)])
    assert.equal(zoneNamed(text), undefined, text)
})
