import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cast, meet } from './governance-fixture.conformance.ts'
import { keyNamed } from './org-fixture.conformance.ts'

const ticket = keyNamed('ticket')
const [one, two] = [keyNamed('one'), keyNamed('two')]

test('a stolen unused ticket is cancelled: what redeems it later is inert, what did before stays', () => {
  const { admin } = cast()
  const invite = admin.invite(ticket, { uses: 9 })
  const by = { operation: invite.id, key: ticket }
  const before = admin.enrol(one, by)
  const cancel = admin.cancel(invite)
  const after = admin.enrol(two, by)
  assert.deepEqual(
    [before, cancel, after].map(said => admin.says(said)),
    ['admin', 'admin', 'invite-cancelled']
  )
  assert.equal(admin.ledger.state().invites.get(invite.id)?.cancelledBy, cancel.id)
  assert.deepEqual(
    [one, two].map(key => admin.standingOf(key)),
    ['member', 'stranger']
  )
})

test('a cancellation by another admin leaves the redemptions that it knew of, and those alone', () => {
  const { admin, second } = cast()
  const invite = admin.invite(ticket, { uses: 9 })
  const by = { operation: invite.id, key: ticket }
  const known = admin.enrol(one, by)
  second.learn(admin)
  const concurrent = admin.enrol(two, by)
  second.cancel(invite)
  meet(admin, second)
  assert.deepEqual(
    [known, concurrent].map(said => admin.says(said)),
    ['admin', 'invite-cancelled']
  )
})

test('two cancellations leave what both knew', () => {
  const { admin, second } = cast()
  const invite = admin.invite(ticket, { uses: 9 })
  const by = { operation: invite.id, key: ticket }
  second.learn(admin)
  const early = admin.enrol(one, by)
  const cancel = admin.cancel(invite)
  assert.equal(admin.says(early), 'admin')
  second.cancel(invite)
  meet(admin, second)
  assert.equal(admin.says(cancel), 'admin')
  assert.equal(admin.says(early), 'invite-cancelled')
})

test('a device that is enrolled without the invite stays, whatever becomes of that', () => {
  const { admin } = cast()
  const invite = admin.invite(ticket)
  admin.cancel(invite)
  admin.enrol(one, { operation: invite.id, key: ticket })
  admin.enrol(one)
  assert.equal(admin.standingOf(one), 'member')
})

test('an invite is cancelled by its author or an admin, and by no other', () => {
  const { admin, second, laptop, desktop, keys } = cast()
  for (const key of [keys.laptop, keys.desktop]) admin.grantRole(key, 'helpdesk')
  meet(admin, laptop, desktop)
  const invite = laptop.invite(ticket)
  meet(laptop, desktop, second)
  const foreign = desktop.cancel(invite)
  meet(laptop, desktop)
  assert.equal(laptop.says(foreign), 'not-owner')
  assert.equal(laptop.says(laptop.enrol(one, { operation: invite.id, key: ticket })), 'helpdesk')
  assert.equal(laptop.says(laptop.cancel(invite)), 'helpdesk')
  assert.equal(second.says(second.cancel(invite)), 'admin')
  const plain = cast()
  const theirs = plain.admin.invite(ticket)
  plain.laptop.learn(plain.admin)
  assert.equal(plain.laptop.says(plain.laptop.cancel(theirs)), 'not-authorised')
})
