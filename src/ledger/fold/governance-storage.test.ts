import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DatasetClass } from '../encoding/names.ts'
import type { ClassPolicy, OperationContent } from '../operation/operation-content.ts'
import { mayRead } from './access.ts'
import { classRules, DEFAULT_CLASS_RULES, stalenessLimitsMs, storageTerms } from './class-policy.ts'
import { deletionOf, mustDelete } from './deletion.ts'
import { type Actor, type Cast, cast, meet, TABLE, toDevice } from './governance-fixture.conformance.ts'
import { mayHold } from './holding.ts'
import {
  keyNamed,
  OTHER_INCARNATION,
  publication,
  START_MS,
  sha256,
  type TestKey,
  versionNamed
} from './org-fixture.conformance.ts'

const HOUR = 3_600_000
const ONE = versionNamed('one')
const keyOf = (name: string) => sha256(Buffer.from(`recipient ${name}`))
const person = (name: string) => Buffer.from(keyOf(name)).toString('hex')

const rules = (changes: Partial<ClassPolicy> = {}): OperationContent => ({
  ...DEFAULT_CLASS_RULES.confidential,
  ...{ type: 'class.policy', class: 'confidential', ...changes }
})
const sealedPublication = (of: DatasetClass, name: string, version: string): OperationContent =>
  ({ ...publication(name, version), class: of, sealed: true }) as OperationContent
const scan = (
  verdict: 'clean' | 'infected' | 'unscanned',
  found: string | null = null
): OperationContent => ({
  ...{ type: 'content.scan', version: ONE, engine: 'clamav', database: 'daily 7', verdict, found }
})
const erase = (of = '00'): OperationContent => ({
  ...{ type: 'content.erase', version: ONE, case: of.repeat(16), reason: 'asked for', basis: 'art17' },
  subject: null
})
const storage = (device: TestKey, site: string, capacityBytes: number): OperationContent => ({
  ...{ type: 'device.storage', device: device.id, site, capacityBytes }
})
const reads = (actor: Actor, device: TestKey) => {
  const decision = mayRead(actor.ledger.state(), device.id, ONE, START_MS)
  return decision.allowed ? decision.because : decision.reason
}
const entryOf = (actor: Actor, device: TestKey) => actor.ledger.state().devices.get(device.id)

/** What an admin says, approved by the other one. */
function agreed({ admin, second }: Cast, content: OperationContent) {
  const operation = admin.write(content)
  second.learn(admin)
  second.approve(operation)
  admin.learn(second)
  return operation
}

