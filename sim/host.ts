/**
 * A simulated device: its disk, its place in the network, and its lives. Each life is the product's own hub, driver
 * and cores over the simulated store, transport and clock; a crash ends it wherever it is.
 */

import type { AppError } from '../src/base/errors.ts'
import type { DeviceId } from '../src/base/ids.ts'
import type { Clock } from '../src/node/clock.ts'
import { SILENT_LOG } from '../src/node/log.ts'
import { SwarmHub, type SwarmHubInit } from '../src/node/swarm/swarm-hub.ts'
import { BlockBuffers } from '../src/store/block-buffers.ts'
import type { BringersOfSite } from '../src/swarm/neighbours.ts'
import type { TransferStatus } from '../src/swarm/transfer-types.ts'
import type { Content } from './content.ts'
import { Disk, DiskStore, type DiskStoreInit } from './disk.ts'
import type { Engine } from './engine.ts'
import type { Link } from './network.ts'
import type { Party, StreamSide, Surroundings } from './parties.ts'
import type { Thread } from './processors.ts'
import { SimTransport } from './transport.ts'

/** How soon somebody asks again for what failed, or was not allowed. */
const RETRY_MS = 2000

/** Where a test takes a part of a host out for a broken one. */
export interface HostParts {
  readonly store?: (init: DiskStoreInit) => DiskStore
  readonly hub?: (init: SwarmHubInit) => SwarmHub
  readonly disk?: (engine: Engine, content: Content) => Disk
  readonly buffers?: (onChange: (lentBytes: number) => void) => BlockBuffers
  readonly clock?: (clock: Clock) => Clock
}

export interface HostInit {
  readonly name: string
  readonly device: DeviceId
  readonly site: string
  readonly seed: number
  readonly up: Link
  readonly down: Link
  readonly thread: Thread | undefined
  readonly storeThread: Thread | undefined
  readonly isSource: boolean
  readonly parts?: HostParts
  readonly bringers?: BringersOfSite
}

/** Buffers that say how much of them is lent. */
export class WatchedBuffers extends BlockBuffers {
  readonly #onChange: (lentBytes: number) => void
  #lentBytes = 0

  constructor(onChange: (lentBytes: number) => void) {
    super()
    this.#onChange = onChange
  }

  override allocate(length: number): Uint8Array<SharedArrayBuffer> {
    const block = super.allocate(length)
    this.#lentBytes += block.buffer.byteLength
    this.#onChange(this.#lentBytes)
    return block
  }

  override free(block: Uint8Array): void {
    super.free(block)
    this.#lentBytes -= block.buffer.byteLength
  }
}

export class Host implements Party {
  readonly world: Surroundings
  readonly init: HostInit
  readonly disk: Disk
  /** Hosts that this one has a link to. */
  readonly linked = new Set<Party>()
  readonly streams = new Set<StreamSide>()
  /** Devices that may not have the version, as far as this one has learnt. */
  readonly revoked = new Set<DeviceId>()
  transport: SimTransport | undefined
  hub: SwarmHub | undefined
  /** Counts its starts. */
  life = 0
  wants = false
  completedMs: number | undefined
  failures = 0
  #store: DiskStore | undefined
  #hangsUntilMs = 0
  /** Takes the place of the product in each life. */
  onStart: ((transport: SimTransport) => void) | undefined
  isHostile = false
  onComplete: () => void = () => undefined

  constructor(world: Surroundings, init: HostInit) {
    this.world = world
    this.init = init
    this.disk = init.parts?.disk?.(world.engine, world.content) ?? new Disk(world.engine, world.content)
    if (init.isSource) this.disk.fill()
  }

  get name(): string {
    return this.init.name
  }

  get device(): DeviceId {
    return this.init.device
  }

  get site(): string {
    return this.init.site
  }

  get thread(): Thread | undefined {
    return this.init.thread
  }

  get isUp(): boolean {
    return this.transport !== undefined
  }

  get isComplete(): boolean {
    return this.completedMs !== undefined
  }

  get versionId() {
    return this.world.content.version.id
  }

  /** Share of the pieces that are durable here. */
  get share(): number {
    const { pieceCount } = this.world.content.version
    let have = 0
    for (let piece = 0; piece < pieceCount; piece++) if (this.disk.isDurable(piece)) have++
    return have / pieceCount
  }

  status(): TransferStatus | undefined {
    return this.hub?.status(this.versionId)
  }

  /** Whether this device gives the version to another, as far as it knows. */
  allows(device: DeviceId): boolean {
    return !this.revoked.has(device)
  }

