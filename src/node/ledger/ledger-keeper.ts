/**
 * Keeps the org's ledger on this device: loads it, takes what peers bring, and writes our own feed, under an
 * incarnation that is kept too. How it lies on disk, and what happens when there is no room: kept-records.ts.
 *
 * With a snapshot of just these (snapshot-file.ts) the state is there at once, and the operations follow while the
 * node is at work. Until all are here, `state()` and `hello()` are the snapshot's. `ledger` is always whole: whoever
 * asks for it sooner has the rest loaded on the spot, in one go, so nothing can be added to half a ledger; who can wait
 * awaits `whole()` first. When the operations turn out to mean something else than the snapshot said, they win.
 *
 * What peers bring meanwhile waits, unless something in it takes: then the rest is loaded at once. That keeps the node
 * from all else until it is done, so that nobody is served by a state that is known to be outdated.
 */

import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { assert } from '../../base/assert.ts'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { deviceIdFromBytes, ID_BYTES, type OperationId } from '../../base/ids.ts'
import { formatDuration, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { authoringFault } from '../../ledger/authoring.ts'
import { decodeRoot, orgIdOf, type Root } from '../../ledger/chain/root.ts'
import { openRootChain, type RootChain } from '../../ledger/chain/root-chain.ts'
import { REPAIR_TYPES } from '../../ledger/chain/root-terms.ts'
import { signId, type Verify } from '../../ledger/encoding/signature.ts'
import { type Inert, isMember, type State } from '../../ledger/fold/state.ts'
import { CLOCK_TOLERANCE_MS, type ClockVerdict } from '../../ledger/freshness/freshness.ts'
import { type AddResult, Ledger, type ParsedRecords } from '../../ledger/ledger.ts'
import {
  createOperation,
  INCARNATION_BYTES,
  isSigned,
  type Operation,
  parseOperation
} from '../../ledger/operation/operation.ts'
import type { OperationContent, OperationType } from '../../ledger/operation/operation-content.ts'
import { takes } from '../../ledger/operation/operation-types.ts'
import type { LedgerSnapshot } from '../../ledger/snapshot/snapshot.ts'
import { wantsBeyond } from '../../ledger/snapshot/snapshot-wants.ts'
import type { Orphans } from '../../ledger/sync/orphans.ts'
import type { FeedTip, Want } from '../../ledger/sync/sync.ts'
import type { Hello } from '../../ledger/sync/sync-messages.ts'
import { type RecordIdentity, recordIdentity } from '../../store/record-identity.ts'
import type { RecordStore } from '../../store/records.ts'
import { sha256 } from '../../store/sha256.ts'
import { type DeviceKey, verifySignature } from '../keys/device-key.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../service-words.ts'
import { atOnce, inTurns } from '../turns.ts'
import { KeptRecords, rootBlobs } from './kept-records.ts'
import { loadBehind, loadRecords } from './ledger-loading.ts'
import { ledgerRules } from './ledger-rules.ts'
import { SignaturePool } from './signature-pool.ts'
import { type SnapshotBasis, type SnapshotFile, snapshotBasis } from './snapshot-file.ts'

const INCARNATION_KEY = 'incarnation'
/** Records that are parsed in one go, and slices that are parsed while earlier ones are verified. */
const SLICE_RECORDS = 512
const SLICES_AHEAD = 4
/** A snapshot is made once nothing came for a while, and not often: it is as large as the state. */
const SNAPSHOT_LOOK_MS = 60 * SECOND_MS
const SNAPSHOT_AGE_MS = 15 * MINUTE_MS

/** The ledger names keys by their raw bytes. */
export const verify: Verify = (key, message, signature) =>
  key.length === ID_BYTES && verifySignature(deviceIdFromBytes(key), message, signature)

export interface LedgerKeeperInit {
  readonly records: RecordStore
  readonly key: DeviceKey
  readonly log: Log
  /** How wrong this device's clock is known to be, if it is. */
  readonly clock?: () => ClockVerdict
  /** Where operations wait for others. */
  readonly orphans?: Orphans
  /** Where a snapshot is kept; without, every operation is read at each start. */
  readonly snapshots?: SnapshotFile
}

export interface LedgerListener {
  /** Operations were accepted, and count from here on; none, when those here mean something else than was believed. */
  readonly onAccepted: (accepted: readonly Operation[]) => void
  /** Root records were kept; the chain may have moved. */
  readonly onRoots: (kept: readonly Root[]) => void
}

export class LedgerKeeper {
  readonly chain: RootChain
  readonly #ledger: Ledger
  readonly #records: RecordStore
  readonly #kept: KeptRecords
  readonly #key: DeviceKey
  readonly #log: Log
  readonly #clock: () => ClockVerdict
  readonly #signatures = new SignaturePool(verify)
  readonly #listeners = new Set<Partial<LedgerListener>>()
  readonly #authored = new Set<(operation: Operation) => void>()
  readonly #snapshots: SnapshotFile | undefined
  readonly #whole = Promise.withResolvers<void>()
  readonly #onWhole: (() => void)[] = []
  readonly #snapshotTimer: NodeJS.Timeout | undefined
  #incarnation: string
  /** While operations are being loaded behind a snapshot. */
  #loading:
    | { readonly snapshot: LedgerSnapshot; readonly steps: Generator<void, string | undefined> }
    | undefined
  #isClosed = false
  /** Counts what a snapshot would have to hold, and up to where the newest one does. */
  #changes = 0
  #changesLooked = 0
  #changesKept = -1
  #snapshotMs = Number.NEGATIVE_INFINITY
  #keeping: Promise<void> = Promise.resolve()

  constructor(init: LedgerKeeperInit) {
    this.#records = init.records
    this.#kept = new KeptRecords(init)
    this.#key = init.key
    this.#log = init.log
    this.#clock = init.clock ?? (() => ({ kind: 'ok' }))
    this.chain = loadChain(init.records)
    const { orphans } = init
    this.#ledger = new Ledger(this.chain, { verify, sha256, ...(orphans && { orphans }) })
    this.#snapshots = init.snapshots
    this.#whole.promise.catch(() => undefined) // whoever awaits it is told; nobody has to
    this.#load()
    if (this.#snapshots !== undefined)
      this.#snapshotTimer = setInterval(() => void this.#snapshotNowAndThen(), SNAPSHOT_LOOK_MS).unref()
    this.#incarnation =
      fromUtf8(init.records.getBlob(INCARNATION_KEY) ?? new Uint8Array()) || this.#newIncarnation()
  }

  get incarnation(): string {
    return this.#incarnation
  }

  /** The ledger with every operation in it; loads what is missing before it answers. */
  get ledger(): Ledger {
    this.#loadRest()
    return this.#ledger
  }

  get isWhole(): boolean {
    return this.#loading === undefined
  }

  /** Resolves once every operation is here; rejects when this is closed before. */
  whole(): Promise<void> {
    return this.#whole.promise
  }

  /** Calls back once every operation is here; at once when they are. */
  onWhole(listener: () => void): void {
    if (this.isWhole) listener()
    else this.#onWhole.push(listener)
  }

  state(): State {
    return this.#loading?.snapshot.state ?? this.#ledger.state()
  }

  /** How many operations are placed. */
  get size(): number {
    return this.#loading?.snapshot.operations ?? this.#ledger.size
  }

  hello(): Hello {
    if (this.#loading === undefined) return this.#ledger.hello()
    const { tips, digest } = this.#loading.snapshot
    const { version, hash } = this.chain.newest
    return { org: this.#ledger.org, rootVersion: version, rootHash: hash, digest, tips: tips.length }
  }

  tips(): readonly FeedTip[] {
    return this.#loading?.snapshot.tips ?? this.#ledger.tips()
  }

  /** What to ask a peer for that has `theirs`; see Ledger. While operations are still being loaded, some of it. */
  wantsFrom(theirs: readonly FeedTip[], sent: readonly OperationId[] = []): readonly Want[] {
    if (this.#loading === undefined) return this.#ledger.wantsFrom(theirs, sent)
    return wantsBeyond(this.#loading.snapshot.tips, theirs)
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
    if (records.length === 0) return false
    this.#loadRest() // a snapshot is of the chain as it was
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
    this.#kept.take({ roots: kept })
    this.#changes++
    if (chainMoved) this.ledger.chainMoved()
    else this.ledger.rootsKept()
    const { freeze } = this.chain
    if (chainMoved && freeze !== undefined)
      this.#log.error(
        { version: freeze.version, keys: freeze.equivocators },
        'admins signed two roots of one version: no authority changes until a recovery root settles it'
      )
    this.#tellAll(listener => listener.onRoots?.(kept))
    return true
  }

  /** Takes records that a peer brought: many of them a slice at a time, and other work goes on between. */
  async takeAll(records: readonly Uint8Array[]): Promise<readonly Operation[]> {
    if (!this.isWhole) {
      if (this.#takesAnything(records)) this.#loadRest()
      else await this.whole()
    }
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

  /** Ends what runs beside, and leaves a snapshot for the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#snapshotTimer)
    this.#whole.reject(new AppError('INTERRUPTED', 'the node stopped before its ledger was loaded'))
    await this.#keeping
    this.#kept.close()
    if (this.isWhole && this.#changesKept !== this.#changes) await this.#keepSnapshot()
    await this.#signatures.close()
  }

  problems(): Problem[] {
    return this.#kept.problems()
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
   * may not do it, CLOCK_SKEWED when its clock is known to be wrong; then nothing is signed.
   */
  author(
    content: OperationContent,
    { expiresMs = null }: { expiresMs?: number | null } = {}
  ): { readonly operation: Operation; readonly inert: Inert | undefined } {
    const author = this.#key.id
    const nowMs = Date.now()
    const fault = authoringFault(this.ledger, { device: author, content, nowMs })
    if (fault !== undefined)
      throw new AppError('NOT_AUTHORISED', `this device may not do ${content.type}: ${fault}`, {
        details: { operation: content.type }
      })
    this.requireClock(content)
    let draft = this.ledger.draft({ author, incarnation: this.#incarnation, content, nowMs })
    if (!draft.ok && draft.reason === 'feed-forked') {
      // This home was restored from a backup and wrote on: a feed of its own keeps the new life apart from the old.
      this.#newIncarnation()
      draft = this.ledger.draft({ author, incarnation: this.#incarnation, content, nowMs })
    }
    if (!draft.ok)
      throw new AppError('NOT_AUTHORISED', `this device can not sign ${content.type}: ${draft.detail}`)
    const operation = createOperation(
      { ...draft.value, timeMs: nowMs, expiresMs },
      { sign: message => this.#key.sign(message), sha256 }
    )
    // Durable before anybody can hear of it: else another would be signed at its place after a crash.
    this.#kept.keepOwn(operation)
    const { accepted } = this.ledger.add([operation.record])
    assert(accepted.length === 1, 'an operation that we draft has its place')
    this.#tell(accepted)
    for (const listener of this.#authored) listener(operation)
    return { operation, inert: this.state().inert.get(operation.id) }
  }

  /**
   * Throws AppError CLOCK_SKEWED when nothing of this kind may be signed, as this device's clock is known to be wrong:
   * what is signed is dated wrong for ever, and whoever builds on it with it. Taking goes by no clock
   * and may be urgent; and a next root must be possible even if the signers of beacons lie about the time.
   */
  requireClock(said: OperationType | OperationContent): void {
    const type = typeof said === 'string' ? said : said.type
    if (takes(said) || REPAIR_TYPES.includes(type)) return
    const clock = this.#clock()
    if (clock.kind === 'ok') return
    const offMs = Math.abs(clock.offsetMs)
    throw new AppError(
      'CLOCK_SKEWED',
      `nothing was signed: the clock of this device is about ${formatDuration(offMs)} ${clock.kind} by the org's beacons, ` +
        `at most ${formatDuration(CLOCK_TOLERANCE_MS)} is allowed for ${type}; set the clock`,
      { details: { clock: clock.kind, offsetMs: clock.offsetMs, operation: type } }
    )
  }

  /** This device's signature over the hash of a root. Whether it may sign is for the caller to know. */
  signRoot(hash: Uint8Array): Uint8Array {
    return signId('root', hash, message => this.#key.sign(message))
  }

  /** The same over the id of an override of freshness. */
  signOverride(id: Uint8Array): Uint8Array {
    return signId('override', id, message => this.#key.sign(message))
  }

  #accept(accepted: readonly Operation[]): void {
    if (accepted.length === 0) return
    this.#kept.take({ operations: accepted })
    this.#tell(accepted)
  }

  #tell(accepted: readonly Operation[]): void {
    this.#changes++
    this.#tellAll(listener => listener.onAccepted?.(accepted))
  }

  /** Who can not do what is due, as on a full disk, keeps nobody else from being told. */
  #tellAll(tell: (listener: Partial<LedgerListener>) => void): void {
    for (const listener of this.#listeners)
      try {
        tell(listener)
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown
        this.#log.error({ code: thrown.code }, `after a change of the ledger: ${thrown.message}`)
      }
  }

  #load(): void {
    if (this.#snapshots !== undefined) ledgerRules()
    const snapshot = this.#snapshots?.read(
      () => this.#basis(atOnce(recordIdentity(this.#records))),
      this.chain
    )
    if (snapshot === undefined) {
      atOnce(loadRecords(this.#records, this.#ledger))
      this.#whole.resolve()
      return
    }
    this.#changesKept = this.#changes
    const steps = loadBehind(this.#records, this.#ledger, snapshot)
    this.#loading = { snapshot, steps }
    const goesOn = (): boolean => this.#loading !== undefined && !this.#isClosed
    void inTurns(steps, goesOn).then(difference => {
      if (goesOn()) this.#loaded(difference)
    })
  }

  #loadRest(): void {
    if (this.#loading !== undefined) this.#loaded(atOnce(this.#loading.steps))
  }

  #loaded(difference: string | undefined): void {
    this.#loading = undefined
    this.#whole.resolve()
    if (difference !== undefined) {
      this.#log.error({ difference }, 'the snapshot of the ledger was wrong; what is stored counts instead')
      this.#snapshots?.discard()
      this.#changes++
    }
    for (const listener of this.#onWhole.splice(0)) listener()
    if (difference !== undefined) this.#tellAll(listener => listener.onAccepted?.([]))
  }

  /** Whether any of these records of strangers is of a member and takes something from somebody. */
  #takesAnything(records: readonly Uint8Array[]): boolean {
    return records.some(record => {
      const parsed = parseOperation(record, sha256)
      if (!parsed.ok) return false
      const { author, content } = parsed.value.operation
      if (content === undefined || !takes(content)) return false
      return isMember(this.state(), author, Date.now()) && isSigned(parsed.value, verify)
    })
  }

  #basis({ hash: records }: RecordIdentity): SnapshotBasis {
    const roots = rootBlobs(this.#records)
    return snapshotBasis({ chain: this.chain, roots, records, rules: ledgerRules() })
  }

  /** While much happens none is made: it would be outdated at once. */
  async #snapshotNowAndThen(): Promise<void> {
    const isQuiet = this.#changes === this.#changesLooked
    this.#changesLooked = this.#changes
    if (!isQuiet || !this.isWhole || this.#isClosed || this.#changesKept === this.#changes) return
    if (performance.now() - this.#snapshotMs < SNAPSHOT_AGE_MS) return
    this.#keeping = this.#keepSnapshot()
    await this.#keeping
  }

  /** Writes one, unless something changes meanwhile. */
  async #keepSnapshot(): Promise<void> {
    if (this.#snapshots === undefined) return
    const changes = this.#changes
    const isStill = (): boolean => this.#changes === changes
    const identity = await inTurns(recordIdentity(this.#records), isStill)
    // A record that the ledger does not hold, however it came to be here, is for a full load to look at.
    if (identity === undefined || identity.count !== this.#ledger.size) return
    this.#snapshotMs = performance.now()
    const snapshot = {
      state: this.#ledger.state(),
      operations: this.#ledger.size,
      tips: this.#ledger.tips(),
      digest: this.#ledger.hello().digest
    }
    if (await this.#snapshots.write(this.#basis(identity), snapshot, isStill)) this.#changesKept = changes
  }

  #newIncarnation(): string {
    this.#incarnation = randomBytes(INCARNATION_BYTES).toString('hex')
    this.#records.putBlob(INCARNATION_KEY, utf8(this.#incarnation))
    return this.#incarnation
  }
}

/** The chain of an org from the records that this device kept of it. */
function loadChain(records: RecordStore): RootChain {
  const kept = rootBlobs(records)
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
  throw damagedRoot(kept[bytes.indexOf(fault.record)]?.key ?? founding.key, fault.detail)
}

function damagedRoot(key: string, detail: string): AppError {
  return new AppError('HOME_CORRUPT', `the org's record ${key} in the index is damaged: ${detail}`)
}
