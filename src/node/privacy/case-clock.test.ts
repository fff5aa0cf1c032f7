import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXTENSION_MONTHS, monthsAfter, REQUEST_MONTHS } from './case-clock.ts'

const after = (text: string, months: number) => new Date(monthsAfter(Date.parse(text), months)).toISOString()

test('a month ends on the same day, or the last one, over the ends of years and leap days', () => {
  assert.equal(after('2026-03-15T10:30:00Z', REQUEST_MONTHS), '2026-04-15T10:30:00.000Z')
  assert.equal(after('2026-01-31T23:59:59Z', REQUEST_MONTHS), '2026-02-28T23:59:59.000Z')
  assert.equal(after('2028-01-31T00:00:00Z', REQUEST_MONTHS), '2028-02-29T00:00:00.000Z')
  assert.equal(after('2026-12-31T12:00:00Z', REQUEST_MONTHS), '2027-01-31T12:00:00.000Z')
  assert.equal(after('2026-11-30T12:00:00Z', REQUEST_MONTHS + EXTENSION_MONTHS), '2027-02-28T12:00:00.000Z')
  assert.equal(after('2026-05-31T12:00:00Z', REQUEST_MONTHS), '2026-06-30T12:00:00.000Z')
})
