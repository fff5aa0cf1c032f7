/**
 * Fetches what readers come to and is not here: the pieces of a range first, and then ahead of them
 * (swarm/read-windows.ts). A version that somebody fetches as a whole goes on so, with what is read first; of any other
 * what is read goes into the store's cache. It asks for nothing once nobody reads, and lets go of a version a while
 * after its last reader: the next range is often asked for at once.
 *
 * A reader waits for a piece as long as anything of the version comes, and a patience beyond that.
 */

import { AppError } from '../../base/errors.ts'
import { type PieceIndex, pieceIndex, type VersionId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { decodeInfo } from '../../content/info.ts'
import { pieceSpan, type Version } from '../../content/version.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Holding, PieceLayers, Store } from '../../store/store.ts'
import { demandOf, WINDOW_BYTES_MAX, WindowReader } from '../../swarm/read-windows.ts'
import { layersOf } from '../swarm/local-copy.ts'
import type { SwarmHub, Want } from '../swarm/swarm-hub.ts'

/** Without anything that comes. */
const PATIENCE_MS = 20 * SECOND_MS
const LOOK_MS = 250
const LINGER_MS = 10 * SECOND_MS
/** What all readers of a version are ahead of together. */
const DEMAND_BYTES_MAX = 4 * WINDOW_BYTES_MAX

export interface ContentFetcherInit {
  readonly hub: Pick<SwarmHub, 'want' | 'wantOf' | 'unwant' | 'demand' | 'useHolding' | 'status'>
  readonly store: Pick<Store, 'holdings' | 'onChange' | 'cache'>
  readonly patienceMs?: number
}

/** Reads consecutive pieces of a version. */
export interface PieceReader {
  /** Resolves once the piece is here. AppError NO_SOURCES, NOT_AUTHORISED, or what the store failed with. */
  ready(piece: PieceIndex): Promise<void>
  /** So much of it went to who reads. */
  took(bytes: number): void
  close(): void
}

interface Reading {
  readonly window: WindowReader
  isWaiting: boolean
}

interface Fetch {
  readonly id: VersionId
  readonly name: string
  version: Version | undefined
  readonly readings: Set<Reading>
  /** Those that wait for something of it to come. */
  readonly waiting: Set<() => void>
  failure: AppError | undefined
  want: Want | undefined
  demanded: string
  lingers: NodeJS.Timeout | undefined
}

export class ContentFetcher {
  readonly #init: ContentFetcherInit
  readonly #patienceMs: number
  readonly #fetches = new Map<VersionId, Fetch>()
  readonly #timer: NodeJS.Timeout
  readonly #unheard: (() => void)[] = []

  constructor(init: ContentFetcherInit) {
    this.#init = init
    this.#patienceMs = init.patienceMs ?? PATIENCE_MS
    const changed = ({ version }: Holding): void => wake(this.#fetches.get(version.id))
    this.#unheard.push(init.store.onChange(changed))
    if (init.store.cache !== undefined) this.#unheard.push(init.store.cache.onChange(changed))
    this.#timer = setInterval(() => {
      for (const fetch of this.#fetches.values()) this.#look(fetch)
    }, LOOK_MS)
    this.#timer.unref()
  }

  /** Whether what is not here is fetched for readers. */
  get isOn(): boolean {
    return (this.#init.store.cache?.limitBytes ?? 0) > 0
  }

  /** What is in a version of which nothing is here. AppError as for {@link PieceReader.ready}. */
  async describe(id: VersionId, { name, signal }: { name: string; signal: AbortSignal }): Promise<Version> {
    const fetch = this.#fetchOf(id, name)
    this.#keep(fetch)
    try {
      this.#look(fetch)
      await this.#until(fetch, signal, () => fetch.version !== undefined)
    } finally {
      this.#leave(fetch)
    }
    if (fetch.version === undefined) throw noSources(name, 'what it has in it')
    return fetch.version
  }

  reader(
    version: Version,
    range: { readonly first: number; readonly end: number },
    { name, signal }: { readonly name: string; readonly signal: AbortSignal }
  ): PieceReader {
    const fetch = this.#fetchOf(version.id, name)
    fetch.version = version
    this.#keep(fetch)
    const window = new WindowReader(version, range, performance.now())
    const reading: Reading = { window, isWaiting: false }
    fetch.readings.add(reading)
    return {
      ready: async piece => {
        window.moveTo(piece)
        const isHere = this.#isHere(fetch, piece)
        if (!isHere || window.isStale(performance.now())) this.#look(fetch)
        if (isHere) return
        reading.isWaiting = true
        try {
          await this.#until(fetch, signal, () => this.#isHere(fetch, piece))
        } finally {
          reading.isWaiting = false
        }
      },
      took: bytes => window.took(bytes, performance.now()),
      close: () => {
        if (!fetch.readings.delete(reading)) return
        this.#demand(fetch)
        this.#leave(fetch)
      }
    }
  }

  /** What may be read may have changed: those that `isRefused` end at once. */
  recheck(isRefused: (version: VersionId) => boolean): void {
    for (const fetch of [...this.#fetches.values()]) if (isRefused(fetch.id)) this.#end(fetch)
  }

  close(): void {
    clearInterval(this.#timer)
    for (const end of this.#unheard) end()
    for (const fetch of [...this.#fetches.values()]) this.#end(fetch)
  }

  #fetchOf(id: VersionId, name: string): Fetch {
    const known = this.#fetches.get(id)
    if (known !== undefined) return known
    const fetch: Fetch = {
      ...{ id, name, version: undefined, readings: new Set(), waiting: new Set() },
      ...{ failure: undefined, want: undefined, demanded: '', lingers: undefined }
    }
    this.#fetches.set(id, fetch)
    return fetch
  }

  #keep(fetch: Fetch): void {
    clearTimeout(fetch.lingers)
    fetch.lingers = undefined
    // What failed for others may go now.
    if (fetch.readings.size === 0) fetch.failure = undefined
  }

  /** Its last reader has gone, for now. */
  #leave(fetch: Fetch): void {
    if (fetch.readings.size > 0 || this.#fetches.get(fetch.id) !== fetch) return
    clearTimeout(fetch.lingers)
    fetch.lingers = setTimeout(() => this.#end(fetch), LINGER_MS)
    fetch.lingers.unref()
  }

  #end(fetch: Fetch): void {
    const { hub } = this.#init
    clearTimeout(fetch.lingers)
    this.#fetches.delete(fetch.id)
    hub.demand(fetch.id, [])
    if (fetch.want !== undefined && hub.wantOf(fetch.id) === fetch.want) hub.unwant(fetch.id)
    fetch.failure ??= noSources(fetch.name, 'it')
    wake(fetch)
  }

  /** Sees to it that somebody fetches it, and that what is waited for goes first. */
  #look(fetch: Fetch): void {
    this.#demand(fetch)
    const isNeeded = fetch.demanded !== '' || (fetch.version === undefined && fetch.lingers === undefined)
    if (isNeeded && this.#init.hub.wantOf(fetch.id) === undefined) this.#want(fetch)
  }

  #want(fetch: Fetch): void {
    try {
      fetch.failure = undefined
      fetch.want = this.#wantOf(fetch)
      this.#init.hub.want(fetch.want)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      fail(fetch, thrown)
    }
  }

  #wantOf(fetch: Fetch): Want {
    const { id, name, version } = fetch
    const held = this.#holdings(id)[0]
    const holding =
      version === undefined
        ? undefined
        : this.#place(version, held === undefined ? new Map() : layersOf(held))
    return {
      ...{ versionId: id, holding, onComplete: () => undefined },
      onInfo: (infoBytes, layers = new Map()) => this.#onInfo(fetch, infoBytes, layers),
      onStorageFailure: failure => fail(fetch, failure),
      onRefused: reason => {
        if (reason === undefined) return
        const message = `${name} can not be read: ${reason}`
        fail(fetch, new AppError('NOT_AUTHORISED', message, { details: { dataset: name } }))
      }
    }
  }

  #onInfo(fetch: Fetch, infoBytes: Uint8Array, layers: PieceLayers): void {
    try {
      const version = decodeInfo(infoBytes, sha256)
      const holding = this.#place(version, layers)
      fetch.version = version
      this.#init.hub.useHolding(fetch.id, holding)
      wake(fetch)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      fail(fetch, thrown)
    }
  }

  #place(version: Version, layers: PieceLayers): Holding {
    const { cache } = this.#init.store
    if (cache === undefined) throw new RangeError('nothing is fetched for readers where nothing can be kept')
    return cache.take(version, layers)
  }

  #demand(fetch: Fetch): void {
    if (this.#fetches.get(fetch.id) !== fetch) return
    const limitBytes = this.#init.store.cache?.limitBytes ?? 0
    const windows = [...fetch.readings].map(({ window }) => window)
    const holdings = this.#holdings(fetch.id)
    const pieces = demandOf(windows, {
      nowMs: performance.now(),
      isHere: piece => holdings.some(({ have }) => have.has(piece)),
      bytesMax: Math.min(DEMAND_BYTES_MAX, limitBytes / 2)
    })
    for (const window of windows) window.mark()
    const demanded = pieces.join()
    if (demanded === fetch.demanded) return
    fetch.demanded = demanded
    this.#init.hub.demand(fetch.id, pieces)
  }

  #holdings(id: VersionId): Holding[] {
    const { store } = this.#init
    return store
      .holdings()
      .filter(({ version }) => version.id === id)
      .concat(store.cache?.find(id) ?? [])
  }

  #isHere({ id }: Fetch, piece: PieceIndex): boolean {
    return this.#holdings(id).some(({ have }) => have.has(piece))
  }

  async #until(fetch: Fetch, signal: AbortSignal, holds: () => boolean): Promise<void> {
    let movedMs = performance.now()
    let moved = this.#moved(fetch)
    while (!holds()) {
      signal.throwIfAborted()
      if (fetch.failure !== undefined) throw fetch.failure
      const now = this.#moved(fetch)
      if (now !== moved) {
        moved = now
        movedMs = performance.now()
      } else if (performance.now() - movedMs >= this.#patienceMs) throw this.#stuck(fetch)
      await woken(fetch, signal)
    }
  }

  /** What tells whether anything of it comes. */
  #moved({ id }: Fetch): number {
    const status = this.#init.hub.status(id)
    return (status?.downloadedBytes ?? 0) + (status?.metadataBytes ?? 0)
  }

  #stuck(fetch: Fetch): AppError {
    const { id, name, version } = fetch
    const selected = this.#init.hub.wantOf(id)?.holding?.selected
    const isLeft = (piece: number): boolean =>
      version !== undefined && selected?.has(pieceSpan(version, pieceIndex(piece)).fileIndex) === false
    const isInPart = fetch.want !== this.#init.hub.wantOf(id) && selected !== undefined
    if (isInPart && [...fetch.readings].some(({ isWaiting, window }) => isWaiting && isLeft(window.at)))
      return noSources(name, 'that file, which the transfer of it that is under way leaves out,')
    return noSources(name, version === undefined ? 'what it has in it' : 'all of that')
  }
}

function wake(fetch: Fetch | undefined): void {
  const waiting = [...(fetch?.waiting ?? [])]
  fetch?.waiting.clear()
  for (const one of waiting) one()
}

function fail(fetch: Fetch, failure: AppError): void {
  fetch.failure = failure
  wake(fetch)
}

/** Resolves when something of it has come, when it has ended, or after a moment. */
async function woken(fetch: Fetch, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, LOOK_MS)
  const aborted = (): void => resolve()
  signal.addEventListener('abort', aborted)
  fetch.waiting.add(resolve)
  await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', aborted)
  fetch.waiting.delete(resolve)
}

function noSources(name: string, what: string): AppError {
  return new AppError(
    'NO_SOURCES',
    `${name} can not be read now: no device that is linked gives ${what}; 'peerage peers' lists those that are`,
    { details: { dataset: name } }
  )
}
