/** Figures of a fleet on real nodes: equal to what their swarms counted, held against levels, priced, and by whom. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { fleetSavings, levelHistory, levelReport, participation } from '../src/api/performance.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../src/base/units.ts'
import type { LevelRequest } from '../src/node/performance/performance-terms.ts'

const FILE_BYTES = 3_000_001
const org = new OrgInProcess()
let founder: Running
let readers: [Running, Running, Running]
let spans = 0

/** Of another span each time, so that nothing is answered from memory. */
const fromMs = () => Date.now() - HOUR_MS - spans++
const savings = (of: Running) => of.service.performance.fleetSavings({ fromMs: fromMs(), toMs: null })
const idOf = ({ node }: Running) => node.identity.device
const level = (name: string, of: Partial<LevelRequest>): LevelRequest => ({
  ...{ name, measure: 'distribute', dataset: null, site: null, limitMs: MINUTE_MS },
  ...{ targetShare: 0.95, windowMs: DAY_MS, ...of }
})

/** What the swarms of all nodes counted. */
function counted() {
  const sums = { siteBytes: 0, wanBytes: 0, originBytes: 0, sentSiteBytes: 0, sentWanBytes: 0 }
  for (const { node } of org.running) {
    const { sites, origin } = node.hub.totals()
    sums.originBytes += origin.verifiedBytes
    for (const [site, { receivedBytes, sentBytes }] of sites) {
      const isNear = site === node.identity.site
      sums[isNear ? 'siteBytes' : 'wanBytes'] += receivedBytes
      sums[isNear ? 'sentSiteBytes' : 'sentWanBytes'] += sentBytes
    }
  }
  return sums
}

/** By the logs of the givers. */
const receipted = () =>
  org.running.reduce(
    (sum, { node }) =>
      sum +
      node.audit.log.store.database.search({ device: node.identity.device, action: 'receipted', limit: 1000 })
        .length,
    0
  )
const received = () =>
  org.running.reduce(
    (sum, { node }) =>
      sum +
      node.audit.log.store.database.search({ device: node.identity.device, action: 'received', limit: 1000 })
        .length,
    0
  )

before(async () => {
  founder = await org.found('hq')
  const ofParis = await org.join(founder, 'paris-1', { site: 'paris' })
  readers = [
    ofParis,
    await org.join(founder, 'paris-2', { site: 'paris' }),
    await org.join(founder, 'berlin-2', { site: 'berlin' })
  ]
  await org.settled()
  const source = join(org.folder, 'source')
  mkdirSync(source)
  writeFileSync(join(source, 'image.bin'), randomBytes(FILE_BYTES))
  const { performance } = founder.service
  await performance.setLevel(level('swift', { dataset: 'os/' }))
  await performance.setLevel(level('swift in paris', { site: 'paris', targetShare: 1 }))
  await performance.setLevel(level('too swift', { limitMs: 0 }))
  await performance.setLevel(level('begins soon', { measure: 'first-byte' }))
  await performance.setLevel(level('there', { measure: 'availability', limitMs: null, targetShare: 0.999 }))
  await performance.setLevel(level('known fast', { measure: 'revocation' }))
  await founder.service.publish(
    { path: source, name: 'os/image', dataClass: 'internal' },
    { signal: AbortSignal.timeout(30_000), onProgress: () => undefined }
  )
  await org.settled()
  for (const [at, { service }] of readers.entries())
    await service.startTransfer({
      ...{ name: 'os/image', version: null, destination: join(org.folder, `copy-${at}`), purpose: null },
      ...{ priority: null, only: [] }
    })
  await eventually('all have it', async () => {
    const all = await Promise.all(readers.map(({ service }) => service.transfers()))
    return all.flat().every(({ state }) => state === 'complete')
  })
  await eventually('each byte has its receipt', () => received() > 0 && receipted() === received())
})
after(() => org.stop())

test('the sums of the fleet are what the swarms counted, to the byte', async () => {
  const report = await savings(founder)
  fleetSavings.parse(report)
  assert.deepEqual([report.heard.devices, report.heard.silent], [4, []])
  const { siteBytes, wanBytes, originBytes, sentSiteBytes, sentWanBytes } = report
  assert.deepEqual({ siteBytes, wanBytes, originBytes, sentSiteBytes, sentWanBytes }, counted())
  assert.equal(report.centralBytes, 3 * FILE_BYTES)
  assert.ok(sentSiteBytes + sentWanBytes >= siteBytes + wanBytes, 'what came was sent, and some of it twice')
  assert.deepEqual(report.sites.map(({ site, devices }) => [site, devices]).sort(), [
    ['berlin', 2],
    ['paris', 2]
  ])
  assert.equal(
    report.sites.reduce((sum, { centralBytes }) => sum + centralBytes, 0),
    report.centralBytes
  )
})

test('contributions are by receipts that reader and giver have, and reach groups', async () => {
  const { governance } = founder.service
  await governance.createGroup('Field IT')
  await governance.addToGroup({ name: 'Field IT', device: 'hq' })
  const report = await savings(founder)
  const all = report.devices.reduce((sum, { confirmedBytes }) => sum + confirmedBytes, 0)
  assert.equal(all, report.centralBytes, 'every byte came from a peer that has a receipt for it')
  for (const each of report.devices) {
    assert.ok(each.confirmedBytes <= each.sentSiteBytes + each.sentWanBytes)
    assert.equal(each.unconfirmedBytes, 0)
  }
  const own = report.devices.find(({ device }) => device === idOf(founder))
  const { groups } = report
  assert.deepEqual(
    groups.map(({ group, devices, confirmedBytes }) => [group, devices, confirmedBytes]),
    [
      ['Field IT', 1, own?.confirmedBytes],
      [null, 3, all - (own?.confirmedBytes ?? 0)]
    ]
  )
  const asMember = await savings(readers[0])
  assert.equal(asMember.centralBytes, report.centralBytes)
  assert.deepEqual(
    asMember.devices.filter(({ hasReceipts }) => hasReceipts).map(({ device }) => device),
    [idOf(readers[0])],
    'who gave what to whom is told to auditors alone'
  )
})

