/**
 * The info dictionary of BitTorrent v2 (BEP 52), both ways. Its SHA-256 is the version's id.
 *
 * What the encoder writes, so that every publisher of a tree and piece length gets one id, the same as libtorrent:
 * `file tree`, `meta version`, `name`, `piece length`, and nothing else; no modification times. Each file has
 * `length`, `pieces root` unless it is empty, and `attr` x if executable (BEP 47). A link has `attr` xl and
 * `symlink path` but no `length`, which BEP 47 lets go: libtorrent writes it so where links have every mode bit.
 *
 * What the decoder accepts: the same, and hybrids of v1 and v2, whose v1 half it does not look at. Unknown keys
 * and unknown attributes are ignored; they live on in `infoBytes` alone. An empty folder, a folder with
 * properties, a padding file in the tree, a pieces root of zeros and a `meta version` other than 2 are refused,
 * as is what path-rules.ts, symlinks.ts and file-entries.ts refuse.
 *
 * A version is a single file when its tree holds just one file, named as the version is; its path is then that
 * one name. A folder that holds nothing but one file of the folder's own name is, by BEP 52, the same version as
 * that file alone.
 */

import { assert } from '../base/assert.ts'
import { fromUtf8, toHex } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { idBytes, type PiecesRoot, piecesRootFromBytes, versionIdFromBytes } from '../base/ids.ts'
import { KIB, MIB } from '../base/units.ts'
import {
  BencodeReader,
  byteString,
  byteStringOfText,
  bytesOfByteString,
  textOfByteString
} from './bencode-reader.ts'
import { BencodeWriter } from './bencode-writer.ts'
import { checkEntries, comparePaths, FILE_COUNT_MAX, type FileEntry, layOut } from './file-entries.ts'
import { HASH_BYTES, type Sha256 } from './hash.ts'
import { isPieceBytes, PIECE_BYTES_MAX, PIECE_BYTES_MIN } from './piece-length.ts'
import type { Version } from './version.ts'

export const INFO_BYTES_MAX = 32 * MIB
const META_VERSION = 2
const ATTRIBUTE_BYTES_MAX = KIB

export interface InfoInput {
  readonly name: string
  readonly isSingleFile: boolean
  readonly pieceBytes: number
  /** In any order. The one path of a single file is its name. */
  readonly files: readonly FileEntry[]
}

/** Writes the info dictionary of a tree; throws AppError PATH_UNSAFE, SOURCE_EMPTY or INFO_INVALID. */
export function encodeInfo(input: InfoInput, sha256: Sha256): Version {
  const { name, pieceBytes } = input
  assert(isPieceBytes(pieceBytes), `${pieceBytes} is a piece length`)
  const entries = [...input.files].sort((a, b) => comparePaths(a.path, b.path))
  if (entries.length === 0) {
    throw new AppError('SOURCE_EMPTY', `can not publish ${JSON.stringify(name)}: it holds no file; add one`)
  }
  assert(!input.isSingleFile || isSingleFile(name, entries), 'a single file has the name of its version')
  checkEntries({ name, entries, action: 'publish' }, invalid)
  const layout = layOut(entries, pieceBytes, invalid)
  const writer = new BencodeWriter().beginDictionary().key('file tree')
  writeFileTree(writer, entries)
  writer.key('meta version').integer(META_VERSION)
  writer.key('name').text(name)
  writer.key('piece length').integer(pieceBytes).end()
  const infoBytes = writer.finish()
  checkSize(infoBytes)
  const id = versionIdFromBytes(sha256(infoBytes))
  return { id, infoBytes, name, isSingleFile: isSingleFile(name, entries), pieceBytes, ...layout }
}

