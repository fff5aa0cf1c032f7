/** Swarms in which some devices want only some files, in virtual time: they cost the others nothing. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MIB } from '../base/units.ts'
import { makeVersion } from './swarm-fixture.conformance.ts'
import { type NodeInit, SimNetwork, type SimNode } from './swarm-network.conformance.ts'

const LAN = 12_500
const WAN = 2_500
const LIMIT_MS = 300_000
const WINDOW_BYTES = 128 * 1024
/** Four files of 8 MiB, and two small ones. */
const FIXTURE = makeVersion([8 * MIB, 8 * MIB, 8 * MIB, 8 * MIB, 5, 0], 64 * 1024)
const FILE = 8 * MIB
const LINK = { upBytesPerMs: LAN, downBytesPerMs: LAN }

function finish(nodes: readonly SimNode[], network: SimNetwork): number {
  network.time.run(LIMIT_MS, () => nodes.every(node => node.completedMs !== undefined))
  for (const node of nodes) {
    assert.notEqual(node.completedMs, undefined, `node ${node.index} has what it wants`)
    assert.equal(node.lentBuffers, 0, `every buffer at node ${node.index} was stored or released`)
    assert.deepEqual(node.misbehaviours, [], `node ${node.index} accuses nobody`)
    assert.deepEqual(
      [...node.stored].filter(piece => !node.wanted.has(piece)),
      [],
      `node ${node.index} fetched nothing else`
    )
  }
  return Math.max(...nodes.map(node => node.completedMs ?? 0))
}

function lan(source: Partial<NodeInit>, others: readonly Partial<NodeInit>[]): SimNetwork {
  const network = new SimNetwork(2)
  network.add({ fixture: FIXTURE, hasAll: true, ...LINK, ...source })
  for (const other of others) network.add({ fixture: FIXTURE, ...LINK, ...other })
  network.connectAll()
  return network
}

function copies(node: SimNode | undefined, bytes: number): number {
  return (node?.blockBytesSent ?? 0) / bytes
}

test('eight peers want one file of six: the source sends that file once and little more, and nothing else', t => {
  const network = lan({}, Array(8).fill({ wants: [1, 4] }))
  const [source, ...leechers] = network.nodes
  const lastMs = finish(leechers, network)
  const bound = FILE / LAN
  t.diagnostic(
    `copies ${copies(source, FILE).toFixed(3)}, last done ${(lastMs / bound).toFixed(2)} of the bound`
  )
  assert.ok(copies(source, FILE) <= 1.35)
  assert.ok(lastMs <= 1.6 * bound)
})

test('half of the peers want one file, half all: those with all lose nothing by it', t => {
  const everything = lan({}, Array(8).fill({}))
  const [, ...all] = everything.nodes
  const plainMs = finish(all, everything)
  const mixed = lan({}, [...Array(4).fill({}), ...Array(4).fill({ wants: [2] })])
  const [source, ...leechers] = mixed.nodes
  const lastMs = finish(leechers, mixed)
  t.diagnostic(
    `last done ${(lastMs / plainMs).toFixed(2)} of eight equal peers, copies ${copies(source, 4 * FILE).toFixed(3)}`
  )
  assert.ok(lastMs <= 1.02 * plainMs)
  assert.ok(copies(source, 4 * FILE) <= 1.3)
})

test('each peer wants another file: each gets it from the source, once, at the rate of the uplink', t => {
  const network = lan({}, [{ wants: [0] }, { wants: [1] }, { wants: [2] }, { wants: [3] }])
  const [source, ...leechers] = network.nodes
  const lastMs = finish(leechers, network)
  const bound = (4 * FILE) / LAN
  t.diagnostic(`last done ${(lastMs / bound).toFixed(2)} of the bound`)
  assert.ok(copies(source, 4 * FILE) <= 1.001)
  assert.ok(lastMs <= 1.05 * bound)
})

interface Sites {
  readonly network: SimNetwork
  readonly leechers: readonly SimNode[]
  readonly into: () => number
}

/** A source in one site, and `others` in a second one behind a thin link. */
function sites(others: readonly Partial<NodeInit>[]): Sites {
  const network = new SimNetwork(1, WINDOW_BYTES)
  network.addSite('here', { upBytesPerMs: WAN, downBytesPerMs: WAN, latencyMs: 5 })
  const wan = network.addSite('there', { upBytesPerMs: WAN, downBytesPerMs: WAN, latencyMs: 5 })
  network.add({ fixture: FIXTURE, hasAll: true, ...LINK, site: 'here' })
  for (const other of others) network.add({ fixture: FIXTURE, ...LINK, site: 'there', ...other })
  network.connectAll()
  return { network, leechers: network.nodes.slice(1), into: () => wan.receivedBlockBytes }
}

function report(t: TestContext, { into }: Sites, { lastMs, bytes }: { lastMs: number; bytes: number }): void {
  t.diagnostic(
    `copies over the link ${(into() / bytes).toFixed(3)}, last done ${((lastMs * WAN) / bytes).toFixed(3)} of the bound`
  )
}

test('over a thin link each piece crosses once, and only what somebody of the site wants', t => {
  const scene = sites([{ wants: [0] }, { wants: [0, 1] }, { wants: [1] }, { wants: [0] }])
  const lastMs = finish(scene.leechers, scene.network)
  report(t, scene, { lastMs, bytes: 2 * FILE })
  assert.ok(scene.into() <= 1.02 * 2 * FILE)
  assert.ok(lastMs <= (1.15 * 2 * FILE) / WAN)
})

test('nobody waits for those of the site that want other files, or nothing now', t => {
  const alone = sites([{}])
  const aloneMs = finish(alone.leechers, alone.network)
  const crowd = Array.from(
    { length: 7 },
    (_, at): Partial<NodeInit> => (at < 4 ? { isPaused: true } : { wants: [5] })
  )
  const scene = sites([{}, ...crowd])
  const [first] = scene.leechers
  assert.ok(first !== undefined)
  const lastMs = finish([first], scene.network)
  report(t, scene, { lastMs, bytes: 4 * FILE })
  t.diagnostic(`${(lastMs / aloneMs).toFixed(3)} of the time that it takes alone`)
  assert.ok(lastMs <= 1.01 * aloneMs)
  for (const paused of scene.leechers.slice(1, 5)) assert.equal(paused.stored.size, 0)
})
