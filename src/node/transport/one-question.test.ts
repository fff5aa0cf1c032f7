import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECOND_MS } from '../../base/units.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { MemoryNetwork } from './memory-transport.ts'
import { askOnce } from './one-question.ts'
import type { StreamClose } from './transport.ts'

const TERMS = {
  ...{ protocol: '/question/1', questionBytesMax: 16, answerBytesMax: 16 },
  timeoutMs: 5 * SECOND_MS
}

test('a stream is over once the answer is here, also with a peer that never ends its side of it', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const network = new MemoryNetwork()
  const [asker, clinging] = [1, 2].map(() => network.create(DeviceKey.generate().id, []))
  assert.ok(asker !== undefined && clinging !== undefined)
  const closed: StreamClose[] = []
  clinging.handle(TERMS.protocol, stream => {
    stream.onClose(reason => closed.push(reason))
    stream.send([Uint8Array.of(0, 0, 0, 1), Uint8Array.of(7)])
  })
  for (const each of [asker, clinging]) {
    each.setGate(() => 'member')
    await each.start()
    t.after(() => each.stop())
  }
  await asker.dial({ device: clinging.self, addresses: clinging.addresses() }, new AbortController().signal)
  const answer = await askOnce(asker, { device: clinging.self, question: Uint8Array.of(1) }, TERMS)
  assert.deepEqual(answer, Uint8Array.of(7))
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  assert.deepEqual(closed, [], 'it has time to end it')
  t.mock.timers.tick(20 * SECOND_MS)
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  assert.equal(closed.length, 1)
})