test('a price makes money of what a site avoided, and ends again', async () => {
  const { performance } = founder.service
  assert.deepEqual((await savings(founder)).money, [])
  await performance.setPrice({ site: null, price: { currency: 'EUR', perGb: 2 } })
  await performance.setPrice({ site: 'paris', price: { currency: 'EUR', perGb: 80 } })
  assert.deepEqual(
    (await performance.prices()).map(({ site, perGb }) => [site, perGb]),
    [
      [null, 2],
      ['paris', 80]
    ]
  )
  const report = await savings(founder)
  const avoided = (of: string) => report.sites.find(({ site }) => site === of)?.wanAvoidedBytes ?? 0
  const expected = (avoided('paris') * 80 + avoided('berlin') * 2) / 1e9
  assert.ok(expected > 0)
  assert.ok(Math.abs((report.money[0]?.saved ?? 0) - expected) < 1e-12)
  assert.equal(report.unpricedBytes, 0)
  await performance.setPrice({ site: null, price: null })
  assert.equal((await savings(founder)).unpricedBytes, avoided('berlin'))
  await assert.rejects(performance.setPrice({ site: 'rome', price: null }), /no price of site rome/)
  await assert.rejects(
    performance.setPrice({ site: null, price: { currency: 'euro', perGb: 1 } }),
    /three capital letters/
  )
  await assert.rejects(
    readers[0].service.performance.setPrice({ site: null, price: { currency: 'EUR', perGb: 1 } }),
    /price\.set/
  )
})

/** Of each device alone: the sum of its spans is what it told, and nothing where the level is of another site. */
async function wentAsItStands(): Promise<void> {
  const seen = async ({ service: { performance } }: Running, name: string) => {
    const history = levelHistory.parse(await performance.levelHistory(name))
    const sum = (of: 'good' | 'bad') => history.points.reduce((total, point) => total + point[of], 0)
    return [sum('good'), sum('bad'), history.points.at(-1)?.budgetLeft ?? null]
  }
  const [reader] = readers
  assert.deepEqual(await seen(reader, 'swift'), [1, 0, 1])
  assert.deepEqual(await seen(reader, 'too swift'), [0, 1, -19])
  assert.deepEqual(await seen(founder, 'swift in paris'), [0, 0, null])
  await assert.rejects(founder.service.performance.levelHistory('swiftt'), /no service level swiftt is set/)
}

test('levels are held against what each device observed', async () => {
  await founder.service.governance.quarantine({ name: 'os/image', version: null, reason: 'a drill' })
  await org.settled()
  for (const { node } of org.running) {
    node.history.performance.observer.lookAtTransfers()
    await node.history.performance.observer.look()
  }
  const report = await founder.service.performance.levels()
  levelReport.parse(report)
  const said = Object.fromEntries(
    report.levels.map(({ name, state, good, bad, devices }) => [name, [state, good, bad, devices]])
  )
  assert.deepEqual(said, {
    swift: ['met', 3, 0, 3],
    'swift in paris': ['met', 2, 0, 2],
    'too swift': ['missed', 0, 3, 3],
    'begins soon': ['met', 3, 0, 3],
    there: ['met', 4, 0, 4],
    'known fast': ['met', 3, 0, 3]
  })
  const swift = report.levels.find(({ name }) => name === 'swift')
  assert.ok(swift?.p50Ms != null && swift.lastMs != null && swift.p50Ms <= swift.lastMs && swift.lastMs > 0)
  assert.deepEqual(
    swift.sites.map(({ site, devices }) => [site, devices]),
    [
      ['berlin', 1],
      ['paris', 2]
    ]
  )
  await wentAsItStands()
  const { performance } = founder.service
  await performance.unsetLevel('too swift')
  await assert.rejects(performance.unsetLevel('too swft'), /no service level too swft is set/)
  await assert.rejects(
    performance.setLevel(level('x', { limitMs: null })),
    /within which time distribute is good/
  )
  await assert.rejects(performance.setLevel(level('x', { measure: 'availability' })), /leave the limit out/)
  await assert.rejects(performance.setLevel(level('x', { targetShare: 0 })), /more than 0/)
  await assert.rejects(performance.setLevel(level('x', { windowMs: 1 })), /from 1 hour to 366 days/)
  await assert.rejects(readers[0].service.performance.setLevel(level('x', {})), /level\.set/)
})

test('participation says who sent what; a device that is gone is named', async () => {
  const { node } = readers[1]
  await node.stop()
  org.running.splice(
    org.running.findIndex(running => running.node === node),
    1
  )
  await eventually('it is known to be gone', () =>
    founder.node.transport.peers().every(({ device }) => device !== node.identity.device)
  )
  const report = await founder.service.performance.participation({ fromMs: fromMs() })
  participation.parse(report)
  assert.equal(report.heard.devices, 3)
  assert.deepEqual(
    report.heard.silent.map(({ name, detail }) => [name, detail]),
    [['paris-2', 'it is not linked with this device']]
  )
  const shares = report.devices.map(({ share }) => share ?? 0)
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9)
  assert.equal(report.devices[0]?.device, idOf(founder), 'the publisher sent the most')
})
