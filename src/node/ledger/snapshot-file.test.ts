import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import { orgIdOf, type Root } from '../../ledger/chain/root.ts'
import { rootAfter } from '../../ledger/chain/root-fixture.conformance.ts'
import { feedKey } from '../../ledger/fold/feed.ts'
import {
  foundOrg,
  keyNamed,
  START_MS,
  signRaw,
  TestDevice
} from '../../ledger/fold/org-fixture.conformance.ts'
import { isMember, type State } from '../../ledger/fold/state.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import type { LedgerSnapshot } from '../../ledger/snapshot/snapshot.ts'
import type { Hello } from '../../ledger/sync/sync-messages.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { type Log, SILENT_LOG } from '../log.ts'
import { MemoryNetwork } from '../transport/memory-transport.ts'
import { saveRoots } from './kept-records.ts'
import { LedgerKeeper } from './ledger-keeper.ts'
import { LEDGER_FACE_TOPIC, LEDGER_TOPIC, LedgerSync } from './ledger-sync.ts'
import { SnapshotFile } from './snapshot-file.ts'

const HOUR_MS = 3_600_000
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

const [adminKey, otherAdmin, laptop, thief] = ['admin', 'other admin', 'laptop', 'thief'].map(keyNamed) as [
  ...ReturnType<typeof keyNamed>[]
] as [
  ReturnType<typeof keyNamed>,
  ReturnType<typeof keyNamed>,
  ReturnType<typeof keyNamed>,
  ReturnType<typeof keyNamed>
]

/** The home of a device of an org with an admin that writes what the device comes to hold. */
class Home {
  readonly founding: Root
  readonly admin: TestDevice
  readonly path: string
  readonly said: string[] = []
  records = new MemoryRecords()
  key = DeviceKey.fromSeed(laptop.seed)

  constructor(orgName = 'Acme') {
    this.founding = foundOrg([adminKey], { orgName })
    this.admin = new TestDevice(adminKey, this.founding)
    this.admin.enrol(adminKey)
    this.admin.enrol(laptop)
    this.admin.write({ ...this.admin.enrol(thief).content, type: 'device.enrol' } as never, {
      expiresMs: START_MS + HOUR_MS
    })
    for (let index = 0; index < 40; index++) this.admin.publish(`team/data-${index % 7}`, `${index}`)
    this.admin.write({ type: 'note', about: null, text: 'hello' })
    const folder = mkdtempSync(join(tmpdir(), 'peerage-snapshot-'))
    folders.push(folder)
    this.path = join(folder, 'ledger.snapshot')
    saveRoots(this.records, [this.founding])
    this.store(...this.admin.ledger.operations())
  }

  store(...operations: Operation[]): void {
    for (const operation of operations) {
      const { id, seq, record: bytes } = operation
      this.records.append([{ feed: feedKey(operation), seq, id, bytes }])
    }
  }

  open(): LedgerKeeper {
    const say = (_: object, message: string): number => this.said.push(message)
    const log = { debug: say, info: say, warn: say, error: say } as unknown as Log
    const snapshots = new SnapshotFile({ path: this.path, key: this.key, log })
    return new LedgerKeeper({ records: this.records, key: this.key, log, snapshots })
  }

  /** Started once and stopped in order. */
  async stopped(): Promise<this> {
    const keeper = this.open()
    await keeper.whole()
    await keeper.close()
    this.said.length = 0
    return this
  }

  /** The next root, which lets all that was said so far count. */
  succeed(): Root {
    const frontier = this.admin.ledger
      .frontierOf([adminKey.id])
      .map(({ author, incarnation, seq, operation: id }) => ({ author, incarnation, seq, id }))
    return rootAfter(this.founding, [adminKey], { frontier })
  }

  suspend(): Operation {
    const cutoffs = this.admin.ledger.cutoffsOf(thief.id)
    return this.admin.write({ type: 'device.suspend', device: thief.id, cutoffs, reason: 'stolen' })
  }
}

/** Of the root, which is the chain's, only that it is the same: its hash may be another kind of byte array. */
function assertSame(keeper: LedgerKeeper, { ledger }: TestDevice): void {
  assert.deepEqual({ ...keeper.state(), root: null }, { ...ledger.state(), root: null })
  const plain = ({ rootHash, digest, ...hello }: Hello) => ({
    ...hello,
    of: [toHex(rootHash), toHex(digest)]
  })
  assert.deepEqual(plain(keeper.hello()), plain(ledger.hello()))
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 3000 && !holds(); turn++) await new Promise(resolve => setTimeout(resolve, 5))
  assert.ok(holds())
}

const standing = (keeper: LedgerKeeper): string =>
  keeper.state().devices.get(thief.id)?.standing ?? 'stranger'

