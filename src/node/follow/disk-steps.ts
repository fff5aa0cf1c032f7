/** Single steps on the disk for follows: durable where it matters, and with what failed in the words of the store. */

import { constants, type Stats } from 'node:fs'
import { lstat, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { appErrorOf, failureOf } from '../../store/failure.ts'

/** Windows can not open folders, and its file systems make their entries durable by themselves. */
const CAN_SYNC_FOLDERS = process.platform !== 'win32'

/** Rejects with AppError DISK_FULL, DEST_UNSAFE or STORAGE_FAILED. */
export async function onDisk<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw appErrorOf(failureOf(action, path, thrown), thrown)
  }
}

export async function syncFolder(path: string): Promise<void> {
  if (!CAN_SYNC_FOLDERS) return
  await onDisk('fsync', path, async () => {
    const folder = await open(path, constants.O_RDONLY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  })
}

/** Undefined when nothing is there. */
export async function statOf(path: string): Promise<Stats | undefined> {
  return await onDisk('look at', path, async () => {
    try {
      return await lstat(path)
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
      throw thrown
    }
  })
}

/**
 * What tells a folder from another that takes its place: its device, inode and time of birth, which a rename leaves as
 * they are. An inode alone is given out again as soon as it is free.
 */
export async function folderIdentity(path: string): Promise<string | undefined> {
  return await onDisk('look at', path, async () => {
    try {
      const stats = await lstat(path, { bigint: true })
      return stats.isDirectory() ? `${stats.dev}.${stats.ino}.${stats.birthtimeNs}` : undefined
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
      throw thrown
    }
  })
}

/** Renames, and makes it durable in both folders. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await onDisk('rename', from, () => rename(from, to))
  await syncFolder(dirname(to))
  if (dirname(from) !== dirname(to)) await syncFolder(dirname(from))
}

/** Writes a file whole or not at all. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const part = join(dirname(path), '.writing')
  await onDisk('write', path, async () => {
    await rm(part, { force: true })
    await writeFile(part, bytes, { flag: 'wx', flush: true })
  })
  await renameDurably(part, path)
}
