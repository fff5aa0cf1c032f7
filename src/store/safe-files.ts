/**
 * Opening files inside a base folder without ever leaving it. A version's paths are safe by themselves; this
 * guards against what someone else plants under the base while the node runs.
 *
 * - No component below the base may be a symbolic link: each is checked, the last by O_NOFOLLOW as well.
 * - On Linux the file that was opened is asked for its real path before anything is done with it, so that a
 *   folder swapped for a link between check and open is found out too.
 * - Only regular files are opened, and never blocking: a planted FIFO can not hang a thread.
 */

import type { BigIntStats } from 'node:fs'
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { toHex, utf8 } from '../base/bytes.ts'
import { AppError, systemCodeOf } from '../base/errors.ts'
import { COMPONENT_BYTES_MAX, PART_SUFFIX } from '../content/path-rules.ts'
import { sha256 } from './sha256.ts'
import type { Fingerprint } from './store.ts'

const IS_LINUX = process.platform === 'linux'
// Windows knows neither; the check of every component stands alone there.
const NO_FOLLOW: number = constants.O_NOFOLLOW ?? 0
const NO_BLOCK: number = constants.O_NONBLOCK ?? 0

export const READ_FLAGS = constants.O_RDONLY
export const WRITE_FLAGS = constants.O_RDWR
export const CREATE_FLAGS = constants.O_RDWR | constants.O_CREAT
export const CREATE_NEW_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL

export interface PlacedFile {
  /** Absolute, without symbolic links. */
  readonly base: string
  /** Relative to the base, with `/` between components. */
  readonly path: string
}

export function absolute(file: PlacedFile): string {
  return join(file.base, file.path)
}

/**
 * The name of a file while it is not whole, in the same folder. Versions can not use such names themselves. A
 * name with no room for the suffix is replaced by its hash.
 */
export function partOf(file: PlacedFile): PlacedFile {
  const start = file.path.lastIndexOf('/') + 1
  const name = file.path.slice(start)
  const fits = Buffer.byteLength(name) + PART_SUFFIX.length <= COMPONENT_BYTES_MAX
  const stem = fits ? name : toHex(sha256(utf8(name)))
  return { base: file.base, path: file.path.slice(0, start) + stem + PART_SUFFIX }
}

export function fingerprintOf(stats: BigIntStats): Fingerprint {
  return `${stats.size}.${stats.mtimeNs}.${stats.ino}`
}

export function inodeOf(fingerprint: Fingerprint): string {
  return fingerprint.slice(fingerprint.lastIndexOf('.') + 1)
}

/** Undefined when nothing is there, or no folder leads there. */
export function lstatOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (systemCodeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

function unsafe(path: string, what: string): AppError {
  return new AppError(
    'DEST_UNSAFE',
    `${path} ${what}; nothing is read or written through it: remove it or choose another place`,
    { details: { path } }
  )
}

/** Checks that the base and each folder between it and `path` is a folder and no link. */
export function checkParents(file: PlacedFile): void {
  let folder = file.base
  const parents = file.path.split('/').slice(0, -1)
  for (let depth = 0; ; depth++) {
    const stats = lstatSync(folder)
    if (stats.isSymbolicLink()) throw unsafe(folder, 'is a symbolic link')
    if (!stats.isDirectory()) throw unsafe(folder, 'is not a folder')
    const next = parents[depth]
    if (next === undefined) return
    folder = join(folder, next)
  }
}

function realPathOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined // no /proc: the checks before stand alone
  }
}

/** Opens a regular file inside its base. Throws AppError DEST_UNSAFE, or the system's error. */
export function openInside(file: PlacedFile, flags: number, mode = 0o666): number {
  checkParents(file)
  const path = absolute(file)
  const fd = openSync(path, flags | NO_FOLLOW | NO_BLOCK, mode)
  try {
    if (!fstatSync(fd).isFile()) throw unsafe(path, 'is not a regular file')
    const real = IS_LINUX ? realPathOf(fd) : undefined
    if (real !== undefined && real !== path && real !== `${path} (deleted)`)
      throw unsafe(path, `leads to ${real}`)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Mode of a new file before the user's mask. */
export function modeOf(file: { readonly executable: boolean }): number {
  return file.executable ? 0o777 : 0o666
}
