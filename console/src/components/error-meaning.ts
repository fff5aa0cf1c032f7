/** What codes of errors mean, in the words of docs/ERRORS.md. */

import { ERROR_CODES } from '../../../src/base/error-codes.ts'

/** Null where the node names a code that this console does not know, as one of a later version does. */
export function meaningOf(code: string): string | null {
  return Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as keyof typeof ERROR_CODES].meaning : null
}
