import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { JOIN_GRACE_MS, StrangerWatch } from './stranger-watch.ts'

function open() {
  const world = { nowMs: 0, members: new Set<DeviceId>(), refused: [] as DeviceId[] }
  const watch = new StrangerWatch({
    isMember: device => world.members.has(device),
    onRefused: device => world.refused.push(device),
    nowMs: () => world.nowMs
  })
  return { world, watch }
}

const [joining, stranger] = [DeviceKey.generate().id, DeviceKey.generate().id]

test('whoever joins after its link is not told of, whoever stays a stranger is, as often as it knocked', () => {
  const { world, watch } = open()
  watch.knocked(joining)
  watch.knocked(stranger)
  watch.knocked(stranger)
  world.members.add(joining)
  world.nowMs = JOIN_GRACE_MS - 1
  watch.sweep()
  assert.deepEqual(world.refused, [])
  world.nowMs = JOIN_GRACE_MS
  watch.sweep()
  watch.sweep()
  assert.deepEqual(world.refused, [stranger, stranger])
  watch.close()
  assert.equal(world.refused.length, 2)
})

test('what still waits when the node stops is told', () => {
  const { world, watch } = open()
  watch.knocked(stranger)
  watch.close()
  assert.deepEqual(world.refused, [stranger])
})

test('of more strangers than are waited for none is forgotten', () => {
  const { world, watch } = open()
  for (let count = 0; count < 1100; count++) watch.knocked(DeviceKey.generate().id)
  assert.equal(world.refused.length, 76)
  watch.close()
  assert.equal(world.refused.length, 1100)
})
