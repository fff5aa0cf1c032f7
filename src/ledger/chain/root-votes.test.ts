import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../../base/bytes.ts'
import { operationIdFromBytes } from '../../base/ids.ts'
import { keyNamed, sha256, type TestKey } from '../fold/org-fixture.conformance.ts'
import { type Root, type RootTerms, rootBytes } from './root.ts'
import {
  chainOf,
  KEYS,
  orgWith,
  recordAfter,
  rootAfter,
  termsAfter,
  voteFor
} from './root-fixture.conformance.ts'
import {
  areVotesSplit,
  type RootCandidate,
  type RootProposal,
  type RootVote,
  rootCandidates,
  signedBefore
} from './root-votes.ts'

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(name => keyNamed(name)) as [TestKey, TestKey, TestKey, TestKey]
const [r, s, t] = ['r', 's', 't'].map(name => keyNamed(name)) as [TestKey, TestKey, TestKey]
const outsider = keyNamed('outsider')
/** Two of three admins decide, two of three recovery keys recover. */
const HEAD = orgWith([a, b, c], [r, s, t])
const WITH_D = termsAfter(HEAD, { admins: [a.id, b.id, c.id, d.id], threshold: 3 })
const RENAMED = termsAfter(HEAD, { orgName: 'Acme Holding' })

const operation = (name: string) => operationIdFromBytes(sha256(Buffer.from(name)))
const hashOf = (terms: RootTerms) => sha256(rootBytes(terms))

function proposal(terms: RootTerms, name = 'proposal'): RootProposal {
  const bytes = rootBytes(terms)
  return { bytes, hash: sha256(bytes), operation: operation(`${name} ${toHex(sha256(bytes))}`) }
}

function vote(terms: RootTerms, key: TestKey, name = 'vote'): RootVote {
  return { ...voteFor(terms, key), hash: hashOf(terms), operation: operation(`${name} ${key.id}`) }
}

const chain = (head: Root = HEAD) => ({ head, roots: [head] })

function candidate(terms: RootTerms, voters: readonly TestKey[]): RootCandidate {
  const votes = voters.map(key => vote(terms, key))
  const { candidates, refused } = rootCandidates(chain(), { proposals: [proposal(terms)], votes }, KEYS)
  assert.deepEqual(refused, [])
  const [only] = candidates
  assert.ok(only)
  return only
}

test('a candidate says what it changes, who has signed and who is still missing', () => {
  const open = candidate(WITH_D, [a])
  assert.deepEqual(open.changes.slice(0, 2), [`adds admin ${d.id}`, 'threshold 2 -> 3'])
  assert.equal(open.changes.length, 2 + HEAD.admins.length, 'and what still counts of the feed of each admin')
  assert.deepEqual(open.terms.admins, [a.id, b.id, c.id, d.id].sort())
  assert.deepEqual(open.formerAdmins, { needed: 2, signed: [a.id], missing: [b.id, c.id].sort() })
  assert.deepEqual(open.ownAdmins, { needed: 3, signed: [a.id], missing: [b.id, c.id, d.id].sort() })
  assert.deepEqual(open.recovery, { needed: 2, signed: [], missing: [r.id, s.id, t.id].sort() })
  assert.equal(open.needsRecovery, false)
  assert.equal(open.ready, undefined)
})

test('votes are split when no root can get enough admins any more, and not before', () => {
  const isSplit = (admins: readonly TestKey[], votes: readonly (readonly TestKey[])[]): boolean => {
    const head = orgWith(admins)
    const motions = votes.map((_, index) => termsAfter(head, { orgName: `Acme ${index}` }))
    const input = {
      proposals: motions.map(terms => proposal(terms)),
      votes: motions.flatMap((terms, index) => (votes[index] ?? []).map(key => vote(terms, key, `${index}`)))
    }
    return areVotesSplit(head, rootCandidates(chain(head), input, KEYS).candidates)
  }
  for (const [admins, votes, expected] of [
    [[a, b], [], false],
    [[a, b], [[a], []], false],
    [[a, b], [[a], [b]], true],
    [[a, b], [[a, b], []], false],
    [[a, b, c], [[a], [b]], false],
    [[a, b, c], [[a], [b], [c]], true],
    [[a, b, c, d], [[a, b], [c]], false],
    [
      [a, b, c, d],
      [
        [a, b],
        [c, d]
      ],
      true
    ]
  ] as const)
    assert.equal(
      isSplit(admins, votes),
      expected,
      JSON.stringify(votes.map(keys => keys.map(({ id }) => id)))
    )
})

