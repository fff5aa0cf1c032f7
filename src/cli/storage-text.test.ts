import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MINUTE_MS } from '../base/units.ts'
import { presenceText } from './storage-text.ts'

it('who is linked is here; of others it is told when they were heard last', () => {
  const heardAtMs = Date.now() - 3 * MINUTE_MS - 500
  assert.equal(presenceText({ isLinked: true, heardAtMs: null }, true), 'yes')
  assert.match(presenceText({ isLinked: false, heardAtMs }, true), /^heard 3 min .*ago$/)
  assert.equal(presenceText({ isLinked: false, heardAtMs }, false), 'no')
})
