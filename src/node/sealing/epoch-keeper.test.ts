import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import type { OperationId } from '../../base/ids.ts'
import { decodeHeader } from '../../content/sealing/age-header.ts'
import { meet, toGroup } from '../../ledger/fold/governance-fixture.conformance.ts'
import { createEpochRecord } from '../../ledger/sealing/epoch-record.ts'
import { wrapEnvelope } from '../../store/sealing/envelope.ts'
import { sha256 } from '../../store/sha256.ts'
import { epochKey } from './epoch-keeper.ts'
import { exchange, FILE_KEY, keysOf, library, ONE, type Station } from './sealing-station.conformance.ts'

/** A group that is granted the version, of laptop, which published it, and desktop, which reads it by that alone. */
async function granted() {
  const stations = library()
  const { admin, second, laptop, desktop, keys } = stations
  const group = admin.actor.createGroup('clerks')
  admin.actor.grantAccess(toGroup(group), { kind: 'name', name: 'set' })
  for (const key of [keys.laptop, keys.desktop]) admin.actor.addTo(group, key)
  const all = [admin, second, laptop, desktop]
  const share = () => {
    meet(...all.map(({ actor }) => actor))
    for (const from of all) for (const to of all) if (from !== to) exchange(from, to)
  }
  share()
  /** By whoever is asked, whosever turn it is. */
  const begin = async (by: Station) => {
    await underAnyTurn(() => by.epochs.upkeep())
    share()
  }
  const wrap = (by: Station) => {
    by.keeper.wrap(ONE)
    share()
  }
  return { ...stations, group, share, begin, wrap, members: () => membersOf(admin, group.id) }
}

/** Those before in the order have had their time. */
async function underAnyTurn(work: () => Promise<void>): Promise<void> {
  const { now } = Date
  await work()
  Date.now = () => now() + 10_000
  try {
    await work()
  } finally {
    Date.now = now
  }
}

function membersOf({ actor, epochShelf }: Station, group: OperationId): string[] {
  const current = actor.ledger.state().groups.get(group)?.epochs.at(-1)
  return [...((current && epochShelf.membersOf(current.recipient)?.keys()) ?? [])].sort()
}

const epochsOf = ({ actor }: Station, group: OperationId) =>
  actor.ledger.state().groups.get(group)?.epochs ?? []

/** Kinds of the stanzas of what a device wrapped. */
function stanzasOf({ shelf, key }: Station): string[] {
  const record = shelf.recordsOf(ONE).find(({ author }) => author === key.id)
  const header = decodeHeader(record?.envelope ?? assert.fail('a record'))
  assert.ok(typeof header !== 'string')
  return header.stanzas.map(({ args }) => args[0] ?? '')
}

