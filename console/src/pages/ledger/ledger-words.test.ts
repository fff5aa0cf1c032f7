import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  approvalsText,
  type Entry,
  effectOf,
  type Feed,
  type Freshness,
  fieldText,
  freshnessText,
  type Line,
  nameToWrite,
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

test('who approves writes the name of the one thing that it is about', () => {
  const dataset = { name: 'os/image', version: null, ordinal: null }
  const nothing = { devices: [], datasets: [], operations: [] }
  const asked = (concerns: object) =>
    nameToWrite({ operation: OPERATION, concerns: { ...nothing, ...concerns } as Entry['concerns'] })
  assert.equal(asked({ datasets: [dataset, { ...dataset, version: 'ab', ordinal: 1 }] }), 'os/image')
  assert.equal(asked({ datasets: [dataset], devices: [{ name: 'lab-7' }] }), '0f0f0f0f')
  assert.equal(asked({}), '0f0f0f0f')
})

test('approvals count admins besides the author', () => {
  const entry = { ...LINE, approvals: [{}], approvalsNeeded: 3 } as unknown as Entry
  assert.equal(approvalsText(entry), '1 approval besides its author; 3 admins are needed: 1 of 2 admins')
  assert.match(approvalsText({ ...entry, approvalsNeeded: 1 }), /no more than its author/)
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
