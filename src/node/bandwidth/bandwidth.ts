/**
 * The bandwidth policy of this device at work. Whatever carries payload has a flow here for each direction, and asks it
 * before each block or request; who has to wait stands in line, and who has had the least comes first. A change of the
 * policy holds at once, for what is under way too.
 *
 * The policy and what was used of budgets are records of the store: a change is durable before it holds, and a crash
 * forgets nothing that was used (daily-budget.ts).
 */

import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { RecordStore } from '../../store/records.ts'
import type { DailyBudget, DayUse } from '../../swarm/bandwidth/daily-budget.ts'
import { FairLine, PlaceInLine } from '../../swarm/bandwidth/fair-line.ts'
import { PathGate } from '../../swarm/bandwidth/path.ts'
import {
  type BandwidthPolicy,
  DIRECTIONS,
  type Direction,
  decodePolicy,
  encodePolicy
} from '../../swarm/bandwidth/policy.ts'
import { decodeUse, encodeUse, type SavedUse } from '../../swarm/bandwidth/saved-use.ts'
import { type Gate, type Now, Throttle } from '../../swarm/bandwidth/throttle.ts'
import { type CancelTimer, type Clock, MACHINE_CLOCK } from '../clock.ts'
import type { Log } from '../log.ts'
import { Flow, type FlowLine, type FlowTerms } from './flow.ts'

const POLICY_KEY = 'settings/bandwidth'
const USE_KEY = 'bandwidth/use'
const REVIEW_MS = SECOND_MS
/** How long a flow shares what is let through after it last asked for a part of it. */
const ACTIVE_MS = 3 * SECOND_MS
/** A change of what a peer may expect that it is not told. */
const PACE_SLACK = 1.3
const PROBE_MS = 50
/** How long the way to a peer is probed after something last went there. */
const PROBED_MS = 2 * SECOND_MS
/** Turns in a row; then others of the process have theirs. */
const TURNS_MAX = 64

export interface BandwidthInit {
  readonly records: Pick<RecordStore, 'getBlob' | 'putBlob'>
  readonly log: Log
  readonly clock?: Clock
  /** The round trip to a device now, in milliseconds; undefined when it can not be measured. */
  readonly roundTrip?: (peer: string) => Promise<number | undefined>
}

/** The way to a peer, with a gate for each direction that yields. */
interface Path {
  readonly gates: Partial<Record<Direction, PathGate>>
  probeSentMs: number | undefined
}

export class Bandwidth implements FlowLine {
  readonly #init: BandwidthInit
  readonly #clock: Clock
  readonly #throttle = new Throttle()
  readonly #flows = new Set<Flow>()
  readonly #waiting: Record<Direction, Set<Flow>> = { up: new Set(), down: new Set() }
  readonly #paths = new Map<string, Path>()
  readonly #lines: Readonly<Record<Direction, FairLine>> = { up: new FairLine(), down: new FairLine() }
  readonly #timers: Partial<Record<Direction, { readonly cancel: CancelTimer; readonly dueMs: number }>> = {}
  #endReview: CancelTimer | undefined
  #endProbing: CancelTimer | undefined
  #nextChangeMs: number | undefined
  #reviewedEpochMs = 0
  /** Why the use of budgets could not be written of late. */
  #saveFault: string | undefined
  /** Whose turn it is, while it is being told. */
  #current: Flow | undefined
  #closed = false
  /** The stored policy is damaged, or of a newer program: none is in force until one is set. */
  #isUnreadable = false

  constructor(init: BandwidthInit) {
    this.#init = init
    this.#clock = init.clock ?? MACHINE_CLOCK
    const stored = init.records.getBlob(POLICY_KEY)
    if (stored === undefined) return
    const policy = decodePolicy(fromUtf8(stored) ?? '')
    if (policy === undefined) {
      this.#isUnreadable = true
      init.log.error({ key: POLICY_KEY }, 'the stored limits can not be read: none are in force')
    } else {
      this.#throttle.setPolicy(policy, this.#now(), this.#savedUse())
      this.#refresh()
    }
  }

  get policy(): BandwidthPolicy {
    return this.#throttle.policy
  }

  get isUnreadable(): boolean {
    return this.#isUnreadable
  }

  get throttle(): Throttle {
    return this.#throttle
  }

  get nextChangeMs(): number | undefined {
    return this.#nextChangeMs
  }

  get flows(): ReadonlySet<Flow> {
    return this.#flows
  }

  get nowMs(): number {
    return this.#clock.nowMs()
  }

  get epochMs(): number {
    return this.#clock.epochMs()
  }

