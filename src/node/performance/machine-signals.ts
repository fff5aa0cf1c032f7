/** How the machine fares: what tells why a device is slow. Each reading is of the time since the one before. */

import { readFileSync } from 'node:fs'
import { SECOND_MS } from '../../base/units.ts'
import type { StoreStats } from '../../store/store.ts'

const TCP_COUNTERS = '/proc/net/snmp'
/** Fewer segments say nothing of a line. */
const SEGMENTS_MIN = 1000
const MS_US = 1000

export interface MachineReading {
  /** How long a batch of writes took to be durable, on average; null without any. */
  readonly commitMs: number | null
  /** Of one core, by this process. */
  readonly cpuShare: number | null
  /** Of the machine's TCP segments, those sent again; null where it can not be told, or too few were sent. */
  readonly retransmitShare: number | null
}

export interface SegmentCounts {
  readonly sent: number
  readonly again: number
}

/** The TCP counters of the kernel (RFC 4022), in the form of Linux: a line of names, then one of values. */
export function segmentCounts(snmp: string): SegmentCounts | undefined {
  const [names, values] = snmp.split('\n').filter(line => line.startsWith('Tcp:'))
  const at = (name: string): number => Number(values?.split(' ')[names?.split(' ').indexOf(name) ?? -1])
  const [sent, again] = [at('OutSegs'), at('RetransSegs')]
  return Number.isSafeInteger(sent) && Number.isSafeInteger(again) ? { sent, again } : undefined
}

function readSegments(): SegmentCounts | undefined {
  try {
    return segmentCounts(readFileSync(TCP_COUNTERS, 'utf8'))
  } catch {
    return undefined // not Linux
  }
}

export class MachineSignals {
  readonly #stats: () => Pick<StoreStats, 'commits' | 'commitMs'>
  #commits
  #cpu = process.cpuUsage()
  #atMs = performance.now()
  #segments = readSegments()

  constructor(stats: () => Pick<StoreStats, 'commits' | 'commitMs'>) {
    this.#stats = stats
    this.#commits = stats()
  }

  read(): MachineReading {
    return { commitMs: this.#commit(), cpuShare: this.#share(), retransmitShare: this.#retransmits() }
  }

  #commit(): number | null {
    const before = this.#commits
    const now = this.#stats()
    this.#commits = now
    const commits = now.commits - before.commits
    return commits === 0 ? null : (now.commitMs - before.commitMs) / commits
  }

  #share(): number | null {
    const [cpu, atMs] = [process.cpuUsage(), performance.now()]
    const busyMs = (cpu.user + cpu.system - this.#cpu.user - this.#cpu.system) / MS_US
    const passedMs = atMs - this.#atMs
    this.#cpu = cpu
    this.#atMs = atMs
    return passedMs < SECOND_MS ? null : Math.max(0, busyMs / passedMs)
  }

  #retransmits(): number | null {
    const before = this.#segments
    const now = readSegments()
    this.#segments = now
    if (before === undefined || now === undefined) return null
    const sent = now.sent - before.sent
    const again = now.again - before.again
    return sent < SEGMENTS_MIN || again < 0 ? null : Math.min(1, again / sent)
  }
}
