import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { DeviceId } from '../../base/ids.ts'
import type { State } from '../../ledger/fold/state.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { SILENT_LOG } from '../log.ts'
import { DEFAULT_STORAGE_SETTINGS } from './node-storage.ts'
import { Sightings } from './sightings.ts'
import { StorageKeeper } from './storage-keeper.ts'

const [self, other] = ['a', 'b'].map(digit => digit.repeat(64) as DeviceId) as [DeviceId, DeviceId]

test('who is here is seen while the work of an earlier look goes on, which no second one joins', async () => {
  const present = new Set([self])
  const sightings = new Sightings(new MemoryRecords(), Date.now())
  const slow = Promise.withResolvers<undefined>()
  let begun = 0
  const state = { devices: new Map([self, other].map(device => [device, {}])) } as unknown as State
  const keeper = new StorageKeeper({
    ...{ self, sightings, log: SILENT_LOG, present: () => present, room: { tell: () => undefined } },
    keeper: { state: () => state, append: () => assert.fail('nothing is said'), isWhole: true },
    vault: { sweep: async () => undefined } as never,
    ...{ shares: undefined as never, checks: undefined as never },
    times: { ...DEFAULT_STORAGE_SETTINGS, lookMs: 5 },
    places: async () => {
      begun++
      return await slow.promise
    }
  })
  keeper.start()
  while (begun === 0) await delay(1)
  assert.equal(sightings.of(other).isPresent, false)
  present.add(other)
  while (!sightings.of(other).isPresent) await delay(1)
  assert.equal(begun, 1)
  slow.resolve(undefined)
  while (begun < 3) await delay(1)
  await keeper.close()
})
