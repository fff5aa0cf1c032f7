/**
 * Recalls and erasures on real nodes of three admins, two of whom have to agree to an erasure: who deletes what, when,
 * and what of it one person can bring about.
 */

import assert from 'node:assert/strict'
import { type Dirent, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { systemCodeOf } from '../src/base/errors.ts'
import type { VersionId } from '../src/base/ids.ts'
import { DAY_MS, GIB, MINUTE_MS } from '../src/base/units.ts'
import { verifyCertificate } from '../src/node/erasure/certificate.ts'
import { LocalErasureService } from '../src/node/erasure/erasure-service.ts'
import type { ErasureCase } from '../src/node/erasure/erasure-terms.ts'
import { LocalRetentionService } from '../src/node/erasure/retention-service.ts'
import type { DataClass } from '../src/node/service.ts'
import { DEFAULT_STORAGE_SETTINGS, type StorageSettings } from '../src/node/storage/node-storage.ts'
import { FilesystemStore } from '../src/store/filesystem.ts'

const MARKER = 'MARKER-of-the-recall-77c1'
/** Days become tenths of seconds. */
const QUICK: StorageSettings = {
  ...DEFAULT_STORAGE_SETTINGS,
  ...{ promiseMs: 600, renewMs: 300, lookMs: 50, skewMs: 50, retryMs: 500, presenceMs: 0 }
}
const org = new OrgInProcess()
let build: Running
let lab: Running
let office: Running

const at = (...path: string[]) => join(org.folder, ...path)
const isOpenable = ({ node }: Running, version: VersionId) => node.sealing.keeper.keysOf(version).length > 0

/** Of a folder that may go while it is read. */
function listed(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return []
    throw thrown
  }
}

/** Files of these folders that have the marker. */
function marked(...folders: string[]): string[] {
  return folders.flatMap(folder => {
    if (!existsSync(folder)) return []
    const names = listed(folder)
    const files = names.filter(each => each.isFile()).map(each => join(each.parentPath, each.name))
    return files.filter(file => existsSync(file) && readFileSync(file).includes(MARKER))
  })
}

async function publish(by: Running, name: string, dataClass: DataClass = 'internal'): Promise<VersionId> {
  const path = at(`${name}-source`)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'one'), `${MARKER} ${name}`.repeat(3000))
  const task = { signal: new AbortController().signal, onProgress: () => undefined }
  const { version } = await by.service.publish({ path, name, dataClass }, task)
  await eventually('all know of it', () =>
    org.running.every(({ node }) => node.keeper.state().publishedAs.has(version))
  )
  return version
}

async function get(by: Running, name: string, place: string): Promise<string> {
  const destination = at(place)
  const { id } = await by.service.startTransfer({
    ...{ name, version: null, destination, purpose: null, priority: null, only: [] }
  })
  await eventually(`${place} is fetched`, async () => (await by.service.transfer(id)).state === 'complete')
  return destination
}

async function statesIn(id: string, by = build): Promise<Record<string, string>> {
  if (!(await by.service.erasures.cases()).some(each => each.case === id)) return {}
  const { devices } = await by.service.erasures.case(id)
  return Object.fromEntries(devices.map(({ name, state }) => [name, state]))
}

function recall(by: Running, name: string) {
  return by.service.governance.recall({ name, version: null, reason: 'wrong licence' })
}

before(async () => {
  build = await org.found('build-1')
  lab = await org.join(build, 'lab-7', { storage: QUICK })
  office = await org.join(build, 'office-3')
  await org.settled()
  const add = [lab, office].map(({ node }) => node.identity.device)
  const changes = [
    { kind: 'admins', add, remove: [] },
    { kind: 'threshold', threshold: 2 }
  ] as const
  const { hash } = await build.service.authority.propose({ changes, sign: true })
  await eventually('the others know the proposal', async () => {
    for (const { service } of [lab, office])
      if (!(await service.authority.authority()).proposals.some(each => each.hash === hash)) return false
    return true
  })
  await lab.service.authority.vote({ proposal: hash, vote: null })
  await eventually('there are three admins', () =>
    org.running.every(({ node }) => node.keeper.state().root.admins.length === 3)
  )
})

after(() => org.stop())

