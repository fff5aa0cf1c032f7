import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { GIB } from '../../base/units.ts'
import type { State } from '../../ledger/fold/state.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { OfferedRoom, type OfferedRoomInit } from './offered-room.ts'

const self = 'a'.repeat(64) as DeviceId

/** A ledger that takes down what is told, and a disk that the test fills. */
class Scene {
  readonly records = new MemoryRecords()
  readonly told: number[] = []
  freeBytes = 500 * GIB
  keptBytes = 0
  refuses = false

  open(): OfferedRoom {
    const keeper = {
      isWhole: true,
      state: () => {
        const capacityBytes = this.told.at(-1)
        const storage = capacityBytes === undefined ? undefined : { site: 'berlin', capacityBytes }
        return { devices: new Map([[self, { storage }]]) } as unknown as State
      },
      append: (content: OperationContent) => {
        if (this.refuses) throw new AppError('NOT_AUTHORISED', 'it may not')
        if (content.type === 'device.storage') this.told.push(content.capacityBytes)
      }
    } as unknown as OfferedRoomInit['keeper']
    return new OfferedRoom({
      ...{ self, site: 'berlin', home: '/home', records: this.records, keeper },
      keptBytes: () => this.keptBytes,
      diskOf: () => ({ totalBytes: 1000 * GIB, freeBytes: this.freeBytes })
    })
  }
}

test('nothing is told before it is set, and what is set is told and outlives a restart', () => {
  const scene = new Scene()
  const room = scene.open()
  room.tell()
  assert.deepEqual(scene.told, [])
  room.set({ capacityBytes: 200 * GIB, keepFreeShare: 0.1 })
  assert.deepEqual(scene.told, [200 * GIB])
  const again = scene.open()
  assert.equal(again.offer.capacityBytes, 200 * GIB)
  again.tell()
  assert.deepEqual(scene.told, [200 * GIB])
})

test('where the disk has less to spare less is offered, what is kept here included, and more again when it has', () => {
  const scene = new Scene()
  const room = scene.open()
  room.set({ capacityBytes: 200 * GIB, keepFreeShare: 0.1 })
  Object.assign(scene, { freeBytes: 130 * GIB, keptBytes: 50 * GIB })
  room.tell()
  assert.equal(scene.told.at(-1), 80 * GIB)
  scene.freeBytes = 128 * GIB
  room.tell()
  assert.equal(scene.told.length, 2, 'small changes are not told')
  scene.freeBytes = 60 * GIB
  room.tell()
  assert.equal(scene.told.at(-1), 50 * GIB, 'it never offers less than it keeps')
  scene.freeBytes = 900 * GIB
  room.tell()
  assert.equal(scene.told.at(-1), 200 * GIB)
})

test('an offer that may not be told is not made', () => {
  const scene = new Scene()
  const room = scene.open()
  scene.refuses = true
  assert.throws(() => room.set({ capacityBytes: GIB, keepFreeShare: 0.1 }), { code: 'NOT_AUTHORISED' })
  assert.equal(room.offer.capacityBytes, 0)
  assert.equal(scene.open().offer.capacityBytes, 0)
})

test('an offer of nothing is told, and a damaged record is none', () => {
  const scene = new Scene()
  const room = scene.open()
  room.set({ capacityBytes: 5 * GIB, keepFreeShare: 0.2 })
  room.set({ capacityBytes: 0, keepFreeShare: 0.2 })
  assert.deepEqual(scene.told, [5 * GIB, 0])
  scene.records.putBlob('storage/offer', new TextEncoder().encode('{"v":1,"capacityBytes":-1'))
  assert.equal(scene.open().offer.capacityBytes, 0)
})

test('what can not be written down is not told either, and what may not be told is not written down', () => {
  const scene = new Scene()
  const room = scene.open()
  room.set({ capacityBytes: 100 * GIB, keepFreeShare: 0.1 })
  const putBlob = scene.records.putBlob.bind(scene.records)
  scene.records.putBlob = () => {
    throw new AppError('DISK_FULL', 'the disk is full')
  }
  assert.throws(() => room.set({ capacityBytes: 200 * GIB, keepFreeShare: 0.1 }), /full/)
  assert.deepEqual([room.offer.capacityBytes, scene.told.at(-1)], [100 * GIB, 100 * GIB])
  scene.records.putBlob = putBlob
  scene.refuses = true
  assert.throws(() => room.set({ capacityBytes: 300 * GIB, keepFreeShare: 0.1 }), /may not/)
  assert.equal(scene.open().offer.capacityBytes, 100 * GIB)
})
