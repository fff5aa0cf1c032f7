/** What many want and one laptop has is taken in passing by a server, which gives it on and lets go of it again. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { boostReport } from '../src/api/boost.ts'
import { participation } from '../src/api/performance.ts'
import { versionStorage } from '../src/api/storage.ts'
import type { VersionId } from '../src/base/ids.ts'
import { HOUR_MS, MIB, SECOND_MS } from '../src/base/units.ts'
import { versionsKept } from '../src/ledger/fold/copies.ts'
import { BOOST_TIMES } from '../src/node/boost/boost-desk.ts'
import { OriginServer } from '../src/node/origin/origin-server.conformance.ts'
import { DEFAULT_STORAGE_SETTINGS, type StorageSettings } from '../src/node/storage/node-storage.ts'

const QUICK: StorageSettings = {
  ...DEFAULT_STORAGE_SETTINGS,
  boost: { ...BOOST_TIMES, lookMs: 100, originAfterMs: 300 }
}
const FILE_BYTES = 2 * MIB
const GB = 1e9
const NAME = 'os/image'
const MARKER = 'MARKER-of-a-boost-5d20'

const org = new OrgInProcess()
const web = new OriginServer()
let webAddress: string
let server: Running
let laptop: Running
let readers: Running[]

const report = () => server.service.boosts.boosts()
const versionOf = async () => (await server.service.dataset(NAME)).versions[0]?.version ?? assert.fail()
const audited = (version: VersionId, action: 'stored' | 'deleted') => {
  const { audit, identity } = server.node
  return audit.log.store.database.search({ device: identity.device, version, action, limit: 100 })
}
/** Publishes a file on the laptop, and waits until all know of it. */
async function publish(
  file: string,
  bytes: Buffer,
  { name, origin = null }: { readonly name: string; readonly origin?: string | null }
): Promise<VersionId> {
  const path = join(org.folder, file)
  writeFileSync(path, bytes)
  const task = { signal: AbortSignal.timeout(30_000), onProgress: () => undefined }
  const { version } = await laptop.service.publish({ path, name, dataClass: 'internal', origin }, task)
  await org.settled()
  return version
}

const limit = async ({ service }: Running, direction: 'up' | 'down', bytesPerSecond: number) =>
  await service.limits.setLimits([
    { id: null, direction, link: 'all', dataClass: 'all', hours: null, bytesPerSecond }
  ])
const boostOf = async (version: VersionId) => (await report()).boosts.find(each => each.version === version)
const fetchTo = async ({ service }: Running, folder: string, name = NAME) =>
  await service.startTransfer({
    ...{ name, version: null, destination: join(org.folder, folder), purpose: null },
    ...{ priority: null, only: [] }
  })
const isComplete = async ({ service }: Running) =>
  (await service.transfers()).every(({ state }) => state === 'complete')

before(async () => {
  webAddress = await web.listen()
  server = await org.found('hq', { storage: QUICK, origins: { anyAddress: true } })
  laptop = await org.join(server, 'laptop', { kind: 'laptop', site: 'paris' })
  readers = []
  for (const name of ['desk-1', 'desk-2'])
    readers.push(await org.join(server, name, { kind: 'desktop', site: 'berlin' }))
  await server.service.storage.setCapacity({ capacityBytes: GB, keepFreeShare: 0 })
  await server.service.boosts.setBoosts({ wantedMin: 2 })
  await org.settled()
  await publish('image.bin', randomBytes(FILE_BYTES), { name: NAME })
})
after(async () => {
  await org.stop()
  web.close()
})

test('nothing is taken while one device wants it', async () => {
  // Its readers get nothing yet.
  await limit(laptop, 'up', 0)
  await fetchTo(readers[0] ?? assert.fail(), 'copy-1')
  await eventually('the server hears of it', async () => (await report()).demand.length === 1)
  const { demand, boosts, barred } = await report()
  assert.deepEqual([demand[0]?.wanted, demand[0]?.lacking], [[{ site: 'berlin', devices: 1 }], 0])
  assert.deepEqual([boosts, barred], [[], null])
})

test('when as many do as it takes, a server begins to fetch it, and says so', async () => {
  await server.service.boosts.setBoosts({ wantedMin: 1 })
  await eventually('a copy in passing begins', async () => (await report()).boosts.length === 1)
  await laptop.service.limits.clearLimits()
  await eventually('it is here', async () => (await report()).boosts[0]?.haveBytes === FILE_BYTES)
  await eventually('who wanted it has it too', () => isComplete(readers[0] ?? assert.fail()))
  boostReport.parse(await report())
  const version = await versionOf()
  assert.ok(existsSync(join(server.node.home, 'boost', version)))
  assert.equal(server.node.storage.vault.holding(version), undefined)
  assert.equal((await server.service.storage.storage()).own.passingBytes, FILE_BYTES)
  const measures = await server.service.measures()
  assert.deepEqual(
    [measures.storage.boosts.versions, measures.storage.boosts.begunTotal, measures.storage.keptBytes],
    [1, 1, 0]
  )
  await eventually('its audit log says that it is stored', () => audited(version, 'stored').length === 1)
})

