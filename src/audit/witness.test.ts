import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { equalBytes } from '../base/bytes.ts'
import { sha256 } from '../ledger/fold/org-fixture.conformance.ts'
import type { TreeHead } from './checkpoint.ts'
import { TestLog } from './log-fixture.conformance.ts'
import { judgeCosignRequest } from './witness.ts'

const log = new TestLog('log').grow(20)
const fork = new TestLog('log').grow(6).grow(14, 'fork ')

const ask = (
  latest: TreeHead | undefined,
  from: TestLog,
  oldSize: number,
  size: number,
  newestIncarnation = from.incarnation
) =>
  judgeCosignRequest(
    { latest, newestIncarnation },
    { oldSize, proof: from.prove(oldSize, size), checkpoint: from.checkpoint(size) },
    sha256
  )

test('a log that grows is cosigned, from nothing on', () => {
  const first = ask(undefined, log, 0, 5)
  assert.equal(first.kind, 'cosign')
  assert.deepEqual(ask(log.checkpoint(5), log, 5, 12), {
    kind: 'cosign',
    next: { size: 12, root: log.checkpoint(12).root }
  })
  assert.equal(ask(log.checkpoint(5), log, 5, 5).kind, 'cosign', 'the same once more is no harm')
})

test('an old size that is not the latest is told the latest', () => {
  assert.deepEqual(ask(log.checkpoint(9), log, 5, 12), { kind: 'conflict', size: 9 })
  assert.deepEqual(ask(undefined, log, 5, 12), { kind: 'conflict', size: 0 })
  assert.deepEqual(ask(log.checkpoint(9), log, 0, 5), { kind: 'conflict', size: 9 }, 'also when it shrank')
})

test('another history is refused, and named for what it proves', () => {
  assert.deepEqual(ask(log.checkpoint(12), fork, 12, 12), { kind: 'refused', reason: 'forked' })
  assert.deepEqual(ask(log.checkpoint(12), fork, 12, 15), { kind: 'refused', reason: 'inconsistent' })
  assert.equal(ask(log.checkpoint(6), fork, 6, 15).kind, 'cosign', 'up to the fork they are one log')
  const backwards = { oldSize: 9, proof: [], checkpoint: log.checkpoint(5) }
  assert.deepEqual(
    judgeCosignRequest({ latest: log.checkpoint(9), newestIncarnation: 0 }, backwards, sha256),
    {
      kind: 'refused',
      reason: 'malformed'
    }
  )
})

test('of one device only the newest log grows', () => {
  assert.deepEqual(ask(log.checkpoint(5), log, 5, 12, log.incarnation + 1), {
    kind: 'refused',
    reason: 'ended'
  })
  assert.equal(ask(undefined, log, 0, 5, log.incarnation - 1).kind, 'cosign', 'a new one begins')
})

test('whatever it is asked, what a witness cosigned is one chain', () => {
  const request = fc.record({ from: fc.boolean(), old: fc.nat(20), size: fc.nat(20) })
  fc.assert(
    fc.property(fc.array(request, { maxLength: 12 }), requests => {
      let latest: TreeHead | undefined
      for (const { from, old, size } of requests) {
        const source = from ? log : fork
        const oldSize = Math.min(old, size)
        const verdict = ask(latest, source, oldSize, size)
        if (verdict.kind !== 'cosign') continue
        assert.ok(verdict.next.size >= (latest?.size ?? 0))
        latest = verdict.next
      }
      if (latest === undefined) return
      const { size, root } = latest
      assert.ok([log, fork].some(each => equalBytes(each.checkpoint(size).root, root)))
    })
  )
})
