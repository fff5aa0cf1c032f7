import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Assigner } from './assignment.ts'
import { capacityOf, refusals, unplacedBytes } from './capacity.ts'
import { anyFleet, anyUnits, device, fleet, GB, letter, unit } from './fleet-picture.conformance.ts'
import { slotCount } from './policy.ts'
import { bySeniority, slotBytes } from './unit.ts'

test('picture: who is full refuses what is junior, and the next takes it over, until nobody can', () => {
  const shown = fleet('paris: A:2*1000000 b:4*1')
  const assigner = new Assigner(shown, 0.5)
  const units = [1, 2, 3, 4].map(number => unit(number, 'copies=1'))
  const assignments = units.map(each => assigner.assign(each))
  assert.deepEqual(
    assignments.map(({ devices }) => devices.map(letter).join('')),
    ['A', 'b', 'b', '']
  )
  assert.deepEqual(
    refusals(assigner, assignments).map(
      ({ unit: { seniority }, refusing, takers }) =>
        `${seniority}: ${refusing.map(letter).join('')} > ${takers.map(letter).join('')}`
    ),
    ['2: A > b', '3: A > b', '4: A > ']
  )
  assert.deepEqual(assignments.map(unplacedBytes), [0, 0, 0, GB])
  const { devices, sites } = capacityOf(shown, assigner, new Map([[device('b'), 3 * GB]]))
  assert.deepEqual(devices.get(device('A')), {
    ...{ offeredBytes: 2 * GB, keptFreeBytes: GB, owedBytes: GB, usedBytes: 0, freeBytes: 0 }
  })
  assert.deepEqual(sites.get('paris'), {
    ...{ offeredBytes: 6 * GB, keptFreeBytes: 3 * GB, owedBytes: 3 * GB, usedBytes: 3 * GB, freeBytes: 0 }
  })
})

test('law: what is owed, and what has no place, is all there is; and sites are the sums of their devices', () => {
  fc.assert(
    fc.property(anyFleet, anyUnits, fc.constantFrom(0, 0.1, 0.5), (shown, units, keepFreeShare) => {
      const assigner = new Assigner(shown, keepFreeShare)
      const assignments = units.toSorted(bySeniority).map(each => assigner.assign(each))
      const { devices, sites } = capacityOf(shown, assigner, new Map())
      const add = (all: readonly number[]): number => all.reduce((sum, each) => sum + each, 0)
      const owed = add([...devices.values()].map(({ owedBytes }) => owedBytes))
      const wanted = add(units.map(each => slotCount(each.policy) * slotBytes(each)))
      assert.equal(owed + add(assignments.map(unplacedBytes)), wanted)
      for (const part of ['owedBytes', 'freeBytes', 'keptFreeBytes', 'offeredBytes'] as const)
        assert.equal(
          add([...sites.values()].map(room => room[part])),
          add([...devices.values()].map(room => room[part]))
        )
      for (const { offeredBytes, keptFreeBytes, owedBytes } of devices.values())
        assert.ok(owedBytes + keptFreeBytes <= offeredBytes)
      for (const { refusing, takers } of refusals(assigner, assignments))
        assert.ok(takers.length <= refusing.length)
    }),
    { numRuns: 200, seed: 15 }
  )
})
