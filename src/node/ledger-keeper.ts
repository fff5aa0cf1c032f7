/**
 * Keeps the org's ledger on this device: loads it, takes what peers bring, and writes our own feed. What it reports as
 * accepted is on disk before anybody hears of it.
 *
 * Kept as records: every accepted operation under its feed and position. Of a fork, which is evidence that a device
 * signed two histories, the later-come operations are kept under a key of their own. As blobs: the root chain
 * (`root/<version>`), and the incarnation under which this device writes.
 */

import { randomBytes } from 'node:crypto'
import { assert, defined } from '../base/assert.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { deviceIdFromBytes, ID_BYTES } from '../base/ids.ts'
import { feedKey } from '../ledger/feed.ts'
import { type AddResult, Ledger } from '../ledger/ledger.ts'
import { createOperation, INCARNATION_BYTES, type Operation } from '../ledger/operation.ts'
import type { OperationContent } from '../ledger/operation-types.ts'
import { decodeRoot, type Root } from '../ledger/root.ts'
import type { Verify } from '../ledger/signature.ts'
import { mayAuthor, type State } from '../ledger/state.ts'
import type { FeedRecord, RecordStore } from '../store/records.ts'
import { sha256 } from '../store/sha256.ts'
import { type DeviceKey, verifySignature } from './device-key.ts'
import type { Log } from './log.ts'

const ROOT_PREFIX = 'root/'
const INCARNATION_KEY = 'incarnation'
/** Records read back at once when a ledger is loaded. */
const LOAD_RECORDS = 4096

/** The ledger names keys by their raw bytes. */
export const verify: Verify = (key, message, signature) =>
  key.length === ID_BYTES && verifySignature(deviceIdFromBytes(key), message, signature)

export interface LedgerKeeperInit {
  readonly records: RecordStore
  readonly key: DeviceKey
  readonly log: Log
}

/** Writes the chain of a new org, or of one that was joined, before the first keeper opens it. */
export function saveRoots(records: RecordStore, roots: readonly Root[]): void {
  for (const root of roots)
    records.putBlob(`${ROOT_PREFIX}${String(root.version).padStart(8, '0')}`, root.record)
}

export class LedgerKeeper {
  readonly ledger: Ledger
  readonly roots: readonly Root[]
  readonly #records: RecordStore
  readonly #key: DeviceKey
  readonly #log: Log
  readonly #listeners = new Set<(accepted: readonly Operation[]) => void>()
  readonly #authored = new Set<(operation: Operation) => void>()
  #incarnation: string

  constructor(init: LedgerKeeperInit) {
    this.#records = init.records
    this.#key = init.key
    this.#log = init.log
    this.roots = loadRoots(init.records)
    this.ledger = new Ledger(defined(this.roots[0], 'root.v1'), { verify, sha256 })
    this.#load()
    this.#incarnation =
      fromUtf8(init.records.getBlob(INCARNATION_KEY) ?? new Uint8Array()) || this.#newIncarnation()
  }

  get incarnation(): string {
    return this.#incarnation
  }

  state(): State {
    return this.ledger.state()
  }

  /** Called with what was accepted, after it is durable. */
  onAccepted(listener: (accepted: readonly Operation[]) => void): void {
    this.#listeners.add(listener)
  }

  /** Called with each operation that this device signed, after it is durable. */
  onAuthored(listener: (operation: Operation) => void): void {
    this.#authored.add(listener)
  }

  /** Takes records that a peer brought. */
  take(records: readonly Uint8Array[]): AddResult {
    const result = this.ledger.add(records)
    for (const { reason, detail, id } of result.rejected)
      this.#log.warn({ id, reason }, `ledger record: ${detail}`)
    this.#accept(result.accepted)
    return result
  }

  /** Signs an operation of this device and makes it durable; AppError NOT_AUTHORISED when it would have no effect. */
  append(content: OperationContent, { expiresMs = null }: { expiresMs?: number | null } = {}): Operation {
    const author = this.#key.id
    if (!mayAuthor(this.state(), author, content.type)) {
      throw new AppError(
        'NOT_AUTHORISED',
        `this device may not do ${content.type}: its role in the org does not include it; ask an admin of the org`,
        { details: { operation: content.type } }
      )
    }
    let draft = this.ledger.draft({ author, incarnation: this.#incarnation, content })
    if (!draft.ok && draft.reason === 'feed-forked') {
      // This home was restored from a backup and wrote on: a feed of its own keeps the new life apart from the old.
      this.#newIncarnation()
      draft = this.ledger.draft({ author, incarnation: this.#incarnation, content })
    }
    if (!draft.ok)
      throw new AppError('NOT_AUTHORISED', `this device can not sign ${content.type}: ${draft.detail}`)
    const operation = createOperation(
      { ...draft.value, timeMs: Date.now(), expiresMs },
      { sign: message => this.#key.sign(message), sha256 }
    )
    const { accepted } = this.ledger.add([operation.record])
    assert(accepted.length === 1, 'an operation that we draft has its place')
    this.#accept(accepted)
    for (const listener of this.#authored) listener(operation)
    const inert = this.state().inert.get(operation.id)
    if (inert !== undefined) {
      throw new AppError('NOT_AUTHORISED', `${content.type} was signed but has no effect: ${inert.detail}`, {
        details: { operation: operation.id, reason: inert.reason }
      })
    }
    return operation
  }

  #accept(accepted: readonly Operation[]): void {
    if (accepted.length === 0) return
    const rows = accepted.map(operation => recordOf(operation))
    const outcome = this.#records.append(rows)
    if (outcome.outcome === 'conflict') for (const row of rows) this.#keep(row)
    for (const listener of this.#listeners) listener(accepted)
  }

  #keep(row: FeedRecord): void {
    if (this.#records.append([row]).outcome === 'durable') return
    const kept = this.#records.append([{ ...row, feed: `${row.feed}/fork/${row.id}` }])
    assert(kept.outcome === 'durable', 'an operation under its own id has no rival')
  }

  #load(): void {
    for (const feed of this.#records.heads().keys()) {
      for (let fromSeq = 0; ; ) {
        const rows = this.#records.scan({ feed, fromSeq, limit: LOAD_RECORDS })
        const last = rows.at(-1)
        if (last === undefined) break
        this.ledger.add(
          rows.map(row => row.bytes),
          { verifiedBefore: true }
        )
        fromSeq = last.seq + 1
      }
    }
  }

  #newIncarnation(): string {
    this.#incarnation = randomBytes(INCARNATION_BYTES).toString('hex')
    this.#records.putBlob(INCARNATION_KEY, utf8(this.#incarnation))
    return this.#incarnation
  }
}

function recordOf(operation: Operation): FeedRecord {
  return { feed: feedKey(operation), seq: operation.seq, id: operation.id, bytes: operation.record }
}

function loadRoots(records: RecordStore): Root[] {
  const roots: Root[] = []
  for (const { key, bytes } of records.listBlobs(ROOT_PREFIX)) {
    const predecessor = roots.at(-1)
    const root = decodeRoot(bytes, { verify, sha256, ...(predecessor && { predecessor }) })
    if (!root.ok) {
      throw new AppError('HOME_CORRUPT', `the org's record ${key} in the index is damaged: ${root.detail}`)
    }
    roots.push(root.value)
  }
  if (roots.length === 0)
    throw new AppError('HOME_CORRUPT', "the index has lost the org's root.v1; restore a backup")
  return roots
}
