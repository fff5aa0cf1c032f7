import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OperationId } from '../../base/ids.ts'
import { createOperation, DEPS_MAX, type Operation } from '../operation/operation.ts'
import type { OperationContent, Scope } from '../operation/operation-content.ts'
import { type Actor, cast, meet, toDevice } from './governance-fixture.conformance.ts'
import {
  enrolment,
  keyNamed,
  OTHER_INCARNATION,
  publication,
  START_MS,
  sha256,
  type TestKey,
  versionNamed
} from './org-fixture.conformance.ts'

const MINUTE = 60_000

/** What an actor would sign next to say something. */
function draftOf({ ledger, id: author, incarnation, nowMs }: Actor, content: OperationContent) {
  const draft = ledger.draft({ author, incarnation, content, nowMs })
  assert.ok(draft.ok)
  return draft.value
}

/** The deps that a draft names, as the names of the operations of a scene. */
function named(
  actor: Actor,
  content: OperationContent,
  scene: Readonly<Record<string, Operation>>
): string[] {
  const names = draftOf(actor, content).deps.map(
    dep => Object.entries(scene).find(([, { id }]) => id === dep)?.[0] ?? dep
  )
  return names.sort()
}

test('whoever gives names the takes of others that it knows, and not its own', () => {
  const { admin, second, keys } = cast()
  const group = admin.createGroup('radiology')
  const device = keys.laptop.id
  admin.suspend(keys.laptop)
  const scene = {
    suspension: second.suspend(keys.laptop),
    roleTaken: second.revokeRole(keys.laptop, 'reader'),
    removal: second.write({ type: 'group.remove', group: group.id, device }),
    accessTaken: second.revokeAccess(toDevice(keys.laptop), null),
    quarantine: second.quarantine('one')
  }
  admin.learn(second)
  const enrol: OperationContent = {
    type: 'device.enrol',
    device,
    kind: 'server',
    nameCommitment: new Uint8Array(32),
    redemption: null
  }
  const gives: [OperationContent, string][] = [
    [enrol, 'suspension'],
    [{ type: 'role.grant', device, role: 'reader' }, 'roleTaken'],
    [{ type: 'group.add', group: group.id, device }, 'removal'],
    [
      { type: 'access.grant', grantee: toDevice(keys.laptop), scope: { kind: 'all' }, purpose: null },
      'accessTaken'
    ],
    [{ type: 'content.release', version: versionNamed('one') }, 'quarantine']
  ]
  for (const [content, take] of gives) assert.deepEqual(named(admin, content, scene), [take], content.type)
  assert.deepEqual(named(admin, { type: 'role.grant', device, role: 'publisher' }, scene), [])
})

test('an approval names what it approves, a cancellation where the feed of the invite stands', () => {
  const { admin, second } = cast()
  const invite = admin.invite(keyNamed('ticket'))
  const scene = {
    invite,
    tip: admin.enrol(keyNamed('one'), { operation: invite.id, key: keyNamed('ticket') })
  }
  second.learn(admin)
  assert.deepEqual(named(second, { type: 'approve', operation: scene.tip.id }, scene), ['tip'])
  assert.deepEqual(named(second, { type: 'invite.cancel', invite: invite.id }, scene), ['tip'])
})

test('a device names what gave it back its standing and its roles, once', () => {
  const { admin, laptop, keys } = cast()
  admin.grantRole(keys.laptop, 'publisher')
  meet(admin, laptop)
  admin.suspend(keys.laptop)
  admin.revokeRole(keys.laptop, 'publisher')
  const scene = { enrolment: admin.enrol(keys.laptop), grant: admin.grantRole(keys.laptop, 'publisher') }
  laptop.learn(admin)
  const note: OperationContent = { type: 'note', about: null, text: 'back' }
  // A feed that begins names the enrolment anyway: no admin's feed can begin without one.
  assert.deepEqual(named(laptop, note, scene), ['enrolment', 'grant'])
  laptop.write(note)
  assert.deepEqual(named(laptop, note, scene), [])
})

test('who publishes names the latest that others said about the name', () => {
  const { admin, second, laptop } = cast()
  const scene = {
    first: admin.publish('os', 'one'),
    last: admin.publish('os', 'two'),
    other: second.publish('os', 'three')
  }
  meet(admin, second, laptop)
  assert.deepEqual(named(admin, publication('os', 'four'), scene), ['other'])
  assert.deepEqual(named(second, { type: 'dataset.retire', name: 'os', version: null }, scene), ['last'])
})

/** Another admin's feed says `take`, and this one's answers with `give`, as often as would fill the deps. */
const OFTEN = DEPS_MAX + 5

test('a device is taken back however often others have suspended it', () => {
  const { admin, second, keys } = cast()
  for (let time = 0; time < OFTEN; time++) {
    second.suspend(keys.laptop)
    meet(admin, second)
    assert.equal(admin.standingOf(keys.laptop), 'suspended')
    // Whoever takes it back, and knew of what came before or not, the last enrolment is enough to name.
    const lifter = time % 2 === 0 ? admin : second
    const { deps } = lifter.enrol(keys.laptop)
    assert.ok(deps.length <= 2, `${deps.length} deps`)
    meet(admin, second)
    assert.equal(second.standingOf(keys.laptop), 'member')
  }
})

