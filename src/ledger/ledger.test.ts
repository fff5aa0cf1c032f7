import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idBytes } from '../base/ids.ts'
import { singleRoot } from './chain/chain-view.ts'
import { parseDatasetReference } from './encoding/names.ts'
import {
  foundOrg,
  INCARNATION,
  keyNamed,
  publication,
  rawEnvelope,
  START_MS,
  sha256,
  signRaw,
  TestDevice,
  verify,
  versionNamed
} from './fold/org-fixture.conformance.ts'
import { isMember, resolveDataset } from './fold/state.ts'
import { Ledger } from './ledger.ts'
import { createOperation, type Operation, type OperationDraft } from './operation/operation.ts'
import { Orphans } from './sync/orphans.ts'

const admin = keyNamed('admin')
const laptop = keyNamed('laptop')
const ticket = keyNamed('ticket')
const root = foundOrg([admin])
const records = (operations: readonly Operation[]) => operations.map(({ record }) => record)

test('an org is founded, a device joins by an invite, and its publication is seen by the admin', () => {
  const founder = new TestDevice(admin, root)
  founder.enrol(admin)
  const invite = founder.invite(ticket)
  assert.equal(isMember(founder.ledger.state(), laptop.id, START_MS), false)
  founder.enrol(laptop, { operation: invite.id, key: ticket })
  assert.equal(isMember(founder.ledger.state(), laptop.id, START_MS), true)

  const joined = new TestDevice(laptop, root)
  joined.learn(founder)
  joined.publish('os/image', 'first')
  founder.learn(joined)
  const reference = parseDatasetReference('os/image@1')
  assert.ok(reference)
  const found = resolveDataset(founder.ledger.state(), reference, START_MS)
  assert.ok(found.ok)
  assert.equal(found.value.version.version, versionNamed('first'))
  assert.equal(found.value.dataset.owner, laptop.id)
  assert.equal(founder.ledger.state().inert.size, 0)
})

function history(length: number): Operation[] {
  const founder = new TestDevice(admin, root)
  for (let index = 0; index < length; index++) founder.publish('os', `${index}`)
  return [...founder.ledger.operations()]
}

test('records wait for what they name, and come out in causal order', () => {
  const operations = history(5)
  const ledger = new Ledger(singleRoot(root), { verify, sha256 })
  const early = ledger.add(records(operations.slice(1).reverse()))
  assert.deepEqual([early.accepted.length, early.waiting], [0, 4])
  assert.deepEqual(early.missing, [operations[0]?.id])
  const late = ledger.add(records(operations))
  assert.deepEqual(
    late.accepted.map(({ id }) => id),
    operations.map(({ id }) => id)
  )
  assert.deepEqual([late.duplicates, late.waiting, late.missing], [4, 0, []])
  assert.equal(ledger.add(records(operations)).duplicates, 5)
})

test('orphans are bounded: the oldest are dropped, and a second delivery brings them', () => {
  const operations = history(10)
  const ledger = new Ledger(singleRoot(root), {
    verify,
    sha256,
    orphans: new Orphans({ countMax: 3, bytesMax: 1e6 })
  })
  assert.equal(ledger.add(records(operations.slice(1))).waiting, 3)
  assert.equal(ledger.add(records(operations.slice(0, 1))).accepted.length, 1)
  assert.equal(ledger.add(records(operations)).accepted.length, 9)
  assert.equal(ledger.size, 10)
  const tiny = new Ledger(singleRoot(root), {
    verify,
    sha256,
    orphans: new Orphans({ countMax: 9, bytesMax: 700 })
  })
  assert.equal(tiny.add(records(operations.slice(1))).waiting, 1)
})

test('what breaks a rule for good is rejected with its reason', () => {
  const ledger = new Ledger(singleRoot(root), { verify, sha256 })
  const [first, next] = history(2)
  assert.ok(first && next)
  ledger.add(records([first, next]))
  const base = rawEnvelope(root, admin)
  const firstId = idBytes(first.id)
  const cases: [string, Uint8Array][] = [
    ['malformed', new Uint8Array(3)],
    ['foreign-org', signRaw(admin, { ...base, org: new Uint8Array(32) })],
    ['bad-signature', signRaw(laptop, base)],
    // Nobody ever enrolled the laptop.
    ['chain-broken', signRaw(laptop, { ...base, author: laptop.publicKey })],
    // The feed of `first` is another incarnation.
    ['chain-broken', signRaw(admin, { ...base, seq: 2, prev: firstId })],
    [
      'chain-broken',
      signRaw(admin, { ...base, incarnation: Buffer.from(INCARNATION, 'hex'), seq: 3, prev: firstId })
    ]
  ]
  for (const [reason, record] of cases) {
    const { accepted, rejected } = ledger.add([record])
    assert.deepEqual([accepted.length, rejected.map(fault => fault.reason)], [0, [reason]])
  }
  assert.equal(ledger.size, 2)
})

test('an orphan whose chain proves broken is reported when that shows', () => {
  const ledger = new Ledger(singleRoot(root), { verify, sha256 })
  const [first] = history(1)
  assert.ok(first)
  const broken = signRaw(admin, { ...rawEnvelope(root, admin), seq: 5, prev: idBytes(first.id) })
  assert.equal(ledger.add([broken]).waiting, 1)
  const { accepted, rejected, waiting } = ledger.add([first.record])
  assert.deepEqual([accepted.length, rejected[0]?.reason, waiting], [1, 'chain-broken', 0])
})

test('signatures are skipped only for what this device verified before', () => {
  const forged = signRaw(laptop, rawEnvelope(root, admin))
  const ledger = new Ledger(singleRoot(root), { verify, sha256 })
  assert.equal(ledger.add([forged]).rejected[0]?.reason, 'bad-signature')
  assert.equal(ledger.add([forged], { verifiedBefore: true }).accepted.length, 1)
})

