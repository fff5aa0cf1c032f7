/**
 * Freshness at work (ledger/freshness.ts decides, this moves the bytes): beacons and overrides go to whoever is linked
 * by gossip, and whole when two devices link and now and then after; ours are signed every period while the root names
 * this device a signer. What is newer than our ledger has it synced, with whoever brought it and with its signer.
 *
 * Invariants
 * - The maxima of a signer are on disk before anything follows from them.
 * - Our own beacon says what our ledger held at that moment, and is not signed under a clock that is known to be wrong.
 * - An access that only an override opens is reported, each time; looking at what would be allowed is no access.
 */

import { equalBytes } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { DAY_MS, HOUR_MS, SECOND_MS } from '../../base/units.ts'
import { decodeCbor, encodeCbor } from '../../ledger/encoding/cbor.ts'
import { DATASET_CLASSES, type DatasetClass } from '../../ledger/encoding/names.ts'
import { BEACON_LIFE_MAX_MS, type Beacon, createBeacon, decodeBeacon } from '../../ledger/freshness/beacon.ts'
import {
  BEACON_EXCHANGE_BYTES_MAX,
  decodeBeaconExchange,
  encodeBeaconExchange
} from '../../ledger/freshness/beacon-exchange.ts'
import {
  CLOCK_TOLERANCE_MS,
  type ClassAccess,
  Freshness,
  type FreshnessView,
  type Now
} from '../../ledger/freshness/freshness.ts'
import type { FreshnessTerms } from '../../ledger/freshness/freshness-terms.ts'
import { decodeOverride, type Override } from '../../ledger/freshness/override.ts'
import type { BlobStore } from '../../store/records.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import type { Log } from '../log.ts'
import type { Transport } from '../transport/transport.ts'
import { type LedgerKeeper, verify } from './ledger-keeper.ts'
import type { SyncEvents } from './ledger-sync.ts'
import { RecordExchange } from './record-exchange.ts'

export const BEACON_PROTOCOL = '/peerage/beacons/1'
/** A beacon or an override that its sender signed or was just given. */
export const BEACON_TOPIC = 'peerage/beacon/1'

const ROUND_MS = 60 * SECOND_MS
/** A root could ask for less; nobody needs it. */
const PERIOD_MIN_MS = SECOND_MS
const PERIOD_MAX_MS = DAY_MS
/** A timer that waits longer than this looks again in between: the clock may be set. */
const LOOK_MAX_MS = HOUR_MS
const BEACON_PREFIX = 'beacon/'
const OVERRIDE_PREFIX = 'override/'

/** Whom an access is opened to, a peer or this device, and to what. */
export interface AccessTarget {
  readonly device: DeviceId
  readonly version: VersionId
}

export interface OverrideUse extends AccessTarget {
  readonly override: Override
  readonly class: DatasetClass
}

export interface BeaconBoardInit {
  readonly transport: Transport
  readonly records: BlobStore
  readonly key: DeviceKey
  /** By the chain and the state of the moment. */
  readonly terms: () => FreshnessTerms
  /** What our ledger holds: its sync digest, and how many operations. */
  readonly holding: () => { readonly digest: Uint8Array; readonly operations: number }
  /** Whether all of that is on disk: after a crash a beacon that spoke of more would be gone back behind. */
  readonly isKept: () => boolean
  readonly syncWith: (device: DeviceId) => void
  /** Each override that comes to hold here, for the audit log. */
  readonly onOverrideKept: (override: Override) => void
  /** Each access that only an override opened, likewise. */
  readonly onOverrideUsed: (use: OverrideUse) => void
  readonly log: Log
  readonly nowMs?: () => number
}

