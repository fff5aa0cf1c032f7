/** Which home folder a command works on: --home, then PEERAGE_HOME, then the platform's place for data. */

import { posix, win32 } from 'node:path'
import { AppError } from '../base/errors.ts'

export interface HomeSources {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  /** Undefined for a user whom the machine does not know, such as one that a container was given by number. */
  readonly userFolder: string | undefined
  readonly workingFolder: string
}

/** Absolute path of the home folder. `option` is the value of --home. */
export function resolveHome(option: string | undefined, sources: HomeSources): string {
  const { platform, env, workingFolder } = sources
  const paths = platform === 'win32' ? win32 : posix
  if (option === '')
    throw new AppError('USAGE', 'the option --home is empty; give a folder, or leave the option out')
  const chosen = option ?? env.PEERAGE_HOME
  if (chosen !== undefined && chosen !== '') return paths.resolve(workingFolder, chosen)
  if (platform === 'win32')
    return paths.join(env.LOCALAPPDATA || paths.join(userFolderOf(sources), 'AppData', 'Local'), 'Peerage')
  if (platform === 'darwin')
    return paths.join(userFolderOf(sources), 'Library', 'Application Support', 'Peerage')
  // The XDG base directory specification has relative values ignored.
  const data = env.XDG_DATA_HOME
  return data?.startsWith('/')
    ? paths.join(data, 'peerage')
    : paths.join(userFolderOf(sources), '.local', 'share', 'peerage')
}

function userFolderOf({ userFolder }: HomeSources): string {
  if (userFolder === undefined)
    throw new AppError(
      'USAGE',
      'this user has no folder on this machine: say with --home or PEERAGE_HOME where'
    )
  return userFolder
}
