import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Actor, cast, meet } from './governance-fixture.conformance.ts'
import { versionNamed } from './org-fixture.conformance.ts'

const URL_ONE = 'https://mirror.example/one/'
const URL_TWO = 'https://mirror.example/two/'

const name = (actor: Actor, dataset: string, url: string | null, version = 'one') =>
  actor.write({ type: 'dataset.origin', name: dataset, version: versionNamed(version), url })
const origins = (actor: Actor, dataset = 'tool') =>
  actor.ledger
    .state()
    .datasets.get(dataset)
    ?.versions.map(({ origin }) => origin)

test('an owner who may names an origin, another in its place, and none', () => {
  const { admin, laptop } = cast()
  admin.publish('tool', 'one')
  admin.publish('tool', 'two')
  name(admin, 'tool', URL_ONE)
  assert.deepEqual(origins(admin), [URL_ONE, undefined])
  name(admin, 'tool', URL_TWO)
  laptop.learn(admin)
  assert.deepEqual(origins(laptop), [URL_TWO, undefined])
  name(admin, 'tool', null)
  laptop.learn(admin)
  assert.deepEqual(origins(laptop), [undefined, undefined])
})

test('a plain member names no origin; nor a publisher for another’s dataset', () => {
  const { admin, laptop, desktop } = cast()
  laptop.publish('tool', 'one')
  const early = name(laptop, 'tool', URL_ONE)
  meet(admin, laptop, desktop)
  assert.deepEqual(origins(admin), [undefined])
  assert.equal(admin.ledger.verdict(early.id)?.inForce, false)
  admin.grantRole(desktop.key, 'publisher')
  meet(admin, laptop, desktop)
  const foreign = name(desktop, 'tool', URL_TWO)
  meet(admin, laptop, desktop)
  assert.deepEqual(origins(laptop), [undefined])
  assert.equal(laptop.ledger.state().inert.get(foreign.id)?.reason, 'name-taken')
  admin.grantRole(laptop.key, 'publisher')
  meet(admin, laptop, desktop)
  name(laptop, 'tool', URL_ONE)
  meet(admin, laptop, desktop)
  assert.deepEqual(origins(desktop), [URL_ONE])
})

test('who loses the role leaves no origin behind that it named after', () => {
  const { admin, laptop } = cast()
  admin.grantRole(laptop.key, 'publisher')
  laptop.learn(admin)
  laptop.publish('tool', 'one')
  const before = name(laptop, 'tool', URL_ONE)
  admin.learn(laptop)
  admin.revokeRole(laptop.key, 'publisher')
  const after = name(laptop, 'tool', URL_TWO)
  admin.learn(laptop)
  assert.equal(admin.ledger.verdict(after.id)?.inForce, false)
  assert.equal(admin.ledger.verdict(before.id)?.inForce, true)
  assert.deepEqual(origins(admin), [URL_ONE])
})
