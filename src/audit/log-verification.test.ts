import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { equalBytes } from '../base/bytes.ts'
import { keyNamed, sha256 } from '../ledger/fold/org-fixture.conformance.ts'
import type { SignedCheckpoint } from './checkpoint.ts'
import { encodeEntry } from './entry.ts'
import { opened, storedEvent, TestLog } from './log-fixture.conformance.ts'
import { type Finding, LogVerifier } from './log-verification.ts'
import { hashLeaf } from './tree.ts'

const alice = keyNamed('alice')
const bob = keyNamed('bob')
const log = new TestLog('log').grow(20)
const whole = log.checkpoint(20, [alice, bob])

interface Copy {
  readonly entries: readonly Uint8Array[]
  readonly checkpoint?: SignedCheckpoint | undefined
  readonly seen?: readonly SignedCheckpoint[]
  readonly leaves?: readonly Uint8Array[]
  readonly isEnded?: boolean
  /** Entries at the beginning of which only the hash is given. */
  readonly dropped?: number
}

function check({ entries, checkpoint, seen = [], leaves, isEnded = false, dropped = 0 }: Copy): Finding[] {
  const verifier = new LogVerifier({
    device: log.key.id,
    incarnation: log.incarnation,
    isEnded,
    checkpoint,
    seen,
    ...(leaves && { leafHash: position => leaves[position] }),
    sha256
  })
  for (const entry of entries.slice(0, dropped)) verifier.addDropped(hashLeaf(entry, sha256))
  for (const entry of entries.slice(dropped)) verifier.add(entry)
  return verifier.finish()
}

const brief = (findings: readonly Finding[]) => findings.map(({ kind, position }) => [kind, position])
const without = (index: number) => log.entries.filter((_, at) => at !== index)
const withEntry = (index: number, entry: Uint8Array) => log.entries.with(index, entry)
const changedEntry = (seq: number) =>
  encodeEntry({ seq, timeMs: 1_800_000_000_000, event: storedEvent('something else') })

test('an honest copy has no finding, with whatever the device signed before', () => {
  const seen = [log.checkpoint(0), log.checkpoint(7, [alice]), log.checkpoint(20), log.checkpoint(13)]
  assert.deepEqual(check({ entries: log.entries, checkpoint: whole, seen }), [])
  const later = new TestLog('log').grow(25)
  assert.deepEqual(check({ entries: later.entries, checkpoint: whole, seen }), [], 'not yet signed for')
})

test('entries that retention dropped are vouched for by their hashes, at every size that was signed', () => {
  const seen = [log.checkpoint(3), log.checkpoint(7, [alice]), log.checkpoint(13)]
  for (const dropped of [1, 7, 12, 20])
    assert.deepEqual(check({ entries: log.entries, checkpoint: whole, seen, dropped }), [], `${dropped}`)
  const swapped = withEntry(2, changedEntry(2))
  assert.deepEqual(brief(check({ entries: swapped, checkpoint: whole, seen, dropped: 5 })), [
    ['edited', null]
  ])
  const fewer = check({ entries: without(2), checkpoint: whole, seen, dropped: 5 })
  assert.equal(fewer.length, 1)
})

test('the end of a log that its device could not go on with is a gap, its beginning is proof as ever', () => {
  const seen = [log.checkpoint(7, [alice]), whole]
  const rest = { entries: log.entries.slice(0, 12), checkpoint: log.checkpoint(10), seen }
  assert.deepEqual(brief(check({ ...rest, isEnded: false })), [['truncated', 12]])
  assert.deepEqual(check({ ...rest, isEnded: true }), [])
  const fork = new TestLog('log').grow(5).grow(7, 'fork ')
  const forked = check({ entries: fork.entries, checkpoint: fork.checkpoint(10), seen, isEnded: true })
  assert.deepEqual(brief(forked), [['forked', null]])
})

test('a truncated copy: who signed for more, how much is gone, who saw it', () => {
  const [finding, ...more] = check({ entries: log.entries.slice(0, 15), checkpoint: whole })
  assert.deepEqual(more, [])
  assert.equal(finding?.kind, 'truncated')
  assert.equal(finding?.position, 15)
  assert.equal(finding?.device, log.key.id)
  assert.deepEqual(finding?.witnesses, [alice.id, bob.id].sort())
  assert.match(
    finding?.detail ?? '',
    /ends after 15 entries, but the device signed for 20 .*cosigned by .*, /
  )
})

test('a log that was cut back and signed again is caught by a checkpoint that others kept', () => {
  const short = { entries: log.entries.slice(0, 15), checkpoint: log.checkpoint(15) }
  assert.deepEqual(check(short), [], 'alone it looks whole')
  const [finding] = check({ ...short, seen: [whole] })
  assert.equal(finding?.kind, 'truncated')
  assert.match(finding?.detail ?? '', /signed for 20 before/)
  const grown = log.copy('log', 15).grow(9, 'other ')
  const again = { entries: grown.entries, checkpoint: grown.checkpoint() }
  assert.deepEqual(check(again), [])
  assert.deepEqual(brief(check({ ...again, seen: [whole] })), [['forked', null]])
  assert.match(check({ ...again, seen: [whole] })[0]?.detail ?? '', /rewrote its history/)
})

test('an entry that is gone from the middle is named', () => {
  assert.deepEqual(brief(check({ entries: without(6), checkpoint: whole })), [['truncated', 6]])
})

