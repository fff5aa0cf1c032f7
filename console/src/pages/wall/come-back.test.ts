import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { COME_BACK_EVERY_MS, comeBack } from './come-back.ts'

test('a page is loaded anew once its node answers, and not before', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const said = [Promise.reject(new Error('nobody')), Promise.resolve(false), Promise.resolve(true)]
  let reloads = 0
  comeBack({ answers: () => said.shift() ?? assert.fail('it is loaded'), reload: () => reloads++ })
  const seen: number[] = []
  for (let minute = 0; minute < 4; minute++) {
    mock.timers.tick(COME_BACK_EVERY_MS)
    // What was asked is answered, and judged.
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    seen.push(reloads)
  }
  mock.timers.reset()
  assert.deepEqual(seen, [0, 0, 1, 1])
})
