import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_RANKS, DEFAULT_ROLES, orgIdOf, type Root } from '../chain/root.ts'
import { RootChain } from '../chain/root-chain.ts'
import { KEYS, rootAfter } from '../chain/root-fixture.conformance.ts'
import { Ledger } from '../ledger.ts'
import { createOperation, type Operation } from '../operation/operation.ts'
import type { OperationContent } from '../operation/operation-content.ts'
import { NaiveFold } from './naive-fold.conformance.ts'
import { differences, naiveState, snapshotOf } from './naive-state.conformance.ts'
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
import type { State } from './state.ts'

/** What a verdict rests on may come later than it, and two operations may each bear on the other. */

const [admin, second, laptop, desktop] = ['admin', 'second', 'laptop', 'desktop'].map(keyNamed) as [
  TestKey,
  TestKey,
  TestKey,
  TestKey
]
const ticket = keyNamed('ticket')
const DESK_TYPES = ['device.enrol', 'device.suspend', 'invite.create', 'role.grant']
const orgOf = (roles: Record<string, string[]>, ranks: Record<string, number>): Root =>
  foundOrg([admin, second], {
    roles: new Map([...DEFAULT_ROLES, ...Object.entries(roles)]),
    ranks: new Map([...DEFAULT_RANKS, ...Object.entries(ranks)])
  })

/** Writes operations that know just what a test says. */
class Scribe {
  readonly root: Root
  readonly written: Operation[] = []

  constructor(root: Root) {
    this.root = root
  }

  write(
    key: TestKey,
    content: OperationContent,
    { knows = [], incarnation = INCARNATION, root = this.root }: WriteOptions = {}
  ): Operation {
    const prev = this.written.findLast(other => other.author === key.id && other.incarnation === incarnation)
    const deps = knows.map(({ id }) => id).filter(id => id !== prev?.id)
    const timeMs = START_MS + 60_000 * this.written.length
    const position = { seq: (prev?.seq ?? 0) + 1, prev: prev?.id ?? null, deps: deps.sort() }
    const operation = createOperation(
      {
        ...position,
        org: orgIdOf(this.root),
        root: root.hash,
        author: key.id,
        incarnation,
        content,
        timeMs,
        expiresMs: null
      },
      { sign: key.sign, sha256 }
    )
    this.written.push(operation)
    return operation
  }

  enrol(by: TestKey, device: TestKey, knows: readonly Operation[] = []): Operation {
    return this.write(by, enrolment(orgIdOf(this.root), device), { knows })
  }

  grantRole(by: TestKey, device: TestKey, role: string, knows: readonly Operation[] = []): Operation {
    return this.write(by, { type: 'role.grant', device: device.id, role }, { knows })
  }

  suspend(by: TestKey, device: TestKey, knows: readonly Operation[] = []): Operation {
    return this.write(by, { type: 'device.suspend', device: device.id, cutoffs: [], reason: null }, { knows })
  }

  /** Takes a role and lets all that its holder signed so far keep its effect. */
  revokeRole(by: TestKey, device: TestKey, role: string): Operation {
    const last = this.written.findLast(({ author }) => author === device.id)
    const cutoffs =
      last === undefined ? [] : [{ incarnation: last.incarnation, seq: last.seq, operation: last.id }]
    return this.write(by, { type: 'role.revoke', device: device.id, role, cutoffs })
  }
}

interface WriteOptions {
  readonly knows?: readonly Operation[]
  readonly incarnation?: string
  readonly root?: Root
}

/** The state of all that is written: one by one, in rotated orders and both ways round, it has to come out the same. */
function settled({ root, written }: Scribe, successors: readonly Root[] = []): State {
  const chain = new RootChain(root, KEYS)
  for (const { record } of successors) chain.add(record)
  const expected = naiveState(new NaiveFold(chain, written, verify))
  let state = new Ledger(chain, { verify, sha256 }).state()
  for (let from = 0; from < written.length; from++)
    for (const isReversed of [true, false]) {
      const rotated = [...written.slice(from), ...written.slice(0, from)]
      const ledger = new Ledger(chain, { verify, sha256 })
      for (const { record } of isReversed ? rotated.reverse() : rotated) {
        ledger.add([record])
        ledger.state()
      }
      state = ledger.state()
      const found = differences(snapshotOf(state), snapshotOf(expected))
      assert.ok(found.length === 0, found.slice(0, 8).join('\n'))
    }
  return state
}

const reasonOf = (state: State, { id }: Operation) => state.inert.get(id)?.reason ?? 'in force'

