import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cast, meet } from './governance-fixture.conformance.ts'
import { judgeRedemption, proveRedemption } from './invite.ts'
import { keyNamed, verify } from './org-fixture.conformance.ts'

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

test('no ticket ends a suspension: not the one that a device came by, nor another', () => {
  const { admin, second } = cast()
  const invite = admin.invite(ticket, { uses: 9 })
  const by = { operation: invite.id, key: ticket }
  admin.enrol(one, by)
  admin.suspend(one)
  const redemption = admin.enrol(one, by)
  assert.deepEqual([admin.says(redemption), admin.standingOf(one)], ['admin', 'suspended'])
  second.learn(admin)
  const other = second.invite(keyNamed('other ticket'))
  second.enrol(one, { operation: other.id, key: keyNamed('other ticket') })
  assert.equal(second.standingOf(one), 'suspended')
  const enrolled = second.enrol(one)
  assert.deepEqual([second.says(enrolled), second.standingOf(one)], ['admin', 'member'])
})

test('an inviter refuses a device that was suspended or revoked, and says so', () => {
  const { admin } = cast()
  const invite = admin.invite(ticket, { uses: 9 })
  admin.enrol(one, { operation: invite.id, key: ticket })
  const judge = () => {
    const claim = { org: admin.ledger.org, device: one.id, nameCommitment: new Uint8Array(32) }
    const proof = proveRedemption(claim, ticket.sign)
    const request = { ...claim, proof, inviteKey: ticket.publicKey, inviter: admin.id }
    const { incarnation, nowMs } = admin
    const judged = judgeRedemption(admin.ledger.state(), { ...request, incarnation, nowMs }, verify)
    return 'refused' in judged ? judged.refused : 'granted'
  }
  assert.equal(judge(), 'granted')
  admin.suspend(one)
  assert.equal(judge(), 'suspended')
  admin.enrol(one)
  assert.equal(judge(), 'granted')
  admin.revoke(one)
  assert.equal(judge(), 'suspended')
})
