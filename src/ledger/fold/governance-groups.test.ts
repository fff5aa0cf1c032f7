import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '../operation/operation.ts'
import { mayRead, nextExpiryMs } from './access.ts'
import { cast, meet, toDevice, toGroup } from './governance-fixture.conformance.ts'
import { keyNamed, versionNamed } from './org-fixture.conformance.ts'
import { isInGroup, type State } from './state.ts'

const namesIn = (state: State, { id }: Operation): string[] =>
  ['admin', 'second', 'laptop', 'desktop'].filter(name =>
    state.groups.get(id)?.devices.has(keyNamed(name).id)
  )
const grantsIn = (state: State, ...grants: readonly Operation[]): string =>
  grants.map(({ id }) => (state.grants.has(id) ? '+' : '-')).join('')

test('a group is the operation that made it: equal names are two groups', () => {
  const { admin, keys } = cast()
  const [one, other] = [admin.createGroup('radiology'), admin.createGroup('radiology')]
  admin.addTo(one, keys.laptop)
  const state = admin.ledger.state()
  assert.deepEqual([namesIn(state, one), namesIn(state, other)], [['laptop'], []])
  assert.equal(state.groups.get(other.id)?.name, 'radiology')
})

test('of an addition and a removal that do not know of each other the removal wins', () => {
  const { admin, second, keys } = cast()
  const group = admin.createGroup('radiology')
  admin.addTo(group, keys.laptop)
  admin.addTo(group, keys.desktop)
  second.learn(admin)
  second.removeFrom(group, keys.laptop)
  admin.addTo(group, keys.laptop)
  meet(admin, second)
  assert.deepEqual(namesIn(admin.ledger.state(), group), ['desktop'])
  second.addTo(group, keys.laptop)
  meet(admin, second)
  for (const actor of [admin, second])
    assert.deepEqual(namesIn(actor.ledger.state(), group), ['laptop', 'desktop'])
})

test('additions to a group count once the group is there, and groups are for who has the role', () => {
  const { admin, second, laptop, keys } = cast()
  const group = admin.createGroup('radiology')
  const early = second.write({ type: 'group.add', group: group.id, device: keys.laptop.id })
  assert.equal(second.says(early), 'admin')
  assert.equal(second.ledger.state().groups.get(group.id), undefined)
  second.learn(admin)
  assert.deepEqual(namesIn(second.ledger.state(), group), ['laptop'])
  laptop.learn(second)
  const said = [
    laptop.createGroup('mine'),
    laptop.addTo(group, keys.desktop),
    laptop.removeFrom(group, keys.laptop)
  ]
  for (const operation of said) assert.equal(laptop.says(operation), 'not-authorised', operation.type)
  assert.deepEqual(namesIn(laptop.ledger.state(), group), ['laptop'])
})

test('a grant is taken by a revocation of its scope, or of whatever the grantee had, and by no other', () => {
  const { admin, keys } = cast()
  const to = toDevice(keys.laptop)
  const grants = [
    admin.grantAccess(to, { kind: 'name', name: 'scans/2031' }),
    admin.grantAccess(to, { kind: 'prefix', prefix: 'scans/' }),
    admin.grantAccess(to, { kind: 'label', label: 'ct' }),
    admin.grantAccess(to, { kind: 'all' }),
    admin.grantAccess(toDevice(keys.desktop), { kind: 'all' })
  ]
  const shown = () => grantsIn(admin.ledger.state(), ...grants)
  assert.equal(shown(), '+++++')
  admin.revokeAccess(to, { kind: 'prefix', prefix: 'scans/' })
  assert.equal(shown(), '+-+++')
  admin.revokeAccess(to, { kind: 'label', label: 'mr' })
  assert.equal(shown(), '+-+++')
  admin.revokeAccess(to, null)
  assert.equal(shown(), '----+')
  const again = admin.grantAccess(to, { kind: 'label', label: 'ct' })
  assert.equal(grantsIn(admin.ledger.state(), again), '+')
})

