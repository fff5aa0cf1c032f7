/**
 * The span of a transfer: from when it is asked for, or taken up after a start, to its end. Copies that this device
 * owes are transfers into its vault, and are repairs here.
 */

import { sep } from 'node:path'
import type { TransferRecord } from '../swarm/transfer-record.ts'
import { beginSpan } from './spans.ts'

const OVER = ['complete', 'failed', 'stopped'] as const

export interface TracedTransfer {
  readonly record: TransferRecord
  readonly reusedBytes: number
  readonly originBytes: number
}

/** To be called whenever the transfer changes. */
export function transferSpan(job: () => TracedTransfer): () => void {
  const { version, destination, totalBytes, files, selected, state } = job().record
  const outcomeOf = (now: string) => OVER.find(each => each === now)
  if (outcomeOf(state) !== undefined) return () => undefined
  const isRepair = destination.endsWith(`${sep}vault${sep}${version}${sep}`)
  const span = beginSpan(isRepair ? 'repair' : 'transfer', {
    ...{ version, files: selected?.files ?? files, bytes: selected?.bytes ?? totalBytes },
    ...(isRepair ? { part: 'copy' } : {})
  })
  let isOver = false
  return () => {
    const { record, reusedBytes, originBytes } = job()
    const outcome = outcomeOf(record.state)
    if (isOver || outcome === undefined) return
    isOver = true
    const sums = record.selected
    span.tell({ outcome, reusedBytes, originBytes, ...(sums && { files: sums.files, bytes: sums.bytes }) })
    if (record.problem !== null && outcome === 'failed') span.fail(record.problem.code)
    span.end()
  }
}
