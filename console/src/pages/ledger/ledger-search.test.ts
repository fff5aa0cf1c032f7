import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf, argumentsOf, type LedgerSearch, LINES_MAX, searchOf } from './ledger-search.ts'

test('a search is the same after it stood in an address', () => {
  const search: LedgerSearch = {
    ...{ type: 'content.recall', author: 'lab-7', about: 'team/notes' },
    ...{ effect: 'waiting', time: 'day', untilMs: 5_000 }
  }
  assert.deepEqual(searchOf(addressOf(search)), search)
})

test('an address that says nothing that is known asks for the newest of all', () => {
  const search = searchOf(new URLSearchParams('effect=toString&time=ever&type=&until=-1'))
  assert.deepEqual(argumentsOf(search, 9_000), {
    ...{ type: null, author: null, about: null, effect: null, sinceMs: null, untilMs: null, limit: LINES_MAX }
  })
  assert.equal(argumentsOf({ ...search, time: 'hour' }, 3_700_000).sinceMs, 100_000)
})
