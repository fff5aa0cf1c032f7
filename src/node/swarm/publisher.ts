/** Publishing: hash a tree where it lies, hold it in place, and say so in the ledger; in that order. */

import { AppError } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { formatBytes } from '../../base/units.ts'
import { newBytesOf } from '../../content/chunk-match.ts'
import { originFault } from '../../content/origin-files.ts'
import { contentFault } from '../../ledger/fold/access.ts'
import { type DatasetVersion, isAvailable, rolesOf } from '../../ledger/fold/state.ts'
import type { PublishProgress as HashProgress } from '../../store/publish.ts'
import type { HashedTree, Holding, Store } from '../../store/store.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import { checkOriginUrl } from '../ledger/origin-words.ts'
import type { Log } from '../log.ts'
import type { ChunkIndexes } from '../reuse/chunk-indexes.ts'
import type { SealedPublication, SealedPublisher } from '../sealing/sealed-publisher.ts'
import type { Published, PublishProgress, PublishRequest, Task } from '../service.ts'
import type { Catalogue } from './catalogue.ts'

export interface PublisherInit {
  readonly self: DeviceId
  readonly store: Store
  readonly keeper: LedgerKeeper
  readonly catalogue: Catalogue
  readonly indexes: ChunkIndexes
  readonly hashTree: (
    path: string,
    options: { signal: AbortSignal; onProgress: (progress: HashProgress) => void }
  ) => Promise<HashedTree>
  /** Who seals what is not published as it is; without, nothing is. */
  readonly sealer?: SealedPublisher
  /** A version is held here in place, and in the ledger. */
  readonly onPublished: (published: { readonly version: VersionId; readonly bytes: number }) => void
  readonly log: Log
}

export class Publisher {
  readonly #init: PublisherInit

  constructor(init: PublisherInit) {
    this.#init = init
  }

