/** What `doctor` looks at, and what it says (service.ts has the conventions). */

import type { Task } from '../task.ts'

export const CHECK_IDS = [
  'home',
  'node',
  'file-system',
  'disk-space',
  'disk-speed',
  'open-files',
  'port',
  'clock',
  'beacons',
  'ledger',
  'inbound',
  'peers',
  'sites'
] as const
export type CheckId = (typeof CHECK_IDS)[number]

/**
 * `good`; `attention`: it works, and will not for long, or not well; `bad`: something does not work; `unknown`: it
 * could not be found out.
 */
export type CheckOutcome = 'good' | 'attention' | 'bad' | 'unknown'

export interface Check {
  readonly id: CheckId
  readonly outcome: CheckOutcome
  /** What was found, with values. */
  readonly found: string
  /** What to do; null where there is nothing to do. */
  readonly remedy: string | null
}

export interface CheckupService {
  /** Everything of this machine and of the network around it; each check is told as it is done. */
  checkup(task: Task<Check>): Promise<readonly Check[]>
}
