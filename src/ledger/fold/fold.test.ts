import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import { parseDatasetReference } from '../encoding/names.ts'
import { createOperation, type Operation } from '../operation/operation.ts'
import { judgeRedemption, proveRedemption } from './invite.ts'
import {
  enrolment,
  foundOrg,
  INCARNATION,
  keyNamed,
  OTHER_INCARNATION,
  publication,
  START_MS,
  sha256,
  TestDevice,
  type TestKey,
  verify,
  versionNamed
} from './org-fixture.conformance.ts'
import { isMember, resolveDataset, type State, usesLeft } from './state.ts'

const [admin, second, laptop, desktop] = ['admin', 'second', 'laptop', 'desktop'].map(keyNamed) as [
  TestKey,
  TestKey,
  TestKey,
  TestKey
]
const ticket = keyNamed('ticket')
const root = foundOrg([admin, second])
const MINUTE = 60_000

const reasonOf = (state: State, { id }: Operation) => state.inert.get(id)?.reason ?? 'in force'

/** The versions of a dataset as one line: a dot is available, a cross retired. */
function picture(state: State, name: string): string {
  const versions = state.datasets.get(name)?.versions ?? []
  return versions.map(({ retiredBy }) => (retiredBy === undefined ? '.' : 'x')).join('')
}

function resolve(state: State, text: string): string {
  const reference = parseDatasetReference(text)
  assert.ok(reference, text)
  const found = resolveDataset(state, reference, START_MS)
  return found.ok ? `${found.value.version.ordinal}` : found.reason
}

/** An org of an admin and two enrolled devices that know all so far. */
function org(): { founder: TestDevice; laptops: TestDevice; desktops: TestDevice } {
  const founder = new TestDevice(admin, root)
  for (const key of [admin, laptop, desktop]) founder.enrol(key)
  const [laptops, desktops] = [new TestDevice(laptop, root), new TestDevice(desktop, root)]
  laptops.learn(founder)
  desktops.learn(founder)
  return { founder, laptops, desktops }
}

test('admins are members by the root, others by enrolment, and only for as long as it says', () => {
  const founder = new TestDevice(admin, root)
  const before = founder.ledger.state()
  assert.ok(isMember(before, admin.id, START_MS) && isMember(before, second.id, START_MS))
  assert.equal(isMember(before, laptop.id, START_MS), false)
  founder.write(enrolment(founder.ledger.org, laptop), { expiresMs: START_MS + 60 * MINUTE })
  const state = founder.ledger.state()
  assert.equal(isMember(state, laptop.id, START_MS + 60 * MINUTE - 1), true)
  assert.equal(isMember(state, laptop.id, START_MS + 60 * MINUTE), false)
})

test('what a device without the right signs is kept and has no effect', () => {
  const { founder, laptops } = org()
  const forged = laptops.enrol(keyNamed('accomplice'))
  founder.learn(laptops)
  assert.equal(reasonOf(founder.ledger.state(), forged), 'not-authorised')
  assert.equal(isMember(founder.ledger.state(), keyNamed('accomplice').id, START_MS), false)
  assert.ok(founder.ledger.get(forged.id))
})

test('an accomplice whose enrolment is inert may speak, and stays without effect', () => {
  const { founder, laptops } = org()
  const accomplice = keyNamed('accomplice')
  const forged = laptops.enrol(accomplice)
  const spoken = createOperation(
    {
      org: founder.ledger.org,
      root: root.hash,
      author: accomplice.id,
      incarnation: INCARNATION,
      seq: 1,
      prev: null,
      deps: [forged.id],
      content: publication('os', 'evil'),
      timeMs: START_MS,
      expiresMs: null
    },
    { sign: accomplice.sign, sha256 }
  )
  founder.learn(laptops)
  assert.equal(founder.ledger.add([spoken.record]).accepted.length, 1)
  assert.equal(reasonOf(founder.ledger.state(), spoken), 'author-not-enrolled')
  // A later enrolment by an admin gives effect to what was said before it.
  founder.enrol(accomplice)
  assert.equal(reasonOf(founder.ledger.state(), spoken), 'in force')
})

