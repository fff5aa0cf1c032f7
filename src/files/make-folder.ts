/**
 * Makes a folder and those above it that are missing. What Node has for it (`mkdir` with `recursive`) tries for ever
 * where a folder is there and nothing can be made in it, as in /proc: a path that somebody typed would stop the
 * program, or the node that was told of it.
 */

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCodeOf } from '../base/errors.ts'

export interface FolderMode {
  /** Of each folder that is made; as the process makes folders, when it is left out. */
  readonly mode?: number | undefined
}

/** Throws the system's error when `path` can not be made, or is there and no folder. */
export function makeFolderSync(path: string, { mode }: FolderMode = {}): void {
  try {
    mkdirSync(path, { mode })
  } catch (thrown) {
    const parent = missingParent(path, thrown)
    if (parent === undefined) return
    makeFolderSync(parent, { mode })
    makeFolderSync(path, { mode })
  }
}

/** Rejects with the system's error when `path` can not be made, or is there and no folder. */
export async function makeFolder(path: string, { mode }: FolderMode = {}): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (thrown) {
    const parent = missingParent(path, thrown)
    if (parent === undefined) return
    await makeFolder(parent, { mode })
    await makeFolder(path, { mode })
  }
}

/** The folder to make before `path`; undefined when `path` is a folder already. Throws what nothing helps against. */
function missingParent(path: string, thrown: unknown): string | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined
  const parent = dirname(path)
  if (systemCodeOf(thrown) !== 'ENOENT' || parent === path || existsSync(parent)) throw thrown
  return parent
}
