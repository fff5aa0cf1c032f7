/**
 * Whether our transfers give way: one WAN link with a deep queue, a transfer of ours across it, and beside it what
 * people notice: round trips of small packets, and a TCP flow. With and without limits that have traffic yield, at who
 * sends and at who asks.
 */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defined } from '../../src/base/assert.ts'
import { formatRate } from '../../src/base/units.ts'
import { writeContent } from './content.ts'
import type { Measurement } from './foreground.ts'
import { LineProcess } from './line-process.ts'
import { ShapedNetwork, within } from './network.ts'
import { type HostPlan, planNetwork } from './network-plan.ts'
import { DATASET, OurSwarm } from './our-swarm.ts'
import { YIELDING_MBIT, YIELDING_SCENARIO } from './scenarios.ts'
import type { Relaying } from './wan-relay.ts'

const LINK_BYTES_PER_SECOND = (YIELDING_MBIT * 1_000_000) / 8
const FOREGROUND = fileURLToPath(new URL('foreground.ts', import.meta.url))
const PORT = 4900
const PHASE_MS = 10_000
/** For a transfer to find its rate. */
const WARM_MS = 3000

interface Phase {
  readonly name: string
  readonly transfers: boolean
  readonly flow: boolean
  /** Where traffic yields. */
  readonly yields?: 'up' | 'down'
}

const PHASES: readonly Phase[] = [
  { name: 'nothing else', transfers: false, flow: false },
  { name: 'transfer', transfers: true, flow: false },
  { name: 'transfer, sender yields', transfers: true, flow: false, yields: 'up' },
  { name: 'transfer, receiver yields', transfers: true, flow: false, yields: 'down' },
  { name: 'TCP flow', transfers: false, flow: true },
  { name: 'TCP flow and transfer', transfers: true, flow: true },
  { name: 'TCP flow, sender yields', transfers: true, flow: true, yields: 'up' },
  { name: 'TCP flow, receiver yields', transfers: true, flow: true, yields: 'down' }
]

export interface PhaseResult extends Measurement {
  readonly phase: string
  /** Payload of ours over the link, and of both together as a share of it. */
  readonly oursBytesPerSecond: number
  readonly utilisation: number
}

export interface YieldingOptions {
  readonly folder: string
  readonly relaying: Relaying
  readonly nodeOptions: readonly string[]
  readonly signal: AbortSignal
  readonly onStep: (step: string) => void
}

class Foreground {
  readonly #process: LineProcess

  constructor(host: HostPlan, role: 'serve' | 'measure', server: HostPlan) {
    const launcher = [...within(host.namespace), process.execPath]
    const args = [role, server.address, String(PORT)]
    this.#process = LineProcess.run('the foreground traffic', FOREGROUND, { launcher, args })
  }

  async ready(): Promise<void> {
    await this.#process.next()
  }

  async measure(order: { readonly ms: number; readonly flow: boolean }): Promise<Measurement> {
    this.#process.tell(JSON.stringify(order))
    return JSON.parse(await this.#process.next()) as Measurement
  }

  end(): void {
    this.#process.kill()
  }
}

export async function runYielding(options: YieldingOptions): Promise<PhaseResult[]> {
  const { folder, relaying, nodeOptions, signal, onStep } = options
  const plan = planNetwork(YIELDING_SCENARIO, process.pid)
  mkdirSync(join(folder, 'source'))
  const content = writeContent(join(folder, 'source'), YIELDING_SCENARIO)
  const network = await ShapedNetwork.build(plan, { relaying, congestion: undefined })
  const swarm = new OurSwarm({ plan, folder, nodeOptions, onStep, isOrigin: false })
  const [source, server, reader, client] = plan.hosts.map(host => host)
  const hosts = { source: defined(source, 'h0'), server: defined(server, 'h1') }
  const far = { reader: defined(reader, 'h2'), client: defined(client, 'h3') }
  const serving = new Foreground(hosts.server, 'serve', hosts.server)
  const measuring = new Foreground(far.client, 'measure', hosts.server)
  try {
    await Promise.all([serving.ready(), measuring.ready(), swarm.prepare(content)])
    const from = swarm.node(hosts.source).client
    const to = swarm.node(far.reader).client
    const destination = join(folder, 'copy')
    const { id } = await to.call('startTransfer', { name: DATASET, version: null, destination })
    const results: PhaseResult[] = []
    for (const { name, transfers, flow, yields } of PHASES) {
      signal.throwIfAborted()
      onStep(name)
      await Promise.all([from.call('clearLimits', {}), to.call('clearLimits', {})])
      if (yields !== undefined) {
        const rules = [{ direction: yields, link: 'wan' as const, bytesPerSecond: null }]
        await (yields === 'up' ? from : to).call('setLimits', { rules })
      }
      await to.call(transfers ? 'resumeTransfer' : 'pauseTransfer', { id })
      await delay(WARM_MS)
      const passed = (): number => network.interfaces().get('wc1')?.sentBytes ?? 0
      const [before, beforeMs] = [passed(), performance.now()]
      const measuringDone = measuring.measure({ ms: PHASE_MS, flow })
      await delay(PHASE_MS)
      const linkRate = ((passed() - before) * 1000) / (performance.now() - beforeMs)
      const measured = await measuringDone
      const oursBytesPerSecond = Math.max(0, linkRate - measured.flowBytesPerSecond)
      results.push({
        phase: name,
        ...measured,
        oursBytesPerSecond,
        utilisation: linkRate / LINK_BYTES_PER_SECOND
      })
    }
    return results
  } finally {
    for (const process of [serving, measuring]) process.end()
    await swarm.stop()
    await network.remove()
  }
}

export function renderYielding(results: readonly PhaseResult[]): string[] {
  const head = `${'phase'.padEnd(28)} ${'ping p50'.padStart(10)} ${'p95'.padStart(10)} ${'lost'.padStart(6)}`
  const rows = results.map(({ phase, p50Ms, p95Ms, sent, lost, flowBytesPerSecond, utilisation, ...ours }) =>
    [
      phase.padEnd(28),
      `${p50Ms.toFixed(1)} ms`.padStart(10),
      `${p95Ms.toFixed(1)} ms`.padStart(10),
      `${((100 * lost) / sent).toFixed(1)}%`.padStart(6),
      formatRate(flowBytesPerSecond).padStart(12),
      formatRate(ours.oursBytesPerSecond).padStart(12),
      `${(100 * utilisation).toFixed(0)}%`.padStart(6)
    ].join(' ')
  )
  return [`${head} ${'TCP flow'.padStart(12)} ${'ours'.padStart(12)} ${'used'.padStart(6)}`, ...rows]
}