describe('a recall', { concurrency: false }, () => {
  test('by one admin takes every copy, and leaves what was published in place where it is', async () => {
    const version = await publish(build, 'image')
    const copy = await get(lab, 'image', 'image-lab')
    const own = await get(build, 'image', 'image-build')
    assert.equal(marked(copy, own).length, 2)
    const { operation } = await recall(office, 'image')
    const id = operation.slice(0, 32)
    const wanted = { 'build-1': 'source-kept', 'lab-7': 'confirmed', 'office-3': 'confirmed' }
    await eventually('all have said', async () => {
      return JSON.stringify(await statesIn(id)) === JSON.stringify(wanted)
    })
    assert.deepEqual(marked(copy, own), [])
    assert.equal(marked(at('image-source')).length, 1)
    assert.deepEqual(
      build.node.store.holdings().map(holding => [holding.version.id === version, holding.kind]),
      [[true, 'source']],
      'its publisher still knows what it has'
    )
    assert.deepEqual((await build.service.status()).problems, [])
    const found = await lab.service.erasures.caseOf({ name: 'image', version: null })
    const [row] = found.erasures
    assert.deepEqual([found.case, row?.kind, row?.basis, row?.awaits], [id, 'recall', 'recall', []])
    const certificate = await lab.service.erasures.certificate(id)
    const checked = verifyCertificate(Buffer.from(JSON.stringify(certificate)))
    assert.deepEqual([checked.confirmed, checked.open, checked.signatures], [2, 1, 5])
  })

  test('deletes nothing while the source is not there: one person never takes the last copy', async () => {
    await publish(build, 'lost')
    const copy = await get(lab, 'lost', 'lost-lab')
    rmSync(at('lost-source'), { recursive: true })
    const { operation } = await recall(office, 'lost')
    await eventually('all know', () =>
      org.running.every(({ node }) => node.keeper.ledger.get(operation) !== undefined)
    )
    for (const { node } of org.running) {
      node.erasures.look()
      await node.erasures.settled()
    }
    const found = await build.service.erasures.case(operation.slice(0, 32))
    assert.deepEqual(
      found.erasures.map(({ awaits }) => awaits.map(({ name }) => name)),
      [['build-1']]
    )
    assert.deepEqual(
      found.devices.flatMap(({ confirmations }) => confirmations),
      []
    )
    assert.equal(marked(copy).length, 1)
    // What two admins agree to waits for no source.
    const erased = await office.service.erasures.erase({
      ...{ name: 'lost', subject: null, version: null, allVersions: false, reason: null, basis: 'contract' },
      deleteSource: false
    })
    await eventually('build-1 knows it', async () =>
      (await build.service.erasures.cases()).some(each => each.case === erased.case)
    )
    await build.service.erasures.approve(erased.case)
    await eventually('it is gone', () => marked(copy).length === 0)
  })

  test('takes what is in a vault, which a quarantine leaves there however long it lasts', async () => {
    const version = await publish(build, 'stored')
    await lab.service.storage.setCapacity({ capacityBytes: GIB, keepFreeShare: 0 })
    await build.service.storage.setStoragePolicy({ name: 'stored', policy: 'copies=1' })
    const vault = join(lab.node.home, 'vault', version)
    const isSaid = () => build.node.keeper.state().keptBy.get(version)?.has(lab.node.identity.device) === true
    await eventually('lab-7 keeps it', isSaid)
    await build.service.governance.quarantine({ name: 'stored', version: null, reason: 'look at it' })
    await delay(3 * (QUICK.promiseMs + QUICK.skewMs))
    assert.equal(marked(vault).length, 1)
    const { operation } = await recall(build, 'stored')
    await eventually('it is deleted', async () => {
      return (await statesIn(operation.slice(0, 32)))['lab-7'] === 'confirmed' && !isSaid()
    })
    assert.deepEqual(marked(vault), [])
    await lab.service.storage.setCapacity({ capacityBytes: 0, keepFreeShare: 0 })
  })

  test('waits for a hold, and of what is sealed leaves the publisher its objects and their keys', async () => {
    const version = await publish(build, 'payroll', 'confidential')
    const opened = await get(lab, 'payroll', 'payroll-lab')
    const own = await get(build, 'payroll', 'payroll-build')
    assert.deepEqual([isOpenable(lab, version), marked(opened, own).length], [true, 2])
    const keysBefore = lab.node.store.records.listBlobs(`envelope/${version}`)
    assert.ok(keysBefore.length > 0)
    const hold = await build.service.custody.placeHold({ name: 'payroll', reason: null })
    const { operation } = await recall(build, 'payroll')
    const id = operation.slice(0, 32)
    await eventually('lab-7 knows', () => lab.node.keeper.ledger.get(operation) !== undefined)
    await lab.node.erasures.settled()
    assert.deepEqual([isOpenable(lab, version), marked(opened).length], [true, 1])
    await build.service.custody.liftHold(hold.operation)
    await eventually('lab-7 has deleted', async () => (await statesIn(id))['lab-7'] === 'confirmed')
    await eventually('office-3 too', async () => (await statesIn(id))['office-3'] === 'confirmed')
    await eventually('build-1 too', () => marked(own).length === 0)
    await build.node.erasures.settled()
    assert.deepEqual([isOpenable(lab, version), marked(opened).length], [false, 0])
    assert.deepEqual([isOpenable(build, version), isOpenable(office, version)], [true, false])
    assert.equal((await statesIn(id))['build-1'], 'source-kept')
    assert.equal(
      build.node.store.holdings().some(holding => holding.version.id === version),
      true
    )
    // A disk that comes back from a backup has the keys again, and neither note nor mark that they were destroyed.
    await lab.node.stop()
    org.running.splice(org.running.indexOf(lab), 1)
    const { home } = lab.node
    const store = await FilesystemStore.open({ home })
    for (const { key, bytes } of keysBefore) store.records.putBlob(key, bytes)
    for (const key of ['envelope-destroyed/', 'erasure/']) store.records.deleteBlob(key + version)
    await store.close()
    lab = await org.start(home, { storage: QUICK })
    assert.deepEqual([isOpenable(lab, version), lab.node.sealing.shelf.has(version)], [false, false])
    await org.settled()
    assert.equal((await statesIn(id))['lab-7'], 'confirmed')
  })
})

