/**
 * Makes written files and changed folders durable. A few are fsynced one by one. Many on one file system are
 * flushed by one syncfs(2), through `sync -f` of coreutils, because Node has no call for it: a journal commit per
 * file costs far more than one for all. Where that is not to be had, or fails, each is fsynced by itself.
 * docs/adr/0002-group-commit.md weighs the two.
 */

import { execFileSync } from 'node:child_process'
import { closeSync, constants, fdatasyncSync, fstatSync, fsyncSync, lstatSync, openSync } from 'node:fs'
import { type Failure, failureOf } from './failure.ts'

/** Beyond so many on one file system, one flush of the whole costs less. */
const SYNC_EACH_MAX = 24
const CAN_SYNC_FILE_SYSTEM = process.platform === 'linux'
/** Windows can not open folders, and its file systems make their entries durable by themselves. */
const CAN_SYNC_FOLDERS = process.platform !== 'win32'

const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

export interface SyncTarget {
  /** Absolute path. */
  readonly path: string
  /** The descriptor that wrote the file; undefined for a folder or a file that others wrote. */
  readonly fd: number | undefined
  readonly isFolder: boolean
}

interface KnownTarget extends SyncTarget {
  readonly index: number
  readonly device: number
}

function syncFileSystem(path: string): boolean {
  try {
    execFileSync('sync', ['-f', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function syncOne(target: SyncTarget): void {
  const fd = target.fd ?? openSync(target.path, OPEN_FLAGS)
  try {
    if (target.isFolder) fsyncSync(fd)
    else fdatasyncSync(fd)
  } finally {
    if (target.fd === undefined) closeSync(fd)
  }
}

/** Returns the failures by index of the target; all others are durable. */
export function syncToDisk(targets: readonly SyncTarget[]): Map<number, Failure> {
  const failures = new Map<number, Failure>()
  const attempt = (target: SyncTarget, index: number, work: () => void) => {
    try {
      work()
    } catch (error) {
      failures.set(index, failureOf('fsync', target.path, error))
    }
  }
  const known: KnownTarget[] = []
  targets.forEach((target, index) => {
    if (target.isFolder && !CAN_SYNC_FOLDERS) return
    attempt(target, index, () => {
      const stats = target.fd === undefined ? lstatSync(target.path) : fstatSync(target.fd)
      known.push({ ...target, index, device: stats.dev })
    })
  })
  for (const group of Map.groupBy(known, target => target.device).values()) {
    const path = group[0]?.path ?? ''
    if (group.length > SYNC_EACH_MAX && CAN_SYNC_FILE_SYSTEM && syncFileSystem(path)) continue
    for (const target of group) attempt(target, target.index, () => syncOne(target))
  }
  return failures
}
