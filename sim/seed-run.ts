/** One run of what a seed stands for: safety at every step while things break, liveness once they are mended. */

import { defined } from '../src/base/assert.ts'
import { MINUTE_MS, SECOND_MS } from '../src/base/units.ts'
import { makeContent } from './content.ts'
import type { Host, HostParts } from './host.ts'
import { HostileHost } from './hostile.ts'
import { type Breach, type Invariant, Invariants } from './invariants.ts'
import { type Fault, type Plan, planOf } from './plan.ts'
import { Random } from './random.ts'
import { World } from './world.ts'

/** From when everything is mended, beside the time that the thinnest link needs for a few copies. */
const GRACE_MS = 4 * MINUTE_MS
const COPIES = 6
const REVIEW_MS = SECOND_MS
const BYTES_PER_MS_PER_MBIT = 125
const EVENTS_MAX = 20_000_000

export interface SeedResult {
  readonly seed: number
  readonly eventCount: number
  /** In virtual time. */
  readonly endedMs: number
  readonly breaches: readonly Breach[]
  readonly checks: Readonly<Partial<Record<Invariant, number>>>
  readonly hostCount: number
  readonly faults: readonly Fault['kind'][]
}

export interface SeedOptions {
  readonly onTrace?: ((line: string) => void) | undefined
  /** Breaks hosts on purpose, to see that it is noticed. */
  readonly parts?: (host: number) => HostParts | undefined
  readonly plan?: Plan
  /** Leaves out that a host learns of a revocation by what it does then. */
  readonly revoke?: (host: Host, revoked: Host) => void
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const random = new Random(seed)
  const plan = options.plan ?? planOf(seed, random)
  const invariants = new Invariants(options.onTrace)
  const world = new World({
    content: makeContent(plan.fileBytes, plan.pieceBytes),
    random,
    observer: invariants,
    lanDelayMs: plan.lanDelayMs
  })
  const run = new SeedRun(world, plan, invariants, options)
  await run.run()
  return {
    ...{ seed, eventCount: world.engine.eventCount, endedMs: world.engine.nowMs },
    ...{ breaches: invariants.breaches, checks: Object.fromEntries(invariants.checks) },
    ...{ hostCount: plan.hosts.length, faults: plan.faults.map(({ kind }) => kind) }
  }
}

class SeedRun {
  readonly #world: World
  readonly #plan: Plan
  readonly #invariants: Invariants
  readonly #options: SeedOptions
  readonly #receivers: Host[] = []
  readonly #revoked = new Set<Host>()

  constructor(world: World, plan: Plan, invariants: Invariants, options: SeedOptions) {
    this.#world = world
    this.#plan = plan
    this.#invariants = invariants
    this.#options = options
    for (const site of plan.sites) world.addSite(site.name, site.wan)
    for (const [index, each] of plan.hosts.entries()) {
      const parts = options.parts?.(index)
      const host = world.addHost({ ...each, ...(parts === undefined ? {} : { parts }) })
      if (each.hostile !== undefined) new HostileHost(host, each.hostile)
      else if (!each.isSource) this.#receivers.push(host)
      world.engine.at(each.startMs, () => {
        host.wants = !each.isSource
        world.up(host)
      })
    }
    for (const fault of plan.faults) world.engine.at(fault.atMs, () => this.#break(fault))
  }

  get #limitMs(): number {
    const { sites, hosts, healMs } = this.#plan
    const rates = [...sites.map(({ wan }) => wan), ...hosts].flatMap(({ upMbit, downMbit }) => [
      upMbit,
      downMbit
    ])
    const { totalBytes } = this.#world.content.version
    const copyMs = totalBytes / (Math.min(...rates) * BYTES_PER_MS_PER_MBIT)
    return healMs + GRACE_MS + COPIES * copyMs
  }

  get #waitedFor(): Host[] {
    return this.#receivers.filter(host => !this.#revoked.has(host))
  }

  async run(): Promise<void> {
    const { engine } = this.#world
    const limitMs = this.#limitMs
    this.#review()
    const isDone = (): boolean =>
      this.#invariants.breaches.length > 0 ||
      engine.eventCount > EVENTS_MAX ||
      (engine.nowMs >= this.#plan.healMs && this.#waitedFor.every(host => host.isComplete))
    const afterEvent = (): void => this.#invariants.settle(engine.nowMs)
    await engine.run(limitMs, { isDone, afterEvent })
    if (this.#invariants.breaches.length > 0) return
    // What was said when the last one finished is still on its way.
    const isBreached = (): boolean => this.#invariants.breaches.length > 0
    await engine.run(engine.nowMs + 5 * SECOND_MS, { isDone: isBreached, afterEvent })
    for (const host of this.#waitedFor) {
      const detail = (): string => {
        const status = host.status()
        return `has ${status?.haveCount} of ${status?.pieceCount} pieces and ${status?.peers.length} peers at the end`
      }
      this.#invariants.check('liveness', host, host.isComplete, detail)
    }
    this.#invariants.reviewRequests()
  }

  #review(): void {
    this.#world.engine.after(REVIEW_MS, () => {
      this.#invariants.reviewRequests()
      this.#review()
    })
  }

  #host(index: number): Host {
    return defined(this.#world.hosts[index], 'a host of the plan')
  }

  #break(fault: Fault): void {
    const { engine } = this.#world
    this.#options.onTrace?.(`${engine.nowMs.toFixed(3)} fault ${JSON.stringify(fault)}`)
    switch (fault.kind) {
      case 'crash': {
        const host = this.#host(fault.host)
        if (!host.isUp) return
        host.crash()
        engine.after(fault.forMs, () => this.#world.up(host))
        return
      }
      case 'hang':
        this.#host(fault.host).hang(fault.forMs)
        return
      case 'full':
        this.#host(fault.host).disk.isFull = true
        engine.after(fault.forMs, () => {
          this.#host(fault.host).disk.isFull = false
        })
        return
      case 'slow':
        this.#host(fault.host).disk.slowness = fault.slowness
        engine.after(fault.forMs, () => {
          this.#host(fault.host).disk.slowness = 1
        })
        return
      case 'loss': {
        const { up, down } = this.#host(fault.host).init
        for (const link of [up, down]) link.lossShare = fault.share
        engine.after(fault.forMs, () => {
          for (const link of [up, down]) link.lossShare = 0
        })
        return
      }
      case 'cut':
        this.#world.cut(fault.a, fault.b, fault.forMs)
        if (!fault.isOneWay) this.#world.cut(fault.b, fault.a, fault.forMs)
        return
      case 'revoke':
        this.#revoke(this.#host(fault.host), fault.learnMs)
    }
  }

  #revoke(revoked: Host, learnMs: number): void {
    this.#revoked.add(revoked)
    for (const host of this.#world.hosts)
      this.#world.engine.after(this.#world.random.between(0, learnMs), () => {
        if (this.#options.revoke !== undefined) this.#options.revoke(host, revoked)
        else host.learnRevoked(revoked.device)
      })
  }
}
