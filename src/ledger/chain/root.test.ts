import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { operationIdFromBytes } from '../../base/ids.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import { signId } from '../encoding/signature.ts'
import {
  foundOrg,
  INCARNATION,
  keyNamed,
  OTHER_INCARNATION,
  START_MS,
  sha256,
  signedRoot,
  type TestKey,
  verify
} from '../fold/org-fixture.conformance.ts'
import { OPERATION_TYPES } from '../operation/operation-types.ts'
import {
  decodeRoot,
  FRONTIER_MAX,
  foundingTerms,
  orgIdOf,
  type Root,
  type RootFault,
  type RootTerms,
  rootBytes
} from './root.ts'
import { decodeTerms } from './root-terms.ts'

const [a, b, c] = [keyNamed('a'), keyNamed('b'), keyNamed('c')]
const outsider = keyNamed('outsider')

function termsOf(changes: Partial<RootTerms> = {}): RootTerms {
  const founding = foundingTerms({ orgName: 'Acme', admin: a.id, timeMs: START_MS })
  return { ...founding, admins: [a.id, b.id, c.id], threshold: 2, ...changes }
}

function outcome(terms: RootTerms, signers: readonly TestKey[], predecessor?: Root): RootFault | 'valid' {
  const record = signedRoot(terms, signers)
  const root = decodeRoot(record, { verify, sha256, ...(predecessor && { predecessor }) })
  return root.ok ? 'valid' : root.reason
}

test('a founding root round-trips, and names the org by its hash alone', () => {
  const root = decodeRoot(signedRoot(termsOf(), [a, b]), { verify, sha256 })
  const other = decodeRoot(signedRoot(termsOf(), [b, c]), { verify, sha256 })
  assert.ok(root.ok && other.ok)
  assert.deepEqual(root.value.hash, sha256(rootBytes(termsOf())))
  assert.equal(orgIdOf(root.value), orgIdOf(other.value), 'who signed does not change the org')
  assert.deepEqual(new Set(root.value.admins), new Set([a.id, b.id, c.id]))
  assert.deepEqual(new Set(root.value.signers), new Set([a.id, b.id]))
  assert.deepEqual(root.value.roles, termsOf().roles)
})

test('exactly a majority of admins founds an org', () => {
  assert.equal(outcome(termsOf(), [a, b, c]), 'valid')
  assert.equal(outcome(termsOf(), [a]), 'below-threshold')
  assert.equal(outcome(termsOf(), [a, b, outsider]), 'foreign-signer')
  assert.equal(outcome(termsOf(), [a, a]), 'malformed')
  for (const [admins, threshold, verdict] of [
    [1, 1, 'valid'],
    [2, 1, 'bad-terms'],
    [2, 2, 'valid'],
    [3, 1, 'bad-terms'],
    [3, 4, 'bad-terms'],
    [32, 17, 'valid'],
    [32, 16, 'bad-terms'],
    [33, 17, 'malformed']
  ] as const) {
    const keys = Array.from({ length: admins }, (_, index) => keyNamed(`admin ${index}`))
    const terms = termsOf({ admins: keys.map(key => key.id), threshold })
    assert.equal(outcome(terms, keys), verdict, `${threshold} of ${admins}`)
  }
})

test('terms that contradict themselves are refused', () => {
  const beacon = { signers: [a.id, b.id], quorum: 2, periodMs: 1000, lifeMs: 5000 }
  const none = { public: null, internal: null, confidential: null, restricted: null }
  assert.equal(outcome(termsOf({ beacon, stalenessMs: { ...none, restricted: 1000 } }), [a, b]), 'valid')
  const wrong: Partial<RootTerms>[] = [
    { beacon: { ...beacon, quorum: 3 } },
    { beacon: { ...beacon, lifeMs: 999 } },
    { stalenessMs: { ...none, restricted: 1000 } },
    { ranks: new Map([['admin', 1]]) },
    { roles: new Map([['admin', []]]) },
    { approvals: new Map([['device.enrol', 4]]) },
    { expiresMs: START_MS },
    { prev: new Uint8Array(32) }
  ]
  for (const changes of wrong)
    assert.equal(outcome(termsOf(changes), [a, b]), 'bad-terms', JSON.stringify(changes))
})

test('a successor that could lock the org out of its authority is refused, whoever signed it', () => {
  const first = foundOrg([a, b, c], { recovery: [outsider.id] })
  const successor = (roles: Record<string, string[]>, ranks = first.ranks) =>
    termsOf({
      ...{ version: 2, prev: first.hash, recovery: [outsider.id], ranks },
      roles: new Map([...first.roles, ...Object.entries(roles)])
    })
  const signers = [a, b, c, outsider]
  const least = { admin: [], publisher: [], device: ['root.propose', 'root.vote'] }
  assert.equal(
    outcome(successor(least), signers, first),
    'valid',
    'all else can be put right by the next root'
  )
  for (const device of [['root.propose'], ['root.vote'], [], ['device.enrol', 'note']])
    assert.equal(outcome(successor({ device }), signers, first), 'bad-terms', device.join())
  const without = successor({})
  const [roles, ranks] = [new Map(without.roles), new Map(without.ranks)]
  for (const table of [roles, ranks]) table.delete('device')
  assert.equal(outcome({ ...without, roles, ranks }, signers, first), 'bad-terms', 'no role device at all')
  const founding = termsOf({ roles: new Map([['admin', []]]), ranks: new Map([['admin', 1]]) })
  assert.equal(outcome(founding, [a, b]), 'valid', 'root.v1 binds its founders alone')
})

