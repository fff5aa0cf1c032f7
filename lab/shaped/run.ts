/** One run of one program in one scenario: builds the network, runs the race, and removes everything again. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bound } from './bound.ts'
import { writeContent } from './content.ts'
import { LibtorrentSwarm } from './libtorrent-swarm.ts'
import { ShapedNetwork } from './network.ts'
import { planNetwork } from './network-plan.ts'
import { OurSwarm } from './our-swarm.ts'
import { race } from './race.ts'
import { type RunResult, summarise } from './report.ts'
import { contentBytes, type Scenario } from './scenarios.ts'
import { startTrace, type Trace, tapOptions } from './trace.ts'
import { startUsage } from './usage.ts'
import type { Relaying } from './wan-relay.ts'

/** A race that takes this many times its bound is stuck. */
const PATIENCE = 20
const PATIENCE_MIN_SECONDS = 60

export interface RunOptions {
  readonly scenario: Scenario
  readonly program: string
  readonly folder: string
  readonly relaying: Relaying
  readonly congestion: string | undefined
  /** Where to write what happened, if anywhere. */
  readonly trace: string | undefined
  readonly nodeOptions: readonly string[]
  readonly signal: AbortSignal
  readonly onStep: (step: string) => void
}

export async function runScenario(options: RunOptions): Promise<RunResult> {
  const { scenario, program, folder, relaying, congestion, signal, onStep } = options
  const plan = planNetwork(scenario, process.pid)
  onStep('writing the content')
  mkdirSync(join(folder, 'source'))
  const content = writeContent(join(folder, 'source'), scenario)
  signal.throwIfAborted()
  onStep(`building a network of ${plan.hosts.length} hosts`)
  const network = await ShapedNetwork.build(plan, { relaying, congestion })
  const nodeOptions = [...options.nodeOptions, ...(options.trace === undefined ? [] : tapOptions())]
  const swarm =
    program === 'libtorrent'
      ? new LibtorrentSwarm({ plan, folder })
      : new OurSwarm({ plan, folder, nodeOptions, onStep, isOrigin: scenario.isOrigin === true })
  let trace: Trace | undefined
  try {
    await Promise.race([swarm.prepare(content), rejectionOf(signal)])
    onStep('the clock runs')
    const before = await network.counts()
    const usage = startUsage(plan, swarm)
    if (options.trace !== undefined)
      trace = startTrace({ network, swarm, folder: options.trace, runFolder: folder })
    const limit = bound(plan, contentBytes(scenario))
    const timeoutMs = Math.ceil(1000 * Math.max(PATIENCE_MIN_SECONDS, PATIENCE * limit.seconds))
    const onProgress = (done: number, of: number): void => onStep(`${done} of ${of} hosts have it`)
    const result = await race({ plan, swarm, timeoutMs, signal, onProgress })
    const used = usage()
    const after = await network.counts()
    const originBytes = swarm instanceof OurSwarm ? await swarm.originBytes() : undefined
    return summarise({
      plan,
      scenario: scenario.name,
      program,
      bytes: content.bytes,
      originBytes,
      race: result,
      usage: used,
      before,
      after
    })
  } finally {
    await trace?.stop()
    await swarm.stop()
    await network.remove()
  }
}

/** Rejects when the run is to end. */
export function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}
