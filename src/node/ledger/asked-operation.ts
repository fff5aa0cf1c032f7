/** Has this device sign what somebody asked for, and says what came of it. */

import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import type { Node } from '../node.ts'
import type { Acted } from './governance-terms.ts'
import type { LedgerNames } from './ledger-names.ts'

export interface SigningNode extends Pick<Node, 'keeper'> {
  readonly transport: Pick<Node['transport'], 'peers'>
}

/** Rejects with NOT_AUTHORISED, and signs nothing, when this device may not. */
export function signAsked(
  { keeper, transport }: SigningNode,
  content: OperationContent,
  {
    names,
    expiresInMs = null,
    warnings = []
  }: {
    readonly names: LedgerNames
    readonly expiresInMs?: number | null
    readonly warnings?: readonly string[]
  }
): Acted {
  const expiresMs = expiresInMs === null ? null : Date.now() + expiresInMs
  const { operation, inert } = keeper.author(content, { expiresMs })
  return {
    ...{ operation: operation.id, type: operation.type, says: names.says(operation) },
    inForce: inert === undefined,
    waitsFor: inert?.detail ?? null,
    peersTold: transport.peers().length,
    warnings
  }
}
