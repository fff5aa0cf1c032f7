/**
 * Carries out what a transfer asks of its origin: requests become blocks, in order and in buffers like those that peers
 * send. What is on its way is bounded by what the transfer asked for, and comes in several requests where limits of
 * this device would let the whole come at once only to be silent for long after it.
 */

import { AppError } from '../../base/errors.ts'
import { pieceIndex, type VersionId } from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import { decodeTorrent } from '../../content/torrent-file.ts'
import { pieceSpan, type Version, type VersionFile } from '../../content/version.ts'
import { type BlockBuffers, copyBytes } from '../../store/block-buffers.ts'
import { sha256 } from '../../store/sha256.ts'
import type { TransferEffect, TransferEvent } from '../../swarm/transfer-types.ts'
import { BLOCK_BYTES, type BlockRange } from '../../swarm/wire-messages.ts'
import type { Flow } from '../bandwidth/flow.ts'
import type { Log } from '../log.ts'
import type { FileRange, RangeTaking } from './file-ranges.ts'
import type { OriginClient } from './origin-client.ts'
import type { OriginDesk, OriginLink } from './origin-desk.ts'
import { OriginError } from './origin-faults.ts'

/** Bytes that become one event; whole blocks. */
const PART_BYTES = 4 * BLOCK_BYTES
/** Turns at a limit that one request takes at once: a server has more work with each than a peer has. */
const REQUEST_TURNS = 8

/** What a .torrent is taken to have before it comes. */
const TORRENT_BYTES = 64 * KIB

export interface OriginRunnerInit {
  readonly versionId: VersionId
  readonly origins: Pick<OriginDesk, 'open'>
  readonly version: () => Version | undefined
  readonly buffers: BlockBuffers
  readonly log: Log
  readonly post: (event: TransferEvent) => void
  /** What requests pass before they leave, a new one for each piece and .torrent; absent where nothing limits. */
  readonly openFlow?: (() => RequestFlow) | undefined
  /** The .torrent came, and is of the version. */
  readonly onTorrent: (version: Version, layers: ReadonlyMap<number, Uint8Array>) => void
}

/** The part of a Flow that a request needs. */
export type RequestFlow = Pick<Flow, 'acquire' | 'bytesOf' | 'passed' | 'leave' | 'close'>

type Range = Pick<FileRange, 'offset' | 'length'>

/** Requests for parts of one piece. */
interface Fetching {
  readonly calledOff: AbortController
  runs: number
}

export class OriginRunner {
  readonly #init: OriginRunnerInit
  readonly #link: OriginLink
  readonly #pieces = new Map<number, Fetching>()
  readonly #closed = new AbortController()
  #host: string | undefined

  constructor(init: OriginRunnerInit) {
    this.#init = init
    this.#link = init.origins.open(init.versionId, isReady => init.post({ type: 'originReady', isReady }))
  }

  /** The host of the origin, or of the last one when there is none any more, as the audit log has it. */
  get host(): string | undefined {
    const { client } = this.#link
    if (client !== undefined) this.#host = URL.parse(client.url)?.host
    return this.#host
  }

  /** False for an effect that is not of an origin. */
  perform(effect: TransferEffect): boolean {
    switch (effect.type) {
      case 'fetchOrigin':
        void this.#fetch(effect)
        return true
      case 'cancelOrigin':
        this.#pieces.get(effect.piece)?.calledOff.abort()
        this.#pieces.delete(effect.piece)
        return true
      case 'badOrigin':
        this.#link.client?.fail(new OriginError('wrong-content', `piece ${effect.piece} fails its hash`))
        return true
      case 'fetchDescription':
        void this.#describe()
        return true
      default:
        return false
    }
  }

  close(): void {
    this.#closed.abort()
    this.#link.close()
  }

  async #fetch({ piece, begin, length }: BlockRange): Promise<void> {
    const { version: known, buffers, post } = this.#init
    const version = known()
    const { client } = this.#link
    const fetching = this.#fetching(piece)
    fetching.runs++
    const signal = AbortSignal.any([fetching.calledOff.signal, this.#closed.signal])
    const parts = new BlockParts({
      ...{ begin, length, buffers },
      emit: part => post({ type: 'originBlock', piece, ...part })
    })
    let isWhole = false
    if (version !== undefined && client !== undefined) {
      const { file, offset } = pieceSpan(version, pieceIndex(piece))
      const range = { offset: offset + begin, length }
      const onBytes = (bytes: Uint8Array): void => {
        if (!signal.aborted) parts.take(bytes)
      }
      isWhole = await this.#read(client, file, range, { signal, onBytes })
    }
    parts.end()
    fetching.runs--
    if (signal.aborted) return
    if (!isWhole) post({ type: 'originEnded', piece })
    else if (fetching.runs === 0) this.#pieces.delete(piece)
  }

  /** True when all of a range came; it is asked for as the limits of this device allow. */
  async #read(client: OriginClient, file: VersionFile, range: Range, taking: RangeTaking): Promise<boolean> {
    const { signal } = taking
    const flow = this.#init.openFlow?.()
    const leave = (): void => flow?.leave()
    signal.addEventListener('abort', leave)
    // A server that gives no parts of files gives at least those whole.
    const isWholeFile = range.length === file.bytes
    try {
      for (let at = 0; at < range.length; ) {
        const leftBytes = range.length - at
        const length = isWholeFile ? leftBytes : Math.min(leftBytes, requestBytes(flow))
        const part = { offset: range.offset + at, length }
        if (signal.aborted || !(await limited(flow, client, file, part, taking))) return false
        at += length
      }
      return true
    } finally {
      signal.removeEventListener('abort', leave)
      flow?.close()
    }
  }

