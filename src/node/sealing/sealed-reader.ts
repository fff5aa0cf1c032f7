/**
 * Transfers of sealed versions, for those who may read them: the manifest is fetched first, then the objects of the
 * files that were asked for, both into the home, from where they are served on; then the files are opened into the
 * destination. How a transfer goes on is up to the transfer desk; here is what it has to ask.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defined } from '../../base/assert.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { pieceIndex, type VersionId } from '../../base/ids.ts'
import { chooseFiles } from '../../content/file-globs.ts'
import type { Manifest } from '../../content/sealing/manifest.ts'
import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import type { Version } from '../../content/version.ts'
import { hkdf } from '../../store/sealing/openssl-ciphers.ts'
import { openTree, plainVersionOf, readManifest } from '../../store/sealing/tree-opening.ts'
import { type Holding, isWhole, type Store } from '../../store/store.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../service.ts'
import type { SealedTransfers } from '../swarm/sealed-transfers.ts'
import { checkedGroups, nothingSelected } from '../swarm/transfer-orders.ts'
import type { TransferOrder } from '../swarm/transfer-record.ts'
import type { EnvelopeExchange } from './envelope-exchange.ts'
import type { EnvelopeKeeper } from './envelope-keeper.ts'
import type { EnvelopeShelf } from './envelope-shelf.ts'
import { keyFor } from './manifest-key.ts'
import { missingKey } from './missing-key.ts'
import type { SealedFolders } from './sealed-folders.ts'

export interface SealedReaderInit {
  readonly store: Store
  readonly folders: SealedFolders
  readonly shelf: EnvelopeShelf
  readonly keeper: EnvelopeKeeper
  readonly exchange: EnvelopeExchange
  /** Why this device may not read a version now. */
  readonly readFault: (version: VersionId) => string | undefined
  /** What people call the devices that may wrap its key. */
  readonly keyGivers: (version: VersionId) => readonly string[]
  readonly log: Log
}

/** What of an order says which plain version it opens. */
type PlainOrder = Pick<TransferOrder, 'name' | 'version' | 'ordinal' | 'only'>

/** What is to be opened, once the manifest is here. */
interface Plan {
  readonly manifest: Manifest
  readonly plain: Version
  /** Of the plain version; undefined for all. */
  readonly files: ReadonlySet<number> | undefined
  /** Of the sealed version, the manifest among them. */
  readonly objects: ReadonlySet<number>
}

export class SealedReader implements SealedTransfers {
  readonly #init: SealedReaderInit
  readonly #listeners = new Set<() => void>()

  constructor(init: SealedReaderInit) {
    this.#init = init
  }

  onChange(listener: () => void): void {
    this.#init.shelf.onChange(listener)
    this.#listeners.add(listener)
  }

