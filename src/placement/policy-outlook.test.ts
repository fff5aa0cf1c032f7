import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Assigner } from './assignment.ts'
import { devicesById } from './fleet.ts'
import { device, fleet, GB, letter, policy, unit } from './fleet-picture.conformance.ts'
import { outlookOf, worstOf } from './policy-outlook.ts'
import { type Holder, safetyOf } from './safety.ts'

const SHOWN = fleet('paris/eu: A | oslo/no: D | rome/eu: F')
const DEVICES = devicesById(SHOWN)

/** `A` holds a copy, `A3` share 3. */
function holders(picture: string): Holder[] {
  return picture
    .split(' ')
    .filter(word => word !== '')
    .map(word => ({
      device: DEVICES.get(device(word.slice(0, 1))) ?? assert.fail(word),
      share: word.length === 1 ? null : Number(word.slice(1))
    }))
}

function look(rule: string, held: string) {
  const assignment = new Assigner(SHOWN).assign(unit(1, rule))
  const { safety, stays, comes, goes, comingBytes } = outlookOf(assignment, {
    ...{ holders: holders(held), devices: DEVICES }
  })
  const letters = (ids: typeof stays): string => ids.map(letter).sort().join('')
  return {
    ...{ stays: letters(stays), comes: letters(comes), goes: letters(goes), comingBytes },
    survives: safety.survives,
    missing: safety.missing
  }
}

test('who has a copy already stays, and only the others fetch', () => {
  assert.deepEqual(look('copies=3,sites=3', 'A'), {
    ...{ stays: 'A', comes: 'DF', goes: '', comingBytes: 2 * GB },
    ...{ survives: { sites: 2, devices: 2 }, missing: [] }
  })
})

test('who holds it where the rule does not allow it is left out', () => {
  assert.deepEqual(look('copies=2,sites=2,region=eu', 'A D'), {
    ...{ stays: 'A', comes: 'F', goes: 'D', comingBytes: GB },
    ...{ survives: { sites: 1, devices: 1 }, missing: [] }
  })
})

test('a whole copy is no share, and each share is a part of the bytes', () => {
  assert.deepEqual(look('shares=2+1,sites=3', 'A'), {
    ...{ stays: '', comes: 'ADF', goes: '', comingBytes: 1.5 * GB },
    ...{ survives: { sites: 1, devices: 1 }, missing: [] }
  })
  assert.equal(look('shares=2+1,sites=3', 'A0 D1').stays, 'AD')
})

test('a fleet that is too small says what it lacks', () => {
  assert.deepEqual(look('copies=4,sites=4', '').missing, [
    { part: 'sites', wanted: 4, got: 3 },
    { part: 'copies', wanted: 4, got: 3 }
  ])
})

test('the worst is what can not be read, then what stands the fewest losses', () => {
  const rule = policy('copies=2,sites=2')
  const [none, one, two] = ['', 'A', 'A D'].map(held => safetyOf(rule, holders(held)))
  assert.ok(none !== undefined && one !== undefined && two !== undefined)
  assert.equal(worstOf([two, none, one]), none)
  assert.equal(worstOf([two, one]), one)
  assert.equal(worstOf([]), undefined)
})
