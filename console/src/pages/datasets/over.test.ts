import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS } from '../../../../src/base/units.ts'
import { overBy } from './over.ts'

test('a version is over a day after its time, as the node counts, and not before', () => {
  const [old, young] = [{ publishedAtMs: 0 }, { publishedAtMs: 5 }]
  const endMs = 3 * DAY_MS + DAY_MS
  assert.deepEqual(overBy([young, old], 3 * DAY_MS, endMs - 1), {
    ...{ over: [], next: { version: old, atMs: endMs } }
  })
  assert.deepEqual(overBy([young, old], 3 * DAY_MS, endMs), {
    ...{ over: [old], next: { version: young, atMs: endMs + 5 } }
  })
  assert.deepEqual(overBy([], DAY_MS, endMs), { over: [], next: null })
})
