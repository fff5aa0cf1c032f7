/**
 * Opens envelopes with this device's key, and keeps those that it may write in step with who may read: whenever the
 * readers of a version are others than it was wrapped for last, it is wrapped anew. So a grant works at once while
 * any device is online that may write and can open: the publisher's, the owner's, an admin's.
 *
 * Kept: `envelope-recipients/<version>`, the digest of the keys that our record of the version was wrapped to; and
 * `envelope-own/<version>`, an envelope for this device alone of each version that it wraps. The second is no record and
 * ended by none: whoever may write one can end all others and hand in what opens nothing, and who has the key is still
 * to have it then, and to wrap it anew.
 *
 * A file key is *proven* when the version has an object of the name that it gives. Of a version of which nothing is
 * here nothing can be proven: then our own word counts first, and the publisher's before that of others.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { compareBytes, concatBytes, equalBytes, toHex } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, OrgId, VersionId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { STANZAS_MAX } from '../../content/sealing/age-header.ts'
import type { Version } from '../../content/version.ts'
import { publishersOf } from '../../ledger/fold/deletion.ts'
import type { State } from '../../ledger/fold/state.ts'
import { createEnvelopeRecord, type EnvelopeRecord } from '../../ledger/sealing/envelope-record.ts'
import { mayWriteEnvelope, recipientsOf, sealedVersions } from '../../ledger/sealing/envelope-rules.ts'
import type { KnownEpoch } from '../../ledger/sealing/epoch-rules.ts'
import type { RecordStore } from '../../store/records.ts'
import { openEnvelope, wrapEnvelope, wrapToGroups } from '../../store/sealing/envelope.ts'
import type { X25519Key } from '../../store/sealing/x25519.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import type { Log } from '../log.ts'
import type { EnvelopeShelf } from './envelope-shelf.ts'
import { keyFor } from './manifest-key.ts'

const RECIPIENTS_PREFIX = 'envelope-recipients/'
const OWN_PREFIX = 'envelope-own/'
/** More readers than this are worth waiting for an epoch of their group. */
const SINGLES_AT_ONCE = 256
const EPOCH_WAIT_MS = 15 * SECOND_MS

export interface EnvelopeKeeperInit {
  readonly org: OrgId
  readonly key: Pick<DeviceKey, 'id' | 'sign'>
  readonly sealingKey: X25519Key
  readonly state: () => State
  readonly records: RecordStore
  readonly shelf: EnvelopeShelf
  readonly epochs: {
    /** The current epochs of groups of which all is known. */
    known(): readonly KnownEpoch[]
    keyOf(recipient: Uint8Array): X25519Key | undefined
  }
  /** Looks again after a while. */
  readonly lookAfter: (ms: number) => void
  /** What a version is made of, where that is known here. */
  readonly versionOf: (version: VersionId) => Version | undefined
  /** A record was made here, of a version that others know. */
  readonly onMade: (record: EnvelopeRecord) => void
  readonly log: Log
}

interface Opened {
  readonly digest: Uint8Array
  readonly keys: Uint8Array[]
  /** Those of them that are proven, once what the version is made of is known. */
  proven: readonly Uint8Array[] | undefined
}

export class EnvelopeKeeper {
  readonly #init: EnvelopeKeeperInit
  readonly #self: DeviceId
  /** What was opened, by the digest of the records that it was opened from: to try every stanza takes long. */
  readonly #opened = new Map<VersionId, Opened>()
  /** Of what was found in step, what that hung on. */
  readonly #settled = new Map<VersionId, string>()
  readonly #awaiting = new Map<VersionId, number>()
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

  /**
   * File keys of the manifest that this device's key opens: the proven one where one can be, else all, the likeliest
   * first. Rarely is there more than one.
   */
  keysOf(version: VersionId): readonly Uint8Array[] {
    const { shelf } = this.#init
    const digest = shelf.digestOf(version)
    const known = this.#opened.get(version)
    if (known !== undefined && equalBytes(known.digest, digest)) return this.#proven(version, known)
    const opened: Opened = { digest, keys: this.#open(version), proven: undefined }
    this.#opened.set(version, opened)
    return this.#proven(version, opened)
  }

  /** The one that opens the manifest of a version. */
  keyOf(version: Version): Uint8Array | undefined {
    return keyFor(version, this.keysOf(version.id))
  }

  #proven(id: VersionId, opened: Opened): readonly Uint8Array[] {
    if (opened.proven !== undefined) return opened.proven
    const version = this.#init.versionOf(id)
    if (version === undefined) return opened.keys
    opened.proven = opened.keys.filter(key => keyFor(version, [key]) !== undefined)
    return opened.proven
  }

