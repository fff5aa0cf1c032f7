/** Limits in a simulated network: the product's hubs with a policy each, in virtual time. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIB, MIB } from '../src/base/units.ts'
import { Bandwidth } from '../src/node/bandwidth/bandwidth.ts'
import { SILENT_LOG } from '../src/node/log.ts'
import { SwarmHub } from '../src/node/swarm/swarm-hub.ts'
import { MemoryRecords } from '../src/store/memory-records.ts'
import { type BandwidthPolicy, NO_POLICY, type RuleTerms, withRule } from '../src/swarm/bandwidth/policy.ts'
import { WireDecoder } from '../src/swarm/wire-decoder.ts'
import { makeContent } from './content.ts'
import type { Host } from './host.ts'
import { Invariants } from './invariants.ts'
import type { Part } from './network.ts'
import type { StreamSide, StreamTap } from './parties.ts'
import { Random } from './random.ts'
import { World } from './world.ts'

const CAP = 200_000
/** Long enough that a round of all peers takes longer than a peer is waited for. */
const PIECE_BYTES = 256 * KIB

function rules(...all: readonly Partial<RuleTerms>[]): BandwidthPolicy {
  const base = { direction: 'up', link: 'all', dataClass: 'all', hours: null } as const
  const limit = { kind: 'cap', bytesPerSecond: CAP } as const
  return all.reduce(
    (policy: BandwidthPolicy, rule) => withRule(policy, { ...base, limit, ...rule }),
    NO_POLICY
  )
}

interface Place {
  readonly site: string
  readonly policy?: BandwidthPolicy
}

/** Counts what was asked for and then given up, of each host. */
class WatchedSwarm extends Invariants {
  readonly asked = new Map<string, number>()
  readonly givenUp = new Map<string, number>()

  override stream(stream: StreamSide): StreamTap {
    const tap = super.stream(stream)
    const said = new WireDecoder({ allocate: length => new Uint8Array(length) })
    const sent = (parts: readonly Part[]): void => {
      for (const { bytes } of parts)
        for (const { type } of said.push(bytes).messages) {
          const count = type === 'request' ? this.asked : type === 'cancel' ? this.givenUp : undefined
          count?.set(stream.far.name, (count.get(stream.far.name) ?? 0) + 1)
        }
      tap.sent(parts)
    }
    return {
      sent,
      leaving: parts => tap.leaving(parts),
      arrived: part => tap.arrived(part),
      closed: () => tap.closed()
    }
  }

  /** Of what was asked of a host, the share that was given up. */
  shareGivenUp(host: string): number {
    return (this.givenUp.get(host) ?? 0) / Math.max(1, this.asked.get(host) ?? 0)
  }
}

/** A swarm whose first host is the source, with the limits of each. */
class LimitedSwarm {
  readonly invariants = new WatchedSwarm()
  readonly world: World
  readonly limits = new Map<Host, Bandwidth>()
  readonly hosts: Host[]

  constructor(bytes: number, places: readonly Place[]) {
    const content = makeContent([bytes], PIECE_BYTES)
    this.world = new World({ content, random: new Random(1), observer: this.invariants, lanDelayMs: 1 })
    for (const site of new Set(places.map(place => place.site)))
      this.world.addSite(site, { upMbit: 100, downMbit: 100, delayMs: 20 })
    this.hosts = places.map(({ site, policy }, index) => {
      const host: Host = this.world.addHost({
        ...{ site, upMbit: 100, downMbit: 100, isSource: index === 0 },
        parts: {
          hub: init => {
            const records = new MemoryRecords()
            const bandwidth = new Bandwidth({
              records,
              log: SILENT_LOG,
              ...(init.clock && { clock: init.clock })
            })
            if (policy !== undefined) bandwidth.change(policy)
            this.limits.set(host, bandwidth)
            return new SwarmHub({ ...init, limits: { bandwidth, classOf: () => 'internal' } })
          }
        }
      })
      return host
    })
  }

  /** Starts all, and lets all but the source fetch. */
  async start(): Promise<void> {
    for (const host of this.hosts) this.world.up(host)
    await this.run(1000)
    for (const host of this.receivers) host.fetch()
  }

  get receivers(): readonly Host[] {
    return this.hosts.slice(1)
  }

  get totalBytes(): number {
    return this.world.content.version.totalBytes
  }

