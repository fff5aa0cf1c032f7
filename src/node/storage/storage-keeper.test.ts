import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { DAY_MS } from '../../base/units.ts'
import type { State } from '../../ledger/fold/state.ts'
import type { Device } from '../../placement/fleet.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { SILENT_LOG } from '../log.ts'
import { DEFAULT_STORAGE_SETTINGS } from './node-storage.ts'
import { Sightings } from './sightings.ts'
import { StorageKeeper } from './storage-keeper.ts'
import type { StoragePlaces } from './storage-map.ts'
import type { StoredVersion } from './storage-units.ts'

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

/** A device that has a damaged copy of a version which another is to have, and is asked whether it lets go of it. */
async function letsGoOfDamaged(saying: readonly DeviceId[], kind: 'present' | 'away'): Promise<boolean> {
  const nowMs = Date.now()
  const version = 'c'.repeat(64) as VersionId
  const policy = { copies: 1, sites: 1, regions: [], kinds: [], shares: null }
  const unit = { version, index: 0, bytes: 1, policy, dataClass: 'members', seniority: 0 }
  const keptBy = new Map([[version, new Set(saying)]])
  const word = { operation: 'd'.repeat(64), share: null, untilMs: nowMs + DAY_MS, timeMs: nowMs }
  const copies = new Map(saying.map(device => [device, new Map([[version, word]])]))
  const empty = ['content', 'publishedAs', 'sharedAs', 'datasets', 'holds', 'erasures', 'renewals']
  const state = {
    ...Object.fromEntries(empty.map(name => [name, new Map()])),
    ...{ keptBy, copies, devices: new Map() }
  } as unknown as State
  const device = (id: DeviceId) =>
    ({
      id,
      state: { kind: id === self ? 'present' : kind, sinceMs: nowMs },
      emptySinceMs: 0
    }) as unknown as Device
  const stored = { name: 'data', published: { version }, shares: undefined, unit } as unknown as StoredVersion
  const places = {
    stored: [stored],
    assignments: new Map([[version, { unit, devices: [other], unmet: [] }]]),
    devices: new Map([self, other].map(id => [id, device(id)])),
    assigner: { standIns: () => [] }
  } as unknown as StoragePlaces
  const damaged = { holding: { state: 'damaged', version: { id: version } }, transfer: undefined }
  const removed: VersionId[] = []
  let looks = 0
  const keeper = new StorageKeeper({
    ...{ self, log: SILENT_LOG, present: () => new Set([self, other]), room: { tell: () => undefined } },
    sightings: new Sightings(new MemoryRecords(), nowMs),
    keeper: { state: () => state, append: () => assert.fail('nothing is said'), isWhole: true },
    vault: {
      sweep: async () => undefined,
      copies: () => new Map(removed.includes(version) ? [] : [[version, damaged]]),
      remove: async (gone: VersionId) => void removed.push(gone)
    } as never,
    shares: {
      owe: () => undefined,
      problems: () => new Map(),
      prove: () => assert.fail('there are no shares')
    },
    checks: { prove: () => assert.fail('who has nothing sound can not judge a proof') },
    times: { ...DEFAULT_STORAGE_SETTINGS, lookMs: 5 },
    places: async () => {
      looks++
      return places
    }
  })
  keeper.start()
  while (looks < 4) await delay(1)
  await keeper.close()
  return removed.length > 0
}

test('a damaged copy that is owed no more goes when who owes it is there with a sound one, and not before', async () => {
  assert.equal(await letsGoOfDamaged([other], 'present'), true)
  assert.equal(await letsGoOfDamaged([other], 'away'), false)
  assert.equal(await letsGoOfDamaged([], 'present'), false)
})