/** Reads an info dictionary; throws AppError BENCODE_INVALID, INFO_INVALID or PATH_UNSAFE. Keeps `infoBytes`. */
export function decodeInfo(infoBytes: Uint8Array, sha256: Sha256): Version {
  checkSize(infoBytes)
  const at = keyOffsets(infoBytes)
  const readerAt = (key: string): BencodeReader => {
    const offset = at.get(key)
    if (offset === undefined) throw invalid(`it has no ${JSON.stringify(key)}`)
    return new BencodeReader(infoBytes.subarray(offset))
  }
  if (!at.has('meta version')) throw invalid('it is BitTorrent v1; only v2 and hybrids of both are supported')
  // First of all, as BEP 52 demands: a later version may break any other rule.
  const metaVersion = integer(readerAt('meta version'), 'meta version')
  if (metaVersion !== META_VERSION) {
    throw invalid(`it has meta version ${metaVersion}, and only ${META_VERSION} is supported`)
  }
  const pieceBytes = integer(readerAt('piece length'), 'piece length')
  if (!isPieceBytes(pieceBytes)) {
    throw invalid(
      `its piece length ${pieceBytes} is no power of two from ${PIECE_BYTES_MIN} to ${PIECE_BYTES_MAX}`
    )
  }
  const name = fromUtf8(string(readerAt('name'), 'name'))
  if (name === undefined) throw invalid('its name is not valid UTF-8')
  const entries: FileEntry[] = []
  readNode(readerAt('file tree'), [], entries)
  checkEntries({ name, entries, action: 'read an info dictionary' }, invalid)
  const layout = layOut(entries, pieceBytes, invalid)
  const id = versionIdFromBytes(sha256(infoBytes))
  return { id, infoBytes, name, isSingleFile: isSingleFile(name, entries), pieceBytes, ...layout }
}

function isSingleFile(name: string, entries: readonly FileEntry[]): boolean {
  const path = entries[0]?.path
  return entries.length === 1 && path?.length === 1 && path[0] === name
}

function writeFileTree(writer: BencodeWriter, entries: readonly FileEntry[]): void {
  writer.beginDictionary()
  let open: readonly string[] = []
  for (const entry of entries) {
    const folder = entry.path.slice(0, -1)
    let shared = 0
    while (shared < open.length && shared < folder.length && open[shared] === folder[shared]) shared++
    for (let depth = open.length; depth > shared; depth--) writer.end()
    for (const component of folder.slice(shared)) writer.key(byteStringOfText(component)).beginDictionary()
    writeFile(writer, entry)
    open = folder
  }
  for (let depth = open.length; depth >= 0; depth--) writer.end()
}

function writeFile(writer: BencodeWriter, entry: FileEntry): void {
  writer.key(byteStringOfText(entry.path[entry.path.length - 1] ?? '')).beginDictionary()
  writer.key('').beginDictionary()
  if (entry.symlink !== undefined) {
    writer.key('attr').text('xl')
    writer.key('symlink path').beginList()
    for (const component of entry.symlink) writer.text(component)
    writer.end()
  } else {
    if (entry.executable) writer.key('attr').text('x')
    writer.key('length').integer(entry.bytes)
    if (entry.root !== undefined) writer.key('pieces root').string(idBytes(entry.root))
  }
  writer.end().end()
}

/** Checks the whole dictionary as bencode and finds its keys, so that they can be read in any order. */
function keyOffsets(infoBytes: Uint8Array): ReadonlyMap<string, number> {
  const wanted = new Set(['file tree', 'meta version', 'name', 'piece length'])
  const offsets = new Map<string, number>()
  const reader = new BencodeReader(infoBytes)
  reader.beginDictionary()
  for (let key = reader.nextKey(); key !== undefined; key = reader.nextKey()) {
    if (wanted.has(key)) offsets.set(key, reader.offset)
    reader.skip()
  }
  reader.finish()
  return offsets
}

