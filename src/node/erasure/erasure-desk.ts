/**
 * Does on this device what the ledger says about erased versions: deletes every copy, and signs that it did. The
 * ledger is its journal: a version is at work while copies of it are to be deleted (ledger/fold/deletion.ts) and
 * something of it is here, or an erasure of it waits for this device's word. So it goes on after a crash at any
 * instant, and at each start before anything is served.
 *
 * For one version, in this order; each step can be done again:
 *   1. transfers of it end and are forgotten; follows leave it;
 *   2. nobody is served from it (the ledger has refused them since it said so);
 *   3. what its copies have is noted, and they are deleted, durably; chunk indexes and keys go;
 *   4. the databases are rid of what was deleted in them;
 *   5. it is noted as deleted, and confirmed in the ledger.
 *
 * What was published in place is its owner's file, outside what the store wrote: it is forgotten and left, and the
 * confirmation says so, unless somebody agreed on this device that it goes too.
 *
 * A recall takes every copy but that: whoever published it says first that its source is there, keeps it with its keys
 * as it is, and only then do all delete theirs. A follow that has a good version to go to goes there first, as what
 * runs from its destination did nothing wrong; an erasure waits for nothing.
 *
 * A device that held nothing says that, of erasures that are not older than its membership. What can not be deleted
 * now, such as on a disk that is not there, is not confirmed; it is told as a problem and tried again.
 */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { Version } from '../../content/version.ts'
import { deletionOf, erasuresOf, mustDelete } from '../../ledger/fold/deletion.ts'
import { type ErasureEntry, isMember } from '../../ledger/fold/state.ts'
import { CLOCK_TOLERANCE_MS } from '../../ledger/freshness/freshness.ts'
import type { Holding, Store } from '../../store/store.ts'
import type { FollowDesk } from '../follow/follow-desk.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import { joinTimes } from '../ledger/join-times.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { ChunkIndexes } from '../reuse/chunk-indexes.ts'
import type { SealedSources } from '../sealing/sealed-sources.ts'
import type { Problem } from '../service.ts'
import type { HeldShares } from '../shares/held-shares.ts'
import { haveBytesOf } from '../swarm/selection.ts'
import type { TransferDesk } from '../swarm/transfer-desk.ts'
import type { TransferOrder } from '../swarm/transfer-record.ts'
import { erasing } from '../tracing/spans.ts'
import { cachedCopy } from './cached-copy.ts'
import { type CertificateTerms, signCertificate } from './certificate.ts'
import { type ErasureRecord, ErasureRecords, freshRecord, type OpenedTree } from './erasure-record.ts'
import type { Certificate } from './erasure-terms.ts'
import { forgottenProblem, forgottenSource, isSame, notHeld, wordOf } from './erasure-word.ts'
import { deleteLeftSource, isAnyThere, isSourceThere, type SourceHere, sourcesHere } from './left-source.ts'

const RETRY_MS = MINUTE_MS
/** How soon it is looked whether a follow has left what was recalled. */
const LEAVING_MS = SECOND_MS

export interface ErasureDeskInit {
  readonly self: DeviceId
  readonly key: Pick<DeviceKey, 'sign'>
  readonly store: Store
  readonly keeper: LedgerKeeper
  readonly transfers: Pick<TransferDesk, 'abandon' | 'views'>
  readonly follows: Pick<FollowDesk, 'purge' | 'isLeaving'>
  readonly indexes: Pick<ChunkIndexes, 'release'>
  /** Nobody is served from a version any more, and it is not wanted. */
  readonly drop: (version: VersionId) => void
  /** Erasure shares of a version that this device has. */
  readonly shares?: Pick<HeldShares, 'versions' | 'holdings'>
  /** Whether this device has keys of a version. */
  readonly holdsKeys?: (version: VersionId) => boolean
  /** Destroys them, and has none come back. */
  readonly onErase?: (version: VersionId) => Promise<void>
  /** The plain version that a transfer opened into its destination; undefined where that can not be known any more. */
  readonly plainOf?: (order: TransferOrder) => Promise<Version | undefined>
  /** Where the plain files lie that were sealed here. */
  readonly sealedSources?: Pick<SealedSources, 'of' | 'forget'>
  /** Whether a source is of this device's own making, such as sealed objects, and nobody else's to delete. */
  readonly ownsSource?: (path: string) => boolean
  /** Resolves when nothing that somebody else on this device let go of is still being removed, its folder included. */
  readonly removals?: (version: VersionId) => Promise<void>
  /** What was held of a version is deleted. */
  readonly onDeleted: (version: VersionId, because: 'erased' | 'recalled') => void
  readonly log: Log
}