test('more takes than an operation can name are lifted in as many steps as it takes', () => {
  const { admin, second, keys } = cast()
  for (let time = 0; time < OFTEN; time++) {
    second.incarnation = `00000000000000${(time + 16).toString(16)}`
    second.suspend(keys.laptop)
  }
  admin.learn(second)
  assert.equal(admin.enrol(keys.laptop).deps.length, DEPS_MAX)
  assert.equal(admin.standingOf(keys.laptop), 'suspended')
  assert.equal(admin.enrol(keys.laptop).deps.length, OFTEN - DEPS_MAX)
  assert.equal(admin.standingOf(keys.laptop), 'member')
})

test('a grant is not kept from its effect by what was taken from others', () => {
  const { admin, second, keys } = cast()
  const grantee = toDevice(keys.laptop)
  const nameOf = (index: number): Scope => ({ kind: 'name', name: `data-${index}` })
  for (let index = 0; index < OFTEN; index++) second.revokeAccess(grantee, nameOf(index))
  admin.learn(second)
  assert.equal(admin.grantAccess(grantee, nameOf(0)).deps.length, 1)
  assert.equal(admin.ledger.state().grants.size, 1)
  assert.equal(admin.grantAccess(grantee, { kind: 'all' }).deps.length, 0)
  assert.equal(admin.ledger.state().grants.size, 2)
})

test('knowledge passes over operations on the same subject, and no others', () => {
  const { admin, second, keys } = cast()
  const suspension = second.suspend(keys.laptop)
  second.incarnation = OTHER_INCARNATION
  const naming = (actor: Actor, content: OperationContent, deps: readonly OperationId[]): Operation => {
    const operation = createOperation(
      { ...draftOf(actor, content), deps, timeMs: START_MS, expiresMs: null },
      { sign: actor.key.sign, sha256 }
    )
    assert.equal(actor.ledger.add([operation.record]).accepted.length, 1)
    return operation
  }
  const suspends = (key: TestKey): OperationContent => ({
    type: 'device.suspend',
    device: key.id,
    cutoffs: [],
    reason: null
  })
  const ofAnother = naming(second, suspends(keys.desktop), [suspension.id])
  const ofTheSame = naming(second, suspends(keys.laptop), [suspension.id])
  admin.learn(second)
  naming(admin, enrolment(admin.ledger.org, keys.laptop), [ofAnother.id])
  assert.equal(admin.standingOf(keys.laptop), 'suspended')
  naming(admin, enrolment(admin.ledger.org, keys.laptop), [ofTheSame.id])
  assert.equal(admin.standingOf(keys.laptop), 'member')
})

test('what a device dates far ahead does not reach the feeds of others, whatever it says of a dataset', () => {
  const endMs = START_MS + 1000 * MINUTE
  const aheadMs = START_MS + 5000 * MINUTE
  const company = cast({ expiresMs: endMs })
  const { admin, laptop, desktop } = company
  const first = desktop.publish('tool', 'one')
  laptop.learn(desktop)
  const scene = {
    first,
    near: laptop.write(
      { type: 'dataset.retire', name: 'tool', version: null },
      { timeMs: desktop.nowMs + 9 * MINUTE }
    ),
    far: laptop.write({ type: 'dataset.retire', name: 'tool', version: null }, { timeMs: aheadMs })
  }
  meet(admin, laptop, desktop)
  assert.deepEqual(named(desktop, publication('tool', 'two'), scene), ['near'], 'nine minutes are lived with')
  assert.equal(desktop.says(desktop.publish('tool', 'two')), 'device')
  assert.equal(desktop.says(desktop.publish('other', 'one')), 'device', 'nor what it says later')

  // A name that the device has taken first: an admin's word settles it all the same.
  const squat = laptop.write(publication('squat', 'one'), { timeMs: aheadMs })
  meet(admin, laptop)
  assert.deepEqual(named(admin, publication('squat', 'two'), { squat }), [])
  assert.equal(admin.says(admin.publish('squat', 'two')), 'admin')
  assert.equal(admin.ledger.state().datasets.get('squat')?.owner, 'admins')
})

test('what is in force and dated ahead is named where the operation means nothing without it', () => {
  const { admin, second, desktop } = cast()
  desktop.publish('tool', 'one')
  second.learn(desktop)
  const aheadMs = START_MS + 5000 * MINUTE
  const retired = second.write({ type: 'dataset.retire', name: 'tool', version: null }, { timeMs: aheadMs })
  for (const actor of [admin, desktop]) actor.learn(second)
  const again = desktop.publish('tool', 'one')
  assert.ok(again.deps.includes(retired.id), 'it is lifted')
  const { versions } = desktop.ledger.state().datasets.get('tool') ?? { versions: [] }
  assert.deepEqual(
    versions.map(({ retiredBy }) => retiredBy !== undefined),
    [true, false]
  )
  assert.ok(admin.publish('tool', 'two').deps.includes(retired.id))
})

test('to lift a take it is enough to name it: a give that anybody dated ahead beside it is not built upon', () => {
  const { admin, second, laptop, keys } = cast()
  admin.grantRole(keys.desktop, 'reader')
  const taken = admin.revokeRole(keys.desktop, 'reader')
  laptop.learn(admin)
  const decoy = laptop.write(
    { type: 'role.grant', device: keys.desktop.id, role: 'reader' },
    { timeMs: START_MS + 5000 * MINUTE }
  )
  assert.equal(laptop.says(decoy), 'not-authorised')
  assert.ok(decoy.deps.includes(taken.id))
  second.learn(laptop)
  const grant: OperationContent = { type: 'role.grant', device: keys.desktop.id, role: 'reader' }
  assert.deepEqual(named(second, grant, { taken, decoy }), ['taken'])
})
