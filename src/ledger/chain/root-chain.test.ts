import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, toHex } from '../../base/bytes.ts'
import { type DeviceId, type OperationId, operationIdFromBytes } from '../../base/ids.ts'
import {
  INCARNATION,
  keyNamed,
  OTHER_INCARNATION,
  sha256,
  type TestKey,
  verify
} from '../fold/org-fixture.conformance.ts'
import { assembleRootRecord, decodeRoot, orgIdOf, type Root, rootBytes } from './root.ts'
import { CHAIN_ROOTS_MAX, openRootChain, ROOTS_ASIDE_MAX, RootChain } from './root-chain.ts'
import { chainOf, KEYS, orgWith, recordAfter, rootAfter } from './root-fixture.conformance.ts'
import { ROOT_ORPHANS_MAX } from './root-orphans.ts'
import { SIBLINGS_MAX } from './root-siblings.ts'
import { ROOT_HAVE_MAX } from './root-sync.ts'

const ADMINS = ['a', 'b', 'c', 'd', 'e'].map(name => keyNamed(`admin ${name}`))
const RECOVERY = ['r', 's', 't'].map(name => keyNamed(`recovery ${name}`))
const [a, b, c] = ADMINS as [TestKey, TestKey, TestKey]
const [r, s, t] = RECOVERY as [TestKey, TestKey, TestKey]
const FOUNDING = orgWith([a, b, c], RECOVERY)

const hex = (hashes: readonly Uint8Array[] = []) => hashes.map(toHex)
const summaryOf = (chain: RootChain) => ({
  roots: hex(chain.roots.map(root => root.hash)),
  contested: hex(chain.freeze?.contested),
  equivocators: chain.freeze?.equivocators ?? [],
  newest: toHex(chain.newest.hash)
})

// The law: whatever the order, the chain is what the written rules say of the set of records.

/** How a step of a history makes a record: from which root, by whom, and what it changes. */
interface Step {
  readonly parent: number
  readonly kind: 'ordinary' | 'recovery' | 'any' | 'forged' | 'jump' | 'again'
  readonly mask: number
  readonly change: number
}

const step: fc.Arbitrary<Step> = fc.record({
  parent: fc.nat({ max: 9 }),
  kind: fc.constantFrom('ordinary', 'ordinary', 'ordinary', 'recovery', 'any', 'forged', 'jump', 'again'),
  mask: fc.nat({ max: 255 }),
  change: fc.nat({ max: 5 })
})

/** Remembering verdicts keeps the law cheap: the same few signatures are judged in every order. */
const verdicts = new Map<string, boolean>()
const remembered: typeof KEYS = {
  sha256,
  verify: (key, message, signature) => {
    const name = `${toHex(key)}${toHex(message)}${toHex(signature)}`
    const verdict = verdicts.get(name) ?? verify(key, message, signature)
    verdicts.set(name, verdict)
    return verdict
  }
}

function changesOf(parent: Root, { change, mask }: Step) {
  const toggled = ADMINS[mask % ADMINS.length]?.id ?? a.id
  const admins = parent.admins.includes(toggled)
    ? parent.admins.filter(id => id !== toggled)
    : [...parent.admins, toggled]
  const isLast = admins.length === 0
  switch (change) {
    case 0:
    case 1:
      return isLast ? {} : { admins, threshold: Math.floor(admins.length / 2) + 1 }
    case 2:
      return { recovery: parent.recovery.slice(1) }
    case 3:
      return { timeMs: parent.timeMs + 1 + (mask % 2) }
    default:
      return { orgName: `Acme ${mask % 3}` }
  }
}

function signersOf(parent: Root, { kind, mask }: Step, ownAdmins: readonly DeviceId[]): TestKey[] {
  const all = [...ADMINS, ...RECOVERY]
  const bySome = all.filter((_, index) => (mask >> index) % 2 === 1)
  if (kind === 'any') return bySome
  const named = (ids: readonly DeviceId[]) => all.filter(key => ids.includes(key.id))
  const own = named(ownAdmins)
  const before = kind === 'recovery' ? named(parent.recovery) : named(parent.admins)
  // One signer is missing now and then, whether the record can spare it or not.
  const dropped = mask % 3 === 0 ? before[mask % Math.max(1, before.length)] : undefined
  return [...new Set([...own, ...before])].filter(key => key !== dropped || ownAdmins.includes(key.id))
}

