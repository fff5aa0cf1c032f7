/**
 * Files that only their owner may read, written whole and fsynced or not at all: keys. A full disk is an AppError.
 * Other system errors come through as they are, EEXIST among them: the caller knows what the file means to people.
 */

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { platform } from 'node:process'
import { toldIfFull } from '../../store/failure.ts'

const OWNER_ONLY = 0o600

/** With `create`, fails with EEXIST when something is there; with `replace`, takes its place in one step. */
export async function writePrivateFile(
  path: string,
  content: string,
  mode: 'create' | 'replace'
): Promise<void> {
  const partPath = `${path}.${randomBytes(8).toString('hex')}.part`
  try {
    const part = await open(partPath, 'wx', OWNER_ONLY)
    try {
      await part.writeFile(content)
      await part.sync()
    } finally {
      await part.close()
    }
    if (mode === 'replace') await rename(partPath, path)
    else await link(partPath, path) // unlike rename, it fails when something is there
    await syncFolder(dirname(path))
  } catch (thrown) {
    throw toldIfFull(path, thrown)
  } finally {
    await unlink(partPath).catch(() => undefined)
  }
}

export async function syncFolder(path: string): Promise<void> {
  if (platform === 'win32') return // folders can not be opened there, and a rename is durable without it
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
