/**
 * Work that is done by one at a time, in the order in which they ask. Whoever has its turn keeps it for a while, and
 * then lets the others go first at its next occasion. Who has none for longer loses its turn, so that nobody is kept
 * from his by one who waits for an answer; it goes on beside the next until its next occasion.
 *
 * For each that is lost, or over with nothing brought, one more has its turn at once, until nobody waits: twice as many
 * each time, so that many who stand still keep nobody for long either.
 */

import { assert } from '../../base/assert.ts'

export interface TurnTimes {
  /** After so long a turn is over, if somebody waits. */
  readonly overMs: number
  /** After so long it is lost, if somebody waits. */
  readonly lostMs: number
}

interface Waiting {
  readonly turn: Turn
  readonly begin: () => void
}

interface Held {
  readonly timers: readonly NodeJS.Timeout[]
  state: 'running' | 'over' | 'lost'
}

export class Turns {
  readonly #times: TurnTimes
  readonly #waiting: Waiting[] = []
  readonly #held = new Map<Turn, Held>()
  /** How many may have a turn at once. */
  #width = 1

  constructor(times: TurnTimes) {
    this.#times = times
  }

  /** Waits for a turn, which is to be ended. Rejects with the reason of `signal`. */
  async take(signal: AbortSignal): Promise<Turn> {
    const turn = new Turn(this, signal)
    await this.wait(turn, signal)
    return turn
  }

  /** For Turn. */
  async wait(turn: Turn, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#leave(waiting)
        reject(signal.reason)
      }
      const begin = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const waiting = { turn, begin }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.push(waiting)
      this.#beginNext()
    })
  }

  /** For Turn: whether it need not wait. */
  mayGoOn(turn: Turn): boolean {
    const state = this.#held.get(turn)?.state
    return state === 'running' || (state !== undefined && this.#waiting.length === 0)
  }

  /** For Turn. */
  end(turn: Turn): void {
    const isWasted = this.#held.get(turn)?.state === 'over' && !turn.hasBrought
    if (isWasted && this.#waiting.length > 0) this.#width++
    if (this.#drop(turn)) this.#beginNext()
  }

  #leave(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting)
    assert(at >= 0, 'who leaves did wait')
    this.#waiting.splice(at, 1)
  }

  #drop(turn: Turn): boolean {
    for (const timer of this.#held.get(turn)?.timers ?? []) clearTimeout(timer)
    return this.#held.delete(turn)
  }

  #beginNext(): void {
    if (this.#waiting.length > 0)
      for (const [turn, { state }] of this.#held) if (state === 'lost') this.#drop(turn)
    while (this.#held.size < this.#width) {
      const next = this.#waiting.shift()
      if (next === undefined) break
      this.#begin(next)
    }
    if (this.#waiting.length === 0) this.#width = 1
  }

  #begin({ turn, begin }: Waiting): void {
    const { overMs, lostMs } = this.#times
    const over = setTimeout(() => {
      held.state = 'over'
    }, overMs)
    const lost = setTimeout(() => {
      held.state = 'lost'
      if (this.#waiting.length > 0) this.#width++
      this.#beginNext()
    }, lostMs)
    for (const timer of [over, lost]) timer.unref()
    const held: Held = { timers: [over, lost], state: 'running' }
    this.#held.set(turn, held)
    turn.hasBrought = false
    begin()
  }
}

export class Turn {
  /** Set by who has it, when something came of it. */
  hasBrought = false
  readonly #turns: Turns
  readonly #signal: AbortSignal

  constructor(turns: Turns, signal: AbortSignal) {
    this.#turns = turns
    this.#signal = signal
  }

  /** An occasion: lets those that wait go first when this turn is over, and waits for another. */
  async pass(): Promise<void> {
    if (this.#turns.mayGoOn(this)) return
    // Ends its turn before it waits, since who has lost it may have the next at once. It comes behind all that wait.
    this.#turns.end(this)
    await this.#turns.wait(this, this.#signal)
  }

  end(): void {
    this.#turns.end(this)
  }
}
