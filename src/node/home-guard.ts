/**
 * Keeps what callers name apart from the home folder, which holds the keys of the device, its tokens and its databases:
 * nothing there is published, sent, written or moved by anybody's word, and no folder that contains it is either.
 *
 * Where a path leads is looked at once, before it is used. Links are followed; a hard link to a file of the home is not
 * seen, and neither is a folder that is changed for a link in that moment. Only the user of the node can make those.
 */

import { readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { AppError, systemCodeOf } from '../base/errors.ts'
import { isWithin } from './folder-path.ts'

/** Rejects with AppError NOT_AUTHORISED for a path in the home, around it, or that leads there. */
export async function requireApart(home: string, path: string): Promise<void> {
  const [own, led] = [await leadsTo(home), await leadsTo(path)]
  if (!isWithin(led, own) && !isWithin(own, led)) return
  throw new AppError(
    'NOT_AUTHORISED',
    `can not use ${path}: the home folder of this node is ${home}, and what lies in it or around it stays out of its ` +
      'hands; name another path',
    { details: { path, home } }
  )
}

/** What is not there yet leads to where it would be made: also through a link that leads to nothing yet. */
async function leadsTo(path: string): Promise<string> {
  const absolute = resolve(path)
  try {
    return await realpath(absolute)
  } catch (thrown) {
    const above = dirname(absolute)
    // What can not be looked at can not be used either: the system says so to who tries.
    if (systemCodeOf(thrown) !== 'ENOENT' || above === absolute) return absolute
    const folder = await leadsTo(above)
    const to = await readlink(absolute).catch(() => undefined)
    return to === undefined ? join(folder, basename(absolute)) : await leadsTo(resolve(folder, to))
  }
}
