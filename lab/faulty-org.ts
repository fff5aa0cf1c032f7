/**
 * An org of real nodes in one process to which things happen: kills, partitions, clocks that jump, lost disks, homes
 * restored from old copies. Each node has its home, its folders and its port as in org-in-process.ts, and besides
 *
 * - a clock of its own: `Date.now` of what runs on behalf of a node is that of the process and what its clock is wrong
 *   by. Timers run on evenly, as they do when a date is set;
 * - a network that can be cut between any two of them;
 * - a kill: what lies on its disk at that instant (crash-image.ts) is what it starts from again. Nothing that it does
 *   afterwards is heard of, or kept.
 *
 * A template of the org is kept: `reset` starts from it, so that many histories cost one founding.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../src/base/errors.ts'
import type { DeviceId } from '../src/base/ids.ts'
import { GIB, SECOND_MS } from '../src/base/units.ts'
import type { DeviceKey } from '../src/node/keys/device-key.ts'
import { GOSSIP_TOPICS } from '../src/node/node.ts'
import { DEFAULT_STORAGE_SETTINGS, type StorageSettings } from '../src/node/storage/node-storage.ts'
import { Libp2pTransport } from '../src/node/transport/libp2p-transport.ts'
import type {
  DialOutcome,
  DialTarget,
  Gate,
  OpenOptions,
  PeerStream
} from '../src/node/transport/transport.ts'
import { becomeImage, crashImage } from './crash-image.ts'
import { freePort } from './free-port.ts'
import { eventually, OrgInProcess, type Running } from './org-in-process.ts'

/** The usual promises and graces, for which dates are moved; only looks come as often as a test can wait for. */
export const OFTEN: StorageSettings = {
  ...DEFAULT_STORAGE_SETTINGS,
  ...{ lookMs: 200, retryMs: SECOND_MS / 2, checkMs: SECOND_MS }
}

/** Longer than a machine that is busy with other things needs: whoever is not done by then hangs. */
const STOP_MS_MAX = 60 * SECOND_MS
const IMAGE = '.image'
/** Less than what a node takes for having been off itself. */
const DATE_STEP_MS = 50 * 60 * SECOND_MS
const LOOKS_MS = 700
/** How old an org is when its histories begin: more than clocks are set back by. */
const SETTLED_MS = 3 * 60 * 60 * SECOND_MS

/** What the clock of a node is wrong by. */
interface NodeClock {
  skewMs: number
}

const clocks = new AsyncLocalStorage<NodeClock>()
/** By which the dates of all nodes are ahead of the machine's. */
let advancedMs = 0
const MachineDate = Date
const now = (): number => {
  const clock = clocks.getStore()
  return MachineDate.now() + (clock === undefined ? 0 : advancedMs + clock.skewMs)
}
globalThis.Date = class extends MachineDate {
  static override now = now

  constructor(...args: readonly unknown[]) {
    if (args.length === 0) super(now())
    else super(...(args as [number]))
  }
} as DateConstructor

/** A node hangs as it stops: whatever comes of that, this is the reason. */
export class StopHangs extends Error {}

export interface NodePlan {
  readonly name: string
  readonly site: string
  readonly offers: boolean
}

class CutTransport extends Libp2pTransport {
  isCut: (device: DeviceId) => boolean = () => false

  override setGate(gate: Gate): void {
    super.setGate(device => (this.isCut(device) ? { refuse: 'the network is cut' } : gate(device)))
  }

  override async dial(target: DialTarget, signal: AbortSignal): Promise<DialOutcome> {
    if (this.isCut(target.device)) return { kind: 'unreachable', detail: 'the network is cut' }
    return await super.dial(target, signal)
  }

  override async open(
    device: DeviceId,
    protocol: string,
    signal: AbortSignal,
    options?: OpenOptions
  ): Promise<PeerStream> {
    if (this.isCut(device))
      throw new AppError('PEER_UNREACHABLE', 'the network is cut', { details: { device } })
    return await super.open(device, protocol, signal, options)
  }
}

export class FaultyNode {
  readonly name: string
  readonly site: string
  readonly offers: boolean
  readonly home: string
  /** What its owner has beside the home: sources and destinations. */
  readonly files: string
  readonly clock: NodeClock = { skewMs: 0 }
  port = 0
  running: Running | undefined
  transport: CutTransport | undefined
  /** What its home will be: the image of it while it is being killed, as nothing that it still does is kept. */
  disk: string
  /** Set once it is known. */
  device = '' as DeviceId
  state: 'up' | 'changing' | 'down' | 'lost' = 'down'

  constructor(folder: string, { name, site, offers }: NodePlan) {
    this.name = name
    this.site = site
    this.offers = offers
    this.home = `${folder}/${name}`
    this.disk = this.home
    this.files = `${folder}/${name}.files`
  }

  get folders(): readonly string[] {
    return [this.home, this.files]
  }

