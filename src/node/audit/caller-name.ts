/** What the audit log can call a caller of the API. */

import { CALLER_CHARACTERS_MAX } from '../../audit/entry.ts'
import { isLabel } from '../../ledger/encoding/names.ts'

export function isCallerName(by: string): boolean {
  return by.length <= CALLER_CHARACTERS_MAX && isLabel(by)
}
