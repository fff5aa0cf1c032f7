/** Attacks on the authority chain: what somebody with some of the keys, or none, tries, and what comes of it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import { keyNamed, START_MS, sha256, signedRoot, type TestKey } from '../fold/org-fixture.conformance.ts'
import {
  assembleRootRecord,
  decodeRoot,
  ROOT_RECORD_BYTES_MAX,
  type Root,
  type RootTerms,
  rootBytes,
  SUCCESSOR_BYTES_MAX
} from './root.ts'
import type { RootChain } from './root-chain.ts'
import {
  chainOf,
  KEYS,
  orgWith,
  recordAfter,
  rootAfter,
  termsAfter,
  voteFor
} from './root-fixture.conformance.ts'

const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(name => keyNamed(`admin ${name}`)) as [
  TestKey,
  TestKey,
  TestKey,
  TestKey,
  TestKey
]
const [r, s, t] = ['r', 's', 't'].map(name => keyNamed(`recovery ${name}`)) as [TestKey, TestKey, TestKey]
const thief = keyNamed('thief')
/** Three of five admins decide, two of three recovery keys recover. */
const FOUNDING = orgWith([a, b, c, d, e], [r, s, t])

function verdict(chain: RootChain, record: Uint8Array): string {
  const added = chain.add(record)
  return added.ok ? added.value.outcome : added.reason
}

const thiefRules: Partial<RootTerms> = { admins: [thief.id], threshold: 1 }
const isHead = (chain: RootChain, root: Root) => assert.equal(toHex(chain.head.hash), toHex(root.hash))

test('one admin less than the threshold can do nothing', () => {
  const chain = chainOf(FOUNDING, [])
  assert.equal(verdict(chain, recordAfter(FOUNDING, [a, b, thief], thiefRules)), 'below-threshold')
  assert.equal(verdict(chain, recordAfter(FOUNDING, [thief], thiefRules)), 'below-threshold')
  assert.equal(verdict(chain, recordAfter(FOUNDING, [a, b], { threshold: 3 })), 'below-threshold')
  assert.equal(
    verdict(chain, recordAfter(FOUNDING, [a, b, r, thief], thiefRules)),
    'below-threshold',
    'a recovery key does not count as an admin'
  )
  const [x, y] = [keyNamed('x'), keyNamed('y')]
  const others = { admins: [x.id, y.id, thief.id], threshold: 2 }
  assert.equal(
    verdict(chain, recordAfter(FOUNDING, [a, b, c, d, e, thief], others)),
    'below-threshold',
    'nor may all of the old admins name new ones of whom too few have signed'
  )
  isHead(chain, FOUNDING)
  assert.equal(verdict(chain, recordAfter(FOUNDING, [a, b, c, thief], thiefRules)), 'kept')
})

test('the threshold can not be lowered below a majority, however many sign', () => {
  const record = signedRoot(termsAfter(FOUNDING, { threshold: 2 }), [a, b, c, d, e])
  assert.equal(verdict(chainOf(FOUNDING, []), record), 'bad-terms')
})

test('admins who remove each other at once freeze the chain, and whoever signed both is named', () => {
  const without = (key: TestKey) => ({
    admins: FOUNDING.admins.filter(id => id !== key.id),
    threshold: 3
  })
  const [byA, byB] = [rootAfter(FOUNDING, [a, c, d], without(b)), rootAfter(FOUNDING, [b, c, e], without(a))]
  for (const order of [
    [byA, byB],
    [byB, byA]
  ]) {
    const chain = chainOf(FOUNDING, order)
    isHead(chain, FOUNDING)
    const { freeze } = chain
    assert.ok(freeze)
    assert.equal(freeze.version, 2)
    assert.deepEqual(freeze.contested.map(toHex), [byA, byB].map(root => toHex(root.hash)).sort())
    assert.deepEqual(freeze.equivocators, [c.id])
    assert.deepEqual(freeze.evidence, [{ key: c.id, version: 2, hashes: freeze.contested }])
    for (const root of freeze.roots)
      assert.ok(decodeRoot(root.record, { ...KEYS, predecessor: FOUNDING }).ok, 'the evidence proves itself')
    assert.equal(chain.find(byA.hash)?.contested, true)
    assert.equal(chain.find(FOUNDING.hash)?.contested, false)
    assert.notEqual(toHex(chain.newest.hash), toHex(FOUNDING.hash), 'a peer that lacks the evidence sees so')
    // What is built on one side of the contest changes nothing, though more keys have signed that side by now.
    assert.equal(verdict(chain, recordAfter(byA, [a, c, d, e])), 'kept')
    isHead(chain, FOUNDING)
  }
})

