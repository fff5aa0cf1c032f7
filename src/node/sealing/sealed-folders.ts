/**
 * Where sealed versions lie in the home:
 *
 *     sealed/<random>/objects        what was sealed here, and is served from here
 *     sealed/<random>/making         until it is published
 *     sealed/<version id>/objects    what was fetched
 *
 * What a crash left that was never published goes at the next start.
 */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, messageOf } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { syncFolder } from '../keys/private-file.ts'

export const SEALED_FOLDER = 'sealed'
const OBJECTS = 'objects'
const MARKER = 'making'
const NAME_BYTES = 16
const FOLDER_MODE = 0o700

export class SealedFolders {
  readonly #base: string

  constructor(home: string) {
    this.#base = join(home, SEALED_FOLDER)
  }

  /** A new folder that counts only once it is kept. Throws AppError STORAGE_FAILED. */
  async make(): Promise<string> {
    const folder = join(this.#base, randomBytes(NAME_BYTES).toString('hex'))
    try {
      await makeFolder(folder, { mode: FOLDER_MODE })
      await writeFile(join(folder, MARKER), '', { flush: true })
      await syncFolder(folder)
      await syncFolder(this.#base)
    } catch (cause) {
      throw notMade(folder, cause)
    }
    return folder
  }

  objectsOf(folder: string): string {
    return join(folder, OBJECTS)
  }

  /** Where the objects of a version go that is fetched, in a folder that is there. Throws AppError STORAGE_FAILED. */
  async placeOf(version: VersionId): Promise<string> {
    const folder = join(this.#base, version)
    try {
      await makeFolder(folder, { mode: FOLDER_MODE })
    } catch (cause) {
      throw notMade(folder, cause)
    }
    return join(folder, OBJECTS)
  }

  async keep(folder: string): Promise<void> {
    await rm(join(folder, MARKER), { force: true })
  }

  async remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true })
  }

  /** Removes folders without anything in them, which is what an erasure leaves; not those that are in use. */
  async removeEmpty(isUsed: (folder: string) => boolean): Promise<void> {
    if (!existsSync(this.#base)) return
    for (const name of await readdir(this.#base)) {
      const folder = join(this.#base, name)
      if (isUsed(folder)) continue
      await rmdir(this.objectsOf(folder)).catch(() => undefined)
      // It refuses where something is left.
      await rmdir(folder).catch(() => undefined)
    }
  }

  /** Folders that were being made when the node stopped. */
  async unfinished(): Promise<string[]> {
    if (!existsSync(this.#base)) return []
    const names = await readdir(this.#base)
    return names.map(name => join(this.#base, name)).filter(folder => existsSync(join(folder, MARKER)))
  }
}

function notMade(folder: string, cause: unknown): AppError {
  const message = `can not make the folder ${folder} for sealed objects: ${messageOf(cause)}`
  return new AppError('STORAGE_FAILED', message, { details: { path: folder }, cause })
}
