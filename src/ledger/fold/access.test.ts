import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rootAfter } from '../chain/root-fixture.conformance.ts'
import type { DatasetClass } from '../encoding/names.ts'
import type { Scope } from '../operation/operation-content.ts'
import { covers, mayRead, nextExpiryMs } from './access.ts'
import {
  type Actor,
  type Cast,
  cast,
  meet,
  succeed,
  toDevice,
  toGroup
} from './governance-fixture.conformance.ts'
import { keyNamed, START_MS, type TestKey, versionNamed } from './org-fixture.conformance.ts'

const HOUR = 3_600_000
const READERS = ['admin', 'owner', 'reader', 'granted', 'member', 'stranger'] as const

function reads(actor: Actor, device: TestKey, version = 'one', nowMs = START_MS): string {
  const decision = mayRead(actor.ledger.state(), device.id, versionNamed(version), nowMs)
  return decision.allowed ? decision.because : decision.reason
}

/** An org where one device publishes 'set' and everybody that a rule knows of is there to read it. */
function library(
  dataClass: DatasetClass
): Cast & { readonly people: Record<(typeof READERS)[number], TestKey> } {
  const company = cast()
  const { admin, laptop, keys } = company
  const people = {
    admin: keys.second,
    owner: keys.laptop,
    reader: keyNamed('reader'),
    granted: keyNamed('granted'),
    member: keys.desktop,
    stranger: keyNamed('stranger')
  }
  admin.enrol(people.reader)
  admin.enrol(people.granted)
  admin.grantRole(people.reader, 'reader')
  admin.grantAccess(toDevice(people.granted), { kind: 'name', name: 'set' })
  laptop.learn(admin)
  laptop.publishAs(dataClass, 'set', 'one')
  admin.learn(laptop)
  return { ...company, people }
}

/** One word for each of READERS. */
const row = (actor: Actor, people: Record<string, TestKey>) =>
  READERS.map(name => reads(actor, people[name] as TestKey)).join(' ')

