/**
 * Operating failures of files as plain data, because worker threads report them: an Error loses its code on the
 * way between threads.
 */

import type { ErrorCode } from '../base/error-codes.ts'
import { AppError, isDiskFull, messageOf, systemCodeOf } from '../base/errors.ts'

export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly path: string
}

interface Advice {
  readonly code: ErrorCode
  readonly advice: string
}

const ADVICE: Readonly<Record<string, Advice>> = {
  ENOSPC: { code: 'DISK_FULL', advice: 'free space on that disk' },
  EDQUOT: {
    code: 'DISK_FULL',
    advice: 'the disk quota is used up; raise it or free space'
  },
  ELOOP: { code: 'DEST_UNSAFE', advice: 'a symbolic link stands there; remove it or choose another place' },
  EACCES: { code: 'STORAGE_FAILED', advice: 'give the user of the node the right to it' },
  EPERM: { code: 'STORAGE_FAILED', advice: 'the system forbids it; check owner, mode and file attributes' },
  EROFS: { code: 'STORAGE_FAILED', advice: 'the file system is read-only; choose another place' },
  EIO: { code: 'STORAGE_FAILED', advice: 'the device reports an error; check the disk and the system log' },
  ENOENT: { code: 'STORAGE_FAILED', advice: 'it was removed; put it back, or fetch to another place' },
  ENOTDIR: { code: 'STORAGE_FAILED', advice: 'a file stands where a folder is needed; move it away' },
  EMFILE: { code: 'STORAGE_FAILED', advice: 'raise the limit of open files (ulimit -n)' },
  ENAMETOOLONG: { code: 'STORAGE_FAILED', advice: 'choose a destination with a shorter path' }
}

function reasonOf(thrown: unknown): string {
  return isDiskFull(thrown) ? 'ENOSPC' : (systemCodeOf(thrown) ?? '')
}

/** Describes what was thrown while doing `action` ("write") to `path`. */
export function failureOf(action: string, path: string, thrown: unknown): Failure {
  if (thrown instanceof AppError) return { code: thrown.code, message: thrown.message, path }
  const known = ADVICE[reasonOf(thrown)]
  const advice = known === undefined ? '' : `; ${known.advice}`
  return {
    code: known?.code ?? 'STORAGE_FAILED',
    message: `can not ${action} ${path}: ${messageOf(thrown)}${advice}`,
    path
  }
}

export function appErrorOf(failure: Failure, cause?: unknown): AppError {
  return new AppError(failure.code, failure.message, { details: { path: failure.path }, cause })
}

/** What was thrown while writing to `path`: where there was no room, that as an AppError, and else as it is. */
export function toldIfFull(path: string, thrown: unknown): unknown {
  if (thrown instanceof AppError) return thrown
  const failure = failureOf('write', path, thrown)
  return failure.code === 'DISK_FULL' ? appErrorOf(failure, thrown) : thrown
}
