/**
 * Takes the files of a version away from where the store put them, for good. Runs in the commit worker. Nothing is
 * removed but what bears a name of the version and is of its kind there; folders go when they are empty then. Never
 * passes through a link. What is gone is gone durably when it returns: unlinked, not overwritten.
 *
 * Cut off anywhere it can be done again: what is gone already is fine.
 */

import { type BigIntStats, rmdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemCodeOf } from '../base/errors.ts'
import type { TreeToRemove } from './commit-jobs.ts'
import { linkFits, syncFolders } from './placed-tree.ts'
import { absolute, checkParents, lstatOf, type PlacedFile, partOf } from './safe-files.ts'

const BLOCK_BYTES = 512n

/** Returns the bytes of the files that went. Throws AppError DEST_UNSAFE where a folder of the version is a link. */
export function removeTree({ tree, files, ownsBase }: TreeToRemove): number {
  const { base, emptyFiles, folders, links } = tree
  const changed = new Set<string>()
  let bytes = 0n
  for (const file of files)
    bytes += removeFile(file, changed) + removeFile(partOf(file), changed, { isPart: true })
  for (const { path } of emptyFiles) {
    const found = reached({ base, path })
    if (found?.isFile() && found.size === 0n) remove({ base, path }, changed)
  }
  for (const link of links) {
    const file = { base, path: link.path }
    if (reached(file) !== undefined && linkFits(base, link)) remove(file, changed)
  }
  for (const path of [...folders].sort().reverse())
    if (reached({ base, path }) !== undefined) removeFolder(join(base, path), changed)
  if (ownsBase) removeFolder(base, changed)
  // A crash may have come after the last name went, and before that was durable.
  const touched = [...changed, base, dirname(base)]
  syncFolders(new Set(touched.filter(path => lstatOf(path)?.isDirectory())))
  return Number(bytes)
}

function removeFile(file: PlacedFile, changed: Set<string>, { isPart = false } = {}): bigint {
  const found = reached(file)
  if (found === undefined || !found.isFile()) return 0n
  remove(file, changed)
  // A part file has its full length from the start.
  const written = found.blocks * BLOCK_BYTES
  return isPart && written < found.size ? written : found.size
}

function remove(file: PlacedFile, changed: Set<string>): void {
  unlinkSync(absolute(file))
  changed.add(dirname(absolute(file)))
}

/** What stands there. Throws AppError DEST_UNSAFE where a folder on the way is a link. */
function reached(file: PlacedFile): BigIntStats | undefined {
  try {
    checkParents(file)
    return lstatOf(absolute(file))
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return undefined
    throw error
  }
}

function removeFolder(path: string, changed: Set<string>): void {
  if (lstatOf(path)?.isDirectory() !== true) return
  try {
    rmdirSync(path)
    changed.add(dirname(path))
  } catch (error) {
    // What else is in it is somebody's own; a folder that is mounted or in use stays too.
    if (!['ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOENT'].includes(systemCodeOf(error) ?? '')) throw error
  }
}