describe('rules of a class', () => {
  test('need as many admins as a root, although no root names them, and count once those agree', () => {
    const org = cast()
    const { admin, second } = org
    const strict = admin.write(rules({ copies: 5 }))
    assert.equal(admin.says(strict), 'needs-approval')
    assert.equal(classRules(admin.ledger.state(), 'confidential').copies, 2)
    meet(admin, second)
    second.approve(strict)
    meet(admin, second)
    assert.equal(admin.says(strict), 'admin')
    assert.equal(classRules(admin.ledger.state(), 'confidential').copies, 5)
    assert.equal(classRules(admin.ledger.state(), 'restricted').holders, 'storage')
  })

  test('in a role that is not of the chain they need all of these admins besides', () => {
    const types = ['class.policy', 'content.erase', 'note']
    const roles = new Map([...TABLE.roles, ['helpdesk', types]])
    const { admin, second, laptop, keys } = cast({ roles })
    admin.grantRole(keys.laptop, 'helpdesk')
    meet(admin, second, laptop)
    const said = laptop.write(rules({ copies: 7 }))
    meet(admin, second, laptop)
    admin.approve(said)
    assert.equal(admin.says(said), 'needs-approval', 'who is no admin counts for none')
    second.approve(said)
    meet(admin, second)
    assert.equal(admin.says(said), 'helpdesk')
  })

  test('the last word counts, also of an admin whose clock is behind', () => {
    const org = cast()
    const { admin, second } = org
    agreed(org, rules({ copies: 3 }))
    const late = second.write(rules({ copies: 4 }), { timeMs: START_MS - HOUR })
    meet(admin, second)
    admin.approve(late)
    assert.equal(classRules(admin.ledger.state(), 'confidential').copies, 4)
  })

  test('staleness shortens what the root allows, and storage asks for more and never for less', () => {
    const org = cast({
      beacon: { signers: [keyNamed('admin').id], quorum: 1, periodMs: 1000, lifeMs: 10_000 },
      stalenessMs: { public: null, internal: 5000, confidential: 5000, restricted: null }
    })
    const { admin } = org
    agreed(org, rules({ stalenessMs: 9000, copies: 2, sites: 2, retentionMs: 9000 }))
    agreed(org, rules({ class: 'restricted', stalenessMs: 1000 }))
    agreed(org, rules({ class: 'internal', stalenessMs: 2000 }))
    assert.deepEqual(stalenessLimitsMs(admin.ledger.state()), {
      ...{ public: null, internal: 2000, confidential: 5000, restricted: 1000 }
    })
    admin.publishAs('confidential', 'set', 'one')
    const keep = { regions: ['eu'], kinds: [], shares: null } as const
    admin.write({ type: 'dataset.storage', name: 'set', copies: 1, sites: 3, ...keep, retentionMs: 9999 })
    const terms = () => storageTerms(admin.ledger.state(), { name: 'set', class: 'confidential' })
    assert.deepEqual(terms(), { ...keep, copies: 2, sites: 3, retentionMs: 9000 })
    admin.write({ type: 'dataset.storage', name: 'set', copies: 6, sites: 1, ...keep, retentionMs: null })
    assert.deepEqual(terms(), { ...keep, copies: 6, sites: 2, retentionMs: 9000 })
  })

  test('say who may hold a copy; what is not sealed only who may read it, and what is erased nobody', () => {
    const org = cast()
    const { admin, keys } = org
    admin.publishAs('restricted', 'plain', 'two')
    admin.write(sealedPublication('restricted', 'set', 'one'))
    /** Who reads what it holds is in capitals. */
    const holders = (version: string) =>
      Object.entries(keys)
        .map(([name, { id }]): string => {
          const decision = mayHold(admin.ledger.state(), id, versionNamed(version), START_MS)
          if (!decision.allowed) return ''
          return decision.reads ? name.toUpperCase() : name
        })
        .filter(name => name !== '')
        .join(' ')
    admin.grantRole(keys.laptop, 'storage')
    assert.equal(holders('one'), 'ADMIN SECOND laptop')
    assert.equal(holders('two'), 'ADMIN SECOND')
    agreed(org, rules({ class: 'restricted', holders: 'members' }))
    assert.equal(holders('one'), 'ADMIN SECOND laptop desktop')
    agreed(org, rules({ class: 'restricted', holders: 'readers' }))
    admin.grantAccess(toDevice(keys.desktop), { kind: 'all' })
    assert.equal(holders('one'), 'ADMIN SECOND DESKTOP')
    agreed(org, rules({ class: 'restricted', holders: 'members', scan: true }))
    assert.equal(holders('one'), 'ADMIN SECOND laptop desktop')
    agreed(org, erase())
    assert.equal(holders('one'), '')
  })

  test('what is retired, quarantined or recalled nobody holds blindly either', () => {
    const { admin, keys } = cast()
    admin.write(sealedPublication('confidential', 'set', 'one'))
    const fault = () => {
      const decision = mayHold(admin.ledger.state(), keys.laptop.id, ONE, START_MS)
      return decision.allowed ? 'holds' : decision.reason
    }
    assert.equal(fault(), 'holds')
    const stranger = mayHold(admin.ledger.state(), keyNamed('stranger').id, ONE, START_MS)
    assert.equal(!stranger.allowed && stranger.reason, 'not-a-member')
    admin.quarantine('one')
    assert.equal(fault(), 'quarantined')
    admin.release('one')
    assert.equal(fault(), 'holds')
    admin.retire('set')
    assert.equal(fault(), 'retired')
    admin.recall('one')
    assert.equal(fault(), 'recalled')
  })

  test('nobody opens to blind holders, by a publication that calls it sealed, what others publish as it is', () => {
    const { admin, laptop, desktop } = cast()
    const other = keyNamed('other')
    admin.enrol(other)
    const held = () => {
      const decision = mayHold(admin.ledger.state(), other.id, ONE, START_MS)
      return decision.allowed ? 'holds' : decision.reason
    }
    meet(admin, laptop, desktop)
    desktop.write(sealedPublication('internal', 'claimed', 'one'))
    admin.learn(desktop)
    assert.equal(held(), 'holds')
    laptop.publishAs('confidential', 'plain', 'one')
    admin.learn(laptop)
    assert.equal(held(), 'needs-grant')
  })
})

