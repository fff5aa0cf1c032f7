import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { operationIdFromBytes } from '../../base/ids.ts'
import { INCARNATION, keyNamed, START_MS, signedRoot, type TestKey } from '../fold/org-fixture.conformance.ts'
import { decodeRoot, type RootTerms } from './root.ts'
import { describeChanges, describeFrontier, type RootChanges, successorTerms } from './root-changes.ts'
import { KEYS, orgWith, termsAfter } from './root-fixture.conformance.ts'

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(name => keyNamed(name)) as [TestKey, TestKey, TestKey, TestKey]
const [r, s] = [keyNamed('r'), keyNamed('s')]
const BEFORE = orgWith([a, b, c], [r])
const NEXT = { timeMs: START_MS + 1000, frontier: [] }

function built(changes: RootChanges, before = BEFORE): RootTerms {
  const successor = successorTerms(before, changes, NEXT)
  assert.ok(successor.ok, successor.ok ? '' : successor.problems.join('; '))
  return successor.terms
}

function problems(changes: RootChanges, before = BEFORE): string {
  const successor = successorTerms(before, changes, NEXT)
  return successor.ok ? 'possible' : successor.problems.join('; ')
}

test('changes make the terms of a successor that its signers can sign', () => {
  const beacon = { signers: [a.id, b.id], quorum: 2, periodMs: 60_000, lifeMs: 180_000 }
  const terms = built({
    orgName: 'Acme Holding',
    addAdmins: [d.id],
    removeAdmins: [c.id],
    roles: new Map([
      ['helpdesk', { types: ['device.suspend', 'device.enrol', 'device.enrol'], rank: 2 }],
      ['reader', null]
    ]),
    approvals: new Map([['content.recall', 2]]),
    beacon,
    stalenessMs: { restricted: 600_000 },
    expiresMs: START_MS + 86_400_000
  })
  const record = signedRoot(terms, [a, b])
  const root = decodeRoot(record, { ...KEYS, predecessor: BEFORE })
  assert.ok(root.ok)
  assert.deepEqual(describeChanges(BEFORE, root.value), [
    'name of the org Acme -> Acme Holding',
    `adds admin ${d.id}`,
    `removes admin ${c.id}`,
    'adds role helpdesk of rank 2: device.enrol, device.suspend',
    'removes role reader',
    'approvals of content.recall 1 -> 2',
    'begins a beacon policy',
    ...(root.value.beacon?.signers.map(id => `adds beacon signer ${id}`) ?? []),
    'beacon quorum 0 -> 2',
    'beacon period 0 s -> 60 s',
    'beacon life 0 s -> 180 s',
    'staleness limit for restricted data none -> 600 s',
    'expiry never -> 2027-01-16T08:00:00.000Z'
  ])
})

test('a threshold follows the number of admins, and stays where it can', () => {
  const thresholds = (changes: RootChanges, before = BEFORE) => built(changes, before).threshold
  assert.equal(thresholds({ addAdmins: [d.id] }), 3)
  assert.equal(thresholds({ removeAdmins: [a.id] }), 2)
  assert.equal(thresholds({ removeAdmins: [a.id, b.id] }), 1)
  assert.equal(thresholds({ threshold: 3 }), 3)
  assert.equal(thresholds({ addAdmins: [b.id] }, orgWith([a])), 2)
})

test('what is impossible is said in words, all of it at once', () => {
  const many = Array.from({ length: 33 }, (_, index) => keyNamed(`many ${index}`).id)
  const cases: [RootChanges, RegExp][] = [
    [{}, /nothing would change/],
    [{ orgName: 'Acme' }, /nothing would change/],
    [{ addAdmins: [a.id] }, /is an admin already/],
    [{ removeAdmins: [d.id] }, /is no admin/],
    [{ addAdmins: [a.id], removeAdmins: [a.id] }, /both added and removed/],
    [{ removeAdmins: [a.id, b.id, c.id] }, /no admin would be left/],
    [{ addAdmins: many }, /36 admins, at most 32/],
    [{ threshold: 1 }, /threshold of 1 is not possible: from 2 to 3/],
    [{ threshold: 4 }, /threshold of 4/],
    [{ threshold: 2.5 }, /threshold of 2.5/],
    [{ threshold: Number.NaN }, /threshold of NaN/],
    [{ recovery: [a.id] }, /an admin and a recovery key/],
    [{ addAdmins: [r.id] }, /an admin and a recovery key/],
    [{ recovery: [s.id, s.id] }, /given twice/],
    [{ recovery: many.slice(0, 9) }, /9 recovery keys, at most 8/],
    [{ roles: new Map([['admin', null]]) }, /role admin can not be taken away/],
    [{ roles: new Map([['device', null]]) }, /^role device can not be taken away$/],
    [
      { roles: new Map([['device', { types: ['note', 'root.vote'], rank: 5 }]]) },
      /role device may not author root.propose, without which/
    ],
    [{ roles: new Map([['nobody', null]]) }, /there is no role nobody/],
    [{ roles: new Map([['Boss', { types: [], rank: 1 }]]) }, /a role is named by/],
    [{ roles: new Map([['boss', { types: ['Note'], rank: 1 }]]) }, /operation type of role boss/],
    [{ roles: new Map([['boss', { types: [], rank: 0 }]]) }, /rank 0 of boss/],
    [{ approvals: new Map([['device.enrol', 4]]) }, /4 approvals of 3 admins/],
    [{ approvals: new Map([['Device', 2]]) }, /needs approvals is not named/],
    [{ beacon: { signers: [a.id], quorum: 2, periodMs: 1, lifeMs: 1 } }, /quorum of 2 .* 1 signers/],
    [{ beacon: { signers: [a.id], quorum: 1, periodMs: 2, lifeMs: 1 } }, /until the next one is due/],
    [{ stalenessMs: { internal: 1000 } }, /internal data needs a beacon policy/],
    [{ expiresMs: START_MS }, /expired before it begins/],
    [{ orgName: 'two\nlines' }, /one line/],
    [{ orgName: '\ud800' }, /one line/]
  ]
  for (const [changes, expected] of cases) assert.match(problems(changes), expected)
  const both = successorTerms(BEFORE, { addAdmins: [a.id], threshold: 9 }, NEXT)
  assert.equal(both.ok ? 0 : both.problems.length, 2)
})