describe('a key epoch of a group', () => {
  test('is begun by who may, stands for all members in an envelope, and opens for each', async () => {
    const { admin, laptop, desktop, group, begin, wrap, members, keys } = await granted()
    await laptop.epochs.upkeep()
    assert.equal(epochsOf(laptop, group.id).length, 0, 'laptop may not')
    await begin(admin)
    assert.deepEqual(members(), [keys.laptop.id, keys.desktop.id].sort())
    wrap(laptop)
    // Admins and the publisher have places of their own; desktop has none.
    assert.deepEqual(stanzasOf(laptop).sort(), ['X25519', 'X25519', 'X25519', 'peerage-epoch'])
    assert.deepEqual(keysOf(desktop), [1])
    const [epoch] = epochsOf(desktop, group.id)
    assert.ok(epoch && desktop.epochs.keyOf(epoch.recipient))
    assert.equal(admin.epochs.keyOf(epoch.recipient), undefined, 'who began it keeps no key')
    await begin(admin)
    assert.equal(epochsOf(admin, group.id).length, 1, 'nothing is due')
  })

  test('is not sealed to once a member has left, and who left can not open the next', async () => {
    const { admin, laptop, desktop, group, begin, wrap, share, keys } = await granted()
    await begin(admin)
    wrap(laptop)
    admin.actor.removeFrom(group, keys.desktop)
    laptop.actor.learn(admin.actor)
    // Before anybody has begun another.
    laptop.keeper.wrap(ONE, { endsOthers: true })
    assert.equal(stanzasOf(laptop).includes('peerage-epoch'), false)
    share()
    assert.deepEqual(keysOf(desktop), [])
    admin.actor.addTo(group, keys.second)
    share()
    await begin(admin)
    assert.equal(epochsOf(desktop, group.id).length, 2)
    const current = epochsOf(desktop, group.id).at(-1) ?? assert.fail('an epoch')
    // It has every record of it, and can do nothing with them.
    assert.equal(desktop.epochShelf.isWhole(current.recipient), true)
    assert.equal(desktop.epochs.keyOf(current.recipient), undefined)
    wrap(laptop)
    assert.ok(stanzasOf(laptop).includes('peerage-epoch'))
    assert.deepEqual(keysOf(desktop), [])
  })

  test('is not sealed to when a member has said another key since', async () => {
    const { admin, laptop, desktop, begin, wrap, share, group } = await granted()
    await begin(admin)
    wrap(laptop)
    const other = epochKey(new Uint8Array(16).fill(9)).publicKey
    desktop.actor.write({ type: 'device.sealing', device: desktop.key.id, recipient: other })
    share()
    wrap(laptop)
    assert.equal(stanzasOf(laptop).includes('peerage-epoch'), false)
    await begin(admin)
    assert.equal(epochsOf(admin, group.id).length, 2)
    wrap(laptop)
    assert.ok(stanzasOf(laptop).includes('peerage-epoch'))
  })

  test('that two begin at once is one in the end, and what was sealed to the other goes on opening', async () => {
    const { admin, second, laptop, desktop, group, share, wrap } = await granted()
    await Promise.all([underAnyTurn(() => admin.epochs.upkeep()), underAnyTurn(() => second.epochs.upkeep())])
    share()
    assert.equal(epochsOf(admin, group.id).length, 2)
    const current = [admin, second, laptop, desktop].map(({ epochShelf }) =>
      epochShelf.known().map(({ recipient }) => toHex(recipient))
    )
    assert.equal(new Set(current.map(each => each.join())).size, 1)
    wrap(laptop)
    assert.deepEqual(keysOf(desktop), [1])
    for (const { recipient } of epochsOf(desktop, group.id)) assert.ok(desktop.epochs.keyOf(recipient))
  })

  test('whoever joins is wrapped for alone until there are many', async () => {
    const { admin, second, laptop, begin, wrap, share, group, keys, members } = await granted()
    await begin(admin)
    admin.actor.addTo(group, keys.second)
    share()
    await begin(admin)
    assert.equal(epochsOf(admin, group.id).length, 1)
    assert.equal(members().includes(keys.second.id), false)
    wrap(laptop)
    assert.deepEqual(keysOf(second), [1])
  })

  test('of which a crash left records and no operation is forgotten, and begun anew', async () => {
    const { admin, group, begin } = await granted()
    const recipient = epochKey(new Uint8Array(16)).publicKey
    const left = createEpochRecord(
      {
        ...{
          org: admin.actor.ledger.state().org,
          group: group.id,
          recipient,
          author: admin.key.id,
          part: 0,
          parts: 1
        },
        members: [{ device: admin.key.id, recipient: admin.sealingKey.publicKey }],
        envelope: wrapEnvelope(FILE_KEY, [admin.sealingKey.publicKey])
      },
      { sign: admin.key.sign, sha256 }
    )
    assert.equal(admin.epochShelf.put(left), 'taken')
    assert.equal(admin.openEpochShelf().partsOf(recipient).length, 1)
    await begin(admin)
    assert.deepEqual(admin.openEpochShelf().partsOf(recipient), [])
    assert.equal(epochsOf(admin, group.id).length, 1)
    assert.equal(admin.openEpochShelf().known().length, 1)
  })

  test('is believed of who began it alone: a member that has its key makes nobody take it for clean', async () => {
    const { admin, laptop, desktop, group, begin, share, keys } = await granted()
    await begin(admin)
    const [epoch] = epochsOf(admin, group.id)
    assert.ok(epoch)
    // It leaves itself out of the list, and would be sealed to after it left.
    const forged = createEpochRecord(
      {
        ...{
          org: admin.actor.ledger.state().org,
          group: group.id,
          recipient: epoch.recipient,
          part: 0,
          parts: 1
        },
        ...{
          author: desktop.key.id,
          members: [{ device: keys.laptop.id, recipient: laptop.sealingKey.publicKey }]
        },
        envelope: wrapEnvelope(FILE_KEY, [laptop.sealingKey.publicKey])
      },
      { sign: desktop.key.sign, sha256 }
    )
    assert.equal(laptop.epochShelf.take(forged.record), 'unauthorised')
    share()
    assert.equal(laptop.epochShelf.membersOf(epoch.recipient)?.size, 2)
  })
})
