/**
 * An operating failure that a person can act on: the message says the action, the value, the limit and what
 * to do. The three other kinds are never an AppError: our bug is an assertion, a peer's misbehaviour or an
 * expected outcome is a returned value, a cancellation is an AbortSignal.
 */

import type { ErrorCode } from './error-codes.ts'

export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** The `code` of a Node system error such as ENOSPC, or undefined. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}

/** SQLITE_FULL, which SQLite reports instead of the system's ENOSPC. */
const SQLITE_FULL = 13

/** Whether a disk had no room for what was to be written, by the word of the system or of SQLite. */
export function isDiskFull(thrown: unknown): boolean {
  if (thrown instanceof Error && 'errcode' in thrown && thrown.errcode === SQLITE_FULL) return true
  return systemCodeOf(thrown) === 'ENOSPC'
}
