/**
 * Opens an object, or a range of it, into its plaintext, streaming. A chunk is handed on only if it is authentic and
 * in its place, and the last one only as the last one: so whoever was given all of a range has what was sealed, and a
 * file that was cut off, extended or put together of others is refused.
 *
 * The padding is not looked at: the pieces root of the object covers it. Files are opened, closed and fsynced by the
 * caller.
 */

import { defined } from '../../base/assert.ts'
import { AppError } from '../../base/errors.ts'
import {
  type ByteRange,
  CHUNK_BYTES,
  type ChunkSpan,
  chunkCountOf,
  chunksOfRange,
  objectBytesOf,
  PAYLOAD_NONCE_BYTES,
  SEALED_CHUNK_BYTES,
  sealedChunk
} from '../../content/sealing/payload-layout.ts'
import { fileBytes, type OpenedFile, readFull, UnderWay, writeParts } from './file-parts.ts'
import { PART_CHUNKS } from './object-sealing.ts'
import { ChunkCipher } from './openssl-ciphers.ts'

/** Takes parts of the plaintext that follow each other from `offset` on; they are its own. */
export type PlaintextSink = (parts: readonly Uint8Array[], offset: number) => Promise<void>

export interface Opening {
  readonly object: OpenedFile
  /** As the manifest says. */
  readonly plaintextBytes: number
  readonly fileKey: Uint8Array
  /** Of the plaintext; all of it unless given. No more of the object has to be there than it lies in. */
  readonly range?: ByteRange | undefined
  readonly sink: PlaintextSink
  readonly signal?: AbortSignal | undefined
  /** How much of the range is done. */
  readonly onProgress?: ((plaintextBytes: number) => void) | undefined
}

/** Writes the plaintext to a file, where it lies in the plaintext. */
export function fileSink(file: OpenedFile): PlaintextSink {
  return (parts, offset) => writeParts(file, parts, offset)
}

/**
 * Throws AppError SEALED_INVALID with the object and the chunk that is not what it should be, DISK_FULL or
 * STORAGE_FAILED; what the sink throws; and the signal's reason. Nothing is under way any more when it settles.
 */
export async function openFile(opening: Opening): Promise<void> {
  const { object, plaintextBytes, range } = opening
  const bytes = await fileBytes(object)
  const expected = objectBytesOf(plaintextBytes)
  if (bytes > expected || (range === undefined && bytes < expected))
    throw invalid(object, `it has ${bytes} B instead of ${expected} B`)
  const reading = new UnderWay()
  const writing = new UnderWay()
  try {
    await openChunks(opening, reading, writing)
    await writing.done()
  } finally {
    await reading.settle()
    await writing.settle()
  }
}

async function openChunks(opening: Opening, reading: UnderWay, writing: UnderWay): Promise<void> {
  const { object, plaintextBytes, signal, sink } = opening
  const range = opening.range ?? { offset: 0, bytes: plaintextBytes }
  // An empty file has a chunk that proves it.
  const span = opening.range === undefined ? wholeSpan(plaintextBytes) : chunksOfRange(plaintextBytes, range)
  const nonce = new Uint8Array(PAYLOAD_NONCE_BYTES)
  if ((await readFull(object, nonce, 0)) < nonce.length) throw invalid(object, 'it ends in the nonce')
  const chunks = new OpenedChunks(opening, new ChunkCipher(opening.fileKey, nonce))
  const partBytes = Math.min(PART_CHUNKS, span.end - span.first) * SEALED_CHUNK_BYTES
  let part: Uint8Array = new Uint8Array(partBytes)
  let spare: Uint8Array = new Uint8Array(span.end - span.first > PART_CHUNKS ? partBytes : 0)
  const read = (into: Uint8Array, first: number) => reading.next(() => chunks.read(into, partOf(span, first)))
  if (span.first < span.end) await read(part, span.first)
  for (let first = span.first; first < span.end; first += PART_CHUNKS) {
    signal?.throwIfAborted()
    await reading.done()
    if (first + PART_CHUNKS < span.end) await read(spare, first + PART_CHUNKS)
    const opened = chunks.open(part, partOf(span, first))
    const trimmed = trim(opened, first * CHUNK_BYTES, range)
    await writing.next(() => sink(trimmed.parts, trimmed.offset))
    opening.onProgress?.(trimmed.offset + trimmed.bytes - range.offset)
    const next = spare
    spare = part
    part = next
  }
}

function wholeSpan(plaintextBytes: number): ChunkSpan {
  return { first: 0, end: chunkCountOf(plaintextBytes) }
}

function partOf(span: ChunkSpan, first: number): ChunkSpan {
  return { first, end: Math.min(span.end, first + PART_CHUNKS) }
}

class OpenedChunks {
  readonly #opening: Opening
  readonly #cipher: ChunkCipher
  readonly #chunkCount: number

  constructor(opening: Opening, cipher: ChunkCipher) {
    this.#opening = opening
    this.#cipher = cipher
    this.#chunkCount = chunkCountOf(opening.plaintextBytes)
  }

  async read(into: Uint8Array, span: ChunkSpan): Promise<void> {
    const { object, plaintextBytes } = this.#opening
    const start = sealedChunk(plaintextBytes, span.first).offset
    const last = sealedChunk(plaintextBytes, span.end - 1)
    const bytes = last.offset + last.bytes - start
    const there = await readFull(object, into.subarray(0, bytes), start)
    if (there < bytes) throw this.#invalid(span.first + Math.floor(there / SEALED_CHUNK_BYTES), 'ends early')
  }

  /** Chunks that were read, in plaintext. */
  open(part: Uint8Array, span: ChunkSpan): Uint8Array[] {
    const { plaintextBytes } = this.#opening
    const opened: Uint8Array[] = []
    for (let index = span.first; index < span.end; index++) {
      const at = (index - span.first) * SEALED_CHUNK_BYTES
      const sealed = part.subarray(at, at + sealedChunk(plaintextBytes, index).bytes)
      const plaintext = this.#cipher.open(index, index === this.#chunkCount - 1, sealed)
      if (plaintext === undefined) throw this.#invalid(index, 'is not what was sealed with its key')
      opened.push(plaintext)
    }
    return opened
  }

  #invalid(chunk: number, reason: string): AppError {
    return invalid(this.#opening.object, `chunk ${chunk} of ${this.#chunkCount} ${reason}`, chunk)
  }
}

/** Of chunks from `offset` on what lies in the range. */
function trim(
  chunks: Uint8Array[],
  offset: number,
  range: ByteRange
): { readonly parts: readonly Uint8Array[]; readonly offset: number; readonly bytes: number } {
  const before = Math.max(0, range.offset - offset)
  if (before > 0) chunks[0] = defined(chunks[0], 'the first chunk').subarray(before)
  const start = offset + before
  let bytes = 0
  const parts = chunks.map(chunk => {
    const part = chunk.subarray(0, Math.max(0, range.offset + range.bytes - start - bytes))
    bytes += part.length
    return part
  })
  return { parts, offset: start, bytes }
}

function invalid(object: OpenedFile, reason: string, chunk?: number): AppError {
  const advice = 'it is damaged, or this is not its key: fetch it again'
  const message = `can not open the object ${object.name}: ${reason}; ${advice}`
  return new AppError('SEALED_INVALID', message, {
    details: { object: object.name, chunk: chunk ?? null, reason }
  })
}