export class BeaconBoard {
  /** For LedgerSync.on: a complete sync is what covers beacons. */
  readonly syncEvents: SyncEvents = {
    onStart: device => this.#onSyncStart(device),
    onComplete: (device, digest) => this.#onSyncComplete(device, digest)
  }
  readonly #init: BeaconBoardInit
  readonly #freshness: Freshness
  readonly #nowMs: () => number
  readonly #listeners = new Set<(changed: readonly DatasetClass[]) => void>()
  readonly #exchange: RecordExchange
  /** The signer's beacon that was here when the running sync with it began. */
  readonly #syncing = new Map<DeviceId, Uint8Array>()
  #shown = ''
  #isClosed = false
  #look: NodeJS.Timeout | undefined
  #round: NodeJS.Timeout | undefined
  #signing: { readonly periodMs: number; readonly timer: NodeJS.Timeout } | undefined

  constructor(init: BeaconBoardInit) {
    this.#init = init
    this.#nowMs = init.nowMs ?? Date.now
    this.#freshness = new Freshness({ self: init.key.id })
    this.#load()
    this.#freshness.cover(init.holding().digest)
    this.#shown = this.#classes(this.#now())
    const { transport } = init
    this.#exchange = new RecordExchange({
      ...{ transport, protocol: BEACON_PROTOCOL, name: 'beacon', messageBytesMax: BEACON_EXCHANGE_BYTES_MAX },
      ...{ outgoing: () => this.#outgoing(), take: (from, message) => this.#takeExchanged(from, message) },
      log: init.log
    })
    transport.subscribe(BEACON_TOPIC, (from, message) => this.#takeGossip(from, message))
  }

  start(): void {
    this.#round = setInterval(() => this.#exchange.askOne(), ROUND_MS)
    this.#round.unref()
    this.refresh()
  }

