import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idBytes, type VersionId } from '../../base/ids.ts'
import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import type { Version } from '../../content/version.ts'
import { type Actor, cast, meet } from '../../ledger/fold/governance-fixture.conformance.ts'
import { publication, type TestKey, versionNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import { createEnvelopeRecord } from '../../ledger/sealing/envelope-record.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { wrapEnvelope } from '../../store/sealing/envelope.ts'
import { hkdf } from '../../store/sealing/openssl-ciphers.ts'
import { X25519Key } from '../../store/sealing/x25519.ts'
import { sha256 } from '../../store/sha256.ts'
import { SILENT_LOG } from '../log.ts'
import { EnvelopeKeeper } from './envelope-keeper.ts'
import { EnvelopeShelf } from './envelope-shelf.ts'

const ONE = versionNamed('one')
const FILE_KEY = new Uint8Array(16).fill(1)
const GARBAGE = new Uint8Array(16).fill(2)

/** A device with a shelf and a keeper, that has said its key. */
function station(actor: Actor, key: TestKey) {
  const sealingKey = new X25519Key(sha256(idBytes(key.id)))
  actor.write({ type: 'device.sealing', device: key.id, recipient: sealingKey.publicKey })
  const state = () => actor.ledger.state()
  const records = new MemoryRecords()
  const shelf = new EnvelopeShelf({ records, state, log: SILENT_LOG })
  const emptyShelf = () => new EnvelopeShelf({ records: new MemoryRecords(), state, log: SILENT_LOG })
  const known = new Map<VersionId, Version>()
  const open = () =>
    new EnvelopeKeeper({
      ...{ org: state().org, key, sealingKey, state, records, shelf, log: SILENT_LOG },
      versionOf: version => known.get(version),
      onMade: () => undefined
    })
  /** What any program could write of its own. */
  const forge = (fileKey: Uint8Array, recipients: readonly Uint8Array[], aheadMs: number) =>
    createEnvelopeRecord(
      {
        ...{ org: state().org, version: ONE, author: key.id, timeMs: Date.now() + aheadMs },
        ...{ floorMs: Date.now() + aheadMs, envelope: wrapEnvelope(fileKey, recipients) }
      },
      { sign: key.sign, sha256 }
    ).record
  return { actor, shelf, emptyShelf, records, sealingKey, known, open, forge, keeper: open() }
}

type Station = ReturnType<typeof station>

/** As exchanges do. */
function exchange(from: Station, to: Station): void {
  for (const { record } of from.shelf.recordsOf(ONE)) to.shelf.take(record)
}

function library() {
  const { admin, second, laptop, desktop, keys } = cast()
  const stations = {
    admin: station(admin, keys.admin),
    second: station(second, keys.second),
    laptop: station(laptop, keys.laptop),
    desktop: station(desktop, keys.desktop)
  }
  stations.laptop.keeper.keep(ONE, FILE_KEY)
  laptop.write({ ...publication('set', 'one'), class: 'confidential', sealed: true } as OperationContent)
  meet(admin, second, laptop, desktop)
  stations.laptop.keeper.wrap(ONE)
  for (const each of [stations.admin, stations.second]) exchange(stations.laptop, each)
  return { ...stations, keys }
}

const keysOf = ({ keeper }: Station) => keeper.keysOf(ONE).map(key => key[0])
/** A version whose manifest a file key opens. */
const versionOf = (fileKey: Uint8Array) =>
  ({ files: [{ path: ['ab'.repeat(16)] }, { path: [manifestNameOf(fileKey, hkdf)] }] }) as unknown as Version

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