describe('what is sealed to whom', () => {
  test('only a device itself says which key is its, and its last word counts', () => {
    const { admin, laptop, desktop, keys } = cast()
    laptop.write({ type: 'device.sealing', device: laptop.id, recipient: keyOf('old') })
    const last = laptop.write({ type: 'device.sealing', device: laptop.id, recipient: keyOf('new') })
    const foreign = admin.write({ type: 'device.sealing', device: desktop.id, recipient: keyOf('mine') })
    admin.learn(laptop)
    assert.equal(admin.says(foreign), 'not-owner')
    assert.equal(entryOf(admin, keys.desktop)?.sealing, undefined)
    assert.deepEqual(entryOf(admin, keys.laptop)?.sealing, { operation: last.id, recipient: keyOf('new') })
  })

  test('every epoch of a group stays known, the current one last, and of two equal ones the least id is it', () => {
    const { admin, second, laptop } = cast()
    const group = admin.createGroup('radiology')
    const epoch = (actor: Actor, number: number, name: string) =>
      actor.write({ type: 'group.epoch', group: group.id, epoch: number, recipient: keyOf(name) })
    const first = epoch(admin, 1, 'a')
    meet(admin, second)
    const rivals = [epoch(admin, 2, 'b'), epoch(second, 2, 'c')]
    meet(admin, second, laptop)
    const known = admin.ledger
      .state()
      .groups.get(group.id)
      ?.epochs.map(({ operation }) => operation)
    assert.deepEqual(known, [
      first.id,
      ...rivals
        .map(({ id }) => id)
        .toSorted()
        .reverse()
    ])
    assert.equal(laptop.says(epoch(laptop, 3, 'd')), 'not-authorised')
  })
})