test('a node that stopped in order has its state at once, and the operations soon after', async () => {
  const home = await new Home().stopped()
  const file = readFileSync(home.path)
  const keeper = home.open()
  assert.equal(keeper.isWhole, false)
  assertSame(keeper, home.admin)
  assert.deepEqual(keeper.tips(), home.admin.ledger.tips())
  assert.equal(keeper.size, home.admin.ledger.size)
  await keeper.whole()
  assert.equal(keeper.isWhole, true)
  assertSame(keeper, home.admin)
  assert.deepEqual([...keeper.ledger.operations()], [...home.admin.ledger.operations()])
  await keeper.close()
  assert.deepEqual(home.said, [])
  assert.deepEqual(readFileSync(home.path), file)
})

test('a snapshot has no clock: what ended meanwhile has ended', async () => {
  const home = await new Home().stopped()
  const state = home.open().state()
  for (const [nowMs, is] of [
    [START_MS, true],
    [START_MS + HOUR_MS, false],
    [START_MS - HOUR_MS, true]
  ] as const)
    assert.equal(isMember(state, thief.id, nowMs), is)
})

describe('a snapshot that is not of what is stored, or not whole, is as if there were none:', () => {
  interface Case {
    /** What happened to a home that stopped in order; the operations that count are the admin's. */
    readonly happens: (home: Home) => void | Promise<void>
    readonly says: RegExp
    readonly standing?: string
  }
  const flip = (home: Home, at: (length: number) => number): void => {
    const file = readFileSync(home.path)
    const index = at(file.length)
    file[index] = (file[index] as number) ^ 1
    writeFileSync(home.path, file)
  }
  const cases: Readonly<Record<string, Case>> = {
    'it is gone': { happens: home => rmSync(home.path), says: /there is none/ },
    'it is empty': { happens: home => writeFileSync(home.path, ''), says: /cut short or damaged/ },
    'it is cut short': {
      happens: home => writeFileSync(home.path, readFileSync(home.path).subarray(0, -1)),
      says: /cut short or damaged/
    },
    'it lost its last chunk': {
      happens: home => {
        const file = readFileSync(home.path)
        // The last chunk holds no inert operation but one, and is short.
        const at = file.lastIndexOf(Buffer.from([0x58])) // head of a byte string of up to 255 bytes
        writeFileSync(home.path, file.subarray(0, at))
      },
      says: /damaged/
    },
    'a bit of its head is flipped': {
      happens: home => flip(home, () => 40),
      says: /not signed by this device/
    },
    'a bit of its chunks is flipped': {
      happens: home => flip(home, length => length - 40),
      says: /it is damaged/
    },
    'it is no file': {
      happens: home => {
        rmSync(home.path)
        mkdirSync(home.path)
      },
      says: /EISDIR/
    },
    'another device wrote it': {
      happens: home => {
        home.key = DeviceKey.fromSeed(thief.seed)
      },
      says: /not signed by this device/
    },
    'it is of another org': {
      happens: async home => {
        const other = await new Home('Other').stopped()
        writeFileSync(home.path, readFileSync(other.path))
      },
      says: /of another org/
    },
    'a suspension was stored before a crash': {
      happens: home => home.store(home.suspend()),
      says: /of other operations/,
      standing: 'suspended'
    },
    'an older one was put back': {
      happens: async home => {
        const older = readFileSync(home.path)
        home.store(home.suspend())
        await home.stopped()
        writeFileSync(home.path, older)
      },
      says: /of other operations/,
      standing: 'suspended'
    },
    'the store was restored from a backup': {
      happens: async home => {
        const backup = home.records
        home.records = new MemoryRecords()
        for (const { key, bytes } of backup.listBlobs('')) home.records.putBlob(key, bytes)
        home.store(...home.admin.ledger.operations())
        const before = new TestDevice(adminKey, home.founding)
        before.ledger.add([...home.admin.ledger.operations()].map(({ record }) => record))
        home.store(home.suspend())
        await home.stopped()
        home.records = backup
        Object.assign(home, { admin: before })
      },
      says: /of other operations/
    },
    'it does not know the newest root': {
      happens: home => saveRoots(home.records, [home.succeed()]),
      says: /of other roots/
    }
  }
  for (const [what, { happens, says, standing: expected = 'member' }] of Object.entries(cases))
    test(what, async () => {
      const home = await new Home().stopped()
      await happens(home)
      const keeper = home.open()
      assert.equal(keeper.isWhole, true, 'every operation was read')
      assert.match(home.said.join('\n'), says)
      assert.equal(standing(keeper), expected)
      assert.equal(keeper.size, home.admin.ledger.size)
      const { devices } = keeper.state()
      assert.deepEqual(devices, home.admin.ledger.state().devices)
      await keeper.close()
    })

  test('other code made it', async () => {
    const home = await new Home().stopped()
    const snapshots = new SnapshotFile({ path: home.path, key: home.key, log: SILENT_LOG })
    const hash = new Uint8Array(32)
    const basis = { org: orgIdOf(home.founding), records: hash, roots: hash, rules: hash }
    const { ledger } = home.admin
    const { state, snapshot } = { state: ledger.state(), snapshot: snapshotOf(home.admin) }
    assert.equal(await snapshots.write(basis, snapshot), true)
    assert.deepEqual(snapshots.read(() => basis, ledger.chain)?.state, state)
    for (const [name, other] of Object.entries(basis)) {
      const changed = typeof other === 'string' ? orgIdOf(foundOrg([otherAdmin])) : hash.with(3, 1)
      assert.equal(
        snapshots.read(() => ({ ...basis, [name]: changed }), ledger.chain),
        undefined,
        name
      )
    }
  })
})

