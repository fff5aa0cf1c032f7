/**
 * Keeps what callers name apart from the home folder, which holds the keys of the device, its tokens and its databases:
 * nothing there is published, sent, written or moved by anybody's word, and no folder that contains it is either.
 *
 * A path is read in both ways in which a program may read it: as the system does, to which `..` is the folder above
 * where a link led, and as text, to which it takes the component before away. Where it leads is compared by name and
 * by what the folders are to the system, which are the same under another spelling or mount; and a file that has
 * several names (hard links) with those of the home. Files in a folder that is published are looked at when it is
 * (store/publish-scan.ts).
 *
 * Not seen is a copy; a mount of a part of the home elsewhere; and what is changed between this look and the use. All
 * of these take the user of the node, or root.
 */

import { readlink, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { AppError, systemCodeOf } from '../base/errors.ts'
import { fileIdentityOf, linkedInodes } from '../store/linked-inodes.ts'
import { isWithin } from './folder-path.ts'
import { SEALED_FOLDER } from './sealing/sealed-folders.ts'

/** Rejects with AppError NOT_AUTHORISED for a path in the home, around it, or that leads there. */
export async function requireApart(home: string, path: string): Promise<void> {
  const own = await leadsTo(home)
  for (const reading of new Set([path, resolve(path)]))
    if (await isOneOf(own, await leadsTo(reading)))
      throw new AppError(
        'NOT_AUTHORISED',
        `can not use ${path}: the home folder of this node is ${home}, and what lies in it or around it stays out of ` +
          'its hands; name another path',
        { details: { path, home } }
      )
}

/** Files of the home that have other names besides. Of sealed objects, which anybody may have, none is looked for. */
export function linkedFilesOf(home: string): Promise<ReadonlySet<string>> {
  return linkedInodes(home, { except: [SEALED_FOLDER] })
}

async function isOneOf(own: string, led: string): Promise<boolean> {
  if (isWithin(led, own) || isWithin(own, led)) return true
  const [home, ...aroundHome] = await inodesUp(own)
  const [place, ...aroundPlace] = await inodesUp(led)
  if (home !== undefined && [place, ...aroundPlace].includes(home)) return true
  if (place === undefined) return false
  if (aroundHome.includes(place)) return true
  const stats = await stat(led, { bigint: true })
  return stats.isFile() && stats.nlink > 1n && (await linkedFilesOf(own)).has(place)
}

/** What a path and each folder above it is to the system; undefined for what is not there, or can not be looked at. */
async function inodesUp(path: string): Promise<(string | undefined)[]> {
  const inode = await stat(path, { bigint: true }).then(fileIdentityOf, () => undefined)
  const above = dirname(path)
  return above === path ? [inode] : [inode, ...(await inodesUp(above))]
}

/** What is not there yet leads to where it would be made: also through a link that leads to nothing yet. */
async function leadsTo(path: string): Promise<string> {
  const absolute = isAbsolute(path) ? path : resolve(path)
  try {
    return await realpath(absolute)
  } catch (thrown) {
    const above = dirname(absolute)
    // What can not be looked at can not be used either: the system says so to who tries.
    if (systemCodeOf(thrown) !== 'ENOENT' || above === absolute) return resolve(absolute)
    const folder = await leadsTo(above)
    const to = await readlink(absolute).catch(() => undefined)
    // Nothing is put together by `join` where a link is still to be followed: it would take `..` as text.
    if (to === undefined) return join(folder, basename(absolute))
    return await leadsTo(isAbsolute(to) ? to : folder + sep + to)
  }
}
