/** Policy of whole swarms of real transfers, in virtual time: who completes, how soon, and what it costs whom. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIB, MIB } from '../base/units.ts'
import { makeVersion } from './swarm-fixture.conformance.ts'
import { type NodeInit, SimNetwork, type SimNode } from './swarm-network.conformance.ts'
import { TRANSFER_LIMITS } from './transfer-limits.ts'
import type { WireMessage } from './wire-messages.ts'

const LINK = { upBytesPerMs: 12_500, downBytesPerMs: 12_500 }
const LATENCY_MS = 2
const LEECHERS = 8
const LIMIT_MS = 120_000
const FIXTURE = makeVersion([30 * MIB + 5, 1, 0, 50 * KIB, 2 * MIB], 64 * KIB)
const BOUND_MS = FIXTURE.version.totalBytes / LINK.upBytesPerMs

function swarm(seed: Partial<NodeInit> = {}, others: readonly Partial<NodeInit>[] = []): SimNetwork {
  const network = new SimNetwork(LATENCY_MS)
  network.add({ fixture: FIXTURE, hasAll: true, ...LINK, ...seed })
  for (let i = 0; i < LEECHERS; i++) network.add({ fixture: FIXTURE, ...LINK, ...others[i] })
  network.connectAll()
  return network
}

function finish(network: SimNetwork, nodes: readonly SimNode[]): void {
  network.time.run(LIMIT_MS, () => nodes.every(node => node.completedMs !== undefined))
  for (const node of nodes) assert.notEqual(node.completedMs, undefined, `node ${node.index} completes`)
}

function sum(nodes: readonly SimNode[], of: (node: SimNode) => number): number {
  return nodes.reduce((total, node) => total + of(node), 0)
}

function wastedShare(nodes: readonly SimNode[], nowMs: number): number {
  const wasted = sum(nodes, node => node.transfer.status(nowMs).wastedBytes)
  return wasted / (nodes.length * FIXTURE.version.totalBytes)
}

function lastMs(nodes: readonly SimNode[]): number {
  return Math.max(...nodes.map(node => node.completedMs ?? 0))
}

function assertClean(nodes: readonly SimNode[]): void {
  for (const node of nodes) {
    assert.equal(node.lentBuffers, 0, `every buffer at node ${node.index} was stored or released`)
    assert.deepEqual(node.misbehaviours, [], `node ${node.index} accuses nobody`)
  }
}

function split(network: SimNetwork): { readonly source: SimNode; readonly leechers: readonly SimNode[] } {
  const [source, ...leechers] = network.nodes
  assert.ok(source !== undefined)
  return { source, leechers }
}

function describe(network: SimNetwork, nodes: readonly SimNode[]): string {
  const { source } = split(network)
  const copies = source.blockBytesSent / FIXTURE.version.totalBytes
  const waste = wastedShare(nodes, network.time.nowMs)
  const time = lastMs(nodes) / BOUND_MS
  return `copies ${copies.toFixed(3)}, last done ${time.toFixed(2)} of the bound, waste ${waste.toFixed(4)}`
}

test('one source and eight equal peers: close to the bound, little more than one copy from the source', t => {
  const network = swarm()
  const { source, leechers } = split(network)
  finish(network, leechers)
  t.diagnostic(describe(network, leechers))
  assert.ok(source.blockBytesSent <= 1.1 * FIXTURE.version.totalBytes)
  assert.ok(lastMs(leechers) <= 1.15 * BOUND_MS)
  assert.ok(wastedShare(leechers, network.time.nowMs) <= 0.05)
  assertClean(leechers)
})

test('one source and one peer: the link is full, and nothing is sent twice', t => {
  const network = new SimNetwork(LATENCY_MS)
  network.add({ fixture: FIXTURE, hasAll: true, ...LINK })
  network.add({ fixture: FIXTURE, ...LINK })
  network.connectAll()
  const { source, leechers } = split(network)
  finish(network, leechers)
  t.diagnostic(describe(network, leechers))
  assert.equal(source.blockBytesSent, FIXTURE.version.totalBytes)
  assert.ok(lastMs(leechers) <= 1.05 * BOUND_MS)
  assertClean(leechers)
})

test('a long link: the pipeline grows to bandwidth times delay', t => {
  const network = new SimNetwork(100)
  network.add({ fixture: FIXTURE, hasAll: true, ...LINK })
  network.add({ fixture: FIXTURE, ...LINK })
  network.connectAll()
  const { leechers } = split(network)
  finish(network, leechers)
  t.diagnostic(describe(network, leechers))
  assert.ok(lastMs(leechers) <= 1.6 * BOUND_MS)
})

test('several complete sources share the work', t => {
  const network = new SimNetwork(LATENCY_MS)
  for (let i = 0; i < 4; i++) network.add({ fixture: FIXTURE, hasAll: true, ...LINK })
  network.add({ fixture: FIXTURE, upBytesPerMs: 12_500, downBytesPerMs: 50_000 })
  network.connectAll()
  const [leecher] = network.nodes.slice(4)
  assert.ok(leecher !== undefined)
  finish(network, [leecher])
  t.diagnostic(describe(network, [leecher]))
  assert.ok(lastMs([leecher]) <= 0.5 * BOUND_MS, 'four sources are at least twice as fast as one')
  for (const source of network.nodes.slice(0, 4))
    assert.ok(source.blockBytesSent >= 0.1 * FIXTURE.version.totalBytes, 'each has a part in it')
  assert.ok(wastedShare([leecher], network.time.nowMs) <= 0.05)
})

test('a peer that stops sending: its requests move on, and the rest finish', t => {
  const stalls = (message: WireMessage, nowMs: number) =>
    message.type === 'piece' && nowMs > 500 ? undefined : message
  const network = swarm({}, [{ tamper: stalls }])
  const { source, leechers } = split(network)
  finish(network, leechers)
  t.diagnostic(describe(network, leechers))
  assert.ok(source.blockBytesSent <= 2 * FIXTURE.version.totalBytes)
  assert.ok(lastMs(leechers) <= 2.5 * BOUND_MS + TRANSFER_LIMITS.stallMs)
  assertClean(leechers)
})

test('a source that stops sending: another source takes over', t => {
  const stalls = (message: WireMessage, nowMs: number) =>
    message.type === 'piece' && nowMs > 500 ? undefined : message
  const network = new SimNetwork(LATENCY_MS)
  network.add({ fixture: FIXTURE, hasAll: true, ...LINK, tamper: stalls })
  network.add({ fixture: FIXTURE, hasAll: true, ...LINK })
  network.add({ fixture: FIXTURE, ...LINK })
  network.connectAll()
  const [leecher] = network.nodes.slice(2)
  assert.ok(leecher !== undefined)
  finish(network, [leecher])
  t.diagnostic(describe(network, [leecher]))
  assert.ok(lastMs([leecher]) <= BOUND_MS + 2 * TRANSFER_LIMITS.stallMs)
  assertClean([leecher])
})

test('a peer with a thin uplink does not hold the others up', t => {
  const network = swarm({}, [{ upBytesPerMs: 250 }])
  const { source, leechers } = split(network)
  finish(network, leechers)
  t.diagnostic(describe(network, leechers))
  assert.ok(source.blockBytesSent <= 1.4 * FIXTURE.version.totalBytes)
  assert.ok(lastMs(leechers) <= 1.6 * BOUND_MS)
  assertClean(leechers)
})

test('thin uplinks of some: load goes by uplink, and the sum of the uplinks sets the pace', t => {
  const fixture = makeVersion([100 * MIB], 64 * KIB)
  for (const thinCount of [1, 3]) {
    const network = new SimNetwork(1)
    network.add({ fixture, hasAll: true, ...LINK })
    const thin = { ...LINK, upBytesPerMs: LINK.upBytesPerMs / 10 }
    for (let i = 0; i < LEECHERS; i++) network.add({ fixture, ...(i < thinCount ? thin : LINK) })
    network.connectAll()
    const { source, leechers } = split(network)
    finish(network, leechers)
    const uplinks = LINK.upBytesPerMs * (1 + LEECHERS - thinCount) + thin.upBytesPerMs * thinCount
    const { totalBytes } = fixture.version
    const boundMs = Math.max(totalBytes / LINK.upBytesPerMs, (LEECHERS * totalBytes) / uplinks)
    const times = lastMs(leechers) / boundMs
    t.diagnostic(
      `${thinCount} thin: ${times.toFixed(3)} of the bound, ${source.blockBytesSent / totalBytes} copies`
    )
    assert.ok(times <= 1.1)
  }
})

function flipped(message: WireMessage): WireMessage {
  if (message.type !== 'piece') return message
  const block = message.block.slice()
  block[0] = (block[0] ?? 0) ^ 1
  return { ...message, block }
}

test('a peer that sends bad blocks: it alone is blamed and cut off, and nothing bad is stored', t => {
  const network = swarm({}, [{ tamper: flipped }])
  const { leechers } = split(network)
  const [bad, ...honest] = leechers
  assert.ok(bad !== undefined)
  finish(network, honest)
  t.diagnostic(describe(network, honest))
  assert.ok(sum(honest, node => node.badPiecesMet) > 0, 'somebody met a bad piece')
  for (const node of honest) {
    for (const { of, reason } of node.misbehaviours)
      assert.deepEqual({ of, reason }, { of: bad.index, reason: 'bad-block' })
    assert.equal(node.lentBuffers, 0)
  }
})

test('bad blocks in pieces that several peers filled are pinned to their sender by leaf hashes', t => {
  const fixture = makeVersion([24 * MIB], 4 * MIB)
  const network = new SimNetwork(LATENCY_MS)
  for (let i = 0; i < 3; i++) network.add({ fixture, hasAll: true, ...LINK })
  let sent = 0
  const seldom = (message: WireMessage) =>
    message.type === 'piece' && sent++ % 10 === 9 ? flipped(message) : message
  network.add({ fixture, hasAll: true, ...LINK, tamper: seldom })
  // A short pipeline, so that no peer is asked for a whole piece at once.
  const limits = { pipelineStartBytes: 512 * KIB, pipelineMs: 100, requestMs: 50 }
  network.add({ fixture, upBytesPerMs: 12_500, downBytesPerMs: 50_000, limits })
  network.connectAll()
  const leecher = network.nodes.at(-1)
  assert.ok(leecher !== undefined)
  finish(network, [leecher])
  t.diagnostic(`bad pieces ${leecher.badPiecesMet}`)
  assert.ok(leecher.badPiecesMet > 0)
  assert.ok(leecher.misbehaviours.length > 0)
  for (const { of, reason } of leecher.misbehaviours)
    assert.deepEqual({ of, reason }, { of: 3, reason: 'bad-block' })
  const wasted = leecher.transfer.status(network.time.nowMs).wastedBytes
  assert.ok(wasted < 4 * MIB, `${wasted} bytes were fetched in vain: good blocks are kept`)
  assert.equal(leecher.lentBuffers, 0)
})

test('a peer that goes halfway and comes back goes on where it was', t => {
  const network = swarm()
  const { source, leechers } = split(network)
  const [roamer] = leechers
  assert.ok(roamer !== undefined)
  let haveWhenGone = 0
  network.time.at(0.4 * BOUND_MS, () => {
    network.disconnectAll(roamer)
    haveWhenGone = roamer.stored.size
  })
  network.time.at(0.7 * BOUND_MS, () => {
    for (const node of network.nodes) if (node !== roamer) network.connect(roamer, node)
  })
  finish(network, leechers)
  t.diagnostic(describe(network, leechers))
  assert.ok(haveWhenGone > 0)
  const fetched = roamer.transfer.status(network.time.nowMs).verifiedBytes
  assert.equal(fetched, FIXTURE.version.totalBytes, 'no piece was fetched and stored twice')
  assert.ok(source.blockBytesSent <= 1.5 * FIXTURE.version.totalBytes)
  assert.ok(lastMs(leechers) <= 2 * BOUND_MS)
  assertClean(leechers)
})

test('the source goes when every piece is among the peers: they finish without it', () => {
  const network = swarm()
  const { source, leechers } = split(network)
  const isSpread = () => {
    for (let piece = 0; piece < FIXTURE.version.pieceCount; piece++)
      if (!leechers.some(node => node.stored.has(piece))) return false
    return true
  }
  network.time.run(LIMIT_MS, isSpread)
  network.disconnectAll(source)
  finish(network, leechers)
  assertClean(leechers)
})

test('without any source nobody completes, nobody spins, and a source that comes late serves all', () => {
  const network = new SimNetwork(LATENCY_MS)
  for (let i = 0; i < 3; i++) network.add({ fixture: FIXTURE, knowsVersion: true, ...LINK })
  network.connectAll()
  const leechers = [...network.nodes]
  let source: SimNode | undefined
  network.time.at(10_000, () => {
    source = network.add({ fixture: FIXTURE, hasAll: true, ...LINK })
    for (const node of leechers) network.connect(source, node)
  })
  finish(network, leechers)
  assert.ok(source !== undefined && source.blockBytesSent <= 1.3 * FIXTURE.version.totalBytes)
})

test('a device that joins when others are complete draws on all of them', t => {
  const network = swarm()
  const { leechers } = split(network)
  finish(network, leechers)
  const joinedMs = network.time.nowMs
  const late = network.add({ fixture: FIXTURE, ...LINK })
  for (const node of network.nodes) if (node !== late) network.connect(node, late)
  finish(network, [late])
  const tookMs = (late.completedMs ?? 0) - joinedMs
  t.diagnostic(`the late device took ${(tookMs / BOUND_MS).toFixed(2)} of the bound`)
  assert.ok(tookMs <= 1.2 * BOUND_MS)
})