test('a recovery root ends a freeze; two recovery roots make one that nothing ends', () => {
  const [x, y] = [1, 2].map(index => rootAfter(FOUNDING, [a, b, c], { timeMs: START_MS + index })) as [
    Root,
    Root
  ]
  const replaced = { admins: [d.id, e.id], threshold: 2 }
  const recovery = rootAfter(FOUNDING, [d, e, r, s], replaced)
  assert.equal(recovery.succession, 'recovery')
  for (const order of [
    [x, y, recovery],
    [recovery, y, x],
    [x, recovery, y]
  ]) {
    const chain = chainOf(FOUNDING, order)
    assert.equal(chain.freeze, undefined)
    isHead(chain, recovery)
    assert.equal(chain.find(x.hash)?.contested, true)
    assert.deepEqual(
      chain.equivocations.map(({ key }) => key),
      [a.id, b.id, c.id].sort(),
      'what they did stays on record'
    )
  }
  const rival = rootAfter(FOUNDING, [d, e, s, t], { ...replaced, timeMs: START_MS + 9 })
  const chain = chainOf(FOUNDING, [recovery, rival])
  isHead(chain, FOUNDING)
  assert.deepEqual(chain.freeze?.equivocators, [d.id, e.id, s.id].sort())
  assert.equal(verdict(chain, recordAfter(FOUNDING, [a, b, c, d, e], { timeMs: START_MS + 10 })), 'kept')
  isHead(chain, FOUNDING)
})

test('an admin who signed one side of a contest may sign the recovery that ends it', () => {
  const [x, y] = [
    rootAfter(FOUNDING, [a, b, c], { timeMs: START_MS + 1 }),
    rootAfter(FOUNDING, [c, d, e], { timeMs: START_MS + 2 })
  ] as const
  const recovery = rootAfter(FOUNDING, [a, d, r, s], { admins: [a.id, d.id], threshold: 2 })
  const chain = chainOf(FOUNDING, [x, y, recovery])
  assert.deepEqual(
    chain.equivocations.map(({ key }) => key),
    [c.id]
  )
})

test('an old record played again changes nothing', () => {
  const second = rootAfter(FOUNDING, [a, b, c], { orgName: 'Acme 2' })
  const third = rootAfter(second, [a, b, c], { orgName: 'Acme 3' })
  const chain = chainOf(FOUNDING, [second, third])
  for (const old of [FOUNDING, second, third]) assert.equal(verdict(chain, old.record), 'known')
  isHead(chain, third)
})

test('a version can not be jumped over', () => {
  const second = rootAfter(FOUNDING, [a, b, c])
  const chain = chainOf(FOUNDING, [])
  const jump = signedRoot({ ...termsAfter(FOUNDING), version: 3 }, [a, b, c])
  assert.equal(verdict(chain, jump), 'not-a-successor')
  const back = signedRoot({ ...termsAfter(second), version: 2 }, [a, b, c])
  assert.equal(verdict(chain, back), 'waiting', 'nobody has shown its predecessor')
  chain.add(second.record)
  isHead(chain, second)
  assert.deepEqual(chain.waiting(), [], 'and it is refused once somebody does')
  const last = signedRoot({ ...termsAfter(FOUNDING), version: Number.MAX_SAFE_INTEGER }, [a, b, c])
  assert.equal(verdict(chain, last), 'chain-full')
})