describe('who may read', () => {
  const OPEN = 'class class class class class not-a-member'
  const ASKED = 'admin owner needs-grant grant needs-grant not-a-member'
  const table: readonly [DatasetClass, string, string][] = [
    ['public', OPEN, ASKED],
    ['internal', OPEN, ASKED],
    ['confidential', 'admin owner reader grant needs-grant not-a-member', ASKED],
    ['restricted', ASKED, ASKED]
  ]
  for (const [dataClass, byClass, byPolicy] of table)
    test(`${dataClass}, as its class says and when the policy asks for grants`, () => {
      const { admin, people } = library(dataClass)
      assert.equal(row(admin, people), byClass)
      admin.policy('set', 'granted')
      assert.equal(row(admin, people), byPolicy)
      admin.policy('set', 'members')
      assert.equal(row(admin, people), byClass)
    })

  test('what is retired, quarantined or recalled nobody reads, and the strongest reason is told', () => {
    const { admin, people } = library('restricted')
    const all = (reason: string) =>
      `${Array(READERS.length - 1)
        .fill(reason)
        .join(' ')} not-a-member`
    admin.retire('set')
    assert.equal(row(admin, people), all('retired'))
    admin.quarantine('one')
    assert.equal(row(admin, people), all('quarantined'))
    admin.recall('one')
    assert.equal(row(admin, people), all('recalled'))
  })

  test('who published a version as an admin reads it still when it is none any more', () => {
    const { root, admin, second, keys } = cast()
    second.publishAs('restricted', 'set', 'one')
    admin.learn(second)
    assert.equal(reads(admin, keys.second), 'admin')
    admin.take(
      rootAfter(root, [keys.admin, keys.second], succeed(admin, { admins: [keys.admin.id], threshold: 1 }))
    )
    assert.equal(admin.ledger.state().datasets.get('set')?.owner, 'admins')
    assert.equal(reads(admin, keys.second), 'publisher')
    assert.equal(reads(admin, keys.desktop), 'needs-grant')
  })

  test('nobody opens to itself what others keep closed, by publishing the version id once more', () => {
    const { admin, laptop, desktop, people, keys } = library('restricted')
    meet(admin, laptop, desktop)
    desktop.publishAs('public', 'mine', 'one')
    meet(admin, laptop, desktop)
    assert.equal(row(admin, people), 'admin owner needs-grant grant needs-grant not-a-member')
    // The strictest class decides how fresh a view has to be, and the name that closes is the one that is told.
    const decision = mayRead(admin.ledger.state(), people.granted.id, versionNamed('one'), START_MS)
    assert.ok(decision.allowed)
    assert.deepEqual([decision.name, decision.class], ['set', 'restricted'])

    // Nor what they have withdrawn.
    laptop.retire('set')
    admin.learn(laptop)
    assert.equal(
      row(admin, people),
      'class class needs-grant grant needs-grant not-a-member'.replaceAll('class class', 'admin owner')
    )
    admin.grantAccess(toDevice(keys.desktop), { kind: 'all' })
    assert.equal(reads(admin, keys.desktop), 'grant')
  })

  test('nobody closes, nor opens again, what admins have published', () => {
    const { admin, people } = library('public')
    admin.publishAs('internal', 'os', 'one')
    admin.policy('set', 'granted')
    assert.equal(row(admin, people), 'class class class class class not-a-member')
    admin.retire('os')
    assert.equal(reads(admin, people.member), 'needs-grant')
    admin.policy('set', 'members')
    assert.equal(reads(admin, people.member), 'class')
  })

  test('who publishes a version under several names, or anew with another class, opens it', () => {
    const { admin, laptop, people } = library('restricted')
    laptop.publishAs('public', 'declassified/set', 'one')
    admin.learn(laptop)
    assert.equal(reads(admin, people.member), 'class')
    laptop.retire('set')
    admin.learn(laptop)
    assert.equal(reads(admin, people.member), 'class')
    laptop.publishAs('restricted', 'set', 'one')
    laptop.retire('declassified/set')
    admin.learn(laptop)
    assert.equal(reads(admin, people.member), 'needs-grant')
  })

  test('an unknown version is unknown, to members alone', () => {
    const { admin, people } = library('public')
    assert.equal(reads(admin, people.member, 'other'), 'unknown')
    assert.equal(reads(admin, people.stranger, 'other'), 'not-a-member')
  })

  test('suspended and revoked devices, and expired ones, read nothing', () => {
    const { admin, people, keys } = library('public')
    const guest = keyNamed('guest')
    admin.write(
      {
        type: 'device.enrol',
        device: guest.id,
        kind: 'laptop',
        nameCommitment: versionBytes(),
        redemption: null
      },
      { expiresMs: START_MS + HOUR }
    )
    assert.equal(reads(admin, guest, 'one', START_MS + HOUR - 1), 'class')
    assert.equal(reads(admin, guest, 'one', START_MS + HOUR), 'not-a-member')
    admin.suspend(people.member)
    admin.revoke(people.granted)
    for (const key of [people.member, people.granted]) assert.equal(reads(admin, key), 'not-a-member')
    assert.equal(reads(admin, keys.admin), 'class')
  })

  test('roles and grants end with their expiry', () => {
    const { admin, people, keys } = library('confidential')
    admin.grantRole(people.member, 'reader', { expiresMs: START_MS + HOUR })
    assert.equal(reads(admin, people.member, 'one', START_MS + HOUR - 1), 'reader')
    assert.equal(reads(admin, people.member, 'one', START_MS + HOUR), 'needs-grant')
    admin.grantAccess(toDevice(keys.desktop), { kind: 'all' }, { expiresMs: START_MS + 2 * HOUR })
    assert.equal(reads(admin, people.member, 'one', START_MS + 2 * HOUR - 1), 'grant')
    assert.equal(reads(admin, people.member, 'one', START_MS + 2 * HOUR), 'needs-grant')
  })

  test('a group reads what it is granted, each of its devices while it is in it', () => {
    const { admin, people } = library('restricted')
    const group = admin.createGroup('radiology')
    admin.grantAccess(toGroup(group), { kind: 'prefix', prefix: 'set/' })
    admin.addTo(group, people.member)
    assert.equal(reads(admin, people.member), 'needs-grant')
    admin.grantAccess(toGroup(group), { kind: 'name', name: 'set' })
    assert.equal(reads(admin, people.member), 'grant')
    assert.equal(reads(admin, people.reader), 'needs-grant')
    admin.removeFrom(group, people.member)
    assert.equal(reads(admin, people.member), 'needs-grant')
  })

  test('a decision tells the name, the class, and the grant with its purpose', () => {
    const { admin, people } = library('restricted')
    const grant = admin.write({
      type: 'access.grant',
      grantee: toDevice(people.member),
      scope: { kind: 'all' },
      purpose: 'study 17'
    })
    const decision = mayRead(admin.ledger.state(), people.member.id, versionNamed('one'), START_MS)
    assert.deepEqual(decision, {
      allowed: true,
      because: 'grant',
      name: 'set',
      class: 'restricted',
      grant: grant.id,
      purpose: 'study 17'
    })
  })

  test('what admins publish under a second name they open, until they retire it, and never past a quarantine', () => {
    const { admin, people } = library('restricted')
    admin.publishAs('internal', 'open/set', 'one')
    assert.equal(reads(admin, people.member), 'class')
    admin.retire('open/set')
    assert.equal(reads(admin, people.member), 'needs-grant')
    admin.publishAs('internal', 'again/set', 'one')
    admin.quarantine('one')
    assert.equal(reads(admin, people.member), 'quarantined')
  })

  test('scopes cover by name, by beginning, by label of the policy, or all', () => {
    const { admin } = cast()
    admin.publish('scans/ct/2031', 'one')
    admin.publish('scans', 'two')
    admin.policy('scans', 'members', ['ct', 'old'])
    const pictures = (scope: Scope) =>
      ['scans/ct/2031', 'scans']
        .filter(name => {
          const dataset = admin.ledger.state().datasets.get(name)
          assert.ok(dataset)
          return covers(scope, dataset)
        })
        .join(' ')
    assert.equal(pictures({ kind: 'name', name: 'scans' }), 'scans')
    assert.equal(pictures({ kind: 'prefix', prefix: 'scans/' }), 'scans/ct/2031')
    assert.equal(pictures({ kind: 'prefix', prefix: 'scans/c/' }), '')
    assert.equal(pictures({ kind: 'label', label: 'ct' }), 'scans')
    assert.equal(pictures({ kind: 'label', label: 'new' }), '')
    assert.equal(pictures({ kind: 'all' }), 'scans/ct/2031 scans')
  })

  test('the next expiry is the first end ahead of any enrolment, role, grant or version', () => {
    const { admin, keys, laptop } = cast()
    const state = () => admin.ledger.state()
    assert.equal(nextExpiryMs(state(), START_MS), undefined)
    admin.grantRole(keys.laptop, 'reader', { expiresMs: START_MS + 4 * HOUR })
    admin.grantAccess(toDevice(keys.laptop), { kind: 'all' }, { expiresMs: START_MS + 3 * HOUR })
    admin.publishAs('internal', 'set', 'one', { expiresMs: START_MS + 2 * HOUR })
    meet(admin, laptop)
    const ends = [2, 3, 4].map(hours => START_MS + hours * HOUR)
    const seen: number[] = []
    for (let at = nextExpiryMs(state(), START_MS); at !== undefined; at = nextExpiryMs(state(), at))
      seen.push(at)
    assert.deepEqual(seen, ends)
  })
})

