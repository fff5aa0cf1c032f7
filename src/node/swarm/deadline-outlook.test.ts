import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outlookOf } from './deadline-outlook.ts'

const NOW = 1_800_000_000_000
const of = {
  deadlineAtMs: NOW + 60_000,
  lackingBytes: 1000,
  bytesPerSecond: 100,
  finishedAtMs: null,
  nowMs: NOW
}

test('at the present rate: on time, late by how much, and not known while nothing comes', () => {
  assert.deepEqual(outlookOf(of), { outlook: 'on time', lateByMs: null })
  assert.deepEqual(outlookOf({ ...of, bytesPerSecond: 10 }), { outlook: 'late', lateByMs: 40_000 })
  assert.deepEqual(outlookOf({ ...of, bytesPerSecond: 0 }), { outlook: 'not known', lateByMs: null })
})

test('past the deadline it is late, whether anything comes or not', () => {
  const past = { ...of, deadlineAtMs: NOW - 5000 }
  assert.deepEqual(outlookOf({ ...past, bytesPerSecond: 0 }), { outlook: 'late', lateByMs: 5000 })
  assert.deepEqual(outlookOf(past), { outlook: 'late', lateByMs: 15_000 })
})

test('once it is done that is what counts, however late it is looked at', () => {
  const done = { ...of, lackingBytes: 0, bytesPerSecond: 0, nowMs: NOW + 999_999 }
  assert.deepEqual(outlookOf({ ...done, finishedAtMs: NOW + 59_999 }), { outlook: 'on time', lateByMs: null })
  assert.deepEqual(outlookOf({ ...done, finishedAtMs: NOW + 61_000 }), { outlook: 'late', lateByMs: 1000 })
})
