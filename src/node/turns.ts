/** Long work in steps: all at once, or with turns between in which the event loop does what else there is to do. */

import { setImmediate as nextTurn } from 'node:timers/promises'

/** How long one turn takes, unless a single step is longer. */
const TURN_MS = 4

export function atOnce<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Undefined when `goesOn` denied, before a turn, that what it works on is still the same. */
export async function inTurns<T>(
  steps: Generator<unknown, T>,
  goesOn: () => boolean = () => true
): Promise<T | undefined> {
  for (;;) {
    await nextTurn()
    if (!goesOn()) return undefined
    const untilMs = performance.now() + TURN_MS
    do {
      const step = steps.next()
      if (step.done) return step.value
    } while (performance.now() < untilMs)
  }
}
