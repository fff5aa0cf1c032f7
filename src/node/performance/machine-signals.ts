/** How the machine fares: what tells why a device is slow. Each reading is of the time since the one before. */

import { readFileSync } from 'node:fs'
import { MIB, SECOND_MS } from '../../base/units.ts'
import type { StoreStats } from '../../store/store.ts'

const TCP_COUNTERS = '/proc/net/snmp'
const TCP_MORE_COUNTERS = '/proc/net/netstat'
/** Of the main thread, where the event loop runs: nanoseconds on a processor, and ready but waiting for one. */
const THREAD_TIMES = '/proc/self/schedstat'
/** Fewer segments say nothing of a line. */
const SEGMENTS_MIN = 1000
/** Less tells how long one seek takes, and not how fast content is to be had. */
const READ_BYTES_MIN = MIB
const MS_US = 1000
const MS_NS = 1e6

export interface MachineReading {
  /** How long a batch of writes took to be durable, on average; null without any. */
  readonly commitMs: number | null
  /** How long it took to read a MiB of content; null until enough was read since it was told last. */
  readonly readMsPerMib: number | null
  /** Of one core, by this process. */
  readonly cpuShare: number | null
  /** Of the time, that in which the event loop could go on and had no processor; null where it can not be told. */
  readonly cpuWaitShare: number | null
  /**
   * Of the machine's TCP segments with data, those sent again; null where it can not be told, and until enough were
   * sent since it was told last.
   */
  readonly retransmitShare: number | null
}

/** Segments with data: a receiver's acknowledgements would make the share of those sent again look small. */
export interface SegmentCounts {
  readonly first: number
  readonly again: number
}

/**
 * The TCP counters of the kernel in the form of Linux, a line of names, then one of values: RetransSegs (RFC 4022), and
 * TCPOrigDataSent of its own.
 */
export function segmentCounts(snmp: string, netstat: string): SegmentCounts | undefined {
  const first = counter(netstat, 'TcpExt:', 'TCPOrigDataSent')
  const again = counter(snmp, 'Tcp:', 'RetransSegs')
  return Number.isSafeInteger(first) && Number.isSafeInteger(again) ? { first, again } : undefined
}

function counter(text: string, protocol: string, name: string): number {
  const [names, values] = text
    .split('\n')
    .filter(line => line.startsWith(protocol))
    .map(line => line.split(' '))
  return Number(values?.[names?.indexOf(name) ?? -1])
}

/** How long a thread has waited for a processor, in milliseconds (Linux, sched-stats). */
export function waitedMs(schedstat: string): number | undefined {
  const match = /^\d+ (\d+) \d+\s*$/.exec(schedstat)
  return match === null ? undefined : Number(match[1]) / MS_NS
}

/** Undefined where there is no Linux, or a kernel without it. */
function kernelSays<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

const readSegments = (): SegmentCounts | undefined =>
  kernelSays(() => segmentCounts(readFileSync(TCP_COUNTERS, 'utf8'), readFileSync(TCP_MORE_COUNTERS, 'utf8')))
const readWaitedMs = (): number | undefined => kernelSays(() => waitedMs(readFileSync(THREAD_TIMES, 'utf8')))

type Stats = Pick<StoreStats, 'commits' | 'commitMs' | 'timedReads'>

export class MachineSignals {
  readonly #stats: () => Stats
  #commits: Stats
  /** When the time of them was told last. */
  #reads: Stats['timedReads']
  #cpu = process.cpuUsage()
  #atMs = performance.now()
  #waitedMs = readWaitedMs()
  /** When a share of them was told last, or could not be. */
  #segments = readSegments()

  constructor(stats: () => Stats) {
    this.#stats = stats
    this.#commits = stats()
    this.#reads = this.#commits.timedReads
  }

  read(): MachineReading {
    const stats = this.#stats()
    const [commitMs, readMsPerMib] = [this.#commit(stats), this.#read(stats)]
    return { commitMs, readMsPerMib, ...this.#processor(), retransmitShare: this.#retransmits() }
  }

  #commit(now: Stats): number | null {
    const before = this.#commits
    this.#commits = now
    const commits = now.commits - before.commits
    return commits === 0 ? null : (now.commitMs - before.commitMs) / commits
  }

  #read({ timedReads: now }: Stats): number | null {
    const bytes = now.bytes - this.#reads.bytes
    if (bytes < READ_BYTES_MIN) return null
    const ms = now.ms - this.#reads.ms
    this.#reads = now
    return (ms * MIB) / bytes
  }

  #processor(): Pick<MachineReading, 'cpuShare' | 'cpuWaitShare'> {
    const [cpu, atMs, waitedMs] = [process.cpuUsage(), performance.now(), readWaitedMs()]
    const busyMs = (cpu.user + cpu.system - this.#cpu.user - this.#cpu.system) / MS_US
    const passedMs = atMs - this.#atMs
    const waitMs = (waitedMs ?? Number.NaN) - (this.#waitedMs ?? Number.NaN)
    this.#cpu = cpu
    this.#atMs = atMs
    this.#waitedMs = waitedMs
    if (passedMs < SECOND_MS) return { cpuShare: null, cpuWaitShare: null }
    return {
      cpuShare: Math.max(0, busyMs / passedMs),
      cpuWaitShare: Number.isNaN(waitMs) ? null : Math.min(1, waitMs / passedMs)
    }
  }

  #retransmits(): number | null {
    const before = this.#segments
    const now = readSegments()
    const first = (now?.first ?? 0) - (before?.first ?? 0)
    const again = (now?.again ?? 0) - (before?.again ?? 0)
    const isCounted = before !== undefined && now !== undefined && first >= 0 && again >= 0
    if (isCounted && first + again < SEGMENTS_MIN) return null
    this.#segments = now
    return isCounted ? again / (first + again) : null
  }
}
