/** What this device tells of what it measured: read from its history, its observations and its audit log. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { decodeEntry } from '../../audit/entry.ts'
import { decodeReceipt } from '../../audit/receipt.ts'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import { HOUR_MS, SECOND_MS } from '../../base/units.ts'
import { quantileOf } from '../../history/log-histogram.ts'
import { mergeSummaries, type Point, RESOLUTIONS, type Summary } from '../../history/rollup.ts'
import type { LevelEntry } from '../../ledger/fold/performance-entry.ts'
import type { LevelMeasure } from '../../ledger/operation/performance-content.ts'
import { type LevelPoint, levelHistory, levelHistoryFromMs } from '../../slo/level-history.ts'
import { countLevels, type LevelCounts } from '../../slo/service-level.ts'
import type { Signals } from '../../slo/slow-device.ts'
import type { EntrySearch, FoundEntry } from '../../store/audit-rows.ts'
import { sha256 } from '../../store/sha256.ts'
import type { HistoryFile } from '../history/history-file.ts'
import { SITE_PREFIX } from '../history/history-sampler.ts'
import type { LocalHistoryService } from '../history/history-service.ts'
import {
  type Figures,
  type FiguresQuestion,
  LEVELS_MAX,
  RATES_MAX,
  RECEIPTS_MAX,
  type ReceiptSums,
  SITES_MAX
} from './figures-messages.ts'
import type { Observed } from './observations.ts'

/** Entries of the audit log that are looked through, of each kind. */
const ENTRIES_MAX = 20_000
const LOOP_Q = 0.95
/** Those in which anything moved: five minutes, as what others measure of a device is about. */
const PEAK_SPANS = 30
const SENT = ['sent/same-site', 'sent/other-sites']
const RECEIVED = ['received/same-site', 'received/other-sites', 'received/origins']

export interface OwnFiguresInit {
  readonly file: HistoryFile
  readonly history: Pick<LocalHistoryService, 'sums'>
  readonly self: DeviceId
  readonly site: string
  readonly levels: () => Iterable<LevelEntry>
  /** Repairs under way since then, by dataset: bad once they take longer than a level allows. */
  readonly openRepairs: () => readonly { readonly dataset: string | null; readonly sinceMs: number }[]
  readonly rates: (nowMs: number) => ReadonlyMap<DeviceId, number>
  readonly isLimited: (nowMs: number) => boolean
  readonly found: (search: EntrySearch) => Iterable<FoundEntry>
  readonly nowMs?: () => number
}

export class OwnFigures {
  readonly #init: OwnFiguresInit

  constructor(init: OwnFiguresInit) {
    this.#init = init
  }

  async read(asked: FiguresQuestion, { withReceipts }: { readonly withReceipts: boolean }): Promise<Figures> {
    const { history, file, rates } = this.#init
    const timeMs = (this.#init.nowMs ?? Date.now)()
    const { sumOf, firstAtMs, fromMs } = history.sums(asked)
    const sites = file
      .names()
      .flatMap(name =>
        name.startsWith(SITE_PREFIX.received) ? [name.slice(SITE_PREFIX.received.length)] : []
      )
    return {
      timeMs,
      totals: {
        ...{ firstAtMs, fromMs },
        siteBytes: sumOf('received/same-site'),
        wanBytes: sumOf('received/other-sites'),
        originBytes: sumOf('received/origins'),
        sentSiteBytes: sumOf('sent/same-site'),
        sentWanBytes: sumOf('sent/other-sites')
      },
      sites: sites.slice(0, SITES_MAX).map(site => ({
        site,
        receivedBytes: sumOf(SITE_PREFIX.received + site),
        sentBytes: sumOf(SITE_PREFIX.sent + site)
      })),
      signals: this.#signals(timeMs),
      rates: new Map([...rates(timeMs)].slice(-RATES_MAX)),
      receipts: withReceipts ? await this.#receipts({ ...asked, fromMs }) : null,
      levels: await this.#levels(timeMs)
    }
  }

  #signals(nowMs: number): Signals {
    const lastHour = { fromMs: nowMs - HOUR_MS, toMs: nowMs }
    const [finest] = RESOLUTIONS
    const points = (series: string) => this.#init.file.points(series, finest, lastHour)
    const over = (some: readonly Point[], of: (summary: Summary) => number | undefined): number | null => {
      const [first, ...others] = some
      return first === undefined ? null : (of(others.reduce<Summary>(mergeSummaries, first)) ?? null)
    }
    // How it fares at rest says nothing of how it gives; writes and segments are counted only when there are some.
    const sent = SENT.flatMap(points)
    const gave = new Set(sent.flatMap(({ atMs, sum }) => (sum > 0 ? [atMs] : [])))
    const whileGiving = (series: string): Point[] =>
      points(series).filter(({ atMs }) => gave.size === 0 || gave.has(atMs))
    const peak = (some: readonly Point[]): number | null => {
      const sums = new Map<number, number>()
      for (const { atMs, sum } of some) sums.set(atMs, (sums.get(atMs) ?? 0) + sum)
      const busy = ratesOf(sums, finest.stepMs).filter(rate => rate > 0)
      // The one in which it began is a part of a span.
      if (sums.size === 0 || busy.length === 1) return null
      return Math.max(0, ...busy.slice(-PEAK_SPANS))
    }
    const p95 = ({ histogram, max }: Summary) => Math.min(max, quantileOf(histogram, LOOP_Q) ?? max)
    const mean = ({ sum, count }: Summary) => sum / count
    return {
      loopDelayMs: over(whileGiving('event-loop-delay'), p95),
      cpuShare: over(whileGiving('cpu'), mean),
      cpuWaitShare: over(whileGiving('cpu-wait'), mean),
      commitMs: over(points('commit-time'), p95),
      readMsPerMib: over(points('read-time'), p95),
      retransmitShare: over(points('retransmits'), mean),
      sentPeakBytesPerSecond: peak(sent),
      receivedPeakBytesPerSecond: peak(RECEIVED.flatMap(points)),
      isLimited: this.#init.isLimited(nowMs)
    }
  }

