import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { versionNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import {
  exchange,
  FILE_KEY,
  GARBAGE,
  keysOf,
  library,
  ONE,
  versionOf
} from './sealing-station.conformance.ts'

describe('envelopes that a device keeps', () => {
  test('outlast one that ends all others and opens nothing, and are written anew', async () => {
    const { laptop, admin, second } = library()
    assert.deepEqual([keysOf(laptop), keysOf(admin), keysOf(second)], [[1], [1], [1]])
    await admin.keeper.upkeep()
    // An admin that went bad.
    const rogue = second.forge(GARBAGE, [second.sealingKey.publicKey], 1000)
    for (const each of [laptop, admin]) {
      assert.equal(each.shelf.take(rogue), 'taken')
      assert.equal(each.shelf.recordsOf(ONE).length, 1)
      assert.deepEqual(keysOf(each), [1], 'it has the key for itself')
      assert.deepEqual(
        each
          .open()
          .keysOf(ONE)
          .map(key => key[0]),
        [1],
        'after the next start too'
      )
    }
    await laptop.keeper.upkeep()
    assert.equal(laptop.shelf.recordsOf(ONE).length, 2)
    const third = library().admin
    exchange(laptop, third)
    assert.deepEqual(keysOf(third), [1])
  })

  test('with a wrong key are not wrapped on, where what the version is made of is known', () => {
    const { laptop, admin, second } = library()
    const wrong = second.forge(GARBAGE, [admin.sealingKey.publicKey], 1000)
    admin.shelf.take(wrong)
    assert.deepEqual(keysOf(admin), [2])
    admin.keeper.wrap(ONE)
    admin.known.set(ONE, versionOf(FILE_KEY))
    assert.deepEqual(keysOf(admin), [], 'a key that opens nothing is none')
    laptop.shelf.take(wrong)
    laptop.keeper.wrap(ONE)
    exchange(laptop, admin)
    assert.deepEqual(keysOf(admin), [1])
    // Its own word is put right, and no longer hands the wrong key on.
    admin.keeper.wrap(ONE)
    second.known.set(ONE, versionOf(FILE_KEY))
    exchange(admin, second)
    assert.deepEqual(keysOf(second), [1])
    assert.deepEqual(
      admin
        .open()
        .keysOf(ONE)
        .map(key => key[0]),
      [1]
    )
  })

  test('carry the highest floor on, so that what a rekey ended does not come back', () => {
    const { laptop, admin, second, desktop, keys } = library()
    const grant = { kind: 'name', name: 'set' } as const
    admin.actor.grantAccess({ kind: 'device', device: keys.desktop.id }, grant)
    for (const each of [laptop, second, desktop]) each.actor.learn(admin.actor)
    second.keeper.wrap(ONE)
    const old = second.shelf.recordsOf(ONE)[0]?.record ?? assert.fail('a record')
    admin.shelf.take(old)
    assert.equal(desktop.shelf.take(old), 'taken')
    assert.deepEqual(keysOf(desktop), [1])
    admin.actor.revokeAccess({ kind: 'device', device: keys.desktop.id }, grant)
    laptop.actor.learn(admin.actor)
    admin.keeper.wrap(ONE, { endsOthers: true })
    exchange(admin, laptop)
    laptop.keeper.wrap(ONE)
    // Who hears of the publisher's word alone still knows what the admin ended.
    const newcomer = admin.emptyShelf()
    const later = laptop.shelf.recordsOf(ONE).find(({ author }) => author === keys.laptop.id)
    assert.equal(newcomer.take(later?.record ?? assert.fail('a record')), 'taken')
    for (const shelf of [laptop.shelf, admin.shelf, newcomer]) assert.equal(shelf.take(old), 'older')
  })

  test('of what was never published go, and nothing else', () => {
    const { laptop } = library()
    laptop.keeper.keep(versionNamed('two'), GARBAGE)
    const blobs = () => laptop.records.listBlobs('envelope').length
    const before = blobs()
    laptop.keeper.forgetUnpublished()
    assert.equal(laptop.shelf.has(versionNamed('two')), false)
    assert.ok(blobs() < before)
    assert.deepEqual(keysOf(laptop), [1])
    assert.equal(laptop.shelf.has(ONE), true)
  })
})
