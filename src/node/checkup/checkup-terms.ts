/** What `doctor` looks at, and what it says (service.ts has the conventions). */

import type { Task } from '../task.ts'

export type CheckId =
  | 'home'
  | 'node'
  | 'file-system'
  | 'disk-space'
  | 'disk-speed'
  | 'open-files'
  | 'port'
  | 'clock'
  | 'beacons'
  | 'ledger'
  | 'inbound'
  | 'peers'
  | 'sites'

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

export function check(
  id: CheckId,
  outcome: CheckOutcome,
  found: string,
  remedy: string | null = null
): Check {
  return { id, outcome, found, remedy }
}

export interface CheckupService {
  /** Everything of this machine and of the network around it; each check is told as it is done. */
  checkup(task: Task<Check>): Promise<readonly Check[]>
}
