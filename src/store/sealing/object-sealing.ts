/**
 * Makes the object of a file: its age payload and the padding (docs/protocol-sealing.md), streaming. While one part
 * is encrypted the one before it is written and the one behind it is read, so memory is bounded by a few parts.
 *
 * It neither opens, closes, fsyncs nor removes files: whoever calls it makes the object durable before it counts, and
 * removes it after a failure. The object is written from its start into an empty file.
 */

import { randomFillSync } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import {
  CHUNK_BYTES,
  chunkCountOf,
  objectBytesOf,
  PAYLOAD_NONCE_BYTES,
  payloadBytesOf,
  SEALED_CHUNK_BYTES
} from '../../content/sealing/payload-layout.ts'
import { type OpenedFile, readFull, UnderWay, writeParts } from './file-parts.ts'
import { ChunkCipher, randomBytes } from './openssl-ciphers.ts'

/** Long enough that the calls of the system cost little, short enough to stay in the cache of a core. */
export const PART_CHUNKS = 4
const PART_BYTES = PART_CHUNKS * CHUNK_BYTES

export interface Sealing {
  readonly source: OpenedFile
  /** What the source is long; it is an error if it turns out to be shorter or longer. */
  readonly plaintextBytes: number
  readonly fileKey: Uint8Array
  readonly object: OpenedFile
  readonly signal?: AbortSignal | undefined
  /** How much of the plaintext is sealed. */
  readonly onProgress?: ((plaintextBytes: number) => void) | undefined
  /** Sees what is sealed, part by part and in order, to hash just that. The view is not to be kept. */
  readonly onPlaintext?: ((part: Uint8Array) => void) | undefined
}

/**
 * Throws AppError CONTENT_CHANGED, DISK_FULL or STORAGE_FAILED, and the signal's reason. Nothing is under way any
 * more when it settles.
 */
export async function sealFile(sealing: Sealing): Promise<void> {
  const reading = new UnderWay()
  const writing = new UnderWay()
  try {
    await sealChunks(sealing, reading, writing)
    await writePadding(sealing, writing)
    await writing.done()
  } finally {
    await reading.settle()
    await writing.settle()
  }
}

async function sealChunks(sealing: Sealing, reading: UnderWay, writing: UnderWay): Promise<void> {
  const { source, plaintextBytes, object, signal } = sealing
  const chunks = chunkCountOf(plaintextBytes)
  const nonce = randomBytes(PAYLOAD_NONCE_BYTES)
  const cipher = new ChunkCipher(sealing.fileKey, nonce)
  const partBytes = Math.min(PART_BYTES, plaintextBytes)
  let part = new Uint8Array(partBytes)
  let spare = new Uint8Array(plaintextBytes > PART_BYTES ? PART_BYTES : 0)
  const read = (into: Uint8Array, offset: number) =>
    reading.next(async () => {
      const bytes = Math.min(into.length, plaintextBytes - offset)
      if ((await readFull(source, into.subarray(0, bytes), offset)) < bytes) throw changed(source, 'shorter')
    })
  await writing.next(() => writeParts(object, [nonce], 0))
  await read(part, 0)
  for (let first = 0; first < chunks; first += PART_CHUNKS) {
    signal?.throwIfAborted()
    const offset = first * CHUNK_BYTES
    const plaintext = part.subarray(0, Math.min(partBytes, plaintextBytes - offset))
    await reading.done()
    if (offset + PART_BYTES < plaintextBytes) await read(spare, offset + PART_BYTES)
    const sealed: Uint8Array[] = []
    for (let index = first; index < Math.min(chunks, first + PART_CHUNKS); index++) {
      const at = (index - first) * CHUNK_BYTES
      sealed.push(...cipher.seal(index, index === chunks - 1, plaintext.subarray(at, at + CHUNK_BYTES)))
    }
    sealing.onPlaintext?.(plaintext)
    await writing.next(() => writeParts(object, sealed, PAYLOAD_NONCE_BYTES + first * SEALED_CHUNK_BYTES))
    sealing.onProgress?.(offset + plaintext.length)
    const next = spare
    spare = part
    part = next
  }
  if ((await readFull(source, new Uint8Array(1), plaintextBytes)) > 0) throw changed(source, 'longer')
}

async function writePadding(sealing: Sealing, writing: UnderWay): Promise<void> {
  const end = objectBytesOf(sealing.plaintextBytes)
  for (let at = payloadBytesOf(sealing.plaintextBytes); at < end; at += PART_BYTES) {
    sealing.signal?.throwIfAborted()
    const padding = randomFillSync(new Uint8Array(Math.min(PART_BYTES, end - at)))
    await writing.next(() => writeParts(sealing.object, [padding], at))
  }
}

function changed(source: OpenedFile, how: 'shorter' | 'longer'): AppError {
  const message = `can not seal ${source.name}: it became ${how} meanwhile; let nothing write to it, and start again`
  return new AppError('CONTENT_CHANGED', message, { details: { path: source.name } })
}
