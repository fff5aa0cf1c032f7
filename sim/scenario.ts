/**
 * Runs a scenario of the laboratory in virtual time: the same network, content and mishaps (lab/shaped/scenarios.ts),
 * and the same figures to compare.
 */

import { bound } from '../lab/shaped/bound.ts'
import { type HostPlan, planNetwork } from '../lab/shaped/network-plan.ts'
import type { Scenario } from '../lab/shaped/scenarios.ts'
import { PROCESSOR } from './constants.ts'
import { makeContent } from './content.ts'
import type { Host } from './host.ts'
import { HostileHost } from './hostile.ts'
import type { Observer } from './parties.ts'
import { Random } from './random.ts'
import { World } from './world.ts'

/** Of a bridge and two veth pairs, with what the kernel takes. */
const LAN_DELAY_MS = 0.2
const WAN_DELAY_MS = 0.2
/** As many as the laboratory's machine has. */
const PROCESSORS = 2
const LOOK_MS = 100
const GONE_MS = 2000
const SETTLE_MS = 2000
const LIMIT_MS = 30 * 60_000

export interface ScenarioOptions {
  readonly seed: number
  readonly observer?: Observer
  /** Endless ones instead of the laboratory's, to see what the network alone allows. */
  readonly freeProcessors?: boolean
}

export interface ScenarioResult {
  readonly scenario: string
  readonly boundSeconds: number
  readonly medianSeconds: number
  readonly lastSeconds: number
  readonly timesBound: number
  readonly sourceCopies: number
  readonly wan: readonly { readonly site: string; readonly copiesIn: number; readonly copiesOut: number }[]
  readonly busyShare: number
  readonly eventCount: number
  readonly unfinished: readonly string[]
}

export async function runScenario(scenario: Scenario, options: ScenarioOptions): Promise<ScenarioResult> {
  const { seed, observer, freeProcessors = false } = options
  const plan = planNetwork(scenario, 0)
  const content = makeContent(Array.from({ length: scenario.files }, () => scenario.fileBytes))
  const world = new World({
    content,
    random: new Random(seed),
    lanDelayMs: LAN_DELAY_MS,
    ...(freeProcessors ? {} : { processorCount: PROCESSORS }),
    ...(observer === undefined ? {} : { observer })
  })
  for (const site of plan.sites)
    if (site.wan !== undefined) world.addSite(site.name, { ...site.wan.link, delayMs: WAN_DELAY_MS })
  const hosts = new Map<HostPlan, Host>()
  const hostiles: Host[] = []
  for (const host of plan.hosts) {
    const made = world.addHost({ ...host.link, site: host.site, isSource: host.role === 'source' })
    hosts.set(host, made)
    if (host.role !== 'hostile') continue
    new HostileHost(made, hostiles.length % 2 === 0 ? 'garbage' : 'stall')
    hostiles.push(made)
  }
  for (const host of world.hosts) world.up(host)
  await world.engine.run(SETTLE_MS, { isDone: () => false })
  const race = new Race(world, hosts)
  await race.run()
  const { totalBytes } = content.version
  const limit = bound(plan, totalBytes, race.absentSeconds)
  const seconds = [...race.seconds.values()].toSorted((a, b) => a - b)
  const lastSeconds = seconds.at(-1) ?? Number.NaN
  return {
    scenario: scenario.name,
    boundSeconds: limit.seconds,
    medianSeconds: seconds[Math.floor((seconds.length - 1) / 2)] ?? Number.NaN,
    lastSeconds,
    timesBound: lastSeconds / limit.seconds,
    sourceCopies: (world.hosts[0]?.init.up.passedBytes ?? 0) / totalBytes,
    wan: [...world.sites.values()].map(({ name, up, down }) => ({
      site: name,
      copiesIn: down.passedBytes / totalBytes,
      copiesOut: up.passedBytes / totalBytes
    })),
    busyShare: race.busyShare,
    eventCount: world.engine.eventCount,
    unfinished: race.receivers.filter(host => !host.isComplete).map(host => host.name)
  }
}

class Race {
  readonly #world: World
  readonly receivers: readonly Host[]
  readonly #roles: ReadonlyMap<Host, HostPlan['role']>
  readonly seconds = new Map<string, number>()
  readonly absentSeconds = new Map<string, number>()
  readonly #startMs: number
  readonly #startBusyMs: number

  constructor(world: World, hosts: ReadonlyMap<HostPlan, Host>) {
    this.#world = world
    this.#roles = new Map([...hosts].map(([{ role }, host]) => [host, role]))
    this.receivers = [...hosts]
      .filter(([{ role }]) => role !== 'source' && role !== 'hostile')
      .map(([, host]) => host)
    this.#startMs = world.engine.nowMs
    this.#startBusyMs = world.busyMs
  }

  get busyShare(): number {
    const tookMs = this.#world.engine.nowMs - this.#startMs
    return (this.#world.busyMs - this.#startBusyMs) / (PROCESSORS * tookMs)
  }

  #elapsed(): number {
    return (this.#world.engine.nowMs - this.#startMs) / 1000
  }

  async run(): Promise<void> {
    for (const host of this.receivers) if (this.#roles.get(host) !== 'late') host.fetch()
    this.#watch()
    await this.#world.engine.run(this.#startMs + LIMIT_MS, {
      isDone: () => this.receivers.every(host => host.isComplete)
    })
    for (const host of this.receivers)
      if (host.completedMs !== undefined)
        this.seconds.set(host.name, (host.completedMs - this.#startMs) / 1000)
  }

  /** Looks now and then whether the ordinary hosts are half done, as the laboratory does. */
  #watch(): void {
    const ordinary = this.receivers.filter(host => this.#roles.get(host) === 'receiver')
    const shares = ordinary.map(host => host.share).toSorted((a, b) => a - b)
    if ((shares[Math.floor(shares.length / 2)] ?? 1) < 0.5) {
      this.#world.engine.after(LOOK_MS, () => this.#watch())
      return
    }
    for (const host of this.receivers) {
      const role = this.#roles.get(host)
      if (role === 'late') {
        this.absentSeconds.set(host.name, this.#elapsed())
        host.fetch()
      } else if (role === 'killed') this.#kill(host)
    }
  }

  #kill(host: Host): void {
    host.crash()
    host.completedMs = undefined
    const goneAt = this.#elapsed()
    const revive = (): void => {
      this.absentSeconds.set(host.name, this.#elapsed() - goneAt)
      this.#world.up(host)
    }
    this.#world.engine.after(GONE_MS, () => {
      if (host.thread === undefined) this.#world.engine.after(PROCESSOR.bootMs, revive)
      else host.thread.doInSlices(PROCESSOR.bootMs, PROCESSOR.sliceMs, revive)
    })
  }
}
