import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCoarse } from './coarse.ts'
import { WIRE_FACTOR } from './constants.ts'
import { runExact } from './exact.ts'
import { ORGANISATION, type Organisation } from './organisation.ts'
import { SlotQueue } from './slot-queue.ts'

const SMALL: Organisation = { ...ORGANISATION, devices: 60, sites: 4, bytes: 200e6 }

test('every device gets everything, each piece crosses into each site once, and the same seed says the same', () => {
  const result = runCoarse(SMALL, 1)
  assert.equal(result.unfinished, 0)
  assert.ok(Math.abs(result.wanCopiesMost - WIRE_FACTOR) < 1e-9)
  assert.ok(result.timesBound >= 1 && result.timesBound < 1.5, `${result.timesBound}`)
  assert.deepEqual(runCoarse(SMALL, 1), result)
  assert.notEqual(runCoarse(SMALL, 2).lastSeconds, result.lastSeconds)
})

test('one site, and sites of one device', () => {
  for (const [devices, sites] of [
    [50, 1],
    [20, 20],
    [2, 1]
  ] as const) {
    const result = runCoarse({ ...SMALL, devices, sites }, 1)
    assert.equal(result.unfinished, 0, `${devices} devices in ${sites} sites`)
  }
})

test('more sites than a bringer has streams', () => {
  assert.equal(runCoarse({ ...SMALL, devices: 240, sites: 80 }, 1).unfinished, 0)
})

test('the coarse model is not slower than the product by much, nor twice as fast', async () => {
  const organisation = { ...ORGANISATION, devices: 36, sites: 3, bytes: 4e6, lanMbit: 50, wanMbit: 10 }
  const exact = await runExact(organisation, 1)
  const coarse = runCoarse(organisation, 1)
  assert.equal(exact.unfinished, 0)
  const ratio = coarse.lastSeconds / exact.lastSeconds
  assert.ok(ratio > 0.5 && ratio < 1.25, `${coarse.lastSeconds} s and ${exact.lastSeconds} s`)
})

test('transfers come out of the queue in the order of their times, equal ones as they went in', () => {
  const queue = new SlotQueue(8)
  for (const [device, atMs] of [5, 1, 3, 1, 4].entries())
    queue.add({ device, piece: 0, atMs, isAcross: false })
  const order: number[] = []
  for (let slot = queue.next(); slot >= 0; slot = queue.next()) {
    order.push(queue.deviceOf(slot))
    queue.free(slot)
  }
  assert.deepEqual(order, [1, 3, 2, 4, 0])
})