  #open(version: VersionId): Uint8Array[] {
    const { shelf, sealingKey, epochs, records: blobs, log } = this.#init
    const publishers = publishersOf(this.#init.state(), version)
    const rank = (author: DeviceId) => (author === this.#self ? 0 : publishers.has(author) ? 1 : 2)
    const own = blobs.getBlob(OWN_PREFIX + version)
    const likely = [
      ...(own === undefined ? [] : [{ author: this.#self, envelope: own }]),
      // The newest first of those that count alike.
      ...shelf.recordsOf(version).sort((a, b) => rank(a.author) - rank(b.author))
    ]
    const keys: Uint8Array[] = []
    for (const { author, envelope } of likely) {
      try {
        const opened = openEnvelope(envelope, [sealingKey], recipient => epochs.keyOf(recipient))
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
    this.#put(version, { fileKey, recipients: [], epochs: [], endsOthers: false })
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
  wrap(version: VersionId, { endsOthers = false }: { readonly endsOthers?: boolean } = {}): boolean {
    const { shelf, records, log } = this.#init
    const state = this.#init.state()
    const nowMs = Date.now()
    if (shelf.isDestroyed(version) || !mayWriteEnvelope(state, this.#self, version, nowMs)) return false
    const all = recipientsOf(state, version, nowMs, this.#init.epochs.known())
    if (all.recipients.length === 0 && all.keyless.length === 0) return false // nobody reads it at present
    const others = all.single.map(({ recipient }) => recipient)
    const epochs = all.epochs.map(({ recipient }) => recipient)
    // Room for this device itself.
    const recipients = others.slice(0, STANZAS_MAX - 1 - epochs.length)
    const digest = digestOf([...recipients, ...epochs])
    const key = `${RECIPIENTS_PREFIX}${version}`
    const before = records.getBlob(key)
    const isKept = shelf.newestOf(version, this.#self) !== undefined
    const isCurrent = isKept && before !== undefined && equalBytes(before, digest)
    const isProven = this.#init.versionOf(version) !== undefined
    const scene = `${toHex(digest)}${toHex(shelf.digestOf(version))}${isProven}`
    if (!endsOthers && isCurrent && this.#settled.get(version) === scene) return false
    if (!endsOthers && isKept && !isCurrent && this.#awaitsEpoch(version, others.length)) return false
    const [fileKey] = this.keysOf(version)
    if (fileKey === undefined) return false
    if (!endsOthers && isCurrent && this.#isOwn(version, fileKey)) {
      this.#settled.set(version, scene)
      return false
    }
    if (others.length > recipients.length)
      log.warn(
        { version, readers: others.length },
        `an envelope has room for ${STANZAS_MAX}: the rest can not open it until their group has a key epoch`
      )
    // A device may say a key that gives zeros with every other: nobody can seal to it, and nobody else is to suffer.
    const usable = recipients.filter(each => this.#init.sealingKey.sharedSecret(each) !== undefined)
    const record = this.#put(version, { fileKey, recipients: usable, epochs, endsOthers })
    records.putBlob(key, digest)
    this.#init.onMade(record)
    return true
  }

  /** Whether others are likely to begin an epoch within moments, which spares wrapping for very many one by one. */
  #awaitsEpoch(version: VersionId, singles: number): boolean {
    if (singles <= SINGLES_AT_ONCE) {
      this.#awaiting.delete(version)
      return false
    }
    const sinceMs = this.#awaiting.get(version) ?? Date.now()
    this.#awaiting.set(version, sinceMs)
    const waitMs = sinceMs + EPOCH_WAIT_MS - Date.now()
    if (waitMs > 0) this.#init.lookAfter(waitMs)
    return waitMs > 0
  }

  /** Keys of epochs have come: what did not open may open now. */
  reopen(): void {
    for (const [version, { keys }] of this.#opened) if (keys.length === 0) this.#opened.delete(version)
  }

  forget(version: VersionId): void {
    for (const key of this.#opened.get(version)?.keys ?? []) key.fill(0)
    this.#opened.delete(version)
    this.#settled.delete(version)
    this.#awaiting.delete(version)
    this.#init.records.deleteBlob(`${RECIPIENTS_PREFIX}${version}`)
    this.#init.records.deleteBlob(OWN_PREFIX + version)
  }

  /** Forgets what was kept of versions that never were published: a crash came in between. */
  forgetUnpublished(): void {
    const { shelf, records, state } = this.#init
    const { publishedAs } = state()
    const own = records.listBlobs(OWN_PREFIX).map(({ key }) => key.slice(OWN_PREFIX.length) as VersionId)
    for (const version of new Set([...own, ...shelf.versions()])) {
      if (publishedAs.has(version)) continue
      if (!own.includes(version) && shelf.newestOf(version, this.#self) === undefined) continue
      shelf.discard(version)
      this.forget(version)
    }
  }

  /** Whether what this device keeps for itself wraps this key. */
  #isOwn(version: VersionId, fileKey: Uint8Array): boolean {
    const own = this.#init.records.getBlob(OWN_PREFIX + version)
    if (own === undefined) return false
    try {
      const opened = openEnvelope(own, [this.#init.sealingKey])
      return opened.outcome === 'opened' && equalBytes(opened.fileKey, fileKey)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      return false
    }
  }

  #put(
    version: VersionId,
    {
      fileKey,
      recipients,
      epochs,
      endsOthers
    }: {
      readonly fileKey: Uint8Array
      readonly recipients: readonly Uint8Array[]
      /** Public keys of epochs of groups. */
      readonly epochs: readonly Uint8Array[]
      readonly endsOthers: boolean
    }
  ): EnvelopeRecord {
    const { org, key, shelf, sealingKey, records } = this.#init
    const own = sealingKey.publicKey
    const all = recipients.some(each => equalBytes(each, own)) ? recipients : [own, ...recipients]
    const newestMs = Math.max(0, ...shelf.recordsOf(version).map(({ timeMs }) => timeMs))
    // What it replaces may be of a clock that was ahead.
    const timeMs = Math.max(Date.now(), newestMs + 1)
    const envelope = wrapToGroups(fileKey, { single: all, epochs })
    const floorMs = endsOthers ? timeMs : shelf.floorOf(version)
    const terms = { org, version, author: this.#self, timeMs, floorMs, envelope }
    const record = createEnvelopeRecord(terms, { sign: message => key.sign(message), sha256 })
    if (!this.#isOwn(version, fileKey)) records.putBlob(OWN_PREFIX + version, wrapEnvelope(fileKey, [own]))
    shelf.put(record)
    return record
  }
}

function digestOf(recipients: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes([...recipients].sort(compareBytes)))
}