function play(steps: readonly Step[]): Uint8Array[] {
  const made: { root: Root; step: Step }[] = []
  const records: Uint8Array[] = []
  for (const next of steps) {
    const from = [FOUNDING, ...made.map(({ root }) => root)]
    const before = made[next.parent % Math.max(1, made.length)]
    const again = next.kind === 'again' && before !== undefined
    const parent =
      (again
        ? from.find(root => toHex(root.hash) === toHex(before.root.prev ?? new Uint8Array()))
        : from[next.parent % from.length]) ?? FOUNDING
    const changes = again ? changesOf(parent, before.step) : changesOf(parent, next)
    const signers = signersOf(parent, next, changes.admins ?? parent.admins)
    if (signers.length === 0) continue
    const jump = next.kind === 'jump' ? { version: parent.version + 2 } : {}
    const record = recordAfter(parent, signers, { ...changes, ...jump })
    if (next.kind === 'forged') record[record.length - 1] = (record.at(-1) ?? 0) ^ 1
    records.push(record)
    const root = decodeRoot(record, { ...KEYS, predecessor: parent })
    if (root.ok) made.push({ root: root.value, step: again ? before.step : next })
  }
  return records
}

/** The rules in their plainest form, from scratch: all that is valid, then the walk. */
function naive(records: readonly Uint8Array[]) {
  const valid = new Map<string, Root[]>([[toHex(FOUNDING.hash), [FOUNDING]]])
  for (let size = -1; size < valid.size; ) {
    size = valid.size
    for (const [predecessor] of [...valid.values()])
      for (const record of records) {
        const root = decodeRoot(record, { ...remembered, ...(predecessor && { predecessor }) })
        if (!root.ok || root.value.version === 1) continue
        const name = toHex(root.value.hash)
        const known = valid.get(name) ?? []
        if (!known.some(other => toHex(other.record) === toHex(record)))
          valid.set(name, [...known, root.value])
      }
  }
  const roots = [FOUNDING]
  for (;;) {
    const head = roots.at(-1) ?? FOUNDING
    const next = [...valid.values()].filter(
      ([root]) => toHex(root?.prev ?? new Uint8Array()) === toHex(head.hash)
    )
    const byRecovery = next
      .map(variants => variants.filter(root => root.succession === 'recovery'))
      .filter(variants => variants.length > 0)
    const deciding = byRecovery.length > 0 ? byRecovery : next
    if (deciding.length !== 1) {
      const listed = deciding
        .sort(([x], [y]) => compareBytes(x?.hash ?? new Uint8Array(), y?.hash ?? new Uint8Array()))
        .slice(0, SIBLINGS_MAX)
      const signers = listed.map(variants => new Set(variants.flatMap(root => root.signers)))
      const counts = (id: DeviceId) =>
        byRecovery.length > 0 || head.admins.includes(id) || !head.recovery.includes(id)
      return {
        roots: hex(roots.map(root => root.hash)),
        contested: hex(listed.flatMap(([root]) => (root ? [root.hash] : []))),
        equivocators: [...new Set(signers.flatMap(keys => [...keys]))]
          .filter(id => counts(id) && signers.filter(keys => keys.has(id)).length > 1)
          .sort()
      }
    }
    const [root] = deciding[0] ?? []
    assert.ok(root)
    roots.push(root)
  }
}

test('any order and duplication of records gives the chain that the rules say', () => {
  const seen = { grown: 0, frozen: 0, recovered: 0, outranked: 0, waited: 0, merged: 0 }
  const steps = fc.array(step, { minLength: 1, maxLength: 12 })
  /** When each record comes, and when it comes again. */
  const times = fc.array(fc.nat({ max: 1000 }), { minLength: 24, maxLength: 24 })
  fc.assert(
    fc.property(steps, times, times, (history, ...arrivals) => {
      const records = play(history)
      const orders = arrivals.map(at =>
        [...records, ...records]
          .map((record, index) => ({ record, at: at[index] ?? 0 }))
          .sort((x, y) => x.at - y.at)
          .map(({ record }) => record)
      )
      const expected = naive(records)
      for (const order of [records, ...orders]) {
        const chain = new RootChain(FOUNDING, remembered)
        for (const record of order) {
          const added = chain.add(record)
          if (added.ok && added.value.outcome === 'waiting') seen.waited++
        }
        const { newest: _, ...summary } = summaryOf(chain)
        assert.deepEqual(summary, expected)
        assert.equal(chain.freeze === undefined, expected.contested.length === 0)
        // Whoever is handed what this chain keeps comes to the same, by a path without waiting.
        const copy = chainOf(FOUNDING, chain.records())
        assert.deepEqual(summaryOf(copy), summaryOf(chain))
        assert.deepEqual(copy.waiting(), [])
      }
      if (expected.roots.length > 2) seen.grown++
      if (expected.contested.length > 0) seen.frozen++
      const chain = chainOf(FOUNDING, records)
      if (chain.roots.some(root => root.succession === 'recovery')) seen.recovered++
      const aside = chain.records().filter(root => chain.find(root.hash)?.contested)
      if (chain.freeze === undefined && aside.length > 0) seen.outranked++
      if (chain.records().some(root => !records.some(record => toHex(record) === toHex(root.record))))
        seen.merged++
    }),
    { numRuns: 120 }
  )
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `no history was ${what}`)
})

