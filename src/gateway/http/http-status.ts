/**
 * How a failure is told over HTTP. The status follows from the class that the code's exit code already names,
 * so that a new code needs no second decision; programs go by the code in the body.
 */

import { AssertionFailure } from '../../base/assert.ts'
import { ERROR_CODES, type ErrorCode } from '../../base/error-codes.ts'
import { AppError, isDiskFull, messageOf } from '../../base/errors.ts'

const STATUS_OF_EXIT = new Map<number, number>([
  [64, 400], // usage
  [65, 422], // data
  [66, 404], // no input
  [69, 502], // unavailable: something that the node depends on
  [70, 500], // internal
  [73, 409], // can't create
  [74, 507], // I/O
  [75, 503], // try again
  [77, 403], // no permission
  [78, 409], // configuration
  [130, 499] // interrupted
])

/** Codes for which HTTP has a status of its own, that clients act on. */
const STATUS_OF_CODE = new Map<ErrorCode, number>([
  ['NOT_SIGNED_IN', 401],
  ['HOST_UNKNOWN', 421],
  ['TOO_MANY_CALLS', 429]
])

export function httpStatusOf(code: ErrorCode): number {
  const own = STATUS_OF_CODE.get(code)
  if (own !== undefined) return own
  return STATUS_OF_EXIT.get(ERROR_CODES[code].exitCode) ?? 500
}

/** What Fastify throws for a request that it refuses itself: too large, not JSON, no such route. */
function refusedStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return undefined
  const { statusCode } = thrown
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined
}

export interface Failure {
  readonly status: number
  readonly error: AppError
  /** What was thrown when nobody foresaw it. */
  readonly fault: unknown
}

export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof AppError)
    return { status: httpStatusOf(thrown.code), error: thrown, fault: undefined }
  const refused = refusedStatus(thrown)
  if (refused !== undefined) {
    const error = new AppError('USAGE', `the node refused the request: ${messageOf(thrown)}`)
    return { status: refused, error, fault: undefined }
  }
  if (isDiskFull(thrown)) {
    const message = `the node has no room for what that writes: ${messageOf(thrown)}; free space on the disk of its home folder`
    const error = new AppError('DISK_FULL', message, { cause: thrown })
    return { status: httpStatusOf(error.code), error, fault: thrown }
  }
  const what = thrown instanceof AssertionFailure ? 'a bug in peerage' : 'an unforeseen failure'
  const message = `the node met ${what}: ${messageOf(thrown)}; its log has the details, please report them`
  return { status: 500, error: new AppError('NODE_INTERNAL', message, { cause: thrown }), fault: thrown }
}
