/**
 * Searches the audit logs that are here for the newest entries of a kind. What is left out is known only of an entry
 * that was read, so there may be many of them for each that is found: the store is gone through by pages, and others
 * have the thread between two.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LoggedEntry } from '../../audit/evidence.ts'
import type { AuditDatabase } from '../../store/audit-database.ts'
import type { EntryPlace, EntrySearch } from '../../store/audit-rows.ts'
import { loggedOf } from './audit-tail.ts'

const PAGE_ENTRIES = 1000

export interface Searched {
  /** The newest first; at most as many as the limit of the search. */
  readonly found: readonly LoggedEntry[]
  /** How many of those between them, or after the last where there are no more, were left out. */
  readonly leftOut: number
}

export async function searchLogs(
  database: Pick<AuditDatabase, 'page'>,
  search: EntrySearch,
  isLeftOut: (entry: LoggedEntry) => boolean
): Promise<Searched> {
  const found: LoggedEntry[] = []
  let leftOut = 0
  let from: EntryPlace | null = null
  while (true) {
    const page = database.page({ ...search, limit: PAGE_ENTRIES }, from)
    for (const row of page.found) {
      const entry = loggedOf(row)
      if (entry === undefined) continue
      if (isLeftOut(entry)) leftOut++
      else found.push(entry)
      if (found.length === search.limit) return { found, leftOut }
    }
    if (page.next === null) return { found, leftOut }
    from = page.next
    await nextTurn()
  }
}