test('a key that can still join no root but its own splits the votes with the others', () => {
  const head = orgWith([a, b])
  const joined = termsAfter(head, { admins: [a.id, b.id, c.id], threshold: 3 })
  const other = termsAfter(head, { orgName: 'Acme Holding' })
  const input = {
    proposals: [proposal(joined), proposal(other)],
    votes: [vote(other, a, 'other'), vote(joined, c, 'joined')]
  }
  const { candidates } = rootCandidates(chain(head), input, KEYS)
  assert.equal(areVotesSplit(head, candidates), false, 'b can join a')
  const more = rootCandidates(chain(head), { ...input, votes: [...input.votes, vote(joined, b, 'b')] }, KEYS)
  assert.equal(areVotesSplit(head, more.candidates), true)
})

test('it is ready with the vote that makes its record valid for everyone', () => {
  for (const [voters, isReady] of [
    [[], false],
    [[a, b], false],
    [[a, d], false],
    [[a, b, d], true],
    [[a, b, c, d], true],
    [[d, r, s], false],
    [[a, b, d, r], true]
  ] as const) {
    const { ready } = candidate(WITH_D, voters)
    assert.equal(ready !== undefined, isReady, `${voters.length} voters`)
    if (ready !== undefined) assert.equal(toHex(chainOf(HEAD, [ready]).head.hash), toHex(hashOf(WITH_D)))
  }
})

test('a majority of the recovery keys makes a recovery successor, and is needed to change these keys', () => {
  const replaced = termsAfter(HEAD, { admins: [d.id], threshold: 1 })
  assert.equal(candidate(replaced, [d, r]).ready, undefined)
  assert.equal(candidate(replaced, [d, r, t]).ready?.succession, 'recovery')
  const fewer = termsAfter(HEAD, { recovery: [r.id] })
  assert.equal(candidate(fewer, [a, b, c]).needsRecovery, true)
  assert.equal(candidate(fewer, [a, b, c]).ready, undefined)
  assert.equal(candidate(fewer, [a, b, r, s]).ready?.recovery.length, 1)
})

test('a vote counts by its signature: not by who brings it, and not for another root', () => {
  const forged = { ...vote(WITH_D, b), key: c.id, operation: operation('forged') }
  const other = { ...vote(RENAMED, c), hash: hashOf(WITH_D), operation: operation('other') }
  const foreign = vote(WITH_D, outsider)
  const votes = [vote(WITH_D, a), vote(WITH_D, d), forged, other, foreign]
  const { candidates } = rootCandidates(chain(), { proposals: [proposal(WITH_D)], votes }, KEYS)
  const [only] = candidates
  assert.ok(only)
  assert.deepEqual(
    only.votes.map(({ key }) => key),
    [a.id, d.id].sort()
  )
  assert.deepEqual(
    new Map(only.invalid.map(invalid => [invalid.operation, invalid.reason])),
    new Map([
      [forged.operation, 'bad-signature'],
      [other.operation, 'bad-signature'],
      [foreign.operation, 'no-voter']
    ])
  )
  assert.equal(only.ready, undefined)
})

test('a wrong vote in the name of an admin does not spoil the right one', () => {
  const forged = { ...vote(WITH_D, b), key: a.id, operation: operation('forged') }
  for (const votes of [
    [forged, vote(WITH_D, a)],
    [vote(WITH_D, a), forged]
  ]) {
    const { candidates } = rootCandidates(chain(), { proposals: [proposal(WITH_D)], votes }, KEYS)
    assert.deepEqual(candidates[0]?.formerAdmins.signed, [a.id])
  }
})