  /** What may be read may have changed. */
  recheck(): void {
    for (const listener of this.#listeners) listener()
  }

  lack({ name, version }: TransferOrder): Problem | undefined {
    const { keeper, exchange } = this.#init
    const fault = this.#init.readFault(version)
    if (fault !== undefined) {
      const refusal = `${name} can not be fetched: ${fault}. It goes on by itself once that is settled`
      return { code: 'NOT_AUTHORISED', message: refusal, path: null }
    }
    if (keeper.keysOf(version).length > 0) return undefined
    exchange.askAll()
    const { code, message } = this.#missingKey(name, version)
    return { code, message, path: null }
  }

  async placeOf({ id }: Version): Promise<string> {
    return await this.#init.folders.placeOf(id)
  }

  async select(order: TransferOrder, version: Version): Promise<ReadonlySet<number>> {
    const { index, fileKey, name } = this.#manifestOf(order, version)
    const here = this.#init.store
      .holdings()
      .find(holding => holding.version.id === version.id && hasFile(holding, index) && isNamed(holding, name))
    if (here === undefined) return new Set([index])
    return (await this.#plan(order, here, { index, fileKey, name })).objects
  }

  async open(order: TransferOrder, holding: Holding, signal: AbortSignal): Promise<'opened' | 'more'> {
    const { version } = holding
    // It is looked at again before it goes on.
    if (this.#init.readFault(version.id) !== undefined) return 'more'
    const known = this.#manifestOf(order, version)
    if (!hasFile(holding, known.index) || !isNamed(holding, known.name)) return 'more'
    const { manifest, plain, files, objects } = await this.#plan(order, holding, known)
    if (![...objects].every(index => hasFile(holding, index))) return 'more'
    const { store } = this.#init
    const { destination } = order
    await openTree({
      ...{ store, manifest, version: plain, folder: holding.root, destination, selected: files, signal }
    })
    return 'opened'
  }

  /** Drops what was being opened into a destination. */
  async discard({ destination }: TransferOrder): Promise<void> {
    const { store, log } = this.#init
    const root = destination.replace(/[/\\]+$/, '')
    for (const holding of store.holdings()) {
      if (holding.root !== root || holding.kind !== 'fetched' || isWhole(holding.state)) continue
      await store
        .forget(holding)
        .catch(thrown => log.warn({ path: root }, `part files stay: ${messageOf(thrown)}`))
    }
  }

  /** The plain version that an order opens into its destination, of the files that it chooses. */
  async plainOf(order: PlainOrder): Promise<Version | undefined> {
    for (const holding of this.#init.store.holdings()) {
      if (holding.version.id !== order.version) continue
      try {
        const known = this.#manifestOf(order, holding.version)
        const { manifest, files } = await this.#plan(order, holding, known)
        const entries = manifest.entries.filter((_, at) => files === undefined || files.has(at))
        return plainVersionOf({ ...manifest, entries })
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown
      }
    }
    return undefined
  }

  #missingKey(dataset: string, version: VersionId): AppError {
    const { shelf, keyGivers } = this.#init
    const [newest] = shelf.recordsOf(version)
    return missingKey({ dataset, givers: keyGivers(version), envelopeAtMs: newest?.timeMs })
  }

  #manifestOf(
    { name: dataset }: PlainOrder,
    version: Version
  ): { readonly index: number; readonly fileKey: Uint8Array; readonly name: string } {
    const fileKey = keyFor(version, this.#init.keeper.keysOf(version.id))
    if (fileKey === undefined) throw this.#missingKey(dataset, version.id)
    const name = manifestNameOf(fileKey, hkdf)
    return { index: version.files.findIndex(({ path }) => path.join('/') === name), fileKey, name }
  }

  async #plan(
    order: PlainOrder,
    holding: Holding,
    { index, fileKey, name }: { readonly index: number; readonly fileKey: Uint8Array; readonly name: string }
  ): Promise<Plan> {
    const manifest = await readManifest(holding.root, name, fileKey)
    const plain = plainVersionOf(manifest)
    const files = chooseFiles(plain, checkedGroups(order.only))
    if (files?.size === 0) throw nothingSelected(order, plain)
    const places = new Map(holding.version.files.map(({ path }, at) => [path.join('/'), at]))
    const objects = new Set([index])
    for (const [at, { object }] of manifest.entries.entries()) {
      if (object === undefined || (files !== undefined && !files.has(at))) continue
      const place = places.get(object.name)
      if (place === undefined)
        throw new AppError(
          'SEALED_INVALID',
          `can not open ${order.name}: its manifest names an object that the version has not; have it published anew`,
          { details: { object: object.name } }
        )
      objects.add(place)
    }
    return { manifest, plain, files, objects }
  }
}

function isNamed({ root }: Holding, name: string): boolean {
  return existsSync(join(root, name))
}

function hasFile({ version, have }: Holding, index: number): boolean {
  const { firstPiece, pieceCount } = defined(version.files[index], 'a file of the version')
  for (let at = 0; at < pieceCount; at++) if (!have.has(pieceIndex(firstPiece + at))) return false
  return true
}
