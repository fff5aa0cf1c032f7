/** Shares on real nodes: cut from what is published, placed, read without the source, made anew when devices go. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { VersionId } from '../src/base/ids.ts'
import { GIB, MINUTE_MS, SECOND_MS } from '../src/base/units.ts'
import { DEFAULT_STORAGE_SETTINGS, type StorageSettings } from '../src/node/storage/node-storage.ts'

const all = (ms: number) => ({ server: ms, desktop: ms, laptop: ms })
/** Days become seconds. */
const QUICK: StorageSettings = {
  ...DEFAULT_STORAGE_SETTINGS,
  ...{ grace: all(3 * SECOND_MS), patience: all(2 * SECOND_MS), skewMs: 100 },
  ...{ promiseMs: MINUTE_MS, renewMs: MINUTE_MS / 2, lookMs: 200, retryMs: 500 },
  ...{ checkMs: SECOND_MS, presenceMs: 0, sharesAfterMs: 300 }
}

const org = new OrgInProcess()
const files = new Map([
  ['a/large.bin', randomBytes(5_000_001)],
  ['b/other.bin', randomBytes(700_000)],
  ['small.txt', randomBytes(1000)],
  ['empty', Buffer.alloc(0)]
])
const POLICY = 'shares=3+2,sites=5'
let publisher: Running
let holders: Running[]
/** Offers room later. */
let spare: Running

const offer = (running: Running) =>
  running.service.storage.setCapacity({ capacityBytes: 10 * GIB, keepFreeShare: 0 })
const stored = (by = publisher) => by.service.storage.versionStorage({ name: 'payroll', version: null })
const vaultOf = ({ node }: Running): string[] => {
  const root = join(node.home, 'vault')
  return existsSync(root) ? readdirSync(root) : []
}
const scratchOf = ({ node }: Running): string[] => {
  const root = join(node.home, 'shares')
  return existsSync(root) ? readdirSync(root) : []
}
const task = () => ({ signal: new AbortController().signal, onProgress: () => undefined })
const setOf = ({ node }: Running) => node.keeper.state().datasets.get('payroll')?.versions[0]?.shares[0]

/** Verified payload, over all versions. */
const receivedBy = ({ node }: Running): number =>
  [...node.hub.tallies().values()].reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)

function assertWhole(folder: string): void {
  for (const [name, bytes] of files) assert.ok(readFileSync(join(folder, name)).equals(bytes), name)
}

/** Ends a device for good. */
async function lose(running: Running): Promise<void> {
  await running.node.stop()
  org.running.splice(org.running.indexOf(running), 1)
}

async function get(by: Running, folder: string): Promise<void> {
  const request = { name: 'payroll', version: null, destination: join(by.node.home, folder), purpose: null }
  const { id } = await by.service.startTransfer({
    ...request,
    priority: 'normal',
    deadlineAtMs: null,
    only: []
  })
  await eventually(`${folder} is whole`, () => by.node.desk.view(id)?.state === 'complete')
}

before(async () => {
  publisher = await org.found('publisher', QUICK)
  holders = []
  for (const site of ['paris', 'london', 'rome', 'oslo', 'wien'])
    holders.push(await org.join(publisher, `${site}-nas`, { site, storage: QUICK }))
  spare = await org.join(publisher, 'kiev-nas', { site: 'kiev', storage: QUICK })
  await org.settled()
  const source = join(org.folder, 'source')
  for (const [name, bytes] of files) {
    mkdirSync(join(source, name, '..'), { recursive: true })
    writeFileSync(join(source, name), bytes)
  }
})

after(() => org.stop())

