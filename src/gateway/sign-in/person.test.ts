import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimValues, foreignAudience, personId, scopesOf } from './person.ts'
import { AttemptSeal } from './sealed-attempt.ts'

test('a claim has the texts that it is, or that are in it', () => {
  assert.deepEqual(claimValues('staff'), ['staff'])
  assert.deepEqual(claimValues(['a', 5, null, 'b', ['c']]), ['a', 'b'])
  for (const claim of [undefined, null, 5, true, { staff: true }]) assert.deepEqual(claimValues(claim), [])
})

test('a role is given for the whole value and no part of it', () => {
  const of = {
    roles: [{ value: 'staff', role: 'viewer' } as const, { value: 'ops', role: 'admin' } as const]
  }
  assert.deepEqual([...scopesOf(['staff'], of)], ['read'])
  assert.equal(scopesOf(['staff-of-others', 'STAFF', ''], of).size, 0)
  assert.ok(scopesOf(['staff', 'ops'], of).has('authority'))
})

test('an identity is for this client and for nobody who is not named', () => {
  const of = { clientId: 'peerage', audiences: ['portal'] }
  assert.equal(foreignAudience('peerage', of), undefined)
  assert.equal(foreignAudience(['peerage', 'portal'], of), undefined)
  assert.equal(foreignAudience(['peerage', 'evil'], of), 'evil')
})

test('a person of another provider is another person, however the two are cut', () => {
  const key = Buffer.alloc(32, 1)
  const ids = [
    personId(key, { issuer: 'https://a', subject: 'b' }),
    personId(key, { issuer: 'https://', subject: 'ab' }),
    personId(key, { issuer: 'https://a', subject: 'c' }),
    personId(Buffer.alloc(32, 2), { issuer: 'https://a', subject: 'b' })
  ]
  assert.equal(new Set(ids).size, ids.length)
})

test('what a browser keeps of a sign-in is read by the node that made it, unchanged or not at all', () => {
  const [seal, other] = [new AttemptSeal(), new AttemptSeal()]
  const attempt = {
    state: 's',
    nonce: 'n',
    verifier: 'v',
    issuer: 'https://a',
    endsAtMs: 5,
    isAgain: true,
    earlier: null
  }
  const sealed = seal.seal(attempt)
  assert.deepEqual(seal.open(sealed), attempt)
  assert.equal(other.open(sealed), undefined)
  const bytes = Buffer.from(sealed, 'base64url')
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.equal(seal.open(changed.toString('base64url')), undefined)
    assert.equal(seal.open(bytes.subarray(0, at).toString('base64url')), undefined)
  }
  assert.equal(seal.open('A'.repeat(100_000)), undefined)
})
