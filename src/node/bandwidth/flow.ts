/**
 * Payload between this device and one peer for one version, in one direction: what passes the gates of the policy. One
 * for each direction of each stream of the swarm, and for whatever else brings payload, such as an HTTP origin.
 *
 * Two ways to use it:
 * - `mayPass` says whether something may go now. If not, the flow stands in line, and `onTurn` is called when its turn
 *   has come; then, and whenever something went, `passed` is told how much.
 * - `acquire` does both: it resolves when so many bytes may go, and counts them as gone.
 */

import type { VersionId } from '../../base/ids.ts'
import { KIB, SECOND_MS } from '../../base/units.ts'
import { PlaceInLine } from '../../swarm/bandwidth/fair-line.ts'
import { PathGate } from '../../swarm/bandwidth/path.ts'
import type { DataClass, Traffic } from '../../swarm/bandwidth/policy.ts'
import { BudgetGate, type Gate } from '../../swarm/bandwidth/throttle.ts'

/** Time at the rate of a cap that one request should take, so that peers take turns. */
const TURN_MS = 100
/** The same where traffic yields: whatever comes at once becomes a queue. */
const YIELDING_TURN_MS = 10
const TURN_BYTES_MIN = 16 * KIB
/** A block that takes longer than this is not sent in parts: what else the stream has to say would wait for it. */
const PARTS_MS_MAX = SECOND_MS

export interface FlowTerms extends Omit<Traffic, 'dataClass'> {
  /** Of which class it is: a version that is published once more may be of a stricter one. */
  readonly classNow: () => DataClass | undefined
  /** Whatever takes turns with others: the id of a device, or a name for what is none. */
  readonly peer: string
  readonly version: VersionId | undefined
}

/** What a flow needs of the line in which it stands. */
export interface FlowLine {
  mayPass(flow: Flow): boolean
  passed(flow: Flow, bytes: number): void
  leave(flow: Flow): void
  closed(flow: Flow): void
}

export class Flow {
  readonly terms: FlowTerms
  readonly #line: FlowLine
  #resolve: ((passes: boolean) => void) | undefined
  /** What it has to pass now. The line's to set, as are the next ones. */
  gates: readonly Gate[] = []
  /** The class by which these were chosen. */
  dataClass: DataClass | undefined
  /** The slowest of its gates, and its place among those who have the same one. */
  slowest: Gate | undefined
  placeAtSlowest = new PlaceInLine()
  /** Its place among all of its direction. */
  readonly place = new PlaceInLine()
  isWaiting = false
  isClosed = false
  /** When it last waited or something passed, and what it last waited for. */
  activeMs = Number.NEGATIVE_INFINITY
  heldMs = Number.NEGATIVE_INFINITY
  heldBy: Gate | undefined
  /** What it may have in bytes per second: zero for nothing, undefined while it is not held up. */
  pace: number | undefined
  onTurn: () => void = () => undefined
  onPace: (bytesPerSecond: number | undefined) => void = () => undefined

  constructor(terms: FlowTerms, line: FlowLine) {
    this.terms = terms
    this.#line = line
  }

  /** Whether nothing limits it. */
  get isFree(): boolean {
    return this.gates.length === 0
  }

  mayPass(): boolean {
    if (this.isClosed) return false
    return this.isFree || this.#line.mayPass(this)
  }

  /** So many bytes went or, with less than none, did not go after all. */
  passed(bytes: number): void {
    if (!this.isFree) this.#line.passed(this, bytes)
  }

  /** True at once when so many bytes may go; else resolves to true on its turn, or to false when it left. */
  acquire(bytes: number): true | Promise<boolean> {
    if (this.isClosed) return Promise.resolve(false)
    if (this.mayPass()) {
      this.passed(bytes)
      return true
    }
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.onTurn = () => {
      this.passed(bytes)
      this.#resolve = undefined
      resolve(true)
    }
    this.#resolve = resolve
    return promise
  }

  /** Waits no longer. */
  leave(): void {
    this.#line.leave(this)
    this.#resolve?.(false)
    this.#resolve = undefined
  }

  /** Nothing passes it any more. */
  close(): void {
    this.isClosed = true
    this.leave()
    this.#line.closed(this)
  }

  /** How much should be asked for, or sent, at a time. */
  get turnBytes(): number {
    return this.bytesOf(1)
  }

  /** The same for several turns at once, where each request costs more; not more than what is left of a budget. */
  bytesOf(turns: number): number {
    let bytes = Number.POSITIVE_INFINITY
    for (const gate of this.gates) {
      if (gate instanceof BudgetGate) bytes = Math.min(bytes, gate.daily.leftBytes)
      const { bytesPerSecond } = gate
      if (bytesPerSecond === undefined) continue
      const turnMs = gate instanceof PathGate ? YIELDING_TURN_MS : TURN_MS
      bytes = Math.min(bytes, (turns * bytesPerSecond * turnMs) / SECOND_MS)
    }
    return Math.max(TURN_BYTES_MIN, Math.floor(bytes))
  }

  /** In which parts a block is to be sent: in one, unless it would make a queue where it should make none. */
  partBytes(blockBytes: number): number {
    const path = this.gates.find(gate => gate instanceof PathGate)
    if (path === undefined) return blockBytes
    const blockMs = (blockBytes * SECOND_MS) / path.bytesPerSecond
    return blockMs > PARTS_MS_MAX ? blockBytes : Math.min(blockBytes, this.turnBytes)
  }
}