describe('what devices and sites offer', () => {
  test('a site is what an admin says, else what the device says; the capacity is the smaller of the two', () => {
    const { admin, laptop, desktop, keys } = cast()
    const offer = () => {
      meet(admin, laptop)
      return entryOf(admin, keys.laptop)?.storage
    }
    laptop.write(storage(keys.laptop, 'berlin', 500))
    assert.deepEqual(offer(), { site: 'berlin', capacityBytes: 500 })
    admin.write(storage(keys.laptop, 'lyon', 800))
    assert.deepEqual(offer(), { site: 'lyon', capacityBytes: 500 })
    laptop.write(storage(keys.laptop, 'oslo', 900))
    assert.deepEqual(offer(), { site: 'lyon', capacityBytes: 800 })
    laptop.write(storage(keys.laptop, 'oslo', 0))
    assert.deepEqual(offer(), { site: 'lyon', capacityBytes: 0 })
    const foreign = desktop.write(storage(keys.laptop, 'cairo', 0))
    assert.equal(desktop.says(foreign), 'outranked')
  })

  test('the region of a site is the last word of an admin, also of one whose clock is behind', () => {
    const { admin, second, laptop } = cast()
    admin.write({ type: 'site.region', site: 'berlin', region: 'us' })
    const last = admin.write({ type: 'site.region', site: 'berlin', region: 'eu' })
    const foreign = laptop.write({ type: 'site.region', site: 'berlin', region: 'asia' })
    admin.learn(laptop)
    assert.equal(admin.says(foreign), 'not-authorised')
    assert.deepEqual(admin.ledger.state().sites.get('berlin'), {
      ...{ site: 'berlin', region: 'eu', operation: last.id }
    })
    second.learn(admin)
    second.write({ type: 'site.region', site: 'berlin', region: 'north' }, { timeMs: START_MS - HOUR })
    admin.learn(second)
    assert.equal(admin.ledger.state().sites.get('berlin')?.region, 'north')
  })

  test('what others say of a device counts while they rank above it', () => {
    const types = ['device.storage', 'note']
    const roles = new Map([...TABLE.roles, ['helpdesk', types]])
    const { admin, desktop, keys } = cast({ roles })
    admin.grantRole(keys.desktop, 'helpdesk')
    desktop.learn(admin)
    const word = desktop.write(storage(keys.laptop, 'lyon', 5))
    admin.learn(desktop)
    assert.equal(admin.says(word), 'helpdesk')
    assert.equal(entryOf(admin, keys.laptop)?.storage?.site, 'lyon')
    admin.grantRole(keys.laptop, 'helpdesk')
    assert.equal(admin.says(word), 'outranked')
    assert.equal(entryOf(admin, keys.laptop)?.storage, undefined)
  })

  test('who owns a dataset says how it is stored and whom it is about; the persons add up', () => {
    const { admin, laptop, desktop } = cast()
    laptop.publishAs('internal', 'set', 'one')
    meet(admin, laptop, desktop)
    const about = (actor: Actor, ...names: string[]) =>
      actor.write({
        ...{ type: 'dataset.subjects', name: 'set', version: ONE },
        subjects: names.map(person).sort()
      })
    about(laptop, 'a', 'b')
    about(admin, 'b', 'c')
    const foreign = about(desktop, 'd')
    meet(admin, laptop, desktop)
    assert.equal(admin.says(foreign), 'name-taken')
    const [version] = admin.ledger.state().datasets.get('set')?.versions ?? []
    assert.deepEqual(version?.subjects, new Set(['a', 'b', 'c'].map(person)))
  })
})

