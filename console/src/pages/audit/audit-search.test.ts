import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf, argumentsOf, searchOf } from './audit-search.ts'

test('a search is the same after it stood in an address', () => {
  const search = {
    device: 'ab',
    dataset: 'team/notes',
    action: 'denied',
    time: 'hour',
    hasOwnLooks: true
  } as const
  assert.deepEqual(searchOf(addressOf(search)), search)
})

test('an address that says nothing that is known asks for the last week', () => {
  const search = searchOf(new URLSearchParams('action=toString&time=ever&device='))
  assert.deepEqual(search, { device: null, dataset: null, action: null, time: 'week', hasOwnLooks: false })
  assert.equal(argumentsOf(search, 8 * 86_400_000).sinceMs, 86_400_000)
  assert.equal(argumentsOf({ ...search, time: 'all' }, 5).sinceMs, null)
  assert.equal(argumentsOf(search, 5).looks, 'of-others')
  assert.equal(argumentsOf({ ...search, hasOwnLooks: true }, 5).looks, 'all')
})
