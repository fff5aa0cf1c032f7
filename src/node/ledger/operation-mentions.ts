/**
 * What an operation names: every text and id in its target and body, whatever its type, so that a type to come needs
 * no line here. Which of the ids are devices, versions or operations, the state knows; a text is the name of a dataset
 * only where the type has one.
 */

import { toHex } from '../../base/bytes.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'

/** Each once, ids in hex. */
export function mentionsOf(content: OperationContent | undefined): ReadonlySet<string> {
  const found = new Set<string>()
  if (content === undefined) return found
  const { type: _, ...fields } = content
  collect(fields, found)
  return found
}

function collect(value: unknown, found: Set<string>): void {
  if (typeof value === 'string') found.add(value)
  else if (value instanceof Uint8Array) found.add(toHex(value))
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) collect(inner, found)
}

/** The one dataset that it names as such. */
export function datasetNamedBy(content: OperationContent | undefined): string | null {
  switch (content?.type) {
    case 'dataset.publish':
    case 'dataset.retire':
    case 'dataset.policy':
    case 'dataset.origin':
    case 'dataset.storage':
    case 'dataset.shares':
    case 'dataset.subjects':
    case 'hold.place':
      return content.name
    case 'access.grant':
    case 'access.revoke':
      return content.scope?.kind === 'name' ? content.scope.name : null
    case 'level.set':
      return content.objective?.dataset ?? null
    default:
      return null
  }
}