test('of two good votes by one key everyone counts the same', () => {
  const signed = (byte: number) => ({
    ...vote(WITH_D, a, `${byte}`),
    signature: new Uint8Array(64).fill(byte)
  })
  // A key holder can sign one message in several valid ways; here every signature is taken for one.
  const keys = { sha256, verify: () => true }
  for (const votes of [
    [signed(1), signed(2)],
    [signed(2), signed(1)]
  ]) {
    const { candidates } = rootCandidates(chain(), { proposals: [proposal(WITH_D)], votes }, keys)
    assert.deepEqual(candidates[0]?.votes, [signed(1)])
  }
})

test('proposals that are no roots, or follow another root, are told apart', () => {
  const wrong = { ...proposal(WITH_D), hash: hashOf(RENAMED), operation: operation('wrong') }
  const noRoot = { bytes: Uint8Array.of(1), hash: sha256(Uint8Array.of(1)), operation: operation('no root') }
  const second = rootAfter(HEAD, [a, b], { orgName: 'Acme Holding' })
  const late = proposal(WITH_D, 'late')
  const foreign = proposal(termsAfter(orgWith([d])), 'foreign')
  const { candidates, refused } = rootCandidates(
    { head: second, roots: [HEAD, second] },
    {
      proposals: [wrong, noRoot, late, foreign, proposal(termsAfter(second, { orgName: 'Acme' }))],
      votes: []
    },
    KEYS
  )
  assert.equal(candidates.length, 1)
  assert.equal(candidates[0]?.terms.version, 3)
  assert.deepEqual(
    new Map(refused.map(({ operation, reason }) => [operation, reason])),
    new Map([
      [wrong.operation, 'wrong-hash'],
      [noRoot.operation, 'malformed'],
      [late.operation, 'outdated'],
      [foreign.operation, 'outdated']
    ])
  )
})

test('one proposal made twice is one candidate', () => {
  const proposals = [proposal(WITH_D, 'one'), proposal(WITH_D, 'two')]
  const { candidates } = rootCandidates(chain(), { proposals, votes: [] }, KEYS)
  assert.deepEqual(
    candidates.map(each => each.proposals),
    [proposals.map(({ operation }) => operation).sort()]
  )
})

test('a key that votes for two roots of one version is named, with both', () => {
  const proposals = [proposal(WITH_D), proposal(RENAMED)]
  const both = [hashOf(WITH_D), hashOf(RENAMED)].sort(Buffer.compare)
  const votes = [
    vote(WITH_D, a),
    vote(RENAMED, a),
    vote(WITH_D, b),
    vote(WITH_D, outsider),
    vote(RENAMED, outsider)
  ]
  const { equivocations } = rootCandidates(chain(), { proposals, votes }, KEYS)
  assert.deepEqual(equivocations, [{ key: a.id, version: 2, hashes: both }])
  const again = rootCandidates(
    chain(),
    { proposals, votes: [vote(WITH_D, a), vote(WITH_D, a, 'again')] },
    KEYS
  )
  assert.deepEqual(again.equivocations, [], 'the same vote twice is one vote')
})

test('a vote against what the chain already took, with the same key, is named as well', () => {
  const second = rootAfter(HEAD, [a, b], { orgName: 'Acme Holding' })
  const { equivocations } = rootCandidates(
    { head: second, roots: [HEAD, second] },
    { proposals: [proposal(WITH_D)], votes: [vote(WITH_D, a), vote(WITH_D, c)] },
    KEYS
  )
  assert.deepEqual(
    equivocations.map(({ key, version }) => ({ key, version })),
    [{ key: a.id, version: 2 }]
  )
})

test('an admin who voted in vain may sign the recovery that a majority of recovery keys has signed', () => {
  const replaced = termsAfter(HEAD, { admins: [a.id, d.id], threshold: 2 })
  const proposals = [proposal(WITH_D), proposal(replaced)]
  const votes = (recovering: readonly TestKey[]) => [
    vote(WITH_D, a),
    ...[a, d, ...recovering].map(key => vote(replaced, key))
  ]
  const named = (recovering: readonly TestKey[]) =>
    rootCandidates(chain(), { proposals, votes: votes(recovering) }, KEYS).equivocations.map(({ key }) => key)
  assert.deepEqual(named([r]), [a.id], 'not before they have')
  assert.deepEqual(named([r, s]), [])
})

