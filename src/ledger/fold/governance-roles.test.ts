import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootAfter } from '../chain/root-fixture.conformance.ts'
import { Actor, cast, meet, succeed, TABLE } from './governance-fixture.conformance.ts'
import { keyNamed, OTHER_INCARNATION, START_MS } from './org-fixture.conformance.ts'
import { rolesOf } from './state.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

test('a role is what its grant gives: before it nothing, with it what the table says', () => {
  const { admin, laptop, keys } = cast()
  laptop.publish('tool', 'one')
  const before = laptop.policy('tool', 'granted')
  meet(admin, laptop)
  assert.equal(admin.says(before), 'not-authorised')
  assert.equal(admin.says(admin.grantRole(keys.laptop, 'publisher')), 'admin')
  const after = laptop.policy('tool', 'members')
  admin.learn(laptop)
  assert.equal(admin.says(after), 'publisher')
  assert.deepEqual(rolesOf(admin.ledger.state(), keys.laptop.id, START_MS), ['publisher', 'device'])
  // Who holds a role may have used it before the grant was known to it: nothing has been taken.
  assert.equal(admin.says(before), 'publisher')
})

test('a role that is taken leaves what was signed up to the cutoff, and nothing later or elsewhere', () => {
  const { admin, laptop, keys } = cast()
  admin.grantRole(keys.laptop, 'publisher')
  laptop.learn(admin)
  laptop.publish('tool', 'one')
  const kept = laptop.policy('tool', 'granted')
  admin.learn(laptop)
  admin.revokeRole(keys.laptop, 'publisher')
  const later = laptop.policy('tool', 'members')
  laptop.incarnation = OTHER_INCARNATION
  const backdated = laptop.write(
    { type: 'dataset.policy', name: 'tool', labels: [], access: 'members' },
    { timeMs: START_MS }
  )
  const base = laptop.publish('tool', 'two')
  admin.learn(laptop)
  assert.deepEqual(
    [kept, later, backdated, base].map(said => admin.says(said)),
    ['publisher', 'not-authorised', 'not-authorised', 'device']
  )
  assert.deepEqual(rolesOf(admin.ledger.state(), keys.laptop.id, START_MS), ['device'])
})

test('a role that is given again counts from where the device names the new grant', () => {
  const { admin, laptop, desktop, keys } = cast()
  admin.grantRole(keys.laptop, 'publisher')
  laptop.learn(admin)
  laptop.publish('tool', 'one')
  admin.learn(laptop)
  admin.revokeRole(keys.laptop, 'publisher')
  const between = laptop.policy('tool', 'granted')
  admin.grantRole(keys.laptop, 'publisher')
  meet(admin, laptop)
  const again = laptop.policy('tool', 'members')
  desktop.learn(laptop)
  assert.deepEqual(
    [between, again].map(said => desktop.says(said)),
    ['not-authorised', 'publisher']
  )
})

test('of a grant and a revocation that do not know of each other the revocation wins', () => {
  const { admin, second, keys } = cast()
  admin.grantRole(keys.laptop, 'publisher')
  second.revokeRole(keys.laptop, 'publisher')
  meet(admin, second)
  assert.deepEqual(rolesOf(admin.ledger.state(), keys.laptop.id, START_MS), ['device'])
  second.grantRole(keys.laptop, 'publisher')
  assert.deepEqual(rolesOf(second.ledger.state(), keys.laptop.id, START_MS), ['publisher', 'device'])
})

test('a role ends with its grant, by what the device had seen of time when it signed', () => {
  const { admin, laptop, keys } = cast()
  const endMs = START_MS + 2 * HOUR
  admin.grantRole(keys.laptop, 'publisher', { expiresMs: endMs })
  laptop.learn(admin)
  laptop.publish('tool', 'one')
  const policyAt = (timeMs: number) =>
    laptop.write({ type: 'dataset.policy', name: 'tool', labels: [], access: 'granted' }, { timeMs })
  const inTime = policyAt(endMs - 1)
  const late = policyAt(endMs)
  // Its own feed has come past the end already: an earlier date does not help.
  const backdated = policyAt(endMs - HOUR)
  admin.learn(laptop)
  assert.deepEqual(
    [inTime, late, backdated].map(said => admin.says(said)),
    ['publisher', 'expired-role', 'expired-role']
  )
  assert.deepEqual(rolesOf(admin.ledger.state(), keys.laptop.id, endMs - 1), ['publisher', 'device'])
  assert.deepEqual(rolesOf(admin.ledger.state(), keys.laptop.id, endMs), ['device'])
})

test('of several grants of a role the one that lasts longest is told', () => {
  const { admin, keys } = cast()
  const long = admin.grantRole(keys.laptop, 'reader', { expiresMs: START_MS + 9 * HOUR })
  admin.grantRole(keys.laptop, 'reader', { expiresMs: START_MS + HOUR })
  const holding = admin.ledger.state().devices.get(keys.laptop.id)?.roles.get('reader')
  assert.deepEqual([holding?.operation, holding?.expiresMs], [long.id, START_MS + 9 * HOUR])
})