describe('scans', () => {
  const scanned = () => {
    const org = cast()
    const { admin, laptop, desktop, keys } = org
    const scanner = keyNamed('scanner')
    agreed(org, rules({ class: 'internal', sealed: false, scan: true }))
    admin.grantRole(keys.desktop, 'scanner')
    admin.enrol(scanner)
    meet(admin, laptop, desktop)
    laptop.publishAs('internal', 'set', 'one')
    meet(admin, laptop, desktop)
    const row = () => {
      meet(admin, desktop)
      return [keys.admin, keys.laptop, keys.desktop, scanner].map(key => reads(admin, key)).join(' ')
    }
    return { ...org, row }
  }
  const OPEN = 'class class class class'
  const CLOSED = 'class class class not-scanned'
  const HELD = Array(4).fill('quarantined').join(' ')

  test('until one has found it clean, only admins, scanners and its publisher read what a class wants scanned', () => {
    const { laptop, desktop, admin, row } = scanned()
    assert.equal(row(), CLOSED)
    const own = laptop.write(scan('clean'))
    admin.learn(laptop)
    assert.equal(admin.says(own), 'not-authorised')
    desktop.write(scan('unscanned'))
    assert.equal(row(), CLOSED)
    desktop.write(scan('clean'))
    assert.equal(row(), OPEN)
    desktop.write(scan('unscanned'))
    assert.equal(row(), CLOSED, 'a scanner takes its word back')
  })

  test('what one found holds the version back until a release that knows of it, whatever others find later', () => {
    const { desktop, admin, row } = scanned()
    admin.write(scan('clean'))
    desktop.write(scan('infected', 'Eicar'))
    assert.equal(row(), HELD)
    const [taking] = admin.ledger.state().content.get(ONE)?.quarantines ?? []
    assert.equal(taking?.reason, 'a scan found Eicar')
    desktop.write(scan('clean'))
    assert.equal(row(), HELD)
    admin.release('one')
    assert.equal(row(), OPEN)
    desktop.write(scan('infected'))
    assert.equal(row(), HELD)
  })

  test('a release that names a scan knows what its scanner knew of', () => {
    const { admin, second, keys } = cast()
    admin.publishAs('internal', 'set', 'one')
    admin.quarantine('one')
    const found = admin.write(scan('infected'))
    second.learn(admin)
    assert.deepEqual(second.release('one').deps, [found.id])
    assert.equal(reads(second, keys.laptop), 'class')
  })

  test('the last word of each scanner is told, in the order in which they spoke', () => {
    const { admin, second } = cast()
    admin.write(scan('clean'))
    second.learn(admin)
    second.write(scan('unscanned'))
    admin.learn(second)
    admin.write(scan('clean'))
    const scans = admin.ledger
      .state()
      .content.get(ONE)
      ?.scans.map(({ by, verdict }) => [by, verdict])
    assert.deepEqual(scans, [
      [second.id, 'unscanned'],
      [admin.id, 'clean']
    ])
  })

  test('a class that asks for no scan is held back by one all the same', () => {
    const { admin, keys } = cast()
    admin.publishAs('internal', 'set', 'one')
    assert.equal(reads(admin, keys.desktop), 'class')
    admin.write(scan('infected'))
    assert.equal(reads(admin, keys.desktop), 'quarantined')
  })

  test('a scanner that forks its feed frees nothing that it found, and clears nothing', () => {
    const { desktop, admin, keys, row } = scanned()
    const [clean, infected] = [desktop.sign(scan('clean')), desktop.sign(scan('infected'))]
    admin.ledger.add([clean.record])
    assert.equal(reads(admin, keys.second), 'class')
    admin.ledger.add([infected.record])
    assert.equal(admin.says(clean), 'forked')
    assert.equal(admin.says(infected), 'scanner')
    assert.match(row(), /^quarantined/)
  })
})

