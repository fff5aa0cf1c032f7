import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWeaker, type Preview, policyFields, policyText, unmetText } from './storage-policy.ts'

test('a policy that the node wrote is filled in and written the same', () => {
  for (const text of [
    'copies=3,sites=2',
    'copies=2,sites=2,region=eu+us,kind=server+laptop',
    'shares=6+3,sites=3,region=eu'
  ])
    assert.equal(policyText(policyFields(text)), text)
  assert.equal(policyText(policyFields(null)), 'copies=3,sites=2')
})

const outlook = (safeVersions: number, survives: Preview['before']['survives']): Preview['before'] => ({
  ...{ policy: 'copies=2,sites=1', safeVersions, survives, says: '' }
})

test('a policy is weaker when it survives less of anything, or leaves versions unsafe that were safe', () => {
  const [two, one, sites] = [
    outlook(1, { sites: 1, devices: 2 }),
    outlook(1, { sites: 1, devices: 1 }),
    outlook(1, { sites: 0, devices: 2 })
  ]
  const of = (before: Preview['before'], after: Preview['before']) => isWeaker({ before, after } as Preview)
  assert.deepEqual([of(two, two), of(one, two), of(two, one), of(two, sites)], [false, false, true, true])
  assert.deepEqual([of(two, outlook(0, two.survives)), of(two, outlook(1, null))], [true, true])
  assert.equal(of(outlook(0, null), outlook(0, null)), false)
})

test('what nobody could give is said in words', () => {
  assert.equal(
    unmetText({ part: 'copies', wanted: 3, got: 2, because: 'no-room' }),
    '1 copy is missing, as who could hold it is full'
  )
  assert.equal(
    unmetText({ part: 'sites', wanted: 4, got: 2, because: 'no-device' }),
    '2 sites are missing, as no other device that may hold it offers room'
  )
})
