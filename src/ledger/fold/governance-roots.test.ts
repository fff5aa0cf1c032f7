import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Root, RootTerms } from '../chain/root.ts'
import { rootAfter } from '../chain/root-fixture.conformance.ts'
import { REPAIR_TYPES } from '../chain/root-terms.ts'
import { createOperation, type Operation } from '../operation/operation.ts'
import { Actor, type Cast, cast, meet, succeed } from './governance-fixture.conformance.ts'
import { keyNamed, OTHER_INCARNATION, START_MS, sha256 } from './org-fixture.conformance.ts'
import { isMember, rolesOf } from './state.ts'

const third = keyNamed('third')
const recovery = keyNamed('recovery')
const MINUTE = 60_000

/** The root after the founding one, by both admins and whoever joins them. */
function after({ root, admin, keys }: Cast, changes: Partial<RootTerms>): Root {
  const joining = (changes.admins ?? []).includes(third.id) ? [third] : []
  return rootAfter(root, [keys.admin, keys.second, ...joining], succeed(admin, changes))
}

test('an admin whom the next root removes can not go on under the old one, whatever the clocks say', () => {
  const company = cast()
  const { admin, second, keys } = company
  const honest = second.enrol(keyNamed('newcomer'))
  admin.learn(second)
  const next = after(company, { admins: [keys.admin.id, third.id] })
  const unaware = second.enrol(keyNamed('late'))
  second.incarnation = OTHER_INCARNATION
  const backdated = second.write({ type: 'note', about: null, text: 'an old feed' }, { timeMs: START_MS })
  meet(admin, second)
  assert.equal(admin.says(unaware), 'admin')
  admin.take(next)
  assert.deepEqual(
    [honest, unaware, backdated].map(said => admin.says(said)),
    ['admin', 'outdated-root', 'outdated-root']
  )
  assert.deepEqual(
    ['newcomer', 'late'].map(name => admin.standingOf(keyNamed(name))),
    ['member', 'stranger']
  )
})

test('what was signed before the frontier stays, also when it arrives after the root', () => {
  const company = cast()
  const { admin, second, laptop, keys } = company
  const honest = second.enrol(keyNamed('newcomer'))
  admin.learn(second)
  const next = after(company, { admins: [keys.admin.id, third.id] })
  laptop.take(next)
  assert.equal(laptop.standingOf(keyNamed('newcomer')), 'stranger')
  laptop.learn(second)
  assert.equal(laptop.says(honest), 'admin')
  assert.equal(laptop.standingOf(keyNamed('newcomer')), 'member')
})

test('a frontier names a branch: another history up to the same position does not count', () => {
  const company = cast()
  const { admin, second, laptop, keys } = company
  const branch = second.sign({ type: 'device.suspend', device: keys.laptop.id, cutoffs: [], reason: null })
  second.note('the history that the others know')
  meet(admin, second)
  const next = after(company, { admins: [keys.admin.id, third.id] })
  laptop.learn(admin)
  laptop.take(next)
  laptop.ledger.add([branch.record])
  assert.equal(laptop.says(branch), 'outdated-root')
  assert.equal(laptop.standingOf(keys.laptop), 'member')
})

test('a removed admin is a plain device if it is enrolled, and a former one if it is not', () => {
  const company = cast()
  const { admin, second, keys } = company
  const next = after(company, { admins: [keys.admin.id, third.id] })
  for (const actor of [admin, second]) actor.take(next)
  const asAdmin = second.invite(keyNamed('ticket'))
  const asDevice = second.publish('tool', 'one')
  admin.learn(second)
  assert.deepEqual(
    [asAdmin, asDevice].map(said => admin.says(said)),
    ['not-authorised', 'device']
  )
  assert.deepEqual(rolesOf(admin.ledger.state(), keys.second.id, START_MS), ['device'])
  assert.equal(admin.says(admin.suspend(keys.second)), 'admin')
  assert.equal(admin.standingOf(keys.second), 'suspended')

  const bare = new Actor(keys.admin, company.root)
  const alone = rootAfter(
    company.root,
    [keys.admin, keys.second],
    succeed(bare, { admins: [keys.admin.id], threshold: 1 })
  )
  bare.take(alone)
  assert.equal(bare.standingOf(keys.second), 'former')
  assert.equal(isMember(bare.ledger.state(), keys.second.id, START_MS), false)
})

test('the admin who stays goes on under the new root, and what approvals it tightens can not be evaded', () => {
  const company = cast()
  const { admin, second, keys } = company
  const before = admin.revoke(keys.desktop)
  const next = after(company, { approvals: new Map([['device.revoke', 2]]) })
  const evasion = second.revoke(keys.laptop)
  for (const actor of [admin, second]) actor.take(next)
  const late = admin.revoke(keys.laptop)
  meet(admin, second)
  assert.deepEqual(
    [before, evasion, late].map(said => admin.says(said)),
    ['admin', 'outdated-root', 'needs-approval']
  )
  second.approve(late)
  admin.learn(second)
  assert.equal(admin.says(late), 'admin')
})

