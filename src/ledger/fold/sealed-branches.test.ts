import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Root, RootTerms } from '../chain/root.ts'
import { rootAfter } from '../chain/root-fixture.conformance.ts'
import { Actor, type Cast, cast, meet, succeed } from './governance-fixture.conformance.ts'
import { keyNamed, OTHER_INCARNATION } from './org-fixture.conformance.ts'

const phone = keyNamed('phone')
const third = keyNamed('third')

function after({ root, admin, keys }: Cast, changes: Partial<RootTerms>): Root {
  return rootAfter(root, [keys.admin, keys.second], succeed(admin, changes))
}

/** The same device once more, with what it knew before it went on: what it signs now forks its feed. */
function twinOf(actor: Actor, { root }: Cast): Actor {
  const twin = new Actor(actor.key, root)
  twin.learn(actor)
  return twin
}

test('a removed admin undoes nothing of what it gave by a fork below the frontier', () => {
  const company = cast()
  const { admin, second, laptop, keys } = company
  const twin = twinOf(second, company)
  const enrolment = second.enrol(phone)
  admin.learn(second)
  const without = after(company, { admins: [keys.admin.id], threshold: 1 })
  for (const actor of [admin, laptop]) {
    actor.learn(second)
    actor.take(without)
  }
  const fork = twin.note('another history')
  const forged = twin.enrol(third)
  meet(admin, twin, laptop)
  for (const actor of [admin, laptop]) {
    assert.equal(actor.ledger.state().forks.size, 1)
    assert.equal(actor.says(enrolment), 'admin')
    assert.equal(actor.standingOf(phone), 'member')
    assert.notEqual(actor.says(forged), 'admin')
    assert.equal(actor.says(fork), 'outdated-root')
  }
  assert.equal(admin.standingOf(keys.laptop), 'member')
})

test('a fork voids what it reaches while no root and no cutoff named the branch, and a root that does mends it', () => {
  const company = cast()
  const { admin, second, laptop } = company
  const twin = twinOf(second, company)
  const enrolment = second.enrol(phone)
  twin.note('another history')
  // Who proposes the root has not heard of the fork.
  admin.learn(second)
  const next = after(company, { orgName: 'Acme Ltd' })
  meet(second, twin, laptop)
  assert.equal(laptop.says(enrolment), 'forked')
  laptop.take(next)
  assert.equal(laptop.says(enrolment), 'admin')
  assert.equal(laptop.standingOf(phone), 'member')
})

test('a revoked key undoes nothing of what it gave by a fork below the cutoff', () => {
  const company = cast()
  const { admin, second, laptop, keys } = company
  admin.grantRole(keys.laptop, 'helpdesk')
  laptop.learn(admin)
  const twin = twinOf(laptop, company)
  const enrolment = laptop.enrol(phone)
  const release = laptop.publish('tool', 'one')
  admin.learn(laptop)
  const revocation = admin.revoke(keys.laptop)
  twin.note('another history')
  const forged = twin.enrol(third)
  meet(admin, second, twin)
  for (const actor of [admin, second]) {
    assert.equal(actor.ledger.state().forks.size, 1)
    assert.deepEqual(
      [enrolment, release, forged].map(said => actor.says(said)),
      ['helpdesk', 'device', 'forked']
    )
    assert.equal(actor.standingOf(phone), 'member')
    assert.equal(actor.standingOf(keys.laptop), 'revoked')
  }
  // Whoever takes next names the branch that was kept, and not what lies below the fork.
  const [kept] = second.ledger.cutoffsOf(keys.laptop.id)
  assert.equal(kept?.operation, release.id)
  assert.ok(revocation.content?.type === 'device.revoke')
  assert.deepEqual(revocation.content.cutoffs, [kept])
})

test('nobody seals its own branch, nor that of its equals', () => {
  const company = cast()
  const { admin, second, laptop, desktop, keys } = company
  for (const key of [keys.laptop, keys.desktop]) admin.grantRole(key, 'helpdesk')
  meet(admin, laptop, desktop)
  const twin = twinOf(laptop, company)
  const enrolment = laptop.enrol(phone)
  desktop.learn(laptop)
  const [own, equal] = [laptop.suspend(keys.laptop), desktop.suspend(keys.laptop)]
  twin.note('another history')
  meet(admin, second, laptop, desktop, twin)
  for (const take of [own, equal]) assert.equal(admin.says(take), 'outranked')
  assert.equal(admin.says(enrolment), 'forked')
  assert.equal(admin.standingOf(phone), 'stranger')
})

test('a fork on the sealed branch voids what follows the cutoff, once the device is back', () => {
  const company = cast()
  const { admin, laptop, keys } = company
  const before = laptop.publish('tool', 'one')
  admin.learn(laptop)
  admin.suspend(keys.laptop)
  admin.enrol(keys.laptop)
  laptop.learn(admin)
  const twin = twinOf(laptop, company)
  const [one, other] = [laptop.publish('tool', 'two'), twin.publish('tool', 'three')]
  meet(admin, laptop, twin)
  assert.deepEqual(
    [before, one, other].map(said => admin.says(said)),
    ['device', 'forked', 'forked']
  )
})

test('of two branches that two admins seal, each ends the other: neither counts, and the device is back by a new one', () => {
  const company = cast()
  const { admin, second, laptop, keys } = company
  const twin = twinOf(laptop, company)
  const said = [laptop.publish('tool', 'one'), twin.publish('tool', 'two')]
  admin.learn(laptop)
  second.learn(twin)
  for (const actor of [admin, second]) actor.suspend(keys.laptop)
  meet(admin, second)
  for (const actor of [admin, second])
    assert.deepEqual(
      said.map(operation => actor.says(operation)),
      ['author-suspended', 'author-suspended']
    )
  admin.enrol(keys.laptop)
  laptop.learn(admin)
  laptop.incarnation = OTHER_INCARNATION
  const again = laptop.publish('tool', 'one')
  admin.learn(laptop)
  assert.equal(admin.says(again), 'device')
})
