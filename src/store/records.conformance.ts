/** What every RecordStore must do, run on each implementation. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { FeedRecord, RecordStore } from './records.ts'

/** What every RecordStore must do, against a naive model. */
export function runRecordsConformance(
  name: string,
  open: () => { readonly records: RecordStore; readonly dispose: () => void }
): void {
  const record = (feed: string, seq: number, text: string): FeedRecord => ({
    feed,
    seq,
    id: `${feed}/${seq}/${text}`,
    bytes: new TextEncoder().encode(`${feed}/${seq}/${text}`)
  })
  /** Ids in the order in which they were stored, read two at a time. */
  const inOrder = (records: RecordStore): string[] => {
    const idOf = new Map(records.scan().map(one => [`${one.bytes}`, one.id]))
    const ids: string[] = []
    for (let after = 0; ; ) {
      const page = records.stored({ after, limit: 2 })
      assert.ok(page.length <= 2)
      for (const { bytes } of page) ids.push(idOf.get(`${bytes}`) ?? 'none')
      if (page.length === 0) return ids
      after = page.at(-1)?.place ?? 0
    }
  }
  const allIds = (records: RecordStore): { count: number; joined: string } => {
    const all = { count: 0, joined: '' }
    for (let page = records.ids(''); page !== undefined; page = records.ids(page.last)) {
      all.count += page.count
      all.joined += page.joined
    }
    return all
  }
  const anyRecord = fc
    .tuple(fc.constantFrom('a', 'b', 'ab'), fc.nat(4), fc.constantFrom('x', 'x', 'x', 'y'))
    .map(([feed, seq, text]) => record(feed, seq, text))

  describe(`${name} keeps the promises of a RecordStore`, () => {
    test('appends are all or nothing, in the order of feed and position', () => {
      fc.assert(
        fc.property(fc.array(fc.array(anyRecord, { maxLength: 4 }), { maxLength: 8 }), batches => {
          const { records, dispose } = open()
          try {
            const model = new Map<string, FeedRecord>()
            const order: string[] = []
            for (const batch of batches) {
              const next = new Map(model)
              let conflicts = false
              for (const one of batch) {
                const other = next.get(`${one.feed}/${one.seq}`)
                if (other !== undefined && other.id !== one.id) conflicts = true
                else next.set(`${one.feed}/${one.seq}`, one)
              }
              const result = records.append(batch)
              if (!conflicts) for (const [key, { id }] of next) if (!model.has(key)) order.push(id)
              if (conflicts) assert.equal(result.outcome, 'conflict')
              else {
                assert.deepEqual(result, { outcome: 'durable', added: next.size - model.size })
                for (const [key, one] of next) model.set(key, one)
              }
            }
            const expected = [...model.values()].sort((a, b) =>
              a.feed === b.feed ? a.seq - b.seq : a.feed < b.feed ? -1 : 1
            )
            const plain = (found: readonly FeedRecord[]) => found.map(one => one.id)
            assert.deepEqual(plain(records.scan()), plain(expected))
            assert.deepEqual(plain(records.scan({ limit: 2 })), plain(expected.slice(0, 2)))
            assert.deepEqual(
              plain(records.scan({ feed: 'a', fromSeq: 2 })),
              plain(expected.filter(one => one.feed === 'a' && one.seq >= 2))
            )
            assert.deepEqual(inOrder(records), order)
            assert.deepEqual(allIds(records), { count: order.length, joined: order.sort().join('') })
            const heads = new Map(expected.map(one => [one.feed, one.seq]))
            assert.deepEqual(records.heads(), heads)
            for (const one of expected) assert.deepEqual(records.find(one.id)?.bytes, one.bytes)
            assert.equal(records.find('none'), undefined)
          } finally {
            dispose()
          }
        }),
        { numRuns: 25 }
      )
    })

    test('ids come in order, however many there are', () => {
      const { records, dispose } = open()
      const many = Array.from({ length: 5000 }, (_, index) => record('a', 5000 - index, 'x'))
      records.append(many)
      const ids = many.map(one => one.id).sort()
      assert.deepEqual(allIds(records), { count: ids.length, joined: ids.join('') })
      dispose()
    })

    test('the same id at another position is a conflict', () => {
      const { records, dispose } = open()
      const first = record('a', 1, 'x')
      records.append([first])
      const result = records.append([record('b', 1, 'x'), { ...first, seq: 2 }])
      assert.equal(result.outcome, 'conflict')
      assert.equal(records.scan().length, 1)
      dispose()
    })

    test('blobs are put, listed by prefix and deleted, whatever their keys hold', () => {
      const { records, dispose } = open()
      const bytes = (text: string) => new TextEncoder().encode(text)
      for (const key of ['a', 'a/1', 'a/2', 'a%', 'b', 'A/1']) records.putBlob(key, bytes(key))
      records.putBlob('a/1', bytes('newer'))
      assert.deepEqual(records.getBlob('a/1'), bytes('newer'))
      assert.equal(records.getBlob('a/3'), undefined)
      const keys = (prefix: string) => records.listBlobs(prefix).map(blob => blob.key)
      assert.deepEqual(keys('a/'), ['a/1', 'a/2'])
      assert.deepEqual(keys('a%'), ['a%'])
      assert.deepEqual(keys(''), ['A/1', 'a', 'a%', 'a/1', 'a/2', 'b'])
      assert.equal(records.deleteBlob('a'), true)
      assert.equal(records.deleteBlob('a'), false)
      assert.equal(records.deleteBlobs('a/'), 2)
      assert.deepEqual(keys(''), ['A/1', 'a%', 'b'])
      dispose()
    })
  })
}
