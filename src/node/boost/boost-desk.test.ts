/** What a look does, by a ledger that is folded for real. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idBytes, type VersionId } from '../../base/ids.ts'
import { GIB } from '../../base/units.ts'
import { type Actor, cast, meet } from '../../ledger/fold/governance-fixture.conformance.ts'
import { versionNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import { DEFAULT_GRACE } from '../../placement/fleet.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { SILENT_LOG } from '../log.ts'
import type { Sighting } from '../storage/storage-fleet.ts'
import { StorageMap } from '../storage/storage-map.ts'
import type { StoredVersion } from '../storage/storage-units.ts'
import type { Vault, VaultCopy } from '../storage/vault.ts'
import { BOOST_TIMES, BoostDesk } from './boost-desk.ts'

const FILM = versionNamed('film')
const HERE: Sighting = { seenMs: undefined, isPresent: true, emptySinceMs: 0 }

/** The desk of a server that offers room, before it looks for the first time; and what its vault was told. */
async function deskOf({ id, ledger }: Actor) {
  const told = { begun: [] as VersionId[], placesMade: 0 }
  const vault: Partial<Vault> = {
    copies: () => new Map<VersionId, VaultCopy>(),
    fetch: ({ unit }: StoredVersion) => void told.begun.push(unit.version),
    sweep: async () => undefined
  }
  const places = async () => {
    told.placesMade++
    const terms = { state: ledger.state(), sightingOf: () => HERE, grace: DEFAULT_GRACE, nowMs: Date.now() }
    return (await new StorageMap().renew(terms, () => true)) ?? assert.fail()
  }
  const desk = new BoostDesk({
    ...{ self: id, kind: 'server', site: 'paris', vault: vault as Vault, log: SILENT_LOG, places },
    store: { holdings: () => [], records: new MemoryRecords() },
    keeper: { state: () => ledger.state(), isWhole: true },
    swarm: { versions: () => [], wants: () => false, peers: () => [], past: () => new Map() },
    ...{ isKept: () => false, mayHold: () => true, sightingOf: () => HERE, siteOf: () => 'berlin' },
    ...{ present: () => new Set<never>(), rates: async () => new Map(), times: BOOST_TIMES }
  })
  desk.start()
  await desk.set({ ...desk.settings, wantedMin: 1 })
  return { desk, told }
}

/** A server that offers room, and a desktop that is to want the film of a laptop. */
function scene() {
  const { admin, second, laptop, desktop, keys } = cast()
  for (const device of [keys.laptop, keys.desktop]) admin.update(device)
  admin.write({ type: 'device.storage', device: admin.id, site: 'paris', capacityBytes: 100 * GIB })
  laptop.publish('film', 'film')
  meet(admin, second, laptop, desktop)
  return { server: admin, desktop }
}

test('places are made only where something lacks servers', async () => {
  const { server, desktop } = scene()
  const { desk, told } = await deskOf(server)
  assert.deepEqual(told, { begun: [], placesMade: 0 })
  desk.asked(desktop.id, idBytes(FILM))
  await desk.look()
  assert.deepEqual(told, { begun: [FILM], placesMade: 1 })
  await desk.close()
})

test('what is wanted begins nowhere while this is switched off, and when it is on again', async () => {
  const { server, desktop } = scene()
  const { desk, told } = await deskOf(server)
  await desk.set({ ...desk.settings, isOn: false })
  desk.asked(desktop.id, idBytes(FILM))
  await desk.look()
  assert.deepEqual([told.begun, desk.last.wanted.length, await desk.roomBytes()], [[], 1, 0])
  await desk.set({ ...desk.settings, isOn: true })
  assert.deepEqual([told.begun, (await desk.roomBytes()) > 0], [[FILM], true])
  await desk.close()
})
