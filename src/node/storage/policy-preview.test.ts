/** What a rule would do, by a ledger that is folded for real. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { GIB, HOUR_MS } from '../../base/units.ts'
import { type Actor, type Cast, cast, meet } from '../../ledger/fold/governance-fixture.conformance.ts'
import type { State } from '../../ledger/fold/state.ts'
import { DEFAULT_GRACE } from '../../placement/fleet.ts'
import { policy } from '../../placement/fleet-picture.conformance.ts'
import { DEFAULT_STORAGE_SETTINGS } from './node-storage.ts'
import { previewPolicy } from './policy-preview.ts'
import { StorageMap } from './storage-map.ts'

/** Laptop and desktop in berlin, the admins in paris and rome; all offer room. */
function scene(): Cast {
  const all = cast()
  const offer = (actor: Actor, site: string) =>
    actor.write({ type: 'device.storage', device: actor.id, site, capacityBytes: 100 * GIB })
  offer(all.laptop, 'berlin')
  offer(all.desktop, 'berlin')
  offer(all.admin, 'paris')
  offer(all.second, 'rome')
  meet(all.admin, all.second, all.laptop, all.desktop)
  return all
}

async function preview({ admin }: Cast, name: string, text: string) {
  const { ledger, nowMs } = admin
  const sightingOf = () => ({ seenMs: undefined, isPresent: true, emptySinceMs: 0 })
  const placesUnder = async (state: State) => {
    const places = await new StorageMap().renew(
      { state, sightingOf, grace: DEFAULT_GRACE, nowMs },
      () => true
    )
    return places ?? assert.fail('it was not called off')
  }
  return await previewPolicy({
    ...{ state: ledger.state(), name, policy: policy(text), placesUnder },
    terms: { ...DEFAULT_STORAGE_SETTINGS, nowMs },
    places: await placesUnder(ledger.state()),
    nameOf: (device: DeviceId) => ({ device, name: null, site: null })
  })
}

test('of a dataset that nobody keeps it says who would, and how safe that is', async () => {
  const all = scene()
  all.admin.publish('data', 'data')
  const { versions, before, after, devices, comingBytes, unmet } = await preview(
    all,
    'data',
    'copies=3,sites=3'
  )
  assert.deepEqual([versions, before.policy, before.survives], [1, null, null])
  assert.deepEqual([after.policy, after.survives], ['copies=3,sites=3', { sites: 2, devices: 2 }])
  assert.equal(after.says, 'survives the loss of any 2 sites or any 2 devices')
  assert.deepEqual(
    devices.map(({ stays, comes, goes }) => [stays, comes, goes]),
    [
      [0, 1, 0],
      [0, 1, 0],
      [0, 1, 0]
    ]
  )
  assert.ok(comingBytes > 0)
  assert.deepEqual(unmet, [])
})

test('who has proved a copy and may not hold it any more lets it go', async () => {
  const all = scene()
  const { admin, second } = all
  admin.publish('data', 'data')
  admin.write({ type: 'site.region', site: 'rome', region: 'eu' })
  const [published] = admin.ledger.state().datasets.get('data')?.versions ?? []
  assert.ok(published !== undefined)
  meet(admin, second)
  admin.write({
    ...{ type: 'copy.state', device: admin.id, untilMs: admin.nowMs + HOUR_MS },
    copies: [{ version: published.version, share: null }]
  })
  const { devices } = await preview(all, 'data', 'copies=1,region=eu')
  const change = (device: DeviceId) => devices.find(each => each.device === device)
  assert.equal(change(second.id)?.comes, 1)
  assert.equal(change(admin.id)?.goes, 1)
})

test('what nobody could give is said, and the floor of the class counts', async () => {
  const all = scene()
  all.admin.publishAs('confidential', 'secret', 'secret')
  const { policy: written, after, unmet } = await preview(all, 'secret', 'copies=1')
  assert.deepEqual([written, after.policy], ['copies=1,sites=1', 'copies=2,sites=1'])
  all.admin.publish('open', 'open')
  const most = await preview(all, 'open', 'copies=6,sites=4')
  assert.deepEqual(
    [...unmet, ...most.unmet].map(({ part, wanted, got, because }) => [part, wanted, got, because]),
    [
      ['sites', 4, 3, 'no-device'],
      ['copies', 6, 4, 'no-device']
    ]
  )
})
