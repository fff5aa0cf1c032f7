/** A simulated network: sites, hosts, who reaches whom, and how long it takes. */

import { defined } from '../src/base/assert.ts'
import { type DeviceId, deviceIdFromBytes } from '../src/base/ids.ts'
import { sha256 } from '../src/store/sha256.ts'
import type { BringersOfSite } from '../src/swarm/neighbours.ts'
import { LIVENESS_MS, PROCESSOR } from './constants.ts'
import type { Content } from './content.ts'
import { Engine } from './engine.ts'
import { Host, type HostParts } from './host.ts'
import { Link } from './network.ts'
import { NO_OBSERVER, type Observer, type Party, type Surroundings } from './parties.ts'
import { Processors } from './processors.ts'
import type { Random } from './random.ts'

const BYTES_PER_MS_PER_MBIT = 125
const IDLE_MS = 100
/** How soon hosts that may reach each other have a link. */
const DIAL_MS = 200

export interface Rates {
  readonly upMbit: number
  readonly downMbit: number
}

export interface SimSite {
  readonly name: string
  readonly up: Link
  readonly down: Link
}

export interface WorldInit {
  readonly content: Content
  readonly random: Random
  readonly observer?: Observer
  /** Processors that all hosts share; undefined where processor time costs nothing. */
  readonly processorCount?: number
  readonly lanDelayMs: number
  /** Whether two hosts, by their numbers, have a link; all have with all unless said otherwise. */
  readonly areLinked?: (a: number, b: number) => boolean
}

export interface HostOptions extends Rates {
  readonly site: string
  readonly isSource?: boolean
  readonly parts?: HostParts
  /** Of its site; all its hosts unless said otherwise. */
  readonly bringers?: BringersOfSite
}

export class World implements Surroundings {
  readonly engine = new Engine()
  readonly content: Content
  readonly random: Random
  readonly observer: Observer
  readonly hosts: Host[] = []
  readonly sites = new Map<string, SimSite>()
  readonly #processors: Processors | undefined
  readonly #lanDelayMs: number
  readonly #areLinked: (a: number, b: number) => boolean
  readonly #byDevice = new Map<DeviceId, Host>()
  /** Ways that are cut: the names of two sites, or of two hosts. */
  readonly #cuts = new Map<string, number>()

  constructor(init: WorldInit) {
    this.content = init.content
    this.random = init.random
    this.observer = init.observer ?? NO_OBSERVER
    this.#lanDelayMs = init.lanDelayMs
    this.#areLinked = init.areLinked ?? (() => true)
    this.#processors =
      init.processorCount === undefined ? undefined : new Processors(this.engine, init.processorCount)
  }

  get busyMs(): number {
    return this.#processors?.busyMs ?? 0
  }

  /** Hosts of the site share this link toward all others. */
  addSite(name: string, wan: Rates & { readonly delayMs: number }): SimSite {
    const link = (mbit: number): Link =>
      new Link(this.engine, { bytesPerMs: mbit * BYTES_PER_MS_PER_MBIT, delayMs: wan.delayMs / 2 })
    const site = { name, up: link(wan.upMbit), down: link(wan.downMbit) }
    this.sites.set(name, site)
    return site
  }

