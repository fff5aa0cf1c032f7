import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { createRootRecord, decodeRoot, foundingTerms, rootBytes } from '../../ledger/chain/root.ts'
import { ROOTS_ASIDE_MAX } from '../../ledger/chain/root-chain.ts'
import { chainOf, crowdedOut, recordAfter, rootAfter } from '../../ledger/chain/root-fixture.conformance.ts'
import { feedKey } from '../../ledger/fold/feed.ts'
import {
  foundOrg,
  keyNamed,
  rawEnvelope,
  START_MS,
  signRaw,
  TestDevice
} from '../../ledger/fold/org-fixture.conformance.ts'
import { membershipFault } from '../../ledger/fold/state.ts'
import type { ClockVerdict } from '../../ledger/freshness/freshness.ts'
import { Orphans } from '../../ledger/sync/orphans.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { saveRoots } from './kept-records.ts'
import { LedgerKeeper, verify } from './ledger-keeper.ts'

/** An org of one device, which is its admin. */
function foundedAlone() {
  const key = DeviceKey.generate()
  const founder = { key: key.id, sign: (message: Uint8Array) => key.sign(message) }
  const terms = foundingTerms({ orgName: 'Acme', admin: key.id, timeMs: START_MS })
  const root = decodeRoot(createRootRecord(terms, { signers: [founder], sha256 }), { verify, sha256 })
  assert.ok(root.ok)
  return { key, root: root.value }
}

test('a ledger whose feeds build on each other is read back whole, however little may wait', () => {
  const root = foundOrg([keyNamed('admin')])
  const admin = new TestDevice(keyNamed('admin'), root)
  const devices = ['b', 'c', 'd'].map(name => {
    const key = keyNamed(name)
    admin.enrol(key)
    return new TestDevice(key, root)
  })
  // Each publishes under the names of the others, so that every feed waits for every other again and again.
  for (let turn = 0; turn < 12; turn++)
    for (const device of [...devices, admin]) {
      for (const other of [...devices, admin]) if (other !== device) device.learn(other)
      device.publish(`name-${turn % 2}`, `${turn} ${device.id}`)
    }
  for (const device of devices) admin.learn(device)
  const records = new MemoryRecords()
  saveRoots(records, [root])
  for (const operation of admin.ledger.operations()) {
    const { id, seq, record } = operation
    records.append([{ feed: feedKey(operation), seq, id, bytes: record }])
  }
  for (const countMax of [1, 5, 10_000]) {
    const orphans = new Orphans({ countMax, bytesMax: 1e9 })
    const keeper = new LedgerKeeper({ records, key: DeviceKey.generate(), log: SILENT_LOG, orphans })
    assert.equal(keeper.ledger.size, admin.ledger.size, `${countMax} may wait`)
    assert.deepEqual([...keeper.ledger.hello().digest], [...admin.ledger.hello().digest])
  }
})

test('a device that was restored from a backup goes on in a new incarnation, once it sees what it had signed', () => {
  const { key, root } = foundedAlone()
  const note = (text: string) => ({ type: 'note', about: null, text }) as const
  const open = (records: MemoryRecords) => new LedgerKeeper({ records, key, log: SILENT_LOG })
  const records = new MemoryRecords()
  saveRoots(records, [root])
  const before = open(records)
  const first = before.append(note('first'))
  const backup = new MemoryRecords()
  saveRoots(backup, [root])
  backup.putBlob('incarnation', Buffer.from(before.incarnation))
  backup.append([{ feed: feedKey(first), seq: first.seq, id: first.id, bytes: first.record }])
  const lost = before.append(note('lost with the disk'))

  const restored = open(backup)
  assert.equal(restored.incarnation, before.incarnation)
  const again = restored.append(note('signed at the position of the lost one'))
  assert.equal(again.seq, lost.seq)
  restored.take([lost.record]) // a peer still had it
  assert.equal(restored.state().inert.get(again.id)?.reason, 'forked')
  const after = restored.append(note('in a new life'))
  assert.notEqual(after.incarnation, before.incarnation)
  assert.equal(restored.state().inert.get(after.id), undefined)
  assert.equal(restored.incarnation, after.incarnation)
  // And it is the same device to itself when it starts again.
  const reopened = open(backup)
  assert.equal(reopened.incarnation, after.incarnation)
  assert.equal(reopened.append(note('and on')).seq, 2)
})