  /** Durable when it returns, and in force. */
  change(policy: BandwidthPolicy): void {
    this.#init.records.putBlob(POLICY_KEY, utf8(encodePolicy(policy)))
    this.#isUnreadable = false
    this.#throttle.setPolicy(policy, this.#now(), this.#savedUse())
    this.#saveUse({ exactly: false })
    this.#refresh()
  }

  /** The classes of versions may have changed. */
  recheck(): void {
    if (this.policy.rules.every(({ dataClass }) => dataClass === 'all')) return
    if ([...this.#flows].some(({ terms, dataClass }) => terms.classNow() !== dataClass)) this.#refresh()
  }

  open(terms: FlowTerms): Flow {
    const flow = new Flow(terms, this)
    this.#flows.add(flow)
    this.#equip(flow)
    if (flow.gates.length > 0) flow.pace = this.#paceOf(flow)
    return flow
  }

  close(): void {
    this.#closed = true
    this.#endReview?.()
    this.#endProbing?.()
    for (const direction of DIRECTIONS) this.#timers[direction]?.cancel()
    this.#saveUse({ exactly: true })
  }

  /** Those that hold up a version now, or did a moment ago. */
  heldFlows(version: VersionId | undefined, heldMs: number): Flow[] {
    const sinceMs = this.nowMs - heldMs
    return [...this.#flows].filter(
      flow =>
        (version === undefined || flow.terms.version === version) &&
        (flow.isWaiting || flow.pace === 0 || flow.heldMs >= sinceMs)
    )
  }

  /** The ways on which traffic yields. */
  paths(): { readonly peer: string; readonly direction: Direction; readonly gate: PathGate }[] {
    return [...this.#paths].flatMap(([peer, { gates }]) =>
      DIRECTIONS.flatMap(direction => {
        const gate = gates[direction]
        return gate === undefined ? [] : [{ peer, direction, gate }]
      })
    )
  }

  // ---- what flows ask

  mayPass(flow: Flow): boolean {
    const { nowMs } = this
    flow.activeMs = nowMs
    const { gate, waitMs } = this.#longestWait(flow, nowMs)
    if (waitMs === 0 && (this.#current === flow || !this.#isBehind(flow, nowMs))) return true
    flow.heldMs = nowMs
    flow.heldBy = gate ?? flow.heldBy
    if (gate !== undefined) gate.heldMs = nowMs
    this.#enqueue(flow, waitMs)
    return false
  }

  passed(flow: Flow, bytes: number): void {
    const { nowMs } = this
    const onTurn = this.#current === flow
    if (bytes > 0) flow.activeMs = nowMs
    flow.place.took(this.#lines[flow.terms.direction], bytes, { onTurn })
    if (flow.slowest !== undefined) flow.placeAtSlowest.took(flow.slowest.line, bytes, { onTurn })
    for (const gate of flow.gates) gate.spend(bytes, nowMs)
    if (flow.gates.some(gate => gate instanceof PathGate)) this.#probe()
    if (flow.terms.link === 'wan') this.#saveUseInTime()
  }

  leave(flow: Flow): void {
    if (!flow.isWaiting) return
    flow.isWaiting = false
    for (const gate of flow.gates) gate.waiting--
    this.#waiting[flow.terms.direction].delete(flow)
  }

  closed(flow: Flow): void {
    this.#flows.delete(flow)
    this.#serveIn(flow.terms.direction, 0)
  }

  /** Whether another waits that could pass, and shares a gate with it. */
  #isBehind(flow: Flow, nowMs: number): boolean {
    const shared = flow.gates.filter(gate => gate.waiting > 0)
    if (shared.length === 0) return false
    for (const other of this.#waiting[flow.terms.direction])
      if (other.gates.some(gate => shared.includes(gate)) && this.#longestWait(other, nowMs).waitMs === 0)
        return true
    return false
  }

  /** The gate that it has to wait for the longest. */
  #longestWait(flow: Flow, nowMs: number): { readonly gate: Gate | undefined; readonly waitMs: number } {
    let [longest, waitMs]: [Gate | undefined, number] = [undefined, 0]
    for (const gate of flow.gates) {
      const thisMs = gate.waitMs(nowMs)
      if (thisMs <= waitMs) continue
      longest = gate
      waitMs = thisMs
    }
    return { gate: longest, waitMs }
  }

  // ---- the line

  #enqueue(flow: Flow, waitMs: number): void {
    const { direction } = flow.terms
    if (!flow.isWaiting) {
      flow.isWaiting = true
      flow.place.enter(this.#lines[direction])
      this.#lead(flow)
      for (const gate of flow.gates) gate.waiting++
      this.#waiting[direction].add(flow)
    }
    this.#serveIn(direction, waitMs)
    if (flow.pace === undefined) this.#tellPace(flow)
  }

  /** Has it take turns at the gate that is the slowest for it now. */
  #lead(flow: Flow): void {
    const rateOf = (gate: Gate): number => gate.bytesPerSecond ?? Number.POSITIVE_INFINITY
    let slowest: Gate | undefined
    for (const gate of flow.gates) if (slowest === undefined || rateOf(gate) < rateOf(slowest)) slowest = gate
    if (slowest !== flow.slowest) flow.placeAtSlowest = new PlaceInLine()
    flow.slowest = slowest
    if (slowest !== undefined) flow.placeAtSlowest.enter(slowest.line)
  }

  #serveIn(direction: Direction, waitMs: number): void {
    if (this.#closed || waitMs === Number.POSITIVE_INFINITY) return
    const dueMs = this.nowMs + waitMs
    const timer = this.#timers[direction]
    if (timer !== undefined && timer.dueMs <= dueMs) return
    timer?.cancel()
    const cancel = this.#clock.after(Math.ceil(waitMs), () => {
      delete this.#timers[direction]
      this.#serve(direction)
    })
    this.#timers[direction] = { cancel, dueMs }
  }

  /** Lets those pass who may, one after another. */
  #serve(direction: Direction): void {
    for (let turns = 0; turns < TURNS_MAX; turns++) {
      const { nowMs } = this
      let nextMs = Number.POSITIVE_INFINITY
      // Of those whom one gate holds up, whom it gave the least; of these, who had the least of all.
      const firstAt = new Map<Gate | undefined, Flow>()
      for (const flow of this.#waiting[direction]) {
        const { waitMs } = this.#longestWait(flow, nowMs)
        const first = firstAt.get(flow.slowest)
        if (waitMs > 0) nextMs = Math.min(nextMs, waitMs)
        else if (first === undefined || flow.placeAtSlowest.tag < first.placeAtSlowest.tag)
          firstAt.set(flow.slowest, flow)
      }
      let next: Flow | undefined
      for (const flow of firstAt.values())
        if (next === undefined || flow.place.tag < next.place.tag) next = flow
      if (next === undefined) {
        this.#serveIn(direction, nextMs)
        return
      }
      this.leave(next)
      this.#current = next
      next.onTurn()
      this.#current = undefined
    }
    this.#serveIn(direction, 0)
  }

  // ---- what is in force

  /** Looks at everything anew: after a change of the policy, or of the hours. */
  #refresh(): void {
    const { epochMs } = this
    this.#nextChangeMs = this.#throttle.review(epochMs)
    this.#reviewedEpochMs = epochMs
    for (const flow of this.#flows) {
      if (flow.isWaiting) for (const gate of flow.gates) gate.waiting--
      this.#equip(flow)
      if (!flow.isWaiting) continue
      for (const gate of flow.gates) gate.waiting++
      this.#lead(flow)
    }
    this.#dropPaths()
    for (const flow of this.#flows) this.#tellPace(flow)
    for (const direction of DIRECTIONS) this.#serveIn(direction, 0)
    const { rules, budgets } = this.policy
    const isNeeded = rules.length > 0 || budgets.up !== null || budgets.down !== null
    if (!isNeeded) {
      this.#endReview?.()
      this.#endReview = undefined
    } else this.#endReview ??= this.#clock.every(REVIEW_MS, () => this.#review())
  }

  #review(): void {
    const { epochMs } = this
    const isDue = this.#nextChangeMs !== undefined && epochMs >= this.#nextChangeMs
    if (isDue || epochMs < this.#reviewedEpochMs) this.#refresh()
    else for (const flow of this.#flows) this.#tellPace(flow)
    this.#reviewedEpochMs = epochMs
    this.#dropPaths()
  }

  /** Forgets the ways to peers that no flow takes any more. */
  #dropPaths(): void {
    for (const [peer, path] of this.#paths) {
      const isUsed = [...this.#flows].some(({ gates }) =>
        Object.values(path.gates).some(gate => gates.includes(gate))
      )
      if (!isUsed) this.#paths.delete(peer)
    }
  }

  #equip(flow: Flow): void {
    const { terms } = flow
    flow.dataClass = terms.classNow()
    const traffic = { ...terms, dataClass: flow.dataClass }
    const yielding = this.#init.roundTrip === undefined ? [] : this.#throttle.yieldingOf(traffic)
    const gates: Gate[] = this.#throttle.gatesOf(traffic)
    flow.gates = yielding.length === 0 ? gates : [...gates, ...yielding, this.#pathOf(terms)]
  }

  #pathOf({ peer, direction }: FlowTerms): PathGate {
    let path = this.#paths.get(peer)
    if (path === undefined) {
      path = { gates: {}, probeSentMs: undefined }
      this.#paths.set(peer, path)
    }
    path.gates[direction] ??= new PathGate(this.nowMs)
    return path.gates[direction]
  }

