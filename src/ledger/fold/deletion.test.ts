import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EraseOutcome } from '../operation/operation-content.ts'
import { deletionOf, mustStay } from './deletion.ts'
import { type Actor, cast, meet } from './governance-fixture.conformance.ts'
import { START_MS, versionNamed } from './org-fixture.conformance.ts'
import { caseOfRecall } from './state.ts'

const ONE = versionNamed('one')
const kind = (actor: Actor) => deletionOf(actor.ledger.state(), ONE).kind
const stays = (actor: Actor) => mustStay(actor.ledger.state(), ONE, START_MS)

/** What a recall asks of a version that two devices published. */
function recalled() {
  const org = cast()
  const { admin, laptop, desktop } = org
  laptop.publishAs('internal', 'set', 'one')
  desktop.publishAs('internal', 'other', 'one')
  meet(admin, laptop, desktop)
  const recall = admin.write({ type: 'content.recall', version: ONE, reason: 'wrong' })
  meet(admin, laptop, desktop)
  const says = (actor: Actor, outcome: EraseOutcome) => {
    const word = actor.write({ type: 'erase.confirm', erase: recall.id, outcome, bytes: 0, keys: false })
    meet(admin, laptop, desktop)
    return word
  }
  return { ...org, recall, says }
}

describe('a recall', () => {
  test('has copies deleted once each of its publishers says that the source is there, and nobody else', () => {
    const { admin, laptop, desktop, keys, recall, says } = recalled()
    const awaited = () => {
      const deletion = deletionOf(admin.ledger.state(), ONE)
      return deletion.kind === 'waiting' ? deletion.publishers : deletion.kind
    }
    assert.deepEqual(awaited(), new Set([keys.laptop.id, keys.desktop.id]))
    says(admin, 'source-kept')
    says(laptop, 'deleted')
    says(desktop, 'source-kept')
    assert.deepEqual(awaited(), new Set([keys.laptop.id]))
    says(laptop, 'source-kept')
    const deletion = deletionOf(admin.ledger.state(), ONE)
    assert.deepEqual(deletion.kind === 'due' && deletion.sourcesStay, true)
    const entry = admin.ledger.state().erasures.get(recall.id)
    assert.deepEqual(
      [entry?.kind, entry?.case, entry?.confirmations.size],
      ['recall', caseOfRecall(recall.id), 3]
    )
    says(laptop, 'not-held')
    assert.equal(kind(admin), 'waiting', 'who takes its word back ends it for who has not deleted yet')
  })

  test('waits for holds, and deletes nothing of what nobody published', () => {
    const { admin, laptop, desktop, says } = recalled()
    says(laptop, 'source-kept')
    says(desktop, 'source-kept')
    const hold = admin.write({ type: 'hold.place', name: 'other', reason: null })
    assert.equal(kind(admin), 'held')
    assert.equal(stays(admin), true)
    admin.write({ type: 'hold.lift', hold: hold.id })
    assert.equal(kind(admin), 'due')
    assert.equal(stays(admin), false)
    const { admin: other } = cast()
    other.write({ type: 'content.recall', version: ONE, reason: null })
    assert.equal(kind(other), 'waiting')
  })

  test('that is followed by an erasure takes the sources too, whatever publishers said', () => {
    const { admin, second } = recalled()
    const erase = admin.write({
      ...{ type: 'content.erase', version: ONE, case: 'ab'.repeat(16), reason: null, basis: 'art17' },
      subject: null
    })
    second.learn(admin)
    second.approve(erase)
    admin.learn(second)
    const deletion = deletionOf(admin.ledger.state(), ONE)
    assert.equal(deletion.kind === 'due' && deletion.sourcesStay, false)
  })
})

test('copies of what is quarantined stay until it is retired, and those of what is retired do not', () => {
  const { admin } = cast()
  admin.publishAs('internal', 'set', 'one')
  assert.equal(stays(admin), false, 'placement says what becomes of them')
  admin.quarantine('one')
  assert.equal(stays(admin), true)
  admin.retire('set')
  assert.equal(stays(admin), false)
  admin.write({ type: 'hold.place', name: 'set', reason: 'court' })
  assert.equal(stays(admin), true)
})
