/** What people are told of a transfer beside how far it is: its deadline, and its HTTP origin. */

import { AppError } from '../../base/errors.ts'
import type { TransferStatus } from '../../swarm/transfer-types.ts'
import { problemOf } from '../origin/origin-client.ts'
import type { OriginView } from '../origin/origin-desk.ts'
import type { Transfer, TransferOrigin } from '../service.ts'
import type { Problem } from '../service-words.ts'
import { outlookOf } from './deadline-outlook.ts'
import type { TransferRecord } from './transfer-record.ts'

export function deadlineFields(
  { deadlineAtMs, finishedAtMs }: Pick<TransferRecord, 'deadlineAtMs' | 'finishedAtMs'>,
  now: { readonly lackingBytes: number; readonly bytesPerSecond: number; readonly nowMs: number }
): Pick<Transfer, 'deadlineAtMs' | 'outlook' | 'lateByMs'> {
  if (deadlineAtMs === null) return { deadlineAtMs, outlook: null, lateByMs: null }
  return { deadlineAtMs, ...outlookOf({ deadlineAtMs, finishedAtMs, ...now }) }
}

/** `status` while it is being fetched. */
export function originOfTransfer(
  view: OriginView | undefined,
  { originBytes }: { readonly originBytes: number },
  status: TransferStatus | undefined
): TransferOrigin | null {
  if (view === undefined) return null
  const { url, state } = view
  return {
    ...{ url, state: state.kind, problem: problemOf(state), retryAtMs: state.untilMs },
    need: status?.origin.need ?? null,
    receivedBytes: originBytes,
    bytesPerSecond: status?.origin.rate ?? 0
  }
}

/** What somebody has to put right. */
export function originProblem(name: string, view: OriginView | undefined): Problem | null {
  if (view?.state.kind !== 'aside') return null
  const message = `the origin of ${name}, ${view.url}, is set aside: ${problemOf(view.state)}`
  return { code: 'ORIGIN_FAULTY', message, path: null }
}

export function unknownTransfer(id: string): never {
  const message = `no transfer ${id} is known here; 'peerage transfers' lists those that are`
  throw new AppError('DATASET_UNKNOWN', message, { details: { transfer: id } })
}
