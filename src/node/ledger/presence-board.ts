/**
 * Who is called what, where they are and how to reach them: the newest presence statement of each member. Statements
 * are exchanged when two devices link and passed on by gossip when one is new; each is believed only for its signature.
 *
 * This is the erasable directory of names: the ledger holds commitments, this holds what opens them. A statement that
 * has ended is not passed on, but stays as the last known word until it is overdue for `FORGET_MS`.
 */

import { defined } from '../../base/assert.ts'
import type { DeviceId } from '../../base/ids.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import { ADDRESSES_MAX } from '../../ledger/encoding/names.ts'
import {
  createPresence,
  decodePresence,
  judgePresence,
  type Presence,
  replaces
} from '../../ledger/sync/presence.ts'
import type { BlobStore } from '../../store/records.ts'
import { sha256 } from '../../store/sha256.ts'
import { Budget } from '../../swarm/rates.ts'
import type { Identity } from '../home.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import { SharedNames } from '../keys/shared-names.ts'
import type { Log } from '../log.ts'
import type { Transport } from '../transport/transport.ts'
import { type LedgerKeeper, verify } from './ledger-keeper.ts'
import { PresenceExchange } from './presence-exchange.ts'

/** One presence record, by its own device. */
export const PRESENCE_TOPIC = 'peerage/presence/1'

const LIFE_MS = HOUR_MS
const RENEW_MS = 10 * MINUTE_MS
const FORGET_MS = 30 * DAY_MS
/** Statements of devices that the ledger does not enrol, or not yet. */
const UNJUDGED_MAX = 1024
/** Newer statements of one device: as many at once, and then one for each so long. Each is written to disk. */
const STATEMENTS_BURST = 64
const STATEMENTS_PER_SECOND = 1 / 10
const BLOB_PREFIX = 'presence/'

export interface PresenceBoardInit {
  readonly transport: Transport
  readonly keeper: LedgerKeeper
  /** Late is soon enough: what a crash takes is said again. */
  readonly records: BlobStore
  readonly identity: Identity
  readonly key: DeviceKey
  readonly log: Log
}

export class PresenceBoard {
  readonly #init: PresenceBoardInit
  /** Of this device, and of those that have said theirs. */
  readonly names = new SharedNames()
  /** When the last link to a member ended. */
  readonly #partedAtMs = new Map<DeviceId, number>()
  readonly #statements = new Map<DeviceId, Presence>()
  readonly #unjudged = new Map<DeviceId, Presence>()
  readonly #budgets = new Map<DeviceId, Budget>()
  readonly #listeners = new Set<(presence: Presence) => void>()
  readonly #exchange: PresenceExchange
  #own: Presence | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(init: PresenceBoardInit) {
    this.#init = init
    this.names.set(init.identity.device, init.identity.name)
    this.#load()
    const { transport, keeper } = init
    this.#exchange = new PresenceExchange({
      ...{ transport, own: () => defined(this.#own, 'our presence'), living: () => this.#living() },
      ...{ unjudged: () => [...this.#unjudged.values()], take: record => this.#take(record), log: init.log }
    })
    transport.subscribe(PRESENCE_TOPIC, (_from, record) => this.#take(record))
    keeper.on({ onAccepted: () => this.#judgeAgain() })
    transport.on({
      onDisconnect: device => {
        if (keeper.state().devices.has(device)) this.#partedAtMs.set(device, Date.now())
      }
    })
  }

  /** Once the transport listens and its addresses are known. */
  start(): void {
    this.renew()
    this.#timer = setInterval(() => this.renew(), RENEW_MS)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#exchange.close()
  }

  onStatement(listener: (presence: Presence) => void): void {
    this.#listeners.add(listener)
  }

  /** The last known word of a device, which may have ended. */
  find(device: DeviceId): Presence | undefined {
    return this.#statements.get(device)
  }

  /**
   * When something last came of a device that is not linked: its last word, or the end of its last link. Null for one
   * that was never heard of here.
   */
  lastHeardMs(device: DeviceId): number | null {
    const times = [this.#statements.get(device)?.timeMs, this.#partedAtMs.get(device)]
    const known = times.filter(time => time !== undefined)
    return known.length === 0 ? null : Math.max(...known)
  }

  statements(): Iterable<Presence> {
    return this.#statements.values()
  }

  /** States anew where we are, and tells whoever is linked. */
  renew(): void {
    const { identity, transport, key } = this.#init
    const timeMs = Date.now()
    this.#own = createPresence(
      {
        org: identity.org,
        device: identity.device,
        name: identity.name,
        nameSalt: identity.nameSalt,
        site: identity.site,
        kind: identity.kind,
        addresses: transport.addresses().slice(0, ADDRESSES_MAX),
        timeMs,
        expiresMs: timeMs + LIFE_MS
      },
      { sign: message => key.sign(message), sha256 }
    )
    transport.publish(PRESENCE_TOPIC, this.#own.record)
  }

  /** Statements of others that have not ended. */
  #living(): Presence[] {
    const nowMs = Date.now()
    return [...this.#statements.values()].filter(presence => presence.expiresMs > nowMs)
  }

  #take(record: Uint8Array): void {
    const decoded = decodePresence(record, { verify, sha256 })
    if (decoded.ok) this.#consider(decoded.value)
    else this.#init.log.debug({ reason: decoded.reason }, `presence statement: ${decoded.detail}`)
  }

  #consider(presence: Presence): void {
    const { device } = presence
    if (device === this.#init.identity.device) return
    const current = this.#statements.get(device)
    if (current !== undefined && !replaces(presence, current)) return
    const refusal = judgePresence(presence, { state: this.#init.keeper.state(), nowMs: Date.now(), sha256 })
    // Both end when the ledger brings the enrolment: the statement may be here first.
    if (refusal?.reason === 'not-a-member' || refusal?.reason === 'wrong-name') {
      if (this.#unjudged.size < UNJUDGED_MAX) this.#unjudged.set(device, presence)
      return
    }
    if (refusal !== undefined) {
      this.#init.log.debug({ device, reason: refusal.reason }, `presence statement: ${refusal.detail}`)
      return
    }
    if (current !== undefined && !this.#spend(device)) {
      this.#init.log.debug({ device }, 'presence statement: one of too many')
      return
    }
    this.#statements.set(device, presence)
    this.names.set(device, presence.name)
    this.#init.records.putBlob(`${BLOB_PREFIX}${device}`, presence.record)
    for (const listener of this.#listeners) listener(presence)
  }

  #spend(device: DeviceId): boolean {
    const nowMs = Date.now()
    const budget = this.#budgets.get(device) ?? new Budget(STATEMENTS_BURST, STATEMENTS_PER_SECOND, nowMs)
    this.#budgets.set(device, budget)
    return budget.spend(nowMs)
  }

  /** The ledger grew: who was a stranger may be a member now. */
  #judgeAgain(): void {
    const waiting = [...this.#unjudged.values()]
    this.#unjudged.clear()
    for (const presence of waiting) this.#consider(presence)
  }

  #load(): void {
    const nowMs = Date.now()
    for (const { key, bytes } of this.#init.records.listBlobs(BLOB_PREFIX)) {
      const decoded = decodePresence(bytes, { verify, sha256 })
      if (decoded.ok && decoded.value.expiresMs + FORGET_MS > nowMs) {
        this.#statements.set(decoded.value.device, decoded.value)
        this.names.set(decoded.value.device, decoded.value.name)
      } else this.#init.records.deleteBlobs(key)
    }
  }
}