test('an edited entry is found, and by its position when the leaf hashes are there', () => {
  const entries = withEntry(11, changedEntry(11))
  const [blind] = check({ entries, checkpoint: whole })
  assert.deepEqual([blind?.kind, blind?.position], ['edited', null])
  assert.match(blind?.detail ?? '', /an entry from 0 to 19 is not what the device signed for/)
  const seen = [log.checkpoint(10), log.checkpoint(14)]
  assert.match(check({ entries, checkpoint: whole, seen })[0]?.detail ?? '', /an entry from 10 to 13 is/)
  const leaves = log.entries.map(entry => hashLeaf(entry, sha256))
  const [exact] = check({ entries, checkpoint: whole, leaves })
  assert.deepEqual([exact?.kind, exact?.position], ['edited', 11])
  assert.deepEqual(exact?.witnesses, [alice.id, bob.id].sort())
  // Leaf hashes that were edited along with it lead to no root that was signed, and are not believed.
  const mended = leaves.with(11, hashLeaf(changedEntry(11), sha256))
  assert.deepEqual(brief(check({ entries, checkpoint: whole, leaves: mended })), [['edited', null]])
})

test('bytes that are no entry any more are an edit of the copy, not a fault of the device', () => {
  assert.deepEqual(brief(check({ entries: withEntry(3, Uint8Array.of(1)), checkpoint: whole })), [
    ['edited', null]
  ])
})

test('reordered entries say themselves where they belong', () => {
  const [a, b] = [log.entries[4], log.entries[9]]
  assert.ok(a && b)
  const [finding] = check({ entries: log.entries.with(4, b).with(9, a), checkpoint: whole })
  assert.deepEqual([finding?.kind, finding?.position], ['reordered', 4])
  assert.match(finding?.detail ?? '', /2 entries stand in places of others: at 4 is entry 9/)
})

test('a fork is proved by two signatures, one for each audience', () => {
  const other = log.copy('log', 8).grow(12, 'for bob ')
  const toAlice = log.checkpoint(20, [alice])
  const toBob = other.checkpoint(20, [bob])
  for (const [entries, checkpoint, seen] of [
    [log.entries, toAlice, toBob],
    [other.entries, toBob, toAlice]
  ] as const) {
    const [finding, ...more] = check({ entries, checkpoint, seen: [seen] })
    assert.deepEqual(more, [])
    assert.equal(finding?.kind, 'forked')
    assert.deepEqual(finding?.witnesses, [alice.id, bob.id].sort())
    assert.match(finding?.detail ?? '', /signed 2 different checkpoints of 20 entries/)
  }
})

test('without a checkpoint nothing is believed', () => {
  assert.deepEqual(brief(check({ entries: log.entries })), [['unsigned', null]])
})

test('a cosignature that its witness never gave is reported with its name', () => {
  const text = new TextDecoder().decode(log.checkpoint(19, [alice]).note)
  const line = text.split('\n').at(-2) ?? ''
  const forged = opened(new TextEncoder().encode(`${new TextDecoder().decode(log.note())}${line}\n`))
  const [finding] = check({ entries: log.entries, checkpoint: forged })
  assert.equal(finding?.kind, 'forged')
  assert.deepEqual(finding?.witnesses, [alice.id])
})

test('an entry that no reader understands is the fault of the device that signed for it', () => {
  const odd = new TestLog('log').grow(4)
  odd.entries.push(Uint8Array.of(0xa0))
  odd.tree.append(Uint8Array.of(0xa0))
  assert.deepEqual(brief(check({ entries: odd.entries, checkpoint: odd.checkpoint() })), [['malformed', 4]])
})

test('no change of a copy goes unnoticed', () => {
  const tamper = fc.oneof(
    fc.record({ kind: fc.constant('drop'), at: fc.nat(19), to: fc.nat(19) }),
    fc.record({ kind: fc.constant('swap'), at: fc.nat(19), to: fc.nat(19) }),
    fc.record({ kind: fc.constant('edit'), at: fc.nat(19), to: fc.nat(255) }),
    fc.record({ kind: fc.constant('cut'), at: fc.nat(19), to: fc.nat(19) }),
    fc.record({ kind: fc.constant('repeat'), at: fc.nat(19), to: fc.nat(19) })
  )
  fc.assert(
    fc.property(fc.array(tamper, { minLength: 1, maxLength: 3 }), changes => {
      let entries = log.entries
      for (const { kind, at, to } of changes) {
        const [a, b] = [entries[at], entries[to]]
        if (kind === 'drop') entries = entries.filter((_, index) => index !== at)
        else if (kind === 'cut') entries = entries.slice(0, at)
        else if (a !== undefined && kind === 'repeat') entries = entries.toSpliced(to, 0, a)
        else if (a !== undefined && b !== undefined && kind === 'swap')
          entries = entries.with(at, b).with(to, a)
        else if (a !== undefined && kind === 'edit')
          entries = entries.with(at, a.with(to % a.length, (a[to % a.length] ?? 0) ^ 1))
      }
      const isSame =
        entries.length >= 20 &&
        log.entries.every((entry, index) => equalBytes(entry, entries[index] ?? entry.slice(1)))
      const findings = check({ entries, checkpoint: whole })
      if (isSame && entries.length === 20) assert.deepEqual(findings, [])
      if (!isSame) assert.notDeepEqual(findings, [])
      for (const { device } of findings) assert.equal(device, log.key.id)
    })
  )
})
