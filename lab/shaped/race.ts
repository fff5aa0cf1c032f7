/**
 * One race: every receiver starts at once, some are late or killed on the way, and the clock stops for each when it
 * has everything. The same for every program.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { HostPlan, NetworkPlan } from './network-plan.ts'
import type { Swarm } from './swarm.ts'

const LOOK_MS = 100
const GONE_MS = 2000

export interface RaceOptions {
  readonly plan: NetworkPlan
  readonly swarm: Swarm
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onProgress: (doneCount: number, receiverCount: number) => void
}

export interface RaceResult {
  /** Seconds from the start of the clock until each receiver had everything. */
  readonly seconds: ReadonlyMap<string, number>
  /** How long hosts did not take part. */
  readonly absentSeconds: ReadonlyMap<string, number>
}

export async function race(options: RaceOptions): Promise<RaceResult> {
  const { plan, swarm, timeoutMs, signal, onProgress } = options
  const receivers = plan.hosts.filter(host => host.role !== 'source' && host.role !== 'hostile')
  const seconds = new Map<string, number>()
  const absentSeconds = new Map<string, number>()
  const startMs = performance.now()
  const elapsed = (): number => (performance.now() - startMs) / 1000
  const ordinary = receivers.filter(host => host.role === 'receiver')
  const halfDone = whenHalfDone(ordinary, options)
  const run = async (host: HostPlan): Promise<void> => {
    if (host.role === 'late') {
      await halfDone
      absentSeconds.set(host.name, elapsed())
    }
    const fetched = swarm.fetch(host)
    if (host.role === 'killed') {
      // Unless it was done before the others were half way, the kill ends this fetch.
      fetched.catch(() => undefined)
      await halfDone
      const goneAt = elapsed()
      await swarm.kill(host)
      await delay(GONE_MS)
      await swarm.revive(host)
      absentSeconds.set(host.name, elapsed() - goneAt)
      await swarm.fetch(host)
    } else await fetched
    seconds.set(host.name, elapsed())
    onProgress(seconds.size, receivers.length)
  }
  const timer = AbortSignal.timeout(timeoutMs)
  const stopped = new Promise<never>((_, reject) => {
    timer.addEventListener('abort', () => {
      const missing = receivers.filter(host => !seconds.has(host.name)).map(host => host.name)
      reject(new Error(`not done within ${timeoutMs / 1000} s: ${missing.join(', ')}`))
    })
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  const all = Promise.all(receivers.map(run))
  all.catch(() => undefined)
  halfDone.catch(() => undefined)
  await Promise.race([all, stopped])
  return { seconds, absentSeconds }
}

async function whenHalfDone(
  ordinary: readonly HostPlan[],
  { plan, swarm, signal }: RaceOptions
): Promise<void> {
  if (!plan.hosts.some(host => host.role === 'late' || host.role === 'killed')) return
  while (!signal.aborted) {
    const shares = await Promise.all(ordinary.map(host => swarm.share(host)))
    if ((shares.toSorted((a, b) => a - b)[Math.floor(shares.length / 2)] ?? 1) >= 0.5) return
    await delay(LOOK_MS)
  }
}
