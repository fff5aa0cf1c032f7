import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OperationContent } from '../operation/operation-content.ts'
import { classOf, mayRead } from './access.ts'
import { type Actor, cast } from './governance-fixture.conformance.ts'
import { mayHold } from './holding.ts'
import { START_MS, type TestKey, versionNamed } from './org-fixture.conformance.ts'
import { sharesOf } from './shares.ts'

const ONE = versionNamed('one')
const SHARES = ['s0', 's1', 's2'].map(versionNamed)
const FIRST = versionNamed('s0')

const cut = (name = 'set', shares = SHARES, data = 2, version = ONE): OperationContent => ({
  ...{ type: 'dataset.shares', name, version, data, unitBytes: 65_536, shares, files: 3, bytes: 100 }
})
const word = (
  actor: Actor,
  device: TestKey,
  version = FIRST,
  ask: typeof mayRead | typeof mayHold = mayRead
) => {
  const decision = ask(actor.ledger.state(), device.id, version, START_MS)
  return decision.allowed ? 'allowed' : decision.reason
}
const setsOf = ({ ledger }: Actor) => ledger.state().datasets.get('set')?.versions[0]?.shares ?? []

/** A set of a laptop, confidential, cut into shares. */
function scene() {
  const company = cast()
  const { admin, laptop } = company
  laptop.learn(admin)
  laptop.publishAs('confidential', 'set', 'one')
  laptop.write(cut())
  admin.learn(laptop)
  return company
}

describe('shares of a version', () => {
  test('are unknown until they are said to be shares, and then had by who may have the version', () => {
    const { admin, keys } = scene()
    assert.equal(word(admin, keys.laptop, versionNamed('s9')), 'unknown')
    for (const ask of [mayRead, mayHold]) {
      assert.equal(word(admin, keys.laptop, FIRST, ask), 'allowed')
      assert.equal(word(admin, keys.desktop, FIRST, ask), 'needs-grant')
    }
    assert.equal(classOf(admin.ledger.state(), FIRST), 'confidential')
    assert.deepEqual(sharesOf(admin.ledger.state(), ONE), new Set(SHARES))
  })

  test('of one number of data and parity the last counts, of others all stay', () => {
    const { laptop } = scene()
    laptop.write(cut('set', [...SHARES, versionNamed('s3')]))
    laptop.write(cut('set', SHARES.toReversed()))
    assert.deepEqual(
      setsOf(laptop).map(({ shares }) => shares),
      [[...SHARES, versionNamed('s3')], SHARES.toReversed()]
    )
    assert.equal(word(laptop, laptop.key, versionNamed('s3')), 'allowed')
  })

  test('are denied with the version, whatever denies it', () => {
    for (const content of [
      { type: 'content.quarantine', version: ONE, reason: null },
      { type: 'content.recall', version: ONE, reason: null },
      { type: 'dataset.retire', name: 'set', version: ONE }
    ] as const) {
      const { admin, laptop } = scene()
      assert.equal(word(admin, laptop.key), 'allowed')
      admin.write(content)
      assert.equal(word(admin, laptop.key), word(admin, laptop.key, ONE), content.type)
      assert.notEqual(word(admin, laptop.key), 'allowed', content.type)
    }
  })

  test('nobody opens to itself what is published by calling it a share', () => {
    const { admin, desktop, laptop, keys } = scene()
    desktop.learn(admin)
    desktop.publishAs('public', 'mine', 'two')
    desktop.write(cut('mine', [ONE, versionNamed('x'), versionNamed('y')], 2, versionNamed('two')))
    for (const actor of [admin, laptop]) {
      actor.learn(desktop)
      assert.equal(word(actor, keys.desktop, ONE), 'needs-grant')
      assert.equal(word(actor, keys.laptop, ONE), 'allowed')
    }
  })

  test('nor closes what admins published: their word alone counts', () => {
    const { admin, desktop, keys } = cast()
    admin.publishAs('public', 'release', 'one')
    desktop.learn(admin)
    desktop.publishAs('restricted', 'mine', 'two')
    desktop.write(cut('mine', [ONE, versionNamed('x'), versionNamed('y')], 2, versionNamed('two')))
    admin.learn(desktop)
    admin.write({ type: 'content.recall', version: versionNamed('two'), reason: null })
    assert.equal(word(admin, keys.laptop, versionNamed('x')), 'recalled')
    assert.equal(word(admin, keys.laptop, ONE), 'allowed')
  })

  test('are said by the owner of the name alone', () => {
    const { admin, desktop } = scene()
    desktop.learn(admin)
    const foreign = desktop.write(cut('set', ['a', 'b', 'c'].map(versionNamed)))
    admin.learn(desktop)
    assert.equal(admin.ledger.state().inert.get(foreign.id)?.reason, 'name-taken')
    assert.deepEqual(setsOf(admin)[0]?.shares, SHARES)
  })
})
