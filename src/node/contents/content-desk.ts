/**
 * Versions as files that are read through this node, a range at a time, by programs that speak HTTP. It gives what is
 * held here, and has fetched what is not (content-fetcher.ts); whether this device may read is asked before each piece,
 * and a reading that goes on ends at once when that changes, or when the ledger or the freshness of the view of it
 * does.
 *
 * A sealed version is opened in memory. Trees of versions are kept for the requests that follow, a bounded number; of
 * sealed ones, which have keys, only until something changes in the ledger.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { Version, VersionFile } from '../../content/version.ts'
import { erasuresOf } from '../../ledger/fold/deletion.ts'
import { mayHold } from '../../ledger/fold/holding.ts'
import type { DatasetVersion } from '../../ledger/fold/state.ts'
import { isAvailable } from '../../ledger/fold/state.ts'
import type { LeafBook } from '../../store/leaf-book.ts'
import type { CacheUsage, Holding, Store } from '../../store/store.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import { keyFor } from '../sealing/manifest-key.ts'
import type { Catalogue } from '../swarm/catalogue.ts'
import type { ReadFault } from '../swarm/swarm-hub.ts'
import { ContentFetcher, type ContentFetcherInit } from './content-fetcher.ts'
import type {
  ContentParts,
  ContentReader,
  ContentReference,
  ContentService,
  FileRange,
  OpenContent
} from './content-terms.ts'
import { type ContentFile, ContentTree } from './content-tree.ts'
import { ReadAccounts } from './read-accounts.ts'
import { heldManifest, isSealedRangeHeld, openedBytes, type SealedFile, sealedFile } from './sealed-bytes.ts'
import { type BlockVerifier, SoundRuns } from './sound-runs.ts'
import { type HeldVersion, isRangeHeld, type PieceRun, verifiedBytes } from './verified-bytes.ts'

/** Readings at once. Each has at most 2 MiB in memory (verified-bytes.ts). */
export const READINGS_MAX = 32
const TREES_MAX = 16

export interface ContentDeskInit {
  readonly self: DeviceId
  readonly catalogue: Pick<Catalogue, 'resolve' | 'entry' | 'holdings'>
  readonly audit: Pick<AuditLog, 'record' | 'note' | 'refused'>
  /** Why this device may not read a version now. */
  readonly readFault: (version: VersionId) => ReadFault | undefined
  /** The keys that this device has for a sealed version. */
  readonly keysOf: (version: VersionId) => readonly Uint8Array[]
  /** Fetches what is not here; absent where only what is here is given. */
  readonly fetcher?: ContentFetcher | undefined
  /** Where pieces are kept that were read; what this device may not keep is dropped from it. */
  readonly cache?: Store['cache']
  readonly keepsCached?: (version: VersionId) => boolean
  /** How what is read is verified; by default on this thread. */
  readonly runs?: SoundRuns
  readonly log?: Log
  readonly nowMs?: () => number
}

/** What a desk needs of a node. */
export interface ContentNode extends Pick<ContentDeskInit, 'catalogue'> {
  readonly identity: { readonly device: DeviceId }
  readonly audit: { readonly log: ContentDeskInit['audit'] }
  readonly sealing: { readonly keeper: { readonly keysOf: ContentDeskInit['keysOf'] } }
  readonly keeper: Pick<LedgerKeeper, 'state'>
  readonly hub: ContentFetcherInit['hub']
  readonly store: ContentFetcherInit['store'] & { readonly pool: BlockVerifier; readonly leaves: LeafBook }
  readFault(device: DeviceId, version: VersionId): ReadFault | undefined
}

/** A version with its files, and how they are read. */
interface Shelf {
  readonly tree: ContentTree
  isHeld(held: HeldVersion, file: ContentFile, range: FileRange): boolean
  bytes(held: HeldVersion, file: ContentFile, range: FileRange): AsyncGenerator<Uint8Array, void, undefined>
}

interface Reading {
  readonly name: string
  readonly version: VersionId
  readonly ended: AbortController
}

