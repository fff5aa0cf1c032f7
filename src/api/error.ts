/** The body of every answer that is not a success, and the `error` line of an event stream. */

import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from '../base/error-codes.ts'
import { AppError } from '../base/errors.ts'

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code)
}

const detail = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string()).readonly()])

export const errorObject = z.object({
  code: z.string().refine(isErrorCode, 'not a code of ERROR_CODES'),
  message: z.string(),
  details: z.record(z.string(), detail).readonly()
})

export const errorBody = z.object({ error: errorObject })

export type ErrorObject = z.output<typeof errorObject>

export function toErrorObject(error: AppError): ErrorObject {
  return { code: error.code, message: error.message, details: error.details }
}

export function fromErrorObject(error: ErrorObject): AppError {
  return new AppError(error.code, error.message, { details: error.details })
}

/** The code that a problem or a foreign record names, if it is one of ours. */
export function parseErrorCode(code: string): ErrorCode | undefined {
  return isErrorCode(code) ? code : undefined
}
