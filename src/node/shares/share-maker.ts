/**
 * Makes shares: all of a version that is here, or one of k others. What is made is hashed, so it is known by its id
 * which version each share is; of one that is made anew that has to be the id that the ledger names.
 */

import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { assert, defined } from '../../base/assert.ts'
import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { shareBytes } from '../../content/erasure/share-layout.ts'
import { type ShareScheme, UNIT_BYTES_DEFAULT } from '../../content/erasure/share-scheme.ts'
import {
  type Cut,
  cutFileName,
  cutsOf,
  decodeSharesIndex,
  encodeSharesIndex,
  INDEX_BYTES_MAX,
  INDEX_FILE,
  TORRENT_FILE
} from '../../content/erasure/shared-version.ts'
import { decodeTorrent, encodeTorrent, TORRENT_BYTES_MAX, type Torrent } from '../../content/torrent-file.ts'
import type { ShareSet } from '../../ledger/fold/state.ts'
import { VectorProduct } from '../../store/erasure/vector-product.ts'
import { sha256 } from '../../store/sha256.ts'
import type { HashedTree, Holding, Store } from '../../store/store.ts'
import { onDisk, syncFolder } from '../follow/disk-steps.ts'
import { layersOf } from '../swarm/local-copy.ts'
import { readBeside } from './held-shares.ts'
import { makeShareFolder, writeBeside, writeShareOf, writeShares } from './share-files.ts'
import type { ShareFolders } from './share-folders.ts'
import { SharedPieces } from './shared-pieces.ts'

export interface ShareMakerInit {
  readonly store: Store
  readonly folders: ShareFolders
  readonly hashTree: (path: string, options: { signal: AbortSignal }) => Promise<HashedTree>
}

/** What was cut, as the ledger is told. */
export type MadeShares = Omit<ShareSet, 'operation'>

/** What shares say that they are of, and its pieces. */
export interface ReadShares {
  readonly torrent: Torrent
  readonly pieces: SharedPieces
}

export class ShareMaker {
  readonly #init: ShareMakerInit
  readonly #product = new VectorProduct()

  constructor(init: ShareMakerInit) {
    this.#init = init
  }

  /** Cuts a version that is here whole; its shares are held and served when this resolves, and durable. */
  async cut(
    holding: Holding,
    { k, m }: { readonly k: number; readonly m: number },
    signal: AbortSignal
  ): Promise<MadeShares> {
    const { store, folders, hashTree } = this.#init
    const { version } = holding
    const scheme = { dataShares: k, parityShares: m, unitBytes: UNIT_BYTES_DEFAULT }
    const places = Array.from({ length: k + m }, (_, share) => folders.share(version.id, share))
    await folders.remove(version.id)
    const cuts = cutsOf(version, scheme)
    await writeShares(holding, { cuts, folders: places }, { product: this.#product.product, signal })
    const torrent = encodeTorrent(version, layersOf(holding))
    for (const place of places) await writeBeside(place, TORRENT_FILE, torrent)
    const roots = []
    for (const place of places) {
      const tree = await hashTree(place, { signal })
      roots.push(cuts.map((_, cut) => defined(tree.version.files[cut]?.root, 'the root of a cut')))
    }
    const index = encodeSharesIndex({ scheme, versionBytes: version.totalBytes, roots })
    const shares: Holding[] = []
    for (const place of places) {
      await writeBeside(place, INDEX_FILE, index)
      await syncFolder(place)
      shares.push(await store.adopt(await hashTree(place, { signal })))
    }
    await syncFolder(folders.of(version.id))
    const [first] = shares
    assert(first !== undefined, 'there is a share')
    const { files, totalBytes } = first.version
    return {
      ...{ data: k, unitBytes: scheme.unitBytes, shares: shares.map(each => each.version.id) },
      ...{ files: files.length, bytes: totalBytes }
    }
  }

  /** Makes a lost share of k others, at its place in the vault. AppError SHARES_INVALID when that does not give it. */
  async rebuild(
    version: VersionId,
    set: ShareSet,
    made: {
      readonly share: number
      readonly sources: ReadonlyMap<number, Holding>
      /** Nothing lies there yet. */
      readonly place: string
      readonly signal: AbortSignal
    }
  ): Promise<Holding> {
    const { store, folders, hashTree } = this.#init
    const { share, sources, place, signal } = made
    const { torrent } = await this.read(version, set, sources)
    const [source] = sources.values()
    assert(source !== undefined, 'there are sources')
    const folder = folders.making(version, share)
    await onDisk('remove', folder, () => rm(folder, { recursive: true, force: true }))
    const cuts = cutsOf(torrent.version, schemeOf(set))
    await writeShareOf(sources, { cuts, share, folder }, { product: this.#product.product, signal })
    for (const name of [TORRENT_FILE, INDEX_FILE])
      await writeBeside(folder, name, await readBeside(source, name, TORRENT_BYTES_MAX))
    await syncFolder(folder)
    const tree = await hashTree(folder, { signal })
    if (tree.version.id !== set.shares[share])
      throw invalid(version, `share ${share} made of them is another`)
    await makeShareFolder(dirname(place))
    await onDisk('rename', place, async () => {
      await rm(place, { recursive: true, force: true })
      await rename(folder, place)
    })
    return await store.create({ version: tree.version, destination: place, layers: tree.layers, signal })
  }

  /** Reads a version from k of its shares. AppError SHARES_INVALID when they say that they are of another. */
  async read(version: VersionId, set: ShareSet, sources: ReadonlyMap<number, Holding>): Promise<ReadShares> {
    const [source] = sources.values()
    assert(source !== undefined && sources.size >= set.data, 'there are as many shares as it takes')
    const index = decodeSharesIndex(await readBeside(source, INDEX_FILE, INDEX_BYTES_MAX))
    if (typeof index === 'string') throw invalid(version, `their index is ${index}`)
    const torrent = decodeTorrent(await readBeside(source, TORRENT_FILE, TORRENT_BYTES_MAX), sha256)
    if (torrent.version.id !== version) throw invalid(version, `they are of version ${torrent.version.id}`)
    const scheme = schemeOf(set)
    if (!isLaidOut(sources, cutsOf(torrent.version, scheme)))
      throw invalid(version, 'they have other files than shares of it have')
    const pieces = new SharedPieces(torrent.version, {
      ...{ scheme, shares: sources, product: this.#product.product }
    })
    return { torrent, pieces }
  }
}

function schemeOf({ data, shares, unitBytes }: ShareSet): ShareScheme {
  return { dataShares: data, parityShares: shares.length - data, unitBytes }
}

function isLaidOut(sources: ReadonlyMap<number, Holding>, cuts: readonly Cut[]): boolean {
  return [...sources.values()].every(
    ({ version: { files } }) =>
      files.length === cuts.length + 2 &&
      cuts.every(({ object }, at) => {
        const { path, bytes } = files[at] ?? {}
        return path?.join('/') === cutFileName(at) && bytes === shareBytes(object)
      })
  )
}

function invalid(version: VersionId, detail: string): AppError {
  return new AppError(
    'SHARES_INVALID',
    `the shares that the ledger names do not give version ${version}: ${detail}; who published it has to cut it anew`,
    { details: { version } }
  )
}