  async #levels(nowMs: number): Promise<Map<OperationId, LevelCounts>> {
    const { levels, site, file } = this.#init
    const own = [...levels()].filter(level => level.site === null || level.site === site)
    const read = new Map<LevelMeasure, Observed[]>()
    const counts = new Map<OperationId, LevelCounts>()
    for (const level of own.slice(0, LEVELS_MAX)) {
      const longestMs = Math.max(
        ...own.filter(each => each.measure === level.measure).map(each => each.windowMs)
      )
      const all = read.get(level.measure) ?? file.observations.since(level.measure, nowMs - longestMs)
      read.set(level.measure, all)
      const open = level.measure === 'repair' ? this.#overdue(level, nowMs) : []
      const ofLevel = [...all, ...open].filter(({ dataset }) => isOf(level.dataset, dataset))
      counts.set(level.operation, countLevels(level, ofLevel, nowMs))
      await nextTurn()
    }
    return counts
  }

  /** How a level went on this device; nothing of one for the devices of another site. */
  levelHistory(level: LevelEntry): LevelPoint[] {
    const { site, file } = this.#init
    const nowMs = (this.#init.nowMs ?? Date.now)()
    const isHere = level.site === null || level.site === site
    const seen = isHere ? file.observations.since(level.measure, levelHistoryFromMs(level, nowMs)) : []
    return levelHistory(
      level,
      seen.filter(({ dataset }) => isOf(level.dataset, dataset)),
      nowMs
    )
  }

  #overdue({ limitMs }: LevelEntry, nowMs: number): Observed[] {
    return this.#init
      .openRepairs()
      .filter(({ sinceMs }) => nowMs - sinceMs > (limitMs ?? 0))
      .map(({ dataset, sinceMs }) => ({
        ...{ measure: 'repair' as const, dataset, atMs: nowMs, value: nowMs - sinceMs, count: 1 }
      }))
  }

  async #receipts({ fromMs, toMs }: FiguresQuestion): Promise<ReceiptSums> {
    const [given, taken] = [new Map<DeviceId, number>(), new Map<DeviceId, number>()]
    let isCut = false
    for (const [action, sums] of [
      ['receipted', given],
      ['received', taken]
    ] as const) {
      const search = { device: this.#init.self, action, sinceMs: fromMs, limit: ENTRIES_MAX }
      let looked = 0
      for (const { bytes } of this.#init.found(search)) {
        looked++
        const entry = decodeEntry(bytes)
        if (!entry.ok || (toMs !== null && entry.value.timeMs >= toMs)) continue
        const { event } = entry.value
        if (event.action === 'received') add(sums, event.peer, event.bytes)
        if (event.action === 'receipted') add(sums, event.peer, receiptedBytes(event.receipt))
      }
      isCut ||= looked === ENTRIES_MAX || sums.size > RECEIPTS_MAX
      await nextTurn()
    }
    return { given: mostOf(given), taken: mostOf(taken), isCut }
  }
}

/** Bytes per second. A sample that came late has all that passed since the one before it. */
function ratesOf(sums: ReadonlyMap<number, number>, stepMs: number): number[] {
  let beforeMs: number | undefined
  return [...sums]
    .sort(([a], [b]) => a - b)
    .map(([atMs, sum]) => {
      const spanMs = beforeMs === undefined ? stepMs : atMs - beforeMs
      beforeMs = atMs
      return (sum * SECOND_MS) / spanMs
    })
}

/** Whether what was observed of a dataset counts for a level of some. */
export function isOf(datasets: string | null, dataset: string | null): boolean {
  if (datasets === null) return true
  if (dataset === null) return false
  return datasets.endsWith('/') ? dataset.startsWith(datasets) : dataset === datasets
}

/** It was verified when it was taken. */
function receiptedBytes(receipt: Uint8Array): number {
  const decoded = decodeReceipt(receipt, { verify: () => true, sha256 })
  return decoded.ok ? decoded.value.bytes : 0
}

function add(sums: Map<DeviceId, number>, device: DeviceId, bytes: number): void {
  sums.set(device, (sums.get(device) ?? 0) + bytes)
}

function mostOf(sums: ReadonlyMap<DeviceId, number>): Map<DeviceId, number> {
  return new Map([...sums].sort(([, a], [, b]) => b - a).slice(0, RECEIPTS_MAX))
}