test('nobody outranks: a helpdesk touches neither admins nor its own rank nor itself', () => {
  const { admin, laptop, desktop, keys } = cast()
  const other = keyNamed('other helpdesk')
  admin.enrol(other)
  admin.grantRole(other, 'helpdesk')
  admin.grantRole(keys.laptop, 'helpdesk')
  laptop.learn(admin)
  const refused = [
    laptop.suspend(keys.admin),
    laptop.revoke(keys.admin),
    laptop.update(keys.admin),
    laptop.suspend(other),
    laptop.suspend(keys.laptop),
    laptop.grantRole(keys.desktop, 'helpdesk'),
    laptop.revokeRole(other, 'helpdesk'),
    laptop.grantRole(keys.laptop, 'admin'),
    laptop.grantRole(keys.desktop, 'device')
  ]
  const unknown = laptop.grantRole(keys.desktop, 'wizard')
  const done = [
    laptop.grantRole(keys.desktop, 'publisher'),
    laptop.update(keys.desktop),
    laptop.suspend(keys.desktop),
    laptop.enrol(keys.desktop),
    laptop.enrol(keyNamed('newcomer')),
    laptop.revokeRole(keys.desktop, 'publisher')
  ]
  meet(admin, laptop, desktop)
  for (const said of refused) assert.equal(admin.says(said), 'outranked', said.type)
  assert.equal(admin.says(unknown), 'unknown-role')
  for (const said of done) assert.equal(admin.says(said), 'helpdesk', said.type)
  assert.equal(admin.standingOf(other), 'member')
  assert.equal(admin.standingOf(keyNamed('newcomer')), 'member')
})

test('admins neither suspend nor revoke each other, and nothing gives or takes admin but the chain', () => {
  const { admin, second, keys } = cast()
  const said = [
    admin.suspend(keys.second),
    admin.revoke(keys.second),
    admin.suspend(keys.admin),
    admin.grantRole(keys.laptop, 'admin'),
    admin.revokeRole(keys.second, 'admin')
  ]
  second.learn(admin)
  for (const operation of said) assert.equal(second.says(operation), 'outranked', operation.type)
  assert.equal(second.standingOf(keys.second), 'member')
  assert.equal(second.says(second.invite(keyNamed('ticket'))), 'admin')
})

test('a device can not raise itself: not by a grant, not by an accomplice, not by both', () => {
  const { admin, laptop, desktop, keys } = cast()
  const said = [laptop.grantRole(keys.laptop, 'publisher'), laptop.grantRole(keys.desktop, 'helpdesk')]
  desktop.learn(laptop)
  said.push(desktop.grantRole(keys.laptop, 'helpdesk'))
  laptop.learn(desktop)
  said.push(laptop.grantRole(keys.laptop, 'publisher'))
  meet(admin, laptop, desktop)
  for (const operation of said) assert.equal(admin.says(operation), 'not-authorised')
  assert.deepEqual(rolesOf(admin.ledger.state(), keys.laptop.id, START_MS), ['device'])
})

test('authority never flows up: whom a helpdesk enrolled acts as helpdesk once an admin enrols it', () => {
  const { root, admin, laptop, keys } = cast()
  const newcomer = keyNamed('newcomer')
  admin.grantRole(keys.laptop, 'helpdesk')
  laptop.learn(admin)
  laptop.enrol(newcomer)
  admin.learn(laptop)
  admin.grantRole(newcomer, 'helpdesk')
  admin.grantRole(newcomer, 'publisher')
  const actor = new Actor(newcomer, root)
  actor.learn(admin)
  const asHelpdesk = actor.suspend(keys.desktop)
  actor.publish('tool', 'one')
  const asPublisher = actor.policy('tool', 'granted')
  admin.learn(actor)
  assert.equal(admin.says(asHelpdesk), 'not-authorised')
  assert.equal(admin.says(asPublisher), 'publisher')
  admin.enrol(newcomer)
  assert.equal(admin.says(asHelpdesk), 'helpdesk')
})

test('what a helpdesk gave stays with its cutoff, and goes without one', () => {
  const { admin, laptop, keys } = cast()
  const newcomer = keyNamed('newcomer')
  admin.grantRole(keys.laptop, 'helpdesk')
  laptop.learn(admin)
  const enrolled = laptop.enrol(newcomer)
  admin.learn(laptop)
  admin.revokeRole(keys.laptop, 'helpdesk')
  assert.equal(admin.says(enrolled), 'helpdesk')
  assert.equal(admin.standingOf(newcomer), 'member')
  admin.revokeRole(keys.laptop, 'helpdesk', [])
  assert.equal(admin.says(enrolled), 'not-authorised')
  assert.equal(admin.standingOf(newcomer), 'stranger')
})

test("the role of admins is the chain's alone, even under a root that ranks it below another", () => {
  const { root, admin, laptop, keys } = cast()
  admin.grantRole(keys.laptop, 'helpdesk')
  const ranks = new Map([...TABLE.ranks, ['admin', 4]])
  const next = rootAfter(root, [keys.admin, keys.second], succeed(admin, { ranks }))
  admin.take(next)
  laptop.learn(admin)
  const harmless = laptop.grantRole(keys.desktop, 'reader')
  const granted = laptop.grantRole(keys.desktop, 'admin')
  const taken = laptop.revokeRole(keys.desktop, 'device')
  admin.learn(laptop)
  assert.deepEqual(
    [harmless, granted, taken].map(said => admin.says(said)),
    ['helpdesk', 'outranked', 'outranked']
  )
  assert.equal(admin.ledger.state().devices.get(keys.desktop.id)?.roles.has('admin'), false)
})
