/** Copies of what is put, on real nodes: made, counted, moved when devices go, and healed when they rot. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { VersionId } from '../src/base/ids.ts'
import { GIB, MINUTE_MS, SECOND_MS } from '../src/base/units.ts'
import { DEFAULT_STORAGE_SETTINGS, type StorageSettings } from '../src/node/storage/node-storage.ts'

const all = (ms: number) => ({ server: ms, desktop: ms, laptop: ms })
/** Days become seconds. */
const QUICK: StorageSettings = {
  ...DEFAULT_STORAGE_SETTINGS,
  ...{ grace: all(3 * SECOND_MS), patience: all(2 * SECOND_MS), skewMs: 100 },
  ...{ promiseMs: 6 * SECOND_MS, renewMs: 3 * SECOND_MS, lookMs: 200, retryMs: 500 },
  ...{ checkMs: MINUTE_MS, presenceMs: 0 }
}

const org = new OrgInProcess()
const files = new Map([
  ['a/large.bin', randomBytes(3_000_001)],
  ['small.txt', randomBytes(1000)],
  ['empty', Buffer.alloc(0)]
])
let publisher: Running
let paris: Running
let london: Running
let rome: Running
let version: VersionId

const offer = (running: Running, capacityBytes: number) =>
  running.service.storage.setCapacity({ capacityBytes, keepFreeShare: 0 })
const stored = () => publisher.service.storage.versionStorage({ name: 'payroll', version: null })
const idOf = ({ node }: Running) => node.identity.device
const vaultOf = ({ node }: Running) => join(node.home, 'vault', version)
const holders = async (): Promise<string[]> =>
  (await stored()).devices.filter(({ state }) => state === 'kept').map(({ device }) => device)

function assertWhole(folder: string): void {
  for (const [name, bytes] of files) assert.ok(readFileSync(join(folder, name)).equals(bytes), name)
}

before(async () => {
  publisher = await org.found('publisher', { storage: QUICK })
  paris = await org.join(publisher, 'paris-nas', { site: 'paris', storage: QUICK })
  london = await org.join(publisher, 'london-nas', { site: 'london', storage: QUICK })
  rome = await org.join(publisher, 'rome-nas', { site: 'rome', storage: QUICK })
  await org.settled()
  const source = join(org.folder, 'source')
  mkdirSync(join(source, 'a'), { recursive: true })
  for (const [name, bytes] of files) writeFileSync(join(source, name), bytes)
})

after(() => org.stop())

