/**
 * The envelopes that this device keeps, as blobs beside its ledger:
 *
 *     envelope/<version>/<author>     the newest record of each author
 *     envelope-destroyed/<version>    the keys of this version are not to be kept here any more
 *
 * Invariants: what is kept was signed by who may write it by the ledger of then; of each author there is one record;
 * none is older than the floor of another. Nothing is taken of a version whose keys were destroyed.
 */

import { toHex, utf8 } from '../../base/bytes.ts'
import { type DeviceId, parseVersionId, type VersionId } from '../../base/ids.ts'
import type { State } from '../../ledger/fold/state.ts'
import { CLOCK_TOLERANCE_MS } from '../../ledger/freshness/freshness.ts'
import { digestOf } from '../../ledger/sealing/envelope-messages.ts'
import { decodeEnvelopeRecord, type EnvelopeRecord } from '../../ledger/sealing/envelope-record.ts'
import { mayWriteEnvelope } from '../../ledger/sealing/envelope-rules.ts'
import type { RecordStore } from '../../store/records.ts'
import { sha256 } from '../../store/sha256.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'

const PREFIX = 'envelope/'
const DESTROYED_PREFIX = 'envelope-destroyed/'

export type Taken =
  | 'taken'
  | 'known'
  | 'older'
  | 'destroyed'
  | 'foreign'
  | 'unauthorised'
  | 'malformed'
  | 'ahead'

/** A record without its bytes. */
type Kept = Pick<EnvelopeRecord, 'author' | 'timeMs' | 'floorMs' | 'hash'>

export interface EnvelopeShelfInit {
  readonly records: RecordStore
  readonly state: () => State
  readonly log: Log
}

export class EnvelopeShelf {
  readonly #init: EnvelopeShelfInit
  readonly #kept = new Map<VersionId, Map<DeviceId, Kept>>()
  readonly #destroyed = new Set<VersionId>()
  readonly #listeners = new Set<(version: VersionId) => void>()

  constructor(init: EnvelopeShelfInit) {
    this.#init = init
    for (const { key, bytes } of init.records.listBlobs(PREFIX)) {
      const read = decodeEnvelopeRecord(bytes, { verify, sha256 })
      if (read.ok) this.#index(read.value)
      else init.log.error({ key }, `a kept envelope is damaged and left out: ${read.detail}`)
    }
    for (const { key } of init.records.listBlobs(DESTROYED_PREFIX)) {
      const version = parseVersionId(key.slice(DESTROYED_PREFIX.length))
      if (version !== undefined) this.#destroyed.add(version)
    }
  }

  onChange(listener: (version: VersionId) => void): void {
    this.#listeners.add(listener)
  }

  /** Takes a record of any origin. */
  take(bytes: Uint8Array): Taken {
    const read = decodeEnvelopeRecord(bytes, { verify, sha256 })
    if (!read.ok) return 'malformed'
    const record = read.value
    const state = this.#init.state()
    const nowMs = Date.now()
    if (record.org !== state.org) return 'foreign'
    if (record.timeMs > nowMs + CLOCK_TOLERANCE_MS) return 'ahead'
    if (!mayWriteEnvelope(state, record.author, record.version, nowMs)) return 'unauthorised'
    return this.put(record)
  }

  /** Takes a record that this device wrote, of a version that need not be published yet. */
  put(record: EnvelopeRecord): Taken {
    const { version, author, timeMs, floorMs } = record
    if (this.#destroyed.has(version)) return 'destroyed'
    const kept = this.#kept.get(version)
    const own = kept?.get(author)
    if (own !== undefined && toHex(own.hash) === toHex(record.hash)) return 'known'
    if (timeMs < this.floorOf(version) || (own !== undefined && timeMs <= own.timeMs)) return 'older'
    this.#init.records.putBlob(keyOf(record), record.record)
    this.#index(record)
    for (const other of [...(this.#kept.get(version)?.values() ?? [])])
      if (other.timeMs < floorMs) this.#drop(version, other.author)
    for (const listener of this.#listeners) listener(version)
    return 'taken'
  }

  has(version: VersionId): boolean {
    return this.#kept.has(version)
  }

  /** Before which nothing of a version counts. */
  floorOf(version: VersionId): number {
    return Math.max(0, ...[...(this.#kept.get(version)?.values() ?? [])].map(each => each.floorMs))
  }

  /** Versions of which something is here. */
  versions(): VersionId[] {
    return [...this.#kept.keys()]
  }

  /** What is here of a version, the newest first. */
  recordsOf(version: VersionId): EnvelopeRecord[] {
    const kept = [...(this.#kept.get(version)?.values() ?? [])]
    return kept
      .sort((a, b) => b.timeMs - a.timeMs)
      .flatMap(({ author }) => {
        const bytes = this.#init.records.getBlob(keyOf({ version, author }))
        const read = bytes && decodeEnvelopeRecord(bytes, { verify, sha256 })
        return read?.ok ? [read.value] : []
      })
  }

  newestOf(version: VersionId, author: DeviceId): Pick<EnvelopeRecord, 'timeMs' | 'hash'> | undefined {
    return this.#kept.get(version)?.get(author)
  }

  digestOf(version: VersionId): Uint8Array {
    return digestOf(
      [...(this.#kept.get(version)?.values() ?? [])].map(({ hash }) => hash),
      sha256
    )
  }

  isDestroyed(version: VersionId): boolean {
    return this.#destroyed.has(version)
  }

  /**
   * Forgets what wraps the key of a version, for good; resolves to how many records that were. Durable when it
   * returns.
   */
  destroy(version: VersionId): number {
    const { records } = this.#init
    records.putBlob(`${DESTROYED_PREFIX}${version}`, utf8('1'))
    this.#destroyed.add(version)
    this.#kept.delete(version)
    return records.deleteBlobs(`${PREFIX}${version}/`)
  }

  /** Takes back what was kept for a version that was not published in the end. */
  discard(version: VersionId): void {
    this.#init.records.deleteBlobs(`${PREFIX}${version}/`)
    this.#kept.delete(version)
  }

  #index({ version, author, timeMs, floorMs, hash }: EnvelopeRecord): void {
    const ofVersion = this.#kept.get(version) ?? new Map<DeviceId, Kept>()
    this.#kept.set(version, ofVersion.set(author, { author, timeMs, floorMs, hash }))
  }

  #drop(version: VersionId, author: DeviceId): void {
    this.#init.records.deleteBlob(keyOf({ version, author }))
    this.#kept.get(version)?.delete(author)
  }
}

function keyOf({ version, author }: { readonly version: VersionId; readonly author: DeviceId }): string {
  return `${PREFIX}${version}/${author}`
}