  /** Runs something as this node does, with its clock. */
  as<T>(work: (running: Running) => T): T {
    const { running } = this
    if (running === undefined) throw new Error(`${this.name} is not up`)
    return clocks.run(this.clock, () => work(running))
  }
}

export class FaultyOrg extends OrgInProcess {
  readonly nodes: readonly FaultyNode[]
  /** Undefined while all reach all; else the part of the network that a node is in. */
  #partOf: ((node: FaultyNode) => number) | undefined
  readonly #settings: StorageSettings

  constructor(plans: readonly NodePlan[], settings = OFTEN) {
    super()
    this.#settings = settings
    this.nodes = plans.map(plan => new FaultyNode(this.folder, plan))
  }

  /** Founds it on the first node, has all offer room that do, and keeps that as the template. */
  async prepare(): Promise<void> {
    const [first, ...others] = this.nodes
    if (first === undefined) throw new Error('an org has a node')
    for (const node of this.nodes) {
      node.port = await freePort()
      mkdirSync(node.files)
    }
    const founder = await clocks.run(first.clock, () => this.found(first.name, { storage: this.#settings }))
    this.#began(first, founder)
    for (const node of others) {
      const joined = await clocks.run(node.clock, () =>
        this.join(founder, node.name, { site: node.site, storage: this.#settings })
      )
      this.#began(node, joined)
    }
    await this.agreed()
    for (const { device } of others)
      await first.as(({ service }) =>
        service.governance.grantRole({ device, role: 'publisher', expiresInMs: null })
      )
    for (const node of this.nodes)
      if (node.offers)
        await node.as(({ service }) => service.storage.setCapacity({ capacityBytes: GIB, keepFreeShare: 0 }))
    await this.agreed()
    // Whoever joined after an erasure, by the clock of who signed it, is not asked about it.
    advancedMs += SETTLED_MS
    await Promise.all(this.nodes.map(node => this.halt(node)))
    for (const node of this.nodes)
      await copyFolders(
        node.folders,
        node.folders.map(each => `${each}.template`)
      )
  }

  /** As it was prepared, all up. */
  async reset(): Promise<void> {
    this.#partOf = undefined
    await Promise.all(this.nodes.map(node => (node.running === undefined ? undefined : this.halt(node))))
    for (const node of this.nodes) {
      node.clock.skewMs = 0
      node.disk = node.home
      node.state = 'down'
      await copyFolders(
        node.folders.map(each => `${each}.template`),
        node.folders
      )
    }
    await Promise.all(this.nodes.map(node => this.up(node)))
    await this.agreed()
  }

  async up(node: FaultyNode): Promise<void> {
    node.state = 'changing'
    const running = await clocks.run(node.clock, () => this.start(node.home, { storage: this.#settings }))
    this.#began(node, running)
    this.#meet(node)
  }

  /** Ends as on SIGTERM. */
  async halt(node: FaultyNode): Promise<void> {
    const { running } = node
    if (running === undefined) return
    node.state = 'changing'
    await clocks.run(node.clock, () => this.#end(node, running))
    node.state = 'down'
  }

  /** At this instant: what it has on disk now is what it will have. Resolves once it can be started again. */
  async kill(node: FaultyNode): Promise<void> {
    const { running, transport } = node
    if (running === undefined || transport === undefined) return
    node.state = 'changing'
    crashImage(node.folders, IMAGE)
    node.disk = node.home + IMAGE
    transport.isCut = () => true
    transport.recheck()
    await clocks.run(node.clock, () => this.#end(node, running))
    for (const folder of node.folders) becomeImage(folder, IMAGE)
    node.disk = node.home
    node.state = 'down'
  }

  /** It and its disk are gone for good. */
  async lose(node: FaultyNode): Promise<void> {
    await this.kill(node)
    for (const folder of node.folders) rmSync(folder, { recursive: true, force: true })
    node.state = 'lost'
  }

  /** Copies its home as a backup that stops the world would, or, of a node that is down, as it is. */
  backup(node: FaultyNode): void {
    crashImage(node.folders, '.backup')
  }

  /** It is down: its home and files become what the backup has, at once. */
  restore(node: FaultyNode): void {
    for (const folder of node.folders) {
      rmSync(folder, { recursive: true, force: true })
      if (existsSync(`${folder}.backup`))
        cpSync(`${folder}.backup`, folder, { recursive: true, verbatimSymlinks: true })
    }
    node.state = 'down'
  }

  partition(partOf: (node: FaultyNode) => number): void {
    this.#partOf = partOf
    for (const { transport } of this.nodes) transport?.recheck()
  }

  heal(): void {
    this.#partOf = undefined
    for (const node of this.nodes) this.#meet(node)
  }

  /** Moves the dates of all on, in steps that none takes for having been off. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= DATE_STEP_MS) {
      advancedMs += Math.min(left, DATE_STEP_MS)
      await this.#looked()
    }
  }

  /** Moves the dates of all on at once, as when everything was off. */
  async leap(ms: number): Promise<void> {
    advancedMs += ms
    await this.#looked()
  }

  /** On whose behalf the code that runs now runs. */
  current(): FaultyNode | undefined {
    const clock = clocks.getStore()
    return this.nodes.find(node => node.clock === clock)
  }

  get active(): readonly FaultyNode[] {
    return this.nodes.filter(({ state }) => state === 'up')
  }

  /**
   * Waits until all that are up are linked with all, know the same, and have each looked at who is here: dates that are
   * moved on before are those of a device that does not look for as long.
   */
  async agreed(timeoutMs = 75_000): Promise<void> {
    let turn = 0
    let seen = ''
    await eventually(
      () => `all are linked and know the same: ${seen}; ${this.#differences()}`,
      () => {
        const among = this.active
        if (turn++ % 100 === 99) for (const node of among) this.#meet(node)
        const digests = new Set(
          among.map(({ running }) =>
            Buffer.from(running?.node.keeper.ledger.hello().digest ?? []).toString('hex')
          )
        )
        seen = `${digests.size} digests, links ${among.map(({ transport }) => transport?.peers().length).join()}`
        return (
          digests.size === 1 &&
          among.every(({ transport }) => (transport?.peers().length ?? 0) >= among.length - 1) &&
          among.every(each => among.every(other => hasSeen(each, other)))
        )
      },
      timeoutMs
    )
  }

  /** What some know and others do not. */
  #differences(): string {
    const known = this.active.map(({ name, running }) => ({
      name,
      operations: new Map([...(running?.node.keeper.ledger.operations() ?? [])].map(each => [each.id, each]))
    }))
    const all = new Map(known.flatMap(({ operations }) => [...operations]))
    return [...all]
      .filter(([id]) => known.some(({ operations }) => !operations.has(id)))
      .map(([id, { content, author }]) => {
        const by = this.nodes.find(({ device }) => device === author)?.name
        const to = known.filter(({ operations }) => operations.has(id)).map(({ name }) => name)
        return `${content?.type} by ${by} is known to ${to.join(' and ')}`
      })
      .join(', ')
  }

  override async stop(): Promise<void> {
    await Promise.all(this.nodes.map(node => this.halt(node)))
    await super.stop()
  }

  protected override createTransport(key: DeviceKey, home: string): CutTransport {
    const node = this.nodes.find(each => each.home === home)
    const listen = [`/ip4/127.0.0.1/tcp/${node?.port ?? 0}`]
    const transport = new CutTransport({ key, listen, topics: GOSSIP_TOPICS })
    if (node !== undefined) {
      node.transport = transport
      node.device = key.id
      transport.isCut = device => this.#isCut(node, device)
    }
    return transport
  }

  #isCut(node: FaultyNode, device: DeviceId): boolean {
    const other = this.nodes.find(each => each.device === device)
    if (other === undefined || this.#partOf === undefined) return false
    return this.#partOf(node) !== this.#partOf(other)
  }

  #began(node: FaultyNode, running: Running): void {
    node.running = running
    node.device = running.node.identity.device
    node.state = 'up'
  }

  async #end(node: FaultyNode, running: Running): Promise<void> {
    node.running = undefined
    this.running.splice(this.running.indexOf(running), 1)
    const timeout = delay(STOP_MS_MAX, 'late', { ref: false })
    const ended = await Promise.race([running.node.stop(), timeout])
    if (ended === 'late') throw new StopHangs(`${node.name} did not stop within ${STOP_MS_MAX} ms`)
  }

  /** Says to a node where the others are, as a local network does. */
  #meet(node: FaultyNode): void {
    const { transport } = node
    if (transport === undefined || node.state !== 'up') return
    for (const other of this.nodes) {
      if (other === node || other.state !== 'up' || this.#isCut(node, other.device)) continue
      const target = { device: other.device, addresses: [`/ip4/127.0.0.1/tcp/${other.port}`] }
      void node.as(() => transport.dial(target, AbortSignal.timeout(5 * SECOND_MS))).catch(() => undefined)
    }
  }

  async #looked(): Promise<void> {
    for (const node of this.active) node.as(({ node: { storage } }) => storage.look())
    await delay(LOOKS_MS)
  }
}

function hasSeen(node: FaultyNode, other: FaultyNode): boolean {
  return node.as(({ node: { storage } }) => storage.sightingOf(other.device).isPresent)
}

async function copyFolders(from: readonly string[], to: readonly string[]): Promise<void> {
  for (const [at, folder] of from.entries()) {
    const target = to[at] as string
    rmSync(target, { recursive: true, force: true })
    if (existsSync(folder)) await cp(folder, target, { recursive: true, verbatimSymlinks: true })
  }
}