test('orphans wait for their predecessor, and say so', () => {
  const second = rootAfter(FOUNDING, [a, b])
  const third = rootAfter(second, [a, b])
  const fourth = rootAfter(third, [a, b])
  const chain = chainOf(FOUNDING, [])
  const waiting = { version: 3, hash: third.hash, prev: second.hash }
  assert.deepEqual(chain.add(third.record), { ok: true, value: { outcome: 'waiting', root: waiting } })
  assert.deepEqual(chain.add(third.record), { ok: true, value: { outcome: 'known' } })
  chain.add(fourth.record)
  assert.deepEqual(
    chain.waiting().map(root => root.version),
    [3, 4]
  )
  assert.equal(chain.head, FOUNDING)
  const added = chain.add(second.record)
  assert.ok(added.ok && added.value.outcome === 'kept')
  assert.deepEqual(
    added.value.kept.map(root => root.version),
    [2, 3, 4]
  )
  assert.equal(added.value.chainMoved, true)
  assert.equal(chain.head.version, 4)
  assert.deepEqual(chain.waiting(), [])
})

test('a worthless record that waits does not stand in for the good one', () => {
  const second = rootAfter(FOUNDING, [a, b])
  const third = rootAfter(second, [a, b])
  const worthless = third.record.slice()
  worthless[worthless.length - 1] = (worthless.at(-1) ?? 0) ^ 1
  for (const order of [
    [worthless, third.record, second.record],
    [third.record, worthless, second.record]
  ])
    assert.equal(chainOf(FOUNDING, order).head.version, 3)
})

test('orphans are bounded: the oldest give way, and come again', () => {
  const second = rootAfter(FOUNDING, [a, b])
  const third = rootAfter(second, [a, b])
  const chain = chainOf(FOUNDING, [third])
  for (let index = 0; index < ROOT_ORPHANS_MAX; index++)
    chain.add(recordAfter(second, [a], { timeMs: index + 1 }))
  assert.equal(chain.waiting().length, ROOT_ORPHANS_MAX)
  chain.add(second.record)
  assert.equal(chain.head.version, 2, 'the good one was crowded out')
  chain.add(third.record)
  assert.equal(chain.head.version, 3)
})

test('the siblings that are shown are those of the smallest hashes, in any order', () => {
  const many = Array.from({ length: 3 * SIBLINGS_MAX }, (_, index) =>
    rootAfter(FOUNDING, [a, b], { timeMs: FOUNDING.timeMs + 1 + index })
  )
  const smallest = hex(many.map(root => root.hash).sort(compareBytes)).slice(0, SIBLINGS_MAX)
  const recovered = rootAfter(FOUNDING, [a, b, r, s], { orgName: 'Acme again' })
  for (const order of [many, many.toReversed()]) {
    const chain = chainOf(FOUNDING, order)
    assert.deepEqual(hex(chain.freeze?.contested), smallest)
    chain.add(recovered.record)
    assert.equal(toHex(chain.head.hash), toHex(recovered.hash), 'no flood keeps the recovery out')
    assert.equal(chain.freeze, undefined)
  }
  assert.equal(chainOf(FOUNDING, [recovered, ...many]).head.orgName, 'Acme again')
})