test('an invite is good for as many devices as it says, and no more', () => {
  const founder = new TestDevice(admin, root)
  const invite = founder.invite(ticket, { uses: 2 })
  const redeem = (device: TestKey) => founder.enrol(device, { operation: invite.id, key: ticket })
  const first = redeem(laptop)
  const again = redeem(laptop)
  const other = redeem(desktop)
  const third = redeem(keyNamed('third'))
  const lastAgain = redeem(desktop)
  const state = founder.ledger.state()
  const reasons = [first, again, other, third, lastAgain].map(operation => reasonOf(state, operation))
  assert.deepEqual(reasons, ['in force', 'in force', 'in force', 'invite-spent', 'in force'])
  const entry = state.invites.get(invite.id)
  assert.ok(entry)
  assert.equal(usesLeft(entry), 0)
  assert.equal(isMember(state, keyNamed('third').id, START_MS), false)
})

test('an invite is redeemed in its own feed, in time, and with its key', () => {
  const founder = new TestDevice(admin, root)
  const invite = founder.invite(ticket, { uses: 9, expiresMs: START_MS + 60 * MINUTE })
  const onTime = founder.enrol(laptop, { operation: invite.id, key: ticket }, START_MS + 60 * MINUTE)
  const late = founder.enrol(desktop, { operation: invite.id, key: ticket }, START_MS + 60 * MINUTE + 1)
  const forged = founder.enrol(desktop, { operation: invite.id, key: keyNamed('forger') })
  const other = new TestDevice(second, root)
  other.learn(founder)
  const foreign = other.enrol(desktop, { operation: invite.id, key: ticket })
  founder.learn(other)
  founder.incarnation = OTHER_INCARNATION
  const restored = founder.enrol(desktop, { operation: invite.id, key: ticket }, START_MS)
  const reasons = [onTime, late, forged, foreign, restored].map(operation =>
    reasonOf(founder.ledger.state(), operation)
  )
  assert.deepEqual(reasons, ['in force', 'invite-expired', 'bad-proof', 'invite-unknown', 'invite-unknown'])
})

test('the inviter judges a redemption by its clock before it writes one', () => {
  const founder = new TestDevice(admin, root)
  founder.invite(ticket, { expiresMs: START_MS + MINUTE })
  const judge = (
    changes: { device?: DeviceId; key?: TestKey; nowMs?: number; incarnation?: string } = {}
  ) => {
    const { device = laptop.id, key = ticket, nowMs = START_MS, incarnation = INCARNATION } = changes
    const redemption = { org: founder.ledger.org, device, nameCommitment: sha256(new Uint8Array()) }
    const proof = proveRedemption(redemption, key.sign)
    const verdict = judgeRedemption(
      founder.ledger.state(),
      { ...redemption, inviteKey: ticket.publicKey, proof, inviter: admin.id, incarnation, nowMs },
      verify
    )
    return 'refused' in verdict ? verdict.refused : 'granted'
  }
  assert.equal(judge(), 'granted')
  assert.equal(judge({ key: keyNamed('forger') }), 'bad-proof')
  assert.equal(judge({ nowMs: START_MS + MINUTE + 1 }), 'expired')
  assert.equal(judge({ incarnation: OTHER_INCARNATION }), 'unknown')
  const invite = [...founder.ledger.state().invites.keys()][0] as OperationId
  founder.enrol(laptop, { operation: invite, key: ticket }, START_MS)
  assert.equal(judge(), 'granted', 'the device that has it may ask again')
  assert.equal(judge({ device: desktop.id }), 'spent')
})

