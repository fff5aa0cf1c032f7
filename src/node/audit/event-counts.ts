/**
 * Events that others cause, and could cause a thousand times a second. The first of a kind is noted at once; those that
 * follow are counted, and noted once in `intervalMs` with how many there were. At most `kindsMax` are told apart, and
 * of one group no more than the group has.
 */

import type { AuditEvent } from '../../audit/entry.ts'
import { OpenCounts } from '../../base/open-counts.ts'

export type CountedEvent = Extract<AuditEvent, { readonly count: number }>
type Kind = CountedEvent extends infer E ? (E extends CountedEvent ? Omit<E, 'count'> : never) : never

interface Counted {
  readonly kind: Kind
  /** Since the entry before. */
  count: number
  /** When the next entry may be written. */
  dueMs: number
  /** Gives its place in its group back. */
  readonly over: (() => void) | undefined
}

export interface EventGroup {
  readonly name: string
  readonly kindsMax: number
}

export interface EventCountsInit {
  readonly note: (event: AuditEvent) => void
  readonly intervalMs: number
  readonly kindsMax?: number
}

export class EventCounts {
  readonly #init: EventCountsInit
  readonly #counted = new Map<string, Counted>()
  readonly #groups = new OpenCounts<string>()

  constructor(init: EventCountsInit) {
    this.#init = init
  }

  /** Notes or counts one; false when that would be one kind too many, and nothing was done. */
  take(key: string, kind: Kind, nowMs: number, group?: EventGroup): boolean {
    const known = this.#counted.get(key)
    if (known !== undefined) {
      known.count++
      return true
    }
    if (this.#counted.size >= (this.#init.kindsMax ?? Number.POSITIVE_INFINITY)) return false
    if (group !== undefined && this.#groups.of(group.name) >= group.kindsMax) return false
    this.#begin(key, { kind, count: 0, over: group && this.#groups.open(group.name) }, nowMs)
    this.#note(kind, 1)
    return true
  }

  /** Counts one beyond all bounds, to be noted when its time is up. */
  count(key: string, kind: Kind, nowMs: number): void {
    const known = this.#counted.get(key)
    if (known === undefined) this.#begin(key, { kind, count: 1, over: undefined }, nowMs)
    else known.count++
  }

  /** Notes what is due. */
  flush(nowMs: number): void {
    for (const [key, counted] of this.#counted) {
      if (counted.dueMs > nowMs) continue
      if (counted.count === 0) {
        this.#counted.delete(key)
        counted.over?.()
      } else this.#note(counted.kind, counted.count)
      counted.count = 0
      counted.dueMs = nowMs + this.#init.intervalMs
    }
  }

  #begin(key: string, counted: Omit<Counted, 'dueMs'>, nowMs: number): void {
    this.#counted.set(key, { ...counted, dueMs: nowMs + this.#init.intervalMs })
  }

  #note(kind: Kind, count: number): void {
    this.#init.note({ ...kind, count })
  }
}