  close(): void {
    clearInterval(this.#round)
    clearTimeout(this.#look)
    clearInterval(this.#signing?.timer)
    this.#isClosed = true
    this.#exchange.close()
  }

  /** From now on, what the ledger and the chain become is looked at when they do. A root can come alone. */
  follow(keeper: Pick<LedgerKeeper, 'on'>): void {
    keeper.on({ onAccepted: () => this.refresh(), onRoots: () => this.refresh() })
  }

  /** The ledger or the chain has grown. */
  refresh(): void {
    this.#saveAll(this.#freshness.cover(this.#init.holding().digest))
    this.#planSigning()
    this.#reconsider()
  }

  /** Called with the classes that this device may use now and could not before, or the other way round. */
  onChange(listener: (changed: readonly DatasetClass[]) => void): void {
    this.#listeners.add(listener)
  }

  view(): FreshnessView {
    return this.#freshness.view(this.#now())
  }

  /** How old the view may be for a class; null without a limit. */
  limitMs(name: DatasetClass): number | null {
    return this.#init.terms().stalenessMs[name]
  }

  /** What `access` would answer, without being one. */
  look(name: DatasetClass): ClassAccess {
    return this.#freshness.access(name, this.#now())
  }

  /** Decides an access to content of a class. */
  access(name: DatasetClass, to: AccessTarget): ClassAccess {
    const now = this.#now()
    const access = this.#freshness.access(name, now)
    if (!access.allowed || access.override === null) return access
    const override = this.#overridesAt(now).find(({ id }) => id === access.override)
    if (override !== undefined) this.#init.onOverrideUsed({ ...to, override, class: name })
    return access
  }

  /** Those that hold now. */
  overrides(): readonly Override[] {
    return this.#overridesAt(this.#now())
  }

  /** Keeps an override that an admin signed, and tells the others. AppError RECORD_INVALID or NOT_AUTHORISED. */
  addOverride(record: Uint8Array): Override {
    const decoded = decodeOverride(record, { verify, sha256 })
    if (!decoded.ok)
      throw new AppError('RECORD_INVALID', `this is no override: ${decoded.detail}`, {
        details: { reason: decoded.reason }
      })
    const refusal = this.#takeOverride(decoded.value)
    if (refusal !== undefined && refusal.reason !== 'known')
      throw new AppError('NOT_AUTHORISED', `the override does not hold: ${refusal.detail}`, {
        details: { reason: refusal.reason }
      })
    this.#publish({ beacons: [], overrides: [record] })
    this.#reconsider()
    return decoded.value
  }

  #now(): Now {
    return { terms: this.#init.terms(), nowMs: this.#nowMs() }
  }

  #overridesAt(now: Now): readonly Override[] {
    return this.#freshness.overrides.active({ terms: now.terms, nowMs: this.#freshness.view(now).nowMs })
  }

  #planSigning(): void {
    const { beacon: policy } = this.#init.terms()
    const isSigner = policy?.signers.includes(this.#init.key.id) ?? false
    const periodMs =
      isSigner && policy !== null
        ? Math.min(Math.max(policy.periodMs, PERIOD_MIN_MS), PERIOD_MAX_MS)
        : undefined
    if (this.#signing?.periodMs === periodMs) return
    clearInterval(this.#signing?.timer)
    this.#signing = undefined
    if (periodMs === undefined) return
    const timer = setInterval(() => this.#sign(), periodMs)
    timer.unref()
    this.#signing = { periodMs, timer }
    this.#sign()
  }

  #sign(): void {
    const { key, log, holding } = this.#init
    const now = this.#now()
    const { terms, nowMs } = now
    const rootHash = terms.rootHashes.at(-1)
    if (terms.beacon === null || rootHash === undefined) return
    if (!this.#init.isKept()) {
      log.warn({}, 'no beacon is signed: what it would speak of is not on disk')
      return
    }
    const { clock } = this.#freshness.view(now)
    if (clock.kind !== 'ok') {
      log.warn({ offsetMs: clock.offsetMs }, `no beacon is signed: the clock is ${clock.kind}`)
      return
    }
    const last = this.#freshness.find(key.id)?.newest
    if (last !== undefined && last.timeMs > nowMs + CLOCK_TOLERANCE_MS) {
      log.warn({ timeMs: last.timeMs }, 'our clock was ahead once: the beacons of that time are forgotten')
      this.#freshness.forget(key.id)
    } else if (last !== undefined && last.timeMs >= nowMs) return
    const { digest, operations } = holding()
    const beacon = createBeacon(
      {
        org: terms.org,
        device: key.id,
        rootVersion: terms.rootHashes.length,
        rootHash,
        digest,
        operations,
        timeMs: nowMs,
        expiresMs: nowMs + Math.min(terms.beacon.lifeMs, BEACON_LIFE_MAX_MS)
      },
      { sign: message => key.sign(message), sha256 }
    )
    this.#freshness.cover(digest)
    const outcome = this.#freshness.take(beacon, { terms, nowMs })
    if (outcome.kind !== 'taken') {
      // What we hold shrank, as after a restored backup: once we have synced, it will have grown past it.
      log.warn({ outcome: outcome.kind }, 'our beacon would go back behind our last one, and is not sent')
      return
    }
    this.#save(key.id)
    this.#publish({ beacons: [beacon.record], overrides: [] })
    this.#reconsider()
  }

  #publish(message: Parameters<typeof encodeBeaconExchange>[0]): void {
    this.#init.transport.publish(BEACON_TOPIC, encodeBeaconExchange(message))
  }

  #outgoing(): Uint8Array {
    const now = this.#now()
    const { beacon } = now.terms
    const beacons = beacon === null ? [] : this.#freshness.newest(beacon)
    return encodeBeaconExchange({
      beacons: beacons.map(({ record }) => record),
      overrides: this.#overridesAt(now).map(({ record }) => record)
    })
  }

  #takeExchanged(from: DeviceId, message: Uint8Array): void {
    if (!this.#takeAll(from, message)) throw new AppError('RECORD_INVALID', 'a beacon exchange is malformed')
  }

  #takeGossip(from: DeviceId, message: Uint8Array): void {
    if (!this.#takeAll(from, message)) this.#init.log.debug({ device: from }, 'beacon gossip is malformed')
  }

  /** False when the message is malformed. What it carries is judged record by record. */
  #takeAll(from: DeviceId, message: Uint8Array): boolean {
    const decoded = decodeBeaconExchange(message)
    if (!decoded.ok) return false
    const taken = decoded.value.beacons.flatMap(record => this.#takeBeacon(record, from) ?? [])
    for (const record of decoded.value.overrides) {
      if (this.#isKnown(record, this.#freshness.overrides.all())) continue
      const override = decodeOverride(record, { verify, sha256 })
      const refusal = override.ok ? this.#takeOverride(override.value) : override
      if (refusal !== undefined)
        this.#init.log.debug({ device: from, reason: refusal.reason }, `override: ${refusal.detail}`)
    }
    this.#reconsider()
    this.#askFor(taken, from)
    return true
  }

  #takeBeacon(record: Uint8Array, from: DeviceId): Beacon | undefined {
    const { log } = this.#init
    const { terms, nowMs } = this.#now()
    // A signature is the dear part: what is here already is passed over before it.
    if (terms.beacon !== null && this.#isKnown(record, this.#freshness.newest(terms.beacon))) return undefined
    const decoded = decodeBeacon(record, { verify, sha256 })
    if (!decoded.ok) {
      log.debug({ device: from, reason: decoded.reason }, `beacon: ${decoded.detail}`)
      return undefined
    }
    const beacon = decoded.value
    const isLive = beacon.device === from
    const outcome = this.#freshness.take(beacon, { terms, nowMs, isLive })
    switch (outcome.kind) {
      case 'taken':
        this.#save(beacon.device)
        return beacon
      case 'regressed':
        log.warn({ signer: beacon.device, from }, `a signer of beacons went back: ${outcome.detail}`)
        return undefined
      case 'ahead':
        log.warn({ signer: beacon.device, byMs: outcome.byMs }, 'a beacon is from ahead of our clock')
        return undefined
      case 'refused':
        log.debug({ signer: beacon.device, reason: outcome.reason }, 'a beacon is refused')
        return undefined
      case 'known':
      case 'older':
        return undefined
    }
  }

  #takeOverride(override: Override): ReturnType<Freshness['overrides']['take']> {
    const now = this.#now()
    const { nowMs } = this.#freshness.view(now)
    const refusal = this.#freshness.overrides.take(override, { terms: now.terms, nowMs })
    if (refusal === undefined) {
      this.#init.records.putBlob(`${OVERRIDE_PREFIX}${override.id}`, override.record)
      const { reason, expiresMs } = override
      this.#init.log.warn({ override: override.id, expiresMs }, `an override of freshness holds: ${reason}`)
      this.#init.onOverrideKept(override)
    }
    return refusal
  }

  #isKnown(record: Uint8Array, held: Iterable<{ readonly record: Uint8Array }>): boolean {
    for (const each of held) if (equalBytes(each.record, record)) return true
    return false
  }

  /** The ledger that new beacons speak of is not all here: whoever passed them on has it, and their signers do. */
  #askFor(beacons: readonly Beacon[], from: DeviceId): void {
    const uncovered = beacons.filter(({ device, hash }) => {
      const covered = this.#freshness.find(device)?.covered
      return covered === undefined || !equalBytes(covered.hash, hash)
    })
    if (uncovered.length === 0) return
    const linked = new Set(this.#init.transport.peers().map(link => link.device))
    const sources = new Set([from, ...uncovered.map(({ device }) => device)])
    for (const device of sources) if (linked.has(device)) this.#init.syncWith(device)
  }

  #onSyncStart(device: DeviceId): void {
    const newest = this.#freshness.find(device)?.newest
    if (newest === undefined) this.#syncing.delete(device)
    else this.#syncing.set(device, newest.hash)
  }

