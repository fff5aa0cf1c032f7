import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Year } from './year.ts'

test('a year of a small organisation: nothing is lost, though disks fail and a site burns down', () => {
  const result = new Year({ devices: 120, units: 40, seed: 3 }).run()
  assert.equal(result.lostUnits, 0)
  assert.ok(result.fewestCopies >= 1)
  assert.ok(result.diskFailures > 0 && result.burntDevices === 12)
  assert.ok(result.replacedBytes > 0)
  assert.deepEqual(new Year({ devices: 120, units: 40, seed: 3 }).run(), result)
})
