/**
 * Shares of a version that this device has in its home, whoever put them there: so that what becomes of the version
 * becomes of them.
 *
 * Whoever may publish under some name may say of any version that it is a share of one of its own. So a share that is
 * whole is one only if it says so itself; what is not whole is nothing that anybody counts on.
 */

import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { TORRENT_FILE } from '../../content/erasure/shared-version.ts'
import { decodeTorrent, TORRENT_BYTES_MAX } from '../../content/torrent-file.ts'
import { sharesOf } from '../../ledger/fold/shares.ts'
import type { State } from '../../ledger/fold/state.ts'
import { sha256 } from '../../store/sha256.ts'
import { type Holding, isWhole, type Store } from '../../store/store.ts'
import { isWithin } from '../folder-path.ts'
import { readFile } from './share-files.ts'

export class HeldShares {
  readonly #home: string
  readonly #store: Pick<Store, 'holdings'>
  readonly #state: () => State

  constructor(home: string, { store, state }: { store: Pick<Store, 'holdings'>; state: () => State }) {
    this.#home = home
    this.#store = store
    this.#state = state
  }

  /** Versions that may be shares of it, of which there is something in the home or on its way there. */
  versions(
    of: VersionId,
    views: () => readonly { readonly version: VersionId; readonly destination: string }[]
  ): ReadonlySet<VersionId> {
    const shares = sharesOf(this.#state(), of)
    if (shares.size === 0) return shares
    const held = this.#inHome(shares).map(({ version }) => version.id)
    const coming = views().filter(
      ({ version, destination }) => shares.has(version) && isWithin(destination, this.#home)
    )
    return new Set([...held, ...coming.map(({ version }) => version)])
  }

  async holdings(of: VersionId): Promise<Holding[]> {
    const found: Holding[] = []
    for (const holding of this.#inHome(sharesOf(this.#state(), of)))
      if (!isWhole(holding.state) || (await wholeOf(holding)) === of) found.push(holding)
    return found
  }

  #inHome(shares: ReadonlySet<VersionId>): Holding[] {
    if (shares.size === 0) return []
    return this.#store
      .holdings()
      .filter(({ version, root }) => shares.has(version.id) && isWithin(root, this.#home))
  }
}

/** Which version a share says that it is of; undefined for what is none. */
async function wholeOf(share: Holding): Promise<VersionId | undefined> {
  try {
    return decodeTorrent(await readBeside(share, TORRENT_FILE, TORRENT_BYTES_MAX), sha256).version.id
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return undefined
  }
}

/** A small file of a share beside its cuts. AppError SHARES_INVALID when it has none such. */
export async function readBeside(share: Holding, name: string, bytesMax: number): Promise<Uint8Array> {
  const { files, id } = share.version
  const index = files.findIndex(({ path }) => path.length === 1 && path[0] === name)
  const file = files[index]
  if (file === undefined || file.bytes > bytesMax)
    throw new AppError('SHARES_INVALID', `version ${id} is called a share, and has no file ${name}`, {
      details: { version: id }
    })
  const into = new Uint8Array(file.bytes)
  await readFile(share, index, { offset: 0, into })
  return into
}