  #onSyncComplete(device: DeviceId, digest: Uint8Array): void {
    const covered = new Set(this.#freshness.cover(digest))
    const hash = this.#syncing.get(device)
    const { operations } = this.#init.holding()
    if (hash !== undefined && this.#freshness.coverSigner(device, { hash, operations })) covered.add(device)
    this.#syncing.delete(device)
    this.#saveAll([...covered])
    if (covered.size > 0) this.#reconsider()
  }

  /** Settles what has come near, tells what changed, and sets the clock for the next change. */
  #reconsider(): void {
    const now = this.#now()
    const settled = this.#freshness.settle(now)
    this.#saveAll(settled.map(({ device }) => device))
    for (const { id } of this.#freshness.overrides.sweep(this.#freshness.view(now).nowMs))
      this.#init.records.deleteBlob(`${OVERRIDE_PREFIX}${id}`)
    const before = this.#shown
    this.#shown = this.#classes(now)
    const changed = DATASET_CLASSES.filter((_, index) => before[index] !== this.#shown[index])
    clearTimeout(this.#look)
    const nextMs = this.#freshness.nextChangeMs(now)
    if (nextMs !== null && !this.#isClosed) {
      this.#look = setTimeout(() => this.#reconsider(), Math.min(nextMs - now.nowMs, LOOK_MAX_MS))
      this.#look.unref()
    }
    if (changed.length > 0) for (const listener of this.#listeners) listener(changed)
  }

  /** One mark for each class: denied, allowed, or allowed by an override. */
  #classes(now: Now): string {
    const marks = DATASET_CLASSES.map(name => {
      const access = this.#freshness.access(name, now)
      if (!access.allowed) return '-'
      return access.override === null ? '+' : '!'
    })
    return marks.join('')
  }

  #saveAll(devices: readonly DeviceId[]): void {
    for (const device of devices) this.#save(device)
  }

  #save(device: DeviceId): void {
    const track = this.#freshness.find(device)
    if (track === undefined) return
    const { newest, covered } = track
    this.#init.records.putBlob(
      `${BEACON_PREFIX}${device}`,
      encodeCbor([1, newest.record, covered === undefined ? null : covered.record])
    )
  }

