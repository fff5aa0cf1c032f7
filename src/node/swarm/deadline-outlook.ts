/** Whether a transfer with a deadline will meet it, at the rate at which it goes now. */

import { SECOND_MS } from '../../base/units.ts'

export type Outlook = 'on time' | 'late' | 'not known'

export interface DeadlineOutlook {
  readonly outlook: Outlook
  /** How much too late it is done, if it goes on as it does; null when it is on time, and when that is not known. */
  readonly lateByMs: number | null
}

const NOT_KNOWN: DeadlineOutlook = { outlook: 'not known', lateByMs: null }
const ON_TIME: DeadlineOutlook = { outlook: 'on time', lateByMs: null }

export function outlookOf(of: {
  readonly deadlineAtMs: number
  readonly lackingBytes: number
  readonly bytesPerSecond: number
  /** When it was done; null while it is not. */
  readonly finishedAtMs: number | null
  readonly nowMs: number
}): DeadlineOutlook {
  const { deadlineAtMs, lackingBytes, bytesPerSecond, finishedAtMs, nowMs } = of
  const isDone = lackingBytes === 0
  const needMs = isDone ? 0 : (lackingBytes * SECOND_MS) / bytesPerSecond
  const doneAtMs = isDone ? (finishedAtMs ?? nowMs) : nowMs + needMs
  // What is past has been missed, at whatever rate.
  if (doneAtMs === Number.POSITIVE_INFINITY)
    return nowMs > deadlineAtMs ? { outlook: 'late', lateByMs: nowMs - deadlineAtMs } : NOT_KNOWN
  return doneAtMs > deadlineAtMs
    ? { outlook: 'late', lateByMs: Math.round(doneAtMs - deadlineAtMs) }
    : ON_TIME
}
