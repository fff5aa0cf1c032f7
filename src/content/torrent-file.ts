/**
 * A .torrent file of BitTorrent v2 (BEP 3 and 52), both ways: the info dictionary beside the piece layers of all
 * files longer than a piece. The same version always gives the same file: a creation date or any other optional
 * key is written only if the caller asks for it.
 *
 * Reading verifies every piece layer against its file's root, so that what is returned can be trusted as far as
 * the id is. Each layer must be there and no other one may be. A file without any is valid only if no file needs
 * one. Keys that mean nothing here, such as trackers in tiers, are read over.
 */

import { assert, defined } from '../base/assert.ts'
import { fromUtf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { idBytes } from '../base/ids.ts'
import { KIB, MIB } from '../base/units.ts'
import { BencodeReader, byteString } from './bencode-reader.ts'
import { BencodeWriter } from './bencode-writer.ts'
import { PIECE_COUNT_MAX } from './file-entries.ts'
import { HASH_BYTES, type Sha256 } from './hash.ts'
import { decodeInfo, INFO_BYTES_MAX } from './info.ts'
import { pieceLayerMatches } from './merkle.ts'
import type { Version, VersionFile } from './version.ts'

const OPTIONAL_TEXT_BYTES_MAX = 4 * KIB
/** Room for the largest info dictionary, all the layers that it may demand, and keys beside them. */
export const TORRENT_BYTES_MAX = INFO_BYTES_MAX + PIECE_COUNT_MAX * 2 * HASH_BYTES + MIB

/** Piece layers by the index of the file, for files of more than one piece. */
export type PieceLayersByFile = ReadonlyMap<number, Uint8Array>

export interface TorrentOptions {
  /** URL of a tracker. */
  readonly announce?: string
  readonly createdBy?: string
  /** Seconds since 1970. */
  readonly creationDateSeconds?: number
}

export interface Torrent extends TorrentOptions {
  readonly version: Version
  readonly pieceLayers: PieceLayersByFile
}

/** `layers` holds the layer of each file of more than one piece, verified; others are not looked at. */
export function encodeTorrent(
  version: Version,
  layers: PieceLayersByFile,
  options: TorrentOptions = {}
): Uint8Array {
  const writer = new BencodeWriter().beginDictionary()
  if (options.announce !== undefined) writer.key('announce').text(options.announce)
  if (options.createdBy !== undefined) writer.key('created by').text(options.createdBy)
  if (options.creationDateSeconds !== undefined) {
    writer.key('creation date').integer(options.creationDateSeconds)
  }
  writer.key('info').encoded(version.infoBytes)
  writer.key('piece layers').beginDictionary()
  // Files of the same content have one root and so one layer.
  const byRoot = new Map<string, Uint8Array>()
  for (const [index, file] of version.files.entries()) {
    if (!hasPieceLayer(file)) continue
    const layer = defined(layers.get(index), `piece layer of file ${index}`)
    assert(layer.length === file.pieceCount * HASH_BYTES, `the piece layer of file ${index} is whole`)
    byRoot.set(byteString(idBytes(defined(file.root, 'root'))), layer)
  }
  for (const root of [...byRoot.keys()].sort()) {
    writer.key(root).string(defined(byRoot.get(root), 'piece layer'))
  }
  return writer.end().end().finish()
}

/** Reads and verifies a .torrent; throws AppError TORRENT_INVALID, or what {@link decodeInfo} throws. */
export function decodeTorrent(bytes: Uint8Array, sha256: Sha256): Torrent {
  if (bytes.length > TORRENT_BYTES_MAX) {
    throw invalid(`it has ${bytes.length} B, more than ${TORRENT_BYTES_MAX} B`)
  }
  const reader = new BencodeReader(bytes)
  let infoBytes: Uint8Array | undefined
  let byRoot: ReadonlyMap<string, Uint8Array> = new Map()
  let options: TorrentOptions = {}
  reader.beginDictionary()
  for (let key = reader.nextKey(); key !== undefined; key = reader.nextKey()) {
    const start = reader.offset
    if (key === 'piece layers') byRoot = readLayers(reader)
    else if (key === 'announce') options = { ...options, announce: readText(reader, key) }
    else if (key === 'created by') options = { ...options, createdBy: readText(reader, key) }
    else if (key === 'creation date') options = { ...options, creationDateSeconds: readDate(reader) }
    else reader.skip()
    // A copy, so that a version does not keep the whole file in memory.
    if (key === 'info') infoBytes = bytes.slice(start, reader.offset)
  }
  reader.finish()
  if (infoBytes === undefined) throw invalid('it has no info dictionary')
  const version = decodeInfo(infoBytes, sha256)
  return { version, pieceLayers: verifiedLayers(version, byRoot, sha256), ...options }
}

/** Whether BEP 52 keeps a piece layer for the file: the root alone says it all of a file of one piece. */
export function hasPieceLayer(file: VersionFile): boolean {
  return file.pieceCount > 1
}

function verifiedLayers(
  version: Version,
  byRoot: ReadonlyMap<string, Uint8Array>,
  sha256: Sha256
): Map<number, Uint8Array> {
  const layers = new Map<number, Uint8Array>()
  const used = new Set<string>()
  for (const [index, file] of version.files.entries()) {
    if (!hasPieceLayer(file)) continue
    const root = idBytes(defined(file.root, 'root'))
    const key = byteString(root)
    const layer = byRoot.get(key)
    const name = JSON.stringify(file.path.join('/'))
    if (layer === undefined) throw invalid(`it has no piece layer of ${name}`)
    if (!pieceLayerMatches(layer, { root, fileBytes: file.bytes, pieceBytes: version.pieceBytes, sha256 })) {
      throw invalid(`the piece layer of ${name} does not match its pieces root`)
    }
    layers.set(index, layer)
    used.add(key)
  }
  if (used.size < byRoot.size)
    throw invalid(`${byRoot.size - used.size} of its piece layers belong to no file`)
  return layers
}

function readLayers(reader: BencodeReader): Map<string, Uint8Array> {
  const layers = new Map<string, Uint8Array>()
  if (reader.peek() !== 'dictionary') throw invalid('its piece layers are no dictionary')
  reader.beginDictionary()
  for (let key = reader.nextKey(); key !== undefined; key = reader.nextKey()) {
    if (key.length !== HASH_BYTES) throw invalid(`the key of a piece layer has ${key.length} B`)
    if (reader.peek() !== 'string') throw invalid('a piece layer is no string')
    layers.set(key, reader.string().slice())
  }
  return layers
}

function readText(reader: BencodeReader, key: string): string {
  if (reader.peek() !== 'string') throw invalid(`${JSON.stringify(key)} is no string`)
  const bytes = reader.string()
  if (bytes.length > OPTIONAL_TEXT_BYTES_MAX) throw invalid(`${JSON.stringify(key)} has ${bytes.length} B`)
  const text = fromUtf8(bytes)
  if (text === undefined) throw invalid(`${JSON.stringify(key)} is not valid UTF-8`)
  return text
}

function readDate(reader: BencodeReader): number {
  if (reader.peek() !== 'integer') throw invalid('its creation date is no integer')
  return reader.integer()
}

function invalid(reason: string): AppError {
  return new AppError(
    'TORRENT_INVALID',
    `can not read a .torrent file: ${reason}; get it again from its source`,
    { details: { reason } }
  )
}
