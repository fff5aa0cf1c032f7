import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { concatBytes, fromHex } from '../base/bytes.ts'
import { piecesRootFromBytes } from '../base/ids.ts'
import { KIB } from '../base/units.ts'
import { type BencodeValue, byteString, bytesOfByteString, decodeBencode, encodeBencode } from './bencode.ts'
import type { FileEntry } from './file-entries.ts'
import { HASH_BYTES, type Sha256 } from './hash.ts'
import { encodeInfo } from './info.ts'
import { fileRootOfPieceLayer, leafHashes, pieceLeafWidth, pieceRootOfLeaves } from './merkle.ts'
import { fuzz, seeds } from './torrent-file.fuzz.ts'
import { decodeTorrent, encodeTorrent } from './torrent-file.ts'

const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
const pieceBytes = 32 * KIB

function hashed(path: string, bytes: number, fill: number): { entry: FileEntry; layer: Uint8Array } {
  const pieces: Uint8Array[] = []
  for (let offset = 0; offset < bytes; offset += pieceBytes) {
    const piece = new Uint8Array(Math.min(pieceBytes, bytes - offset)).fill(fill)
    pieces.push(pieceRootOfLeaves(leafHashes(piece, sha256), pieceLeafWidth(bytes, pieceBytes), sha256))
  }
  const layer = concatBytes(pieces)
  const root =
    bytes === 0
      ? undefined
      : piecesRootFromBytes(fileRootOfPieceLayer(layer, { fileBytes: bytes, pieceBytes, sha256 }))
  return { entry: { path: [path], bytes, root, executable: false, symlink: undefined }, layer }
}

const files = [
  hashed('a', 0, 0),
  hashed('b', 32 * KIB, 1),
  hashed('c', 32 * KIB + 1, 2),
  hashed('d', 200_000, 3),
  hashed('e', 200_000, 3)
]
const version = encodeInfo(
  { name: 'tree', isSingleFile: false, pieceBytes, files: files.map(file => file.entry) },
  sha256
)
const layers = new Map([2, 3, 4].map(index => [index, files[index]?.layer ?? new Uint8Array()]))
const torrent = encodeTorrent(version, layers)

test('reading inverts writing', () => {
  assert.deepEqual(decodeTorrent(torrent, sha256), { version, pieceLayers: layers })
  const options = { announce: 'http://tracker/announce', createdBy: 'tests', creationDateSeconds: 5 }
  const optional = encodeTorrent(version, layers, options)
  assert.deepEqual(decodeTorrent(optional, sha256), { version, pieceLayers: layers, ...options })
})

test('the file is strict bencode, the same each time, with one layer for equal files', () => {
  assert.deepEqual(encodeTorrent(version, layers), torrent)
  const top = decodeBencode(torrent) as Map<string, BencodeValue>
  assert.deepEqual(encodeBencode(top), torrent)
  assert.deepEqual([...top.keys()], ['info', 'piece layers'])
  assert.equal((top.get('piece layers') as Map<string, BencodeValue>).size, 2)
})

/** The torrent with its piece layers or another key changed. */
function changed(
  change: (top: Map<string, BencodeValue>, layers: Map<string, BencodeValue>) => void
): Uint8Array {
  const top = new Map(decodeBencode(torrent) as Map<string, BencodeValue>)
  const pieceLayers = new Map(top.get('piece layers') as Map<string, BencodeValue>)
  top.set('piece layers', pieceLayers)
  change(top, pieceLayers)
  return encodeBencode(top)
}

test('a layer that is missing, wrong, foreign or malformed is refused', () => {
  const rootOfC = byteString(fromHex(files[2]?.entry.root ?? '') ?? new Uint8Array())
  const layerOfC = files[2]?.layer ?? new Uint8Array()
  const cases: [RegExp, Uint8Array][] = [
    [/no info dictionary/, changed(top => top.delete('info'))],
    [/no piece layer of "c"/, changed(top => top.delete('piece layers'))],
    [/no piece layer of "c"/, changed((_, map) => map.delete(rootOfC))],
    [/are no dictionary/, changed(top => top.set('piece layers', []))],
    [/is no string/, changed((_, map) => map.set(rootOfC, 1))],
    [/has 31 B/, changed((_, map) => map.set('r'.repeat(31), layerOfC))],
    [/belong to no file/, changed((_, map) => map.set('r'.repeat(32), layerOfC))],
    [/"c" does not match/, changed((_, map) => map.set(rootOfC, layerOfC.slice(HASH_BYTES)))],
    [/"c" does not match/, changed((_, map) => map.set(rootOfC, layerOfC.slice(1)))],
    [
      /"c" does not match/,
      changed((_, map) => map.set(rootOfC, concatBytes([layerOfC, new Uint8Array(HASH_BYTES)])))
    ],
    [/"c" does not match/, changed((_, map) => map.set(rootOfC, layerOfC.toReversed()))],
    [/"announce" is no string/, changed(top => top.set('announce', 1))],
    [/"announce" is not valid UTF-8/, changed(top => top.set('announce', Uint8Array.of(0xff)))],
    [/"created by" has/, changed(top => top.set('created by', new Uint8Array(5000)))],
    [/creation date is no integer/, changed(top => top.set('creation date', []))]
  ]
  for (const [reason, bytes] of cases) {
    assert.throws(() => decodeTorrent(bytes, sha256), { code: 'TORRENT_INVALID', message: reason })
  }
})

test('what is no torrent at all is refused as what it is', () => {
  for (const text of ['', 'x', 'le', 'i1e', 'd4:info', `${byteString(torrent)}x`]) {
    assert.throws(
      () => decodeTorrent(bytesOfByteString(text), sha256),
      { code: 'BENCODE_INVALID' },
      text.slice(0, 9)
    )
  }
  assert.throws(() => decodeTorrent(bytesOfByteString('d4:infodee'), sha256), { code: 'INFO_INVALID' })
})

test('no layers are needed where no file is longer than a piece', () => {
  const small = hashed('s', 100, 1)
  const input = { name: 's', isSingleFile: true, pieceBytes, files: [small.entry] }
  const lone = encodeInfo(input, sha256)
  const bare = encodeBencode(new Map([['info', decodeBencode(lone.infoBytes)]]))
  assert.deepEqual(decodeTorrent(bare, sha256), { version: lone, pieceLayers: new Map() })
})

test('a version does not keep the file that it came from in memory', () => {
  const read = decodeTorrent(torrent, sha256)
  assert.equal(read.version.infoBytes.buffer.byteLength, read.version.infoBytes.length)
  for (const layer of read.pieceLayers.values()) assert.equal(layer.buffer.byteLength, layer.length)
})

test('mutated files keep the rules of the fuzz target', () => {
  for (const seed of seeds) {
    fuzz(seed)
    for (let i = 0; i < seed.length; i++) {
      for (const byte of [0x00, 0x30, 0x31, 0x64, 0x65, 0x69, 0x6c, 0xff]) fuzz(seed.with(i, byte))
    }
  }
})
