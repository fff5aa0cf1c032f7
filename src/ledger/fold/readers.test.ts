import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RootChain } from '../chain/root-chain.ts'
import { Ledger } from '../ledger.ts'
import { mayRead, READ_FAULTS } from './access.ts'
import { VERSIONS } from './governance-content.conformance.ts'
import { cast, toDevice, toGroup } from './governance-fixture.conformance.ts'
import { histories, isRoot, operationsOf } from './governance-history.conformance.ts'
import { EVERYONE } from './governance-step.conformance.ts'
import { keyNamed, START_MS, sha256, verify, versionNamed } from './org-fixture.conformance.ts'
import { readableBy, readersOf } from './readers.ts'

const MINUTE = 60_000

test('readers of a version and what a device reads are what mayRead says of each, reason for reason', () => {
  const met = new Set<string>()
  fc.assert(
    fc.property(histories(60), ({ founding, events }) => {
      const chain = new RootChain(founding, { verify, sha256 })
      for (const event of events) if (isRoot(event)) chain.add(event.record)
      const ledger = new Ledger(chain, { verify, sha256 })
      ledger.add(operationsOf(events).map(({ record }) => record))
      const state = ledger.state()
      for (const nowMs of [START_MS + 60 * MINUTE, START_MS + 100 * MINUTE])
        for (const version of VERSIONS) {
          const { devices, closed } = readersOf(state, version, nowMs)
          for (const { id } of EVERYONE) {
            const decision = mayRead(state, id, version, nowMs)
            const alone = decision.allowed ? decision : undefined
            assert.deepEqual(devices.get(id), alone)
            assert.deepEqual(readableBy(state, id, nowMs).get(version), alone)
            met.add(decision.allowed ? decision.because : decision.reason)
            const isPersonal = decision.allowed || PERSONAL.has(decision.reason)
            if (decision.allowed || (!isPersonal && state.devices.has(id)))
              assert.deepEqual(closed, decision.allowed ? undefined : decision)
          }
        }
    }),
    { numRuns: 60, seed: 11 }
  )
  for (const reason of READ_FAULTS) if (reason !== 'not-scanned') assert.ok(met.has(reason), reason)
  for (const because of ['class', 'grant', 'owner', 'admin']) assert.ok(met.has(because), because)
})

const PERSONAL = new Set(['not-a-member', 'needs-grant', 'not-scanned'])

test('a grant of one of several names of a version is enough, as it is for mayRead', () => {
  const { admin, laptop, keys } = cast()
  for (const name of ['left', 'right']) laptop.publishAs('restricted', name, 'one')
  admin.learn(laptop)
  admin.grantAccess(toDevice(keys.desktop), { kind: 'name', name: 'right' })
  const { devices } = readersOf(admin.ledger.state(), versionNamed('one'), START_MS)
  assert.equal(devices.get(keys.desktop.id)?.name, 'right')
})

test('tells the devices that read, by what, and the groups that are granted it', () => {
  const { admin, laptop, keys } = cast()
  laptop.publishAs('restricted', 'scans/ct', 'one')
  admin.learn(laptop)
  const [group, other] = [admin.createGroup('radiology'), admin.createGroup('other')]
  const guest = keyNamed('guest')
  admin.enrol(guest)
  admin.addTo(group, guest, { expiresMs: START_MS + 300 * MINUTE })
  const grant = admin.grantAccess(toGroup(group), { kind: 'prefix', prefix: 'scans/' })
  admin.grantAccess(toGroup(other), { kind: 'name', name: 'scans' })
  const own = admin.grantAccess(toDevice(keys.desktop), { kind: 'all' })
  const readers = (nowMs: number) => {
    const { devices, groups } = readersOf(admin.ledger.state(), versionNamed('one'), nowMs)
    const names = new Map(
      [...Object.entries(keys), ['guest', guest] as const].map(([name, key]) => [key.id, name])
    )
    return {
      devices: Object.fromEntries([...devices].map(([device, { because }]) => [names.get(device), because])),
      groups: [...groups].map(([id, grants]) => [id, grants.map(({ operation }) => operation)])
    }
  }
  const always = { admin: 'admin', second: 'admin', laptop: 'owner', desktop: 'grant' }
  assert.deepEqual(readers(START_MS + 200 * MINUTE), {
    devices: { ...always, guest: 'grant' },
    groups: [[group.id, [grant.id]]]
  })
  assert.deepEqual(readers(START_MS + 400 * MINUTE).devices, always)
  const readable = readableBy(admin.ledger.state(), keys.desktop.id, START_MS + 200 * MINUTE)
  assert.deepEqual(
    [...readable].map(([version, { grant: by }]) => [version, by]),
    [[versionNamed('one'), own.id]]
  )
  admin.recall('one')
  const { closed, devices, groups } = readersOf(admin.ledger.state(), versionNamed('one'), START_MS)
  assert.deepEqual([closed?.reason, devices.size, groups.size], ['recalled', 0, 0])
})
