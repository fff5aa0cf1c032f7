/**
 * The sealed manifest: what the opaque objects of a version are. It is itself an object, whose file key alone is
 * wrapped to recipients.
 *
 * Its plaintext is one bencoded dictionary, with zeros behind it up to the size at which the payload fills its
 * object. So nothing has to say how long the manifest is, the padding is authentic, and the `age` tool opens
 * envelope and object just as they are.
 *
 * Invariants of a manifest that decodes:
 * - its entries are those of a version (file-entries.ts): safe, distinct paths in the order of the file tree, links
 *   that stay inside, a pieces root for what is not empty;
 * - every file has an object of its own, with its own name and its own key; a link has none;
 * - there is one encoding of it.
 *
 * docs/protocol-sealing.md has the bytes.
 */

import { assert, defined } from '../../base/assert.ts'
import { fromHex, fromUtf8, toHex } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { idBytes, piecesRootFromBytes } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { BencodeReader } from '../bencode-reader.ts'
import { BencodeWriter } from '../bencode-writer.ts'
import { checkEntries, comparePaths, FILE_COUNT_MAX, type FileEntry } from '../file-entries.ts'
import { HASH_BYTES } from '../hash.ts'
import { FILE_KEY_BYTES } from './payload.ts'
import { isPlaintextBytes, objectBytesOf, plaintextBytesOf } from './payload-layout.ts'

export const MANIFEST_FORMAT = 1
/** A version holds the object of the manifest besides. */
export const MANIFEST_FILES_MAX = FILE_COUNT_MAX - 1
/** With the padding. Fits the most files with paths of 120 bytes; whoever has longer ones can have fewer. */
export const MANIFEST_BYTES_MAX = 64 * MIB
/** Random; a name that means nothing is its hex. */
export const OBJECT_NAME_BYTES = 16

export interface SealedObject {
  /** OBJECT_NAME_BYTES in lower-case hex: the path of the object in the version. */
  readonly name: string
  readonly fileKey: Uint8Array
}

/** `bytes` and `root` are those of the plaintext. */
export interface ManifestEntry extends FileEntry {
  /** Undefined exactly for a link. */
  readonly object: SealedObject | undefined
}

export interface Manifest {
  /** What a person called the file or folder. */
  readonly name: string
  readonly isSingleFile: boolean
  /** In the order of the file tree. */
  readonly entries: readonly ManifestEntry[]
}

const OBJECT_NAME = /^[0-9a-f]{32}$/

export function objectNameOf(bytes: Uint8Array): string {
  assert(bytes.length === OBJECT_NAME_BYTES, `the name of an object has ${OBJECT_NAME_BYTES} bytes`)
  return toHex(bytes)
}

/** The plaintext of the manifest's object. Throws AppError SEALED_INVALID or PATH_UNSAFE for what can not be one. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  checkManifest(manifest, 'seal')
  const writer = new BencodeWriter()
  writer.beginDictionary().key('entries').beginList()
  for (const entry of manifest.entries) writeEntry(writer, entry)
  writer.end().key('format').integer(MANIFEST_FORMAT).key('name').text(manifest.name)
  if (manifest.isSingleFile) writer.key('single').integer(1)
  const dictionary = writer.end().finish()
  const plaintext = new Uint8Array(filledBytesOf(dictionary.length))
  if (plaintext.length > MANIFEST_BYTES_MAX) throw tooLong('seal', plaintext.length)
  plaintext.set(dictionary)
  return plaintext
}

/** Throws AppError BENCODE_INVALID, SEALED_INVALID or PATH_UNSAFE. */
export function decodeManifest(plaintext: Uint8Array): Manifest {
  if (plaintext.length > MANIFEST_BYTES_MAX) throw tooLong('read', plaintext.length)
  const reader = new BencodeReader(plaintext)
  const entries: ManifestEntry[] = []
  reader.beginDictionary()
  expectKey(reader, 'entries')
  reader.beginList()
  while (reader.hasMore()) {
    if (entries.length === MANIFEST_FILES_MAX)
      throw invalid('read', `more than ${MANIFEST_FILES_MAX} entries`)
    entries.push(readEntry(reader))
  }
  expectKey(reader, 'format')
  const format = reader.integer()
  if (format !== MANIFEST_FORMAT) throw invalid('read', `its format is ${format}, not ${MANIFEST_FORMAT}`)
  expectKey(reader, 'name')
  const name = textOf(reader.string(), 'name')
  const isSingleFile = readFlag(reader, reader.nextKey(), 'single')
  if (isSingleFile) expectEnd(reader)
  checkFilling(plaintext, reader.offset)
  const manifest = { name, isSingleFile, entries }
  checkManifest(manifest, 'read')
  return manifest
}

/** How long the plaintext is with the zeros. */
function filledBytesOf(dictionaryBytes: number): number {
  const filled = plaintextBytesOf(objectBytesOf(dictionaryBytes))
  // Padded sizes are multiples of large powers of two, and end within a tag only far beyond the limit.
  if (filled === undefined) throw tooLong('seal', dictionaryBytes)
  return filled
}

function checkFilling(plaintext: Uint8Array, end: number): void {
  const isZero = plaintext.subarray(end).every(byte => byte === 0)
  if (!isZero || plaintext.length !== filledBytesOf(end))
    throw invalid('read', 'what follows it are not as many zeros as belong there')
}

