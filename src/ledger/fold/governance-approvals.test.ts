import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootAfter } from '../chain/root-fixture.conformance.ts'
import { Actor, cast, meet, succeed, TABLE } from './governance-fixture.conformance.ts'
import { foundOrg, keyNamed, OTHER_INCARNATION } from './org-fixture.conformance.ts'

const TWO = { approvals: new Map([['device.revoke', 2]]) }

test('an operation that needs approval waits for it, and counts from then on', () => {
  const { admin, second, keys } = cast(TWO)
  const revocation = admin.revoke(keys.laptop)
  assert.equal(admin.says(revocation), 'needs-approval')
  assert.equal(admin.standingOf(keys.laptop), 'member')
  second.learn(admin)
  const approval = second.approve(revocation)
  admin.learn(second)
  assert.equal(admin.says(approval), 'admin')
  assert.equal(admin.says(revocation), 'admin')
  assert.equal(admin.standingOf(keys.laptop), 'revoked')
  assert.deepEqual(
    admin.ledger.approvals(revocation.id).map(({ id }) => id),
    [approval.id]
  )
})

test('the author is one admin however often it approves, and who is none is none', () => {
  const { admin, laptop, keys } = cast(TWO)
  const revocation = admin.revoke(keys.desktop)
  admin.approve(revocation)
  admin.approve(revocation)
  laptop.learn(admin)
  const byDevice = laptop.approve(revocation)
  admin.learn(laptop)
  assert.equal(admin.says(byDevice), 'not-authorised')
  assert.equal(admin.says(revocation), 'needs-approval')
})

test('a role that may write approvals does not make an admin of who holds it', () => {
  const roles = new Map([...TABLE.roles, ['device', ['approve', 'note']]])
  const { admin, laptop, keys } = cast({ ...TWO, roles })
  const revocation = admin.revoke(keys.desktop)
  laptop.learn(admin)
  const byDevice = laptop.approve(revocation)
  admin.learn(laptop)
  assert.equal(admin.says(byDevice), 'not-authorised')
  assert.equal(admin.says(revocation), 'needs-approval')
})

test('who is no admin may propose what admins then approve, all of k', () => {
  const { admin, second, laptop, keys } = cast({ approvals: new Map([['device.suspend', 2]]) })
  admin.grantRole(keys.laptop, 'helpdesk')
  meet(admin, laptop)
  const suspension = laptop.suspend(keys.desktop)
  meet(admin, second, laptop)
  admin.approve(suspension)
  assert.equal(admin.says(suspension), 'needs-approval')
  second.approve(suspension)
  meet(admin, second)
  assert.equal(admin.says(suspension), 'helpdesk')
})

test('k-1 admins can not act, however they write it', () => {
  const [a, b, c] = [keyNamed('a'), keyNamed('b'), keyNamed('c')]
  const root = foundOrg([a, b, c], { ...TABLE, approvals: new Map([['device.enrol', 3]]) })
  const [first, other] = [new Actor(a, root), new Actor(b, root)]
  const enrolment = first.enrol(keyNamed('mole'))
  other.learn(first)
  other.approve(enrolment)
  other.incarnation = OTHER_INCARNATION
  other.approve(enrolment)
  const own = other.enrol(keyNamed('mole'))
  first.learn(other)
  first.approve(own)
  for (const said of [enrolment, own]) assert.equal(first.says(said), 'needs-approval')
  assert.equal(first.standingOf(keyNamed('mole')), 'stranger')
})

test('approvals are free of approval themselves, whatever a root asks', () => {
  const { admin, second, keys } = cast({
    approvals: new Map([
      ['approve', 2],
      ['device.revoke', 2],
      ['note', 2]
    ])
  })
  const revocation = admin.revoke(keys.laptop)
  second.learn(admin)
  second.approve(revocation)
  admin.learn(second)
  assert.equal(admin.says(revocation), 'admin')
  assert.equal(admin.says(admin.note('done')), 'admin')
})

test('an approval by an admin whom the next root removes counts only within the frontier', () => {
  const { root, admin, second, keys } = cast(TWO)
  const third = keyNamed('third')
  const [early, late] = [admin.revoke(keys.laptop), admin.revoke(keys.desktop)]
  second.learn(admin)
  second.approve(early)
  admin.learn(second)
  const next = rootAfter(
    root,
    [keys.admin, keys.second, third],
    succeed(admin, { admins: [keys.admin.id, third.id] })
  )
  const evasion = second.approve(late)
  admin.learn(second)
  assert.equal(admin.says(late), 'admin')
  admin.take(next)
  assert.equal(admin.says(evasion), 'outdated-root')
  assert.equal(admin.says(early), 'admin')
  assert.equal(admin.says(late), 'needs-approval')
})

test('who became an admin by a later root does not approve what was made under an earlier one', () => {
  const { root, admin, second, keys } = cast(TWO)
  const third = keyNamed('third')
  admin.enrol(third)
  const revocation = admin.revoke(keys.laptop)
  const admins = [keys.admin.id, keys.second.id, third.id]
  const next = rootAfter(root, [keys.admin, keys.second, third], succeed(admin, { admins }))
  admin.take(next)
  const newcomer = new Actor(third, root)
  newcomer.learn(admin)
  const approval = newcomer.approve(revocation)
  admin.learn(newcomer)
  assert.equal(admin.says(approval), 'admin')
  assert.equal(admin.says(revocation), 'needs-approval')
  second.learn(admin)
  second.approve(revocation)
  admin.learn(second)
  assert.equal(admin.says(revocation), 'admin')
})
