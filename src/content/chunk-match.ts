/** Finds what two versions have in common by their chunk indexes. */

import { defined } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { CHUNK_HASH_BYTES, type ChunkIndex, type FileChunks } from './chunk-index.ts'

/** Where a chunk lies. */
export interface ChunkPlace {
  /** Whatever the caller called the version. */
  readonly source: number
  readonly fileIndex: number
  readonly offset: number
}

/** Finds chunks by length and hash among those of several versions. */
export class ChunkTable {
  readonly #places = new Map<number, ChunkPlace & { readonly length: number; readonly hash: Uint8Array }>()

  /** What was added first is found first. */
  add(source: number, index: ChunkIndex): void {
    for (const { fileIndex, lengths, hashes } of index) {
      let offset = 0
      for (const [chunk, length] of lengths.entries()) {
        const hash = hashes.subarray(chunk * CHUNK_HASH_BYTES, (chunk + 1) * CHUNK_HASH_BYTES)
        const key = keyOf(hash)
        if (!this.#places.has(key)) this.#places.set(key, { source, fileIndex, offset, length, hash })
        offset += length
      }
    }
  }

  find(length: number, hash: Uint8Array): ChunkPlace | undefined {
    const place = this.#places.get(keyOf(hash))
    return place?.length === length && equalBytes(place.hash, hash) ? place : undefined
  }
}

/** The first 52 bits, which a number holds exactly. */
function keyOf(hash: Uint8Array): number {
  const view = new DataView(hash.buffer, hash.byteOffset, hash.length)
  return view.getUint32(0) * 2 ** 20 + (view.getUint32(4) >>> 12)
}

/** A range of a file of the wanted version, and where the same bytes lie. */
export interface LocalRange extends ChunkPlace {
  /** Where in the wanted file. */
  readonly begin: number
  readonly bytes: number
}

/** What of a wanted file is found in a table: in order, and what goes on in one place as one range. */
export function localRanges(table: ChunkTable, { lengths, hashes }: FileChunks): LocalRange[] {
  const ranges: LocalRange[] = []
  let begin = 0
  for (const [chunk, length] of lengths.entries()) {
    const place = table.find(
      length,
      hashes.subarray(chunk * CHUNK_HASH_BYTES, (chunk + 1) * CHUNK_HASH_BYTES)
    )
    if (place !== undefined) {
      const last = ranges.at(-1)
      const goesOn =
        last !== undefined &&
        last.begin + last.bytes === begin &&
        last.source === place.source &&
        last.fileIndex === place.fileIndex &&
        last.offset + last.bytes === place.offset
      if (goesOn) ranges[ranges.length - 1] = { ...defined(last, 'a range'), bytes: last.bytes + length }
      else ranges.push({ ...pick(place), begin, bytes: length })
    }
    begin += length
  }
  return ranges
}

function pick({ source, fileIndex, offset }: ChunkPlace): ChunkPlace {
  return { source, fileIndex, offset }
}

/** Bytes of the chunks that are not in a table. */
export function newBytesOf(table: ChunkTable, index: ChunkIndex): number {
  let bytes = 0
  for (const { lengths, hashes } of index)
    for (const [chunk, length] of lengths.entries()) {
      const hash = hashes.subarray(chunk * CHUNK_HASH_BYTES, (chunk + 1) * CHUNK_HASH_BYTES)
      if (table.find(length, hash) === undefined) bytes += length
    }
  return bytes
}