  /** What is asked for of a piece: several runs, where some of its blocks were here. They are called off together. */
  #fetching(piece: number): Fetching {
    let fetching = this.#pieces.get(piece)
    if (fetching === undefined) {
      fetching = { calledOff: new AbortController(), runs: 0 }
      this.#pieces.set(piece, fetching)
    }
    return fetching
  }

  async #describe(): Promise<void> {
    const { versionId, log, post, onTorrent } = this.#init
    const bytes = await this.#torrent()
    let layers: ReadonlyMap<number, Uint8Array> = new Map()
    if (bytes !== undefined)
      try {
        const torrent = decodeTorrent(bytes, sha256)
        if (torrent.version.id === versionId) {
          layers = torrent.pieceLayers
          onTorrent(torrent.version, layers)
        } else log.warn({ version: versionId }, `the .torrent at the origin is of ${torrent.version.id}`)
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown
        log.warn({ version: versionId, code: thrown.code }, `the .torrent at the origin: ${thrown.message}`)
      }
    if (!this.#closed.signal.aborted) post({ type: 'originDescribed', layers })
  }

  /** Once the limits of this device let it come. How long it is shows only then: what follows pays for that. */
  async #torrent(): Promise<Uint8Array | undefined> {
    const flow = this.#init.openFlow?.()
    const { signal } = this.#closed
    const leave = (): void => flow?.leave()
    signal.addEventListener('abort', leave)
    try {
      if (signal.aborted || (flow !== undefined && !(await flow.acquire(TORRENT_BYTES)))) return undefined
      let came = 0
      const count = (bytes: number): void => {
        came += bytes
      }
      const torrent = this.#link.client?.torrent({ signal, onBytes: count })
      return await (torrent ?? Promise.resolve(undefined)).finally(() => flow?.passed(came - TORRENT_BYTES))
    } finally {
      signal.removeEventListener('abort', leave)
      flow?.close()
    }
  }
}

/** Whole blocks, as many as limits let come in a few turns. */
function requestBytes(flow: RequestFlow | undefined): number {
  const bytes = flow?.bytesOf(REQUEST_TURNS) ?? Number.POSITIVE_INFINITY
  return Number.isFinite(bytes) ? Math.max(BLOCK_BYTES, bytes - (bytes % BLOCK_BYTES)) : bytes
}

/** Asks for a part once the limits allow it; what did not come after all counts for nothing. */
async function limited(
  flow: RequestFlow | undefined,
  client: OriginClient,
  file: VersionFile,
  part: Range,
  { signal, onBytes }: RangeTaking
): Promise<boolean> {
  if (flow !== undefined && !(await flow.acquire(part.length))) return false
  let came = 0
  try {
    return await client.read(file, part, {
      signal,
      onBytes: bytes => {
        came += bytes.length
        onBytes(bytes)
      }
    })
  } finally {
    flow?.passed(Math.min(0, came - part.length))
  }
}

/** Cuts bytes that come in any lengths into buffers of whole blocks. */
export class BlockParts {
  readonly #buffers: BlockBuffers
  readonly #emit: (part: { readonly begin: number; readonly block: Uint8Array }) => void
  #begin: number
  #left: number
  #block: Uint8Array | undefined
  #filled = 0

  constructor(init: {
    readonly begin: number
    readonly length: number
    readonly buffers: BlockBuffers
    readonly emit: (part: { readonly begin: number; readonly block: Uint8Array }) => void
  }) {
    this.#buffers = init.buffers
    this.#emit = init.emit
    this.#begin = init.begin
    this.#left = init.length
  }

  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      this.#block ??= this.#buffers.allocate(Math.min(PART_BYTES, this.#left))
      const some = bytes.subarray(at, at + this.#block.length - this.#filled)
      copyBytes(this.#block, this.#filled, some)
      this.#filled += some.length
      at += some.length
      if (this.#filled < this.#block.length) return
      const part = { begin: this.#begin, block: this.#block }
      this.#begin += this.#filled
      this.#left -= this.#filled
      this.#block = undefined
      this.#filled = 0
      this.#emit(part)
    }
  }

  /** Nothing more comes: gives back what is not whole. */
  end(): void {
    if (this.#block !== undefined) this.#buffers.free(this.#block)
    this.#block = undefined
  }
}
