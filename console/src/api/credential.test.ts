import assert from 'node:assert/strict'
import { test } from 'node:test'
import { credentialIn, KeptToken, onlyWatches, wallLink } from './credential.ts'

const TOKEN = `pgt_0123456789ab_${'A'.repeat(43)}`

test('a fragment has a code or a token, or nothing', () => {
  assert.deepEqual(credentialIn('#code=pgc_abc-DEF_1'), { code: 'pgc_abc-DEF_1' })
  assert.deepEqual(credentialIn(new URL(wallLink('https://nas:4780', TOKEN)).hash), { token: TOKEN })
  for (const none of [
    '',
    '#main',
    '#token=',
    '#token=secret-of-another',
    `#x&token=${TOKEN}`,
    `#token=${TOKEN}&x`
  ])
    assert.equal(credentialIn(none), null, none)
})

test('a token that watches and may more is none of a screen on a wall, and neither is a person', () => {
  assert.ok(onlyWatches({ kind: 'token', scopes: ['watch'] }))
  assert.ok(!onlyWatches({ kind: 'token', scopes: ['watch', 'metrics'] }))
  assert.ok(!onlyWatches({ kind: 'token', scopes: ['read'] }))
  assert.ok(!onlyWatches({ kind: 'person', scopes: ['watch'] }))
})

test('a token is kept until it is forgotten, and not where the browser has no storage for it', () => {
  const stored = new Map<string, string>()
  const kept = new KeptToken(() => ({
    getItem: key => stored.get(key) ?? null,
    setItem: (key, value) => void stored.set(key, value),
    removeItem: key => void stored.delete(key)
  }))
  assert.equal(kept.get(), null)
  kept.keep(TOKEN)
  assert.equal(kept.get(), TOKEN)
  kept.forget()
  assert.equal(kept.get(), null)
  const refused = new KeptToken(() => {
    throw new Error('SecurityError')
  })
  refused.keep(TOKEN)
  refused.forget()
  assert.equal(refused.get(), null)
})