  // ---- what a flow may expect

  #tellPace(flow: Flow): void {
    const before = flow.pace
    const pace = this.#paceOf(flow)
    if (pace === before) return
    const isClose =
      before !== undefined && pace !== undefined && before < PACE_SLACK * pace && pace < PACE_SLACK * before
    if (isClose) return
    flow.pace = pace
    flow.onPace(pace)
  }

  #paceOf(flow: Flow): number | undefined {
    const { nowMs } = this
    if (flow.isFree) return undefined
    if (this.#longestWait(flow, nowMs).waitMs === Number.POSITIVE_INFINITY) return 0
    // Who asked for nothing yet is told too, lest it turn to us because others are slow to give it what they get here.
    if (flow.gates.every(gate => gate.waiting === 0 && nowMs - gate.heldMs > ACTIVE_MS)) return undefined
    let pace: number | undefined
    for (const gate of flow.gates) {
      if (gate.bytesPerSecond === undefined) continue
      const share = gate.bytesPerSecond / this.#sharers(gate, flow, nowMs)
      pace = Math.min(pace ?? share, share)
    }
    return pace
  }

  /** How many pass a gate at present, this flow among them. */
  #sharers(gate: Gate, flow: Flow, nowMs: number): number {
    let count = 0
    for (const other of this.#flows)
      if (other === flow || (nowMs - other.activeMs <= ACTIVE_MS && other.gates.includes(gate))) count++
    return count
  }

  // ---- probes

  #probe(): void {
    if (this.#closed) return
    this.#endProbing ??= this.#clock.every(PROBE_MS, () => {
      const sinceMs = this.nowMs - PROBED_MS
      const busy = [...this.#paths].filter(([, { gates }]) =>
        Object.values(gates).some(({ passedMs }) => passedMs >= sinceMs)
      )
      for (const [peer, path] of busy) this.#probePath(peer, path)
      if (busy.length > 0) return
      this.#endProbing?.()
      this.#endProbing = undefined
    })
  }

  #probePath(peer: string, path: Path): void {
    const sentMs = path.probeSentMs
    if (sentMs !== undefined) {
      this.#probed(path, this.nowMs - sentMs, { isBack: false })
      return
    }
    path.probeSentMs = this.nowMs
    void this.#init.roundTrip?.(peer).then(ms => {
      path.probeSentMs = undefined
      if (ms !== undefined) this.#probed(path, ms, { isBack: true })
    })
  }

  #probed(path: Path, ms: number, { isBack }: { readonly isBack: boolean }): void {
    const { nowMs } = this
    for (const direction of DIRECTIONS) {
      path.gates[direction]?.probed(ms, { isBack, nowMs })
      if (this.#waiting[direction].size > 0) this.#serveIn(direction, 0)
    }
  }

  // ---- records

  #now(): Now {
    return { nowMs: this.nowMs, epochMs: this.epochMs }
  }

  #savedUse(): SavedUse {
    return decodeUse(fromUtf8(this.#init.records.getBlob(USE_KEY) ?? new Uint8Array()) ?? '')
  }

  #saveUseInTime(): void {
    if (DIRECTIONS.some(direction => this.#throttle.budget(direction)?.daily.needsSaving === true))
      this.#saveUse({ exactly: false })
  }

  #saveUse(options: { readonly exactly: boolean }): void {
    const use = this.#savedUse()
    const saved: [DailyBudget, DayUse][] = []
    for (const direction of DIRECTIONS) {
      const daily = this.#throttle.budget(direction)?.daily
      if (daily === undefined) continue
      use[direction] = daily.saving(options)
      saved.push([daily, use[direction]])
    }
    if (saved.length === 0) return
    try {
      this.#init.records.putBlob(USE_KEY, utf8(encodeUse(use)))
      for (const [daily, written] of saved) daily.saved(written)
      this.#saveFault = undefined
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      const { code, message } = thrown
      // It is tried again with each block.
      if (this.#saveFault !== code)
        this.#init.log.error({ code }, `the use of the WAN budget is not kept: ${message}`)
      this.#saveFault = code
    }
  }
}
