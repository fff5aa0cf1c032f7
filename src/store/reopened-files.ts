/**
 * Files that were given up become part files again, where they lie. Runs in the commit worker. What has two names, or
 * is no regular file, or has a part file beside it already, keeps its name: it is not known to be ours.
 */

import { type BigIntStats, closeSync, fstatSync, ftruncateSync, linkSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError, systemCodeOf } from '../base/errors.ts'
import type { ReopenedFile } from './commit-jobs.ts'
import { syncToDisk } from './disk-sync.ts'
import { appErrorOf } from './failure.ts'
import {
  absolute,
  checkParents,
  lstatOf,
  openInside,
  type PlacedFile,
  partOf,
  WRITE_FLAGS
} from './safe-files.ts'

interface FileToReopen {
  readonly file: PlacedFile
  readonly bytes: number
}

/** Throws AppError when what was done can not be made durable. */
export function reopenFiles(files: readonly FileToReopen[]): ReopenedFile[] {
  const reopened = files.map(reopenFile)
  const parts = files.flatMap(({ file }, index) =>
    reopened[index]?.inode === undefined ? [] : [absolute(partOf(file))]
  )
  const folders = new Set(parts.map(path => dirname(path)))
  const failures = syncToDisk([
    ...parts.map(path => ({ path, fd: undefined, isFolder: false })),
    ...[...folders].map(path => ({ path, fd: undefined, isFolder: true }))
  ])
  for (const failure of failures.values()) throw appErrorOf(failure)
  return reopened
}

function reopenFile({ file, bytes }: FileToReopen): ReopenedFile {
  const path = absolute(file)
  try {
    checkParents(file)
    takeNameOf(path, absolute(partOf(file)))
    const inode = lstatOf(absolute(partOf(file))) === undefined ? undefined : lengthened(partOf(file), bytes)
    return { inode, isStuck: lstatOf(path) !== undefined }
  } catch (error) {
    // The place of the file is not as it was made: nothing of it is taken up.
    if (error instanceof AppError || ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? ''))
      return { inode: undefined, isStuck: lstatOf(path) !== undefined }
    throw error
  }
}

/** Unlike a rename, a link is never put over something that is there. A crash in between leaves both names. */
function takeNameOf(path: string, part: string): void {
  const named = lstatOf(path)
  const known = lstatOf(part)
  if (named?.isFile() !== true) return
  if (known !== undefined && isSame(known, named) && named.nlink === 2n) unlinkSync(path)
  if (known !== undefined || named.nlink !== 1n) return
  linkSync(path, part)
  unlinkSync(path)
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.dev === other.dev && one.ino === other.ino
}

function lengthened(part: PlacedFile, bytes: number): string | undefined {
  const fd = openInside(part, WRITE_FLAGS)
  try {
    const stats = fstatSync(fd, { bigint: true })
    if (stats.nlink !== 1n) return undefined
    if (stats.size !== BigInt(bytes)) ftruncateSync(fd, bytes)
    return String(stats.ino)
  } finally {
    closeSync(fd)
  }
}
