/**
 * Asks peers for the chunk index of a version, and gives them ours. The protocol, /peerage/chunks/1, over messages
 * (framed-stream.ts): the asker sends the 32 bytes of the version id, and the answer is the index, or empty if there is
 * none; then both end. Who may not read the version gets none.
 */

import { AppError } from '../../base/errors.ts'
import { type DeviceId, idBytes, type VersionId, versionIdFromBytes } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import {
  CHUNK_INDEX_BYTES_MAX,
  type ChunkIndex,
  chunkIndexBytesMax,
  decodeChunkIndex
} from '../../content/chunk-index.ts'
import type { Version } from '../../content/version.ts'
import type { FirstSync } from '../ledger/first-sync.ts'
import type { Log } from '../log.ts'
import { answerOnce, askOnce, type QuestionTerms } from '../transport/one-question.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'

export const CHUNKS_PROTOCOL = '/peerage/chunks/1'

const ID_BYTES = 32
const TERMS: QuestionTerms = {
  protocol: CHUNKS_PROTOCOL,
  questionBytesMax: ID_BYTES,
  answerBytesMax: CHUNK_INDEX_BYTES_MAX,
  timeoutMs: 20 * SECOND_MS
}
const STREAMS_PER_PEER_MAX = 4

export interface ChunkExchangeInit {
  readonly transport: Transport
  /** The index of a version as it is kept here. */
  readonly stored: (version: VersionId) => Uint8Array | undefined
  readonly mayRead: (device: DeviceId, version: VersionId) => boolean
  readonly log: Log
  /** See first-sync.ts. */
  readonly admit?: FirstSync['admit']
}

export class ChunkExchange {
  readonly #init: ChunkExchangeInit

  constructor(init: ChunkExchangeInit) {
    this.#init = init
    const { admit = serve => serve } = init
    const answer = admit(stream => void this.#answer(stream))
    init.transport.handle(CHUNKS_PROTOCOL, answer, {
      streamsPerPeerMax: STREAMS_PER_PEER_MAX
    })
  }

  /** What a peer has to say; undefined when it has nothing, does not answer, or answers nonsense. */
  async ask(
    device: DeviceId,
    version: Version,
    signal: AbortSignal
  ): Promise<{ readonly index: ChunkIndex; readonly bytes: Uint8Array } | undefined> {
    try {
      const asked = { device, question: idBytes(version.id), signal }
      const terms = { ...TERMS, answerBytesMax: chunkIndexBytesMax(version) }
      const bytes = await askOnce(this.#init.transport, asked, terms)
      if (bytes === undefined || bytes.length === 0) return undefined
      const index = decodeChunkIndex(bytes, version)
      if (typeof index !== 'string') return { index, bytes: bytes.slice() }
      this.#init.log.warn({ device, version: version.id }, `chunk index of a peer: ${index}`)
      return undefined
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      if (!(thrown instanceof AppError) && !(thrown instanceof DOMException)) throw thrown
      this.#init.log.debug({ device, version: version.id }, `no chunk index: ${thrown.message}`)
      return undefined
    }
  }

  async #answer(stream: PeerStream): Promise<void> {
    const { stored, mayRead, log } = this.#init
    await answerOnce(stream, TERMS, {
      answer: async asked => {
        if (asked.length !== ID_BYTES) return 'no version was named'
        const version = versionIdFromBytes(asked)
        const bytes = mayRead(stream.peer, version) ? stored(version) : undefined
        return bytes ?? new Uint8Array(0)
      },
      onFailure: ({ message }) => log.debug({ device: stream.peer }, `asked for a chunk index: ${message}`)
    })
  }
}
