/** What of the audit logs is asked for, as it stands in the address of the page. */

import { DAY_MS, HOUR_MS } from '../../../../src/base/units.ts'
import type { RouteArguments } from '../../api/routes.ts'
import { ACTIONS, type Entry } from './audit-words.ts'

export const ENTRIES_MAX = 1_000

export const TIMES = {
  hour: ['the last hour', HOUR_MS],
  day: ['the last day', DAY_MS],
  week: ['the last 7 days', 7 * DAY_MS],
  month: ['the last 30 days', 30 * DAY_MS],
  all: ['all that is kept', null]
} as const satisfies Record<string, readonly [string, number | null]>

export type Time = keyof typeof TIMES

export interface AuditSearch {
  readonly device: string | null
  readonly dataset: string | null
  readonly action: Entry['action'] | null
  readonly time: Time
  /** Whether calls by which the one who looks only looked are among what is found. */
  readonly hasOwnLooks: boolean
}

/** What is not known in an address is left out. */
export function searchOf(address: URLSearchParams): AuditSearch {
  const action = address.get('action')
  const time = address.get('time')
  return {
    device: address.get('device') || null,
    dataset: address.get('dataset') || null,
    action: action !== null && Object.hasOwn(ACTIONS, action) ? (action as Entry['action']) : null,
    time: time !== null && Object.hasOwn(TIMES, time) ? (time as Time) : 'week',
    hasOwnLooks: address.get('looks') === 'all'
  }
}

export function addressOf({ device, dataset, action, time, hasOwnLooks }: AuditSearch): URLSearchParams {
  const address = new URLSearchParams()
  for (const [key, value] of Object.entries({ device, dataset, action }))
    if (value !== null) address.set(key, value)
  if (time !== 'week') address.set('time', time)
  if (hasOwnLooks) address.set('looks', 'all')
  return address
}

export function argumentsOf(search: AuditSearch, nowMs: number): RouteArguments<'audit'> {
  const { device, dataset, action, time, hasOwnLooks } = search
  const [, ms] = TIMES[time]
  return {
    device,
    dataset,
    action,
    sinceMs: ms === null ? null : Math.max(0, nowMs - ms),
    looks: hasOwnLooks ? 'all' : 'of-others',
    limit: ENTRIES_MAX
  }
}
