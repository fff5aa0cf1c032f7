/**
 * The files of a version as a tree on disk: made anew of hard links, and taken away again. Taking away touches nothing
 * that is not the version's: what a person or a program put beside its files stays.
 */

import { link, mkdir, readlink, rmdir, symlink, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError, systemCodeOf } from '../../base/errors.ts'
import type { Version } from '../../content/version.ts'
import { onDisk, statOf, syncFolder } from './disk-steps.ts'

/** Folders below the root of the version, each after the one that it is in. */
function foldersOf(version: Version): string[] {
  const folders = new Set<string>()
  for (const { path } of version.files)
    for (let depth = 1; depth < path.length; depth++) folders.add(path.slice(0, depth).join('/'))
  return [...folders].sort()
}

function pathsOf(version: Version): { readonly path: string; readonly isLink: boolean }[] {
  return version.files.map(({ path, symlink: target }) => ({
    path: path.join('/'),
    isLink: target !== undefined
  }))
}

/** Those of the folders, `''` for the root, that are folders and no links: nothing is removed through a link. */
async function realFolders(version: Version, root: string): Promise<Set<string>> {
  const real = new Set<string>()
  for (const folder of ['', ...foldersOf(version)]) {
    const parent = parentOf(folder)
    const isReached = folder === '' || real.has(parent)
    if (isReached && (await statOf(join(root, folder)))?.isDirectory()) real.add(folder)
  }
  return real
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** Makes `to`, which must not be there, a tree of hard links to the files in `from`, durably. */
export async function linkTree(version: Version, from: string, to: string): Promise<void> {
  const folders = foldersOf(version)
  await onDisk('make', to, async () => {
    await mkdir(to)
    for (const folder of folders) await mkdir(join(to, folder))
  })
  for (const { path, isLink } of pathsOf(version)) {
    const [source, place] = [join(from, path), join(to, path)]
    try {
      if (isLink) await symlink(await readlink(source), place)
      else await link(source, place)
    } catch (thrown) {
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(systemCodeOf(thrown) ?? ''))
        await onDisk('link', place, () => Promise.reject(thrown))
      throw new AppError(
        'STORAGE_FAILED',
        `can not make a hard link ${place}: the file system does not allow it; follow with --mode symlink there`,
        { details: { path: place }, cause: thrown }
      )
    }
  }
  for (const folder of [...folders.reverse().map(each => join(to, each)), to]) await syncFolder(folder)
}

/**
 * Removes the files of the version from `root`, and the folders that are empty then. With `linkedTo`, only files that
 * are hard links of those there: the others are somebody's own. False when something is left.
 */
export async function removeTree(version: Version, root: string, linkedTo?: string): Promise<boolean> {
  if ((await statOf(root)) === undefined) return true
  const real = await realFolders(version, root)
  for (const { path, isLink } of pathsOf(version)) {
    if (!real.has(parentOf(path))) continue
    const place = join(root, path)
    const found = await statOf(place)
    if (found === undefined || found.isDirectory()) continue
    if (linkedTo !== undefined && !isLink) {
      const own = await statOf(join(linkedTo, path))
      if (own?.ino !== found.ino || own.dev !== found.dev) continue
    }
    await onDisk('remove', place, () => unlink(place))
  }
  for (const folder of [...real].filter(each => each !== '').reverse())
    await removeIfEmpty(join(root, folder))
  const isGone = real.has('') && (await removeIfEmpty(root))
  await syncFolder(dirname(root))
  return isGone
}

async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch (thrown) {
    const code = systemCodeOf(thrown) ?? ''
    if (code === 'ENOENT') return true
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) return false
    return await onDisk('remove', folder, () => Promise.reject(thrown))
  }
}
