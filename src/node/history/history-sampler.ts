/**
 * Measures what a node does, every `SAMPLE_INTERVAL_MS`, into the history. Counters that run since the start of the node
 * become flows: what was added since the last sample that was recorded, so a sample that fails loses nothing.
 */

import { messageOf } from '../../base/errors.ts'
import { SAMPLE_INTERVAL_MS } from '../../history/rollup.ts'
import type { CancelTimer, Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { MachineReading } from '../performance/machine-signals.ts'
import { NO_TALLY, type Tally } from '../swarm/tally.ts'
import type { HistoryFile } from './history-file.ts'
import type { Series, SeriesUnit } from './history-terms.ts'

/** Of SourceTotals, what is measured. */
export interface Totals {
  /** By the site of the peer; '' where that was not known. */
  readonly sites: ReadonlyMap<string, Tally>
  readonly origin: { readonly verifiedBytes: number }
  readonly localBytes: number
}

const NO_TOTALS: Totals = { sites: new Map(), origin: { verifiedBytes: 0 }, localBytes: 0 }

/** What a node says of itself: payload since its start, and how it is now. */
export interface Reading {
  readonly totals: Totals
  readonly peers: number
  readonly transfers: number
  /** The longest that the event loop was late since the last reading. */
  readonly eventLoopDelayMs: number
  /** How the machine fares; what can not be told is left out. */
  readonly machine: MachineReading
}

export interface HistorySamplerInit {
  readonly file: HistoryFile
  readonly clock: Clock
  readonly ownSite: string
  readonly read: () => Reading
  readonly log: Log
}

/** Other sites that have series of their own; the rest share two. */
const SITES_MAX = 8
export const SITE_PREFIX = { received: 'received/site/', sent: 'sent/site/' } as const

const LEVEL_UNITS: Readonly<Record<string, SeriesUnit>> = {
  peers: 'count',
  transfers: 'count',
  'event-loop-delay': 'ms',
  'commit-time': 'ms',
  'read-time': 'ms',
  cpu: 'share',
  'cpu-wait': 'share',
  retransmits: 'share'
}

const FLOWS = [
  'received/same-site',
  'received/other-sites',
  'received/origins',
  'reused',
  'sent/same-site',
  'sent/other-sites'
] as const
const SERIES: ReadonlySet<string> = new Set([...FLOWS, ...Object.keys(LEVEL_UNITS)])

/** Whether every node measures it, sooner or later: before the first sample it is a series without points. */
export function isSeriesOfEveryNode(name: string): boolean {
  return SERIES.has(name)
}

export function seriesOf(name: string): Series {
  const unit = LEVEL_UNITS[name]
  return unit === undefined ? { name, kind: 'flow', unit: 'bytes' } : { name, kind: 'level', unit }
}

export class HistorySampler {
  readonly #init: HistorySamplerInit
  #recorded = NO_TOTALS
  #cancel: CancelTimer | undefined
  #hasFailed = false

  constructor(init: HistorySamplerInit) {
    this.#init = init
  }

  start(): void {
    this.#cancel = this.#init.clock.every(SAMPLE_INTERVAL_MS, () => this.sample())
  }

  /** Takes a last sample. */
  close(): void {
    this.#cancel?.()
    this.sample()
  }

  sample(): void {
    const { file, clock, read, log } = this.#init
    const reading = read()
    try {
      file.record(this.#values(reading), clock.epochMs())
      this.#recorded = reading.totals
      this.#hasFailed = false
    } catch (error) {
      if (!this.#hasFailed)
        log.warn(
          { cause: messageOf(error) },
          'can not record measurements; bytes are added to the next sample that can be'
        )
      this.#hasFailed = true
    }
  }

  #values({ totals, machine, ...levels }: Reading): Map<string, number> {
    const { commitMs, readMsPerMib, cpuShare, cpuWaitShare, retransmitShare } = machine
    const known = (name: string, value: number | null): [string, number][] =>
      value === null ? [] : [[name, value]]
    return new Map([
      ...this.pending(totals),
      ['peers', levels.peers],
      ['transfers', levels.transfers],
      ['event-loop-delay', levels.eventLoopDelayMs],
      ...known('commit-time', commitMs),
      ...known('read-time', readMsPerMib),
      ...known('cpu', cpuShare),
      ...known('cpu-wait', cpuWaitShare),
      ...known('retransmits', retransmitShare)
    ])
  }

  /** What came and went since the last sample that was recorded. */
  pending(totals: Totals): Map<string, number> {
    const before = this.#recorded
    const values = new Map<string, number>(FLOWS.map(name => [name, 0]))
    values.set('received/origins', totals.origin.verifiedBytes - before.origin.verifiedBytes)
    values.set('reused', totals.localBytes - before.localBytes)
    const add = (name: string, bytes: number): void => {
      values.set(name, (values.get(name) ?? 0) + bytes)
    }
    const own = this.#ownSeries()
    for (const [site, tally] of totals.sites) {
      const { receivedBytes, sentBytes } = before.sites.get(site) ?? NO_TALLY
      const received = tally.receivedBytes - receivedBytes
      const sent = tally.sentBytes - sentBytes
      if (received === 0 && sent === 0) continue
      const isNear = site === this.#init.ownSite
      add(isNear ? 'received/same-site' : 'received/other-sites', received)
      add(isNear ? 'sent/same-site' : 'sent/other-sites', sent)
      if (isNear || site === '' || !isRoomFor(site, own)) continue
      add(SITE_PREFIX.received + site, received)
      add(SITE_PREFIX.sent + site, sent)
    }
    return values
  }

  /** Sites that have series. */
  #ownSeries(): Set<string> {
    const names = this.#init.file.names()
    return new Set(
      names.flatMap(name => (name.startsWith(SITE_PREFIX.sent) ? name.slice(SITE_PREFIX.sent.length) : []))
    )
  }
}

function isRoomFor(site: string, known: Set<string>): boolean {
  if (known.has(site)) return true
  if (known.size >= SITES_MAX) return false
  known.add(site)
  return true
}
