/** Paths as people type them, made absolute before they leave this process: the node has another folder. */

import { posix, win32 } from 'node:path'
import type { HomeSources } from './home.ts'

/** A separator at the end is kept: it says that the destination is a folder. */
export function absolutePathOf(
  typed: string,
  where: Pick<HomeSources, 'platform' | 'workingFolder'>
): string {
  const paths = where.platform === 'win32' ? win32 : posix
  const absolute = paths.resolve(where.workingFolder, typed)
  const isFolder = where.platform === 'win32' ? /[\\/]$/.test(typed) : typed.endsWith('/')
  return isFolder && !absolute.endsWith(paths.sep) ? absolute + paths.sep : absolute
}
