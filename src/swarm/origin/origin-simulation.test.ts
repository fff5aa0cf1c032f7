/**
 * Whole swarms of real transfers with an HTTP origin, in virtual time: how often it sends, and when it steps in and
 * back.
 */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MIB } from '../../base/units.ts'
import { makeVersion } from '../swarm-fixture.conformance.ts'
import { type NodeInit, SimNetwork, type SimNode } from '../swarm-network.conformance.ts'
import type { WireMessage } from '../wire-messages.ts'
import { VirtualOrigin } from './virtual-origin.conformance.ts'

const LAN = 25_000
const WAN = 2_500
const LIMIT_MS = 600_000
const WINDOW_BYTES = 128 * 1024
const FIXTURE = makeVersion([24 * MIB, MIB], 256 * 1024)
const TOTAL = FIXTURE.version.totalBytes
const COPIES_MAX = 1.05

interface Scene {
  readonly network: SimNetwork
  readonly origin: VirtualOrigin
  readonly nodes: readonly SimNode[]
}

/** Devices that want the version and may ask the origin; `others` do not. */
function scene(
  sites: readonly number[],
  { others = [], knows = false }: { others?: readonly Partial<NodeInit>[]; knows?: boolean } = {}
): Scene {
  const network = new SimNetwork(1, WINDOW_BYTES)
  const origin = new VirtualOrigin(network, { bytesPerMs: WAN })
  const add = (init: Partial<NodeInit>) =>
    network.add({ fixture: FIXTURE, upBytesPerMs: LAN, downBytesPerMs: LAN, site: 'site 0', ...init })
  const nodes = sites.flatMap((hosts, index) => {
    const site = `site ${index}`
    if (sites.length > 1) network.addSite(site, { upBytesPerMs: WAN, downBytesPerMs: WAN, latencyMs: 5 })
    return Array.from({ length: hosts }, () => add({ site, knowsVersion: knows }))
  })
  for (const init of others) add(init)
  network.connectAll()
  origin.serve(...nodes)
  return { network, origin, nodes }
}

function run(context: TestContext, { network, origin, nodes }: Scene, done = nodes): number {
  network.time.run(LIMIT_MS, () => done.every(node => node.completedMs !== undefined))
  for (const node of done) {
    assert.notEqual(node.completedMs, undefined, `node ${node.index} completes`)
    assert.equal(node.lentBuffers, 0, `every buffer at node ${node.index} was stored or released`)
  }
  const copies = origin.sentBytes / TOTAL
  const lastMs = Math.max(...done.map(node => node.completedMs ?? 0))
  context.diagnostic(
    `the origin sent ${copies.toFixed(3)} copies and ${origin.descriptions} descriptions; the last was done after ` +
      `${(lastMs / 1000).toFixed(1)} s, ${(lastMs / (TOTAL / WAN)).toFixed(2)} of the time of one copy`
  )
  return copies
}

const want = (nodes: readonly SimNode[], deadlineMs: number): void => {
  for (const node of nodes) node.post({ type: 'wantData', wantsData: true, deadlineMs })
}

test('twelve devices of one site, nobody has it: the origin sends it once, and tells few what it is', t => {
  const twelve = scene([12])
  assert.ok(run(t, twelve) <= COPIES_MAX)
  assert.ok(twelve.origin.descriptions <= 5)
})

test('three sites of four: once for all of them', t => {
  assert.ok(run(t, scene([4, 4, 4])) <= COPIES_MAX)
})

test('sites of six, one and two hosts', t => {
  assert.ok(run(t, scene([6, 1, 2])) <= COPIES_MAX)
})

test('one device alone, that reaches nobody', t => {
  assert.ok(run(t, scene([1])) <= 1.001)
})

test('with a source that is quick enough nothing is taken from it, with a deadline or without', t => {
  for (const deadlineMs of [undefined, 60_000]) {
    const quick = scene([4], { others: [{ hasAll: true, upBytesPerMs: WAN }] })
    if (deadlineMs !== undefined) want(quick.nodes, deadlineMs)
    assert.equal(run(t, quick), 0)
  }
})

test('a slow source: without a deadline it is waited for, with one the origin steps in and it is met', t => {
  const slow = { hasAll: true, upBytesPerMs: 250 } as const
  const patient = scene([4], { others: [slow] })
  assert.equal(run(t, patient), 0)
  const deadlineMs = 40_000
  const hasty = scene([4], { others: [slow] })
  want(hasty.nodes, deadlineMs)
  const copies = run(t, hasty)
  assert.ok(copies > 0.3 && copies <= 1)
  for (const { completedMs } of hasty.nodes) assert.ok((completedMs ?? 0) < deadlineMs)
})

test('it steps back when a quick source comes', t => {
  const late = scene([4], { others: [{ hasAll: true, upBytesPerMs: 100 }] })
  const { network, origin, nodes } = late
  // So slow that the quick source has most of it to give.
  const crawl = new VirtualOrigin(network, { bytesPerMs: 150 })
  crawl.serve(...nodes)
  want(nodes, 120_000)
  let joinedMs = 0
  network.time.at(20_000, () => {
    joinedMs = network.time.nowMs
    const source = network.add({
      ...{ fixture: FIXTURE, hasAll: true, upBytesPerMs: 1_000, downBytesPerMs: LAN, site: 'site 0' }
    })
    for (const node of nodes) network.connect(source, node)
  })
  run(t, late)
  assert.equal(origin.sentBytes, 0, 'the other origin serves nobody any more')
  assert.ok(crawl.sentBytes > 0, 'it had stepped in')
  const lastSentMs = Math.max(...crawl.sentAtMs)
  const lastDoneMs = Math.max(...nodes.map(node => node.completedMs ?? 0))
  t.diagnostic(`joined ${joinedMs}, last from the origin ${lastSentMs}, done ${lastDoneMs}`)
  assert.ok(lastSentMs < joinedMs + 12_000 && lastDoneMs > lastSentMs + 3_000)
})

