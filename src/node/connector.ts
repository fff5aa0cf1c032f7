/**
 * Keeps links to members: dials those that are known and not linked, backs off from those that do not answer, and
 * tries again sooner when a device says where it is. Addresses come from presence statements, from the ticket that
 * this device joined with, and from mDNS; whoever answers has to prove the key that was dialled.
 */

import type { DeviceId } from '../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { isMember } from '../ledger/fold/state.ts'
import type { LedgerKeeper } from './ledger/ledger-keeper.ts'
import type { PresenceBoard } from './ledger/presence-board.ts'
import type { Log } from './log.ts'
import type { Transport } from './transport/transport.ts'

/** Above this many links a device dials no more; it still accepts. */
export const DIALLED_LINKS_MAX = 64
const DIALS_AT_ONCE = 8
const LOOK_MS = SECOND_MS
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
  /** Whom the ticket named. */
  readonly contacts: readonly Contact[]
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
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(init: ConnectorInit) {
    this.#init = init
    this.#contacts = new Map(init.contacts.map(({ device, addresses }) => [device, addresses]))
    init.board.onStatement(presence => this.#soon(presence.device))
    init.transport.on({
      onConnect: link => {
        this.#backoffs.delete(link.device)
        this.#refusals.delete(link.device)
      },
      onDisconnect: device => this.#soon(device),
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

  close(): void {
    clearInterval(this.#timer)
    this.#stop.abort()
  }

  #discovered(device: DeviceId, addresses: readonly string[]): void {
    if (!this.#hints.has(device) && this.#hints.size >= HINTED_DEVICES_MAX) return
    this.#hints.set(device, addresses)
    this.#soon(device)
  }

  #soon(device: DeviceId): void {
    const backoff = this.#backoffs.get(device)
    if (backoff !== undefined) backoff.nextMs = 0
  }

  #look(): void {
    const { transport, keeper } = this.#init
    const linked = new Set(transport.peers().map(link => link.device))
    const state = keeper.state()
    const nowMs = Date.now()
    for (const device of state.devices.keys()) {
      if (linked.size + this.#dialling.size >= DIALLED_LINKS_MAX || this.#dialling.size >= DIALS_AT_ONCE)
        return
      if (device === transport.self || linked.has(device) || this.#dialling.has(device)) continue
      if ((this.#backoffs.get(device)?.nextMs ?? 0) > nowMs || !isMember(state, device, nowMs)) continue
      const addresses = this.#addressesOf(device)
      if (addresses.length > 0) void this.#dial(device, addresses)
    }
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
