/**
 * Keeps the org's ledger on this device: loads it, takes what peers bring, and writes our own feed. What it reports as
 * accepted is on disk before anybody hears of it.
 *
 * Kept as records: every accepted operation under its feed and position. Of a fork, which is evidence that a device
 * signed two histories, the later-come operations are kept under a key of their own. As blobs: the founding root
 * (`root/<version>`), the roots that follow (`root/<version>/<hash of the record>`), and the incarnation under which
 * this device writes.
 */

import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { assert } from '../../base/assert.ts'
import { fromUtf8, toHex, utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { deviceIdFromBytes, ID_BYTES } from '../../base/ids.ts'
import { authoringFault } from '../../ledger/authoring.ts'
import { decodeRoot, orgIdOf, type Root } from '../../ledger/chain/root.ts'
import { openRootChain, type RootChain } from '../../ledger/chain/root-chain.ts'
import { signId, type Verify } from '../../ledger/encoding/signature.ts'
import { feedKey } from '../../ledger/fold/feed.ts'
import type { Inert, State } from '../../ledger/fold/state.ts'
import { type AddResult, Ledger, type ParsedRecords } from '../../ledger/ledger.ts'
import { createOperation, INCARNATION_BYTES, type Operation } from '../../ledger/operation/operation.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import type { Orphans } from '../../ledger/sync/orphans.ts'
import type { FeedRecord, RecordStore } from '../../store/records.ts'
import { sha256 } from '../../store/sha256.ts'
import { type DeviceKey, verifySignature } from '../keys/device-key.ts'
import type { Log } from '../log.ts'
import { SignaturePool } from './signature-pool.ts'

const ROOT_PREFIX = 'root/'
const INCARNATION_KEY = 'incarnation'
/** Records that are parsed in one go, and slices that are parsed while earlier ones are verified. */
const SLICE_RECORDS = 512
const SLICES_AHEAD = 4
/** Records read back at once when a ledger is loaded. */
const LOAD_RECORDS = 4096

/** The ledger names keys by their raw bytes. */
export const verify: Verify = (key, message, signature) =>
  key.length === ID_BYTES && verifySignature(deviceIdFromBytes(key), message, signature)

export interface LedgerKeeperInit {
  readonly records: RecordStore
  readonly key: DeviceKey
  readonly log: Log
  /** Where operations wait for others. */
  readonly orphans?: Orphans
}

/** Keeps root records, such as the chain of a new org before the first keeper opens it. */
export function saveRoots(records: RecordStore, roots: readonly Root[]): void {
  for (const { version, record } of roots) {
    const place = `${ROOT_PREFIX}${String(version).padStart(8, '0')}`
    // Of a later version there can be several, and of one root several records.
    records.putBlob(version === 1 ? place : `${place}/${toHex(sha256(record))}`, record)
  }
}

export interface LedgerListener {
  /** Operations were accepted, and are durable. */
  readonly onAccepted: (accepted: readonly Operation[]) => void
  /** Root records were kept, and are durable; the chain may have moved. */
  readonly onRoots: (kept: readonly Root[]) => void
}

export class LedgerKeeper {
  readonly ledger: Ledger
  readonly chain: RootChain
  readonly #records: RecordStore
  readonly #key: DeviceKey
  readonly #log: Log
  readonly #signatures = new SignaturePool(verify)
  readonly #listeners = new Set<Partial<LedgerListener>>()
  readonly #authored = new Set<(operation: Operation) => void>()
  #incarnation: string

  constructor(init: LedgerKeeperInit) {
    this.#records = init.records
    this.#key = init.key
    this.#log = init.log
    this.chain = loadChain(init.records)
    const { orphans } = init
    this.ledger = new Ledger(this.chain, { verify, sha256, ...(orphans && { orphans }) })
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

  on(listener: Partial<LedgerListener>): void {
    this.#listeners.add(listener)
  }

  /** Called with each operation that this device signed, after it is durable. */
  onAuthored(listener: (operation: Operation) => void): void {
    this.#authored.add(listener)
  }

  /** Takes root records of any origin; whether any of them was new. */
  takeRoots(records: readonly Uint8Array[]): boolean {
    const kept: Root[] = []
    let chainMoved = false
    for (const record of records) {
      const added = this.chain.add(record)
      if (!added.ok) this.#log.warn({ reason: added.reason }, `root record: ${added.detail}`)
      else if (added.value.outcome === 'kept') {
        kept.push(...added.value.kept)
        chainMoved ||= added.value.chainMoved
      }
    }
    if (kept.length === 0) return false
    saveRoots(this.#records, kept)
    if (chainMoved) this.ledger.chainMoved()
    else this.ledger.rootsKept()
    const { freeze } = this.chain
    if (chainMoved && freeze !== undefined)
      this.#log.error(
        { version: freeze.version, keys: freeze.equivocators },
        'admins signed two roots of one version: no authority changes until a recovery root settles it'
      )
    for (const listener of this.#listeners) listener.onRoots?.(kept)
    return true
  }

  /** Takes records that a peer brought: many of them a slice at a time, and other work goes on between. */
  async takeAll(records: readonly Uint8Array[]): Promise<readonly Operation[]> {
    const accepted: Operation[] = []
    const checking: { parsed: ParsedRecords; signed: Promise<boolean[]> }[] = []
    const settle = async (): Promise<void> => {
      const first = checking.shift()
      if (first === undefined) return
      accepted.push(...this.#took(this.ledger.addParsed(first.parsed, await first.signed)).accepted)
    }
    for (let at = 0; at < records.length; at += SLICE_RECORDS) {
      const parsed = this.ledger.parse(records.slice(at, at + SLICE_RECORDS))
      const signed = this.#signatures.check(parsed.unchecked)
      signed.catch(() => undefined) // it is awaited below, where an earlier one may throw first
      checking.push({ parsed, signed })
      if (checking.length > SLICES_AHEAD) await settle()
      else await nextTurn()
    }
    while (checking.length > 0) await settle()
    return accepted
  }

  /** Ends what runs beside. */
  async close(): Promise<void> {
    await this.#signatures.close()
  }

  /** Takes few records at once. */
  take(records: readonly Uint8Array[]): AddResult {
    return this.#took(this.ledger.add(records))
  }

  #took(result: AddResult): AddResult {
    for (const { reason, detail, id } of result.rejected)
      this.#log.warn({ id, reason }, `ledger record: ${detail}`)
    this.#accept(result.accepted)
    return result
  }

  /** Signs an operation of this device and makes it durable; AppError NOT_AUTHORISED when it has no effect. */
  append(content: OperationContent, options: { expiresMs?: number | null } = {}): Operation {
    const { operation, inert } = this.author(content, options)
    if (inert !== undefined) {
      throw new AppError('NOT_AUTHORISED', `${content.type} was signed but has no effect: ${inert.detail}`, {
        details: { operation: operation.id, reason: inert.reason }
      })
    }
    return operation
  }

  /**
   * The same for what may wait for approvals: says why it has no effect yet. AppError NOT_AUTHORISED when this device
   * may not do it; then nothing is signed.
   */
  author(
    content: OperationContent,
    { expiresMs = null }: { expiresMs?: number | null } = {}
  ): { readonly operation: Operation; readonly inert: Inert | undefined } {
    const author = this.#key.id
    const fault = authoringFault(this.ledger, { device: author, content, nowMs: Date.now() })
    if (fault !== undefined)
      throw new AppError('NOT_AUTHORISED', `this device may not do ${content.type}: ${fault}`, {
        details: { operation: content.type }
      })
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
    return { operation, inert: this.state().inert.get(operation.id) }
  }

  /** This device's signature over the hash of a root. Whether it may sign is for the caller to know. */
  signRoot(hash: Uint8Array): Uint8Array {
    return signId('root', hash, message => this.#key.sign(message))
  }

  #accept(accepted: readonly Operation[]): void {
    if (accepted.length === 0) return
    const rows = accepted.map(operation => recordOf(operation))
    const outcome = this.#records.append(rows)
    if (outcome.outcome === 'conflict') for (const row of rows) this.#keep(row)
    for (const listener of this.#listeners) listener.onAccepted?.(accepted)
  }

  #keep(row: FeedRecord): void {
    if (this.#records.append([row]).outcome === 'durable') return
    const kept = this.#records.append([{ ...row, feed: `${row.feed}/fork/${row.id}` }])
    assert(kept.outcome === 'durable', 'an operation under its own id has no rival')
  }

  /**
   * Feed by feed, those of the founders first, since most others build on them. What waits for another feed may have to
   * give way when there is much of it (orphans.ts), so this goes on until a pass brings nothing.
   */
  #load(): void {
    const founders = new Set(this.chain.founding.admins)
    const isFounders = (feed: string) => [...founders].some(founder => feed.startsWith(founder))
    const feeds = [...this.#records.heads().keys()].sort(
      (a, b) => Number(isFounders(b)) - Number(isFounders(a))
    )
    let before: number
    do {
      before = this.ledger.size
      let kept = 0
      for (const feed of feeds) kept += this.#loadFeed(feed)
      if (this.ledger.size >= kept) return
    } while (this.ledger.size > before)
  }

  #loadFeed(feed: string): number {
    let count = 0
    for (let fromSeq = 0; ; ) {
      const rows = this.#records.scan({ feed, fromSeq, limit: LOAD_RECORDS })
      const last = rows.at(-1)
      if (last === undefined) return count
      this.ledger.add(
        rows.map(row => row.bytes),
        { verifiedBefore: true }
      )
      count += rows.length
      fromSeq = last.seq + 1
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

/** The chain of an org from the records that this device kept of it. */
function loadChain(records: RecordStore): RootChain {
  const kept = records.listBlobs(ROOT_PREFIX)
  const [founding] = kept
  if (founding === undefined)
    throw new AppError('HOME_CORRUPT', "the index has lost the org's root.v1; restore a backup")
  const root = decodeRoot(founding.bytes, { verify, sha256 })
  if (!root.ok) throw damagedRoot(founding.key, root.detail)
  const bytes = kept.map(blob => blob.bytes)
  const opened = openRootChain(bytes, { org: orgIdOf(root.value), verify, sha256 })
  if (!opened.ok) throw damagedRoot(founding.key, opened.detail)
  const { chain, refused } = opened.value
  const [fault] = refused
  if (fault === undefined) return chain
  throw damagedRoot(kept[bytes.indexOf(fault.record)]?.key ?? ROOT_PREFIX, fault.detail)
}

function damagedRoot(key: string, detail: string): AppError {
  return new AppError('HOME_CORRUPT', `the org's record ${key} in the index is damaged: ${detail}`)
}
