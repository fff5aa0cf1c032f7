/**
 * What is usual, learned from facts that are a day old: at which sites a dataset is read, by how many devices in an
 * hour at most, and when each device was last heard of. Bounded; what was of no use for the longest goes first.
 *
 * A fact is learned when it leaves the window, so what a rule judges is never part of what it is judged against.
 */

import type { DeviceId } from '../base/ids.ts'
import { DAY_MS, HOUR_MS } from '../base/units.ts'
import type { ReadFact } from './facts.ts'

export const DATASETS_MAX = 10_000
export const SITES_PER_DATASET_MAX = 64
export const DEVICES_MAX = 100_000
/** What was the most counts for half after so long. */
const HALF_LIFE_MS = 28 * DAY_MS

export interface UsualReads {
  readonly firstMs: number
  readonly lastMs: number
  readonly sites: readonly string[]
  /** The most devices that read it within one hour, and when. */
  readonly peak: number
  readonly peakMs: number
}

/** A device that was silent, and is back. */
export interface Return {
  readonly silentMs: number
  readonly backMs: number
}

export interface Usual {
  reads(dataset: string): UsualReads | undefined
  returned(device: DeviceId): Return | undefined
}

export interface Changes {
  readonly datasets: ReadonlyMap<string, UsualReads | undefined>
  readonly heard: ReadonlyMap<DeviceId, number | undefined>
}

/** The peak as it counts now. */
export function peakAt({ peak, peakMs }: UsualReads, nowMs: number): number {
  return peak * 0.5 ** (Math.max(0, nowMs - peakMs) / HALF_LIFE_MS)
}

export class Memory implements Usual {
  readonly #datasets = new Map<string, UsualReads>()
  /** The last heard of last. */
  readonly #heard = new Map<DeviceId, number>()
  readonly #returned = new Map<DeviceId, Return>()
  #changedDatasets = new Set<string>()
  #changedDevices = new Set<DeviceId>()

  constructor(
    known: {
      readonly datasets?: Iterable<readonly [string, UsualReads]>
      readonly heard?: Iterable<readonly [DeviceId, number]>
    } = {}
  ) {
    for (const [dataset, usual] of known.datasets ?? []) this.#datasets.set(dataset, usual)
    for (const [device, atMs] of [...(known.heard ?? [])].sort((a, b) => a[1] - b[1]))
      this.#heard.set(device, atMs)
  }

  reads(dataset: string): UsualReads | undefined {
    return this.#datasets.get(dataset)
  }

  returned(device: DeviceId): Return | undefined {
    return this.#returned.get(device)
  }

  /** A device was there at a time: a link, its own log, or a read. One that was silent for `silenceMs` is back now. */
  heard(device: DeviceId, atMs: number, silenceMs: number): void {
    const lastMs = this.#heard.get(device)
    if (lastMs !== undefined && atMs <= lastMs) return
    if (lastMs !== undefined && atMs - lastMs >= silenceMs)
      this.#returned.set(device, { silentMs: atMs - lastMs, backMs: atMs })
    this.#heard.delete(device)
    this.#heard.set(device, atMs)
    this.#changedDevices.add(device)
    for (const [oldest] of this.#heard) {
      if (this.#heard.size <= DEVICES_MAX) break
      this.#heard.delete(oldest)
      this.#changedDevices.add(oldest)
    }
  }

  /** Returns that were so long ago that nobody asks for them. */
  forgetReturns(beforeMs: number): void {
    for (const [device, { backMs }] of this.#returned) if (backMs < beforeMs) this.#returned.delete(device)
  }

  /** All reads of whole hours, once. */
  learn(facts: readonly ReadFact[]): void {
    const readers = new Map<string, Set<DeviceId>>()
    for (const { dataset, atMs, reader, readerSite, isOwed } of facts) {
      if (isOwed) continue
      const key = `${Math.floor(atMs / HOUR_MS)} ${dataset}`
      const known = readers.get(key) ?? new Set()
      readers.set(key, known.add(reader))
      this.#learnSite(dataset, readerSite, atMs)
    }
    for (const [key, { size }] of readers) {
      const at = key.indexOf(' ')
      this.#learnPeak(key.slice(at + 1), size, Number(key.slice(0, at)) * HOUR_MS)
    }
  }

  /** What changed since it was last asked; undefined for what is forgotten. */
  takeChanges(): Changes {
    const datasets = new Map([...this.#changedDatasets].map(name => [name, this.#datasets.get(name)]))
    const heard = new Map([...this.#changedDevices].map(device => [device, this.#heard.get(device)]))
    this.#changedDatasets = new Set()
    this.#changedDevices = new Set()
    return { datasets, heard }
  }

  #learnSite(dataset: string, site: string | null, atMs: number): void {
    const known = this.#datasets.get(dataset)
    const sites = known?.sites ?? []
    const isNew = site !== null && !sites.includes(site) && sites.length < SITES_PER_DATASET_MAX
    this.#put(dataset, {
      firstMs: Math.min(known?.firstMs ?? atMs, atMs),
      lastMs: Math.max(known?.lastMs ?? atMs, atMs),
      sites: isNew ? [...sites, site] : sites,
      ...{ peak: known?.peak ?? 0, peakMs: known?.peakMs ?? atMs }
    })
  }

  #learnPeak(dataset: string, readers: number, atMs: number): void {
    const known = this.#datasets.get(dataset)
    if (known !== undefined && readers > peakAt(known, atMs))
      this.#put(dataset, { ...known, peak: readers, peakMs: atMs })
  }

  #put(dataset: string, usual: UsualReads): void {
    this.#datasets.delete(dataset)
    this.#datasets.set(dataset, usual)
    this.#changedDatasets.add(dataset)
    for (const [oldest] of this.#datasets) {
      if (this.#datasets.size <= DATASETS_MAX) break
      this.#datasets.delete(oldest)
      this.#changedDatasets.add(oldest)
    }
  }
}
