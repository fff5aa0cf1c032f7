/**
 * The names of a fetched version on disk: folders, empty files, links, and part files that get their final name.
 * Runs in the commit worker. Never overwrites what it did not write, and never passes through a link.
 */

import {
  closeSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { AppError, systemCodeOf } from '../base/errors.ts'
import type { PlacedLink, PlacedTree, SurveyedFile } from './commit-jobs.ts'
import { syncToDisk } from './disk-sync.ts'
import { appErrorOf, type Failure, failureOf } from './failure.ts'
import {
  absolute,
  CREATE_NEW_FLAGS,
  checkParents,
  fingerprintOf,
  lstatOf,
  modeOf,
  openInside,
  type PlacedFile,
  partOf,
  READ_FLAGS
} from './safe-files.ts'
import type { Fingerprint } from './store.ts'

/** Conflicts that are named; more are not worth the memory. */
const CONFLICTS_MAX = 20

function inTheWay(path: string, what: string): AppError {
  return new AppError(
    'DEST_EXISTS',
    `can not write ${path}: ${what} stands there already; move it away or choose another destination`,
    { details: { path } }
  )
}

/** Looks at one place; a folder or a link where a file should be is a conflict. */
function surveyFile(base: string, file: { readonly path: string; readonly bytes: number }): SurveyedFile {
  const stats = lstatOf(join(base, file.path))
  if (stats === undefined) return { found: 'nothing' }
  if (!stats.isFile() || stats.size !== BigInt(file.bytes)) return { found: 'conflict' }
  return { found: 'candidate', fingerprint: fingerprintOf(stats) }
}

export function linkFits(base: string, link: PlacedLink): boolean {
  const stats = lstatOf(join(base, link.path))
  return (
    stats === undefined || (stats.isSymbolicLink() && readlinkSync(join(base, link.path)) === link.target)
  )
}

/** Throws AppError DEST_UNSAFE when a folder of the tree is a link. */
export function surveyTree(
  tree: PlacedTree,
  files: readonly { readonly path: string; readonly bytes: number }[]
): { readonly files: readonly SurveyedFile[]; readonly conflicts: readonly string[] } {
  const conflicts: string[] = []
  const note = (path: string) => {
    if (conflicts.length < CONFLICTS_MAX) conflicts.push(join(tree.base, path))
  }
  const isThere = lstatOf(tree.base) !== undefined
  if (!isThere) return { files: files.map(() => ({ found: 'nothing' })), conflicts }
  for (const path of ['', ...tree.folders]) {
    const stats = lstatOf(join(tree.base, path))
    // Checking a child checks that this folder is no link.
    if (stats?.isDirectory() === false && !stats.isSymbolicLink()) note(path)
    else if (stats !== undefined) checkParents({ base: tree.base, path: path === '' ? 'x' : `${path}/x` })
  }
  if (conflicts.length > 0) return { files: [], conflicts }
  const surveyed = files.map(file => surveyFile(tree.base, file))
  surveyed.forEach((found, index) => {
    if (found.found === 'conflict') note(files[index]?.path ?? '')
  })
  for (const empty of tree.emptyFiles)
    if (surveyFile(tree.base, { path: empty.path, bytes: 0 }).found === 'conflict') note(empty.path)
  for (const link of tree.links) if (!linkFits(tree.base, link)) note(link.path)
  return { files: surveyed, conflicts }
}

function makeFolder(path: string, changed: Set<string>): void {
  try {
    mkdirSync(path)
    changed.add(dirname(path))
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error
    const stats = lstatSync(path)
    if (!stats.isDirectory()) throw inTheWay(path, stats.isSymbolicLink() ? 'a link' : 'a file')
  }
}

function makeBase(base: string, changed: Set<string>): void {
  const missing: string[] = []
  for (let path = base; lstatOf(path) === undefined; path = dirname(path)) missing.push(path)
  for (const path of missing.reverse()) makeFolder(path, changed)
}

function makeEmptyFile(file: PlacedFile, executable: boolean): boolean {
  const stats = lstatOf(absolute(file))
  if (stats !== undefined) {
    if (stats.isFile() && stats.size === 0n) return false
    throw inTheWay(absolute(file), 'something else')
  }
  closeSync(openInside(file, CREATE_NEW_FLAGS, modeOf({ executable })))
  return true
}

export function syncFolders(folders: Iterable<string>): void {
  const failures = syncToDisk([...folders].map(path => ({ path, fd: undefined, isFolder: true })))
  for (const failure of failures.values()) throw appErrorOf(failure)
}

/** Makes folders and empty files, durably. */
export function prepareTree(tree: PlacedTree): void {
  const changed = new Set<string>()
  makeBase(tree.base, changed)
  for (const path of tree.folders) {
    checkParents({ base: tree.base, path })
    makeFolder(join(tree.base, path), changed)
  }
  for (const { path, executable } of tree.emptyFiles) {
    const file = { base: tree.base, path }
    if (makeEmptyFile(file, executable)) changed.add(dirname(absolute(file)))
  }
  syncFolders(changed)
}

/** Makes the links, last of all, and then every name of the tree durable. */
export function finishTree(tree: PlacedTree): void {
  for (const link of tree.links) {
    checkParents({ base: tree.base, path: link.path })
    const path = join(tree.base, link.path)
    if (!linkFits(tree.base, link)) throw inTheWay(path, 'something else')
    if (lstatOf(path) === undefined) symlinkSync(link.target, path)
  }
  syncFolders(['', ...tree.folders].map(path => join(tree.base, path)))
}

/** Gives a whole part file its final name; returns why not. Does nothing when it has it already. */
export function nameFile(file: PlacedFile, fingerprint: Fingerprint): Failure | undefined {
  const path = absolute(file)
  try {
    checkParents(file)
    const taken = lstatOf(path)
    if (taken !== undefined && fingerprintOf(taken) === fingerprint) return undefined
    if (taken !== undefined) throw inTheWay(path, 'something else')
    const part = absolute(partOf(file))
    const stats = lstatOf(part)
    if (stats === undefined || fingerprintOf(stats) !== fingerprint)
      throw new AppError(
        'CONTENT_CHANGED',
        `${part} was changed or removed while it was fetched; fetch it again`
      )
    renameSync(part, path)
    return undefined
  } catch (error) {
    return failureOf('rename to', path, error)
  }
}

/** Sets the executable bits of a file that is there already, where its mode allows reading. */
export function allowExecution(file: PlacedFile): void {
  const fd = openInside(file, READ_FLAGS)
  try {
    const mode = fstatSync(fd).mode & 0o777
    if ((mode & 0o100) === 0) fchmodSync(fd, mode | ((mode & 0o444) >> 2))
  } finally {
    closeSync(fd)
  }
}

/** Removes part files; one that is gone already is fine. */
export function removeParts(parts: readonly PlacedFile[]): void {
  for (const part of parts) {
    try {
      checkParents(part)
      rmSync(absolute(part), { force: true })
    } catch (error) {
      // A folder that is gone, or became a link, holds no part file of ours.
      const isGone = ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')
      if (!isGone && !(error instanceof AppError)) throw error
    }
  }
}
