/**
 * The rules that the files of a version obey together, for the encoder and the decoder of the info dictionary
 * alike: safe and distinct paths, links that stay inside, sizes and counts within limits. From entries that obey
 * them in the order of the file tree, {@link layOut} numbers the pieces (BEP 52).
 *
 * At least one entry is needed. A tree of empty files only is a version of no pieces: complete as soon as it is
 * known. libtorrent refuses such a torrent; the entries here mean what they say.
 */

import { pieceIndex } from '../base/ids.ts'
import { componentFault, PathTree, pathError } from './path-rules.ts'
import { linkError, storedLinkFault } from './symlinks.ts'
import type { VersionFile } from './version.ts'

export const FILE_COUNT_MAX = 2 ** 18
/** Bounds bitfields; at the longest piece length it is more than any one machine stores. */
export const PIECE_COUNT_MAX = 2 ** 24

/** A file of a version before its pieces are numbered. */
export type FileEntry = Omit<VersionFile, 'firstPiece' | 'pieceCount'>

/** Makes the error of the caller's own code and wording. */
export type Refuse = (reason: string) => Error

export interface FileLayout {
  readonly files: readonly VersionFile[]
  readonly pieceCount: number
  readonly totalBytes: number
}

/** Throws AppError PATH_UNSAFE, or what `refuse` makes, if the entries can not be one version. */
export function checkEntries(
  options: { readonly name: string; readonly entries: readonly FileEntry[]; readonly action: string },
  refuse: Refuse
): void {
  const { name, entries, action } = options
  if (entries.length === 0) throw refuse('it has no file')
  if (entries.length > FILE_COUNT_MAX) {
    throw refuse(`it has ${entries.length} files, more than ${FILE_COUNT_MAX}`)
  }
  const nameFault = componentFault(name)
  if (nameFault !== undefined) throw pathError({ fault: nameFault, path: [name] }, action)
  const tree = new PathTree()
  const links = new Set<string>()
  for (const entry of entries) {
    const problem = tree.add(entry.path)
    if (problem !== undefined) throw pathError(problem, action)
    const reason = entryFault(entry)
    if (reason !== undefined) throw refuse(`the file ${JSON.stringify(entry.path.join('/'))} ${reason}`)
    if (entry.symlink !== undefined) links.add(entry.path.join('/'))
  }
  for (const { path, symlink } of entries) {
    if (symlink === undefined) continue
    const fault = storedLinkFault({ path, target: symlink }, tree, target => links.has(target.join('/')))
    if (fault !== undefined) throw linkError(path, fault, action)
  }
}

/** Numbers the pieces of entries that are in the order of the file tree. */
export function layOut(entries: readonly FileEntry[], pieceBytes: number, refuse: Refuse): FileLayout {
  let pieceCount = 0
  let totalBytes = 0
  const files = entries.map(entry => {
    const file = {
      ...entry,
      firstPiece: pieceIndex(pieceCount),
      pieceCount: Math.ceil(entry.bytes / pieceBytes)
    }
    pieceCount += file.pieceCount
    totalBytes += file.bytes
    if (pieceCount > PIECE_COUNT_MAX || !Number.isSafeInteger(totalBytes)) {
      throw refuse(`it has more than ${PIECE_COUNT_MAX} pieces of ${pieceBytes} B`)
    }
    return file
  })
  return { files, pieceCount, totalBytes }
}

/** The order of the file tree: bytewise by component, in UTF-8. */
export function comparePaths(a: readonly string[], b: readonly string[]): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = compareUtf8(a[i] ?? '', b[i] ?? '')
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Orders well-formed strings as their UTF-8 bytes would be ordered, without encoding them. */
function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left !== right) return utf8Rank(left) - utf8Rank(right)
  }
  return a.length - b.length
}

/** Surrogates stand for the characters above U+FFFF and sort behind all others. */
function utf8Rank(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x10000 : codeUnit
}

function entryFault(entry: FileEntry): string | undefined {
  const { bytes, root, symlink, executable } = entry
  if (!Number.isSafeInteger(bytes) || bytes < 0) return `has the impossible size ${bytes}`
  if (symlink !== undefined && bytes > 0) return 'is a link and has bytes'
  if (symlink !== undefined && executable) return 'is a link and executable'
  if (bytes > 0 && root === undefined) return 'has no pieces root'
  if (bytes === 0 && root !== undefined) return 'is empty and has a pieces root'
  return undefined
}
