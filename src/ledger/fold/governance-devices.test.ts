import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_RANKS, DEFAULT_ROLES } from '../chain/root.ts'
import { cast, meet } from './governance-fixture.conformance.ts'
import { keyNamed, OTHER_INCARNATION, START_MS } from './org-fixture.conformance.ts'
import { isMember, membershipFault } from './state.ts'

test('a suspended device is out until it is enrolled anew, and what it signed meanwhile never counts', () => {
  const { admin, laptop, keys } = cast()
  const before = laptop.publish('tool', 'one')
  meet(admin, laptop)
  admin.suspend(keys.laptop)
  const meanwhile = laptop.publish('tool', 'two')
  admin.learn(laptop)
  assert.equal(admin.standingOf(keys.laptop), 'suspended')
  assert.match(
    membershipFault(admin.ledger.state(), keys.laptop.id, START_MS) ?? '',
    /suspended in Acme: lost/
  )
  assert.deepEqual(
    [before, meanwhile].map(said => admin.says(said)),
    ['device', 'author-suspended']
  )
  admin.enrol(keys.laptop)
  meet(admin, laptop)
  const after = laptop.publish('tool', 'three')
  admin.learn(laptop)
  assert.equal(admin.standingOf(keys.laptop), 'member')
  assert.deepEqual(
    [before, meanwhile, after].map(said => admin.says(said)),
    ['device', 'author-suspended', 'device']
  )
})

test('a device that is enrolled anew counts again only from where its feed names the enrolment', () => {
  const { admin, laptop, desktop, keys } = cast()
  admin.suspend(keys.laptop)
  admin.enrol(keys.laptop)
  const unaware = laptop.publish('tool', 'one')
  meet(admin, laptop)
  const aware = laptop.publish('tool', 'two')
  // Another feed of the device has to name it too.
  laptop.incarnation = OTHER_INCARNATION
  const elsewhere = laptop.publish('tool', 'three')
  desktop.learn(laptop)
  assert.deepEqual(
    [unaware, aware, elsewhere].map(said => desktop.says(said)),
    ['author-suspended', 'device', 'device']
  )
})

test('an enrolment that did not know of the suspension does not lift it, one that did does', () => {
  const { admin, second, keys } = cast()
  admin.suspend(keys.laptop)
  second.enrol(keys.laptop)
  meet(admin, second)
  assert.equal(admin.standingOf(keys.laptop), 'suspended')
  second.enrol(keys.laptop)
  admin.learn(second)
  assert.equal(admin.standingOf(keys.laptop), 'member')
})

test('a suspension beats an enrolment that did not know of it, on every device', () => {
  const { admin, second, laptop, keys } = cast()
  admin.suspend(keys.laptop)
  second.learn(admin)
  admin.enrol(keys.laptop)
  second.suspend(keys.laptop)
  meet(admin, second, laptop)
  for (const actor of [admin, second, laptop]) assert.equal(actor.standingOf(keys.laptop), 'suspended')
})

test('a revoked key can not backdate: nothing beyond the cutoff counts, in no feed of it', () => {
  const { admin, laptop, keys } = cast()
  const honest = laptop.publish('tool', 'one')
  const unseen = laptop.sign({ type: 'note', about: null, text: 'kept back' }, { timeMs: START_MS })
  meet(admin, laptop)
  const revocation = admin.revoke(keys.laptop)
  const next = laptop.write({ type: 'dataset.retire', name: 'tool', version: null }, { timeMs: START_MS })
  laptop.incarnation = OTHER_INCARNATION
  const fresh = laptop.write({ type: 'note', about: null, text: 'from an old clock' }, { timeMs: START_MS })
  admin.learn(laptop)
  assert.equal(admin.says(revocation), 'admin')
  assert.deepEqual(
    [honest, next, fresh].map(said => admin.says(said)),
    ['device', 'author-revoked', 'author-revoked']
  )
  assert.equal(admin.ledger.state().datasets.get('tool')?.versions[0]?.retiredBy, undefined)
  // A second branch from where the cutoff is: it is beyond it as well.
  admin.ledger.add([unseen.record])
  assert.equal(admin.says(unseen), 'forked')
  assert.equal(admin.says(honest), 'device')
})

test('a revoked key can not backdate by a branch that the cutoff does not name, though what takes outlives a fork', () => {
  const { admin, laptop, keys } = cast()
  laptop.publish('tool', 'one')
  const kept = laptop.sign({ type: 'dataset.retire', name: 'tool', version: null }, { timeMs: START_MS })
  const honest = laptop.note('what the admin has seen')
  meet(admin, laptop)
  assert.equal(kept.seq, honest.seq)
  admin.revoke(keys.laptop)
  admin.ledger.add([kept.record])
  assert.equal(admin.says(kept), 'author-revoked')
  assert.equal(admin.ledger.state().datasets.get('tool')?.versions[0]?.retiredBy, undefined)
})

