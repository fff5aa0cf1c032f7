import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnderWay } from './under-way.ts'

test('what is under way is waited for, however it ends, and what it begins as well', async () => {
  const underWay = new UnderWay()
  const first = Promise.withResolvers<number>()
  const second = Promise.withResolvers<number>()
  const seen: string[] = []
  const failing = underWay.track(first.promise).catch(() => {
    seen.push('first')
    return underWay.track(second.promise)
  })
  const over = underWay.over().then(() => seen.push('over'))
  first.reject(new Error('no'))
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(seen, ['first'])
  second.resolve(2)
  assert.equal(await failing, 2)
  await over
  assert.deepEqual(seen, ['first', 'over'])
})