test('signatures of one root do not carry another', () => {
  const wanted = termsAfter(FOUNDING, thiefRules)
  const signed = termsAfter(FOUNDING, { orgName: 'Acme 2' })
  const stolen = [a, b, c].map(key => voteFor(signed, key))
  const mixed = assembleRootRecord(rootBytes(wanted), [...stolen, voteFor(wanted, thief)])
  const chain = chainOf(FOUNDING, [])
  assert.equal(verdict(chain, mixed), 'bad-signature')
  const half = assembleRootRecord(rootBytes(signed), [...stolen.slice(0, 2), voteFor(wanted, c)])
  assert.equal(verdict(chain, half), 'bad-signature')
  assert.equal(verdict(chain, assembleRootRecord(rootBytes(signed), stolen)), 'kept')
})

test('signatures of another org do not carry here', () => {
  const other = orgWith([a, b, c, d, e], [r, s])
  const chain = chainOf(FOUNDING, [])
  assert.equal(verdict(chain, rootAfter(other, [a, b, c]).record), 'waiting')
  assert.equal(verdict(chain, other.record), 'foreign-org')
  isHead(chain, FOUNDING)
})

test('an org that lost so many admins that none can be replaced recovers', () => {
  const chain = chainOf(FOUNDING, [])
  const after = { admins: [a.id, thief.id], threshold: 2 }
  assert.equal(verdict(chain, recordAfter(FOUNDING, [a, thief, r], after)), 'below-threshold')
  assert.equal(
    verdict(chain, recordAfter(FOUNDING, [a, r, s], after)),
    'below-threshold',
    'new admins sign too'
  )
  assert.equal(verdict(chain, recordAfter(FOUNDING, [a, thief, r, s], after)), 'kept')
  assert.equal(chain.head.succession, 'recovery')
  assert.deepEqual(chain.head.admins, [a.id, thief.id].sort())
})

test('admins can not take away or replace the keys that can replace them', () => {
  const chain = chainOf(FOUNDING, [])
  const all = [a, b, c, d, e]
  const drop = (recovery: readonly TestKey[], signers: readonly TestKey[]) =>
    verdict(chain, recordAfter(FOUNDING, signers, { recovery: recovery.map(key => key.id) }))
  assert.equal(drop([], all), 'recovery-unsigned')
  assert.equal(drop([r, s], all), 'recovery-unsigned')
  assert.equal(drop([r, s, t, thief], all), 'recovery-unsigned')
  assert.equal(drop([thief], [...all, t]), 'recovery-unsigned')
  assert.equal(drop([a], all), 'bad-terms', 'nor be both')
  isHead(chain, FOUNDING)
  assert.equal(drop([r, s], [a, b, c, r, t]), 'kept')
  const without = orgWith([a, b, c])
  const first = recordAfter(without, [a, b], { recovery: [r.id] })
  assert.equal(verdict(chainOf(without, []), first), 'kept', 'where there are none, admins name the first')
})

test('an expired root still has its successor', () => {
  const expired = rootAfter(FOUNDING, [a, b, c], { timeMs: START_MS + 1, expiresMs: START_MS + 2 })
  const next = rootAfter(expired, [a, b, c], { timeMs: START_MS + 1000, expiresMs: null })
  isHead(chainOf(FOUNDING, [expired, next]), next)
})