test('two equals who suspend each other are both suspended once neither is of the rank any more', () => {
  //  laptop, desk   -- suspends desktop ---.
  //  desktop, desk  -- suspends laptop ----+-- an admin takes the role from both, and lets stand what they did
  const scribe = new Scribe(orgOf({ desk: DESK_TYPES }, { desk: 2 }))
  const introduced = [scribe.enrol(admin, laptop), scribe.enrol(admin, desktop)]
  for (const key of [laptop, desktop]) introduced.push(scribe.grantRole(admin, key, 'desk'))
  const suspensions = [
    scribe.suspend(laptop, desktop, introduced),
    scribe.suspend(desktop, laptop, introduced)
  ]
  const before = settled(scribe)
  for (const suspension of suspensions) assert.equal(reasonOf(before, suspension), 'outranked')
  scribe.revokeRole(admin, laptop, 'desk')
  scribe.revokeRole(admin, desktop, 'desk')
  const after = settled(scribe)
  for (const suspension of suspensions) assert.equal(reasonOf(after, suspension), 'in force')
  for (const { id } of [laptop, desktop]) assert.equal(after.devices.get(id)?.standing, 'suspended')
})

test('a cancellation of a lower rank does not undo the redemption that its right may rest on', () => {
  //  laptop:  invite, cancel (as clerk), redeem for desktop (as desk)
  //  desktop: makes the laptop a clerk; a member by that redemption alone
  const roles = { desk: DESK_TYPES, lead: ['role.grant'], clerk: ['invite.cancel'] }
  const scribe = new Scribe(orgOf(roles, { desk: 2, lead: 3, clerk: 4 }))
  const introduced = [scribe.enrol(admin, laptop), scribe.grantRole(admin, laptop, 'desk')]
  scribe.grantRole(admin, desktop, 'lead')
  const invite = scribe.write(
    laptop,
    { type: 'invite.create', inviteKey: ticket.publicKey, uses: 1, expiresMs: START_MS * 2 },
    { knows: introduced }
  )
  const cancel = scribe.write(laptop, { type: 'invite.cancel', invite: invite.id })
  const redeem = scribe.write(
    laptop,
    enrolment(orgIdOf(scribe.root), desktop, { operation: invite.id, key: ticket })
  )
  scribe.grantRole(desktop, laptop, 'clerk', [redeem])
  const state = settled(scribe)
  assert.equal(reasonOf(state, cancel), 'in force')
  assert.equal(reasonOf(state, redeem), 'in force')
  assert.equal(state.invites.get(invite.id)?.cancelledBy, undefined)
})

test('an invite is redeemed in the rank in which it was made: nobody enrols whom the right to enrol rests on', () => {
  //  laptop:  invites (as clerk), redeems for desktop (as desk);  desktop: makes the laptop a clerk
  const roles = { desk: ['device.enrol'], lead: ['role.grant'], clerk: ['invite.create', 'device.enrol'] }
  const scribe = new Scribe(orgOf(roles, { desk: 2, lead: 3, clerk: 4 }))
  const introduced = [scribe.enrol(admin, laptop), scribe.grantRole(admin, laptop, 'desk')]
  scribe.grantRole(admin, desktop, 'lead')
  const invite = scribe.write(
    laptop,
    { type: 'invite.create', inviteKey: ticket.publicKey, uses: 1, expiresMs: START_MS * 2 },
    { knows: introduced }
  )
  const redeem = scribe.write(
    laptop,
    enrolment(orgIdOf(scribe.root), desktop, { operation: invite.id, key: ticket })
  )
  scribe.grantRole(desktop, laptop, 'clerk', [redeem])
  assert.equal(reasonOf(settled(scribe), redeem), 'invite-unknown')
  // It stays so when another enrolment, which held the circle up for a while, is taken away.
  scribe.enrol(admin, desktop)
  assert.equal(reasonOf(settled(scribe), redeem), 'invite-unknown')
  assert.equal(reasonOf(settled(scribe), invite), 'in force')
})

test('a device that gives a role back to itself need not name that operation, which is in its feed', () => {
  const roles = { desk: DESK_TYPES, builder: ['group.create'] }
  const scribe = new Scribe(orgOf(roles, { desk: 2, builder: 4 }))
  const introduced = [scribe.enrol(admin, laptop), scribe.grantRole(admin, laptop, 'desk')]
  scribe.grantRole(admin, laptop, 'builder')
  const taken = scribe.write(admin, {
    type: 'role.revoke',
    device: laptop.id,
    role: 'builder',
    cutoffs: []
  })
  const create: OperationContent = { type: 'group.create', name: 'build' }
  const early = scribe.write(laptop, create, { knows: introduced })
  scribe.grantRole(laptop, laptop, 'builder', [taken])
  const late = scribe.write(laptop, create)
  const state = settled(scribe)
  assert.equal(reasonOf(state, early), 'not-authorised')
  assert.equal(reasonOf(state, late), 'in force')
})

