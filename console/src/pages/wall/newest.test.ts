import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newest } from './newest.ts'

test('the versions that came last come first, without those that are out of use or closed', () => {
  const dataset = (
    name: string,
    publishedAtMs: number,
    { retired = false, closed = null as object | null } = {}
  ) => ({ name, publishedAtMs, retired, closed }) as Parameters<typeof newest>[0][number]
  const all = [dataset('b', 1), dataset('old', 0), dataset('c', 5, { retired: true }), dataset('a', 1)]
  all.push(dataset('d', 3), dataset('gone', 9, { closed: { reason: 'erased', detail: '' } }))
  assert.deepEqual(
    newest(all, 3).map(({ name }) => name),
    ['d', 'a', 'b']
  )
})
