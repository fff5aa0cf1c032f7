/** When devices were first enrolled, by any operation that is known; admins of the founding root were there always. */

import type { DeviceId } from '../../base/ids.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import { atOnce } from '../turns.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'

const OPERATIONS_A_STEP = 4096

export function joinTimes({ ledger }: Pick<LedgerKeeper, 'ledger'>): Map<DeviceId, number> {
  return atOnce(joinTimesIn(ledger.operations()))
}

/** The same in steps. */
export function* joinTimesIn(operations: Iterable<Operation>): Generator<void, Map<DeviceId, number>> {
  const times = new Map<DeviceId, number>()
  let read = 0
  for (const { content, timeMs } of operations) {
    if (++read % OPERATIONS_A_STEP === 0) yield
    if (content?.type !== 'device.enrol') continue
    times.set(content.device, Math.min(times.get(content.device) ?? Number.POSITIVE_INFINITY, timeMs))
  }
  return times
}
