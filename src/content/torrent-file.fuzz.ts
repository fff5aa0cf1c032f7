/**
 * Fuzz target of the .torrent decoder: whatever it accepts, writes back to a file that reads the same, and holds
 * just the layers that its files call for. A checksum stands in for SHA-256, so that mutants can get far.
 */

import { assert } from '../base/assert.ts'
import { concatBytes, equalBytes, utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { piecesRootFromBytes } from '../base/ids.ts'
import { HASH_BYTES, type Sha256 } from './hash.ts'
import { encodeInfo } from './info.ts'
import { fileRootOfPieceLayer, LEAF_BYTES } from './merkle.ts'
import { decodeTorrent, encodeTorrent, hasPieceLayer, type Torrent } from './torrent-file.ts'

const checksum: Sha256 = bytes => {
  const sums = new Uint8Array(HASH_BYTES).fill(1)
  for (const [i, byte] of bytes.entries()) {
    sums[i % HASH_BYTES] = ((sums[i % HASH_BYTES] ?? 0) * 31 + byte) & 0xff
  }
  return sums
}

function seed(name: string, fileBytes: number): Uint8Array {
  const pieceBytes = LEAF_BYTES
  const layer = concatBytes(
    Array.from({ length: Math.ceil(fileBytes / pieceBytes) }, (_, i) => checksum(utf8(`${i}`)))
  )
  const root = piecesRootFromBytes(fileRootOfPieceLayer(layer, { fileBytes, pieceBytes, sha256: checksum }))
  const entry = { path: [name], bytes: fileBytes, root, executable: false, symlink: undefined }
  const version = encodeInfo({ name, isSingleFile: true, pieceBytes, files: [entry] }, checksum)
  const options = { announce: 'http://t/a', creationDateSeconds: 1 }
  const torrent = encodeTorrent(version, new Map([[0, layer]]), options)
  assert(decode(torrent) !== undefined, 'a seed is accepted')
  return torrent
}

export const seeds: Uint8Array[] = [seed('a', 5), seed('b', LEAF_BYTES + 1), seed('c', 5 * LEAF_BYTES)]

function decode(input: Uint8Array): Torrent | undefined {
  try {
    return decodeTorrent(input, checksum)
  } catch (thrown) {
    if (thrown instanceof AppError) return undefined
    throw thrown
  }
}

export function fuzz(input: Uint8Array): void {
  const torrent = decode(input)
  if (torrent === undefined) return
  const { version, pieceLayers } = torrent
  const needed = version.files.filter(hasPieceLayer).length
  assert(pieceLayers.size === needed, 'a layer for each file that has one')
  const written = encodeTorrent(version, pieceLayers, torrent)
  const again = decodeTorrent(written, checksum)
  assert(again.version.id === version.id, 'the id stays')
  assert(equalBytes(encodeTorrent(again.version, again.pieceLayers, again), written), 'the file stays')
}
