/** Finds what two versions have in common by their chunk indexes. */

import { equalBytes } from '../base/bytes.ts'
import { type Chunk, type ChunkIndex, eachChunk, type FileChunks } from './chunk-index.ts'

/** Where a chunk lies. */
export interface ChunkPlace {
  /** Whatever the caller called the version. */
  readonly source: number
  readonly fileIndex: number
  readonly offset: number
}

interface Known extends Pick<Chunk, 'length' | 'hash'> {
  readonly place: ChunkPlace
}

/** Finds chunks by length and hash among those of several versions. */
export class ChunkTable {
  readonly #places = new Map<number, Known>()

  /** What was added first is found first. */
  add(source: number, index: ChunkIndex): void {
    for (const file of index)
      for (const { offset, length, hash } of eachChunk(file)) {
        const key = keyOf(hash)
        if (this.#places.has(key)) continue
        this.#places.set(key, { place: { source, fileIndex: file.fileIndex, offset }, length, hash })
      }
  }

  find({ length, hash }: Pick<Chunk, 'length' | 'hash'>): ChunkPlace | undefined {
    const found = this.#places.get(keyOf(hash))
    return found?.length === length && equalBytes(found.hash, hash) ? found.place : undefined
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
export function localRanges(table: ChunkTable, file: FileChunks): LocalRange[] {
  const ranges: LocalRange[] = []
  for (const chunk of eachChunk(file)) {
    const place = table.find(chunk)
    if (place === undefined) continue
    const range = { ...place, begin: chunk.offset, bytes: chunk.length }
    const last = ranges.at(-1)
    if (last !== undefined && goesOn(last, range))
      ranges[ranges.length - 1] = { ...last, bytes: last.bytes + range.bytes }
    else ranges.push(range)
  }
  return ranges
}

/** Whether a range begins where another ends, here and there. */
function goesOn(last: LocalRange, next: LocalRange): boolean {
  return (
    last.begin + last.bytes === next.begin &&
    last.source === next.source &&
    last.fileIndex === next.fileIndex &&
    last.offset + last.bytes === next.offset
  )
}

/** Bytes of the chunks that are not in a table. */
export function newBytesOf(table: ChunkTable, index: ChunkIndex): number {
  let bytes = 0
  for (const file of index)
    for (const chunk of eachChunk(file)) if (table.find(chunk) === undefined) bytes += chunk.length
  return bytes
}
