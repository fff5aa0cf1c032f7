/**
 * Events that others cause, and could cause a thousand times a second. The first of a kind is noted at once; those that
 * follow are counted, and noted once in `intervalMs` with how many there were. At most `kindsMax` are told apart.
 */

import type { AuditEvent } from '../../audit/entry.ts'

export type CountedEvent = Extract<AuditEvent, { readonly count: number }>
type Kind = CountedEvent extends infer E ? (E extends CountedEvent ? Omit<E, 'count'> : never) : never

interface Counted {
  readonly kind: Kind
  /** Since the entry before. */
  count: number
  /** When the next entry may be written. */
  dueMs: number
}

export interface EventCountsInit {
  readonly note: (event: AuditEvent) => void
  readonly intervalMs: number
  readonly kindsMax?: number
}

export class EventCounts {
  readonly #init: EventCountsInit
  readonly #counted = new Map<string, Counted>()

  constructor(init: EventCountsInit) {
    this.#init = init
  }

  /** Notes or counts one; false when that would be one kind too many, and nothing was done. */
  take(key: string, kind: Kind, nowMs: number): boolean {
    const known = this.#counted.get(key)
    if (known !== undefined) {
      known.count++
      return true
    }
    if (this.#counted.size >= (this.#init.kindsMax ?? Number.POSITIVE_INFINITY)) return false
    this.#begin(key, { kind, count: 0 }, nowMs)
    this.#note(kind, 1)
    return true
  }

  /** Counts one beyond all bounds, to be noted when its time is up. */
  count(key: string, kind: Kind, nowMs: number): void {
    const known = this.#counted.get(key)
    if (known === undefined) this.#begin(key, { kind, count: 1 }, nowMs)
    else known.count++
  }

  /** Notes what is due. */
  flush(nowMs: number): void {
    for (const [key, counted] of this.#counted) {
      if (counted.dueMs > nowMs) continue
      if (counted.count === 0) this.#counted.delete(key)
      else this.#note(counted.kind, counted.count)
      counted.count = 0
      counted.dueMs = nowMs + this.#init.intervalMs
    }
  }

  #begin(key: string, counted: Pick<Counted, 'kind' | 'count'>, nowMs: number): void {
    this.#counted.set(key, { ...counted, dueMs: nowMs + this.#init.intervalMs })
  }

  #note(kind: Kind, count: number): void {
    this.#init.note({ ...kind, count })
  }
}