test('an origin that drips: what it was asked for comes from a peer that has it', t => {
  const dry = scene([1], { knows: true })
  const { network, origin, nodes } = dry
  const dripping = new VirtualOrigin(network, { bytesPerMs: 1 })
  dripping.serve(...nodes)
  network.time.at(20_000, () => {
    const source = network.add({
      ...{ fixture: FIXTURE, hasAll: true, upBytesPerMs: WAN, downBytesPerMs: LAN, site: 'site 0' }
    })
    for (const node of nodes) network.connect(source, node)
  })
  run(t, dry)
  assert.ok(origin.sentBytes === 0 && dripping.sentBytes > 0)
  // Twice the time that the source needs.
  for (const { completedMs } of nodes) assert.ok((completedMs ?? 0) < 20_000 + 2 * (TOTAL / WAN))
})

test('a source that says that it has all and gives nothing: after a while it is as if it were not there', t => {
  const silent = (message: WireMessage): WireMessage | undefined =>
    message.type === 'piece' ? undefined : message
  const mean = scene([4], { others: [{ hasAll: true, tamper: silent }], knows: true })
  assert.ok(run(t, mean) <= COPIES_MAX)
  // The wait for the source once, and not again whenever one member has something from another.
  for (const { completedMs } of mean.nodes) assert.ok((completedMs ?? 0) < 40_000)
})

test('a member that goes while it fetches: the others take on its part', t => {
  const eight = scene([8])
  const [leaving, ...others] = eight.nodes
  assert.ok(leaving !== undefined)
  eight.network.time.at(6_000, () => {
    eight.network.disconnectAll(leaving)
    for (let piece = 0; piece < FIXTURE.version.pieceCount; piece++) eight.origin.cancel(leaving, piece)
    leaving.post({ type: 'wantData', wantsData: false })
  })
  assert.ok(run(t, eight, others) <= 1.15)
})

test('members that can not reach the origin: those that can fetch their part', t => {
  const network = new SimNetwork(1, WINDOW_BYTES)
  const origin = new VirtualOrigin(network, { bytesPerMs: WAN })
  const nodes = Array.from({ length: 6 }, () =>
    network.add({ fixture: FIXTURE, upBytesPerMs: LAN, downBytesPerMs: LAN })
  )
  network.connectAll()
  origin.serve(...nodes.slice(0, 2))
  assert.ok(run(t, { network, origin, nodes }) <= COPIES_MAX)
})

test('one of six can reach the origin: it soon takes on what the others leave', t => {
  const network = new SimNetwork(1, WINDOW_BYTES)
  const origin = new VirtualOrigin(network, { bytesPerMs: WAN })
  const fixture = makeVersion([24 * MIB, MIB], 64 * 1024)
  const nodes = Array.from({ length: 6 }, () =>
    network.add({ fixture, upBytesPerMs: LAN, downBytesPerMs: LAN })
  )
  network.connectAll()
  origin.serve(...nodes.slice(0, 1))
  assert.ok(run(t, { network, origin, nodes }) <= COPIES_MAX)
  for (const { completedMs } of nodes) assert.ok((completedMs ?? 0) < 4 * (TOTAL / WAN))
})

test('the origin goes away half way and comes back: what was begun is begun again, nothing else', t => {
  const outage = scene([6])
  outage.network.time.at(7_000, () => outage.origin.turn(false))
  outage.network.time.at(30_000, () => outage.origin.turn(true))
  assert.ok(run(t, outage) <= 1.2)
})

test('an origin that does not have the .torrent, or another one, is asked for it ever less', t => {
  const bare = scene([3])
  bare.origin.hasTorrent = false
  bare.network.time.run(LIMIT_MS, () => false)
  const asked = bare.origin.descriptions
  assert.ok(asked >= 3 && asked <= 3 * 10, `${asked} times`)
  bare.origin.hasTorrent = true
  bare.network.time.run(2 * LIMIT_MS, () => bare.nodes.every(node => node.completedMs !== undefined))
  run(t, bare)
})

test('an origin that sends something else: it is told, nobody is cut off, and what was good stays', t => {
  const bad = scene([3])
  bad.origin.isGarbage = true
  bad.network.time.run(60_000, () => false)
  for (const node of bad.nodes) {
    assert.equal(node.stored.size, 0)
    assert.ok(node.badOrigins.length >= 1)
    assert.deepEqual(node.misbehaviours, [])
  }
  const met = bad.nodes.reduce((sum, node) => sum + node.badPiecesMet, 0)
  assert.ok(met <= 3 * 8, 'nothing more is asked of it')
  bad.origin.isGarbage = false
  for (const node of bad.nodes) node.post({ type: 'originReady', isReady: true })
  run(t, bad)
})