  addHost(options: HostOptions): Host {
    const index = this.hosts.length
    const name = `h${index}`
    const link = (mbit: number): Link =>
      new Link(this.engine, { bytesPerMs: mbit * BYTES_PER_MS_PER_MBIT, delayMs: this.#lanDelayMs / 2 })
    const thread = this.#processors?.thread()
    const device = deviceIdFromBytes(sha256(Buffer.from(`simulated device ${index}`)))
    const host = new Host(this, {
      ...{ name, device, site: options.site, seed: index + 1, thread },
      ...{ up: link(options.upMbit), down: link(options.downMbit) },
      ...{ storeThread: this.#processors?.thread(), isSource: options.isSource ?? false },
      ...(options.parts === undefined ? {} : { parts: options.parts }),
      ...(options.bringers === undefined ? {} : { bringers: options.bringers })
    })
    this.hosts.push(host)
    this.#byDevice.set(device, host)
    if (thread !== undefined) this.#idle(host)
    return host
  }

  /** What a node does beside the swarm. */
  #idle(host: Host): void {
    this.engine.after(IDLE_MS, () => {
      if (host.isUp) host.thread?.charge(IDLE_MS * PROCESSOR.idleShare)
      this.#idle(host)
    })
  }

  hostOf(device: DeviceId): Host | undefined {
    return this.#byDevice.get(device)
  }

  linksBetween(from: Party, to: Party): Link[] {
    const { up } = this.#linksOf(from)
    const { down } = this.#linksOf(to)
    if (from.site === to.site) return [up, down]
    const [out, into] = [this.sites.get(from.site), this.sites.get(to.site)]
    return [
      up,
      defined(out, 'the site of the sender').up,
      defined(into, 'the site of the receiver').down,
      down
    ]
  }

  #linksOf(host: Party): { readonly up: Link; readonly down: Link } {
    return defined(this.#byDevice.get(host.device), 'a host of this world').init
  }

  /** One way. */
  delayBetween(from: Party, to: Party): number {
    return this.linksBetween(from, to).reduce((sum, link) => sum + link.delayMs, 0)
  }

  // ---- links of the transport

  /** Starts a host, and has it meet all others. */
  up(host: Host): void {
    host.start()
    const index = this.hosts.indexOf(host)
    for (const [at, other] of this.hosts.entries())
      if (other !== host && other.isUp && this.#areLinked(index, at)) this.#meet(host, other)
  }

  /** Links two hosts as soon as they reach each other. */
  #meet(a: Party, b: Party): void {
    const lives = [a.life, b.life]
    const isOver = (): boolean => a.life !== lives[0] || b.life !== lives[1] || !a.isUp || !b.isUp
    const meet = (): void => {
      if (isOver() || a.linked.has(b)) return
      if (this.isCut(a, b) || this.isCut(b, a)) {
        this.engine.after(DIAL_MS, meet)
        return
      }
      a.linked.add(b)
      b.linked.add(a)
      a.transport?.connected(b)
      b.transport?.connected(a)
    }
    this.engine.after(DIAL_MS * this.random.between(0.5, 1.5), meet)
  }

  unlink(host: Party): void {
    for (const other of host.linked) other.linked.delete(host)
    host.linked.clear()
  }

  // ---- partitions

  isCut(from: Party, to: Party): boolean {
    if (this.#cuts.size === 0) return false
    return this.#cuts.has(`${from.name}>${to.name}`) || this.#cuts.has(`${from.site}>${to.site}`)
  }

  /** Nothing comes through from one to another, hosts or sites, for a while. */
  cut(from: string, to: string, ms: number): void {
    const way = `${from}>${to}`
    const untilMs = Math.max(this.#cuts.get(way) ?? 0, this.engine.nowMs + ms)
    this.#cuts.set(way, untilMs)
    if (ms > LIVENESS_MS) this.engine.after(LIVENESS_MS, () => this.#endConnections())
    this.engine.after(ms, () => {
      if (this.#cuts.get(way) === untilMs) this.#cuts.delete(way)
    })
  }

  /** Connections over ways that are cut were found dead. */
  #endConnections(): void {
    for (const a of this.hosts)
      for (const b of [...a.linked]) {
        if (!this.isCut(a, b)) continue
        a.linked.delete(b)
        b.linked.delete(a)
        for (const stream of [...a.streams])
          if (stream.far === b) {
            stream.finish({ kind: 'reset', detail: 'no sign of life' })
            stream.twin?.finish({ kind: 'reset', detail: 'no sign of life' })
          }
        this.#meet(a, b)
      }
  }
}
