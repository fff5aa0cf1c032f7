/** What a device says of an erasure in the ledger, by what it has noted of what was here. */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { ErasureEntry } from '../../ledger/fold/state.ts'
import type { EraseConfirm } from '../../ledger/operation/operation-content.ts'
import type { Problem } from '../service.ts'
import type { ErasureRecord } from './erasure-record.ts'

export function wordOf(
  { bytes, keys, sources }: ErasureRecord,
  { erase, isSourceHere }: { readonly erase: OperationId; readonly isSourceHere: boolean }
): EraseConfirm {
  const sum = Object.values(bytes).reduce((total, each) => total + each, 0)
  const outcome = isSourceHere || sources.length > 0 ? 'source-kept' : 'deleted'
  return { type: 'erase.confirm', erase, outcome, bytes: sum, keys }
}

export function notHeld(erase: OperationId): EraseConfirm {
  return { type: 'erase.confirm', erase, outcome: 'not-held', bytes: 0, keys: false }
}

export function isSame(said: Omit<EraseConfirm, 'type' | 'erase'>, word: EraseConfirm): boolean {
  return said.outcome === word.outcome && said.bytes === word.bytes && said.keys === word.keys
}

/**
 * That it kept its source, when it knows nothing of that any more: as after its home came back from a backup. Where the
 * source lay is lost with it, so only a person can say that it is gone.
 */
export function forgottenSource(
  { kind, confirmations }: Pick<ErasureEntry, 'kind' | 'confirmations'>,
  { self, record }: { readonly self: DeviceId; readonly record: ErasureRecord | undefined }
): Omit<EraseConfirm, 'type' | 'erase'> | undefined {
  const said = kind === 'erasure' ? confirmations.get(self) : undefined
  if (said?.outcome !== 'source-kept') return undefined
  const isKnown = record !== undefined && (record.sources.length > 0 || Object.keys(record.bytes).length > 0)
  return isKnown ? undefined : said
}

export function forgottenProblem(version: VersionId, id: string): Problem {
  const message =
    `this device said that it kept the published source of ${version.slice(0, 12)}, which is erased from the org, and ` +
    `does not know any more where it is, as after a restored backup; delete it, and then: peerage erase finish ` +
    `${id.slice(0, 12)} --gone`
  return { code: 'ERASURE_UNFINISHED', message, path: null }
}
