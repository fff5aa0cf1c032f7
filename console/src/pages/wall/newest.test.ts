import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newest } from './newest.ts'

test('the versions that came last come first, without those that are out of use', () => {
  const dataset = (name: string, publishedAtMs: number, retired = false) =>
    ({ name, publishedAtMs, retired }) as Parameters<typeof newest>[0][number]
  const all = [dataset('b', 1), dataset('old', 0), dataset('c', 5, true), dataset('a', 1), dataset('d', 3)]
  assert.deepEqual(
    newest(all, 3).map(({ name }) => name),
    ['d', 'a', 'b']
  )
})
