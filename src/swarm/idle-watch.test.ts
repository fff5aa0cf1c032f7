import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdleWatch } from './idle-watch.ts'

/**
 * What it says at each of the looks, half a second apart, between which so much leaves; and arrives, if not all of it.
 */
function looks(watch: IdleWatch, sent: readonly number[], arrived: readonly number[] = sent): boolean[] {
  const total = { sentBytes: 0, arrivedBytes: 0 }
  watch.begin({ ...total }, 0)
  return sent.map((bytes, at) => {
    total.sentBytes += bytes
    total.arrivedBytes += arrived[at] ?? 0
    return watch.isIdle({ ...total }, 500 * (at + 1))
  })
}

const STEADY = Array.from({ length: 20 }, () => 100)
const BUSY = STEADY.map(() => false)

test('it is idle after a second with less than a quarter of the best', () => {
  assert.deepEqual(looks(new IdleWatch(), [...STEADY, 26, 26, 26, 100, 24, 24, 0, 100]), [
    ...BUSY,
    ...[false, false, false, false, false, true, true, false]
  ])
})

test('who never gave anything is not idle: nobody asked', () => {
  assert.deepEqual(looks(new IdleWatch(), [0, 0, 0]), [false, false, false])
})

test('a burst into sockets is no measure of the line behind them', () => {
  assert.deepEqual(looks(new IdleWatch(), [1600, 100, 100, 100, 100]), [false, false, false, false, false])
})

test('what was handed out and is still on its way keeps it busy', () => {
  const arrived = [0, 0, 0, 100, 0, 0, 0, 0, 300, 0]
  assert.deepEqual(looks(new IdleWatch(), [400, 0, 0, 0, 0, 0, 0, 0, 0, 0], arrived), [
    ...[false, false, false, false, false, false, false, false],
    ...[false, true]
  ])
})

test('what shows no sign of life for three seconds is not on its way any more', () => {
  const silence = [0, 0, 0, 0, 0, 0, 0, 0]
  assert.deepEqual(looks(new IdleWatch(), [400, ...silence], [0, ...silence]), [
    ...[false, false, false, false, false, false, false, true, true]
  ])
})

test('to ask often changes nothing, and to begin again forgets all but the best', () => {
  const watch = new IdleWatch()
  assert.deepEqual(looks(watch, [...STEADY, 0, 0]), [...BUSY, false, true])
  const total = { sentBytes: 2000, arrivedBytes: 2000 }
  assert.deepEqual(
    [11_001, 11_100, 11_499].map(nowMs => watch.isIdle(total, nowMs)),
    [true, true, true]
  )
  assert.deepEqual(looks(watch, [10, 10]), [false, true])
})