  start(): void {
    const { world } = this
    world.engine.touched()
    const life = ++this.life
    const isOver = (): boolean => this.life !== life || !this.isUp
    const transport = new SimTransport(this)
    this.transport = transport
    if (this.onStart !== undefined) {
      this.onStart(transport)
      return
    }
    const { parts = {}, storeThread } = this.init
    const storeInit = { engine: world.engine, disk: this.disk, thread: storeThread, isOver }
    const store = parts.store?.(storeInit) ?? new DiskStore(storeInit)
    const onLent = (bytes: number): void => world.observer.holdsBlocks(this, bytes)
    const buffers = parts.buffers?.(onLent) ?? new WatchedBuffers(onLent)
    const clock = this.#clock(isOver)
    const hubInit: SwarmHubInit = {
      transport: transport.asTransport(),
      store,
      buffers,
      log: SILENT_LOG,
      siteOf: device => world.hostOf(device)?.site,
      ownSite: this.site,
      ...(this.init.bringers === undefined ? {} : { bringers: this.init.bringers }),
      addressesOf: () => [],
      seed: this.init.seed,
      refusal: device =>
        this.allows(device) ? undefined : { reason: 'needs-grant', detail: 'its grant was taken' },
      audit: {
        streamOpened: () => undefined,
        serving: async () => world.engine.touched(),
        streamEnded: () => undefined,
        obtained: () => undefined,
        refused: ({ action, peer, reason }) => {
          if (action === 'violation' && peer !== undefined)
            world.observer.accused(this, world.hostOf(peer as DeviceId), reason ?? '')
        }
      },
      clock: parts.clock?.(clock) ?? clock
    }
    this.hub = parts.hub?.(hubInit) ?? new SwarmHub(hubInit)
    store.onChange(holding => {
      if (holding.state === 'complete') this.#completed()
    })
    const [kept] = store.holdings()
    world.observer.began(this, piece => kept?.have.has(piece) === true)
    this.#store = store
    if (this.wants) this.fetch()
  }

  /** Where processor time counts, `soon` is after all that the thread has to do already. */
  #clock(isOver: () => boolean): Clock {
    const clock = this.world.engine.clock(isOver, () => this.hangsForMs)
    const { thread } = this
    if (thread === undefined) return clock
    const soon = (run: () => void): void => {
      const goOff = (): void => {
        this.world.engine.touched()
        if (!isOver()) run()
      }
      thread.do(() => 0, goOff)
    }
    return { ...clock, soon }
  }

  /** Begins to fetch, or goes on. */
  fetch(): void {
    this.wants = true
    const { hub, life, world } = this
    world.engine.touched()
    const own = this.#store
    if (hub === undefined || own === undefined || this.isComplete) return
    const [holding] = own.holdings()
    if (holding?.state === 'complete') {
      this.#completed()
      return
    }
    const again = (): void => {
      world.engine.after(RETRY_MS, () => {
        if (this.life === life && this.isUp) this.fetch()
      })
    }
    hub.want({
      versionId: this.versionId,
      holding,
      onInfo: () => {
        void own
          .create({ version: world.content.version, destination: '/data', layers: new Map() })
          .then(made => hub.useHolding(this.versionId, made))
      },
      onComplete: () => undefined,
      onStorageFailure: (_failure: AppError) => {
        this.failures++
        hub.unwant(this.versionId)
        again()
      },
      onRefused: () => undefined
    })
  }

  #completed(): void {
    if (this.isComplete) return
    this.completedMs = this.world.engine.nowMs
    this.hub?.settle(this.versionId)
    this.world.observer.completed(this)
    this.onComplete()
  }

  /** Learns that a device may not have the version any more. */
  learnRevoked(device: DeviceId): void {
    this.revoked.add(device)
    this.world.engine.touched()
    this.hub?.recheck()
  }

  /** Its process gets no time for a while: nothing is read, and no timer goes off. */
  hang(ms: number): void {
    this.#hangsUntilMs = Math.max(this.#hangsUntilMs, this.world.engine.nowMs + ms)
  }

  get hangsForMs(): number {
    return Math.max(0, this.#hangsUntilMs - this.world.engine.nowMs)
  }

  /** Power fails, or the process is killed. */
  crash(): void {
    if (!this.isUp) return
    this.transport = undefined
    this.hub = undefined
    this.#store = undefined
    this.disk.crash(this.world.random)
    for (const stream of [...this.streams]) {
      stream.finish({ kind: 'reset', detail: 'the host is gone' }, { silently: true })
      this.world.engine.after(this.world.delayBetween(this, stream.far), () =>
        stream.twin?.finish({ kind: 'reset', detail: 'the host is gone' })
      )
    }
    this.world.unlink(this)
  }
}
