/**
 * Makes of a tree that was hashed one that can be published sealed: objects in a folder of the home, and the key of
 * their manifest in an envelope for this device. Both are durable before the ledger hears of the version, so what is
 * published can be opened whatever happens; and what is not published goes again, at the next start at the latest.
 */

import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import type { FileEntry } from '../../content/file-entries.ts'
import type { Manifest } from '../../content/sealing/manifest.ts'
import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import { classRules } from '../../ledger/fold/class-policy.ts'
import { isAvailable, type State } from '../../ledger/fold/state.ts'
import type { PublishProgress as HashProgress } from '../../store/publish.ts'
import { hkdf } from '../../store/sealing/openssl-ciphers.ts'
import { readManifest } from '../../store/sealing/tree-opening.ts'
import { type SealedTree, sealTree } from '../../store/sealing/tree-sealing.ts'
import type { HashedTree, Holding, Store } from '../../store/store.ts'
import type { Log } from '../log.ts'
import type { DataClass, PublishProgress, Task } from '../service.ts'
import type { EnvelopeKeeper } from './envelope-keeper.ts'
import type { EnvelopeShelf } from './envelope-shelf.ts'
import { keyFor } from './manifest-key.ts'
import type { SealedFolders } from './sealed-folders.ts'
import type { SealedSources } from './sealed-sources.ts'

export interface SealedPublication {
  /** Of the objects. */
  readonly tree: HashedTree
  /** Plaintext that the version before has not. */
  readonly newBytes: number
  /** It is published. */
  done(): Promise<void>
  /** It is not; nothing of it stays. */
  undo(): Promise<void>
}

export interface SealedPublisherInit {
  readonly state: () => State
  readonly store: Store
  readonly folders: SealedFolders
  readonly sources: SealedSources
  readonly shelf: EnvelopeShelf
  readonly keeper: EnvelopeKeeper
  readonly hashTree: (
    path: string,
    options: { signal: AbortSignal; onProgress: (progress: HashProgress) => void }
  ) => Promise<HashedTree>
  readonly log: Log
}

interface Previous {
  readonly manifest: Manifest
  readonly holding: Holding
  readonly isAvailable: boolean
}

export class SealedPublisher {
  readonly #init: SealedPublisherInit

  constructor(init: SealedPublisherInit) {
    this.#init = init
  }

  /** Whether content of a class is sealed by the rules of the org. */
  seals(dataClass: DataClass): boolean {
    return classRules(this.#init.state(), dataClass).sealed
  }

  async seal(name: string, tree: HashedTree, task: Task<PublishProgress>): Promise<SealedPublication> {
    const previous = await this.#previousOf(name)
    if (previous?.isAvailable === true && isSame(previous.manifest, tree)) {
      const details = { dataset: name, version: previous.holding.version.id }
      throw new AppError('DATASET_EXISTS', `${name} has this very content already`, { details })
    }
    const sealed = await this.#sealInto(tree, previous, task)
    if (sealed !== undefined) return sealed
    this.#init.log.warn(
      { dataset: name },
      'objects of the version before are damaged here: all is sealed anew'
    )
    return (await this.#sealInto(tree, undefined, task)) as SealedPublication
  }

  /** Undefined when an object that was taken over is not what it was. */
  async #sealInto(
    tree: HashedTree,
    previous: Previous | undefined,
    task: Task<PublishProgress>
  ): Promise<SealedPublication | undefined> {
    const { folders, hashTree, keeper, sources } = this.#init
    const folder = await folders.make()
    const objects = folders.objectsOf(folder)
    const filesTotal = tree.version.files.length
    try {
      const sealed = await sealTree({
        ...{ tree, folder: objects, signal: task.signal },
        previous: previous && { manifest: previous.manifest, folder: previous.holding.root },
        onProgress: ({ files: filesDone, bytes: bytesDone }) =>
          task.onProgress({
            ...{ phase: 'sealing', filesDone, filesTotal },
            ...{ bytesDone, bytesTotal: tree.version.totalBytes }
          })
      })
      const hashed = await hashTree(objects, { signal: task.signal, onProgress: task.onProgress })
      task.signal.throwIfAborted()
      if (previous !== undefined && !isIntact(sealed, { hashed, previous })) {
        await folders.remove(folder)
        return undefined
      }
      const version = hashed.version.id
      keeper.keep(version, sealed.fileKey)
      sources.note(version, tree)
      return {
        ...{ tree: hashed, newBytes: sealed.newBytes },
        done: async () => {
          keeper.wrap(version)
          await folders.keep(folder)
        },
        undo: () => this.#undo(folder, version)
      }
    } catch (thrown) {
      await folders.remove(folder)
      throw thrown
    }
  }

  async #undo(folder: string, version: VersionId): Promise<void> {
    this.#init.shelf.discard(version)
    this.#init.keeper.forget(version)
    this.#init.sources.forget(version)
    await this.#init.folders.remove(folder)
  }

  /** Ends what a crash interrupted: what was not published goes. */
  async sweep(): Promise<void> {
    const { folders, store, state, keeper, log } = this.#init
    for (const folder of await folders.unfinished()) {
      const holding = store.holdings().find(({ root }) => root === folders.objectsOf(folder))
      const version = holding?.version.id
      if (version !== undefined && state().publishedAs.has(version)) {
        keeper.wrap(version)
        await folders.keep(folder)
        continue
      }
      log.warn({ folder }, 'sealed objects that were never published are removed')
      if (holding !== undefined) await store.forget(holding)
      if (version !== undefined) this.#init.sources.forget(version)
      await folders.remove(folder)
    }
    keeper.forgetUnpublished()
    const roots = store.holdings().map(({ root }) => root)
    await folders.removeEmpty(folder => roots.includes(folders.objectsOf(folder)))
  }

  /** The newest sealed version under a name of which everything is here, and that can be opened. */
  async #previousOf(name: string): Promise<Previous | undefined> {
    const { state, store, keeper, log } = this.#init
    const versions = state().datasets.get(name)?.versions ?? []
    for (const published of versions.toReversed()) {
      if (!published.sealed) continue
      const holding = store
        .holdings()
        .find(({ version, state: of }) => version.id === published.version && of === 'complete')
      const fileKey =
        holding === undefined ? undefined : keyFor(holding.version, keeper.keysOf(published.version))
      if (holding === undefined || fileKey === undefined) continue
      try {
        const manifest = await readManifest(holding.root, manifestNameOf(fileKey, hkdf), fileKey)
        return { manifest, holding, isAvailable: isAvailable(published, Date.now()) }
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown
        log.warn({ version: published.version }, `nothing of it is taken over: ${thrown.message}`)
      }
    }
    return undefined
  }
}

function isIntact(
  { reused }: SealedTree,
  { hashed, previous }: { readonly hashed: HashedTree; readonly previous: Previous }
): boolean {
  const rootOf = (files: readonly FileEntry[]) =>
    new Map(files.map(({ path, root }) => [path.join('/'), root]))
  const before = rootOf(previous.holding.version.files)
  const after = rootOf(hashed.version.files)
  return [...reused].every(name => before.get(name) === after.get(name))
}

function isSame({ name, entries }: Manifest, { version }: HashedTree): boolean {
  const textOf = ({ path, root, bytes, executable, symlink }: FileEntry) =>
    JSON.stringify([path, root ?? null, bytes, executable, symlink ?? null])
  if (name !== version.name || entries.length !== version.files.length) return false
  return version.files.every((file, index) => {
    const entry = entries[index]
    return entry !== undefined && textOf(entry) === textOf(file)
  })
}
