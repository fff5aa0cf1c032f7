/**
 * Keeps links to members: dials whom link-plan.ts says, backs off from those that do not answer, tries again sooner
 * when a device says where it is, and hangs up what is of no use. Addresses come from presence statements, from the
 * ticket that this device joined with, and from mDNS; whoever answers has to prove the key that was dialled.
 *
 * A member is *present* while its last presence statement lives. It is *silent* when it did not answer the last dial,
 * had no room or did not admit us, until it states anew where it is or links with us. Whom this device found silent
 * before its first link, or while it had lost all, says something of its own network and not of them.
 */

import type { DeviceId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { isMember } from '../../ledger/fold/state.ts'
import { type BringersOfSite, type Member, Neighbourhood } from '../../swarm/neighbours.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { PresenceBoard } from '../ledger/presence-board.ts'
import type { Log } from '../log.ts'
import type { PeerLink, Transport } from '../transport/transport.ts'
import { dialOrder, type LinkView, type OwnLink, surplusLinks, visited } from './link-plan.ts'
import { type Fetching, SourceSearch } from './source-search.ts'

const DIALS_AT_ONCE = 8
const LOOK_MS = SECOND_MS
/** How soon it is noticed that a statement ended, or that a member is one no more. */
const RECOUNT_MS = 10 * SECOND_MS
/** How long one of those that have not been heard of for long is tried, before the next is. */
const TURN_MS = 30 * SECOND_MS
const BACKOFF_MIN_MS = SECOND_MS
const BACKOFF_MAX_MS = 2 * MINUTE_MS
const HINTED_DEVICES_MAX = 4096

interface Backoff {
  nextMs: number
  delayMs: number
}

export interface Contact {
  readonly device: DeviceId
  readonly addresses: readonly string[]
}

export interface ConnectorInit {
  readonly transport: Transport
  readonly keeper: LedgerKeeper
  readonly board: PresenceBoard
  readonly site: string
  /** Whom the ticket named. */
  readonly contacts: readonly Contact[]
  /** What is being fetched, and with whom. */
  readonly fetching: () => readonly Fetching[]
  /** Devices over whose streams something is still to come, in either direction. */
  readonly used: () => ReadonlySet<DeviceId>
  readonly log: Log
}

export class Connector {
  readonly #init: ConnectorInit
  readonly #backoffs = new Map<DeviceId, Backoff>()
  /** Addresses of the ticket; they came over a channel of trust. */
  readonly #contacts: ReadonlyMap<DeviceId, readonly string[]>
  /** Addresses that anybody on the local network may have made up. */
  readonly #hints = new Map<DeviceId, readonly string[]>()
  readonly #dialling = new Set<DeviceId>()
  readonly #refusals = new Map<DeviceId, string>()
  readonly #search = new SourceSearch()
  /** Links that were dialled for what is, or was, being fetched, and for visits. */
  readonly #forFetch = new Set<DeviceId>()
  /** Those that did not answer. */
  readonly #dead = new Set<DeviceId>()
  /** Those and the ones that had no room or did not admit us. */
  readonly #silent = new Set<DeviceId>()
  readonly #stop = new AbortController()
  #neighbourhood: Neighbourhood
  #isChanged = true
  #countedMs = Number.NEGATIVE_INFINITY
  #bringers: ReadonlySet<DeviceId> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(init: ConnectorInit) {
    this.#init = init
    this.#contacts = new Map(init.contacts.map(({ device, addresses }) => [device, addresses]))
    this.#neighbourhood = new Neighbourhood([{ device: init.transport.self, site: init.site }])
    init.board.onStatement(({ device, site }) => {
      if (this.#neighbourhood.siteOf(device) !== site) this.#isChanged = true
      this.#heardOf(device)
    })
    init.transport.on({
      onConnect: ({ device }) => {
        if (init.transport.peers().length <= 1) this.#forgetSilence()
        this.#backoffs.delete(device)
        this.#refusals.delete(device)
        this.#heardOf(device)
      },
      onDisconnect: device => {
        this.#forFetch.delete(device)
        this.#soon(device)
      },
      onDiscovered: (device, addresses) => this.#discovered(device, addresses)
    })
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
    this.#timer.unref()
    this.#look()
  }

  /** Devices that did not admit us when they were last dialled, and the reason that they gave. */
  refusals(): ReadonlyMap<DeviceId, string> {
    return this.#refusals
  }

  /** Who brings pieces into our site: crossing.ts. */
  readonly bringers: BringersOfSite = () => this.#bringers

  close(): void {
    clearInterval(this.#timer)
    this.#stop.abort()
  }

  #discovered(device: DeviceId, addresses: readonly string[]): void {
    if (!this.#hints.has(device) && this.#hints.size >= HINTED_DEVICES_MAX && !this.#dropHint()) return
    this.#hints.set(device, addresses)
    this.#soon(device)
  }

  /** Makes room where a hint is of a device that nobody knows: made-up ones keep no member from being found. */
  #dropHint(): boolean {
    const state = this.#init.keeper.state()
    for (const device of this.#hints.keys()) if (!state.devices.has(device)) return this.#hints.delete(device)
    return false
  }

  #forgetSilence(): void {
    this.#dead.clear()
    this.#silent.clear()
  }

  #heardOf(device: DeviceId): void {
    this.#dead.delete(device)
    this.#silent.delete(device)
    this.#soon(device)
  }

  #soon(device: DeviceId): void {
    const backoff = this.#backoffs.get(device)
    if (backoff !== undefined) backoff.nextMs = 0
  }

  #look(): void {
    const { transport, fetching } = this.#init
    const nowMs = Date.now()
    this.#count(nowMs)
    const { self } = transport
    const links = transport.peers()
    const known = this.#known(nowMs)
    const [neighbourhood, silent] = [this.#neighbourhood, this.#silent]
    const sources = this.#search.look({ nowMs, self, neighbourhood, silent, known, fetching: fetching() })
    const view: LinkView = {
      ...{ self, neighbourhood, known, silent, sources },
      linked: new Set(links.map(({ device }) => device)),
      turn: Math.floor(nowMs / TURN_MS)
    }
    const passing = new Set([...sources, ...visited(view)])
    for (const device of dialOrder(view)) {
      if (this.#dialling.size >= DIALS_AT_ONCE) break
      if (this.#dialling.has(device) || (this.#backoffs.get(device)?.nextMs ?? 0) > nowMs) continue
      if (passing.has(device)) this.#forFetch.add(device)
      void this.#dial(device, this.#addressesOf(device))
    }
    this.#giveUp(view, links, nowMs)
  }

  #giveUp(view: LinkView, links: readonly PeerLink[], nowMs: number): void {
    const own = links.map(
      ({ device, direction, sinceMs }): OwnLink => ({
        ...{ device, direction, ageMs: nowMs - sinceMs },
        isForFetch: this.#forFetch.has(device)
      })
    )
    let used: ReadonlySet<DeviceId> | undefined
    const isInUse = (device: DeviceId): boolean => {
      used ??= this.#init.used()
      return used.has(device)
    }
    for (const device of surplusLinks(view, own, isInUse))
      void this.#init.transport.hangUp(device, 'the link is not needed any more')
  }

  /** Members of which an address is known. */
  #known(nowMs: number): DeviceId[] {
    const state = this.#init.keeper.state()
    const { self } = this.#init.transport
    return [...state.devices.keys()].filter(
      device => device !== self && this.#hasAddress(device) && isMember(state, device, nowMs)
    )
  }

  /** Who is present, and who of our site brings. */
  #count(nowMs: number): void {
    if (this.#isChanged || nowMs >= this.#countedMs + RECOUNT_MS) {
      this.#isChanged = false
      this.#countedMs = nowMs
      this.#neighbourhood = new Neighbourhood(this.#present(nowMs))
    }
    const { site } = this.#init
    const bringers = this.#neighbourhood.isAllWithAll
      ? undefined
      : new Set(this.#neighbourhood.bringersOf(site, this.#dead))
    const isSame =
      bringers?.size === this.#bringers?.size &&
      [...(bringers ?? [])].every(device => this.#bringers?.has(device))
    if (!isSame) this.#bringers = bringers
  }

  #present(nowMs: number): Member[] {
    const { board, keeper, transport, site } = this.#init
    const state = keeper.state()
    const members: Member[] = [{ device: transport.self, site }]
    for (const { device, site: theirs, expiresMs } of board.statements())
      if (expiresMs > nowMs && device !== transport.self && isMember(state, device, nowMs))
        members.push({ device, site: theirs })
    return members
  }

  #hasAddress(device: DeviceId): boolean {
    if (this.#contacts.has(device) || this.#hints.has(device)) return true
    return (this.#init.board.find(device)?.addresses.length ?? 0) > 0
  }

  #addressesOf(device: DeviceId): string[] {
    const stated = this.#init.board.find(device)?.addresses ?? []
    const told = this.#contacts.get(device) ?? []
    return [...new Set([...stated, ...told, ...(this.#hints.get(device) ?? [])])]
  }

  async #dial(device: DeviceId, addresses: readonly string[]): Promise<void> {
    this.#dialling.add(device)
    try {
      const outcome = await this.#init.transport.dial({ device, addresses }, this.#stop.signal)
      if (outcome.kind === 'refused') this.#refusals.set(device, outcome.detail)
      else this.#refusals.delete(device)
      if (outcome.kind === 'connected') return
      this.#forFetch.delete(device)
      this.#silent.add(device)
      if (outcome.kind === 'unreachable' || outcome.kind === 'wrong-device') this.#dead.add(device)
      this.#backOff(device)
      this.#init.log.debug({ device, outcome: outcome.kind }, `dial: ${outcome.detail}`)
    } catch (thrown) {
      if (!this.#stop.signal.aborted) throw thrown
    } finally {
      this.#dialling.delete(device)
    }
  }

  /** Doubles the wait, with a spread so that a site that comes back is not met by everybody at once. */
  #backOff(device: DeviceId): void {
    const delayMs = Math.min(2 * (this.#backoffs.get(device)?.delayMs ?? BACKOFF_MIN_MS / 2), BACKOFF_MAX_MS)
    this.#backoffs.set(device, { delayMs, nextMs: Date.now() + delayMs * (0.75 + Math.random() / 2) })
  }
}