describe('shares', { concurrency: false }, () => {
  test('are cut from what is published, and each goes to a device of its own', async () => {
    const source = join(org.folder, 'source')
    const request = { path: source, name: 'payroll', dataClass: 'internal', origin: null } as const
    await publisher.service.publish(request, task())
    for (const holder of holders) await offer(holder)
    await publisher.service.storage.setStoragePolicy({ name: 'payroll', policy: POLICY })
    await eventually('all shares are safe', async () => (await stored()).isSafe)
    const { says, survives, devices, policy } = await stored()
    assert.equal(policy, POLICY)
    assert.match(
      says,
      /^safe: 5 of 5 shares are proved, on 5 sites; survives the loss of any 2 sites or any 2 devices/
    )
    assert.deepEqual(survives, { sites: 2, devices: 2 })
    assert.deepEqual(devices.map(({ share }) => share).sort(), [0, 1, 2, 3, 4])
    const set = setOf(publisher)
    assert.deepEqual(holders.flatMap(vaultOf).sort(), set?.shares.toSorted())
    await eventually('what was cut is removed', () => scratchOf(publisher).length === 0)
  })

  test('that are lost are made anew of others, with no byte more than that takes', async () => {
    const set = setOf(publisher)
    assert.ok(set)
    const [lost] = holders
    assert.ok(lost)
    const [share] = vaultOf(lost)
    await lose(lost)
    // Until all know that it is gone they do not agree about who is to have what.
    for (const { service } of [spare, ...org.running])
      await eventually('its share is missed', async () => {
        const { isSafe } = await service.storage.versionStorage({ name: 'payroll', version: null })
        return !isSafe
      })
    const before = receivedBy(spare)
    await offer(spare)
    holders = [...holders.slice(1), spare]
    await eventually('it is made anew', () => vaultOf(spare)[0] === share)
    await eventually('all are safe again', async () => (await stored()).isSafe)
    assert.equal(receivedBy(spare) - before, set.data * set.bytes)
    await eventually('what it was made of is removed', () => scratchOf(spare).length === 0)
    const holding = spare.node.store.holdings().find(each => each.version.id === share)
    assert.equal(holding?.kind, 'fetched')
    const { badPieces } = await holding.verify()
    assert.deepEqual(badPieces, [])
  })

  test('that a device says it has, and has not, are found out by who has others, disputed and made again', async () => {
    const [liar] = holders
    assert.ok(liar)
    const [share = ''] = vaultOf(liar)
    const path = join(liar.node.home, 'vault', share, '000000')
    const before = readFileSync(path)
    rmSync(path)
    const { device } = liar.node.identity
    await eventually('it is disputed', () =>
      [...publisher.node.keeper.ledger.operations()].some(
        ({ content, author }) =>
          content?.type === 'copy.dispute' && content.device === device && author !== device
      )
    )
    await eventually('it is there again', () => existsSync(path) && readFileSync(path).equals(before))
    await eventually('all are safe again', async () => (await stored()).isSafe)
  })

  test('give the version back when nobody has it whole and as many devices are gone as may be', async () => {
    const set = setOf(publisher)
    const data = set?.shares.slice(0, 2)
    const lost = holders.filter(holder => vaultOf(holder).some(share => data?.includes(share as VersionId)))
    assert.equal(lost.length, 2)
    for (const holder of lost) await lose(holder)
    // What is published in place is the last whole copy: its owner deletes it.
    rmSync(join(org.folder, 'source'), { recursive: true })
    await publisher.service.verify({ name: 'payroll', version: null }, task()).catch(() => undefined)
    holders = holders.filter(holder => !lost.includes(holder))
    const [reader] = holders
    assert.ok(reader)
    await get(reader, 'read')
    assertWhole(join(reader.node.home, 'read'))
    await eventually('the shares that were fetched for it are removed', () => scratchOf(reader).length === 0)
  })

  test('go with the version when it is erased, and it is said of each that it did', async () => {
    assert.ok(holders.every(holder => vaultOf(holder).length === 1))
    const { version } = await stored()
    publisher.node.keeper.append({
      ...{ type: 'content.erase', version: version as VersionId, case: '07'.repeat(16), reason: null },
      ...{ basis: 'art17', subject: null }
    })
    await eventually('no share is left', () => holders.every(holder => vaultOf(holder).length === 0))
    await eventually('all have said so', () => holders.every(holder => saidBy(holder) !== undefined))
    const set = setOf(publisher)
    for (const holder of holders) {
      const said = saidBy(holder)
      assert.equal(said?.outcome, 'deleted')
      assert.ok((said?.bytes ?? 0) >= (set?.bytes ?? 0))
      assert.equal(holder.node.store.holdings().length, 0)
    }

    function saidBy({ node }: Running) {
      const [erasure] = publisher.node.keeper.state().erasures.values()
      return erasure?.confirmations.get(node.identity.device)
    }
  })
})