test('it is promised to nobody, and counts for no rule', async () => {
  const state = server.node.keeper.state()
  assert.deepEqual(versionsKept(state, server.node.identity.device), [])
  const status = await server.service.storage.versionStorage({ name: NAME, version: null })
  versionStorage.parse(status)
  assert.deepEqual([status.copies, status.isSafe, status.devices], [0, false, []])
  const boost = (await report()).boosts[0] ?? assert.fail()
  assert.deepEqual([status.passing?.haveBytes, status.passing?.endsAtMs], [FILE_BYTES, boost.endsAtMs])
  assert.equal((await laptop.service.storage.versionStorage({ name: NAME, version: null })).passing, null)
  const taking = await server.service.performance.participation({ fromMs: Date.now() - HOUR_MS })
  participation.parse(taking)
  assert.deepEqual(
    taking.passing.boosts.map(({ version }) => version),
    [boost.version]
  )
})

test('what peers can not give it takes from the HTTP origin, once for all who come', async () => {
  const bytes = randomBytes(FILE_BYTES)
  web.files.set('/patch.bin', { bytes })
  await limit(laptop, 'up', 0)
  await server.service.governance.grantRole({
    device: laptop.node.identity.device,
    role: 'publisher',
    expiresInMs: null
  })
  await org.settled()
  const version = await publish('patch.bin', bytes, { name: 'os/patch', origin: `${webAddress}/patch.bin` })
  // This one has no way to the origin.
  const reader = readers[0] ?? assert.fail()
  await limit(reader, 'down', 0)
  await fetchTo(reader, 'patch-1', 'os/patch')
  await eventually('it is wanted, and said that an origin has it', async () =>
    (await report()).demand.some(each => each.version === version && each.hasOrigin)
  )
  await eventually('it is here', async () => (await boostOf(version))?.haveBytes === FILE_BYTES)
  await reader.service.limits.clearLimits()
  await eventually('who wanted it has it', () => isComplete(reader))
  assert.equal(web.sentBytes, FILE_BYTES)
  assert.ok(readFileSync(join(org.folder, 'patch-1')).equals(bytes))
  await laptop.service.limits.clearLimits()
})

test('an erasure takes it too, and a recall, and it does not come back', async () => {
  for (const kind of ['erase', 'recall'] as const) {
    const name = `people/${kind}`
    const reader = readers[0] ?? assert.fail()
    await limit(reader, 'down', 0)
    const version = await publish(`${kind}.txt`, Buffer.from(`${MARKER} ${kind}`.repeat(10_000)), { name })
    await fetchTo(reader, `${kind}-1`, name)
    await eventually('it is here', async () => {
      const boost = await boostOf(version)
      return boost !== undefined && boost.haveBytes === boost.bytes
    })
    const place = join(server.node.home, 'boost', version)
    assert.ok(readFileSync(join(place, `${kind}.txt`)).includes(MARKER))
    const by = { name, version: null, reason: null }
    if (kind === 'recall') await server.service.governance.recall({ ...by, reason: 'wrong' })
    else
      await server.service.erasures.erase({
        ...{ ...by, subject: null, allVersions: false, basis: 'art17', deleteSource: false }
      })
    await eventually('this device has confirmed', async () => {
      const { case: found } = await server.service.erasures.caseOf({ name, version: null })
      const { devices } = await server.service.erasures.case(found)
      return devices.some(
        each => each.name === 'hq' && each.state === 'confirmed' && (each.confirmations[0]?.bytes ?? 0) > 0
      )
    })
    assert.equal(existsSync(place), false)
    await reader.service.limits.clearLimits()
    assert.equal(await boostOf(version), undefined)
  }
})

test('who comes when the laptop is gone has it from the server', async () => {
  const [first, late] = [readers[0] ?? assert.fail(), readers[1] ?? assert.fail()]
  for (const gone of [laptop, first]) {
    await gone.node.stop()
    org.running.splice(org.running.indexOf(gone), 1)
  }
  await fetchTo(late, 'copy-2')
  await eventually('it has it', () => isComplete(late))
  const [{ sources = [] } = {}] = await late.service.transfers()
  assert.deepEqual(
    sources.map(({ device }) => device),
    [server.node.identity.device]
  )
})

test('it goes at once when this is switched off, and stays away', async () => {
  const version = await versionOf()
  const { barred } = await server.service.boosts.setBoosts({ isOn: false })
  assert.match(barred ?? '', /switched off/)
  assert.deepEqual((await report()).boosts, [])
  assert.equal(existsSync(join(server.node.home, 'boost', version)), false)
  assert.deepEqual(
    server.node.store.holdings().filter(holding => holding.version.id === version),
    []
  )
  await eventually('its audit log says that it is deleted', () => audited(version, 'deleted').length === 1)
  await assert.rejects(server.service.boosts.setBoosts({ lingerMs: SECOND_MS }), /lingerMs is from/)
})