function snapshotOf({ ledger }: TestDevice): LedgerSnapshot {
  return {
    state: ledger.state(),
    operations: ledger.size,
    tips: ledger.tips(),
    digest: ledger.hello().digest
  }
}

test('a snapshot that says something else than the operations is found out and replaced', async () => {
  const home = await new Home().stopped()
  home.store(home.suspend())
  await home.stopped()
  const honest = readFileSync(home.path)
  // As a fold would that has a mistake, or a disk that lost what it had written.
  const devices = new Map(home.admin.ledger.state().devices)
  devices.set(thief.id, { ...(devices.get(thief.id) as never as object), standing: 'member' } as never)
  const state: State = { ...home.admin.ledger.state(), devices }
  const snapshots = new SnapshotFile({ path: home.path, key: home.key, log: SILENT_LOG })
  const write = snapshots.write.bind(snapshots)
  snapshots.write = (basis, snapshot, isStill) => write(basis, { ...snapshot, state }, isStill)
  rmSync(home.path)
  const lying = new LedgerKeeper({ records: home.records, key: home.key, log: SILENT_LOG, snapshots })
  await lying.close()
  const keeper = home.open()
  assert.equal(standing(keeper), 'member', 'the test has put something wrong there')
  const told: number[] = []
  keeper.on({ onAccepted: accepted => told.push(accepted.length) })
  await keeper.whole()
  assert.equal(standing(keeper), 'suspended')
  assert.deepEqual(told, [0], 'whoever enforces the state looks at it again')
  assert.match(home.said.join('\n'), /the snapshot of the ledger was wrong/)
  assert.equal(existsSync(home.path), false)
  await keeper.close()
  assert.deepEqual(readFileSync(home.path), honest)
})