test('what was kept for long enough is erased when admins agree, and what is held is not', async () => {
  const over = await publish(build, 'over')
  const held = await publish(build, 'over-held')
  await publish(build, 'open', 'public')
  const erasures = new LocalErasureService(build.node)
  const at = (aheadMs: number) => {
    const parts = { custody: build.service.custody, erasures, now: () => Date.now() + aheadMs }
    return new LocalRetentionService(build.node, parts)
  }
  const rule = { scope: { kind: 'class', dataClass: 'internal' }, keepMs: 30 * DAY_MS } as const
  const { operation } = await at(0).setRetention(rule)
  await eventually('lab-7 knows the rule', () => lab.node.keeper.ledger.get(operation) !== undefined)
  await lab.service.governance.approve(operation)
  await eventually('it is in force', () => build.node.keeper.state().classes.has('internal'))
  await build.service.custody.placeHold({ name: 'over-held', reason: 'case 4' })
  const isMine = ({ version }: { readonly version: VersionId }) => version === over || version === held
  const early = await at(31 * DAY_MS - MINUTE_MS).runRetention({ dryRun: false })
  assert.deepEqual([early.versions.filter(isMine), early.case], [[], null])
  const dry = await at(31 * DAY_MS).runRetention({ dryRun: true })
  assert.deepEqual(
    dry.versions.filter(isMine).map(({ name, state }) => [name, state]),
    [
      ['over', 'over'],
      ['over-held', 'held']
    ]
  )
  assert.deepEqual([dry.case, dry.operations], [null, []])
  const copy = await get(lab, 'over', 'over-lab')
  const ran = await at(31 * DAY_MS).runRetention({ dryRun: false })
  assert.ok(
    ran.case !== null && ran.operations.some(isMine) && ran.operations.every(each => each.version !== held)
  )
  assert.equal(marked(copy).length, 1, 'nobody has agreed yet')
  await eventually('lab-7 knows it', async () =>
    (await lab.service.erasures.cases()).some(
      each => each.case === ran.case && each.versions === ran.operations.length
    )
  )
  await lab.service.erasures.approve(ran.case)
  await eventually('it is deleted', () => marked(copy).length === 0)
  const { erasures: rows } = await lab.service.erasures.case(ran.case)
  const [row] = rows.filter(isMine)
  assert.deepEqual([row?.basis, row?.reason], ['retention', 'kept for 30 days, as class internal says'])
  assert.equal(build.node.keeper.state().content.get(held), undefined)
})

test('of an erasure nothing happens until a second admin agrees; then all is deleted, and both are named', async () => {
  await publish(build, 'scans')
  const copies = [await get(lab, 'scans', 'scans-lab'), await get(office, 'scans', 'scans-office')]
  const { case: id, operations } = await build.service.erasures.erase({
    ...{
      name: 'scans',
      subject: null,
      version: null,
      allVersions: false,
      reason: 'asked for',
      basis: 'art17'
    },
    deleteSource: true
  })
  assert.deepEqual(
    operations.map(({ inForce }) => inForce),
    [false]
  )
  const known = async ({ service }: Running): Promise<ErasureCase | undefined> =>
    (await service.erasures.cases()).some(each => each.case === id) ? service.erasures.case(id) : undefined
  await eventually('all know of it', async () =>
    (await Promise.all(org.running.map(known))).every(each => each !== undefined)
  )
  for (const { node } of org.running) {
    node.erasures.look()
    await node.erasures.settled()
  }
  assert.equal(marked(...copies, at('scans-source')).length, 3)
  assert.equal((await build.service.erasures.case(id)).erasures[0]?.inForce, false)
  await assert.rejects(build.service.erasures.approve(id), /other admins have to/)
  const approved = await lab.service.erasures.approve(id.slice(0, 12))
  assert.equal(approved.operations.length, 1)
  await eventually('all have deleted', async () =>
    Object.values(await statesIn(id)).every(state => state === 'confirmed')
  )
  assert.deepEqual(marked(...copies, at('scans-source')), [])
  await assert.rejects(office.service.erasures.approve(id), /nothing was signed/)
  const certificate = await build.service.erasures.certificate(id)
  const [row] = certificate.erasures
  assert.deepEqual([row?.by.name, row?.approvals.map(({ by }) => by.name)], ['build-1', ['lab-7']])
  // The certificate, the erasure, its approval, and three confirmations.
  assert.equal(verifyCertificate(Buffer.from(JSON.stringify(certificate))).signatures, 6)
})