test('under a clock that is known to be wrong nothing is signed that gives, and what takes is', () => {
  const key = DeviceKey.generate()
  const record = createRootRecord(foundingTerms({ orgName: 'Acme', admin: key.id, timeMs: Date.now() }), {
    signers: [{ key: key.id, sign: message => key.sign(message) }],
    sha256
  })
  const root = decodeRoot(record, { verify, sha256 })
  assert.ok(root.ok)
  const records = new MemoryRecords()
  saveRoots(records, [root.value])
  let clock: ClockVerdict = { kind: 'behind', offsetMs: 3_600_000 }
  const keeper = new LedgerKeeper({ records, key, log: SILENT_LOG, clock: () => clock })
  const note = { type: 'note', about: null, text: 'now' } as const
  assert.throws(() => keeper.append(note), {
    code: 'CLOCK_SKEWED',
    message:
      /^nothing was signed: the clock of this device is about 1 h 0 min behind by the org's beacons, at most 10 min 0 s is allowed for note; set the clock$/
  })
  assert.equal(keeper.ledger.size, 0)
  keeper.append({ type: 'device.suspend', device: keyNamed('stranger').id, cutoffs: [], reason: null })
  const next = { ...root.value, version: 2, prev: root.value.hash, orgName: 'Acme Ltd' }
  const bytes = rootBytes(next)
  keeper.append({ type: 'root.propose', hash: sha256(bytes), bytes })
  assert.equal(keeper.ledger.size, 2)
  clock = { kind: 'ok' }
  keeper.append(note)
  assert.equal(keeper.ledger.size, 3)
})

test('a home with more roots aside than others could make it take is opened again', () => {
  const admins = [keyNamed('a'), keyNamed('b')]
  const founding = foundOrg(admins)
  const grown = crowdedOut(founding, admins)
  const aside = grown.records().filter(root => grown.find(root.hash)?.contested)
  assert.ok(aside.length > ROOTS_ASIDE_MAX)
  const records = new MemoryRecords()
  saveRoots(records, grown.records())
  const { chain } = new LedgerKeeper({ records, key: DeviceKey.generate(), log: SILENT_LOG })
  const hashes = (of: typeof chain) => of.records().map(root => toHex(root.hash))
  assert.deepEqual(hashes(chain), hashes(grown))
})

test('a root record that is damaged is named', () => {
  const admins = [keyNamed('a'), keyNamed('b')]
  const founding = foundOrg(admins)
  const records = new MemoryRecords()
  saveRoots(records, [founding, rootAfter(founding, admins)])
  const second = records.listBlobs('root/00000002')[0]
  assert.ok(second)
  records.putBlob(second.key, second.bytes.slice(0, -1))
  const open = () => new LedgerKeeper({ records, key: DeviceKey.generate(), log: SILENT_LOG })
  assert.throws(open, { code: 'HOME_CORRUPT', message: new RegExp(`${second.key} in the index is damaged`) })
  records.putBlob('root/00000001', new Uint8Array(9))
  assert.throws(open, { code: 'HOME_CORRUPT', message: /root\/00000001 in the index is damaged/ })
})

test('an operation under a root that comes to be kept aside says so', () => {
  const admins = [keyNamed('a'), keyNamed('b')]
  const founding = foundOrg(admins)
  const records = new MemoryRecords()
  saveRoots(records, [founding])
  const keeper = new LedgerKeeper({ records, key: DeviceKey.generate(), log: SILENT_LOG })
  const [one, other, late] = [1, 2, 3]
    .map(index => rootAfter(founding, admins, { timeMs: founding.timeMs + index }))
    .sort((x, y) => (toHex(x.hash) < toHex(y.hash) ? -1 : 1)) as [
    typeof founding,
    typeof founding,
    typeof founding
  ]
  const behind = recordAfter(late, admins)
  const root = chainOf(founding, [late, behind]).head
  keeper.takeRoots([one.record, other.record, late.record])
  const envelope = { ...rawEnvelope(founding, admins[0] as (typeof admins)[number]), root: root.hash }
  keeper.take([signRaw(admins[0] as (typeof admins)[number], envelope)])
  const reasons = () => [...keeper.state().inert.values()].map(({ reason }) => reason)
  assert.deepEqual(reasons(), ['unknown-root'])
  const frozen = keeper.chain.freeze
  keeper.takeRoots([behind])
  assert.deepEqual(keeper.chain.freeze, frozen, 'the chain did not move')
  assert.deepEqual(reasons(), ['contested-root'])
})

