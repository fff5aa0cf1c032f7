import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../base/bytes.ts'
import type { DeviceId } from '../../base/ids.ts'
import { HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { Sightings } from './sightings.ts'

const [a, b, c] = ['a', 'b', 'c'].map(digit => digit.repeat(64) as DeviceId) as [DeviceId, DeviceId, DeviceId]
const START_MS = 1_800_000_000_000
const graceOf = (): number => 6 * HOUR_MS

/** Looks every half hour, with these here. */
function look(sightings: Sightings, present: readonly DeviceId[], hours: number, fromMs: number): number {
  const untilMs = fromMs + hours * HOUR_MS
  let nowMs = fromMs
  for (; nowMs < untilMs; nowMs += 30 * MINUTE_MS)
    sightings.look([a, b, c], { present: new Set(present), nowMs, graceOf })
  return nowMs
}

test('who is not here is away since it was last here, and who never was since it became known', () => {
  const sightings = new Sightings(new MemoryRecords(), START_MS)
  let nowMs = look(sightings, [a, b], 1, START_MS)
  nowMs = look(sightings, [a], 4, nowMs)
  assert.deepEqual(sightings.of(b), {
    ...{ seenMs: START_MS + 30 * MINUTE_MS, isPresent: false, emptySinceMs: 0 }
  })
  assert.equal(sightings.of(c).seenMs, START_MS)
  assert.equal(sightings.of(a).isPresent, true)
  assert.equal(sightings.of(a).seenMs, nowMs - 30 * MINUTE_MS)
})

test('who comes back after its grace is empty since then, and who comes back in time is not', () => {
  const sightings = new Sightings(new MemoryRecords(), START_MS)
  let nowMs = look(sightings, [a, b, c], 1, START_MS)
  nowMs = look(sightings, [a], 5, nowMs)
  nowMs = look(sightings, [a, b], 2, nowMs)
  assert.equal(sightings.of(b).emptySinceMs, 0)
  const late = sightings.look([a, b, c], { present: new Set([a, b, c]), nowMs, graceOf })
  assert.deepEqual(late, [c])
  assert.equal(sightings.of(c).emptySinceMs, nowMs)
})

test('the time in which this device met nobody makes nobody absent', () => {
  const sightings = new Sightings(new MemoryRecords(), START_MS)
  let nowMs = look(sightings, [a, b], 1, START_MS)
  nowMs = look(sightings, [], 48, nowMs)
  const { seenMs = 0 } = sightings.of(b)
  assert.ok(nowMs - seenMs <= 2 * HOUR_MS, `${(nowMs - seenMs) / HOUR_MS} hours`)
  assert.deepEqual(sightings.look([a, b], { present: new Set([a, b]), nowMs, graceOf }), [])
})

test('nor does the time in which it was off, and what it knew is known after that', () => {
  const records = new MemoryRecords()
  const before = new Sightings(records, START_MS)
  let nowMs = look(before, [a, b], 1, START_MS)
  nowMs = look(before, [a], 3, nowMs)
  before.save(nowMs)
  const after = new Sightings(records, nowMs + 100 * HOUR_MS)
  const { seenMs = 0, isPresent } = after.of(b)
  const awayHours = (nowMs + 100 * HOUR_MS - seenMs) / HOUR_MS
  assert.ok(awayHours >= 3 && awayHours <= 4, `${awayHours} hours`)
  assert.equal(isPresent, false)
})

test('a clock that is set back makes nobody absent, and damaged records nobody known', () => {
  const records = new MemoryRecords()
  const sightings = new Sightings(records, START_MS)
  look(sightings, [a, b], 1, START_MS)
  sightings.look([a, b], { present: new Set([a, b]), nowMs: START_MS - HOUR_MS, graceOf })
  sightings.look([a, b], { present: new Set([a]), nowMs: START_MS - HOUR_MS + 1, graceOf })
  assert.ok((sightings.of(b).seenMs ?? 0) <= START_MS + HOUR_MS)
  records.putBlob('storage/sightings', new Uint8Array([1, 2, 3]))
  assert.equal(new Sightings(records, START_MS).of(b).seenMs, undefined)
})

test('who was off, or met somebody again after its grace, may be counted as readmitted itself', () => {
  const records = new MemoryRecords()
  const sightings = new Sightings(records, START_MS)
  let nowMs = look(sightings, [a, b, c], 1, START_MS)
  nowMs = look(sightings, [a], 7, nowMs)
  assert.equal(sightings.returnedMs, 0)
  sightings.look([a, b, c], { present: new Set([a, b]), nowMs, graceOf })
  assert.equal(sightings.returnedMs, nowMs)
  sightings.save(nowMs)
  assert.equal(new Sightings(records, nowMs + 30 * MINUTE_MS).returnedMs, 0)
  assert.equal(new Sightings(records, nowMs + 2 * HOUR_MS).returnedMs, nowMs + 2 * HOUR_MS)
})

test('a record that is not one is as none: nobody was seen yet, and the node starts', () => {
  for (const text of [
    '',
    '{',
    'null',
    '{"v":1}',
    '{"v":1,"lastMs":1,"deafMs":"0","devices":[]}',
    '{"v":1,"lastMs":1,"deafMs":0,"devices":[["a"]]}'
  ]) {
    const records = new MemoryRecords()
    records.putBlob('storage/sightings', utf8(text))
    const device = 'ab'.repeat(32) as DeviceId
    assert.equal(new Sightings(records, 1000).of(device).seenMs, undefined, text)
  }
})