test('an approval rule that outgrows the admins is found when admins go', () => {
  const before = orgWith([a, b, c])
  const strict = { ...before, approvals: new Map([['content.recall', 3]]) }
  assert.match(
    problems({ removeAdmins: [c.id] }, strict),
    /content.recall would need 3 approvals of 2 admins/
  )
  assert.equal(
    problems({ removeAdmins: [c.id], approvals: new Map([['content.recall', 1]]) }, strict),
    'possible'
  )
})

test('a successor that no proposal can carry is refused before anybody signs it', () => {
  const types = Array.from({ length: 128 }, (_, index) => `type-${index}.${'x'.repeat(50)}`)
  const roles = new Map(['one', 'two', 'three', 'four', 'five'].map(name => [name, { types, rank: 9 }]))
  assert.match(problems({ roles }), /bytes, at most 32768 fit a proposal/)
})

test('whatever is built decodes, and its description is empty exactly when nothing but the frontier differs', () => {
  const pool = [a, b, c, d, keyNamed('e'), r, s].map(key => key.id)
  // Mostly sensible, so that much is possible, and sometimes anything.
  const keys = (sensible: readonly TestKey[]) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.subarray(sensible.map(key => key.id)) },
      { arbitrary: fc.subarray(pool), weight: 1 }
    )
  const changes: fc.Arbitrary<RootChanges> = fc.record(
    {
      addAdmins: keys([d, keyNamed('e')]),
      removeAdmins: keys([a, c]),
      threshold: fc.integer({ min: 0, max: 6 }),
      recovery: keys([r, s]),
      approvals: fc.constantFrom(new Map([['note', 2]]), new Map([['note', 1]]), new Map<string, number>()),
      expiresMs: fc.constantFrom(null, START_MS, START_MS + 5000)
    },
    { requiredKeys: [] }
  )
  let possible = 0
  fc.assert(
    fc.property(changes, wanted => {
      const successor = successorTerms(BEFORE, wanted, NEXT)
      if (!successor.ok) {
        assert.ok(successor.problems.length > 0)
        return
      }
      possible++
      const { terms } = successor
      const signers = [a, b, c, d, keyNamed('e'), r, s].filter(
        key =>
          terms.admins.includes(key.id) || BEFORE.admins.includes(key.id) || BEFORE.recovery.includes(key.id)
      )
      const root = decodeRoot(signedRoot(terms, signers), { ...KEYS, predecessor: BEFORE })
      assert.ok(root.ok, root.ok ? '' : root.detail)
      assert.ok(describeChanges(BEFORE, terms).length > 0)
      assert.deepEqual(describeChanges(terms, root.value), [])
    }),
    { numRuns: 300 }
  )
  assert.ok(possible > 20, 'many changes are possible')
  assert.deepEqual(describeChanges(BEFORE, termsAfter(BEFORE)), [])
})

test('voters read what of the feeds of each admin still counts', () => {
  const id = operationIdFromBytes(new Uint8Array(32).fill(7))
  const frontier = [{ author: a.id, incarnation: INCARNATION, seq: 12, id }]
  const lines = describeFrontier({ ...BEFORE, admins: [a.id, b.id] }, termsAfter(BEFORE, { frontier }))
  assert.deepEqual(lines, [
    `${a.id} counts up to operation 12 of feed ${INCARNATION} under earlier roots`,
    `nothing that ${b.id} signed under an earlier root counts any more`
  ])
})