test('a revocation without cutoffs takes the effect of all that the device signed', () => {
  const { admin, laptop, keys } = cast()
  const published = laptop.publish('tool', 'one')
  admin.learn(laptop)
  admin.revoke(keys.laptop, [])
  assert.equal(admin.says(published), 'author-revoked')
  assert.equal(admin.ledger.state().datasets.get('tool'), undefined)
})

test('a cutoff keeps the branch that it names, and nothing while that is not here', () => {
  const { admin, second, laptop, keys } = cast()
  const published = laptop.publish('tool', 'one')
  const last = laptop.publish('tool', 'two')
  second.learn(laptop)
  const cutoffs = second.ledger.cutoffsOf(keys.laptop.id)
  assert.equal(cutoffs[0]?.operation, last.id)
  admin.ledger.add([published.record])
  admin.revoke(keys.laptop, cutoffs)
  assert.equal(admin.says(published), 'author-revoked')
  admin.learn(laptop)
  assert.deepEqual(
    [published, last].map(said => admin.says(said)),
    ['device', 'device']
  )
})

test('a revoked key never comes back, whoever enrols it and however it is asked for', () => {
  const { admin, second, laptop, keys } = cast()
  admin.revoke(keys.laptop)
  admin.enrol(keys.laptop)
  second.learn(admin)
  second.enrol(keys.laptop)
  meet(admin, second, laptop)
  const said = laptop.publish('tool', 'one')
  admin.learn(laptop)
  assert.equal(admin.standingOf(keys.laptop), 'revoked')
  assert.equal(isMember(admin.ledger.state(), keys.laptop.id, START_MS), false)
  assert.equal(admin.says(said), 'author-revoked')
  assert.match(
    membershipFault(admin.ledger.state(), keys.laptop.id, START_MS) ?? '',
    /revoked in Acme: stolen/
  )
})

test('a revocation outweighs a suspension that is lifted', () => {
  const { admin, second, keys } = cast()
  admin.suspend(keys.laptop)
  second.revoke(keys.laptop)
  meet(admin, second)
  admin.enrol(keys.laptop)
  assert.equal(admin.standingOf(keys.laptop), 'revoked')
})

test('a device describes itself where its role may; another only from a better rank', () => {
  const roles = new Map(DEFAULT_ROLES)
  roles.set('device', ['dataset.publish', 'device.update', 'note'])
  const { admin, laptop, desktop, keys } = cast({
    roles,
    ranks: new Map([...roles.keys()].map((name, index) => [name, index + 1]))
  })
  const own = laptop.update(keys.laptop)
  const foreign = desktop.update(keys.laptop)
  meet(admin, laptop, desktop)
  assert.equal(admin.says(own), 'device')
  assert.equal(admin.says(foreign), 'outranked')
  assert.equal(admin.ledger.state().devices.get(keys.laptop.id)?.enrolment?.kind, 'desktop')
  // A new enrolment describes it anew.
  admin.enrol(keys.laptop)
  assert.equal(admin.ledger.state().devices.get(keys.laptop.id)?.enrolment?.kind, 'server')
  assert.equal(admin.says(admin.update(keys.laptop)), 'admin')
  assert.equal(admin.ledger.state().devices.get(keys.laptop.id)?.enrolment?.kind, 'desktop')
})

test('by the default roles only admins describe devices', () => {
  const { admin, laptop, keys } = cast()
  const own = laptop.update(keys.laptop)
  admin.learn(laptop)
  assert.equal(admin.says(own), 'not-authorised')
})

test('a key can be revoked before anybody enrols it', () => {
  const { admin, second } = cast()
  const stranger = keyNamed('stranger')
  admin.revoke(stranger)
  second.enrol(stranger)
  meet(admin, second)
  assert.equal(admin.standingOf(stranger), 'revoked')
})

test('a role of a worse rank than that of devices protects its holder no less than having none', () => {
  const roles = new Map([...DEFAULT_ROLES, ['device', ['device.suspend', 'note']]])
  const ranks = new Map([...DEFAULT_RANKS, ['device', 3], ['publisher', 4]])
  const { admin, laptop } = cast({ roles, ranks })
  const stranger = keyNamed('stranger')
  const said = laptop.suspend(stranger)
  meet(admin, laptop)
  assert.equal(admin.says(said), 'outranked')
  admin.grantRole(stranger, 'publisher')
  assert.equal(admin.says(said), 'outranked')
})
