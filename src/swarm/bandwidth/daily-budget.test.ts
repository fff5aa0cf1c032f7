import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GIB, HOUR_MS, MIB } from '../../base/units.ts'
import { DailyBudget } from './daily-budget.ts'
import { decodeUse, encodeUse } from './saved-use.ts'

const BERLIN = { bytes: 10 * GIB, zone: 'Europe/Berlin' }
const EVENING = Date.parse('2026-11-26T22:30:00Z')

test('what is used is of the day of the zone, and a new day begins with nothing', () => {
  const daily = new DailyBudget(BERLIN, EVENING)
  daily.use(10 * GIB)
  assert.ok(daily.isSpent)
  assert.equal(daily.resetsAtMs, Date.parse('2026-11-26T23:00:00Z'))
  daily.advance(daily.resetsAtMs - 1)
  assert.ok(daily.isSpent)
  daily.advance(daily.resetsAtMs)
  assert.equal(daily.usedBytes, 0)
  assert.equal(daily.resetsAtMs, Date.parse('2026-11-27T23:00:00Z'))
})

test('a clock that is set back gives nothing back, and does not keep the day for ever', () => {
  const daily = new DailyBudget(BERLIN, EVENING)
  daily.use(GIB)
  daily.advance(EVENING - 48 * HOUR_MS)
  assert.equal(daily.usedBytes, GIB)
  daily.advance(EVENING - 24 * HOUR_MS)
  assert.equal(daily.usedBytes, 0)
  const restarted = new DailyBudget(BERLIN, EVENING, { day: '2027-01-01', usedBytes: GIB })
  assert.equal(restarted.usedBytes, GIB)
  restarted.advance(EVENING + HOUR_MS)
  assert.equal(restarted.usedBytes, 0)
})

test('a clock that goes wrong for a while, and right again, gives nothing back', () => {
  const ahead = new DailyBudget(BERLIN, EVENING)
  ahead.use(GIB)
  ahead.advance(EVENING + 500 * 24 * HOUR_MS)
  ahead.use(MIB)
  ahead.advance(EVENING)
  assert.equal(ahead.usedBytes, GIB + MIB)
  // A machine without a clock of its own starts in the past, and learns of the day later.
  const saved = { day: '2026-11-26', usedBytes: GIB }
  const behind = new DailyBudget(BERLIN, 0, saved)
  behind.use(MIB)
  const again = new DailyBudget(BERLIN, 0, behind.saving({ exactly: true }))
  for (const daily of [behind, again]) {
    assert.equal(daily.usedBytes, GIB + MIB)
    daily.advance(EVENING)
    assert.equal(daily.usedBytes, GIB + MIB)
    daily.advance(EVENING + HOUR_MS)
    assert.equal(daily.usedBytes, 0)
  }
})

test('a clock that is set back over midnight for a moment counts each day for itself', () => {
  const daily = new DailyBudget(BERLIN, EVENING)
  daily.use(GIB)
  daily.advance(daily.resetsAtMs)
  daily.use(MIB)
  daily.advance(EVENING)
  daily.use(2 * MIB)
  daily.advance(EVENING + HOUR_MS)
  assert.equal(daily.usedBytes, 3 * MIB)
})

test('what was saved counts on the same day alone', () => {
  assert.equal(new DailyBudget(BERLIN, EVENING, { day: '2026-11-26', usedBytes: 7 }).usedBytes, 7)
  assert.equal(new DailyBudget(BERLIN, EVENING, { day: '2026-11-25', usedBytes: 7 }).usedBytes, 0)
})

test('a crash at any moment forgets nothing that was used, and counts little too much', () => {
  const daily = new DailyBudget(BERLIN, EVENING)
  let savings = 0
  let saved = daily.saving({ exactly: false })
  for (let used = 0; used < 2 * GIB; used += MIB) {
    daily.use(MIB)
    if (daily.needsSaving) {
      saved = daily.saving({ exactly: false })
      daily.saved(saved)
      savings++
    }
    assert.ok(saved.usedBytes >= daily.usedBytes)
    assert.ok(saved.usedBytes <= daily.usedBytes + 64 * MIB)
    assert.ok(new DailyBudget(BERLIN, EVENING, saved).usedBytes >= daily.usedBytes)
  }
  assert.ok(savings < 100, `${savings} savings`)
  assert.equal(daily.saving({ exactly: true }).usedBytes, daily.usedBytes)
})

test('the use of budgets is read as it was written, and nothing else is', () => {
  const use = { up: { day: '2026-11-26', usedBytes: 7 } }
  assert.equal(encodeUse(use), '{"v":1,"up":{"day":"2026-11-26","usedBytes":7}}')
  assert.deepEqual(decodeUse(encodeUse(use)), use)
  const broken = decodeUse('{"v":1,"up":{"day":"2026-11-26","usedBytes":7.25}}')
  assert.equal(broken.up?.usedBytes, 8, 'whole bytes, and none forgotten')
  for (const text of ['', 'null', '7', '{"v":2,"up":{"day":"2026-11-26","usedBytes":7}}'])
    assert.deepEqual(decodeUse(text), {}, text)
  for (const [from, to] of [
    ['2026-11-26', 'today'],
    ['7', '-7'],
    ['7', '1e999'],
    ['7', '"x"'],
    ['{"day"', '[{"day"']
  ] as const)
    assert.deepEqual(decodeUse(encodeUse(use).replace(from, to)), {}, to)
})