export class ErasureDesk {
  readonly #init: ErasureDeskInit
  readonly #records: ErasureRecords
  readonly #problems = new Map<VersionId, Problem>()
  /** Versions whose missing folders a person said were removed. */
  readonly #gone = new Set<VersionId>()
  /** Versions whose sources a person asked to look at. */
  readonly #asked = new Set<VersionId>()
  /** When this device was enrolled first; undefined until the ledger is whole. */
  #joinedAtMs: number | undefined
  #again = false
  #work: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(init: ErasureDeskInit) {
    this.#init = init
    this.#records = new ErasureRecords(init.store.records)
  }

  /** Deletes what is due, before anything is served; resolves when that is done, or can not be done now. */
  async start(): Promise<void> {
    this.look()
    await this.settled()
    this.#init.keeper.onWhole(() => this.look())
  }

  look(): void {
    this.#again = true
    if (this.#work !== undefined || this.#isClosed) return
    this.#work = this.#run().finally(() => {
      this.#work = undefined
    })
  }

  /** Resolves when there is nothing to do before something changes. */
  async settled(): Promise<void> {
    while (this.#work !== undefined) await this.#work
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    await this.settled()
  }

  /** What a person should know: what could not be deleted, and sources that are left to their owner. */
  problems(): Problem[] {
    const left = this.#records
      .all()
      .flatMap(({ version, sources, deletedAtMs }) =>
        deletedAtMs === null ? [] : sources.map(source => this.#leftProblem(version, source.path))
      )
    const forgotten = [...this.#init.keeper.state().erasures.values()]
      .filter(erasure => this.#forgottenSource(erasure) !== undefined)
      .map(({ version, case: id }) => forgottenProblem(version, id))
    return [...this.#problems.values(), ...left, ...forgotten]
  }

  #forgottenSource(erasure: ErasureEntry): ReturnType<typeof forgottenSource> {
    const { version } = erasure
    const said = forgottenSource(erasure, { self: this.#init.self, record: this.record(version) })
    return said !== undefined && this.#keepsSource(version) ? undefined : said
  }

  /** Signs as this device. */
  certify(terms: CertificateTerms): Certificate {
    return signCertificate(terms, this.#init.key)
  }

  record(version: VersionId): ErasureRecord | undefined {
    return this.#records.find(version)
  }

  /** What stays of a version on this device when it is erased, unless its owner agrees. */
  sources(version: VersionId): SourceHere[] {
    return sourcesHere(version, { ...this.#init, record: this.record(version) })
  }

  /** Agrees that what was published from this device of these versions is deleted too, whenever they are erased. */
  agreeToDeleteSources(versions: readonly VersionId[]): void {
    for (const version of versions)
      this.#records.save({ ...(this.record(version) ?? freshRecord(version)), deletesSources: true })
  }

  /** Tries again at once; with `gone`, copies whose folder is not there count as deleted. */
  async finish(versions: readonly VersionId[], { gone }: { readonly gone: boolean }): Promise<void> {
    for (const version of versions) {
      this.#asked.add(version)
      if (!gone) continue
      this.#gone.add(version)
      const said = this.#erasuresOf(version)
        .map(each => this.#forgottenSource(each))
        .find(Boolean)
      if (said === undefined) continue
      // By a person's word; so what is here now is all that is to be said.
      const known = this.record(version) ?? freshRecord(version)
      this.#records.save({ ...known, bytes: { said: said.bytes }, keys: said.keys, deletedAtMs: null })
    }
    this.look()
    await this.settled()
  }

  #leftProblem(version: VersionId, path: string): Problem {
    const [erasure] = this.#erasuresOf(version)
    const then = `delete it, and then: peerage erase finish ${erasure?.case.slice(0, 12) ?? 'CASE'}`
    const message = `${path} was published from this device and is erased from the org; the file is its owner's: ${then}`
    return { code: 'ERASURE_UNFINISHED', message, path }
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#isClosed) {
      this.#again = false
      clearTimeout(this.#retry)
      this.#problems.clear()
      for (const version of this.#due()) await this.#advance(version)
      for (const version of this.#awaited()) if (this.#keepsSource(version)) this.#confirm(version)
      const isLeaving = this.#leaving()
      if (this.#problems.size === 0 && !isLeaving) continue
      this.#retry = setTimeout(() => this.look(), isLeaving ? LEAVING_MS : RETRY_MS)
      this.#retry.unref()
    }
  }

  /** Versions of which copies are to be deleted, and about which something is to be done or said here. */
  #due(): VersionId[] {
    const state = this.#init.keeper.state()
    const copies = new Set(this.#heldOf('fetched'))
    const sources = new Set(this.#heldOf('source'))
    const transferred = new Set(this.#init.transfers.views().map(({ version }) => version))
    const due = new Set<VersionId>()
    for (const { version, confirmations } of state.erasures.values()) {
      const record = this.record(version)
      const deletion = deletionOf(state, version)
      if (deletion.kind !== 'due' || (deletion.sourcesStay && this.#init.follows.isLeaving(version))) continue
      const isOpen =
        copies.has(version) ||
        this.#init.store.cache?.find(version) !== undefined ||
        (sources.has(version) && !deletion.sourcesStay) ||
        // As when the disk came back from a backup.
        (this.#init.holdsKeys?.(version) === true && !(sources.has(version) && deletion.sourcesStay)) ||
        transferred.has(version) ||
        this.#sharesHere(version).size > 0 ||
        !confirmations.has(this.#init.self) ||
        (record !== undefined && (record.deletedAtMs === null || record.sources.length > 0))
      if (isOpen) due.add(version)
    }
    return [...due]
  }

  #leaving(): boolean {
    const state = this.#init.keeper.state()
    return [...state.erasures.values()].some(
      ({ kind, version }) =>
        kind === 'recall' && mustDelete(state, version) && this.#init.follows.isLeaving(version)
    )
  }

  #heldOf(kind: Holding['kind']): VersionId[] {
    return this.#init.store.holdings().flatMap(each => (each.kind === kind ? [each.version.id] : []))
  }

  /** What was recalled, and waits for this device to say whether its source is there. */
  #awaited(): VersionId[] {
    const { keeper, self } = this.#init
    const state = keeper.state()
    const recalled = [...state.erasures.values()].flatMap(({ kind, version }) =>
      kind === 'recall' ? [version] : []
    )
    return [...new Set(recalled)].filter(version => {
      const deletion = deletionOf(state, version)
      return deletion.kind === 'waiting' && deletion.publishers.has(self)
    })
  }

  /** Whether what was published of it in place is all there. */
  #keepsSource(version: VersionId): boolean {
    return this.#init.store
      .holdings()
      .some(each => each.kind === 'source' && each.version.id === version && isSourceThere(each))
  }

  #sourcesStay(version: VersionId): boolean {
    const deletion = deletionOf(this.#init.keeper.state(), version)
    return deletion.kind === 'due' && deletion.sourcesStay
  }

  async #advance(version: VersionId): Promise<void> {
    try {
      if (await erasing(version, () => this.#delete(version))) this.#confirm(version)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      const { code, message, details } = thrown
      this.#tell(version, { code, message, path: typeof details.path === 'string' ? details.path : null })
    }
  }

  #sharesHere(version: VersionId): ReadonlySet<VersionId> {
    return this.#init.shares?.versions(version, () => this.#init.transfers.views()) ?? new Set()
  }

  /** True when nothing of it is here any more, but for sources that are left. */
  async #delete(version: VersionId): Promise<boolean> {
    const { store, transfers, follows, indexes, drop, onErase, onDeleted, log } = this.#init
    const isTransferred = transfers.views().some(view => view.version === version)
    await this.#noteOpened(version)
    if (!this.#sourcesStay(version)) this.#noteSealed(version)
    const shares = this.#sharesHere(version)
    for (const each of [...(isTransferred ? [version] : []), ...shares]) await transfers.abandon(each)
    await follows.purge(version)
    for (const each of [version, ...shares]) drop(each)
    const cached = cachedCopy(store, version)
    if (cached !== undefined) this.#records.save(cached.noted(this.record(version) ?? freshRecord(version)))
    await cached?.remove()
    const sourcesStay = this.#sourcesStay(version)
    const all = store.holdings().filter(holding => holding.version.id === version)
    const whole = all.filter(({ kind }) => kind === 'fetched' || !sourcesStay)
    const holdings = [...whole, ...((await this.#init.shares?.holdings(version)) ?? [])]
    let isGone = true
    for (const holding of holdings) isGone = (await this.#deleteHolding(version, holding)) && isGone
    await this.#init.removals?.(version)
    const opened = await this.#deleteOpened(version)
    isGone &&= opened.isGone
    const left = await this.#deleteSources(version)
    // Who keeps the source of what was recalled can still open it.
    const keysStay = all.length > whole.length
    const keys = !keysStay && this.#init.holdsKeys?.(version) === true
    // Before they go, so that a crash in between does not have it forgotten.
    if (keys)
      this.#records.save({ ...(this.record(version) ?? freshRecord(version)), keys, deletedAtMs: null })
    if (!keysStay) await onErase?.(version)
    const known = this.record(version)
    const isHeld = holdings.length > 0 || cached !== undefined
    const isNew = isHeld || isTransferred || keys || left || opened.isNew
    if (!isNew && known?.deletedAtMs !== null) return isGone // nothing was here, or all was done before
    indexes.release(version)
    await store.scrub()
    if (!isGone) return false
    const record = this.record(version) ?? freshRecord(version)
    this.#records.save({ ...record, deletedAtMs: Date.now() })
    this.#gone.delete(version)
    await store.scrub()
    if (!isHeld) return true
    const because = sourcesStay ? 'recalled' : 'erased'
    onDeleted(version, because)
    log.warn(
      { version, holdings: holdings.length },
      `a version that was ${because} was deleted from this device`
    )
    return true
  }

  /** False when it could not be done now. */
  async #deleteHolding(version: VersionId, holding: Holding): Promise<boolean> {
    const { store } = this.#init
    const record = this.record(version) ?? freshRecord(version)
    const isOwn = this.#init.ownsSource?.(holding.root) ?? false
    const isLeft = holding.kind === 'source' && !record.deletesSources && !isOwn
    const info = Buffer.from(holding.version.infoBytes).toString('base64')
    const others = record.sources.filter(({ path }) => path !== holding.root)
    const held = isLeft ? 0 : Math.max(record.bytes[holding.id] ?? 0, haveBytesOf(holding))
    this.#records.save({
      ...record,
      bytes: { ...record.bytes, [holding.id]: held },
      sources: isLeft ? [...others, { path: holding.root, info }] : others,
      deletedAtMs: null
    })
    const erased = await store.erase(holding, {
      source: isLeft ? 'keep' : 'remove',
      missing: this.#gone.has(version) ? 'forget' : 'wait'
    })
    if (erased.outcome !== 'missing') return true
    this.#tellMissing(version, holding.root)
    return false
  }

  /** Where transfers opened it is noted before they are forgotten, and while its manifest can be opened. */
  async #noteOpened(version: VersionId): Promise<void> {
    const { transfers, plainOf } = this.#init
    const orders = transfers.views().filter(view => view.version === version && view.isOpened)
    const trees: OpenedTree[] = []
    for (const order of orders) {
      const plain = await plainOf?.(order)
      const root = order.destination.replace(/[/\\]+$/, '')
      if (plain === undefined) trees.push({ path: root, info: null })
      else {
        const path = plain.isSingleFile && isFolder(root) ? join(root, plain.name) : root
        trees.push({ path, info: Buffer.from(plain.infoBytes).toString('base64') })
      }
    }
    if (trees.length === 0) return
    const record = this.record(version) ?? freshRecord(version)
    const before = (record.opened ?? []).filter(({ path }) => !trees.some(tree => tree.path === path))
    this.#records.save({ ...record, opened: [...before, ...trees], deletedAtMs: null })
  }

  /** Plain files that were sealed here are their owner's: they are left, and told of, like what is published in place. */
  #noteSealed(version: VersionId): void {
    const source = this.#init.sealedSources?.of(version)
    if (source === undefined) return
    const record = this.record(version) ?? freshRecord(version)
    const isKnown = record.sources.some(({ path }) => path === source.path)
    if (!isKnown && isAnyThere(source))
      this.#records.save({ ...record, sources: [...record.sources, source], deletedAtMs: null })
    this.#init.sealedSources?.forget(version)
  }

  /** Plain files that were opened from it. */
  async #deleteOpened(version: VersionId): Promise<{ readonly isGone: boolean; readonly isNew: boolean }> {
    const { store } = this.#init
    const { opened = [] } = this.record(version) ?? {}
    const left: OpenedTree[] = []
    let bytes = 0
    for (const { path, info } of opened) {
      // What was being opened when it was called off.
      for (const holding of store.holdings())
        if (holding.kind === 'fetched' && holding.root === path)
          await store.erase(holding, { source: 'keep', missing: 'forget' })
      const isAsked = this.#gone.has(version)
      const unknown = isAsked ? { bytes: 0 } : 'left'
      const outcome =
        info === null ? unknown : await deleteLeftSource({ path, info }, store, { isAgreed: true, isAsked })
      if (outcome !== 'left') bytes += outcome.bytes
      else {
        left.push({ path, info })
        this.#tellMissing(version, path)
      }
    }
    const record = this.record(version)
    if (record !== undefined && left.length < opened.length) {
      const { opened: _, ...rest } = record
      const sum = (record.bytes.opened ?? 0) + bytes
      const still = left.length === 0 ? {} : { opened: left }
      this.#records.save({ ...rest, ...still, bytes: { ...record.bytes, opened: sum }, deletedAtMs: null })
    }
    return { isGone: left.length === 0, isNew: opened.length > 0 }
  }

  #tellMissing(version: VersionId, path: string): void {
    const [erasure] = this.#erasuresOf(version)
    const message =
      `${path} is not there, and may be on a disk that is not mounted: mount it, so that it is deleted; ` +
      `or, if it was removed: peerage erase finish ${erasure?.case.slice(0, 12)} --gone`
    this.#tell(version, { code: 'ERASURE_UNFINISHED', message, path })
  }

  /** Sources that were left before: those that are gone by now, or go because somebody agreed. True if any is new. */
  async #deleteSources(version: VersionId): Promise<boolean> {
    const record = this.record(version)
    const isAsked = this.#asked.delete(version)
    if (record === undefined || record.sources.length === 0 || !(isAsked || record.deletesSources))
      return false
    const left = []
    let bytes = 0
    for (const source of record.sources) {
      const outcome = await deleteLeftSource(source, this.#init.store, {
        isAgreed: record.deletesSources,
        isAsked
      })
      if (outcome === 'left') left.push(source)
      else bytes += outcome.bytes
    }
    if (left.length === record.sources.length) return false
    const sum = (record.bytes.sources ?? 0) + bytes
    this.#records.save({
      ...record,
      sources: left,
      bytes: { ...record.bytes, sources: sum },
      deletedAtMs: null
    })
    return true
  }

  #tell(version: VersionId, problem: Problem): void {
    this.#init.log.error({ version, code: problem.code }, problem.message)
    this.#problems.set(version, problem)
  }

  #erasuresOf(version: VersionId): ErasureEntry[] {
    return erasuresOf(this.#init.keeper.state(), version)
  }

  #confirm(version: VersionId): void {
    const { keeper, self } = this.#init
    // After a start from a snapshot, once the operations are here.
    if (!keeper.isWhole || !isMember(keeper.state(), self, Date.now())) return
    const record = this.record(version)
    const isSourceHere = this.#keepsSource(version)
    const wasHere =
      isSourceHere || (record !== undefined && (record.keys || Object.keys(record.bytes).length > 0))
    for (const erasure of this.#erasuresOf(version)) {
      const word = wasHere
        ? wordOf(record ?? freshRecord(version), { erase: erasure.operation, isSourceHere })
        : notHeld(erasure.operation)
      const said = erasure.confirmations.get(self)
      if (said === undefined && !wasHere && !this.#isExpectedToSay(erasure)) continue
      // That nothing is here says less than what was said of it.
      if (said !== undefined && (!wasHere || isSame(said, word))) continue
      keeper.append(word)
    }
  }

  #isExpectedToSay({ timeMs }: ErasureEntry): boolean {
    const { keeper, self } = this.#init
    this.#joinedAtMs ??= joinTimes(keeper).get(self) ?? Number.NEGATIVE_INFINITY
    return this.#joinedAtMs <= timeMs + CLOCK_TOLERANCE_MS
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
