/** What many want and one laptop has is taken in passing by a server, which gives it on and lets go of it again. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { boostReport } from '../src/api/boost.ts'
import { versionStorage } from '../src/api/storage.ts'
import { MIB, SECOND_MS } from '../src/base/units.ts'
import { versionsKept } from '../src/ledger/fold/copies.ts'
import { BOOST_TIMES } from '../src/node/boost/boost-desk.ts'
import { DEFAULT_STORAGE_SETTINGS, type StorageSettings } from '../src/node/storage/node-storage.ts'

const QUICK: StorageSettings = { ...DEFAULT_STORAGE_SETTINGS, boost: { ...BOOST_TIMES, lookMs: 100 } }
const FILE_BYTES = 2 * MIB
const GB = 1e9
const NAME = 'os/image'

const org = new OrgInProcess()
let server: Running
let laptop: Running
let readers: Running[]

const report = () => server.service.boosts.boosts()
const versionOf = async () => (await server.service.dataset(NAME)).versions[0]?.version ?? assert.fail()
const audited = (action: 'stored' | 'deleted') =>
  server.node.audit.log.store.database.search({ device: server.node.identity.device, action, limit: 100 })
const fetchTo = async ({ service }: Running, folder: string) =>
  await service.startTransfer({
    ...{ name: NAME, version: null, destination: join(org.folder, folder), purpose: null },
    ...{ priority: null, only: [] }
  })
const isComplete = async ({ service }: Running) =>
  (await service.transfers()).every(({ state }) => state === 'complete')

before(async () => {
  server = await org.found('hq', QUICK)
  laptop = await org.join(server, 'laptop', { kind: 'laptop', site: 'paris' })
  readers = []
  for (const name of ['desk-1', 'desk-2'])
    readers.push(await org.join(server, name, { kind: 'desktop', site: 'berlin' }))
  await server.service.storage.setCapacity({ capacityBytes: GB, keepFreeShare: 0 })
  await server.service.boosts.setBoosts({ wantedMin: 2 })
  await org.settled()
  const source = join(org.folder, 'image.bin')
  writeFileSync(source, randomBytes(FILE_BYTES))
  const task = { signal: AbortSignal.timeout(30_000), onProgress: () => undefined }
  await laptop.service.publish({ path: source, name: NAME, dataClass: 'internal' }, task)
  await org.settled()
})
after(() => org.stop())

test('nothing is taken while one device wants it', async () => {
  // Its readers get nothing yet.
  await laptop.service.limits.setLimits([
    { id: null, direction: 'up', link: 'all', dataClass: 'all', hours: null, bytesPerSecond: 0 }
  ])
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
  await eventually('its audit log says that it is stored', () => audited('stored').length === 1)
})

test('it is promised to nobody, and counts for no rule', async () => {
  const state = server.node.keeper.state()
  assert.deepEqual(versionsKept(state, server.node.identity.device), [])
  const status = await server.service.storage.versionStorage({ name: NAME, version: null })
  versionStorage.parse(status)
  assert.deepEqual([status.copies, status.isSafe, status.devices], [0, false, []])
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
  await eventually('its audit log says that it is deleted', () => audited('deleted').length === 1)
  await assert.rejects(server.service.boosts.setBoosts({ lingerMs: SECOND_MS }), /lingerMs is from/)
})