export class ContentDesk implements ContentService {
  readonly #init: ContentDeskInit
  readonly #runs: SoundRuns
  readonly #accounts: ReadAccounts
  readonly #plain = new Map<VersionId, Shelf>()
  readonly #sealed = new Map<VersionId, Shelf>()
  readonly #readings = new Set<Reading>()
  readonly #closing = new AbortController()

  static of(node: ContentNode, log: Log): ContentDesk {
    const { identity, catalogue, audit, sealing, hub, store, keeper } = node
    return new ContentDesk({
      ...{ self: identity.device, catalogue, audit: audit.log, log, cache: store.cache },
      runs: new SoundRuns(store),
      fetcher: new ContentFetcher({ hub, store }),
      keepsCached: version => {
        const state = keeper.state()
        if (mayHold(state, identity.device, version, Date.now()).allowed) return true
        // What is to be deleted everywhere is deleted, counted and confirmed by the erasure desk.
        return erasuresOf(state, version).length > 0
      },
      readFault: version => node.readFault(identity.device, version),
      keysOf: version => sealing.keeper.keysOf(version)
    })
  }

  constructor(init: ContentDeskInit) {
    this.#init = init
    this.#runs = init.runs ?? new SoundRuns()
    this.#accounts = new ReadAccounts({ audit: init.audit, ...(init.nowMs && { nowMs: init.nowMs }) })
  }

  async open(reference: ContentReference): Promise<OpenContent> {
    const { published, fault } = this.#published(reference)
    const { name } = reference
    const { version, ordinal, timeMs, sealed } = published
    if (fault !== undefined) throw this.#denied(name, version, fault)
    const held = await this.#heldOf(name, published)
    const shelf = await this.#shelfOf(name, held, sealed)
    return {
      ...{ name, version, ordinal, publishedAtMs: timeMs, tree: shelf.tree },
      isSecret: sealed || published.class === 'confidential' || published.class === 'restricted',
      read: (file, range, reader) => this.#read({ name, held, shelf }, { file, range, reader })
    }
  }

  async cache(): Promise<CacheUsage> {
    return this.#init.cache?.usage() ?? { limitBytes: 0, usedBytes: 0, pieces: 0, versions: 0 }
  }

  async setCache(bytes: number): Promise<CacheUsage> {
    await this.#init.cache?.setLimit(bytes)
    return await this.cache()
  }

