/**
 * Where the chunks of a version's files lie and what they hash to: how a device that has an earlier version finds what
 * it has already.
 *
 * The index is a hint and needs no trust: whatever is put together by it is verified against the hashes of its pieces
 * like anything that comes from a peer. A wrong index costs reads of one's own disk. So whoever has a version may
 * compute it, and pass it on.
 *
 *     "PCHK" | version, 1 byte | number of files, u32 |
 *     for each file, in the order of the version: its index, u32 | number of chunks, u32 |
 *       for each chunk: length in bytes, u32 | first 16 bytes of its SHA-256
 *
 * All numbers are big-endian. The lengths of a file's chunks are those of chunking.ts and add up to its length.
 */

import { assert } from '../base/assert.ts'
import { equalBytes, utf8 } from '../base/bytes.ts'
import { GIB, KIB, MIB } from '../base/units.ts'
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN } from './chunking.ts'

export const CHUNK_HASH_BYTES = 16
/** Shorter files are reused as a whole or not at all. */
export const CHUNKED_BYTES_MIN = 128 * KIB
/** Enough for about 200 GiB in chunks of the average length. */
export const CHUNK_INDEX_BYTES_MAX = 64 * MIB
/** A version that is longer has no index. */
export const CHUNKED_VERSION_BYTES_MAX = 200 * GIB
const MAGIC = utf8('PCHK')
const FORMAT = 1
const HEADER_BYTES = MAGIC.length + 1 + 4
const FILE_HEADER_BYTES = 8
const CHUNK_ENTRY_BYTES = 4 + CHUNK_HASH_BYTES

/** Chunks that follow each other in a file. */
export interface Chunks {
  /** Bytes of each chunk, in order. */
  readonly lengths: Uint32Array
  /** CHUNK_HASH_BYTES for each chunk, concatenated. */
  readonly hashes: Uint8Array
}

/** All chunks of a file. */
export interface FileChunks extends Chunks {
  readonly fileIndex: number
}

export interface Chunk {
  /** Where it begins, from where the first one does. */
  readonly offset: number
  readonly length: number
  readonly hash: Uint8Array
}

export function* eachChunk({ lengths, hashes }: Chunks): Generator<Chunk> {
  let offset = 0
  for (const [chunk, length] of lengths.entries()) {
    const hash = hashes.subarray(chunk * CHUNK_HASH_BYTES, (chunk + 1) * CHUNK_HASH_BYTES)
    yield { offset, length, hash }
    offset += length
  }
}

/** In the order of the files. */
export type ChunkIndex = readonly FileChunks[]

/** What has to be known of a version. */
export interface FilesOfVersion {
  readonly totalBytes: number
  readonly files: readonly { readonly bytes: number }[]
}

/** The files of a version that are cut into chunks, by index. */
export function chunkedFiles(version: FilesOfVersion): number[] {
  if (version.totalBytes > CHUNKED_VERSION_BYTES_MAX) return []
  return [...version.files.keys()].filter(at => (version.files[at]?.bytes ?? 0) >= CHUNKED_BYTES_MIN)
}

export function encodeChunkIndex(index: ChunkIndex): Uint8Array {
  const chunks = index.reduce((sum, { lengths }) => sum + lengths.length, 0)
  const bytes = new Uint8Array(HEADER_BYTES + index.length * FILE_HEADER_BYTES + chunks * CHUNK_ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  bytes[MAGIC.length] = FORMAT
  view.setUint32(MAGIC.length + 1, index.length)
  let at = HEADER_BYTES
  for (const file of index) {
    assert(file.hashes.length === file.lengths.length * CHUNK_HASH_BYTES, 'a hash for each chunk')
    view.setUint32(at, file.fileIndex)
    view.setUint32(at + 4, file.lengths.length)
    at += FILE_HEADER_BYTES
    for (const { length, hash } of eachChunk(file)) {
      view.setUint32(at, length)
      bytes.set(hash, at + 4)
      at += CHUNK_ENTRY_BYTES
    }
  }
  return bytes
}

/** Reads the index of a version; a text says what is wrong with it. */
export function decodeChunkIndex(bytes: Uint8Array, version: FilesOfVersion): ChunkIndex | string {
  if (bytes.length < HEADER_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC))
    return 'no chunk index'
  if (bytes[MAGIC.length] !== FORMAT) return `a chunk index of format ${bytes[MAGIC.length]}, not ${FORMAT}`
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const fileCount = view.getUint32(MAGIC.length + 1)
  const index: FileChunks[] = []
  let at = HEADER_BYTES
  for (let count = 0; count < fileCount; count++) {
    if (bytes.length - at < FILE_HEADER_BYTES) return 'it ends within a file'
    const file = { fileIndex: view.getUint32(at), chunkCount: view.getUint32(at + 4) }
    at += FILE_HEADER_BYTES
    if (file.fileIndex <= (index.at(-1)?.fileIndex ?? -1)) return 'its files are not in order'
    if ((bytes.length - at) / CHUNK_ENTRY_BYTES < file.chunkCount) return 'it ends within a chunk'
    const end = at + file.chunkCount * CHUNK_ENTRY_BYTES
    const chunks = readChunks(bytes.subarray(at, end), version.files[file.fileIndex]?.bytes)
    if (typeof chunks === 'string') return `file ${file.fileIndex}: ${chunks}`
    index.push({ fileIndex: file.fileIndex, ...chunks })
    at = end
  }
  return at === bytes.length ? index : 'bytes follow its last chunk'
}

function readChunks(bytes: Uint8Array, fileBytes: number | undefined): Chunks | string {
  if (fileBytes === undefined) return 'the version has no such file'
  const count = bytes.length / CHUNK_ENTRY_BYTES
  const lengths = new Uint32Array(count)
  const hashes = new Uint8Array(count * CHUNK_HASH_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let total = 0
  for (let chunk = 0; chunk < count; chunk++) {
    const at = chunk * CHUNK_ENTRY_BYTES
    const length = view.getUint32(at)
    const isLast = chunk === count - 1
    if (length === 0 || length > CHUNK_BYTES_MAX || (length <= CHUNK_BYTES_MIN && !isLast))
      return `a chunk of ${length} bytes`
    lengths[chunk] = length
    hashes.set(bytes.subarray(at + 4, at + CHUNK_ENTRY_BYTES), chunk * CHUNK_HASH_BYTES)
    total += length
  }
  return total === fileBytes ? { lengths, hashes } : `chunks of ${total} bytes for a file of ${fileBytes}`
}

/** The longest that the index of a version can be. */
export function chunkIndexBytesMax(version: FilesOfVersion): number {
  let bytes = HEADER_BYTES
  for (const fileIndex of chunkedFiles(version)) {
    const chunks = Math.ceil((version.files[fileIndex]?.bytes ?? 0) / CHUNK_BYTES_MIN)
    bytes += FILE_HEADER_BYTES + chunks * CHUNK_ENTRY_BYTES
  }
  return Math.min(bytes, CHUNK_INDEX_BYTES_MAX)
}