test('the order in which proposals and votes come changes nothing', () => {
  const proposals = [proposal(WITH_D), proposal(WITH_D, 'again'), proposal(RENAMED)]
  const all = [a, b, c, d, r, s, t, outsider].flatMap(key => [vote(WITH_D, key), vote(RENAMED, key)])
  const input = fc.subarray(all).chain(votes => {
    const orders = fc.shuffledSubarray(votes, { minLength: votes.length })
    return fc.record({ votes: fc.constant(votes), shuffled: orders, reversed: fc.boolean() })
  })
  fc.assert(
    fc.property(input, ({ votes, shuffled, reversed }) => {
      const ordered = rootCandidates(chain(), { proposals, votes }, KEYS)
      const other = reversed ? proposals.toReversed() : proposals
      assert.deepEqual(rootCandidates(chain(), { proposals: other, votes: shuffled }, KEYS), ordered)
      for (const { hash, ready } of ordered.candidates) {
        const terms = toHex(hash) === toHex(hashOf(WITH_D)) ? WITH_D : RENAMED
        const voters = [a, b, c, d, r, s, t].filter(key =>
          votes.some(each => each.key === key.id && toHex(each.hash) === toHex(hash))
        )
        // The chain is the oracle: what is ready is what it takes with these very signatures.
        const signers = voters.filter(key => key !== d || terms === WITH_D)
        const taken =
          signers.length > 0 && chainOf(HEAD, [recordAfter(HEAD, signers, terms)]).head.version === 2
        assert.equal(ready !== undefined, taken)
      }
    }),
    { numRuns: 60 }
  )
})

test('a key that signed another root of the version is told which, by votes or by records', () => {
  const before = (
    key: TestKey,
    terms: RootTerms,
    votes: readonly RootVote[],
    roots: readonly Root[] = [HEAD]
  ): Uint8Array | undefined =>
    signedBefore(
      { key: key.id, hash: hashOf(terms) },
      { roots, proposals: [proposal(WITH_D), proposal(RENAMED), proposal(RECOVERY)], votes },
      KEYS
    )
  const RECOVERY = termsAfter(HEAD, { admins: [b.id, c.id], orgName: 'Recovered' })
  assert.equal(before(a, RENAMED, []), undefined)
  assert.equal(
    before(a, RENAMED, [vote(RENAMED, a), vote(WITH_D, b)]),
    undefined,
    'only others, only its own'
  )
  assert.deepEqual(before(a, RENAMED, [vote(WITH_D, a)]), hashOf(WITH_D))
  const forged = { ...vote(WITH_D, b), key: a.id }
  assert.equal(before(a, RENAMED, [forged]), undefined, 'a signature that is not its own')
  const kept = rootAfter(HEAD, [a, b], { orgName: 'Kept aside' })
  assert.deepEqual(before(a, RENAMED, [], [HEAD, kept]), kept.hash)
  assert.equal(before(c, RENAMED, [], [HEAD, kept]), undefined)
  // What the recovery keys have decided may be signed by who had signed an ordinary one; until then it may not.
  const ordinary = vote(WITH_D, b)
  assert.deepEqual(before(b, RECOVERY, [ordinary, vote(RECOVERY, r)]), hashOf(WITH_D))
  assert.equal(before(b, RECOVERY, [ordinary, vote(RECOVERY, r), vote(RECOVERY, s)]), undefined)
  assert.deepEqual(before(b, WITH_D, [vote(RECOVERY, b)]), hashOf(RECOVERY))
  const next = termsAfter(rootAfter(HEAD, [a, b], { orgName: 'Next' }), { orgName: 'After next' })
  assert.equal(before(a, next, [vote(WITH_D, a)]), undefined, 'of another version')
})
