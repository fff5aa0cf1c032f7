/**
 * The time and the timers of what drives the swarm, as an argument: the node gives the machine's own, a simulation one
 * that it moves by itself. Only what runs under both takes it; everything else may ask the machine.
 */

/** Ends a timer; nothing happens when it has gone off. */
export type CancelTimer = () => void

export interface Clock {
  /** Runs on evenly from an arbitrary start, whatever is done to the date. */
  nowMs(): number
  /** Milliseconds of the Unix epoch. */
  epochMs(): number
  /** Calls once. An idle timer keeps no process alive. */
  after(ms: number, run: () => void, options?: { readonly idle?: boolean }): CancelTimer
  /** Calls again and again; keeps no process alive. */
  every(ms: number, run: () => void): CancelTimer
  /** Calls when everything that has arrived by now has been dealt with. */
  soon(run: () => void): void
}

export const MACHINE_CLOCK: Clock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  after: (ms, run, options) => {
    const timer = setTimeout(run, ms)
    if (options?.idle === true) timer.unref()
    return () => clearTimeout(timer)
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms)
    timer.unref()
    return () => clearInterval(timer)
  },
  soon: run => void setImmediate(run)
}