test('a known record costs no verification', () => {
  let verifications = 0
  const counting = {
    sha256,
    verify: (...inputs: Parameters<typeof verify>) => ++verifications > 0 && verify(...inputs)
  }
  const ledger = new Ledger(singleRoot(root), counting)
  const operations = history(4)
  ledger.add(records(operations))
  ledger.add(records(operations))
  assert.equal(verifications, 4)
})

test('a draft names the enrolment at first, and what it builds on', () => {
  const founder = new TestDevice(admin, root)
  const joiner = new TestDevice(laptop, root)
  const content = publication('os', 'one')
  const early = joiner.ledger.draft({ author: laptop.id, incarnation: INCARNATION, content, nowMs: START_MS })
  assert.equal(early.ok ? 'drafted' : early.reason, 'not-enrolled')
  const enrolled = founder.enrol(laptop)
  joiner.learn(founder)
  const draft = joiner.ledger.draft({ author: laptop.id, incarnation: INCARNATION, content, nowMs: START_MS })
  assert.ok(draft.ok)
  assert.deepEqual([draft.value.seq, draft.value.prev, draft.value.deps], [1, null, [enrolled.id]])
  const first = joiner.publish('os', 'one')
  const next = joiner.ledger.draft({ author: laptop.id, incarnation: INCARNATION, content, nowMs: START_MS })
  assert.ok(next.ok)
  assert.deepEqual([next.value.seq, next.value.prev, next.value.deps], [2, first.id, []])
})

test('the time of an operation never runs behind what it builds on', () => {
  const founder = new TestDevice(admin, root)
  founder.write(publication('os', 'from the future'), { timeMs: START_MS * 2 })
  founder.write(publication('os', 'today'), { timeMs: START_MS })
  const versions = founder.ledger.state().datasets.get('os')?.versions ?? []
  assert.deepEqual(
    versions.map(({ version }) => version),
    [versionNamed('from the future'), versionNamed('today')]
  )
})

test('equal digests mean equal ledgers', () => {
  const operations = history(3)
  const [a, b] = [
    new Ledger(singleRoot(root), { verify, sha256 }),
    new Ledger(singleRoot(root), { verify, sha256 })
  ]
  assert.deepEqual(a.hello(), b.hello())
  a.add(records(operations))
  assert.notDeepEqual(a.hello(), b.hello())
  b.add(records([...operations].reverse()))
  assert.deepEqual(a.hello(), b.hello())
})

test('sync sends what lies between, not the feed again', () => {
  const operations = history(200)
  const [full, behind] = [
    new Ledger(singleRoot(root), { verify, sha256 }),
    new Ledger(singleRoot(root), { verify, sha256 })
  ]
  full.add(records(operations))
  behind.add(records(operations.slice(0, 150)))
  const wants = behind.wantsFrom(full.tips())
  assert.equal(wants.length, 1)
  assert.equal(full.recordsFor(wants).records.length, 50)
  assert.deepEqual(full.wantsFrom(behind.tips()), [])
})

test('sync across a fork sends at most a few times what differs', () => {
  const operations = history(200)
  const twin = (from: number, name: string) => {
    const device = new TestDevice(admin, root)
    device.ledger.add(records(operations.slice(0, from)))
    for (let index = 0; index < 10; index++) device.publish(name, `${index}`)
    return device.ledger
  }
  const [a, b] = [twin(180, 'left'), twin(180, 'right')]
  const { records: sent } = b.recordsFor(a.wantsFrom(b.tips()))
  assert.ok(sent.length >= 10 && sent.length <= 80, `${sent.length} records for 10 that differ`)
  a.add(sent)
  assert.deepEqual(a.wantsFrom(b.tips()), [])
  assert.equal([...a.state().forks.values()][0]?.seq, 181)
})

test('wants for what is not here are passed over, and a page holds at least one record', () => {
  const operations = history(3)
  const ledger = new Ledger(singleRoot(root), { verify, sha256 })
  const tip = operations.at(-1)?.id
  assert.ok(tip)
  assert.deepEqual(ledger.recordsFor([{ tip, have: [] }]), { records: [], more: false })
  ledger.add(records(operations))
  const page = ledger.recordsFor([{ tip, have: [] }], { countMax: 10, bytesMax: 1 })
  assert.deepEqual([page.records.length, page.more], [1, true])
  assert.equal(ledger.recordsFor([{ tip, have: [tip] }]).records.length, 0)
})

test('a long ledger takes one more operation without folding everything again', () => {
  // Counted, not timed: the redemption proofs that a fold checks are the measure of what it does again.
  let verifications = 0
  const ledger = new Ledger(singleRoot(root), {
    sha256,
    verify: (...inputs) => ++verifications > 0 && verify(...inputs)
  })
  const founder = new TestDevice(admin, root)
  const invite = founder.invite(ticket, { uses: 50 })
  for (let index = 0; index < 50; index++)
    founder.enrol(keyNamed(`${index}`), { operation: invite.id, key: ticket })
  ledger.add(records([...founder.ledger.operations()]), { verifiedBefore: true })
  ledger.state()
  assert.equal(verifications, 50)
  const draft: OperationDraft = { ...draftNext(founder), timeMs: START_MS, expiresMs: null }
  ledger.add([createOperation(draft, { sign: admin.sign, sha256 }).record])
  ledger.state()
  assert.equal(verifications, 51, 'one signature, and no proof again')
})

function draftNext(device: TestDevice) {
  const content = publication('os', 'one')
  const draft = device.ledger.draft({ author: device.id, incarnation: INCARNATION, content, nowMs: START_MS })
  assert.ok(draft.ok)
  return draft.value
}
