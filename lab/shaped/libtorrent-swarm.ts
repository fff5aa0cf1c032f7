/**
 * libtorrent in the same networks as ours: plaintext TCP, a BitTorrent v2 torrent with pieces as long as ours, every
 * peer connected to every other. It is given the .torrent, which ours fetch, and does not fsync.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { defined } from '../../src/base/assert.ts'
import { pieceBytesFor } from '../../src/content/piece-length.ts'
import { libtorrentHash } from '../bench-peers.ts'
import type { Content } from './content.ts'
import { within } from './network.ts'
import type { HostPlan, NetworkPlan } from './network-plan.ts'
import type { Swarm } from './swarm.ts'

const PYTHON = '/usr/bin/python3'
const PEER = fileURLToPath(new URL('../libtorrent-peer.py', import.meta.url))
const PORT = '6881'

interface Peer {
  readonly child: ChildProcess
  share: number
  readonly complete: Promise<void>
}

export class LibtorrentSwarm implements Swarm {
  readonly #plan: NetworkPlan
  readonly #folder: string
  readonly #torrent: string
  readonly #peers = new Map<string, Peer>()
  readonly #revived = new Set<string>()
  #content: Content | undefined

  constructor(options: { readonly plan: NetworkPlan; readonly folder: string }) {
    this.#plan = options.plan
    this.#folder = options.folder
    this.#torrent = join(options.folder, 'peer.torrent')
  }

  async prepare(content: Content): Promise<void> {
    this.#content = content
    libtorrentHash(content.path, pieceBytesFor(content.bytes), this.#torrent)
    await Promise.all(this.#plan.hosts.map(host => this.#start(host)))
  }

  async #start(host: HostPlan): Promise<void> {
    const isSource = host.role === 'source'
    const save = isSource ? dirname(this.#content?.path ?? '') : join(this.#folder, host.name)
    mkdirSync(save, { recursive: true })
    const role = isSource ? ['seeding'] : []
    const [command = '', ...args] = [...within(host.namespace), PYTHON, PEER, 'swarm', this.#torrent, save]
    const child = spawn(command, [...args, host.address, PORT, ...role], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true
    })
    child.stdin.on('error', () => undefined) // it may be killed while we write
    const lines = createInterface({ input: child.stdout })
    const complete = new Promise<void>((resolve, reject) => {
      lines.on('line', line => {
        if (line === 'complete') resolve()
        else if (line !== 'ready') peer.share = Number(line)
      })
      child.once('exit', () => reject(new Error(`libtorrent on ${host.name} ended before it was complete`)))
    })
    complete.catch(() => undefined)
    const peer: Peer = { child, share: 0, complete }
    this.#peers.set(host.name, peer)
    await Promise.race([once(lines, 'line'), complete])
  }

  async fetch(host: HostPlan): Promise<void> {
    const { child, complete } = this.#peer(host)
    // Each pair is connected once; one that came back connects to everybody anew.
    const index = this.#plan.hosts.indexOf(host)
    const others = this.#revived.has(host.name)
      ? this.#plan.hosts.filter(other => other !== host)
      : this.#plan.hosts.slice(0, index)
    child.stdin?.write(`${others.map(other => other.address).join(' ')}\n`)
    await complete
  }

  async share(host: HostPlan): Promise<number> {
    return this.#peer(host).share
  }

  async kill(host: HostPlan): Promise<void> {
    await end(this.#peer(host).child)
  }

  async revive(host: HostPlan): Promise<void> {
    this.#revived.add(host.name)
    await this.#start(host)
  }

  pid(host: HostPlan): number {
    const child = this.#peers.get(host.name)?.child
    return child === undefined || child.exitCode !== null ? 0 : (child.pid ?? 0)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#peers.values()].map(({ child }) => end(child)))
  }

  #peer(host: HostPlan): Peer {
    return defined(this.#peers.get(host.name), `peer of ${host.name}`)
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
