/**
 * Writes a file so that it appears whole or not at all: first under another name in the same folder, flushed,
 * then linked into place. A link never replaces what is there, so nothing that comes up meanwhile is lost.
 */

import { randomBytes } from 'node:crypto'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import process from 'node:process'
import { AppError, messageOf, systemCodeOf } from '../base/errors.ts'
import { makeFolder } from '../files/make-folder.ts'

const SUFFIX_BYTES = 6

async function flushFolder(folder: string): Promise<void> {
  // Windows can not open a folder, and makes a rename durable by itself.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function place(temporary: string, path: string, replace: boolean): Promise<void> {
  if (replace) return await rename(temporary, path)
  await link(temporary, path)
  await rm(temporary)
}

function failureOf(path: string, error: unknown): AppError {
  const details = { path }
  const code = systemCodeOf(error)
  if (code === 'EEXIST')
    return new AppError(
      'DEST_EXISTS',
      `will not replace ${path}: it exists already; use --force to replace it`,
      {
        details
      }
    )
  if (code === 'ENOSPC')
    return new AppError('DISK_FULL', `can not write ${path}: the disk is full`, { details })
  // Of the folder, since the file is made anew, under another name at first.
  if (code === 'ENOENT')
    return new AppError('STORAGE_FAILED', `can not write ${path}: there is no folder ${dirname(path)}`, {
      details,
      cause: error
    })
  return new AppError('STORAGE_FAILED', `can not write ${path}: ${messageOf(error)}`, {
    details,
    cause: error
  })
}

/** With those above it; one that is there is taken. AppError DEST_EXISTS, DISK_FULL or STORAGE_FAILED. */
export async function makeOutputFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder)
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST')
      throw new AppError('DEST_EXISTS', `can not write into ${folder}: it is no folder`, {
        details: { path: folder }
      })
    throw failureOf(folder, error)
  }
}

export async function writeFileAtomically(
  path: string,
  bytes: Uint8Array,
  options: { readonly replace: boolean }
): Promise<void> {
  const temporary = `${path}.${randomBytes(SUFFIX_BYTES).toString('hex')}.tmp`
  try {
    const handle = await open(temporary, 'wx')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await place(temporary, path, options.replace)
    await flushFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw failureOf(path, error)
  }
}