test('a cancellation may arrive before the invite that it cancels', () => {
  const scribe = new Scribe(orgOf({ device: ['invite.cancel', 'invite.create'] }, {}))
  const introduced = scribe.enrol(admin, laptop)
  const invite = scribe.write(
    laptop,
    { type: 'invite.create', inviteKey: ticket.publicKey, uses: 1, expiresMs: START_MS * 2 },
    { knows: [introduced] }
  )
  const cancel = scribe.write(
    laptop,
    { type: 'invite.cancel', invite: invite.id },
    { knows: [introduced], incarnation: OTHER_INCARNATION }
  )
  const state = settled(scribe)
  assert.equal(reasonOf(state, cancel), 'in force')
  assert.equal(state.invites.get(invite.id)?.cancelledBy, cancel.id)
})

test('who owns a dataset quarantines what is published under it, and only that', () => {
  const scribe = new Scribe(orgOf({ device: ['content.quarantine', 'dataset.publish'] }, {}))
  const introduced = [scribe.enrol(admin, laptop), scribe.enrol(admin, desktop)]
  const options = { knows: introduced }
  scribe.write(laptop, publication('tool', 'one'), options)
  scribe.write(laptop, publication('tool', 'two'))
  // Of another's: it slips it under the laptop's name, without effect.
  scribe.write(desktop, publication('tool', 'three'), options)
  const quarantine = (version: string) =>
    scribe.write(
      laptop,
      { type: 'content.quarantine', version: versionNamed(version), reason: null },
      { knows: introduced, incarnation: OTHER_INCARNATION }
    )
  const [two, three] = [quarantine('two'), quarantine('three')]
  const state = settled(scribe)
  assert.equal(reasonOf(state, two), 'in force')
  assert.equal(reasonOf(state, three), 'not-owner')
})

test('what was done under a name of others stays inert for a reason of its own when its author is suspended', () => {
  const scribe = new Scribe(orgOf({}, {}))
  const introduced = [scribe.enrol(admin, laptop)]
  scribe.write(admin, publication('os', 'one'))
  const intruder = scribe.write(laptop, publication('os', 'evil'), { knows: introduced })
  assert.equal(reasonOf(settled(scribe), intruder), 'name-taken')
  scribe.suspend(admin, laptop)
  assert.equal(reasonOf(settled(scribe), intruder), 'author-suspended')
})

test('of two suspensions that nobody answered together the newest is named', () => {
  const scribe = new Scribe(orgOf({}, {}))
  scribe.enrol(admin, laptop)
  const [first, last] = [scribe.suspend(admin, laptop), scribe.suspend(second, laptop)]
  const third = (knows: Operation, incarnation: string) =>
    scribe.write(second, enrolment(orgIdOf(scribe.root), laptop), { knows: [knows], incarnation })
  third(first, OTHER_INCARNATION)
  scribe.enrol(second, laptop)
  const state = settled(scribe)
  assert.equal(state.devices.get(laptop.id)?.standing, 'suspended')
  assert.equal(state.devices.get(laptop.id)?.takenBy?.operation, last.id)
})

test('an admin acts as one even where another role that it holds has a better rank', () => {
  const scribe = new Scribe(orgOf({ aide: ['approve', 'content.quarantine'] }, { aide: 3 }))
  const granted = scribe.grantRole(admin, second, 'aide')
  const later = rootAfter(scribe.root, [admin, second], {
    ranks: new Map([...scribe.root.ranks, ['admin', 4], ['aide', 2]]),
    frontier: [{ author: admin.id, incarnation: INCARNATION, seq: granted.seq, id: granted.id }]
  })
  const options = { knows: [granted], root: later }
  const quarantine = scribe.write(
    second,
    { type: 'content.quarantine', version: versionNamed('one'), reason: null },
    options
  )
  const approve = scribe.write(second, { type: 'approve', operation: granted.id }, { root: later })
  const state = settled(scribe, [later])
  assert.equal(reasonOf(state, quarantine), 'in force')
  assert.equal(reasonOf(state, approve), 'in force')
})

test('a device that is enrolled again goes on by what it drafts, and what it signed in between stays void', () => {
  const founder = new TestDevice(admin, orgOf({}, {}))
  founder.enrol(laptop)
  const device = new TestDevice(laptop, founder.ledger.root)
  device.learn(founder)
  const note: OperationContent = { type: 'note', about: null, text: 'here' }
  const before = device.write(note)
  founder.learn(device)
  const cutoffs = founder.ledger.cutoffsOf(laptop.id)
  founder.write({ type: 'device.suspend', device: laptop.id, cutoffs, reason: null })
  const unaware = device.write(note)
  founder.enrol(laptop)
  device.learn(founder)
  const after = device.write(note)
  founder.learn(device)
  const reasons = [before, unaware, after].map(operation => reasonOf(founder.ledger.state(), operation))
  assert.deepEqual(reasons, ['in force', 'author-suspended', 'in force'])
})