  #load(): void {
    const { records, log } = this.#init
    for (const { key, bytes } of records.listBlobs(BEACON_PREFIX)) {
      const track = readTrack(bytes)
      if (track === undefined || `${BEACON_PREFIX}${track.newest.device}` !== key) {
        log.warn({ key }, 'a kept beacon is damaged, and is dropped')
        records.deleteBlob(key)
      } else this.#freshness.restore(track.newest, track.covered)
    }
    for (const { key, bytes } of records.listBlobs(OVERRIDE_PREFIX)) {
      const override = decodeOverride(bytes, { verify, sha256 })
      const now = { terms: this.#init.terms(), nowMs: this.view().nowMs }
      if (!override.ok || this.#freshness.overrides.take(override.value, now)?.reason === 'expired')
        records.deleteBlob(key)
    }
  }
}

function readTrack(blob: Uint8Array): { newest: Beacon; covered: Beacon | undefined } | undefined {
  const decoded = decodeCbor(blob, { bytesMax: BEACON_EXCHANGE_BYTES_MAX, depthMax: 1 })
  const [version, first, second, ...rest] = decoded.ok && Array.isArray(decoded.value) ? decoded.value : []
  if (version !== 1 || !(first instanceof Uint8Array) || rest.length > 0) return undefined
  const newest = decodeBeacon(first, { verify, sha256 })
  if (!newest.ok) return undefined
  if (second === null) return { newest: newest.value, covered: undefined }
  const covered = second instanceof Uint8Array ? decodeBeacon(second, { verify, sha256 }) : undefined
  if (!covered?.ok || covered.value.device !== newest.value.device) return undefined
  return { newest: newest.value, covered: covered.value }
}