function versionBytes(): Uint8Array {
  return new Uint8Array(32).fill(9)
}

test('of several grants the one that lasts longest is what allows, whichever came first', () => {
  const { admin, keys } = library('confidential')
  const [reader, group] = [keys.desktop, admin.createGroup('night')]
  const all: Scope = { kind: 'all' }
  const granted = (nowMs = START_MS) => {
    const decision = mayRead(admin.ledger.state(), reader.id, versionNamed('one'), nowMs)
    return decision.allowed ? decision.grant : undefined
  }
  const short = admin.grantAccess(toDevice(reader), all, { expiresMs: START_MS + HOUR })
  assert.equal(granted(), short.id)
  admin.addTo(group, reader, { expiresMs: START_MS + 2 * HOUR })
  const byGroup = admin.grantAccess(toGroup(group), all)
  assert.equal(granted(), byGroup.id, 'it lasts as long as the place in the group')
  const long = admin.grantAccess(toDevice(reader), all, { expiresMs: START_MS + 3 * HOUR })
  assert.equal(granted(), long.id)
  const ever = [admin.grantAccess(toDevice(reader), all), admin.grantAccess(toDevice(reader), all)]
  assert.equal(granted(), ever.map(({ id }) => id).sort()[0], 'of equals the same one everywhere')
})