  /** For so long, or until all are complete. */
  async run(ms: number): Promise<void> {
    const isDone = (): boolean => this.hosts.every(host => host.isComplete || !host.wants)
    const limitMs = this.world.engine.nowMs + ms
    await this.world.engine.run(limitMs, {
      isDone: () => this.receivers.some(host => host.wants) && isDone()
    })
  }

  change(host: number, policy: BandwidthPolicy): void {
    const limited = this.hosts[host]
    if (limited !== undefined) this.limits.get(limited)?.change(policy)
  }

  /** Payload that came to a host. */
  received(host: number): number {
    return this.hosts[host]?.status()?.downloadedBytes ?? 0
  }

  sent(host: number): number {
    return [...(this.hosts[host]?.hub?.tallies().values() ?? [])].reduce(
      (sum, { sentBytes }) => sum + sentBytes,
      0
    )
  }

  /** Bytes per second that a host sends, or gets, over the next while. */
  async rate(ms: number, of: () => number): Promise<number> {
    const [before, beforeMs] = [of(), this.world.engine.nowMs]
    await this.run(ms)
    return ((of() - before) * 1000) / (this.world.engine.nowMs - beforeMs)
  }

  /** All complete, nobody was accused, and next to nothing came twice: in the endgame of a LAN a piece may. */
  assertWell(): void {
    assert.deepEqual(this.invariants.breaches, [])
    for (const host of this.receivers) {
      assert.ok(host.isComplete, `${host.name} is complete`)
      const wasted = host.status()?.wastedBytes ?? 0
      const most = Math.max(0.005 * this.totalBytes, this.world.content.version.pieceBytes)
      assert.ok(wasted <= most, `${host.name} got ${wasted} B twice`)
    }
  }
}

function isNear(value: number, wanted: number, share = 0.1): void {
  assert.ok(Math.abs(value - wanted) <= share * wanted, `${Math.round(value)}, not ${wanted}`)
}

/** Looks each hundred milliseconds whether somebody takes somebody for stalled. */
function watchSnubs(swarm: LimitedSwarm): string[] {
  const snubs: string[] = []
  const look = (): void => {
    for (const host of swarm.hosts)
      for (const peer of host.status()?.peers ?? [])
        if (peer.snubbed) snubs.push(`${host.name} snubs ${swarm.world.hostOf(peer.device)?.name}`)
    swarm.world.engine.after(100, look)
  }
  look()
  return snubs
}

test('a cap on what a source sends holds, and nobody takes the wait for a fault', async () => {
  const places = Array.from({ length: 15 }, (_, at) => ({
    site: 'a',
    ...(at === 0 && { policy: rules({}) })
  }))
  const swarm = new LimitedSwarm(4 * MIB, places)
  const snubs = watchSnubs(swarm)
  await swarm.start()
  await swarm.run(3000)
  isNear(await swarm.rate(10_000, () => swarm.sent(0)), CAP)
  await swarm.run(120_000)
  swarm.assertWell()
  assert.deepEqual(snubs, [])
  const copies = swarm.sent(0) / swarm.totalBytes
  assert.ok(copies < 1.1, `the source sent ${copies} copies`)
  const givenUp = swarm.invariants.shareGivenUp('h0')
  assert.ok(givenUp < 0.15, `${givenUp} of what it was asked for was given up`)
})

test('two peers get equal parts of a cap', async () => {
  const swarm = new LimitedSwarm(20 * MIB, [
    { site: 'a', policy: rules({ link: 'wan' }) },
    { site: 'b' },
    { site: 'c' }
  ])
  await swarm.start()
  await swarm.run(2000)
  const before = [swarm.received(1), swarm.received(2)]
  await swarm.run(20_000)
  const gave = swarm.hosts[0]?.hub?.tallies()
  const parts = swarm.receivers.map(({ device }) => gave?.get(device)?.sentBytes ?? 0)
  assert.ok(before.every(bytes => bytes > 0))
  isNear(parts[0] ?? 0, parts[1] ?? 0, 0.1)
})

test('a cap between sites does not have a piece brought twice', async () => {
  const policy = rules({ link: 'wan' })
  const swarm = new LimitedSwarm(12 * MIB, [
    { site: 'a', policy },
    ...Array.from({ length: 4 }, () => ({ site: 'b' }))
  ])
  const snubs = watchSnubs(swarm)
  await swarm.start()
  await swarm.run(180_000)
  swarm.assertWell()
  assert.deepEqual(snubs, [])
  const copies = swarm.sent(0) / swarm.totalBytes
  assert.ok(copies < 1.1, `${copies} copies crossed`)
})