test('a chain that its siblings crowd out survives a restart, and is whole again once recovery signs it', () => {
  const many = Array.from({ length: 2 * SIBLINGS_MAX }, (_, index) =>
    rootAfter(FOUNDING, [a, b], { timeMs: FOUNDING.timeMs + 1 + index })
  ).sort((x, y) => compareBytes(x.hash, y.hash))
  const last = many.at(-1) as Root
  const tail: Root[] = [last]
  // Longer than all the room there is aside.
  while (tail.length <= ROOTS_ASIDE_MAX + 1) tail.push(rootAfter(tail.at(-1) as Root, [a, b]))
  const grown = chainOf(FOUNDING, [...tail, ...many])
  assert.equal(grown.head.version, 1)
  assert.ok(!hex(grown.freeze?.contested).includes(toHex(last.hash)), 'it is not even shown')
  const kept = grown.records().map(root => root.record)
  const opened = openRootChain(kept.toReversed(), { org: orgIdOf(FOUNDING), ...KEYS })
  assert.ok(opened.ok)
  const { chain, refused } = opened.value
  assert.deepEqual(refused, [])
  assert.deepEqual(summaryOf(chain), summaryOf(grown))
  chain.add(recordAfter(FOUNDING, [a, b, r, s], { timeMs: last.timeMs }))
  assert.equal(toHex(chain.head.hash), toHex((tail.at(-1) as Root).hash))
})

test('a flood of siblings is bounded, and the smallest hashes still find their place', () => {
  const flood = Array.from({ length: ROOTS_ASIDE_MAX + 50 }, (_, index) =>
    rootAfter(FOUNDING, [a, b], { timeMs: FOUNDING.timeMs + 1 + index })
  )
  const smallest = hex(flood.map(root => root.hash).sort(compareBytes)).slice(0, SIBLINGS_MAX)
  for (const order of [flood, flood.toReversed()]) {
    const chain = chainOf(FOUNDING, order)
    assert.deepEqual(hex(chain.freeze?.contested), smallest)
    assert.ok(chain.records().length <= 1 + SIBLINGS_MAX + ROOTS_ASIDE_MAX)
  }
})

test('what lies deep aside is bounded, and never takes the room of what counts', () => {
  const [x, y] = [1, 2].map(index => rootAfter(FOUNDING, [a, b], { timeMs: FOUNDING.timeMs + index })) as [
    Root,
    Root
  ]
  const chain = chainOf(FOUNDING, [x, y])
  let last = x
  let turnedAway: string | undefined
  for (let index = 0; index <= ROOTS_ASIDE_MAX; index++) {
    last = rootAfter(last, [a, b])
    const added = chain.add(last.record)
    if (!added.ok) turnedAway = added.reason
  }
  assert.equal(turnedAway, 'chain-full')
  assert.equal(chain.records().length, 3 + ROOTS_ASIDE_MAX)
  assert.ok(ROOTS_ASIDE_MAX + 2 < CHAIN_ROOTS_MAX, 'it was not the length of a chain that ended this')
  const resolution = rootAfter(FOUNDING, [a, b, s, t], { timeMs: FOUNDING.timeMs + 3 })
  chain.add(resolution.record)
  assert.equal(toHex(chain.head.hash), toHex(resolution.hash))
  assert.ok(
    2 * SIBLINGS_MAX * CHAIN_ROOTS_MAX + ROOTS_ASIDE_MAX < ROOT_HAVE_MAX,
    'all can be named in a sync'
  )
})

test('records of one root are merged, so that everyone comes to hold every signature', () => {
  const records = [
    [a, b],
    [b, c],
    [a, c]
  ].map(signers => recordAfter(FOUNDING, signers))
  const chains = [records, records.toReversed()].map(order => chainOf(FOUNDING, order))
  for (const chain of chains) {
    assert.deepEqual(chain.head.signers, [a.id, b.id, c.id].sort())
    assert.equal(chain.records().length, 2)
    assert.ok(decodeRoot(chain.head.record, { ...KEYS, predecessor: FOUNDING }).ok)
    assert.deepEqual(chain.add(records[0] as Uint8Array), { ok: true, value: { outcome: 'known' } })
  }
  assert.deepEqual(chains[0]?.head, chains[1]?.head)
})

test('of two good signatures by one key everyone keeps the same', () => {
  const root = rootAfter(FOUNDING, [a, b])
  const signed = (byte: number) =>
    assembleRootRecord(rootBytes(root), [
      { key: a.id, signature: new Uint8Array(64).fill(byte) },
      { key: b.id, signature: new Uint8Array(64).fill(9 - byte) }
    ])
  // A key holder can sign one message in several valid ways; here every signature is taken for one.
  const heads = [
    [signed(1), signed(2)],
    [signed(2), signed(1)]
  ].map(order => {
    const chain = new RootChain(FOUNDING, { sha256, verify: () => true })
    for (const record of order) chain.add(record)
    return chain.head
  })
  assert.deepEqual(heads[0], heads[1])
  assert.deepEqual(
    new Map(heads[0]?.signatures.map(({ key, signature }) => [key, signature[0]])),
    new Map([
      [a.id, 1],
      [b.id, 7]
    ])
  )
})

