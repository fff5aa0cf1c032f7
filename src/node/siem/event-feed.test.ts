import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownersBrowser } from '../../base/owners-browser.ts'
import { nameSent } from './event-feed.ts'

test('of a token its id goes out and not its name, and others go by what they are called', () => {
  const id = '0123456789ab'
  for (const name of ['ci', 'of Jane (night)', `x (${'f'.repeat(12)})`])
    assert.equal(nameSent(`token ${name} (${id})`), `token ${id}`)
  for (const by of ['owner', 'person 0123456789abcdef', ownersBrowser(id)]) assert.equal(nameSent(by), by)
})
