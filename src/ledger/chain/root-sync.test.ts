import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../../base/bytes.ts'
import { keyNamed, START_MS, sha256, type TestKey } from '../fold/org-fixture.conformance.ts'
import {
  decodeSyncMessage,
  encodeSyncMessage,
  SYNC_MESSAGE_BYTES_MAX,
  type SyncMessage
} from '../sync/sync-messages.ts'
import { ROOT_RECORD_BYTES_MAX, type Root } from './root.ts'
import type { RootChain } from './root-chain.ts'
import { chainOf, orgWith, recordAfter, rootAfter } from './root-fixture.conformance.ts'
import { ROOT_PAGE_RECORDS_MAX, RootQuest, rootsFor } from './root-sync.ts'

const [a, b, c, r] = ['a', 'b', 'c', 'r'].map(name => keyNamed(name)) as [TestKey, TestKey, TestKey, TestKey]
const FOUNDING = orgWith([a, b, c], [r])

function relay<K extends SyncMessage['kind']>(message: Extract<SyncMessage, { kind: K }>) {
  const decoded = decodeSyncMessage(encodeSyncMessage(message))
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.detail)
  return decoded.value as Extract<SyncMessage, { kind: K }>
}

/** One round as a peer runs it, through the encoded messages; answers how many pages it took. */
function pull(mine: RootChain, theirs: RootChain): number {
  const quest = new RootQuest(mine, sha256)
  for (let pages = 1; ; pages++) {
    assert.ok(pages < 100, 'a round makes progress')
    const want = relay<'want-roots'>({ kind: 'want-roots', have: quest.have() })
    const page = relay<'roots'>({ kind: 'roots', ...rootsFor(theirs, want.have, sha256) })
    for (const record of page.records) {
      const added = mine.add(record)
      assert.ok(added.ok, added.ok ? '' : added.detail)
      assert.notEqual(added.value.outcome, 'waiting', 'a page needs no waiting')
    }
    if (!quest.isUnfinished(page)) return pages
  }
}

const known = (chain: RootChain) => chain.records().map(root => toHex(root.record))

test('two chains hold the same after each has pulled once, contests and their evidence included', () => {
  const second = rootAfter(FOUNDING, [a, b], { timeMs: START_MS + 1 })
  const rival = rootAfter(FOUNDING, [b, c], { timeMs: START_MS + 2 })
  const third = rootAfter(second, [a, b])
  const pool = [
    ...[second, rival, third, rootAfter(rival, [b, c])].map(root => root.record),
    recordAfter(FOUNDING, [a, c], { timeMs: START_MS + 1 }),
    recordAfter(FOUNDING, [a, b, r], { timeMs: START_MS + 2 }),
    recordAfter(third, [a, c])
  ]
  const some = fc.subarray([...pool.keys()])
  // What waits counts as not held: it is not offered to others.
  const holding = (indices: readonly number[]) =>
    chainOf(
      FOUNDING,
      chainOf(
        FOUNDING,
        indices.map(index => pool[index] ?? FOUNDING)
      ).records()
    )
  fc.assert(
    fc.property(some, some, (left, right) => {
      const [one, other] = [holding(left), holding(right)]
      pull(one, other)
      pull(other, one)
      assert.deepEqual(known(one), known(other))
      assert.deepEqual(one.newest, other.newest)
      assert.deepEqual(one.freeze, other.freeze)
      assert.deepEqual(one.equivocations, other.equivocations)
    }),
    { numRuns: 100 }
  )
})

test('two chains that differ in what is contested say so in what they call newest', () => {
  const [x, y, z] = [1, 2, 3].map(index => rootAfter(FOUNDING, [a, b], { timeMs: START_MS + index })) as [
    Root,
    Root,
    Root
  ]
  const names = [[], [x], [y], [x, y], [y, z], [x, y, z]].map(roots =>
    toHex(chainOf(FOUNDING, roots).newest.hash)
  )
  assert.equal(new Set(names).size, names.length)
  assert.deepEqual(chainOf(FOUNDING, [x, y]).newest, chainOf(FOUNDING, [y, x]).newest)
  assert.equal(chainOf(FOUNDING, [x, y]).newest.version, 2)
})

test('a long chain comes in pages, none larger than a message', () => {
  const roots: Root[] = []
  for (let head = FOUNDING; roots.length < 2 * ROOT_PAGE_RECORDS_MAX; ) {
    head = rootAfter(head, [a, b])
    roots.push(head)
  }
  const mine = chainOf(FOUNDING, [])
  assert.equal(pull(mine, chainOf(FOUNDING, roots)), 2)
  assert.equal(mine.head.version, 1 + roots.length)
  assert.equal(pull(mine, chainOf(FOUNDING, roots)), 1, 'and once only')
  assert.ok(ROOT_PAGE_RECORDS_MAX * (ROOT_RECORD_BYTES_MAX + 8) < SYNC_MESSAGE_BYTES_MAX)
})

test('a peer that sends the same page for ever is left', () => {
  const second = rootAfter(FOUNDING, [a, b])
  const quest = new RootQuest(chainOf(FOUNDING, [second]), sha256)
  const page = { records: [second.record], more: true }
  assert.equal(quest.isUnfinished(page), true)
  assert.equal(quest.isUnfinished(page), false)
  assert.equal(quest.isUnfinished({ records: [], more: true }), false)
  const endless = new RootQuest(chainOf(FOUNDING, []), sha256)
  let pages = 0
  while (endless.isUnfinished({ records: [sha256(Uint8Array.of(pages, pages >> 8))], more: true })) pages++
  assert.ok(pages < 1000)
})