test('a fork voids what the feed gave from there on, whichever side is seen first', () => {
  const founder = new TestDevice(admin, root)
  founder.enrol(admin)
  const twin = new TestDevice(admin, root)
  twin.learn(founder)
  founder.enrol(laptop)
  founder.enrol(desktop)
  twin.enrol(desktop)
  assert.ok(isMember(founder.ledger.state(), laptop.id, START_MS))
  founder.learn(twin)
  twin.learn(founder)
  for (const device of [founder, twin]) {
    const state = device.ledger.state()
    assert.equal(isMember(state, laptop.id, START_MS), false)
    assert.equal(isMember(state, desktop.id, START_MS), false)
    assert.ok(isMember(state, admin.id, START_MS))
    const [fork] = state.forks.values()
    assert.equal(fork?.seq, 2)
    assert.equal(fork?.operations.length, 2)
    const draft = device.ledger.draft({
      author: admin.id,
      incarnation: INCARNATION,
      content: publication('a', 'b'),
      nowMs: START_MS
    })
    assert.equal(draft.ok ? 'drafted' : draft.reason, 'feed-forked')
  }
  // A new incarnation of the same device goes on.
  founder.incarnation = OTHER_INCARNATION
  founder.enrol(laptop)
  assert.ok(isMember(founder.ledger.state(), laptop.id, START_MS))
})

test('a fork does not undo what the feed took away', () => {
  const { founder, laptops } = org()
  laptops.publish('tool', 'bad')
  founder.learn(laptops)
  const twin = new TestDevice(laptop, root)
  twin.learn(laptops)
  laptops.retire('tool')
  assert.equal(picture(laptops.ledger.state(), 'tool'), 'x')
  twin.publish('other', 'thing')
  laptops.learn(twin)
  assert.equal(laptops.ledger.state().forks.size, 1)
  assert.equal(picture(laptops.ledger.state(), 'tool'), 'x')
  assert.equal(picture(laptops.ledger.state(), 'other'), '')
})

test('a fork takes nothing from what a later operation knew through the feed', () => {
  //  admin   publish one -- retire all -- retire one
  //                      `- note (the fork)          `
  //  second                                           `-- publish one: it knew of both
  const founder = new TestDevice(admin, root)
  founder.publish('os', 'one')
  const twin = new TestDevice(admin, root)
  twin.learn(founder)
  founder.retire('os')
  founder.retire('os', 'one')
  const other = new TestDevice(second, root)
  other.learn(founder)
  other.publish('os', 'one')
  twin.write({ type: 'note', about: null, text: 'the other history' })
  other.learn(twin)
  assert.equal(picture(other.ledger.state(), 'os'), 'x.')
})

test('a fork costs what rests on its feed from there on, and nothing of others', () => {
  const { founder, laptops, desktops } = org()
  for (let index = 0; index < 20; index++) founder.publish(`os/${index}`, 'one')
  laptops.learn(founder)
  const twin = new TestDevice(laptop, root)
  twin.learn(laptops)
  laptops.publish('tool', 'one')
  twin.publish('tool', 'two')
  const untouched = laptops.ledger.state().datasets.get('os/7')
  laptops.learn(twin)
  desktops.learn(laptops)
  assert.equal(picture(laptops.ledger.state(), 'tool'), '')
  assert.equal(laptops.ledger.state().datasets.get('os/7'), untouched, 'it is the entry that it was')
  assert.deepEqual(laptops.ledger.state().forks, desktops.ledger.state().forks)
})

test('versions count up in causal order, and retired ones keep their number', () => {
  const { founder } = org()
  founder.publish('os', 'one')
  founder.publish('os', 'two')
  founder.retire('os', 'one')
  founder.publish('os', 'three')
  const state = founder.ledger.state()
  assert.equal(picture(state, 'os'), 'x..')
  assert.equal(resolve(state, 'os'), '3')
  assert.equal(resolve(state, 'os@2'), '2')
  assert.equal(resolve(state, 'os@1'), 'retired')
  assert.equal(resolve(state, 'os@4'), 'unknown-version')
  assert.equal(resolve(state, `os@${versionNamed('two').slice(0, 8)}`), '2')
  assert.equal(resolve(state, 'app'), 'unknown-dataset')
})