test('of a grant and a revocation that do not know of each other the revocation wins', () => {
  const { admin, second, keys } = cast()
  const to = toDevice(keys.laptop)
  const concurrent = admin.grantAccess(to, { kind: 'all' })
  second.revokeAccess(to, null)
  meet(admin, second)
  const knowing = second.grantAccess(to, { kind: 'all' })
  meet(admin, second)
  assert.equal(grantsIn(admin.ledger.state(), concurrent, knowing), '-+')
})

test('the owner of a dataset grants and takes access to it by name, and to nothing else', () => {
  const { admin, laptop, desktop, keys } = cast()
  laptop.publish('scans', 'one')
  const to = toDevice(keys.desktop)
  const name = { kind: 'name', name: 'scans' } as const
  const own = laptop.grantAccess(to, name)
  const refused = [
    laptop.grantAccess(to, { kind: 'prefix', prefix: 'scans/' }),
    laptop.grantAccess(to, { kind: 'all' }),
    laptop.grantAccess(to, { kind: 'name', name: 'other' }),
    laptop.revokeAccess(to, null)
  ]
  desktop.learn(laptop)
  const foreign = desktop.grantAccess(toDevice(keys.desktop), name)
  admin.learn(desktop)
  assert.equal(admin.says(own), 'owner')
  for (const said of [...refused, foreign]) assert.equal(admin.says(said), 'not-authorised')
  const revocation = laptop.revokeAccess(to, name)
  admin.learn(laptop)
  assert.equal(admin.says(revocation), 'owner')
  assert.equal(grantsIn(admin.ledger.state(), own), '-')
})

test("a dataset that the admins take over is no longer the device's to grant", () => {
  const { admin, laptop, keys } = cast()
  laptop.publish('scans', 'one')
  const grant = laptop.grantAccess(toDevice(keys.desktop), { kind: 'name', name: 'scans' })
  admin.learn(laptop)
  assert.equal(grantsIn(admin.ledger.state(), grant), '+')
  admin.publish('scans', 'two')
  assert.equal(admin.says(grant), 'not-authorised')
  assert.equal(grantsIn(admin.ledger.state(), grant), '-')
})

test('of the policies by who owns a dataset the last counts, and of others none', () => {
  const { admin, laptop, desktop, keys } = cast()
  for (const key of [keys.laptop, keys.desktop]) admin.grantRole(key, 'publisher')
  meet(admin, laptop, desktop)
  laptop.publish('scans', 'one')
  laptop.policy('scans', 'members', ['mr'])
  const last = laptop.policy('scans', 'granted', ['ct'])
  desktop.learn(laptop)
  const foreign = desktop.policy('scans', 'members')
  admin.learn(desktop)
  assert.equal(admin.says(foreign), 'name-taken')
  const { operation, ...policy } = admin.ledger.state().datasets.get('scans')?.policy ?? {
    operation: undefined
  }
  assert.equal(operation, last.id)
  assert.deepEqual(policy, { labels: ['ct'], access: 'granted' })
  // An admin overrules without owning.
  const byAdmin = admin.policy('scans', 'members')
  assert.equal(admin.ledger.state().datasets.get('scans')?.policy?.operation, byAdmin.id)
  assert.equal(admin.ledger.state().datasets.get('scans')?.owner, keys.laptop.id)
})

test('a place in a group ends when it says, and so does what the group may read', () => {
  const { admin, keys } = cast()
  const group = admin.createGroup('radiology')
  const endMs = admin.nowMs + 60 * 60_000
  admin.addTo(group, keys.laptop, { expiresMs: endMs })
  admin.addTo(group, keys.laptop, { expiresMs: endMs - 1000 })
  admin.publishAs('restricted', 'scans', 'one')
  admin.grantAccess(toGroup(group), { kind: 'name', name: 'scans' })
  const reads = (nowMs: number) => {
    const state = admin.ledger.state()
    const device = keys.laptop.id
    assert.equal(
      mayRead(state, device, versionNamed('one'), nowMs).allowed,
      isInGroup(state, { group: group.id, device, nowMs })
    )
    return isInGroup(state, { group: group.id, device, nowMs })
  }
  assert.deepEqual([reads(endMs - 1), reads(endMs)], [true, false])
  assert.equal(nextExpiryMs(admin.ledger.state(), endMs - 1), endMs)
  admin.addTo(group, keys.laptop)
  assert.ok(reads(endMs))
})
