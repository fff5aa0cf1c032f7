import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdleWatch } from './idle-watch.ts'

/** What it says at each of the looks, half a second apart, between which so much leaves. */
function looks(watch: IdleWatch, sent: readonly number[]): boolean[] {
  let total = 0
  watch.begin(0, 0)
  return sent.map((bytes, at) => {
    total += bytes
    return watch.isIdle(total, 500 * (at + 1))
  })
}

test('it is idle after a second with less than a quarter of the best', () => {
  assert.deepEqual(looks(new IdleWatch(), [100, 90, 26, 24, 100, 24, 24, 0, 100]), [
    ...[false, false, false, false, false, false, true, true, false]
  ])
})

test('who never gave anything is not idle: nobody asked', () => {
  assert.deepEqual(looks(new IdleWatch(), [0, 0, 0]), [false, false, false])
})

test('to ask often changes nothing, and to begin again forgets all but the best', () => {
  const watch = new IdleWatch()
  assert.deepEqual(looks(watch, [100, 0, 0]), [false, false, true])
  assert.deepEqual(
    [1501, 1600, 1999].map(nowMs => watch.isIdle(100, nowMs)),
    [true, true, true]
  )
  assert.deepEqual(looks(watch, [10, 10]), [false, true])
})
