/** What is to be stored, where, by a ledger that is folded for real. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { GIB, HOUR_MS } from '../../base/units.ts'
import {
  type Actor,
  type Cast,
  cast,
  meet,
  toDevice
} from '../../ledger/fold/governance-fixture.conformance.ts'
import { versionNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import { DEFAULT_GRACE } from '../../placement/fleet.ts'
import type { Sighting } from './storage-fleet.ts'
import { type MapTerms, StorageMap } from './storage-map.ts'
import { storedVersions } from './storage-units.ts'

const HERE: Sighting = { seenMs: undefined, isPresent: true, emptySinceMs: 0 }

const offer = (actor: Actor, site: string, capacityBytes = 100 * GIB) =>
  actor.write({ type: 'device.storage', device: actor.id, site, capacityBytes })
const keep = (actor: Actor, name: string, copies: number, more: Partial<{ regions: string[] }> = {}) =>
  actor.write({
    ...{ type: 'dataset.storage', name, copies, sites: 1, regions: [], kinds: [] },
    ...{ shares: null, retentionMs: null, ...more }
  })

/** All offer room: laptop and desktop in berlin, the admins in paris and rome. */
function scene(): Cast {
  const all = cast()
  offer(all.laptop, 'berlin')
  offer(all.desktop, 'berlin')
  offer(all.admin, 'paris')
  offer(all.second, 'rome')
  meet(all.admin, all.second, all.laptop, all.desktop)
  return all
}

function termsOf({ ledger, nowMs }: Actor, changes: Partial<MapTerms> = {}): MapTerms {
  return { state: ledger.state(), sightingOf: () => HERE, grace: DEFAULT_GRACE, nowMs, ...changes }
}

async function placesOf(actor: Actor, changes: Partial<MapTerms> = {}, map = new StorageMap()) {
  const places = await map.renew(termsOf(actor, changes), () => true)
  assert.ok(places)
  return places
}

const versionsOf = ({ ledger, nowMs }: Actor) =>
  storedVersions(ledger.state(), nowMs).map(({ unit }) => unit.version)

test('a version is stored when its dataset has a rule, or its class asks for copies, and nothing stands against it', () => {
  const { admin } = scene()
  for (const version of ['plain', 'ruled', 'withdrawn', 'held back'])
    admin.publish(version.replace(' ', '-'), version)
  admin.publishAs('confidential', 'secret', 'by class')
  assert.deepEqual(versionsOf(admin), [versionNamed('by class')])
  for (const name of ['ruled', 'withdrawn', 'held-back']) keep(admin, name, 1)
  assert.equal(versionsOf(admin).length, 4)
  admin.retire('withdrawn')
  admin.quarantine('held back')
  assert.deepEqual(versionsOf(admin), [versionNamed('ruled'), versionNamed('by class')])
})

test('under several names the rule that asks for the most counts', () => {
  const { admin } = scene()
  admin.publish('one', 'same')
  admin.publish('two', 'same')
  keep(admin, 'one', 2)
  keep(admin, 'two', 3)
  const [stored, ...others] = storedVersions(admin.ledger.state(), admin.nowMs)
  assert.deepEqual([stored?.unit.policy.copies, stored?.name, others.length], [3, 'two', 0])
})

test('places are on different sites, and the same for every device that knows the same', async () => {
  const { admin, laptop } = scene()
  admin.publish('data', 'data')
  keep(admin, 'data', 3)
  meet(admin, laptop)
  const places = await placesOf(admin)
  const devices = places.assignments.get(versionNamed('data'))?.devices ?? []
  assert.equal(new Set(devices.map(device => places.devices.get(device)?.site)).size, 3)
  assert.deepEqual((await placesOf(laptop)).assignments.get(versionNamed('data'))?.devices, devices)
})

test('a rule about regions goes by what the ledger says of sites', async () => {
  const { admin } = scene()
  admin.publish('data', 'data')
  keep(admin, 'data', 2, { regions: ['eu'] })
  const before = await placesOf(admin)
  assert.deepEqual(before.assignments.get(versionNamed('data'))?.devices, [])
  for (const site of ['rome', 'paris']) admin.write({ type: 'site.region', site, region: 'eu' })
  const after = await placesOf(admin)
  const sites = after.assignments.get(versionNamed('data'))?.devices.map(id => after.devices.get(id)?.site)
  assert.deepEqual(sites?.toSorted(), ['paris', 'rome'])
})

test('what is read with a grant is held only by who may read it', async () => {
  const { admin, laptop } = scene()
  admin.publish('data', 'data')
  admin.policy('data', 'granted')
  keep(admin, 'data', 4)
  const owing = async () => (await placesOf(admin)).assignments.get(versionNamed('data'))?.devices ?? []
  assert.equal((await owing()).includes(laptop.id), false)
  admin.grantAccess(toDevice(laptop.key), { kind: 'name', name: 'data' })
  assert.equal((await owing()).includes(laptop.id), true)
})

test('who is away past its grace, suspended, or offers nothing more owes nothing', async () => {
  const { admin, second, laptop } = scene()
  admin.publish('data', 'data')
  keep(admin, 'data', 4)
  const owing = async (sightingOf: MapTerms['sightingOf'] = () => HERE) =>
    (await placesOf(admin, { sightingOf })).assignments.get(versionNamed('data'))?.devices ?? []
  assert.equal((await owing()).length, 4)
  const away = (hours: number) => (device: DeviceId) =>
    device === second.id ? { ...HERE, isPresent: false, seenMs: admin.nowMs - hours * HOUR_MS } : HERE
  assert.equal((await owing(away(1))).includes(second.id), true)
  assert.equal((await owing(away(24 * 60))).includes(second.id), false)
  admin.suspend(laptop.key)
  offer(admin, 'paris', 0)
  const left = await owing()
  assert.deepEqual([left.includes(laptop.id), left.includes(admin.id), left.length], [false, false, 2])
})

test('the first version that is stored has its places, also where nothing was stored before', async () => {
  const { admin } = scene()
  const map = new StorageMap()
  assert.equal((await placesOf(admin, {}, map)).stored.length, 0)
  admin.publish('data', 'data')
  keep(admin, 'data', 2)
  const places = await placesOf(admin, {}, map)
  assert.equal(places.assignments.get(versionNamed('data'))?.devices.length, 2)
  admin.publish('secret', 'secret')
  admin.policy('secret', 'granted')
  keep(admin, 'secret', 1)
  const later = await placesOf(admin, {}, map)
  assert.equal(later.assignments.get(versionNamed('secret'))?.devices.length, 1)
})

test('what is published later continues the places before, and gives the same as all anew', async () => {
  const { admin } = scene()
  const map = new StorageMap()
  admin.publish('data-1', 'v1')
  keep(admin, 'data-1', 2)
  const first = await placesOf(admin, {}, map)
  admin.publish('data-2', 'v2')
  keep(admin, 'data-2', 2)
  const continued = await placesOf(admin, {}, map)
  assert.equal(continued.assigner, first.assigner, 'nothing is placed twice')
  const anew = await placesOf(admin)
  assert.deepEqual(
    [...continued.assignments].map(([version, { devices }]) => [version, devices]),
    [...anew.assignments].map(([version, { devices }]) => [version, devices])
  )
  admin.retire('data-1')
  const later = await placesOf(admin, {}, map)
  assert.notEqual(later.assigner, first.assigner)
  assert.deepEqual([...later.assignments.keys()], [versionNamed('v2')])
})