test('a cap on what is asked for holds over all peers, and asks for nothing twice', async () => {
  const policy = rules({ direction: 'down' })
  const swarm = new LimitedSwarm(6 * MIB, [
    { site: 'a' },
    { site: 'a' },
    { site: 'a' },
    { site: 'a', policy }
  ])
  const snubs = watchSnubs(swarm)
  await swarm.start()
  await swarm.run(3000)
  isNear(await swarm.rate(10_000, () => swarm.received(3)), CAP)
  await swarm.run(60_000)
  swarm.assertWell()
  assert.deepEqual(snubs, [])
})

test('all of a site with a cap on what comes from others bring each piece once', async () => {
  const policy = rules({ direction: 'down', link: 'wan' })
  const swarm = new LimitedSwarm(12 * MIB, [
    { site: 'a' },
    ...Array.from({ length: 3 }, () => ({ site: 'b', policy }))
  ])
  await swarm.start()
  await swarm.run(120_000)
  swarm.assertWell()
  const copies = swarm.sent(0) / swarm.totalBytes
  assert.ok(copies < 1.15, `${copies} copies crossed`)
})

test('a cap that is set, raised and taken away holds at once for what is under way', async () => {
  const swarm = new LimitedSwarm(400 * MIB, [{ site: 'a' }, { site: 'a' }])
  await swarm.start()
  assert.ok((await swarm.rate(2000, () => swarm.received(1))) > 5_000_000)
  for (const bytesPerSecond of [500_000, 2_000_000, 200_000]) {
    swarm.change(0, rules({ limit: { kind: 'cap', bytesPerSecond } }))
    await swarm.run(2000)
    isNear(await swarm.rate(5000, () => swarm.received(1)), bytesPerSecond)
  }
  swarm.change(0, NO_POLICY)
  swarm.change(1, rules({ direction: 'down', limit: { kind: 'cap', bytesPerSecond: 1_000_000 } }))
  await swarm.run(2000)
  isNear(await swarm.rate(5000, () => swarm.received(1)), 1_000_000)
  swarm.change(1, NO_POLICY)
  await swarm.run(2000)
  assert.ok((await swarm.rate(2000, () => swarm.received(1))) > 5_000_000)
  assert.deepEqual(swarm.invariants.breaches, [])
})

test('while nothing may go to a peer it gets from others, and goes on here afterwards', async () => {
  const closed = rules({ limit: { kind: 'cap', bytesPerSecond: 0 } })
  const swarm = new LimitedSwarm(100 * MIB, [{ site: 'a' }, { site: 'a' }])
  await swarm.start()
  await swarm.run(1000)
  swarm.change(0, closed)
  await swarm.run(500)
  assert.equal(await swarm.rate(20_000, () => swarm.received(1)), 0)
  swarm.change(0, NO_POLICY)
  await swarm.run(60_000)
  swarm.assertWell()
})

test('a WAN budget that is spent stops what crosses, and nothing else, until it is raised or its day is over', async () => {
  const budget = (mib: number) => ({
    ...NO_POLICY,
    budgets: { up: null, down: { bytes: mib * MIB, zone: 'UTC' } }
  })
  const swarm = new LimitedSwarm(40 * MIB, [{ site: 'a' }, { site: 'b', policy: budget(10) }, { site: 'b' }])
  for (const host of swarm.hosts) swarm.world.up(host)
  await swarm.run(1000)
  swarm.hosts[1]?.fetch()
  await swarm.run(20_000)
  const received = swarm.received(1)
  assert.ok(received > 9 * MIB && received < 10.6 * MIB, `${received}`)
  assert.equal(await swarm.rate(20_000, () => swarm.received(1)), 0)
  swarm.change(1, budget(20))
  await swarm.run(20_000)
  isNear(swarm.received(1), 20 * MIB, 0.05)
  // The other of the site has no budget, and what it brings goes on over the LAN.
  swarm.hosts[2]?.fetch()
  await swarm.run(60_000)
  swarm.assertWell()
  isNear(
    swarm.limits.get(swarm.hosts[1] as Host)?.throttle.budget('down')?.daily.usedBytes ?? 0,
    20 * MIB,
    0.05
  )
})
