/** Shares on real nodes: cut from what is published, placed, read without the source, made anew when devices go. */

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
  ...{ grace: all(5 * SECOND_MS), patience: all(4 * SECOND_MS), skewMs: 100 },
  ...{ promiseMs: MINUTE_MS, renewMs: MINUTE_MS / 2, lookMs: 200, retryMs: 500 },
  ...{ checkMs: SECOND_MS, presenceMs: 0, sharesAfterMs: 300 }
}

/** So that what is not kept any more goes soon. */
const BRIEF: StorageSettings = { ...QUICK, promiseMs: 6 * SECOND_MS, renewMs: 3 * SECOND_MS }

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
  publisher = await org.found('publisher', { storage: QUICK })
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

  test('that a device says it has, and has not, are found out by it or by who has others, and made again', async () => {
    const [liar] = holders
    assert.ok(liar)
    const [share = ''] = vaultOf(liar)
    const path = join(liar.node.home, 'vault', share, '000000')
    const before = readFileSync(path)
    rmSync(path)
    const { device } = liar.node.identity
    // Whoever looks first: others, who dispute it, or the device itself, which takes back its word.
    await eventually('nobody counts on it', () =>
      [...publisher.node.keeper.ledger.operations()].some(({ content }) => {
        if (content?.type !== 'copy.dispute' && content?.type !== 'copy.state') return false
        if (content.device !== device || !content.copies.some(copy => copy.version === share)) return false
        return content.type === 'copy.dispute' || content.untilMs === 0
      })
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
    // Nobody is to have it whole.
    const folder = join(reader.node.home, 'read')
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
    await reader.service.verify({ name: 'payroll', version: null }, task())
    await eventually('the shares that were fetched for it are removed', () => scratchOf(reader).length === 0)
  })

  test('that are not what the ledger says are found out by who reads, who tries no more until it says others', async () => {
    const set = setOf(publisher)
    const { version } = await stored()
    assert.ok(set)
    const { operation: _, ...said } = set
    const say = (shares: readonly VersionId[]) =>
      publisher.node.keeper.append({
        ...{ type: 'dataset.shares', name: 'payroll', version: version as VersionId, ...said, shares }
      })
    say([...set.shares.slice(1), ...set.shares.slice(0, 1)])
    const reader = holders[1]
    assert.ok(reader)
    await eventually('it has heard', () => setOf(reader)?.shares[0] === set.shares[1])
    const request = {
      name: 'payroll',
      version: null,
      destination: join(reader.node.home, 'again'),
      purpose: null
    }
    const { id } = await reader.service.startTransfer({ ...request, priority: 'normal', only: [] })
    await eventually('it says so', async () => {
      const { problems } = await reader.service.storage.storage()
      return problems.some(each => each.version === version && /give something else/.test(each.problem))
    })
    const before = receivedBy(reader)
    say(set.shares)
    await eventually('it is read', () => reader.node.desk.view(id)?.state === 'complete')
    assertWhole(join(reader.node.home, 'again'))
    assert.ok(receivedBy(reader) - before <= set.data * set.bytes)
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

describe('a sealed version', { concurrency: false }, () => {
  const sealed = new OrgInProcess()
  let owner: Running
  let others: Running[]
  const kept = (by = owner) => by.service.storage.versionStorage({ name: 'letters', version: null })

  before(async () => {
    owner = await sealed.found('owner', { storage: BRIEF })
    others = []
    for (const site of ['bonn', 'graz', 'lyon'])
      others.push(await sealed.join(owner, `${site}-nas`, { site, storage: BRIEF }))
    await sealed.settled()
    const source = join(sealed.folder, 'letters')
    mkdirSync(source)
    writeFileSync(join(source, 'one.txt'), files.get('b/other.bin') ?? '')
    const request = { path: source, name: 'letters', dataClass: 'confidential', origin: null } as const
    assert.equal((await owner.service.publish(request, task())).sealed, true)
    for (const holder of others) await offer(holder)
  })

  after(() => sealed.stop())

  test('that is kept in copies is kept in shares once that is asked for, and never in less meanwhile', async () => {
    await owner.service.storage.setStoragePolicy({ name: 'letters', policy: 'copies=2' })
    await eventually('two copies are safe', async () => (await kept()).isSafe)
    const { version } = await kept()
    await owner.service.storage.setStoragePolicy({ name: 'letters', policy: 'shares=3+1' })
    // More than there are devices for: long after their word is over the copies are what it can be read from.
    await delay(2 * BRIEF.promiseMs)
    assert.equal(others.filter(holder => vaultOf(holder).includes(version)).length, 2)
    await owner.service.storage.setStoragePolicy({ name: 'letters', policy: 'shares=2+1,sites=3' })
    const vaults = () => others.map(holder => vaultOf(holder).length)
    await eventually('the shares are safe', async () => {
      const { isSafe, says, survives } = await kept()
      assert.notEqual(survives, null, says)
      return isSafe && says.includes('3 of 3 shares')
    })
    await eventually(
      'the copies are gone once their word is over',
      () => vaults().every(count => count === 1),
      90_000
    )
  })

  test('is opened by who may read it from shares of what nobody could read', async () => {
    const set = owner.node.keeper
      .state()
      .datasets.get('letters')
      ?.versions[0]?.shares.find(({ data }) => data === 2)
    assert.ok(set)
    const [lost, reader] = others
    assert.ok(lost && reader)
    const plain = files.get('b/other.bin') ?? Buffer.alloc(0)
    for (const share of set.shares) {
      const root = owner.node.store.holdings().find(each => each.version.id === share)?.root
      if (root !== undefined) assert.ok(!readFileSync(join(root, '000000')).includes(plain.subarray(0, 64)))
    }
    await lost.node.stop()
    sealed.running.splice(sealed.running.indexOf(lost), 1)
    // Only who may read it has its key: the owner, whose objects are gone.
    rmSync(join(owner.node.home, 'sealed'), { recursive: true })
    await owner.service.verify({ name: 'letters', version: null }, task()).catch(() => undefined)
    const receivedBytes = receivedBy(owner)
    const request = {
      name: 'letters',
      version: null,
      destination: join(owner.node.home, 'read'),
      purpose: null
    }
    const { id } = await owner.service.startTransfer({ ...request, priority: 'normal', only: [] })
    await eventually('it is read', () => owner.node.desk.view(id)?.state === 'complete')
    assert.ok(readFileSync(join(owner.node.home, 'read', 'one.txt')).equals(plain))
    assert.equal(receivedBy(owner) - receivedBytes, set.data * set.bytes)
  })
})
