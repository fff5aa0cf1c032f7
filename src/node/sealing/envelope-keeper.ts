/**
 * Opens envelopes with this device's key, and keeps those that it may write in step with who may read: whenever the
 * readers of a version are others than it was wrapped for last, it is wrapped anew. So a grant works at once while
 * any device is online that may write and can open: the publisher's, the owner's, an admin's.
 *
 * Kept: `envelope-recipients/<version>`, the digest of the keys that our record of the version was wrapped to.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { compareBytes, concatBytes, equalBytes } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, OrgId, VersionId } from '../../base/ids.ts'
import { STANZAS_MAX } from '../../content/sealing/age-header.ts'
import type { State } from '../../ledger/fold/state.ts'
import { createEnvelopeRecord, type EnvelopeRecord } from '../../ledger/sealing/envelope-record.ts'
import { mayWriteEnvelope, recipientsOf, sealedVersions } from '../../ledger/sealing/envelope-rules.ts'
import type { RecordStore } from '../../store/records.ts'
import { openEnvelope, wrapEnvelope } from '../../store/sealing/envelope.ts'
import type { X25519Key } from '../../store/sealing/x25519.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import type { Log } from '../log.ts'
import type { EnvelopeShelf } from './envelope-shelf.ts'

const RECIPIENTS_PREFIX = 'envelope-recipients/'

export interface EnvelopeKeeperInit {
  readonly org: OrgId
  readonly key: DeviceKey
  readonly sealingKey: X25519Key
  readonly state: () => State
  readonly records: RecordStore
  readonly shelf: EnvelopeShelf
  /** A record was made here, of a version that others know. */
  readonly onMade: (record: EnvelopeRecord) => void
  readonly log: Log
}

export class EnvelopeKeeper {
  readonly #init: EnvelopeKeeperInit
  readonly #self: DeviceId
  /** What was opened, by the digest of the records that it was opened from: to try every stanza takes long. */
  readonly #opened = new Map<VersionId, { readonly digest: Uint8Array; readonly keys: Uint8Array[] }>()
  #isRunning = false
  #isDue = false
  #isClosed = false

  constructor(init: EnvelopeKeeperInit) {
    this.#init = init
    this.#self = init.key.id
  }

  close(): void {
    this.#isClosed = true
  }

  /** File keys of manifests that this device's key opens, our own record first: rarely more than one. */
  keysOf(version: VersionId): readonly Uint8Array[] {
    const { shelf } = this.#init
    const digest = shelf.digestOf(version)
    const known = this.#opened.get(version)
    if (known !== undefined && equalBytes(known.digest, digest)) return known.keys
    const keys = this.#open(version)
    if (shelf.has(version)) this.#opened.set(version, { digest, keys })
    else this.#opened.delete(version)
    return keys
  }

  #open(version: VersionId): Uint8Array[] {
    const { shelf, sealingKey, log } = this.#init
    const records = shelf.recordsOf(version)
    const ownFirst = [
      ...records.filter(({ author }) => author === this.#self),
      ...records.filter(({ author }) => author !== this.#self)
    ]
    const keys: Uint8Array[] = []
    for (const { author, envelope } of ownFirst) {
      try {
        const opened = openEnvelope(envelope, [sealingKey])
        if (opened.outcome === 'no-identity') continue
        if (!keys.some(key => equalBytes(key, opened.fileKey))) keys.push(opened.fileKey)
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown
        log.warn({ version, author }, messageOf(thrown))
      }
    }
    return keys
  }

  /** Keeps the key of what is about to be published, for this device alone. */
  keep(version: VersionId, fileKey: Uint8Array): void {
    this.#put(version, { fileKey, recipients: [], isAlone: false })
  }

  /** Wraps again what has other readers than before; at most one run at a time, in turns. */
  async upkeep(): Promise<void> {
    this.#isDue = true
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      while (this.#isDue) {
        this.#isDue = false
        for (const version of sealedVersions(this.#init.state())) {
          await nextTurn()
          if (this.#isClosed) return
          this.wrap(version)
        }
      }
    } finally {
      this.#isRunning = false
    }
  }

  /** Wraps one version for who may read it now, if that is due; whether it was. */
  wrap(version: VersionId, { isAlone = false }: { readonly isAlone?: boolean } = {}): boolean {
    const { shelf, records, log } = this.#init
    const state = this.#init.state()
    const nowMs = Date.now()
    if (shelf.isDestroyed(version) || !mayWriteEnvelope(state, this.#self, version, nowMs)) return false
    const { recipients: readers, keyless } = recipientsOf(state, version, nowMs)
    if (readers.length === 0 && keyless.length === 0) return false // nobody reads it at present
    const others = readers.map(({ recipient }) => recipient)
    // Room for this device itself.
    const recipients = others.slice(0, STANZAS_MAX - 1)
    const digest = digestOf(recipients)
    const key = `${RECIPIENTS_PREFIX}${version}`
    const before = records.getBlob(key)
    const isKept = shelf.newestOf(version, this.#self) !== undefined
    if (!isAlone && isKept && before !== undefined && equalBytes(before, digest)) return false
    const [fileKey] = this.keysOf(version)
    if (fileKey === undefined) return false
    if (others.length > recipients.length)
      log.warn(
        { version, readers: others.length },
        `an envelope has room for ${STANZAS_MAX}: the rest can not open it`
      )
    // A device may say a key that gives zeros with every other: nobody can seal to it, and nobody else is to suffer.
    const usable = recipients.filter(each => this.#init.sealingKey.sharedSecret(each) !== undefined)
    const record = this.#put(version, { fileKey, recipients: usable, isAlone })
    records.putBlob(key, digest)
    this.#init.onMade(record)
    return true
  }

  forget(version: VersionId): void {
    for (const key of this.#opened.get(version)?.keys ?? []) key.fill(0)
    this.#opened.delete(version)
    this.#init.records.deleteBlob(`${RECIPIENTS_PREFIX}${version}`)
  }

  #put(
    version: VersionId,
    {
      fileKey,
      recipients,
      isAlone
    }: {
      readonly fileKey: Uint8Array
      readonly recipients: readonly Uint8Array[]
      readonly isAlone: boolean
    }
  ): EnvelopeRecord {
    const { org, key, shelf, sealingKey } = this.#init
    const own = sealingKey.publicKey
    const all = recipients.some(each => equalBytes(each, own)) ? recipients : [own, ...recipients]
    const newestMs = Math.max(0, ...shelf.recordsOf(version).map(({ timeMs }) => timeMs))
    // What it replaces may be of a clock that was ahead.
    const timeMs = Math.max(Date.now(), newestMs + 1)
    const envelope = wrapEnvelope(fileKey, all)
    const terms = { org, version, author: this.#self, timeMs, isAlone, envelope }
    const record = createEnvelopeRecord(terms, { sign: message => key.sign(message), sha256 })
    shelf.put(record)
    return record
  }
}

function digestOf(recipients: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes([...recipients].sort(compareBytes)))
}
