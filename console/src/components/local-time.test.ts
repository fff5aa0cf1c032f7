import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedMs, localMs, localText } from './local-time.ts'

const AT_MS = new Date(2026, 0, 31, 9, 5, 42).getTime()

test('a time goes into a field to the minute, in the zone of who looks, and comes back', () => {
  assert.equal(localText(AT_MS), '2026-01-31T09:05')
  assert.equal(localMs('2026-01-31T09:05'), new Date(2026, 0, 31, 9, 5).getTime())
})

test('an empty field and nonsense are no time', () => {
  assert.equal(localText(null), '')
  assert.equal(localMs(''), null)
  assert.equal(localMs('soon'), null)
})

test('what was not changed keeps its seconds', () => {
  assert.equal(changedMs(localText(AT_MS), AT_MS), AT_MS)
  assert.equal(changedMs('2026-01-31T09:06', AT_MS), new Date(2026, 0, 31, 9, 6).getTime())
  assert.equal(changedMs('', AT_MS), null)
})
