import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINUTE_MS } from '../../../src/base/units.ts'
import { Attendance, attendance, watchAttendance } from './attendance.ts'

test('what is asked while nobody has done anything for a minute says so', () => {
  const page = new Attendance(5)
  assert.deepEqual(page.headers(4 + MINUTE_MS), {})
  assert.deepEqual(page.headers(5 + MINUTE_MS), { 'peerage-unattended': '1' })
  page.seen(5 + MINUTE_MS)
  assert.deepEqual(page.headers(6 + MINUTE_MS), {})
})

test('a screen on a wall is never away, also after somebody touched it, until it is none any more', () => {
  const page = new Attendance(0)
  const leave = page.stay()
  assert.deepEqual(page.headers(Number.MAX_SAFE_INTEGER), {})
  page.seen(1)
  assert.deepEqual(page.headers(Number.MAX_SAFE_INTEGER), {})
  leave()
  assert.deepEqual(page.headers(MINUTE_MS), {})
  assert.deepEqual(page.headers(1 + MINUTE_MS), { 'peerage-unattended': '1' })
})

test('whoever moves, types or turns is there', () => {
  const page = new EventTarget()
  watchAttendance(page)
  for (const sign of ['pointerdown', 'pointermove', 'keydown', 'wheel']) {
    attendance.seen(-MINUTE_MS * 2)
    assert.ok(attendance.isAway(performance.now()))
    page.dispatchEvent(new Event(sign))
    assert.ok(!attendance.isAway(performance.now()), sign)
  }
})
