/** Where a version goes on disk: from what a person typed to absolute paths without symbolic links. */

import { realpathSync, statfsSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { defined } from '../base/assert.ts'
import { AppError, systemCodeOf } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import { PART_SUFFIX } from '../content/path-rules.ts'
import { linkText } from '../content/symlinks.ts'
import type { Version, VersionFile } from '../content/version.ts'
import type { PlacedTree } from './commit-jobs.ts'
import { lstatOf, type PlacedFile } from './safe-files.ts'

/** Where the files of a version are. */
export interface Place {
  /** The file of a single-file version, else the folder. */
  readonly root: string
  /** The folder that nothing is written outside of. */
  readonly base: string
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** The nearest folder at or above `path` that exists. */
function nearestExisting(path: string): string {
  let nearest = path
  while (lstatOf(nearest) === undefined && dirname(nearest) !== nearest) nearest = dirname(nearest)
  return nearest
}

/** Resolves links in the part of the path that exists: those are the user's own choice. */
function realFolder(path: string): string {
  const existing = nearestExisting(path)
  try {
    return join(realpathSync(existing), path.slice(existing.length))
  } catch (error) {
    const why =
      systemCodeOf(error) === 'ENOENT' ? 'a link that leads nowhere' : 'a path that can not be resolved'
    throw new AppError('DEST_UNSAFE', `${existing} is ${why}; remove it or choose another destination`, {
      details: { path: existing },
      cause: error
    })
  }
}

export function placeOfRoot(version: Version, root: string): Place {
  return { root, base: version.isSingleFile ? dirname(root) : root }
}

/** Throws AppError DEST_EXISTS or DEST_UNSAFE when nothing can go there. */
export function resolveDestination(version: Version, destination: string): Place {
  const path = resolve(destination)
  const namesFolder = /[/\\]$/.test(destination) || isFolder(path)
  const isInside = version.isSingleFile && namesFolder
  const file = isInside ? join(path, defined(version.files[0]?.path[0], 'the name of the file')) : path
  const base = realFolder(version.isSingleFile ? dirname(file) : file)
  if (basename(file).endsWith(PART_SUFFIX))
    throw new AppError(
      'DEST_UNSAFE',
      `${file} ends in ${PART_SUFFIX}, which marks unfinished files; choose another name`
    )
  const existing = nearestExisting(base)
  if (!isFolder(existing))
    throw new AppError(
      'DEST_EXISTS',
      `can not write below ${existing}: it is no folder; choose another destination`,
      {
        details: { path: existing }
      }
    )
  return { base, root: version.isSingleFile ? join(base, basename(file)) : base }
}

/** Path of a file of the version relative to the base. */
export function relativePath(version: Version, place: Place, file: VersionFile): string {
  return version.isSingleFile ? basename(place.root) : file.path.join('/')
}

export function placedFile(version: Version, place: Place, fileIndex: number): PlacedFile {
  const file = defined(version.files[fileIndex], 'a file of the version')
  return { base: place.base, path: relativePath(version, place, file) }
}

/** All that the selected files of a version need on disk beside their bytes. */
export function treeOf(
  version: Version,
  place: Place,
  selected: ReadonlySet<number> | undefined
): PlacedTree {
  const folders = new Set<string>()
  const files = version.files.filter((_, fileIndex) => selected?.has(fileIndex) !== false)
  for (const { path } of files)
    for (let depth = 1; depth < path.length; depth++) folders.add(path.slice(0, depth).join('/'))
  const empty = files.filter(file => file.bytes === 0 && file.symlink === undefined)
  return {
    base: place.base,
    folders: version.isSingleFile ? [] : [...folders],
    emptyFiles: empty.map(file => ({
      path: relativePath(version, place, file),
      executable: file.executable
    })),
    links: files.flatMap(file =>
      file.symlink === undefined
        ? []
        : [{ path: relativePath(version, place, file), target: linkText(file.path, file.symlink) }]
    )
  }
}

/** Throws AppError DISK_FULL when the disk of `base` has less than `neededBytes` left. */
export function checkFreeSpace(base: string, neededBytes: number): void {
  const folder = nearestExisting(base)
  const { bavail, bsize } = statfsSync(folder)
  const freeBytes = bavail * bsize
  if (neededBytes <= freeBytes) return
  throw new AppError(
    'DISK_FULL',
    `can not fetch into ${base}: ${formatBytes(neededBytes)} are needed, ${formatBytes(freeBytes)} are free; ` +
      'free space on that disk or choose another destination',
    { details: { path: base, neededBytes, freeBytes } }
  )
}
