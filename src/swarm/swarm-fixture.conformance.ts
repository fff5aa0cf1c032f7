/** Versions with made-up content, for tests of the swarm: real Merkle trees over bytes of a known generator. */

import { createHash } from 'node:crypto'
import {
  type DeviceId,
  deviceIdFromBytes,
  type PieceIndex,
  pieceIndex,
  piecesRootFromBytes,
  versionIdFromBytes
} from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import {
  LEAF_BYTES,
  layerRoot,
  leafHashes,
  nextPowerOfTwo,
  paddingHash,
  pieceLeafWidth,
  pieceRootOfLeaves
} from '../content/merkle.ts'
import { pieceSpan, type Version, type VersionFile } from '../content/version.ts'

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

export function deviceOf(index: number): DeviceId {
  return deviceIdFromBytes(new Uint8Array(32).fill(index + 1))
}

/** Bytes that look random and are the same in every run. */
export function madeUpBytes(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = (seed * 2654435761) >>> 0 || 1
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return new Uint8Array(words.buffer, 0, length)
}

export interface Fixture {
  readonly version: Version
  readonly layers: ReadonlyMap<number, Uint8Array>
  readonly piece: (index: number) => Uint8Array
  readonly pieceHash: (index: number) => Uint8Array
}

export function makeVersion(fileBytes: readonly number[], pieceBytes: number): Fixture {
  const contents = fileBytes.map((bytes, index) => madeUpBytes(bytes, index + 1))
  const layers = new Map<number, Uint8Array>()
  const files: VersionFile[] = []
  const hashes: Uint8Array[] = []
  let firstPiece = 0
  contents.forEach((content, index) => {
    const pieceCount = Math.ceil(content.length / pieceBytes)
    const layer = new Uint8Array(pieceCount * HASH_BYTES)
    for (let piece = 0; piece < pieceCount; piece++) {
      const leaves = leafHashes(content.subarray(piece * pieceBytes, (piece + 1) * pieceBytes), sha256)
      const hash = pieceRootOfLeaves(leaves, pieceLeafWidth(content.length, pieceBytes), sha256)
      layer.set(hash, piece * HASH_BYTES)
      hashes.push(hash)
    }
    const padding = paddingHash(Math.log2(pieceBytes / LEAF_BYTES), sha256)
    const root =
      pieceCount === 0
        ? undefined
        : pieceCount === 1
          ? layer
          : layerRoot(layer, { width: nextPowerOfTwo(pieceCount), padding, sha256 })
    if (pieceCount > 1) layers.set(index, layer)
    files.push({
      path: [`file-${index}`],
      bytes: content.length,
      root: root === undefined ? undefined : piecesRootFromBytes(root),
      executable: false,
      symlink: undefined,
      firstPiece: pieceIndex(firstPiece),
      pieceCount
    })
    firstPiece += pieceCount
  })
  const infoBytes = madeUpBytes(40_000, fileBytes.length + pieceBytes)
  const version: Version = {
    id: versionIdFromBytes(sha256(infoBytes)),
    infoBytes,
    name: 'made-up',
    isSingleFile: false,
    pieceBytes,
    files,
    pieceCount: firstPiece,
    totalBytes: fileBytes.reduce((sum, bytes) => sum + bytes, 0)
  }
  return {
    version,
    layers,
    piece: index => {
      const span = pieceSpan(version, index as PieceIndex)
      const content = contents[span.fileIndex] ?? new Uint8Array(0)
      return content.subarray(span.offset, span.offset + span.bytes)
    },
    pieceHash: index => hashes[index] ?? new Uint8Array(0)
  }
}
