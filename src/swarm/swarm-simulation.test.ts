import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIB, MIB } from '../base/units.ts'
import { makeVersion } from './swarm-fixture.conformance.ts'
import { type NodeInit, SimNetwork, type SimNode } from './swarm-network.conformance.ts'

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

function wastedShare(nodes: readonly SimNode[], nowMs: number): number {
  let wasted = 0
  for (const node of nodes) wasted += node.transfer.status(nowMs).wastedBytes
  return wasted / (nodes.length * FIXTURE.version.totalBytes)
}

test('one source and eight equal peers: close to the bound, with little more than one copy from the source', t => {
  const network = swarm()
  const [source, ...leechers] = network.nodes as [SimNode, ...SimNode[]]
  finish(network, leechers)
  const copies = source.blockBytesSent / FIXTURE.version.totalBytes
  const lastMs = Math.max(...leechers.map(node => node.completedMs ?? 0))
  const waste = wastedShare(leechers, network.time.nowMs)
  t.diagnostic(
    `copies ${copies.toFixed(3)}, last done ${(lastMs / BOUND_MS).toFixed(2)} of the bound, waste ${waste.toFixed(4)}`
  )
  assert.ok(copies <= 1.3, `the source sent ${copies} copies`)
  assert.ok(lastMs <= 1.5 * BOUND_MS, `the last peer took ${lastMs / BOUND_MS} of the bound`)
  assert.ok(waste <= 0.05, `${waste} of the content came in vain`)
  for (const node of leechers) {
    assert.equal(node.lentBuffers, 0, 'every buffer was stored or released')
    assert.deepEqual(node.misbehaviours, [])
  }
})