function checkManifest(manifest: Manifest, action: string): void {
  const { entries, isSingleFile, name } = manifest
  const refuse = (reason: string): AppError => invalid(action, reason)
  if (entries.length > MANIFEST_FILES_MAX)
    throw refuse(`${entries.length} entries are more than ${MANIFEST_FILES_MAX}`)
  checkEntries({ name, entries, action: `${action} the manifest` }, refuse)
  const first = entries[0]
  if (
    isSingleFile &&
    (entries.length > 1 || first?.path.length !== 1 || first.path[0] !== name || first.symlink)
  )
    throw refuse('a single file is one entry of the same name')
  const names = new Set<string>()
  const keys = new Set<string>()
  let previous: readonly string[] = []
  for (const { path, object, symlink, bytes } of entries) {
    const text = JSON.stringify(path.join('/'))
    if (comparePaths(previous, path) >= 0) throw refuse(`the file ${text} is out of order`)
    previous = path
    if ((object === undefined) !== (symlink !== undefined))
      throw refuse(`${text} is neither a link nor a file with an object`)
    if (object === undefined) continue
    const key = toHex(object.fileKey)
    if (!OBJECT_NAME.test(object.name) || object.fileKey.length !== FILE_KEY_BYTES)
      throw refuse(`the object of ${text} has no proper name and key`)
    if (!isPlaintextBytes(bytes)) throw refuse(`the file ${text} is too long`)
    if (names.has(object.name) || keys.has(key)) throw refuse(`the object of ${text} is also that of another`)
    names.add(object.name)
    keys.add(key)
  }
}

/** Keys in bytewise order; what is not so is left out. */
function writeEntry(writer: BencodeWriter, entry: ManifestEntry): void {
  const { object, symlink, root } = entry
  writer.beginDictionary()
  if (object !== undefined) writer.key('key').string(object.fileKey)
  if (symlink !== undefined) writer.key('link').text(symlink.join('/'))
  if (object !== undefined) writer.key('object').string(bytesOfName(object.name))
  writer.key('path').text(entry.path.join('/'))
  if (root !== undefined) writer.key('root').string(idBytes(root))
  if (object !== undefined) writer.key('size').integer(entry.bytes)
  if (entry.executable) writer.key('x').integer(1)
  writer.end()
}

function readEntry(reader: BencodeReader): ManifestEntry {
  reader.beginDictionary()
  let key = reader.nextKey()
  /** The bytes of the field when it is next. */
  const optional = (name: string): Uint8Array | undefined => {
    if (key !== name) return undefined
    const bytes = reader.string()
    key = reader.nextKey()
    return bytes
  }
  const fileKey = optional('key')
  const link = optional('link')
  const objectName = optional('object')
  const path = optional('path')
  const root = optional('root')
  let bytes = 0
  if (fileKey !== undefined) {
    if (key !== 'size') throw invalid('read', 'a file has no size')
    bytes = reader.integer()
    key = reader.nextKey()
  }
  const executable = readFlag(reader, key, 'x')
  if (executable) expectEnd(reader)
  if (path === undefined) throw invalid('read', 'an entry has no path')
  if (
    (fileKey === undefined) !== (objectName === undefined) ||
    (link === undefined) === (fileKey === undefined)
  )
    throw invalid('read', 'an entry is neither a link nor a file with an object')
  if (root !== undefined && root.length !== HASH_BYTES) throw invalid('read', 'a root has no proper length')
  if (objectName !== undefined && objectName.length !== OBJECT_NAME_BYTES)
    throw invalid('read', 'the name of an object has no proper length')
  return {
    path: textOf(path, 'path').split('/'),
    bytes,
    root: root === undefined ? undefined : piecesRootFromBytes(root),
    executable,
    symlink: link === undefined ? undefined : textOf(link, 'link').split('/'),
    object:
      fileKey === undefined || objectName === undefined
        ? undefined
        : { name: objectNameOf(objectName), fileKey: fileKey.slice() }
  }
}

/** A flag is there and 1, or not there; `key` is what was read instead of the end. */
function readFlag(reader: BencodeReader, key: string | undefined, name: string): boolean {
  if (key === undefined) return false
  if (key !== name || reader.integer() !== 1)
    throw invalid('read', `the key ${JSON.stringify(key)} does not belong there`)
  return true
}

function expectKey(reader: BencodeReader, name: string): void {
  const key = reader.nextKey()
  if (key !== name)
    throw invalid('read', `expected the key ${name} and not ${JSON.stringify(key ?? 'the end')}`)
}

function expectEnd(reader: BencodeReader): void {
  const key = reader.nextKey()
  if (key !== undefined) throw invalid('read', `the key ${JSON.stringify(key)} does not belong there`)
}

function textOf(bytes: Uint8Array, what: string): string {
  const text = fromUtf8(bytes)
  if (text === undefined) throw invalid('read', `a ${what} is not UTF-8`)
  return text
}

function bytesOfName(name: string): Uint8Array {
  return defined(fromHex(name), 'a name that was checked')
}

function invalid(action: string, reason: string): AppError {
  return new AppError('SEALED_INVALID', `can not ${action} the manifest: ${reason}`, { details: { reason } })
}

function tooLong(action: string, bytes: number): AppError {
  return invalid(
    action,
    `${bytes} B are more than ${MANIFEST_BYTES_MAX} B; publish fewer files in one version`
  )
}
