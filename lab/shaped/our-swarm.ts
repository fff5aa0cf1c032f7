/** Our nodes in a shaped network: one org, every host a member at its site, driven through the admin API. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { defined } from '../../src/base/assert.ts'
import { Cluster, type ClusterNode, until } from '../cluster.ts'
import type { Content } from './content.ts'
import { HostileProcess } from './hostile-process.ts'
import { within } from './network.ts'
import type { HostPlan, NetworkPlan } from './network-plan.ts'
import { ORIGIN_PATH, ORIGIN_PORT, OriginProcess } from './origin-process.ts'
import type { Swarm } from './swarm.ts'

const PORT = 4701
/** Published before the clock starts. */
export const DATASET = 'data'
const JOINS_AT_ONCE = 3
const READY_TIMEOUT_MS = 120_000
/** Presence, ledger and audit have their say before the clock starts. */
const SETTLE_MS = 2000

export interface OurSwarmOptions {
  readonly plan: NetworkPlan
  readonly folder: string
  /** A web server takes the place of the source. */
  readonly isOrigin: boolean
  /** For Node.js, before the program of each node. */
  readonly nodeOptions: readonly string[]
  readonly onStep: (step: string) => void
  /** The words before the command of a host's node, if it runs under something. */
  readonly under?: (host: HostPlan) => readonly string[]
}

export class OurSwarm implements Swarm {
  readonly #options: OurSwarmOptions
  readonly #cluster: Cluster
  readonly #nodes = new Map<string, ClusterNode>()
  readonly #hostile = new Map<string, HostileProcess>()
  #origin: OriginProcess | undefined
  #isStopping = false

  constructor(options: OurSwarmOptions) {
    this.#options = options
    this.#cluster = new Cluster(options.folder)
  }

  node(host: HostPlan): ClusterNode {
    return defined(this.#nodes.get(host.name), `node of ${host.name}`)
  }

  async prepare(content: Content): Promise<void> {
    const { plan, onStep } = this.#options
    const source = defined(plan.hosts[0], 'a source')
    onStep('founding the org')
    this.#nodes.set(source.name, await this.#cluster.found(source.name, source.site, this.#place(source)))
    const ticket = await this.#cluster.invite(plan.hosts.length)
    const rest = plan.hosts.slice(1)
    const join = async (): Promise<void> => {
      for (let host = rest.shift(); host !== undefined; host = rest.shift()) {
        if (this.#isStopping) return
        onStep(`joining ${host.name}`)
        if (host.role === 'hostile') await this.#joinHostile(host, ticket)
        else
          this.#nodes.set(
            host.name,
            await this.#cluster.join(ticket, host.name, host.site, this.#place(host))
          )
      }
    }
    await Promise.all(Array.from({ length: JOINS_AT_ONCE }, join))
    onStep('linking all with all')
    await this.#cluster.meshed(READY_TIMEOUT_MS)
    onStep('publishing')
    await this.#publish(content)
    if (this.#options.isOrigin) await this.#leaveToOrigin(source, content)
    await delay(SETTLE_MS)
  }

  #place(host: HostPlan) {
    const { under, nodeOptions } = this.#options
    return {
      launcher: [...within(host.namespace), ...(under?.(host) ?? []), process.execPath, ...nodeOptions],
      listen: `/ip4/${host.address}/tcp/${PORT}`
    }
  }

  async #joinHostile(host: HostPlan, ticket: string): Promise<void> {
    const behaviour = this.#hostile.size % 2 === 0 ? 'garbage' : 'stall'
    const listen = `/ip4/${host.address}/tcp/${PORT}`
    const launcher = [...within(host.namespace), process.execPath]
    this.#hostile.set(host.name, await HostileProcess.join({ launcher, ticket, listen, behaviour }))
  }

  #originUrl(): string | null {
    const { plan, isOrigin } = this.#options
    return isOrigin ? `http://${plan.hosts[0]?.address}:${ORIGIN_PORT}${ORIGIN_PATH}` : null
  }

  /** The source ends, and a web server begins in its place. */
  async #leaveToOrigin(source: HostPlan, { path }: Content): Promise<void> {
    this.#options.onStep('the source leaves it to the origin')
    const torrent = join(this.#options.folder, 'data.torrent')
    const { client } = this.node(source)
    writeFileSync(torrent, await client.bytes('torrent', { name: DATASET, version: null }))
    await this.node(source).stop()
    const launcher = [...within(source.namespace), process.execPath]
    this.#origin = await OriginProcess.start({ launcher, address: source.address, path, torrent })
  }

  /** Payload that the HTTP origin sent; undefined without one. */
  async originBytes(): Promise<number | undefined> {
    return await this.#origin?.sentBytes()
  }

  async #publish(content: Content): Promise<void> {
    const publisher = defined(this.#cluster.nodes[0], 'a source')
    await publisher.client.stream(
      'publish',
      { path: content.path, name: DATASET, dataClass: 'internal', origin: this.#originUrl() },
      { signal: new AbortController().signal, onProgress: () => undefined }
    )
    await until('every host knows the dataset', READY_TIMEOUT_MS, async () => {
      for (const node of this.#cluster.nodes)
        if ((await node.client.call('datasets', {})).datasets.length === 0) return false
      return true
    })
    if (this.#hostile.size === 0) return
    const torrent = join(this.#options.folder, 'data.torrent')
    writeFileSync(torrent, await publisher.client.bytes('torrent', { name: DATASET, version: null }))
    const homes = this.#cluster.nodes.map(node => node.home)
    for (const hostile of this.#hostile.values()) await hostile.begin({ torrent, path: content.path, homes })
  }

  async fetch(host: HostPlan): Promise<void> {
    try {
      await this.take(host, { name: DATASET, folder: 'copy', signal: new AbortController().signal })
    } catch (thrown) {
      throw this.node(host).withLog(thrown)
    }
  }

  /** Fetches a dataset into a folder beside the home of a host, and resolves once it is there. */
  async take(
    host: HostPlan,
    { name, folder, signal }: { readonly name: string; readonly folder: string; readonly signal: AbortSignal }
  ): Promise<void> {
    const { client } = this.node(host)
    const destination = join(this.#options.folder, host.name, folder)
    const { id } = await client.call('startTransfer', { name, version: null, destination })
    const done = await client.stream('watchTransfer', { id }, { signal, onProgress: () => undefined })
    if (done.state !== 'complete')
      throw new Error(`the transfer ended as ${done.state}: ${done.problem?.message}`)
  }

  async share(host: HostPlan): Promise<number> {
    const { transfers } = await this.node(host).client.call('transfers', {})
    const [transfer] = transfers
    return transfer === undefined ? 0 : transfer.haveBytes / Math.max(1, transfer.totalBytes)
  }

  async kill(host: HostPlan): Promise<void> {
    await this.node(host).kill()
  }

  async revive(host: HostPlan): Promise<void> {
    await this.node(host).up()
  }

  pid(host: HostPlan): number {
    const node = this.#nodes.get(host.name)
    if (node === undefined) return this.#hostile.get(host.name)?.pid ?? 0
    return node.isRunning ? node.pid : 0
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    for (const hostile of this.#hostile.values()) hostile.kill()
    this.#origin?.kill()
    // What is to be measured has been; draining would cost minutes of the machine's time.
    await Promise.all(this.#cluster.nodes.map(node => node.kill()))
  }
}
