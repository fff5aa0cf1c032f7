/** Whole swarms of real transfers over several sites with thin links between them, in virtual time. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MIB } from '../base/units.ts'
import { encodePeerage } from './extension-messages.ts'
import { makeVersion } from './swarm-fixture.conformance.ts'
import { type NodeInit, SimNetwork, type SimNode } from './swarm-network.conformance.ts'
import type { Wan } from './virtual-wan.conformance.ts'
import type { WireMessage } from './wire-messages.ts'

const LAN = 25_000
const WAN = 2_500
const LIMIT_MS = 300_000
/** As much as a queue before a thin link holds. */
const WINDOW_BYTES = 128 * 1024
const FIXTURE = makeVersion([25 * MIB], 64 * 1024)
const TOTAL = FIXTURE.version.totalBytes

interface SitePlan {
  readonly hosts: number
  readonly upBytesPerMs?: number
  readonly downBytesPerMs?: number
  /** One way. */
  readonly latencyMs?: number
  /** What sets single hosts of it apart. */
  readonly others?: readonly Partial<NodeInit>[]
}

interface Site {
  readonly name: string
  readonly wan: Wan
  readonly nodes: readonly SimNode[]
}

interface Scene {
  readonly network: SimNetwork
  readonly sites: readonly Site[]
  readonly leechers: readonly SimNode[]
}

/** The first host of the first site is the source. */
function scene(plans: readonly SitePlan[]): Scene {
  const network = new SimNetwork(1, WINDOW_BYTES)
  const sites = plans.map((plan, index) => {
    const { hosts, upBytesPerMs = WAN, downBytesPerMs = WAN, latencyMs = 5, others = [] } = plan
    const name = `site ${index}`
    const wan = network.addSite(name, { upBytesPerMs, downBytesPerMs, latencyMs })
    const nodes = Array.from({ length: hosts }, (_, host) =>
      network.add({
        fixture: FIXTURE,
        hasAll: index === 0 && host === 0,
        upBytesPerMs: LAN,
        downBytesPerMs: LAN,
        site: name,
        ...others[host]
      })
    )
    return { name, wan, nodes }
  })
  network.connectAll()
  return { network, sites, leechers: network.nodes.slice(1) }
}

/** Runs until those that can be are complete, and says how it went; gives the time of the last over the bound. */
function run(
  context: TestContext,
  { network, sites, leechers }: Scene,
  { boundMs, honest = leechers }: { readonly boundMs: number; readonly honest?: readonly SimNode[] }
): number {
  network.time.run(LIMIT_MS, () => honest.every(node => node.completedMs !== undefined))
  for (const node of honest) {
    assert.notEqual(node.completedMs, undefined, `node ${node.index} completes`)
    assert.equal(node.lentBuffers, 0, `every buffer at node ${node.index} was stored or released`)
  }
  for (const { name, wan } of sites) {
    const [out, into, blocks] = [wan.sentBytes, wan.receivedBytes, wan.receivedBlockBytes].map(bytes =>
      (bytes / TOTAL).toFixed(3)
    )
    context.diagnostic(`${name}: copies out ${out}, in ${into}, of blocks in ${blocks}`)
  }
  const times = Math.max(...honest.map(node => node.completedMs ?? 0)) / boundMs
  context.diagnostic(`the last took ${times.toFixed(3)} of the bound of ${(boundMs / 1000).toFixed(1)} s`)
  return times
}

/** Copies of blocks that came over the WAN link of each site but the first. */
const copiesInto = ({ sites }: Scene): number[] =>
  sites.slice(1).map(({ wan }) => wan.receivedBlockBytes / TOTAL)

test('three sites of four: each byte crosses each link once, and the far sites give to each other', t => {
  const three = scene([{ hosts: 4 }, { hosts: 4 }, { hosts: 4 }])
  assert.ok(run(t, three, { boundMs: TOTAL / WAN }) <= 1.1)
  for (const copies of copiesInto(three)) assert.ok(copies <= 1.01)
  const [home] = three.sites
  assert.ok(home !== undefined && home.wan.sentBytes <= 1.1 * TOTAL)
})

test('five uneven sites: the thinnest link sets the pace, and none is crossed twice', t => {
  const five = scene([
    { hosts: 3, upBytesPerMs: 5000, downBytesPerMs: 5000 },
    { hosts: 6 },
    { hosts: 1, upBytesPerMs: 1250, downBytesPerMs: 2500 },
    { hosts: 3, upBytesPerMs: 5000, downBytesPerMs: 5000, latencyMs: 20 },
    { hosts: 2, upBytesPerMs: 1250, downBytesPerMs: 1250, latencyMs: 40 }
  ])
  assert.ok(run(t, five, { boundMs: TOTAL / 1250 }) <= 1.2)
  for (const copies of copiesInto(five)) assert.ok(copies <= 1.03)
})

test('a long way between two sites, and a thin one', t => {
  const two = scene([
    { hosts: 2, latencyMs: 100 },
    { hosts: 5, latencyMs: 100 }
  ])
  assert.ok(run(t, two, { boundMs: TOTAL / WAN }) <= 1.2)
  for (const copies of copiesInto(two)) assert.ok(copies <= 1.02)
})

test('sites of one host each: as among hosts of one site, each piece leaves the source about once', t => {
  const alone = scene(Array.from({ length: 6 }, () => ({ hosts: 1 })))
  assert.ok(run(t, alone, { boundMs: TOTAL / WAN }) <= 1.25)
  assert.ok((alone.sites[0]?.wan.sentBytes ?? 0) <= 1.3 * TOTAL)
})

test('a host that goes while it brings: the others take on what it had claimed', t => {
  const three = scene([{ hosts: 2 }, { hosts: 4 }])
  const [, site] = three.sites
  const leaving = site?.nodes[1]
  assert.ok(leaving !== undefined)
  three.network.time.at(4000, () => three.network.disconnectAll(leaving))
  const honest = three.leechers.filter(node => node !== leaving)
  assert.ok(run(t, three, { boundMs: TOTAL / WAN, honest }) <= 1.3)
  for (const copies of copiesInto(three)) assert.ok(copies <= 1.15)
})

test('a host that claims all and brings nothing holds its site up for a bounded while', t => {
  let isFirst = true
  const every = Array.from({ length: FIXTURE.version.pieceCount }, (_, piece) => piece)
  const greedy = (message: WireMessage): WireMessage | undefined => {
    if (message.type === 'request' || message.type === 'have') return undefined
    if (message.type !== 'extended' || message.extensionId === 0) return message
    const claims = isFirst ? every : []
    isFirst = false
    return { ...message, payload: encodePeerage({ assigns: false, claims }) }
  }
  const two = scene([{ hosts: 2 }, { hosts: 4, others: [{ tamper: greedy }] }])
  const greedyNode = two.sites[1]?.nodes[0]
  const honest = two.leechers.filter(node => node !== greedyNode)
  assert.ok(run(t, two, { boundMs: TOTAL / WAN, honest }) <= 2)
})

test('a host that has pieces and does not give them: its site brings them itself', t => {
  const silent = (message: WireMessage): WireMessage | undefined =>
    message.type === 'piece' ? undefined : message
  const two = scene([{ hosts: 2 }, { hosts: 3, others: [{ hasAll: true, tamper: silent }] }])
  const mean = two.sites[1]?.nodes[0]
  const honest = two.leechers.filter(node => node !== mean)
  assert.ok(run(t, two, { boundMs: TOTAL / WAN, honest }) <= 2)
})
