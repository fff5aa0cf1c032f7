/**
 * Builds a planned network out of namespaces, veth pairs, bridges and token bucket filters, counts what passes, and
 * removes it all. Whatever lives in a namespace dies with it: its processes are ended by their ids, its interfaces go
 * when it goes. Nothing is made outside of namespaces, and none of them leads outside.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { removeLeftAilments } from './ailment.ts'
import {
  type InterfaceBytes,
  parseInterfaces,
  parseRetransmits,
  parseShapers,
  type ShaperCount
} from './counters.ts'
import { type NetworkPlan, namespacePrefix, networkCommands, ownerOfNamespace } from './network-plan.ts'
import { isRelayed, type RelayCount, type Relaying, WanRelay } from './wan-relay.ts'

const CONGESTION_SETTING = '/proc/sys/net/ipv4/tcp_congestion_control'
const END_TIMEOUT_MS = 5000
const FOLDER_PREFIX = 'peerage-lab-'

/** What is missing to build networks here, in words; empty when nothing is. */
export function missingForNetworks(): string[] {
  const missing: string[] = []
  if (process.platform !== 'linux')
    return [`Linux: this is ${process.platform}, which has no network namespaces`]
  if (process.getuid?.() !== 0) missing.push('root: only root may make network namespaces; use sudo')
  for (const [command, args, from] of [
    ['ip', ['-V'], 'iproute2'],
    ['tc', ['-V'], 'iproute2'],
    ['nsenter', ['-V'], 'util-linux']
  ] as const)
    if (spawnSync(command, args).status !== 0) missing.push(`the command ${command}: install ${from}`)
  if (missing.length > 0) return missing
  const probe = `${namespacePrefix(process.pid)}probe`
  const made = spawnSync('ip', ['netns', 'add', probe], { encoding: 'utf8' })
  if (made.status !== 0) return [`network namespaces: ip netns add says: ${made.stderr.trim()}`]
  const commands = [
    'ip link add end0 type veth peer name end1',
    'tc qdisc add dev end0 root tbf rate 1mbit burst 32kb latency 50ms'
  ]
  for (const line of [...commands, 'ip link add middle type bridge']) {
    const [command = '', ...args] = line.split(' ')
    const done = spawnSync(command, ['-n', probe, ...args], { encoding: 'utf8' })
    if (done.status !== 0) missing.push(`the kernel's part of "${line}": ${done.stderr.trim()}`)
  }
  spawnSync('ip', ['netns', 'del', probe])
  return missing
}

/** A folder of a run, under a name by which a later run knows it for a left-over. */
export function runFolderPrefix(dir: string): string {
  return join(dir, `${FOLDER_PREFIX}${process.pid}-`)
}

/** Removes what runs left behind that were killed before they could. Returns what it removed. */
export async function removeLeftOvers(dir: string): Promise<string[]> {
  const names = namespaces().filter(name => isAbandoned(ownerOfNamespace(name)))
  await removeNamespaces(names)
  const ailments = removeLeftAilments(name => isAbandoned(ownerOfNamespace(name)))
  const folders = readdirSync(dir).filter(name => isAbandoned(ownerOfNamespace(name)))
  for (const name of folders) rmSync(join(dir, name), { recursive: true, force: true })
  return [...names, ...ailments, ...folders.map(name => join(dir, name))]
}

function isAbandoned(owner: number | undefined): boolean {
  if (owner === undefined || owner === process.pid) return false
  try {
    // The id may be another process's by now.
    return !/node/.test(readFileSync(`/proc/${owner}/cmdline`, 'utf8'))
  } catch {
    return true
  }
}

function namespaces(): string[] {
  const lines = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n')
  return lines.map(line => line.split(' ')[0] ?? '').filter(name => name !== '')
}

