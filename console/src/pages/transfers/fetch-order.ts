/** What is asked for in the dialogue, as the routes take it. */

import type { RouteArguments } from '../../api/routes.ts'
import { localMs } from '../../components/local-time.ts'
import { writtenOrNull } from '../../components/written.ts'

export interface FetchOrder {
  /** Once, or each newest version from now on. */
  readonly how: 'once' | 'follow'
  readonly name: string | null
  /** An ordinal; null is the newest. */
  readonly version: string | null
  readonly destination: string
  readonly purpose: string
  readonly priority: 'low' | 'normal' | 'high'
  /** As of a field of a date and a time; empty for whenever. */
  readonly deadline: string
  /** Globs, one a line. */
  readonly only: string
  readonly keep: number
}

export const EMPTY_ORDER: FetchOrder = {
  ...{ how: 'once', name: null, version: null, destination: '', purpose: '', priority: 'normal' },
  ...{ deadline: '', only: '', keep: 2 }
}

const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/

/** What is missing or wrong, in words; null when it can be sent. The node judges the rest. */
export function lackOf({ name, destination, how, deadline }: FetchOrder, nowMs: number): string | null {
  if (name === null) return 'Choose a dataset.'
  if (destination.trim() === '') return 'Write a folder.'
  if (!ABSOLUTE.test(destination.trim())) return 'Write the whole path of the folder, from the root on.'
  if (how === 'once' && deadline !== '' && (localMs(deadline) ?? 0) <= nowMs) return 'The deadline is over.'
  return null
}

export function transferOf(order: FetchOrder): RouteArguments<'startTransfer'> {
  const { name, version, destination, purpose, priority, deadline, only } = order
  return {
    ...{ name: name ?? '', version, destination: destination.trim(), priority },
    ...{ purpose: writtenOrNull(purpose), deadlineAtMs: localMs(deadline) },
    only: only
      .split('\n')
      .map(glob => glob.trim())
      .filter(glob => glob !== '')
  }
}

export function followOf({ name, destination, purpose, keep }: FetchOrder): RouteArguments<'follow'> {
  return { name: name ?? '', destination: destination.trim(), keep, purpose: writtenOrNull(purpose) }
}
