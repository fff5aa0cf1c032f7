import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry, Line } from '../../components/approval-words.ts'
import {
  changeText,
  effectOf,
  type Feed,
  type Freshness,
  fieldText,
  freshnessText,
  proofCommands,
  proofsOf
} from './ledger-words.ts'

const OPERATION = '0f'.repeat(32) as Entry['operation']
const LINE = { inForce: false, role: null, reason: 'needs-approval', detail: '1 of 2 admins' } as Line

test('an operation says whether it counts, and what waits comes first', () => {
  assert.deepEqual(effectOf(LINE), { tone: 'warn', says: 'waiting', why: '1 of 2 admins', order: 0 })
  const inert = effectOf({ ...LINE, reason: 'forked', detail: null })
  assert.deepEqual([inert.says, inert.why], ['no effect', 'forked'])
  assert.equal(effectOf({ ...LINE, inForce: true, role: 'admin' }).why, 'as admin')
})

test('signed fields are shown as they are, and instants also as such', () => {
  assert.match(fieldText('expiresMs', 1_800_000_000_000), /^1800000000000 \(.*2027/)
  assert.equal(fieldText('stalenessMs', 60_000), '60000')
  assert.equal(fieldText('reason', null), 'none')
  assert.equal(fieldText('cutoffs', []), 'none')
  assert.match(fieldText('scope', { kind: 'all' }), /"kind": "all"/)
})

test('freshness says what it closes', () => {
  const fresh = {
    ...{ enforced: true, signersHeard: 2, signersTotal: 3, quorum: 2 },
    classes: [{ dataClass: 'restricted', allowed: true }]
  } as unknown as Freshness
  assert.deepEqual(freshnessText(fresh), { tone: 'good', says: '2 of 3 signers heard, 2 needed' })
  const closed = freshnessText({
    ...fresh,
    classes: [{ dataClass: 'restricted', allowed: false }] as unknown as Freshness['classes']
  })
  assert.equal(closed.tone, 'bad')
  assert.match(closed.says, /too old for what is restricted/)
  assert.equal(freshnessText({ ...fresh, enforced: false }).tone, 'quiet')
})

test('a forked feed is a proof, and an export is checked against the org', () => {
  const feed = { fork: null } as Feed
  const forked = { fork: { seq: 4, operations: [OPERATION] } } as unknown as Feed
  assert.deepEqual(
    proofsOf([feed, forked]).map(({ seq }) => seq),
    [4]
  )
  assert.equal(proofCommands('ab').verify, 'peerage ledger verify ./ledger --org ab')
})

test('a root that changes names devices by what they are called, where that is known', () => {
  const devices = [
    { device: 'ab'.repeat(32), name: 'lab-7' },
    { device: 'cd'.repeat(32), name: null }
  ]
  assert.equal(changeText(`removes admin ${'ab'.repeat(32)}`, devices), 'removes admin lab-7 (abababab)')
  for (const key of ['cd', 'ef'].map(digits => digits.repeat(32)))
    assert.equal(changeText(`${key} counts`, devices), `${key} counts`)
})