test('a retirement holds against those who did not know of it, and not against who published after it', () => {
  //  admin  1 ----- retire all ------------- (learns 2) -- publish 3
  //  second   `--------------- publish 2
  const { founder } = org()
  const other = new TestDevice(second, root)
  founder.publish('os', 'one')
  other.learn(founder)
  founder.retire('os')
  other.nowMs += 100 * MINUTE
  other.publish('os', 'two')
  founder.learn(other)
  assert.equal(picture(founder.ledger.state(), 'os'), 'xx', 'a later clock does not win over a retirement')
  assert.equal(resolve(founder.ledger.state(), 'os'), 'retired')
  founder.publish('os', 'one')
  assert.equal(picture(founder.ledger.state(), 'os'), 'xx.')
  assert.equal(resolve(founder.ledger.state(), `os@${versionNamed('one').slice(0, 8)}`), '3')
  other.learn(founder)
  assert.equal(picture(other.ledger.state(), 'os'), 'xx.')
})

test('a publication after a retirement by another device builds on it', () => {
  const { founder, laptops } = org()
  laptops.publish('tool', 'one')
  founder.learn(laptops)
  const retirement = founder.retire('tool')
  laptops.learn(founder)
  const republished = laptops.publish('tool', 'one')
  assert.ok(republished.deps.includes(retirement.id))
  assert.equal(picture(laptops.ledger.state(), 'tool'), 'x.')
})

test('a name belongs to the first device that publishes, and to the admins once they do', () => {
  const { founder, laptops, desktops } = org()
  laptops.publish('tool', 'one')
  desktops.learn(laptops)
  const intruder = desktops.publish('tool', 'evil')
  const vandal = desktops.retire('tool')
  founder.learn(desktops)
  assert.equal(reasonOf(founder.ledger.state(), intruder), 'name-taken')
  assert.equal(reasonOf(founder.ledger.state(), vandal), 'name-taken')
  assert.equal(picture(founder.ledger.state(), 'tool'), '.')
  founder.publish('tool', 'official')
  assert.equal(founder.ledger.state().datasets.get('tool')?.owner, 'admins')
  assert.equal(picture(founder.ledger.state(), 'tool'), '.', 'only what admins published counts now')
  assert.equal(reasonOf(founder.ledger.state(), vandal), 'name-taken')
})

test('a device can not slip a version under a name of the admins, however it sets its clock', () => {
  const { founder, laptops } = org()
  founder.publish('os', 'one')
  for (const timeMs of [0, START_MS * 2]) {
    const intruder = laptops.write(publication('os', `evil ${timeMs}`), { timeMs })
    founder.learn(laptops)
    assert.equal(reasonOf(founder.ledger.state(), intruder), 'name-taken')
  }
  assert.equal(resolve(founder.ledger.state(), 'os'), '1')
})

test('a prefix that fits two versions is ambiguous only when it is', () => {
  const { founder } = org()
  const id = versionNamed('one')
  const sibling = `${id.slice(0, 8)}${versionNamed('two').slice(8)}` as typeof id
  founder.publish('os', 'one')
  founder.publish('os', 'one')
  assert.equal(resolve(founder.ledger.state(), `os@${id.slice(0, 8)}`), '2', 'the newest of one version')
  const content = publication('os', 'x')
  assert.ok(content.type === 'dataset.publish')
  founder.write({ ...content, version: sibling })
  assert.equal(resolve(founder.ledger.state(), `os@${id.slice(0, 8)}`), 'ambiguous')
  assert.equal(resolve(founder.ledger.state(), `os@${id}`), '2')
})