  /** What may be read may have changed. */
  recheck(): void {
    const { fetcher, cache, keepsCached = () => true } = this.#init
    fetcher?.recheck(version => this.#init.readFault(version) !== undefined)
    for (const { version } of cache?.holdings() ?? [])
      if (!keepsCached(version.id)) void this.#drop(version.id)
    for (const version of this.#runs.leaves.versions)
      if (this.#init.readFault(version) !== undefined) this.#runs.leaves.forget(version)
    this.#sealed.clear()
    for (const version of this.#plain.keys())
      if (this.#init.readFault(version) !== undefined) this.#plain.delete(version)
    for (const { name, version, ended } of this.#readings) {
      const fault = this.#init.readFault(version)
      if (fault !== undefined) ended.abort(refused(name, fault.detail))
    }
  }

  /** Ends what is being read. Call before the audit log is closed. */
  close(): void {
    for (const { ended } of this.#readings)
      ended.abort(new AppError('NODE_DOWN', 'the node is shutting down; ask again when it runs'))
    this.#closing.abort()
    this.#init.fetcher?.close()
    this.#accounts.close()
  }

  /** From the cache. */
  async #drop(version: VersionId): Promise<void> {
    try {
      await this.#init.cache?.drop(version)
    } catch (thrown) {
      this.#init.log?.error({ version }, `what was read of it stays: ${messageOf(thrown)}`)
    }
  }

  /** Without a version: the newest of those that may be read, or, where none may, the newest. */
  #published(reference: ContentReference): {
    readonly published: DatasetVersion
    readonly fault: ReadFault | undefined
  } {
    const { catalogue, readFault, nowMs = Date.now } = this.#init
    const { version: published } = catalogue.resolve(reference)
    const fault = readFault(published.version)
    if (reference.version !== null || fault === undefined) return { published, fault }
    const { versions } = catalogue.entry(reference.name)
    const open = versions.findLast(
      each => isAvailable(each, nowMs()) && readFault(each.version) === undefined
    )
    return open === undefined ? { published, fault } : { published: open, fault: undefined }
  }

  /** The audit log has each. */
  #denied(name: string, version: VersionId, { reason, detail }: ReadFault): AppError {
    const { self, audit } = this.#init
    audit.refused({ action: 'denied', peer: self, reason, version })
    return refused(name, detail)
  }

  async #heldOf(name: string, published: DatasetVersion): Promise<HeldVersion> {
    const { catalogue, fetcher, cache } = this.#init
    const id = published.version
    const holdings = (): readonly Holding[] => catalogue.holdings(published).concat(cache?.find(id) ?? [])
    const [first] = holdings()
    const held = { holdings, runs: this.#runs }
    if (fetcher?.isOn !== true) {
      if (first === undefined) throw notHere(name, 'nothing of it is')
      return { ...held, version: first.version }
    }
    const version = first?.version ?? (await this.#described(fetcher, name, id))
    const { signal } = this.#closing
    return { ...held, version, reader: pieces => fetcher.reader(version, pieces, { name, signal }) }
  }

  async #described(fetcher: ContentFetcher, name: string, id: VersionId): Promise<Version> {
    const reading = this.#reading(name, id)
    try {
      return await fetcher.describe(id, { name, signal: reading.ended.signal })
    } finally {
      this.#readings.delete(reading)
    }
  }

  /** That ends when it may not go on. */
  #reading(name: string, version: VersionId): Reading {
    if (this.#readings.size >= READINGS_MAX)
      throw new AppError(
        'TOO_MANY_CALLS',
        `this node gives files to ${READINGS_MAX} readers at once, and that many read now; try again in a while`
      )
    const reading = { name, version, ended: new AbortController() }
    this.#readings.add(reading)
    return reading
  }

  async #shelfOf(name: string, held: HeldVersion, isSealed: boolean): Promise<Shelf> {
    const shelves = isSealed ? this.#sealed : this.#plain
    const { id } = held.version
    const known = shelves.get(id)
    const shelf = known ?? (isSealed ? await this.#sealedShelf(name, held) : plainShelf(held.version))
    // The one that was used last stays longest.
    shelves.delete(id)
    // One that is there may be read, or recheck() had let go of it; to make one can take a while.
    if (known !== undefined || this.#init.readFault(id) === undefined) shelves.set(id, shelf)
    for (const old of shelves.keys()) {
      if (shelves.size <= TREES_MAX) break
      shelves.delete(old)
    }
    return shelf
  }

  async #sealedShelf(name: string, held: HeldVersion): Promise<Shelf> {
    const fileKey = keyFor(held.version, this.#init.keysOf(held.version.id))
    if (fileKey === undefined)
      throw new AppError(
        'SEALED_NO_KEY',
        `${name} can not be opened here yet: nobody has wrapped its key for this device; ask its publisher to be online`,
        { details: { dataset: name } }
      )
    const manifest = await heldManifest(held, fileKey)
    if (manifest === undefined) throw notHere(name, 'the list of its files is not')
    const files = new Map<ContentFile, SealedFile>()
    for (const entry of manifest.entries) {
      const { path, bytes, symlink, object } = entry
      const file = { path, bytes, symlink, tag: `${held.version.id}-${object?.name ?? 'link'}` }
      if (object !== undefined) files.set(file, { entry, object, file: sealedFile(held, entry, object).file })
    }
    const links = manifest.entries.flatMap(({ path, symlink }) =>
      symlink === undefined ? [] : [{ path, bytes: 0, symlink, tag: `${held.version.id}-link` }]
    )
    const sealedOf = (file: ContentFile): SealedFile => known(files, file)
    return {
      tree: new ContentTree([...files.keys(), ...links]),
      isHeld: (of, file, range) => isSealedRangeHeld(of, sealedOf(file), range),
      bytes: (of, file, range) => openedBytes(of, sealedOf(file), range)
    }
  }

  async #read(
    { name, held, shelf }: { readonly name: string; readonly held: HeldVersion; readonly shelf: Shelf },
    {
      file,
      range,
      reader
    }: { readonly file: ContentFile; readonly range: FileRange; readonly reader: ContentReader }
  ): Promise<ContentParts> {
    const { fetcher, cache } = this.#init
    const { version } = held
    const kept = cache?.find(version.id)
    const ofFolders = { ...held, holdings: () => held.holdings().filter(holding => holding !== kept) }
    const isFetched = fetcher?.isOn === true && !shelf.isHeld(ofFolders, file, range)
    if (!isFetched && !shelf.isHeld(held, file, range))
      throw notHere(name, `not all of ${file.path.join('/')} is`)
    const reading = this.#reading(name, version.id)
    const { signal } = reading.ended
    const left = (): void => reading.ended.abort(reader.signal.reason)
    reader.signal.addEventListener('abort', left, { once: true })
    if (reader.signal.aborted) left()
    const fetched = (pieces: PieceRun) => fetcher?.reader(version, pieces, { name, signal })
    const parts = shelf.bytes({ ...held, reader: isFetched ? fetched : undefined }, file, range)
    const lending = { isLent: false }
    const release = (): void => {
      this.#readings.delete(reading)
      reader.signal.removeEventListener('abort', left)
      // What is lent is still being sent, and its memory is not to be used for others before whoever has it comes back.
      if (!lending.isLent) parts.return().catch(() => undefined)
    }
    signal.addEventListener('abort', release, { once: true })
    try {
      const begun = parts.next()
      begun.catch(() => undefined)
      // What is fetched may not come at all, and is then no read. What is here is read while the entry is written.
      if (isFetched) await begun
      signal.throwIfAborted()
      const read = { dataset: name, version: version.id, by: reader.by }
      const account = await this.#accounts.begin(read, range.bytes)
      const first = await begun
      return this.#bytes(parts, { first, name, version: version.id, signal, account, lending, release })
    } catch (thrown) {
      release()
      throw thrown
    }
  }

  async *#bytes(
    parts: AsyncGenerator<Uint8Array, void, undefined>,
    of: {
      readonly first: IteratorResult<Uint8Array, void>
      readonly name: string
      readonly version: VersionId
      readonly signal: AbortSignal
      readonly account: (bytes: number) => void
      readonly lending: { isLent: boolean }
      readonly release: () => void
    }
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { name, version, signal, account, lending, release } = of
    try {
      for (let next = of.first; next.done !== true; next = await parts.next()) {
        signal.throwIfAborted()
        const fault = this.#init.readFault(version)
        if (fault !== undefined) throw this.#denied(name, version, fault)
        account(next.value.length)
        lending.isLent = true
        yield next.value
        lending.isLent = false
      }
      // An end that came too soon is none.
      signal.throwIfAborted()
    } finally {
      lending.isLent = false
      release()
    }
  }
}

function plainShelf(version: Version): Shelf {
  const files = new Map<ContentFile, VersionFile>()
  for (const file of version.files) {
    const { path, bytes, symlink, root } = file
    files.set({ path, bytes, symlink, tag: root ?? 'empty' }, file)
  }
  return {
    tree: new ContentTree(files.keys()),
    isHeld: (held, file, range) => isRangeHeld(held, known(files, file), range),
    bytes: (held, file, range) => verifiedBytes(held, known(files, file), range)
  }
}

function known<T>(files: ReadonlyMap<ContentFile, T>, file: ContentFile): T {
  const found = files.get(file)
  if (found === undefined) throw new RangeError(`${file.path.join('/')} is a file of another version`)
  return found
}

function refused(name: string, detail: string): AppError {
  return new AppError('NOT_AUTHORISED', `${name} can not be read: ${detail}`, { details: { dataset: name } })
}

function notHere(name: string, what: string): AppError {
  return new AppError(
    'DATASET_UNKNOWN',
    `${name} can not be read here: ${what} on this device yet; 'peerage get ${name} DEST' fetches it`,
    { details: { dataset: name } }
  )
}
