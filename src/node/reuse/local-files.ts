/**
 * What of a version lies in other files of this device: files with the same root, whole, and ranges that a match of
 * chunk indexes found. Puts them together as blocks of the wanted version, and reads them.
 */

import { AppError } from '../../base/errors.ts'
import { pieceIndex } from '../../base/ids.ts'
import type { LocalRange } from '../../content/chunk-match.ts'
import { pieceSpan, type Version } from '../../content/version.ts'
import type { Holding } from '../../store/store.ts'
import { Bitfield } from '../../swarm/bitfield.ts'
import { BLOCK_BYTES, type BlockRange } from '../../swarm/wire-messages.ts'
import type { LocalSource } from '../swarm/swarm-driver-types.ts'
import { holdsFile } from './chunk-indexes.ts'

/** Files of holdings that have one of the roots, by root, those of the first holding first. */
export function filesByRoot(
  holdings: readonly Holding[],
  roots: ReadonlySet<string>
): Map<string, { source: number; fileIndex: number }> {
  const byRoot = new Map<string, { source: number; fileIndex: number }>()
  for (const [source, holding] of holdings.entries())
    for (const [fileIndex, { root }] of holding.version.files.entries())
      if (root !== undefined && roots.has(root) && !byRoot.has(root) && holdsFile(holding, fileIndex))
        byRoot.set(root, { source, fileIndex })
  return byRoot
}

export class LocalFiles implements LocalSource {
  readonly blocks: Bitfield
  readonly #version: Version
  readonly #holdings: readonly Holding[]
  /** By file of the wanted version: ranges in order, without overlap. */
  readonly #ranges: ReadonlyMap<number, readonly LocalRange[]>

  /** `source` of a range is an index into `holdings`. */
  constructor(
    version: Version,
    holdings: readonly Holding[],
    ranges: ReadonlyMap<number, readonly LocalRange[]>
  ) {
    this.#version = version
    this.#holdings = holdings
    this.#ranges = ranges
    const blocksPerPiece = version.pieceBytes / BLOCK_BYTES
    this.blocks = new Bitfield(version.pieceCount * blocksPerPiece)
    for (const [fileIndex, own] of ranges) {
      const file = version.files[fileIndex]
      if (file === undefined) continue
      for (const { from, to } of joined(own)) {
        const first = Math.ceil(from / BLOCK_BYTES)
        const end = to >= file.bytes ? Math.ceil(file.bytes / BLOCK_BYTES) : Math.floor(to / BLOCK_BYTES)
        // Pieces of a file begin on its own blocks, so blocks count through the file.
        for (let block = first; block < end; block++)
          this.blocks.add(file.firstPiece * blocksPerPiece + block)
      }
    }
  }

  async read(range: BlockRange, into: Uint8Array): Promise<boolean> {
    const { fileIndex, offset } = pieceSpan(this.#version, pieceIndex(range.piece))
    let at = offset + range.begin
    const end = at + range.length
    try {
      for (const local of this.#ranges.get(fileIndex) ?? []) {
        if (local.begin + local.bytes <= at) continue
        if (local.begin > at) return false
        const bytes = Math.min(end, local.begin + local.bytes) - at
        const target = into.subarray(range.length - (end - at)).subarray(0, bytes)
        await this.#readFile(local, local.offset + (at - local.begin), target)
        at += bytes
        if (at === end) return true
      }
      return false
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      return false // it was changed or removed meanwhile: peers have it
    }
  }

  async #readFile({ source, fileIndex }: LocalRange, offset: number, into: Uint8Array): Promise<void> {
    const holding = this.#holdings[source]
    const file = holding?.version.files[fileIndex]
    if (holding === undefined || file === undefined) throw new AppError('STORAGE_FAILED', 'no such file')
    const { pieceBytes } = holding.version
    for (let done = 0; done < into.length; ) {
      const at = offset + done
      const piece = pieceIndex(file.firstPiece + Math.floor(at / pieceBytes))
      const begin = at % pieceBytes
      const length = Math.min(into.length - done, pieceBytes - begin)
      await holding.read({ piece, begin, length }, into.subarray(done, done + length))
      done += length
    }
  }
}

/** Ranges that touch, as one. */
function* joined(ranges: readonly LocalRange[]): Generator<{ from: number; to: number }> {
  let from = 0
  let to = 0
  for (const { begin, bytes } of ranges) {
    if (begin !== to) {
      if (to > from) yield { from, to }
      from = begin
    }
    to = begin + bytes
  }
  if (to > from) yield { from, to }
}
