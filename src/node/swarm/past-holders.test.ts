import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { PastHolders } from './past-holders.ts'

const holder = (atMs: number) => ({ haveCount: 1, isComplete: false, atMs })
const device = (name: string) => name as DeviceId
const [A, B] = ['a' as VersionId, 'b' as VersionId]

test('the newest word of each device counts, and the oldest goes when there is too much', () => {
  const past = new PastHolders(3)
  assert.equal(past.of(A).size, 0)
  past.tell(A, device('1'), holder(1))
  past.tell(A, device('2'), holder(2))
  past.tell(A, device('1'), holder(3))
  assert.deepEqual(
    [...past.of(A)].map(([name, { atMs }]) => [name, atMs]),
    [
      ['2', 2],
      ['1', 3]
    ]
  )
  past.tell(B, device('1'), holder(4))
  past.tell(B, device('2'), holder(5))
  assert.deepEqual([...past.of(A).keys()], ['1'])
  past.tell(B, device('3'), holder(6))
  assert.deepEqual([past.of(A).size, [...past.of(B).keys()]], [0, ['1', '2', '3']])
  past.tell(A, device('9'), holder(7))
  assert.deepEqual([[...past.of(A).keys()], [...past.of(B).keys()]], [['9'], ['2', '3']])
})
