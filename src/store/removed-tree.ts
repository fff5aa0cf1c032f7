/**
 * Takes the files of a version away from where the store put them, for good. Runs in the commit worker. Nothing is
 * removed but what bears a name of the version and is of its kind there; folders go when they are empty then. Never
 * passes through a link. What is gone is gone durably when it returns: unlinked, not overwritten.
 *
 * Cut off anywhere it can be done again: what is gone already is fine.
 */

import { rmdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemCodeOf } from '../base/errors.ts'
import type { PlacedTree } from './commit-jobs.ts'
import { linkFits, syncFolders } from './placed-tree.ts'
import { absolute, checkParents, lstatOf, type PlacedFile, partOf } from './safe-files.ts'

const BLOCK_BYTES = 512n

export interface TreeToRemove {
  readonly tree: PlacedTree
  /** Files that have bytes, under their final names. */
  readonly files: readonly PlacedFile[]
  /** Whether the base is a folder of this version alone, and goes too when it is empty. */
  readonly ownsBase: boolean
}

/** Returns the bytes of the files that went. Throws AppError DEST_UNSAFE where a folder of the version is a link. */
export function removeTree({ tree, files, ownsBase }: TreeToRemove): number {
  const changed = new Set<string>()
  let bytes = 0n
  const remove = (file: PlacedFile): void => {
    unlinkSync(absolute(file))
    changed.add(dirname(absolute(file)))
  }
  for (const file of files)
    for (const name of [file, partOf(file)]) {
      const found = isReached(name) ? lstatOf(absolute(name)) : undefined
      if (found === undefined || !found.isFile()) continue
      remove(name)
      // A part file has its full length from the start.
      const written = found.blocks * BLOCK_BYTES
      bytes += name !== file && written < found.size ? written : found.size
    }
  for (const { path } of tree.emptyFiles) {
    const file = { base: tree.base, path }
    const found = isReached(file) ? lstatOf(absolute(file)) : undefined
    if (found?.isFile() && found.size === 0n) remove(file)
  }
  for (const link of tree.links) {
    const file = { base: tree.base, path: link.path }
    if (isReached(file) && lstatOf(absolute(file)) !== undefined && linkFits(tree.base, link)) remove(file)
  }
  const folders = [...tree.folders].sort().reverse()
  for (const path of folders)
    if (isReached({ base: tree.base, path })) removeFolder(join(tree.base, path), changed)
  if (ownsBase) removeFolder(tree.base, changed)
  // A crash may have come after the last name went, and before that was durable.
  const touched = [...changed, tree.base, dirname(tree.base)]
  syncFolders(new Set(touched.filter(path => lstatOf(path)?.isDirectory())))
  return Number(bytes)
}

/** Whether there are folders all the way to it. Throws AppError DEST_UNSAFE where one of them is a link. */
function isReached(file: PlacedFile): boolean {
  try {
    checkParents(file)
    return true
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return false
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
