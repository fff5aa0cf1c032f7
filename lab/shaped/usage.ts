/** What a race costs: processor time and memory of each host's process, and how busy the machine is. */

import { readFileSync } from 'node:fs'
import { parseCpuSeconds, parsePeakRssBytes, parseProcessorTime } from './counters.ts'
import type { NetworkPlan } from './network-plan.ts'
import type { Swarm } from './swarm.ts'

export interface Usage {
  /** During the race, by host; one that was killed counts from its return. */
  readonly cpuSeconds: ReadonlyMap<string, number>
  /** Since the process began. */
  readonly peakRssBytes: ReadonlyMap<string, number>
  /** Shares of the machine's processor time. */
  readonly busyShare: number
  readonly stolenShare: number
}

export function startUsage(plan: NetworkPlan, swarm: Swarm): () => Usage {
  const pids = new Map(plan.hosts.map(host => [host.name, swarm.pid(host)]))
  const before = new Map([...pids].map(([name, pid]) => [name, cpuOf(pid)]))
  const machine = processorTime()
  return () => {
    const now = processorTime()
    const total = Math.max(now.totalSeconds - machine.totalSeconds, 0.01)
    const cpuSeconds = new Map<string, number>()
    const peakRssBytes = new Map<string, number>()
    for (const host of plan.hosts) {
      const pid = swarm.pid(host)
      const isSame = pid === pids.get(host.name)
      cpuSeconds.set(host.name, cpuOf(pid) - (isSame ? (before.get(host.name) ?? 0) : 0))
      peakRssBytes.set(
        host.name,
        pid === 0 ? 0 : parsePeakRssBytes(readFileSync(`/proc/${pid}/status`, 'utf8'))
      )
    }
    return {
      cpuSeconds,
      peakRssBytes,
      busyShare: (now.busySeconds - machine.busySeconds) / total,
      stolenShare: (now.stolenSeconds - machine.stolenSeconds) / total
    }
  }
}

function cpuOf(pid: number): number {
  return pid === 0 ? 0 : parseCpuSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

function processorTime() {
  return parseProcessorTime(readFileSync('/proc/stat', 'utf8'))
}
