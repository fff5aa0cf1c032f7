import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS, HOUR_MS } from '../base/units.ts'
import { countedFleet, DEFAULT_GRACE, devicesById, isCounted, returned, weightOfCapacity } from './fleet.ts'
import { fleet, GB, letter } from './fleet-picture.conformance.ts'

const shown = fleet('paris: A B? C! d? e~? f~')

test('who counts as a place for data, as the hours go by: a night moves nothing, and a laptop may go on holiday', () => {
  const counted = (nowMs: number): string =>
    countedFleet(shown, DEFAULT_GRACE, nowMs)
      .devices.map(({ id }) => letter(id))
      .join('')
  assert.equal(counted(0), 'ABdef')
  assert.equal(counted(6 * HOUR_MS), 'ABdef')
  assert.equal(counted(6 * HOUR_MS + 1), 'Adef')
  assert.equal(counted(30 * DAY_MS), 'Adef')
  assert.equal(counted(30 * DAY_MS + 1), 'Af')
})

test('who returns in time is as it was, and who returns late is empty', () => {
  for (const device of shown.devices) {
    const inTime = returned(device, DEFAULT_GRACE, HOUR_MS)
    const late = returned(device, DEFAULT_GRACE, 31 * DAY_MS)
    assert.equal(inTime.emptySinceMs, device.state.kind === 'gone' ? HOUR_MS : 0)
    assert.equal(late.emptySinceMs, device.state.kind === 'present' ? 0 : 31 * DAY_MS, letter(device.id))
    assert.ok(isCounted(inTime, DEFAULT_GRACE, 400 * DAY_MS), 'who is present counts, however late it is')
  }
})

test('a weight is what is offered in GB, and a device is listed once', () => {
  assert.equal(weightOfCapacity(1.9 * GB), 1)
  assert.equal(weightOfCapacity(2 ** 53), 9_007_199)
  assert.throws(
    () => devicesById({ version: '', devices: [...shown.devices, ...shown.devices] }),
    /listed once/
  )
})