/** Ends every process in these namespaces and removes them. Throws when one is still there after that. */
async function removeNamespaces(names: readonly string[]): Promise<void> {
  const deadlineMs = performance.now() + END_TIMEOUT_MS
  for (const name of names) {
    for (;;) {
      const listed = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout
      const pids = listed.split('\n').filter(line => line !== '')
      if (pids.length === 0 || performance.now() > deadlineMs) break
      for (const pid of pids) endProcess(Number(pid))
      await delay(20)
    }
    spawnSync('ip', ['netns', 'del', name])
  }
  const left = namespaces().filter(name => names.includes(name))
  if (left.length > 0) throw new Error(`could not remove the network namespaces ${left.join(', ')}`)
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function batch(command: 'ip' | 'tc', namespace: string | undefined, lines: readonly string[]): void {
  if (lines.length === 0) return
  const where = namespace === undefined ? [] : ['-n', namespace]
  const done = spawnSync(command, [...where, '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8'
  })
  if (done.status !== 0)
    throw new Error(`${command} ${where.join(' ')} failed: ${done.stderr.trim()} (of: ${lines.join('; ')})`)
}

/** The command that runs something in a namespace. */
export function within(namespace: string): string[] {
  return ['nsenter', `--net=/var/run/netns/${namespace}`]
}

export interface LinkCount {
  readonly up: ShaperCount
  readonly down: ShaperCount
}

/** What passed each link since the network was built: of hosts by their names, of WAN links by their sites'. */
export interface LinkCounts {
  readonly hosts: ReadonlyMap<string, LinkCount>
  readonly wans: ReadonlyMap<string, LinkCount>
  /** Segments that the TCP of each host sent again. */
  readonly retransmits: ReadonlyMap<string, number>
  /** What went through the relays, where there are some. */
  readonly relay: RelayCount
}

export interface NetworkOptions {
  readonly relaying: Relaying
  /** How TCP finds its rate: one of {@link congestionControls}; the machine's own if undefined. */
  readonly congestion: string | undefined
}

/** What the kernel lets a namespace choose, by name. */
export function congestionControls(): string[] {
  return readFileSync('/proc/sys/net/ipv4/tcp_allowed_congestion_control', 'utf8').trim().split(/\s+/)
}

export class ShapedNetwork {
  readonly plan: NetworkPlan
  readonly #children: ChildProcess[] = []
  #holderPid = 0
  readonly #relays: WanRelay[] = []

  private constructor(plan: NetworkPlan) {
    this.plan = plan
  }

  static async build(plan: NetworkPlan, options: NetworkOptions): Promise<ShapedNetwork> {
    const network = new ShapedNetwork(plan)
    try {
      await network.#build(options)
      return network
    } catch (thrown) {
      await network.remove()
      throw thrown
    }
  }

  async #build({ relaying, congestion }: NetworkOptions): Promise<void> {
    const commands = networkCommands(this.plan, { isRelayed: isRelayed(relaying) })
    batch('ip', undefined, commands.ip)
    await this.#startRelays(relaying)
    for (const { namespace, ip, tc } of commands.inside) {
      batch('ip', namespace, ip)
      batch('tc', namespace, tc)
      if (congestion !== undefined) this.#setCongestion(namespace, congestion)
    }
    // Through a process inside, the counters of the core are a file that can be read from here.
    const holder = this.#spawnInCore(['sleep', 'infinity'])
    await once(holder, 'spawn')
    this.#holderPid = holder.pid ?? 0
    while (!this.interfaces().has(this.plan.hosts[0]?.port ?? '')) await delay(5)
  }

  /** One for all WAN links, and one for each host whose own link loses packets. */
  async #startRelays(relaying: Relaying): Promise<void> {
    const { sites, hosts } = this.plan
    const start = async (ends: readonly (readonly [string, string])[], of: Relaying): Promise<void> => {
      this.#relays.push(await WanRelay.start(ends, of, words => this.#spawnInCore(words)))
    }
    const wans = sites.flatMap(({ wan }) =>
      wan === undefined ? [] : [[wan.sitePort, wan.corePort] as const]
    )
    if (isRelayed(relaying)) await start(wans, relaying)
    for (const { relay, link } of hosts)
      if (relay !== undefined) await start([relay], { delayMs: 0, loss: link.loss ?? 0, seed: relaying.seed })
  }

  #setCongestion(namespace: string, congestion: string): void {
    const [command = '', ...args] = within(namespace)
    const script = `echo ${congestion} > ${CONGESTION_SETTING}`
    execFileSync(command, [...args, 'sh', '-c', script], { stdio: ['ignore', 'ignore', 'inherit'] })
  }

  #spawnInCore(words: readonly string[]): ChildProcess {
    const [command = '', ...args] = [...within(this.plan.core), ...words]
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
    this.#children.push(child)
    return child
  }

  /** Counters of the interfaces in the core, cheap enough to read often. */
  interfaces(): Map<string, InterfaceBytes> {
    return parseInterfaces(readFileSync(`/proc/${this.#holderPid}/net/dev`, 'utf8'))
  }

  async counts(): Promise<LinkCounts> {
    const core = this.#shapers(this.plan.core)
    const find = (shapers: ReadonlyMap<string, ShaperCount>, device: string): ShaperCount => {
      const count = shapers.get(device)
      if (count === undefined) throw new Error(`no shaper on ${device}`)
      return count
    }
    const hosts = this.plan.hosts.map(({ name, namespace, port }) => {
      const up = find(this.#shapers(namespace), 'eth0')
      return [name, { up, down: find(core, port) }] as const
    })
    const wans = this.plan.sites.flatMap(({ name, wan }) =>
      wan === undefined
        ? []
        : [[name, { up: find(core, wan.sitePort), down: find(core, wan.corePort) }] as const]
    )
    const retransmits = this.plan.hosts.map(({ name, namespace }) => {
      const [command = '', ...args] = within(namespace)
      const text = execFileSync(command, [...args, 'cat', '/proc/net/snmp'], { encoding: 'utf8' })
      return [name, parseRetransmits(text)] as const
    })
    const relay = { carriedPackets: 0, lostPackets: 0 }
    for (const each of this.#relays) {
      const { carriedPackets, lostPackets } = await each.count()
      relay.carriedPackets += carriedPackets
      relay.lostPackets += lostPackets
    }
    return { hosts: new Map(hosts), wans: new Map(wans), retransmits: new Map(retransmits), relay }
  }

  #shapers(namespace: string): Map<string, ShaperCount> {
    return parseShapers(
      execFileSync('tc', ['-n', namespace, '-s', '-j', 'qdisc', 'show'], { encoding: 'utf8' })
    )
  }

  async remove(): Promise<void> {
    for (const child of this.#children)
      if (child.exitCode === null && child.pid !== undefined) endProcess(child.pid)
    const made = new Set([this.plan.core, ...this.plan.hosts.map(host => host.namespace)])
    await removeNamespaces(namespaces().filter(name => made.has(name)))
  }
}
