/** The longest stretch over which something held at each measurement, of measurements in the order of their times. */

interface Timed {
  readonly atMs: number
}

/** A gap longer than this is not counted as if it had held meanwhile: the device was off. */
export const GAP_MAX_MS = 5 * 60_000

export function longestRun<F extends Timed>(facts: readonly F[], holds: (fact: F) => boolean): readonly F[] {
  let best = { from: 0, to: 0 }
  let from = 0
  for (const [at, fact] of facts.entries()) {
    const before = facts[at - 1]
    const isBroken = before === undefined || !holds(before) || fact.atMs - before.atMs > GAP_MAX_MS
    if (isBroken) from = at
    const run = { from, to: at + 1 }
    if (holds(fact) && lengthMs(facts, run) >= lengthMs(facts, best)) best = run
  }
  return facts.slice(best.from, best.to)
}

function lengthMs(facts: readonly Timed[], { from, to }: { from: number; to: number }): number {
  const [first, last] = [facts[from], facts[to - 1]]
  return to <= from || first === undefined || last === undefined ? 0 : last.atMs - first.atMs
}

export function lastingMs(run: readonly Timed[]): number {
  return lengthMs(run, { from: 0, to: run.length })
}
