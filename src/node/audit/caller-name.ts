/** What the audit log can call a caller of the API, and what a call was about. */

import { CALLER_CHARACTERS_MAX, isObjectName, REASON, REASON_CHARACTERS_MAX } from '../../audit/entry.ts'
import { isLabel, parseDatasetReference } from '../../ledger/encoding/names.ts'

export function isCallerName(by: string): boolean {
  return by.length <= CALLER_CHARACTERS_MAX && isLabel(by)
}

export function isCallObject({ kind, id }: { readonly kind: string; readonly id: string }): boolean {
  if (kind === 'dataset' && parseDatasetReference(id) === undefined) return false
  return kind.length <= REASON_CHARACTERS_MAX && REASON.test(kind) && isObjectName(id)
}