const note = (text: string) => ({ type: 'note', about: null, text }) as const

class FullDisk extends MemoryRecords {
  isFull = false

  override append(rows: Parameters<MemoryRecords['append']>[0]) {
    this.#check()
    return super.append(rows)
  }

  override putBlobs(blobs: Parameters<MemoryRecords['putBlobs']>[0]) {
    this.#check()
    super.putBlobs(blobs)
  }

  #check(): void {
    if (this.isFull) throw new AppError('DISK_FULL', 'the disk is full')
  }
}

test('what others decide counts while the disk is full, and is kept once there is room, before what is our own', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const [admin, lost] = [keyNamed('admin'), keyNamed('lost')]
  const founding = foundOrg([admin])
  const founder = new TestDevice(admin, founding)
  const key = DeviceKey.generate()
  founder.write({
    ...{ type: 'device.enrol', device: key.id, kind: 'server', redemption: null },
    nameCommitment: new Uint8Array(32)
  })
  founder.enrol(lost)
  const records = new FullDisk()
  saveRoots(records, [founding])
  const keeper = new LedgerKeeper({ records, key, log: SILENT_LOG })
  keeper.take([...founder.ledger.operations()].map(({ record }) => record))
  const known = records.scan().length
  const heard: string[] = []
  keeper.on({
    onAccepted: () => {
      throw new AppError('DISK_FULL', 'a part that has to write')
    }
  })
  keeper.on({
    onAccepted: operations => heard.push(...operations.map(({ id }) => id)),
    onRoots: roots => heard.push(...roots.map(({ hash }) => toHex(hash)))
  })
  records.isFull = true
  const suspended = founder.write({ type: 'device.suspend', device: lost.id, reason: null, cutoffs: [] })
  keeper.take([suspended.record])
  assert.match(membershipFault(keeper.state(), lost.id, Date.now()) ?? '', /suspended/)
  assert.deepEqual(heard, [suspended.id], 'whoever can not write keeps nobody from hearing')
  assert.throws(() => keeper.append(note('lost')), /the disk is full/)
  assert.deepEqual([keeper.problems().map(({ code }) => code), records.scan().length], [['DISK_FULL'], known])
  records.isFull = false
  t.mock.timers.tick(10_000)
  assert.deepEqual([keeper.problems(), records.scan().length], [[], known + 1])
  records.isFull = true
  const later = founder.write(note('later'))
  keeper.take([later.record])
  records.isFull = false
  const own = keeper.append(note('own'))
  assert.deepEqual(
    records.stored({ after: known + 1, limit: 9 }).map(({ bytes }) => toHex(bytes)),
    [later, own].map(({ record }) => toHex(record))
  )
  records.isFull = true
  const root = rootAfter(founding, [admin])
  keeper.takeRoots([root.record])
  assert.equal(heard.at(-1), toHex(root.hash))
  records.isFull = false
  t.mock.timers.tick(10_000)
  const again = new LedgerKeeper({ records, key, log: SILENT_LOG })
  assert.deepEqual([again.ledger.size, again.chain.newest.version], [keeper.ledger.size, root.version])
})

test('what can not be made durable was never said: the next operation has its place, and is no fork', () => {
  const { key, root } = foundedAlone()
  const records = new FullDisk()
  saveRoots(records, [root])
  const keeper = new LedgerKeeper({ records, key, log: SILENT_LOG })
  const first = keeper.append(note('before'))
  records.isFull = true
  const heard: string[] = []
  keeper.on({ onAccepted: operations => heard.push(...operations.map(({ id }) => id)) })
  assert.throws(() => keeper.append(note('lost')), /the disk is full/)
  assert.deepEqual([keeper.ledger.size, heard.length], [1, 0])
  records.isFull = false
  const next = keeper.append(note('after'))
  assert.deepEqual([next.seq, next.prev], [first.seq + 1, first.id])
  assert.deepEqual(heard, [next.id])
  const again = new LedgerKeeper({ records, key, log: SILENT_LOG })
  assert.deepEqual([again.ledger.size, again.state().forks.size], [2, 0])
})
