/** The busiest stretch of time among facts: facts may come late, so windows are of their own times, not of now. */

import { defined } from '../base/assert.ts'

interface Timed {
  readonly atMs: number
}

export interface Stretch<F> {
  readonly facts: readonly F[]
  /** What was counted in it. */
  readonly count: number
}

interface Tally<F> {
  add(fact: F): void
  remove(fact: F): void
  readonly count: number
}

/** The stretch with the most different keys, of facts in the order of their times; the latest of several. */
export function mostDifferent<F extends Timed>(
  facts: readonly F[],
  windowMs: number,
  keyOf: (fact: F) => string
): Stretch<F> | undefined {
  const seen = new Map<string, number>()
  const add = (key: string, change: number): void => {
    const times = (seen.get(key) ?? 0) + change
    if (times === 0) seen.delete(key)
    else seen.set(key, times)
  }
  return busiest(facts, windowMs, {
    add: fact => add(keyOf(fact), 1),
    remove: fact => add(keyOf(fact), -1),
    get count() {
      return seen.size
    }
  })
}

/** Likewise, the stretch with the largest sum. */
export function largestSum<F extends Timed>(
  facts: readonly F[],
  windowMs: number,
  weightOf: (fact: F) => number
): Stretch<F> | undefined {
  let count = 0
  return busiest(facts, windowMs, {
    add: fact => {
      count += weightOf(fact)
    },
    remove: fact => {
      count -= weightOf(fact)
    },
    get count() {
      return count
    }
  })
}

function busiest<F extends Timed>(
  facts: readonly F[],
  windowMs: number,
  tally: Tally<F>
): Stretch<F> | undefined {
  let from = 0
  let best: { from: number; to: number; count: number } | undefined
  for (const [to, fact] of facts.entries()) {
    tally.add(fact)
    for (let first = defined(facts[from], 'a fact'); fact.atMs - first.atMs >= windowMs; ) {
      tally.remove(first)
      from++
      first = defined(facts[from], 'a fact')
    }
    if (best === undefined || tally.count >= best.count) best = { from, to, count: tally.count }
  }
  return best && { facts: facts.slice(best.from, best.to + 1), count: best.count }
}