test('keys of admins removed long ago can halt the chain, not take it, and recovery restores all of it', () => {
  const records: Root[] = []
  for (let head = FOUNDING; records.length < 6; ) {
    const isFirst = records.length === 0
    const keys = isFirst ? [a, b, c, d, e] : [d, e]
    head = rootAfter(head, keys, { admins: [d.id, e.id], threshold: 2 })
    records.push(head)
  }
  const tip = records.at(-1) as Root
  const forged = rootAfter(FOUNDING, [a, b, c, thief], thiefRules)
  const chain = chainOf(FOUNDING, [...records, forged, rootAfter(forged, [thief], { orgName: 'mine' })])
  isHead(chain, FOUNDING)
  assert.deepEqual(chain.freeze?.equivocators, [a.id, b.id, c.id].sort())
  // The very root that was contested, now with the recovery keys' word for it.
  const endorsed = recordAfter(FOUNDING, [d, e, r, t], { admins: [d.id, e.id], threshold: 2 })
  assert.equal(verdict(chain, endorsed), 'kept')
  isHead(chain, tip)
  assert.equal(chain.freeze, undefined)
})

test('structures of another version, and records that are too large or too deep, are refused unread', () => {
  const chain = chainOf(FOUNDING, [])
  const terms = termsAfter(FOUNDING)
  const asFirst = (value: RootTerms, v: number) => {
    const encoded = rootBytes(value)
    const at = encoded.indexOf(0x76) + 1 // the key `v` comes first, and its value is one byte
    encoded[at] = v
    const signatures = [a, b, c].map(key => ({
      key: key.id,
      signature: key.sign(Buffer.concat([Buffer.from('peerage/root/v1\0'), sha256(encoded)]))
    }))
    return assembleRootRecord(encoded, signatures)
  }
  assert.equal(verdict(chain, asFirst(terms, 2)), 'kept')
  assert.equal(verdict(chain, asFirst(terms, 1)), 'malformed', 'a successor of structure 1 has no frontier')
  assert.equal(verdict(chain, asFirst(terms, 3)), 'unknown-version')
  assert.equal(verdict(chain, asFirst(FOUNDING, 2)), 'malformed')
  const roles = new Map(
    Array.from({ length: 16 }, (_, index) => [
      `role-${index}`,
      Array.from({ length: 60 }, (_, type) => `type.${String(type).padStart(3, '0')}-${'x'.repeat(30)}`)
    ])
  )
  const large = signedRoot({ ...terms, roles, ranks: new Map([...roles.keys()].map(name => [name, 1])) }, [
    a,
    b,
    c
  ])
  assert.ok(large.length > SUCCESSOR_BYTES_MAX)
  assert.equal(verdict(chain, large), 'too-large')
  assert.equal(verdict(chain, new Uint8Array(ROOT_RECORD_BYTES_MAX + 1)), 'too-large')
  let deep: Uint8Array = Uint8Array.of(0x80)
  for (let depth = 0; depth < 5; depth++) deep = Buffer.concat([Uint8Array.of(0x81), deep])
  assert.equal(verdict(chain, deep), 'too-deep')
  assert.equal(verdict(chain, encodeCbor([rootBytes(terms), []])), 'malformed')
})

test('a structure 1 of a later version, frontier or not, is no root', () => {
  const founding = rootBytes(FOUNDING)
  const at = Buffer.from(founding).indexOf('gversion') + 8
  assert.equal(founding[at], 1)
  founding[at] = 2
  const record = assembleRootRecord(founding, [voteFor(FOUNDING, a)])
  assert.equal(verdict(chainOf(FOUNDING, []), record), 'unknown-version')
})

test('no signature of a recovery key makes an ordinary successor into something else', () => {
  const terms = termsAfter(FOUNDING)
  const record = (keys: readonly TestKey[]) =>
    assembleRootRecord(
      rootBytes(terms),
      keys.map(key => voteFor(terms, key))
    )
  const chain = chainOf(FOUNDING, [record([a, b, c, r]), record([a, b, d, s])])
  assert.equal(chain.head.succession, 'ordinary', 'two halves of a majority that never signed together')
  assert.deepEqual(chain.head.signers, [a.id, b.id, c.id, d.id].sort())
})