describe('while operations are being loaded', () => {
  test('a revocation that a peer brings is in force at once, and is kept', async () => {
    const home = await new Home().stopped()
    const keeper = home.open()
    assert.equal(keeper.isWhole, false)
    const taken = keeper.takeAll([home.suspend().record])
    assert.equal(keeper.isWhole, true, 'nothing else is done before all are here')
    await taken
    assert.equal(standing(keeper), 'suspended')
    const records = home.records.scan().length
    assert.equal(records, home.admin.ledger.size)
    await keeper.close()
    assert.equal(standing(home.open()), 'suspended')
  })

  test('what takes nothing from anybody waits, and so does what no member signed', async () => {
    const home = await new Home().stopped()
    const keeper = home.open()
    const note = home.admin.write({ type: 'note', about: null, text: 'more' })
    const suspension = home.suspend()
    const forged = suspension.record.slice()
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
    const foreign = signRaw(keyNamed('stranger'), {})
    const waiting = keeper.takeAll([note.record, forged, foreign, new Uint8Array(3)])
    assert.equal(keeper.isWhole, false)
    assert.deepEqual(
      (await waiting).map(({ id }) => id),
      [note.id]
    )
    assert.equal(keeper.isWhole, true)
    assert.equal(standing(keeper), 'member')
    await keeper.close()
  })

  test('whoever signs, takes few records or roots, or asks for the ledger has the rest loaded', async () => {
    const home = await new Home().stopped()
    const uses: ((keeper: LedgerKeeper) => unknown)[] = [
      keeper => keeper.append({ type: 'note', about: null, text: 'mine' }),
      keeper => keeper.take([home.suspend().record]),
      keeper => keeper.takeRoots([home.succeed().record]),
      keeper => keeper.ledger
    ]
    for (const use of uses) {
      const keeper = home.open()
      assert.equal(keeper.isWhole, false)
      let whole = 0
      keeper.onWhole(() => whole++)
      use(keeper)
      assert.equal(keeper.isWhole, true)
      await keeper.whole()
      assert.equal(whole, 1)
      assert.equal(keeper.size, home.records.scan().length)
      await keeper.close()
    }
    const told = home.said.filter(message => !message.startsWith('ledger'))
    assert.deepEqual(told, [])
    assert.equal(standing(home.open()), 'suspended')
  })

  test('a node can stop, and whoever waits is told', async () => {
    const home = await new Home().stopped()
    const file = readFileSync(home.path)
    const keeper = home.open()
    const waiting = keeper.takeAll([home.admin.write({ type: 'note', about: null, text: 'late' }).record])
    await keeper.close()
    await assert.rejects(waiting, { code: 'INTERRUPTED' })
    assert.equal(standing(keeper), 'member', 'what is still asked is answered by the snapshot')
    assert.deepEqual(readFileSync(home.path), file)
    assert.equal(home.open().isWhole, false, 'it is as good as before')
  })

  for (const way of ['a gossip hint', 'a question'] as const)
    test(`a peer's suspension comes by ${way}`, async () => {
      const home = await new Home().stopped()
      const network = new MemoryNetwork()
      const records = new MemoryRecords()
      saveRoots(records, [home.founding])
      const admin = new LedgerKeeper({ records, key: DeviceKey.fromSeed(adminKey.seed), log: SILENT_LOG })
      const suspension = home.suspend()
      const known = [...home.admin.ledger.operations()].map(({ record }) => record)
      admin.take(way === 'a question' ? known : known.filter(record => record !== suspension.record))
      const keeper = home.open()
      const sides = [admin, keeper].map((each, index) => {
        const transport = network.create(index === 0 ? adminKey.id : laptop.id, [
          LEDGER_TOPIC,
          LEDGER_FACE_TOPIC
        ])
        transport.setGate(() => 'member')
        return { transport, sync: new LedgerSync({ transport, keeper: each, log: SILENT_LOG }) }
      })
      for (const { transport } of sides) await transport.start()
      const [from, to] = sides as [(typeof sides)[0], (typeof sides)[0]]
      const target = { device: adminKey.id, addresses: from.transport.addresses() }
      await to.transport.dial(target, new AbortController().signal)
      if (way === 'a gossip hint') admin.take([suspension.record])
      await until(() => standing(keeper) === 'suspended')
      for (const { transport, sync } of sides) {
        sync.close()
        await transport.stop()
      }
      await keeper.close()
    })
})

test('where no snapshot can be written the node goes on, and what was there before stays', async () => {
  const home = await new Home().stopped()
  const before = readFileSync(home.path)
  mkdirSync(`${home.path}.part`)
  home.store(home.suspend())
  const keeper = home.open()
  await keeper.close()
  assert.match(home.said.join('\n'), /can not keep a snapshot of the ledger: EISDIR/)
  assert.deepEqual(readFileSync(home.path), before)
  assert.equal(standing(home.open()), 'suspended')
})

test('what a crash left of a snapshot is written over', async () => {
  const home = new Home()
  writeFileSync(`${home.path}.part`, 'half of one')
  await home.stopped()
  assert.equal(existsSync(`${home.path}.part`), false)
  assert.equal(home.open().isWhole, false)
})

test('a snapshot is made while the node runs, once nothing came for a while', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const home = new Home()
  const keeper = home.open()
  keeper.take([home.suspend().record])
  t.mock.timers.tick(60_000)
  assert.equal(existsSync(home.path), false, 'something came just now')
  t.mock.timers.tick(60_000)
  await until(() => existsSync(home.path))
  const again = home.open()
  assert.equal(again.isWhole, false)
  assert.equal(standing(again), 'suspended')
  await again.close()
  await keeper.close()
})

test('a snapshot of a ledger that changes meanwhile is not written', async () => {
  const home = await new Home().stopped()
  const before = readFileSync(home.path)
  const snapshots = new SnapshotFile({ path: home.path, key: home.key, log: SILENT_LOG })
  const hash = new Uint8Array(32)
  const basis = { org: orgIdOf(home.founding), records: hash, roots: hash, rules: hash }
  const large = { ...snapshotOf(home.admin), tips: Array(200_000).fill(home.admin.ledger.tips()[0]) }
  assert.equal(await snapshots.write(basis, large, () => false), false)
  assert.deepEqual(readFileSync(home.path), before)
})

test('a store whose order was lost is loaded all the same', async () => {
  const home = new Home()
  const operations = [...home.admin.ledger.operations()]
  home.records = new MemoryRecords()
  saveRoots(home.records, [home.founding])
  home.store(...operations.toReversed())
  await home.stopped()
  const keeper = home.open()
  await keeper.whole()
  assert.equal(keeper.size, operations.length)
  assert.deepEqual(home.said, [])
  await keeper.close()
})