describe('erasure', () => {
  test('takes a version from everybody at once and for good, by as many admins as a root', () => {
    const org = cast()
    const { admin, second, laptop, desktop, keys } = org
    admin.grantRole(keys.desktop, 'privacy')
    laptop.publishAs('internal', 'set', 'one')
    meet(admin, second, laptop, desktop)
    const asked = desktop.write(erase())
    meet(admin, second, desktop)
    assert.equal(admin.says(asked), 'needs-approval')
    assert.equal(reads(admin, keys.admin), 'class')
    admin.approve(asked)
    assert.equal(admin.says(asked), 'needs-approval')
    second.approve(asked)
    meet(admin, second)
    assert.equal(admin.says(asked), 'privacy')
    for (const key of [keys.admin, keys.laptop, keys.desktop]) assert.equal(reads(admin, key), 'erased')
    admin.release('one')
    admin.publishAs('public', 'again', 'one')
    assert.equal(reads(admin, keys.laptop), 'erased')
    assert.equal(mustDelete(admin.ledger.state(), ONE), true)
  })

  test('is told by version and by case, with the last word of each device about it', () => {
    const org = cast()
    const { admin, laptop, keys } = org
    const [first, other] = [agreed(org, erase('aa')), agreed(org, erase('bb'))]
    const again = agreed(org, erase('aa'))
    meet(admin, laptop)
    const confirm = (outcome: 'deleted' | 'not-held', bytes: number) =>
      laptop.write({ type: 'erase.confirm', erase: first.id, outcome, bytes, keys: true })
    confirm('deleted', 500)
    const last = confirm('not-held', 0)
    admin.learn(laptop)
    const state = admin.ledger.state()
    assert.deepEqual(
      state.content.get(ONE)?.erasures.map(({ operation }) => operation),
      [first.id, other.id, again.id]
    )
    assert.deepEqual(state.erasureCases.get('aa'.repeat(16)), new Set([first.id, again.id]))
    const { timeMs } = last
    assert.deepEqual(
      state.erasures.get(first.id)?.confirmations,
      new Map([
        [keys.laptop.id, { operation: last.id, outcome: 'not-held', bytes: 0, keys: true, timeMs } as const]
      ])
    )
    assert.equal(state.erasures.get(other.id)?.confirmations.size, 0)
  })

  test('that loses its force is told no more, by version nor by case', () => {
    const org = cast()
    const { admin, second, desktop, keys } = org
    admin.grantRole(keys.desktop, 'privacy')
    meet(admin, desktop)
    const asked = desktop.write(erase('aa'))
    const own = agreed(org, erase('aa'))
    meet(admin, second, desktop)
    for (const actor of [admin, second]) actor.approve(asked)
    meet(admin, second)
    const told = () => {
      const { erasures, erasureCases } = admin.ledger.state()
      return [erasures.size, erasureCases.get('aa'.repeat(16))]
    }
    assert.deepEqual(told(), [2, new Set([asked.id, own.id])])
    admin.revokeRole(keys.desktop, 'privacy', [])
    assert.deepEqual(told(), [1, new Set([own.id])])
  })

  test('denies at once what is held, and deletes it when the hold is lifted', () => {
    const org = cast()
    const { admin, keys } = org
    admin.publishAs('internal', 'set', 'one')
    admin.publishAs('internal', 'second/name', 'one')
    admin.retire('second/name')
    const holds = ['set', 'second/name'].map(name =>
      admin.write({ type: 'hold.place', name, reason: 'court' })
    )
    assert.equal(deletionOf(admin.ledger.state(), ONE).kind, 'kept')
    agreed(org, erase())
    assert.equal(reads(admin, keys.laptop), 'erased')
    const said = () => {
      const deletion = deletionOf(admin.ledger.state(), ONE)
      return deletion.kind === 'held' ? deletion.holds.length : deletion.kind
    }
    assert.equal(said(), 2)
    assert.equal(mustDelete(admin.ledger.state(), ONE), false)
    for (const { id: hold } of holds) admin.write({ type: 'hold.lift', hold })
    assert.equal(said(), 'due')
  })

  test('a hold by an admin is lifted by no worse rank, and a fork lets no hold go', () => {
    const { admin, desktop, laptop, keys } = cast()
    admin.grantRole(keys.desktop, 'privacy')
    admin.grantRole(keys.laptop, 'privacy')
    const hold = admin.write({ type: 'hold.place', name: 'set', reason: null })
    meet(admin, desktop, laptop)
    const held = () => admin.ledger.state().holds.get('set')?.length ?? 0
    desktop.write({ type: 'hold.lift', hold: hold.id })
    const own = desktop.write({ type: 'hold.place', name: 'set', reason: null })
    meet(admin, desktop, laptop)
    assert.equal(held(), 2)
    laptop.write({ type: 'hold.lift', hold: own.id })
    meet(admin, laptop)
    assert.equal(held(), 1, 'of equals each may lift what the other placed')

    desktop.incarnation = OTHER_INCARNATION
    const forked = [
      desktop.sign({ type: 'hold.place', name: 'set', reason: null }),
      desktop.sign({ type: 'hold.lift', hold: hold.id })
    ]
    admin.ledger.add(forked.map(({ record }) => record))
    assert.deepEqual(
      forked.map(operation => admin.says(operation)),
      ['privacy', 'forked']
    )
    assert.equal(held(), 2)
  })
})
