/**
 * The facts that rules look at: what came within a day, of each kind at most so many. Reads of a version by a reader
 * are one fact an hour. Facts may be older than the time at which they came, as when the log of a device comes after a
 * week; so what counts is when they came.
 */

import { DAY_MS, HOUR_MS } from '../base/units.ts'
import { FACT_KINDS, type Fact, type FactKind, type FactOf, type Facts, type ReadFact } from './facts.ts'

export const KEPT_MS = DAY_MS
/** A release that thousands of devices fetch in a day has to fit. */
export const FACTS_MAX: Readonly<Record<FactKind, number>> = {
  read: 20_000,
  bytes: 10_000,
  bad: 5000,
  denied: 5000,
  knock: 5000,
  clock: 3000,
  beacon: 3000
}

interface Kept<F extends Fact> {
  readonly fact: F
  readonly hour: number
}

export class FactWindow {
  readonly #kept: { readonly [K in FactKind]: Kept<FactOf<K>>[] } = {
    ...{ read: [], bytes: [], bad: [], denied: [], knock: [], clock: [], beacon: [] }
  }
  readonly #reads = new Set<string>()
  #changed = new Set<FactKind>()
  #dropped = 0

  /** Facts that had to go before their time since the start. */
  get dropped(): number {
    return this.#dropped
  }

  get size(): number {
    return FACT_KINDS.reduce((sum, kind) => sum + this.#kept[kind].length, 0)
  }

  take(fact: Fact, nowMs: number): void {
    if (fact.kind === 'read' && this.#isKnown(fact)) return
    const kept: Kept<Fact>[] = this.#kept[fact.kind]
    kept.push({ fact, hour: Math.floor(nowMs / HOUR_MS) })
    this.#changed.add(fact.kind)
    // By a part at a time: taking one off the front of a long list for each that comes would cost too much.
    const max = FACTS_MAX[fact.kind]
    if (kept.length <= max + max / 8) return
    const gone = kept.splice(0, kept.length - max)
    this.#dropped += gone.length
    this.#forget(gone)
  }

  /** Lets go of what came a day ago, by whole hours, and gives the reads among it. */
  expire(nowMs: number): ReadFact[] {
    const before = Math.floor((nowMs - KEPT_MS) / HOUR_MS)
    const reads: ReadFact[] = []
    for (const kind of FACT_KINDS) {
      const kept: Kept<Fact>[] = this.#kept[kind]
      const stays = kept.findIndex(({ hour }) => hour >= before)
      const gone = kept.splice(0, stays < 0 ? kept.length : stays)
      this.#forget(gone)
      for (const { fact } of gone) if (fact.kind === 'read') reads.push(fact)
    }
    return reads
  }

  /** Kinds of which something came since this was last asked. */
  takeChanged(): ReadonlySet<FactKind> {
    const changed = this.#changed
    this.#changed = new Set()
    return changed
  }

  facts(): Facts {
    const sorted = <K extends FactKind>(kind: K): readonly FactOf<K>[] => {
      const facts = (this.#kept[kind] as readonly Kept<FactOf<K>>[]).map(({ fact }) => fact)
      return facts.sort((a, b) => a.atMs - b.atMs)
    }
    return {
      ...{ read: sorted('read'), bytes: sorted('bytes'), bad: sorted('bad'), denied: sorted('denied') },
      ...{ knock: sorted('knock'), clock: sorted('clock'), beacon: sorted('beacon') }
    }
  }

  #isKnown(fact: ReadFact): boolean {
    const key = keyOf(fact)
    if (this.#reads.has(key)) return true
    this.#reads.add(key)
    return false
  }

  #forget(gone: readonly Kept<Fact>[]): void {
    for (const { fact } of gone) if (fact.kind === 'read') this.#reads.delete(keyOf(fact))
  }
}

function keyOf({ reader, version, atMs }: ReadFact): string {
  return `${reader} ${version} ${Math.floor(atMs / HOUR_MS)}`
}