test('a set of records without the root of the org is no chain', () => {
  const other = orgWith([b, c])
  const opened = openRootChain([other.record, rootAfter(FOUNDING, [a, b]).record], {
    org: orgIdOf(FOUNDING),
    ...KEYS
  })
  assert.equal(opened.ok ? '' : opened.reason, 'no-founding-root')
  const mixed = openRootChain([other.record, FOUNDING.record], { org: orgIdOf(FOUNDING), ...KEYS })
  assert.ok(mixed.ok)
  assert.deepEqual(
    mixed.value.refused.map(({ reason }) => reason),
    ['foreign-org']
  )
})

// The frontier.

const operation = (name: string): OperationId => operationIdFromBytes(sha256(Buffer.from(name)))

/** A feed as a picture: `12345` is a straight one; branches are those that lead to the named operation. */
function position(
  author: TestKey,
  seq: number,
  branches: readonly string[] = ['straight'],
  incarnation = INCARNATION
) {
  return {
    author: author.id,
    incarnation,
    seq,
    isOnBranch: (id: OperationId, at: number) =>
      seq <= at && branches.some(branch => operation(`${branch} ${at}`) === id)
  }
}

test('a frontier ends what admins of a root may still claim to have done under it', () => {
  const frontier = [
    { author: a.id, incarnation: INCARNATION, seq: 5, id: operation('straight 5') },
    { author: b.id, incarnation: OTHER_INCARNATION, seq: 2, id: operation('straight 2') }
  ]
  const second = rootAfter(FOUNDING, [a, b], { frontier, admins: [a.id, b.id], threshold: 2 })
  const chain = chainOf(FOUNDING, [second])
  const isBeyond = (at: ReturnType<typeof position>, root = FOUNDING) => chain.isBeyondFrontier(at, root.hash)
  assert.equal(isBeyond(position(a, 5)), false, 'the listed operation itself counts')
  assert.equal(isBeyond(position(a, 1)), false)
  assert.equal(isBeyond(position(a, 6)), true, 'a later position')
  const always = { ...position(a, 6), isOnBranch: () => true }
  assert.equal(isBeyond(always), true, 'whatever is said of its branch')
  assert.equal(
    isBeyond(position(a, 4, ['other'])),
    true,
    'a branch that does not lead to the listed operation'
  )
  assert.equal(isBeyond(position(a, 3, ['other', 'straight'])), false, 'before the branches part')
  assert.equal(isBeyond(position(a, 1, ['straight'], OTHER_INCARNATION)), true, 'a feed that is not listed')
  assert.equal(isBeyond(position(b, 2, ['straight'], OTHER_INCARNATION)), false)
  assert.equal(isBeyond(position(c, 1)), true, 'an admin without any listed feed')
  assert.equal(
    isBeyond(position(keyNamed('device'), 9)),
    false,
    'a device is judged by the root that it names'
  )
  assert.equal(isBeyond(position(a, 6), second), false, 'under the head nothing is beyond')
  assert.equal(
    isBeyond(position(a, 6), rootAfter(second, [a, b])),
    false,
    'an unknown root is another refusal'
  )
})

test('each root of a chain has its own frontier, for those who were admins of the one before', () => {
  const at = (key: TestKey, seq: number) => ({
    author: key.id,
    incarnation: INCARNATION,
    seq,
    id: operation(`straight ${seq}`)
  })
  const second = rootAfter(FOUNDING, [a, b], {
    frontier: [at(a, 3), at(b, 3), at(c, 3)],
    admins: [a.id, b.id],
    threshold: 2
  })
  const third = rootAfter(second, [a, b], { frontier: [at(a, 8)] })
  const chain = chainOf(FOUNDING, [third, second])
  const isBeyond = (key: TestKey, seq: number, root: Root) =>
    chain.isBeyondFrontier(position(key, seq), root.hash)
  assert.equal(isBeyond(a, 5, FOUNDING), true, 'it had to name the second root by then')
  assert.equal(isBeyond(a, 5, second), false)
  assert.equal(isBeyond(a, 9, second), true)
  assert.equal(isBeyond(b, 1, second), true)
  assert.equal(isBeyond(c, 9, second), false, 'no admin of the second root: it acts as a device there')
  assert.equal(isBeyond(c, 9, FOUNDING), true)
})
