import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Actor, cast, meet, toDevice } from './governance-fixture.conformance.ts'
import type { Operation } from './operation.ts'
import type { OperationContent } from './operation-content.ts'
import { keyNamed, publication, versionNamed } from './org-fixture.conformance.ts'

/** The deps that a draft names, as the names of the operations of a scene. */
function named(
  actor: Actor,
  content: OperationContent,
  scene: Readonly<Record<string, Operation>>
): string[] {
  const draft = actor.ledger.draft({ author: actor.id, incarnation: actor.incarnation, content })
  assert.ok(draft.ok)
  const names = draft.value.deps.map(
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
