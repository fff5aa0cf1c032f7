/** What every Store must do, run on each implementation, and the small versions that store tests are made of. */

import { concatBytes } from '../base/bytes.ts'
import { type PieceIndex, piecesRootFromBytes } from '../base/ids.ts'
import { encodeInfo } from '../content/info.ts'
import { fileRootOfPieceLayer, leafHashes, pieceLeafWidth, pieceRootOfLeaves } from '../content/merkle.ts'
import { pieceSpan, type Version } from '../content/version.ts'
import { sha256 } from './sha256.ts'

export interface SampleFile {
  readonly path: readonly string[]
  readonly bytes: Uint8Array
  readonly executable?: boolean
  readonly symlink?: readonly string[]
}

export interface Sample {
  readonly version: Version
  readonly layers: Map<number, Uint8Array>
  bytesOf(piece: PieceIndex): Uint8Array
  fileBytes(fileIndex: number): Uint8Array
}

/** Bytes that differ from place to place and from seed to seed. */
export function sampleBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = (seed * 2654435761 + 1) >>> 0
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

function layerOf(bytes: Uint8Array, pieceBytes: number): Uint8Array {
  const width = pieceLeafWidth(bytes.length, pieceBytes)
  const hashes: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; offset += pieceBytes)
    hashes.push(
      pieceRootOfLeaves(leafHashes(bytes.subarray(offset, offset + pieceBytes), sha256), width, sha256)
    )
  return concatBytes(hashes)
}

export function sampleVersion(
  files: readonly SampleFile[],
  options: { readonly pieceBytes?: number; readonly name?: string } = {}
): Sample {
  const pieceBytes = options.pieceBytes ?? 16384
  const name = options.name ?? 'sample'
  const isSingleFile = files.length === 1 && files[0]?.path.length === 1 && files[0].path[0] === name
  const layerOfPath = new Map<string, Uint8Array>()
  const contents = new Map<string, Uint8Array>()
  const version = encodeInfo(
    {
      name,
      isSingleFile,
      pieceBytes,
      files: files.map(({ path, bytes, executable, symlink }) => {
        contents.set(path.join('/'), bytes)
        if (bytes.length === 0)
          return { path, bytes: 0, root: undefined, executable: executable ?? false, symlink }
        const layer = layerOf(bytes, pieceBytes)
        layerOfPath.set(path.join('/'), layer)
        const root = fileRootOfPieceLayer(layer, { fileBytes: bytes.length, pieceBytes, sha256 })
        return {
          path,
          bytes: bytes.length,
          root: piecesRootFromBytes(root),
          executable: executable ?? false,
          symlink
        }
      })
    },
    sha256
  )
  const layers = new Map<number, Uint8Array>()
  version.files.forEach((file, index) => {
    const layer = layerOfPath.get(file.path.join('/'))
    if (layer !== undefined && file.pieceCount > 1) layers.set(index, layer)
  })
  const fileBytes = (fileIndex: number) =>
    contents.get(version.files[fileIndex]?.path.join('/') ?? '') ?? new Uint8Array(0)
  return {
    version,
    layers,
    fileBytes,
    bytesOf: piece => {
      const { fileIndex, offset, bytes } = pieceSpan(version, piece)
      return fileBytes(fileIndex).subarray(offset, offset + bytes)
    }
  }
}
