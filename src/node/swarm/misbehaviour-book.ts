/**
 * Who misbehaved toward this device since it started: what it did last, how often, and until when it is not dealt with.
 * It outlives the streams, links and bans that it is about, so that a person who looks later still sees it.
 */

import type { DeviceId } from '../../base/ids.ts'

/** The ones that were heard of the longest ago go first. */
const DEVICES_MAX = 1024

export interface Misbehaviour {
  readonly device: DeviceId
  /** Of the last time. */
  readonly reason: string
  readonly detail: string
  readonly count: number
  readonly firstAtMs: number
  readonly lastAtMs: number
  /** Null when it is dealt with. */
  readonly bannedUntilMs: number | null
}

export class MisbehaviourBook {
  /** The one that was heard of last comes last. */
  readonly #entries = new Map<DeviceId, Misbehaviour>()
  readonly #counts = new Map<string, number>()

  note(of: Pick<Misbehaviour, 'device' | 'reason' | 'detail'>, nowMs: number): void {
    const known = this.#entries.get(of.device)
    this.#counts.set(of.reason, (this.#counts.get(of.reason) ?? 0) + 1)
    this.#put({
      ...of,
      count: (known?.count ?? 0) + 1,
      firstAtMs: known?.firstAtMs ?? nowMs,
      lastAtMs: nowMs,
      bannedUntilMs: known?.bannedUntilMs ?? null
    })
  }

  /** A ban without a word of why before it counts as misbehaviour by its reason. */
  ban(of: { device: DeviceId; reason: string; untilMs: number }, nowMs: number): void {
    const { device, reason, untilMs } = of
    const fresh: Misbehaviour = {
      device,
      reason,
      detail: reason,
      count: 1,
      firstAtMs: nowMs,
      lastAtMs: nowMs,
      bannedUntilMs: null
    }
    const known = this.#entries.get(device) ?? fresh
    this.#put({ ...known, bannedUntilMs: Math.max(untilMs, known.bannedUntilMs ?? 0) })
  }

  /** How often each reason was met, of which the protocol names so many. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  /** The latest first. */
  entries(nowMs: number): Misbehaviour[] {
    const isOver = (untilMs: number | null) => untilMs === null || untilMs <= nowMs
    return [...this.#entries.values()]
      .map(entry => (isOver(entry.bannedUntilMs) ? { ...entry, bannedUntilMs: null } : entry))
      .reverse()
  }

  #put(entry: Misbehaviour): void {
    this.#entries.delete(entry.device)
    this.#entries.set(entry.device, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > DEVICES_MAX && oldest !== undefined) this.#entries.delete(oldest)
  }
}
