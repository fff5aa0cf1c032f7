import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOperation } from '../operation/operation.ts'
import { mayRead } from './access.ts'
import { type Actor, cast, meet } from './governance-fixture.conformance.ts'
import { START_MS, sha256, type TestKey, versionNamed } from './org-fixture.conformance.ts'

function reading(actor: Actor, device: TestKey, version = 'one'): string {
  const decision = mayRead(actor.ledger.state(), device.id, versionNamed(version), START_MS)
  return decision.allowed ? decision.because : decision.reason
}

test('what is quarantined nobody reads, admins and owner included, until a release that knows of it', () => {
  const { admin, second, laptop, keys } = cast()
  laptop.publish('tool', 'one')
  meet(admin, second, laptop)
  assert.equal(reading(admin, keys.desktop), 'class')
  admin.quarantine('one')
  for (const key of Object.values(keys)) assert.equal(reading(admin, key), 'quarantined')
  second.release('one')
  meet(admin, second)
  assert.equal(reading(admin, keys.desktop), 'quarantined')
  second.release('one')
  meet(admin, second)
  assert.equal(reading(admin, keys.desktop), 'class')
})

test('of two quarantines a release lifts those that it knows', () => {
  const { admin, second, keys } = cast()
  admin.publish('tool', 'one')
  second.learn(admin)
  const first = admin.quarantine('one')
  const other = second.quarantine('one')
  admin.release('one')
  meet(admin, second)
  const standing = admin.ledger.state().content.get(versionNamed('one'))?.quarantines
  assert.deepEqual(
    standing?.map(({ operation }) => operation),
    [other.id]
  )
  assert.notEqual(first.id, other.id)
  second.release('one')
  admin.learn(second)
  assert.equal(reading(admin, keys.desktop), 'class')
  assert.equal(admin.ledger.state().content.get(versionNamed('one')), undefined)
})

test('what is recalled stays withdrawn: no release lifts it', () => {
  const { admin, keys } = cast()
  admin.publish('tool', 'one')
  admin.recall('one')
  admin.release('one')
  assert.equal(reading(admin, keys.desktop), 'recalled')
  admin.publish('tool', 'one')
  assert.equal(reading(admin, keys.desktop), 'recalled')
})

test('a publisher quarantines what stands under a name of its own, and releases nothing', () => {
  const { admin, laptop, desktop, keys } = cast()
  for (const key of [keys.laptop, keys.desktop]) admin.grantRole(key, 'publisher')
  meet(admin, laptop, desktop)
  laptop.publish('tool', 'one')
  meet(laptop, desktop)
  const foreign = desktop.quarantine('one')
  const own = laptop.quarantine('one')
  const release = laptop.release('one')
  const recall = laptop.recall('one')
  meet(admin, laptop, desktop)
  assert.equal(admin.says(foreign), 'not-owner')
  assert.equal(admin.says(own), 'publisher')
  for (const said of [release, recall]) assert.equal(admin.says(said), 'not-authorised')
  assert.equal(reading(admin, keys.desktop), 'quarantined')
})

test('nobody quarantines what others of its rank published, by publishing it too; of a worse rank it may', () => {
  const { admin, second, laptop, desktop, keys } = cast()
  for (const key of [keys.laptop, keys.desktop]) admin.grantRole(key, 'publisher')
  meet(admin, laptop, desktop)
  admin.publish('os', 'image')
  laptop.publish('tool', 'one')
  desktop.publish('mine', 'one')
  desktop.publish('mine', 'image')
  const [ofPeer, ofAdmin] = [desktop.quarantine('one'), desktop.quarantine('image')]
  meet(admin, second, laptop, desktop)
  for (const said of [ofPeer, ofAdmin]) assert.equal(admin.says(said), 'not-owner')
  assert.equal(reading(admin, keys.desktop), 'class')

  // And a device without the role does not keep a publisher from it by publishing the version under its own name.
  admin.revokeRole(keys.desktop, 'publisher')
  meet(admin, desktop)
  desktop.publish('mine', 'two')
  laptop.publish('tool', 'two')
  const own = laptop.quarantine('two')
  meet(admin, second, laptop, desktop)
  assert.equal(admin.says(own), 'publisher')
  second.grantRole(keys.desktop, 'publisher')
  meet(second, desktop)
  desktop.publish('mine', 'two')
  meet(admin, desktop)
  assert.equal(admin.says(own), 'not-owner')
})

test('by the base role nobody withdraws content', () => {
  const { admin, laptop, keys } = cast()
  laptop.publish('tool', 'one')
  const said = laptop.quarantine('one')
  admin.learn(laptop)
  assert.equal(admin.says(said), 'not-authorised')
  assert.equal(reading(admin, keys.desktop), 'class')
})

test('a quarantine stays in force on a forked feed, and a release does not', () => {
  const { admin, second, keys } = cast()
  admin.publish('tool', 'one')
  second.learn(admin)
  const content = { type: 'note', about: null, text: 'another history' } as const
  const branch = second.sign(content)
  const quarantine = second.quarantine('one')
  const release = second.release('one')
  assert.equal(reading(second, keys.desktop), 'class')
  second.ledger.add([branch.record])
  assert.deepEqual(
    [quarantine, release, branch].map(said => second.says(said)),
    ['admin', 'forked', 'forked']
  )
  assert.equal(reading(second, keys.desktop), 'quarantined')
})

test('a fork below what a device took leaves all of it taken', () => {
  const { admin, second, keys } = cast()
  const fork = createOperation(
    {
      ...second.sign({ type: 'note', about: null, text: 'first' }),
      content: { type: 'note', about: null, text: 'instead' },
      timeMs: START_MS,
      expiresMs: null
    },
    { sign: keys.second.sign, sha256 }
  )
  second.note('first')
  const suspension = second.suspend(keys.laptop)
  second.ledger.add([fork.record])
  admin.learn(second)
  assert.equal(admin.ledger.state().forks.size, 1)
  assert.equal(admin.says(suspension), 'admin')
  assert.equal(admin.standingOf(keys.laptop), 'suspended')
})
