/**
 * What a live view is told, and when: parts of what the node says of itself, each numbered when it last changed.
 *
 * - A part that is as before is not said again. Each part says only how things are, so whoever was away, or slow,
 *   gets the newest of each part that it missed and nothing in between.
 * - `activity` is the totals, transfers and links; `peers` is one line for each; `ledger` says that operations came
 *   which were not there before: what was read of the ledger may be different now. `tick` fills the silence.
 */

import type { JsonAnswer } from '../../api/routes.ts'

export type Activity = JsonAnswer<'activity'>
export type LivePart = 'activity' | 'peers' | 'ledger' | 'tick'

export interface LiveEvent {
  readonly id: number
  readonly part: LivePart
  readonly data: string
}

interface Told {
  readonly event: LiveEvent
  readonly content: string
  readonly atMs: number
}

/** Shortest time between two events of a part. */
const INTERVAL_MS: Readonly<Record<LivePart, number>> = { activity: 0, peers: 2_000, ledger: 0, tick: 5_000 }

export class LiveFeed {
  readonly #told = new Map<LivePart, Told>()
  #id = 0

  /** The number of the newest event. */
  get id(): number {
    return this.#id
  }

  /** Takes in how things are. */
  take(activity: Activity, nowMs: number): void {
    const { atMs, peers, operations = 0, ...rest } = activity
    const own = JSON.stringify(rest)
    this.#tell('activity', own, `{"atMs":${atMs},${own.slice(1)}`, nowMs)
    if (this.#isDue('peers', nowMs)) {
      const others = JSON.stringify(peers)
      this.#tell('peers', others, `{"atMs":${atMs},"peers":${others}}`, nowMs)
    }
    this.#tell('ledger', String(operations), JSON.stringify({ atMs, operations }), nowMs)
    const isSilent = [...this.#told.values()].every(told => nowMs - told.atMs >= INTERVAL_MS.tick)
    if (isSilent) this.#tell('tick', String(atMs), JSON.stringify({ atMs }), nowMs)
  }

  /** What is newer than an event, in order. */
  since(id: number): LiveEvent[] {
    return [...this.#told.values()]
      .map(({ event }) => event)
      .filter(event => event.id > id)
      .sort((a, b) => a.id - b.id)
  }

  #isDue(part: LivePart, nowMs: number): boolean {
    const before = this.#told.get(part)
    return before === undefined || nowMs - before.atMs >= INTERVAL_MS[part]
  }

  #tell(part: LivePart, content: string, data: string, nowMs: number): void {
    if (this.#told.get(part)?.content === content || !this.#isDue(part, nowMs)) return
    this.#id++
    this.#told.set(part, { event: { id: this.#id, part, data }, content, atMs: nowMs })
  }
}