test('a successor needs the majority before it and its own', () => {
  const first = foundOrg([a, b, c])
  const next = termsOf({ version: 2, prev: first.hash, admins: [c.id, outsider.id], threshold: 2 })
  assert.equal(outcome(next, [b, c, outsider], first), 'valid')
  assert.equal(outcome(next, [c, outsider], first), 'below-threshold')
  assert.equal(outcome(next, [a, b, c], first), 'below-threshold')
  assert.equal(outcome({ ...next, version: 3 }, [b, c, outsider], first), 'not-a-successor')
  assert.equal(outcome({ ...next, prev: new Uint8Array(32) }, [b, c, outsider], first), 'not-a-successor')
  assert.equal(outcome(next, [c, outsider]), 'not-a-successor', 'it can not found an org itself')
})

test('a signature of another kind, or over other bytes, does not found an org', () => {
  const encoded = rootBytes(termsOf())
  const asOperation = encodeCbor([
    encoded,
    [a, b]
      .map(key => [key.publicKey, signId('operation', sha256(encoded), key.sign)] as const)
      .sort((x, y) => Buffer.compare(x[0], y[0]))
  ])
  const root = decodeRoot(asOperation, { verify, sha256 })
  assert.equal(root.ok ? 'valid' : root.reason, 'bad-signature')
})

test('no changed byte of a record is accepted', () => {
  const record = signedRoot(termsOf(), [a, b])
  fc.assert(
    fc.property(fc.nat({ max: record.length - 1 }), fc.integer({ min: 1, max: 255 }), (index, change) => {
      const changed = record.slice()
      changed[index] = (changed[index] ?? 0) ^ change
      assert.equal(decodeRoot(changed, { verify, sha256 }).ok, false)
    }),
    { numRuns: 300 }
  )
})

test('a frontier is sorted by feed, names each feed once, and is bounded', () => {
  const first = foundOrg([a, b, c])
  const entry = (index: number, seq = 1) => ({
    author: keyNamed(`author ${index >> 1}`).id,
    incarnation: index % 2 === 0 ? INCARNATION : OTHER_INCARNATION,
    seq,
    id: operationIdFromBytes(sha256(Uint8Array.of(index)))
  })
  const next = (frontier: RootTerms['frontier']) => termsOf({ version: 2, prev: first.hash, frontier })
  const entries = Array.from({ length: FRONTIER_MAX + 1 }, (_, index) => entry(index))
  const root = decodeRoot(signedRoot(next(entries.slice(1)), [a, b]), { verify, sha256, predecessor: first })
  assert.ok(root.ok)
  assert.deepEqual(new Set(root.value.frontier), new Set(entries.slice(1)))
  assert.equal(outcome(next(entries), [a, b], first), 'malformed')
  assert.equal(outcome(next([entry(0), entry(0, 2)]), [a, b], first), 'malformed', 'one feed twice')
  assert.equal(outcome(next([entry(0, 0)]), [a, b], first), 'malformed', 'positions begin at 1')
  const sorted = rootBytes(next([entry(0), entry(1)]))
  const swapped = Buffer.from(sorted)
  const [low, high] = [INCARNATION, OTHER_INCARNATION].map(text => Buffer.from(text, 'hex')) as [
    Buffer,
    Buffer
  ]
  const places = [swapped.indexOf(low), swapped.indexOf(high)] as const
  high.copy(swapped, places[0])
  low.copy(swapped, places[1])
  assert.equal(decodeTerms(sorted).ok, true)
  assert.equal(decodeTerms(swapped).ok, false)
})

test('a key can not be both an admin and a recovery key', () => {
  assert.equal(outcome(termsOf({ recovery: [outsider.id] }), [a, b]), 'valid')
  assert.equal(outcome(termsOf({ recovery: [outsider.id, a.id] }), [a, b]), 'bad-terms')
})

test('the roles of a new org give admins every type, and everyone the vote', () => {
  const terms = foundingTerms({ orgName: 'Acme', admin: a.id, timeMs: START_MS })
  const ranks = [...terms.ranks].sort((x, y) => x[1] - y[1] || (x[0] < y[0] ? -1 : 1))
  assert.deepEqual(
    ranks.map(([name, rank]) => `${name} ${rank}`).join(', '),
    'admin 1, privacy 3, publisher 3, scanner 3, auditor 4, holder 4, reader 4, storage 4, device 5'
  )
  const admin = terms.roles.get('admin') ?? []
  for (const [name, types] of terms.roles)
    for (const type of types) assert.ok(admin.includes(type), `admins may ${type} as ${name} may`)
  for (const type of OPERATION_TYPES) assert.ok(admin.includes(type), type)
  for (const name of ['admin', 'publisher', 'device'])
    for (const type of ['root.propose', 'root.vote', 'note']) assert.ok(terms.roles.get(name)?.includes(type))
})