/** Reads a folder, or a file, which is a dictionary with the one key ''. Nested no deeper than bencode may be. */
function readNode(reader: BencodeReader, path: readonly string[], entries: FileEntry[]): void {
  const where = path.length === 0 ? 'the file tree' : JSON.stringify(path.join('/'))
  if (reader.peek() !== 'dictionary') throw invalid(`${where} is no dictionary`)
  reader.beginDictionary()
  let key = reader.nextKey()
  if (key === undefined) throw invalid(`${where} is an empty folder`)
  if (key === '') {
    if (path.length === 0) throw invalid('the root of its file tree is a file')
    if (entries.length >= FILE_COUNT_MAX) throw invalid(`it has more than ${FILE_COUNT_MAX} files`)
    entries.push(readFile(reader, path, where))
    if (reader.nextKey() !== undefined) throw invalid(`${where} is both a file and a folder`)
    return
  }
  for (; key !== undefined; key = reader.nextKey()) {
    readNode(reader, [...path, componentOf(key, where)], entries)
  }
}

interface FileProperties {
  attributes: string
  bytes: number | undefined
  root: PiecesRoot | undefined
  symlink: string[] | undefined
}

function readFile(reader: BencodeReader, path: readonly string[], where: string): FileEntry {
  if (reader.peek() !== 'dictionary') throw invalid(`${where} has properties that are no dictionary`)
  const found: FileProperties = { attributes: '', bytes: undefined, root: undefined, symlink: undefined }
  reader.beginDictionary()
  for (let key = reader.nextKey(); key !== undefined; key = reader.nextKey()) {
    readProperty(reader, key, where, found)
  }
  const { attributes, bytes, root, symlink } = found
  if (attributes.includes('p')) throw invalid(`${where} is a padding file, which v2 has no use for`)
  const isLink = attributes.includes('l')
  if (isLink && symlink === undefined) throw invalid(`${where} is a link without a target`)
  if (!isLink && bytes === undefined) throw invalid(`${where} has properties but no length`)
  return {
    path,
    bytes: bytes ?? 0,
    root,
    executable: !isLink && attributes.includes('x'),
    symlink: isLink ? symlink : undefined
  }
}

function readProperty(reader: BencodeReader, key: string, where: string, found: FileProperties): void {
  if (key === 'length') found.bytes = integer(reader, `the length of ${where}`)
  else if (key === 'pieces root')
    found.root = piecesRoot(string(reader, `the pieces root of ${where}`), where)
  else if (key === 'attr') {
    const attributes = string(reader, `attr of ${where}`)
    if (attributes.length > ATTRIBUTE_BYTES_MAX) throw invalid(`attr of ${where} has ${attributes.length} B`)
    found.attributes = byteString(attributes)
  } else if (key === 'symlink path') {
    if (reader.peek() !== 'list') throw invalid(`the target of ${where} is no list`)
    found.symlink = []
    reader.beginList()
    while (reader.hasMore()) {
      found.symlink.push(componentOf(byteString(string(reader, `the target of ${where}`)), where))
    }
  } else reader.skip()
}

function piecesRoot(bytes: Uint8Array, where: string): PiecesRoot {
  if (bytes.length !== HASH_BYTES) throw invalid(`the pieces root of ${where} has ${bytes.length} B`)
  if (bytes.every(byte => byte === 0)) throw invalid(`the pieces root of ${where} is all zeros`)
  return piecesRootFromBytes(bytes)
}

function componentOf(key: string, where: string): string {
  const component = textOfByteString(key)
  if (component !== undefined) return component
  throw invalid(`a name in ${where} is not valid UTF-8: ${toHex(bytesOfByteString(key))} in hex`)
}

function integer(reader: BencodeReader, what: string): number {
  if (reader.peek() !== 'integer') throw invalid(`${what} is no integer`)
  return reader.integer()
}

function string(reader: BencodeReader, what: string): Uint8Array {
  if (reader.peek() !== 'string') throw invalid(`${what} is no string`)
  return reader.string()
}

function checkSize(infoBytes: Uint8Array): void {
  if (infoBytes.length > INFO_BYTES_MAX) {
    throw invalid(`it has ${infoBytes.length} B, more than ${INFO_BYTES_MAX} B; publish fewer files at once`)
  }
}

function invalid(reason: string): AppError {
  return new AppError('INFO_INVALID', `can not use an info dictionary: ${reason}`, { details: { reason } })
}
