/** The small versions that store tests are made of, and what those tests do with them. */

import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { type PieceIndex, pieceIndex, piecesRootFromBytes } from '../base/ids.ts'
import { encodeInfo } from '../content/info.ts'
import { fileRootOfPieceLayer, leafHashes, pieceLeafWidth, pieceRootOfLeaves } from '../content/merkle.ts'
import { pieceSpan, type Version } from '../content/version.ts'
import { sha256 } from './sha256.ts'
import type { Holding, HoldingState, Store } from './store.ts'

/** A fresh folder, by its real path. */
export function scratchFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'peerage-store-')))
}

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

/** Every piece of a sample, in the given order or the natural one. */
export function piecesOf(sample: Sample): PieceIndex[] {
  return Array.from({ length: sample.version.pieceCount }, (_, index) => pieceIndex(index))
}

/** Cuts a piece into blocks as they come from the wire. */
export function blocksOf(bytes: Uint8Array, blockBytes = 16384): Uint8Array[] {
  const blocks: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; offset += blockBytes)
    blocks.push(bytes.slice(offset, offset + blockBytes))
  return blocks
}

export async function fetchAll(holding: Holding, sample: Sample, pieces = piecesOf(sample)): Promise<void> {
  const outcomes = await Promise.all(
    pieces.map(piece => holding.writePiece(piece, blocksOf(sample.bytesOf(piece))))
  )
  for (const { outcome } of outcomes) assert.equal(outcome, 'durable')
}

/** Resolves once the holding is in that state. */
export function untilState(store: Store, holding: Holding, state: HoldingState): Promise<void> {
  return new Promise(resolve => {
    const check = () => {
      if (holding.state !== state) return
      end()
      resolve()
    }
    const end = store.onChange(check)
    check()
  })
}

/** Checks for `assert.rejects` that an error is an AppError of that code which names `path`. */
export function isAppError(code: string, path = ''): (error: unknown) => boolean {
  return error => {
    assert(error instanceof AppError, `${String(error)} is an AppError`)
    assert.equal(error.code, code, error.message)
    assert(error.message.includes(path), `${error.message} names ${path}`)
    return true
  }
}

/** Two files of several pieces, one of a single short piece, an executable, an empty file and a link. */
export function variedSample(): Sample {
  return sampleVersion([
    { path: ['data', 'long'], bytes: sampleBytes(5 * 16384 + 77, 1) },
    { path: ['data', 'exact'], bytes: sampleBytes(2 * 16384, 2) },
    { path: ['empty'], bytes: new Uint8Array(0) },
    { path: ['link'], bytes: new Uint8Array(0), symlink: ['data', 'long'] },
    { path: ['short'], bytes: sampleBytes(100, 3), executable: true }
  ])
}