describe('copies', { concurrency: false }, () => {
  test('are asked for before there is room, and it is said what is missing', async () => {
    const task = { signal: new AbortController().signal, onProgress: () => undefined }
    const source = join(org.folder, 'source')
    const request = { path: source, name: 'payroll', dataClass: 'internal', origin: null } as const
    version = (await publisher.service.publish(request, task)).version
    assert.equal((await stored()).policy, null)
    await publisher.service.storage.setStoragePolicy({ name: 'payroll', policy: 'copies=2,sites=2' })
    const { isSafe, says, missing } = await stored()
    assert.equal(isSafe, false)
    assert.match(
      says,
      /^not safe yet, it is only with .*: 0 of 2 copies are proved.*no other device .* offers room/
    )
    assert.deepEqual(
      missing.map(({ part, wanted, got }) => [part, wanted, got]),
      [
        ['sites', 2, 0],
        ['copies', 2, 0]
      ]
    )
  })

  test('are made on different sites once there is room, durable before anybody says so', async () => {
    await offer(paris, 10 * GIB)
    await offer(london, 10 * GIB)
    let said = ''
    await eventually(
      () => `two copies are safe: ${said}`,
      async () => {
        const { isSafe, says, devices } = await stored()
        said = `${says}, ${JSON.stringify(devices)}`
        return isSafe
      }
    )
    assert.deepEqual((await holders()).sort(), [idOf(paris), idOf(london)].sort())
    for (const holder of [paris, london]) assertWhole(vaultOf(holder))
    const { says, survives } = await stored()
    assert.match(says, /^safe: 2 of 2 copies are proved, on 2 sites; survives the loss of any 1 site/)
    assert.deepEqual(survives, { sites: 1, devices: 1 })
  })

  test('count in what a loss would do', async () => {
    const report = await publisher.service.storage.whatIf({ lose: ['site:paris'] })
    assert.deepEqual(
      report.lost.map(({ device }) => device),
      [idOf(paris)]
    )
    assert.deepEqual(report.datasets, [
      {
        ...{ dataset: 'payroll', versions: 1, touched: 1, belowPolicy: 1, belowPolicyBefore: 0 },
        ...{ unreadable: 0, unreadableBefore: 0 }
      }
    ])
    const both = await publisher.service.storage.whatIf({ lose: ['site:paris', 'device:london-nas'] })
    assert.equal(both.datasets[0]?.unreadable, 1)
    await assert.rejects(publisher.service.storage.whatIf({ lose: ['planet:mars'] }), { code: 'USAGE' })
    await assert.rejects(publisher.service.storage.whatIf({ lose: ['site:atlantis'] }), { code: 'USAGE' })
  })

  test('are renewed in the ledger for as long as they are there', async () => {
    const saidAt = async () => Math.min(...(await stored()).devices.map(({ saidAtMs }) => saidAtMs ?? 0))
    const before = await saidAt()
    await eventually('both say it again', async () => (await saidAt()) > before)
  })

  test('rot is found by a look at what is there, said, and healed from the others', async () => {
    const path = join(vaultOf(paris), 'a/large.bin')
    const bytes = Buffer.from(files.get('a/large.bin') ?? [])
    bytes[1_500_000] = (bytes[1_500_000] ?? 0) ^ 1
    writeFileSync(path, bytes)
    const task = { signal: new AbortController().signal, onProgress: () => undefined }
    await paris.service.verify({ name: 'payroll', version: null }, task)
    await eventually('it is whole again', () => {
      const wanted = files.get('a/large.bin')
      return wanted !== undefined && existsSync(path) && readFileSync(path).equals(wanted)
    })
    await eventually('it counts again', async () => (await holders()).includes(idOf(paris)))
  })

  test('that a device says it has, and has not, are found out, disputed and made again', async () => {
    const path = join(vaultOf(paris), 'a/large.bin')
    rmSync(path)
    const asked = await london.node.storage.prove(version, [idOf(paris)])
    assert.equal(asked, false)
    await eventually('nobody counts on it', async () => !(await holders()).includes(idOf(paris)))
    await eventually('it is made again', async () => (await holders()).includes(idOf(paris)))
    await eventually('under its name', () => existsSync(path))
    assertWhole(vaultOf(paris))
    assert.equal(await london.node.storage.prove(version, [idOf(paris)]), true)
  })

  test('move to another device when one is gone for longer than its grace', async () => {
    await offer(rome, 10 * GIB)
    await delay(SECOND_MS)
    const lost = paris
    await lost.node.stop()
    org.running.splice(org.running.indexOf(lost), 1)
    await eventually('the loss is repaired', async () => {
      const now = await holders()
      return (await stored()).isSafe && !now.includes(idOf(lost)) && now.length === 2
    })
    assertWhole(vaultOf(rome))
  })

  test('are let go of where they are not owed any more, after the others have proved theirs', async () => {
    // Each has a copy of its own too, which stays.
    for (const { node, service } of [london, rome]) {
      const order = { name: 'payroll', version: null, destination: join(node.home, 'own') } as const
      const { id } = await service.startTransfer({ ...order, purpose: null, priority: null, only: [] })
      await eventually('it is fetched', async () => (await service.transfer(id)).state === 'complete')
    }
    await publisher.service.storage.setStoragePolicy({ name: 'payroll', policy: 'copies=1' })
    await eventually(
      'one is left',
      async () => (await stored()).devices.length <= 2 && (await holders()).length === 1
    )
    await eventually('the other is deleted', () => {
      const left = [london, rome].filter(running => existsSync(vaultOf(running)))
      return left.length === 1
    })
    const { isSafe } = await stored()
    assert.equal(isSafe, true)
    const { holders: said } = await publisher.service.auditWho('payroll')
    const holding = said.filter(({ endedAtMs }) => endedAtMs === null).map(({ device }) => device.device)
    for (const each of [london, rome])
      assert.ok(holding.includes(idOf(each)), 'its own copy is not forgotten')
  })

  test('go with the version when it is retired', async () => {
    await publisher.service.retire({ name: 'payroll', version: null })
    await eventually('none is left', () =>
      [london, rome].every(({ node }) => {
        const root = join(node.home, 'vault')
        return !existsSync(root) || readdirSync(root).length === 0
      })
    )
  })
})
