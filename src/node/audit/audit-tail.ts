/**
 * Follows the audit logs that are here as they grow, this device's own and those that it collected: what is new since
 * it was last asked, each log in the order of its entries. What it has given it does not remember beyond the process.
 */

import { decodeEntry } from '../../audit/entry.ts'
import type { LoggedEntry } from '../../audit/evidence.ts'
import type { AuditDatabase } from '../../store/audit-database.ts'
import type { FoundEntry, LogKey } from '../../store/audit-rows.ts'

/** Undefined for an entry that this version of the program can not read. */
export function loggedOf({ device, incarnation, bytes }: FoundEntry): LoggedEntry | undefined {
  const entry = decodeEntry(bytes)
  return entry.ok ? { ...entry.value, device, incarnation } : undefined
}

export class AuditTail {
  readonly #database: Pick<AuditDatabase, 'sizes' | 'entries'>
  readonly #next = new Map<string, number>()

  /** Begins at the ends of the logs as they are now. */
  constructor(database: Pick<AuditDatabase, 'sizes' | 'entries'>) {
    this.#database = database
    for (const log of database.sizes()) this.#next.set(keyOf(log), log.size)
  }

  /** At most so many; the rest comes when it is asked again. */
  read(limit: number): LoggedEntry[] {
    const found: LoggedEntry[] = []
    for (const log of this.#database.sizes()) {
      const from = this.#next.get(keyOf(log)) ?? 0
      // A log that was renewed ends earlier than it did.
      const to = Math.min(log.size, from + limit - found.length)
      this.#next.set(keyOf(log), to)
      if (to <= from) continue
      const rows = this.#database.entries(log, { from, limit: to - from })
      for (const bytes of rows) {
        const entry = loggedOf({ ...log, seq: 0, bytes })
        if (entry !== undefined && entry.seq < to) found.push(entry)
      }
    }
    return found
  }
}

function keyOf({ device, incarnation }: LogKey): string {
  return `${device}/${incarnation}`
}