  async publish(request: PublishRequest, task: Task<PublishProgress>): Promise<Published> {
    const { store, log } = this.#init
    const startedMs = performance.now()
    this.#init.keeper.requireClock('dataset.publish')
    this.#refuseForeignName(request.name)
    if (request.origin) this.#refuseOrigin(request.origin)
    const plain = await this.#init.hashTree(request.path, {
      signal: task.signal,
      onProgress: task.onProgress
    })
    task.signal.throwIfAborted()
    const sealed = await this.#seal(request, plain, task)
    const tree = sealed?.tree ?? plain
    const { version } = tree
    const recorded = this.#recordedAs(request.name, version.id)
    this.#refuseHeld(request.name, recorded)
    this.#refuseWithdrawn(version.id)
    const fault = request.origin ? originFault(request.origin, version) : undefined
    if (fault !== undefined) throw new AppError('USAGE', `${request.origin} can not be the origin: ${fault}`)
    const known = store
      .holdings()
      .some(holding => holding.version.id === version.id && holding.kind === 'source')
    const holding = await store.adopt(tree)
    const durationMs = (): number => Math.round(performance.now() - startedMs)
    let newBytes: number | null
    try {
      // Chunks of what is sealed tell nothing.
      newBytes = sealed?.newBytes ?? (recorded ? null : await this.#compare(request.name, holding, task))
      task.onProgress({
        phase: 'recording',
        filesDone: version.files.length,
        filesTotal: version.files.length,
        bytesDone: version.totalBytes,
        bytesTotal: version.totalBytes
      })
      if (recorded === undefined) this.#record(request, holding, sealed !== undefined)
    } catch (thrown) {
      if (!known) await store.forget(holding)
      await sealed?.undo()
      throw thrown
    }
    await sealed?.done()
    this.#recordOrigin(request, version.id)
    this.#init.onPublished({ version: version.id, bytes: version.totalBytes })
    log.info(
      { dataset: request.name, version: version.id, files: version.files.length },
      `${recorded ? 'serves again' : 'published'} ${formatBytes(version.totalBytes)} in ${durationMs()} ms`
    )
    const sums = { files: plain.version.files.length, bytes: plain.version.totalBytes }
    return {
      ...this.#published(request, holding, durationMs()),
      ...sums,
      sealed: sealed !== undefined,
      again: recorded !== undefined,
      newBytes
    }
  }

  /** The rules of the class say whether it is sealed, unless it was asked for. */
  async #seal(
    { name, dataClass, sealed, origin }: PublishRequest,
    plain: HashedTree,
    task: Task<PublishProgress>
  ): Promise<SealedPublication | undefined> {
    const { sealer } = this.#init
    if (sealer === undefined || !(sealed === true || sealer.seals(dataClass))) return undefined
    if (origin)
      throw new AppError(
        'USAGE',
        `${name} is published sealed: what lies at ${origin} is not what devices hold`
      )
    return await sealer.seal(name, plain, task)
  }

  /**
   * A new version of a dataset is cut into chunks before anybody hears of it, so that those who have the one before can
   * ask what is new. Gives the bytes of it that are, where the chunks of the one before are known.
   */
  async #compare(name: string, holding: Holding, task: Task<PublishProgress>): Promise<number | null> {
    const { indexes, keeper } = this.#init
    const before = keeper.state().datasets.get(name)?.versions.at(-1)
    if (before === undefined) return null
    const { version } = holding
    const progress = { phase: 'chunking', filesDone: 0, filesTotal: version.files.length } as const
    let bytesDone = 0
    const index = await indexes.of(holding, {
      signal: task.signal,
      onBytes: bytes => {
        bytesDone += bytes
        task.onProgress({ ...progress, bytesDone, bytesTotal: version.totalBytes })
      }
    })
    const table = indexes.tableOf(before.version)
    return table === undefined ? null : newBytesOf(table, index)
  }

  /** Before the work of hashing: the ledger would keep the operation, without effect. */
  #refuseForeignName(name: string): void {
    const state = this.#init.keeper.state()
    const owner = state.datasets.get(name)?.owner
    const { self } = this.#init
    const isAdmin = state.devices.get(self)?.role === 'admin'
    if (owner === undefined || owner === self || isAdmin) return
    throw new AppError(
      'NOT_AUTHORISED',
      `can not publish as ${name}: the name belongs to ${owner === 'admins' ? 'the admins' : 'another device'}; ` +
        'choose another name',
      { details: { dataset: name } }
    )
  }

  /** Likewise: an origin sends every device of the org to a URL, so not everybody who may publish may name one. */
  #refuseOrigin(url: string): void {
    checkOriginUrl(url)
    const { keeper, self } = this.#init
    const state = keeper.state()
    const held = rolesOf(state, self, Date.now())
    const may = [...state.root.roles]
      .filter(([, types]) => types.includes('dataset.origin'))
      .map(([role]) => role)
    if (may.some(role => held.includes(role))) return
    throw new AppError(
      'NOT_AUTHORISED',
      `this device may not name an origin: it takes ${may.length === 0 ? 'a role, and no role may' : `one of the roles ${may.join(', ')}`}`,
      { details: { operation: 'dataset.origin' } }
    )
  }

  /**
   * What was erased or recalled does not come back under another name. It is about versions: a file that other versions
   * have too is not refused for that.
   */
  #refuseWithdrawn(version: VersionId): void {
    const fault = contentFault(this.#init.keeper.state().content.get(version))
    if (fault === undefined || fault.reason === 'quarantined') return
    throw new AppError(
      'CONTENT_WITHDRAWN',
      `can not publish version ${version}: ${fault.detail}; that is for good, so publish other content`,
      { details: { version, reason: fault.reason } }
    )
  }

  #recordedAs(name: string, id: VersionId): DatasetVersion | undefined {
    const versions = this.#init.keeper.state().datasets.get(name)?.versions
    return versions?.find(version => version.version === id && isAvailable(version, Date.now()))
  }

  /** What the org knows and this device holds no more is served again: its index was lost, or its source changed. */
  #refuseHeld(name: string, recorded: DatasetVersion | undefined): void {
    if (recorded === undefined) return
    const { ordinal, version } = recorded
    const isHeld = this.#init.store
      .holdings()
      .some(holding => holding.version.id === version && holding.state === 'complete')
    if (!isHeld) return
    throw new AppError('DATASET_EXISTS', `${name} has this very content already, as version ${ordinal}`, {
      details: { dataset: name, version }
    })
  }

  #record(request: PublishRequest, { version }: Holding, sealed: boolean): void {
    this.#init.keeper.append({
      type: 'dataset.publish',
      name: request.name,
      version: version.id,
      class: request.dataClass,
      sealed,
      pieceBytes: version.pieceBytes,
      files: version.files.length,
      bytes: version.totalBytes
    })
  }

  /** Once it is published: what fails here takes nothing of that back. */
  #recordOrigin({ name, origin }: PublishRequest, version: VersionId): void {
    if (!origin) return
    try {
      this.#init.keeper.append({ type: 'dataset.origin', name, version, url: origin })
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      throw new AppError(
        thrown.code,
        `${name} was published, but without its origin: ${thrown.message}; then: peerage dataset origin ${name} ${origin}`,
        { details: thrown.details, cause: thrown }
      )
    }
  }

  #published(
    request: PublishRequest,
    holding: Holding,
    durationMs: number
  ): Omit<Published, 'again' | 'newBytes' | 'sealed'> {
    const { catalogue } = this.#init
    const { version } = holding
    const entry = catalogue.entry(request.name)
    const recorded = entry.versions.findLast(each => each.version === version.id)
    if (recorded === undefined) throw new AppError('DATASET_UNKNOWN', `${request.name} was not recorded`)
    return {
      name: request.name,
      version: version.id,
      ordinal: recorded.ordinal,
      dataClass: recorded.class,
      path: holding.root,
      files: version.files.length,
      bytes: version.totalBytes,
      pieceBytes: version.pieceBytes,
      magnet: catalogue.magnet(request.name, recorded),
      durationMs
    }
  }
}