test('a feed that has named a root does not go back to the one before', () => {
  const company = cast()
  const { root, admin, laptop, keys } = company
  laptop.note('under the first')
  const next = after(company, { approvals: new Map(), orgName: 'Acme Ltd' })
  laptop.take(next)
  laptop.note('under the second')
  const { content, ...draft } = laptop.sign({ type: 'note', about: null, text: 'under the first again' })
  assert.ok(content)
  const back = createOperation({ ...draft, content, root: root.hash }, { sign: keys.laptop.sign, sha256 })
  laptop.ledger.add([back.record])
  admin.learn(laptop)
  assert.equal(admin.says(back), 'outdated-root')
})

test('what others than admins signed is judged by the root that it names', () => {
  const company = cast()
  const { admin, laptop } = company
  const next = after(company, { roles: new Map([...company.root.roles, ['device', REPAIR_TYPES]]) })
  const old = laptop.publish('tool', 'one')
  laptop.take(next)
  const now = laptop.publish('tool', 'two')
  admin.learn(laptop)
  assert.deepEqual(
    [old, now].map(said => admin.says(said)),
    ['device', 'not-authorised']
  )
})

test('an operation under a root that is not here waits inert for it', () => {
  const company = cast()
  const { laptop, desktop } = company
  const next = after(company, { orgName: 'Acme Ltd' })
  laptop.take(next)
  const said = laptop.publish('tool', 'one')
  desktop.ledger.add([said.record])
  assert.equal(desktop.says(said), 'unknown-root')
  desktop.take(next)
  assert.equal(desktop.says(said), 'device')
})

test('a frozen chain: what names a contested root is inert, what names the head counts', () => {
  const company = cast({ recovery: [recovery.id] })
  const { root, admin, second, laptop, keys } = company
  const [one, other] = ['Acme One', 'Acme Two'].map(orgName => after(company, { orgName })) as [Root, Root]
  admin.take(one)
  second.take(other)
  const said: Operation[] = [admin.suspend(keys.laptop), second.suspend(keys.desktop)]
  assert.deepEqual([admin.says(said[0] as Operation), second.says(said[1] as Operation)], ['admin', 'admin'])
  const underHead = laptop.publish('tool', 'one')
  meet(admin, second, laptop)
  for (const actor of [admin, second, laptop]) {
    const state = actor.ledger.state()
    assert.equal(state.root.version, 1)
    assert.equal(state.freeze?.version, 2)
    assert.deepEqual(state.freeze?.equivocators, [keys.admin.id, keys.second.id].sort())
    for (const operation of said) assert.equal(actor.says(operation), 'contested-root')
    assert.equal(actor.says(underHead), 'device')
    assert.equal(actor.standingOf(keys.laptop), 'member')
  }
  // One recovery successor of the head ends it, and what named the other root stays inert.
  const rescue = rootAfter(
    root,
    [keys.admin, recovery],
    succeed(laptop, { admins: [keys.admin.id], threshold: 1 })
  )
  laptop.take(rescue)
  assert.equal(laptop.ledger.state().freeze, undefined)
  assert.equal(laptop.ledger.state().root.version, 2)
  for (const operation of said) assert.equal(laptop.says(operation), 'contested-root')
  assert.equal(laptop.says(underHead), 'device')
})

test('under a root that has expired nothing is given, and what takes still does', () => {
  const { admin, keys } = cast({ expiresMs: START_MS + 60 * MINUTE })
  admin.nowMs = START_MS + 58 * MINUTE
  const inTime = admin.grantRole(keys.laptop, 'reader')
  const late = admin.grantRole(keys.desktop, 'reader')
  const taking = admin.suspend(keys.desktop)
  const backdated = admin.write(
    { type: 'role.grant', device: keys.desktop.id, role: 'reader' },
    { timeMs: START_MS }
  )
  assert.deepEqual(
    [inTime, late, taking, backdated].map(said => admin.says(said)),
    ['admin', 'expired-root', 'admin', 'expired-root']
  )
})

test('proposals and votes are carried by any device, whoever they are by', () => {
  const { admin, laptop } = cast()
  const bytes = new Uint8Array([1, 2, 3])
  const hash = sha256(bytes)
  const said = [
    laptop.write({ type: 'root.propose', hash, bytes }),
    laptop.write({ type: 'root.vote', hash, key: third.id, signature: third.sign(hash) })
  ]
  admin.learn(laptop)
  for (const operation of said) assert.equal(admin.says(operation), 'device')
  const { proposals, votes } = admin.ledger.state()
  assert.deepEqual(
    [...proposals.values()].map(proposal => proposal.bytes),
    [bytes]
  )
  assert.deepEqual(
    [...votes.values()].map(({ key }) => key),
    [third.id]
  )
})
