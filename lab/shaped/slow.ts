/**
 * Whether the network finds out by itself who is slow, and why: an org over two sites in which one host has a slow
 * disk, one a thin uplink, one hardly any processor and one a link that loses packets. Datasets are distributed, and
 * all the while the org is asked by its own command; what that says is held against the truth.
 */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { defined } from '../../src/base/assert.ts'
import { messageOf } from '../../src/base/errors.ts'
import { formatRate, SECOND_MS } from '../../src/base/units.ts'
import type { Participant, Participation } from '../../src/node/performance/performance-terms.ts'
import { until } from '../cluster.ts'
import { type Affliction, type Ailment, afflict, ailingLink } from './ailment.ts'
import { writeContent } from './content.ts'
import { ShapedNetwork } from './network.ts'
import { type HostPlan, type NetworkPlan, planNetwork } from './network-plan.ts'
import { DATASET, OurSwarm } from './our-swarm.ts'
import { rejectionOf } from './run.ts'
import { SLOW_SCENARIO } from './scenarios.ts'
import { startUsage } from './usage.ts'
import type { Relaying } from './wan-relay.ts'

/**
 * By the index of the host: two of each site, so that half of each are well. A disk that only reads slowly is that of
 * the first, which publishes: what others give, they have in memory.
 */
const AILING: ReadonlyMap<number, Ailment> = new Map([
  [0, 'reads'],
  [2, 'disk'],
  [3, 'uplink'],
  [6, 'cpu'],
  [7, 'loss']
])
/** What is to be named as the reason. */
const REASONS: ReadonlyMap<Ailment, Participant['reasons'][number]['reason']> = new Map([['reads', 'disk']])
const ASK_MS = 5 * SECOND_MS
const KNOWN_TIMEOUT_MS = 30 * SECOND_MS

export interface SlowVerdict {
  readonly host: string
  readonly site: string
  readonly truth: Ailment | null
  /** Every answer that said anything of it, in their order. */
  readonly said: readonly {
    readonly seconds: number
    readonly reason: string | null
    readonly givesBytesPerSecond: number | null
    readonly signals: Participant['signals']
  }[]
  readonly last: Participant | null
  /** Answers that called it slow, and those that put the true reason first. */
  readonly named: number
  readonly right: number
  /** Since the first distribution began, when it was first called slow, and when first rightly; null for never. */
  readonly namedSeconds: number | null
  readonly rightSeconds: number | null
}

export interface SlowResult {
  readonly verdicts: readonly SlowVerdict[]
  readonly seconds: number
  /** Distributions that were begun. */
  readonly rounds: number
  readonly busyShare: number
}

export interface SlowOptions {
  readonly folder: string
  /** Which there are. */
  readonly ailments: ReadonlySet<Ailment>
  readonly seconds: number
  /** How TCP finds its rate. */
  readonly congestion: string
  /** Of the link between the sites. */
  readonly relaying: Relaying
  readonly nodeOptions: readonly string[]
  readonly signal: AbortSignal
  readonly onStep: (step: string) => void
}

export async function runSlow(options: SlowOptions): Promise<SlowResult> {
  const { folder, ailments, congestion, relaying, nodeOptions, signal, onStep } = options
  const plan = planNetwork(withAilments(ailments), process.pid)
  const truth = plan.hosts.map((_, index) => ailmentOf(index, ailments))
  const afflictions: Affliction[] = []
  const under = (host: HostPlan): readonly string[] => afflictions[plan.hosts.indexOf(host)]?.words ?? []
  const swarm = new OurSwarm({ plan, folder, nodeOptions, onStep, isOrigin: false, under })
  let network: ShapedNetwork | undefined
  try {
    for (const [index, { name, namespace: group }] of plan.hosts.entries())
      afflictions.push(afflict(truth[index], { folder: join(folder, name), group }))
    network = await ShapedNetwork.build(plan, { relaying, congestion })
    const source = sourceFolder({ plan, folder }, 1)
    const content = writeContent(source, SLOW_SCENARIO)
    await Promise.race([swarm.prepare(content), rejectionOf(signal)])
    for (const affliction of afflictions) affliction.begin()
    return await new SlowRun(options, { plan, swarm, truth }).measure()
  } finally {
    for (const affliction of afflictions) affliction.ease()
    await swarm.stop()
    await network?.remove()
    for (const affliction of afflictions) affliction.end()
  }
}

function ailmentOf(index: number, ailments: ReadonlySet<Ailment>): Ailment | undefined {
  const ailment = AILING.get(index)
  return ailment !== undefined && ailments.has(ailment) ? ailment : undefined
}

function withAilments(ailments: ReadonlySet<Ailment>): typeof SLOW_SCENARIO {
  let index = 0
  const sites = SLOW_SCENARIO.sites.map(site => ({
    ...site,
    hosts: site.hosts.map(link => ailingLink(ailmentOf(index++, ailments), link))
  }))
  return { ...SLOW_SCENARIO, sites }
}

/** Of what is published in a round, made; on the disk of who publishes it. */
function sourceFolder(
  { plan, folder }: { readonly plan: NetworkPlan; readonly folder: string },
  round: number
): string {
  const source = join(folder, defined(plan.hosts[0], 'a source').name, 'source', String(round))
  mkdirSync(source, { recursive: true })
  return source
}

interface SlowNetwork {
  readonly plan: NetworkPlan
  readonly swarm: OurSwarm
  readonly truth: readonly (Ailment | undefined)[]
}

interface Answer {
  readonly seconds: number
  readonly devices: ReadonlyMap<string | null, Participant>
}

class SlowRun {
  readonly #options: SlowOptions
  readonly #network: SlowNetwork
  readonly #answers: Answer[] = []
  readonly #end = new AbortController()
  #rounds = 0

  constructor(options: SlowOptions, network: SlowNetwork) {
    this.#options = options
    this.#network = network
  }

  async measure(): Promise<SlowResult> {
    const { plan, swarm, truth } = this.#network
    const { seconds, signal } = this.#options
    const usage = startUsage(plan, swarm)
    try {
      await Promise.race([this.#ask(), this.#distribute(), rejectionOf(signal)])
    } finally {
      this.#end.abort()
    }
    const { busyShare } = usage()
    const verdicts = plan.hosts.map((host, index) => this.#verdict(host, truth[index] ?? null))
    return { verdicts, seconds, rounds: this.#rounds, busyShare }
  }

  /** One dataset after the other to all: the next one once every host that is well has it. Does not resolve. */
  async #distribute(): Promise<never> {
    const { plan, truth } = this.#network
    for (let round = 1; ; round++) {
      const name = round === 1 ? DATASET : await this.#publish(round)
      this.#rounds = round
      this.#options.onStep(`distribution ${round}`)
      const fetches = plan.hosts.slice(1).map((host, before) => {
        const fetch = this.#fetch(host, name)
        return truth[before + 1] === undefined ? fetch : undefined
      })
      await Promise.all(fetches)
    }
  }

  async #publish(round: number): Promise<string> {
    const { plan, swarm } = this.#network
    const [name, folder] = [`data-${round}`, sourceFolder({ plan, folder: this.#options.folder }, round)]
    const { path } = writeContent(folder, SLOW_SCENARIO)
    const { client } = swarm.node(defined(plan.hosts[0], 'a source'))
    await client.stream(
      'publish',
      { path, name, dataClass: 'internal', origin: null },
      { signal: this.#end.signal, onProgress: () => undefined }
    )
    return name
  }

  async #fetch(host: HostPlan, name: string): Promise<void> {
    const { swarm } = this.#network
    const { client } = swarm.node(host)
    try {
      await until(`${host.name} knows ${name}`, KNOWN_TIMEOUT_MS, async () =>
        (await client.call('datasets', {})).datasets.some(dataset => dataset.name === name)
      )
      await swarm.take(host, { name, folder: name, signal: this.#end.signal })
    } catch (thrown) {
      // A host that ails may answer late, or not until the run is over.
      if (!this.#end.signal.aborted) this.#options.onStep(`${host.name}, ${name}: ${messageOf(thrown)}`)
    }
  }

  async #ask(): Promise<void> {
    const { plan, swarm } = this.#network
    const asked = swarm.node(defined(plan.hosts[0], 'a source'))
    const startMs = performance.now()
    for (;;) {
      await delay(ASK_MS)
      const { devices } = await asked.json<Participation>('participation', '--since', '1h')
      const seconds = (performance.now() - startMs) / SECOND_MS
      this.#answers.push({ seconds, devices: new Map(devices.map(each => [each.name, each])) })
      if (seconds >= this.#options.seconds) return
    }
  }

  #verdict({ name, site }: HostPlan, truth: Ailment | null): SlowVerdict {
    const said = this.#answers.flatMap(({ seconds, devices }) => {
      const device = devices.get(name)
      return device === undefined ? [] : [{ seconds, device }]
    })
    const named = said.filter(({ device }) => device.slow)
    const reason = truth === null ? null : (REASONS.get(truth) ?? truth)
    const right = named.filter(({ device }) => device.reasons[0]?.reason === reason)
    return {
      ...{ host: name, site, truth, said: said.map(brief), last: said.at(-1)?.device ?? null },
      ...{ named: named.length, namedSeconds: named[0]?.seconds ?? null },
      ...{ right: right.length, rightSeconds: right[0]?.seconds ?? null }
    }
  }
}

function brief({ seconds, device }: { readonly seconds: number; readonly device: Participant }) {
  const { slow, reasons, givesBytesPerSecond, signals } = device
  const reason = slow ? (reasons[0]?.reason ?? null) : null
  return { seconds, reason, givesBytesPerSecond, signals }
}

/** A table of truth and verdict with what each host measured of itself, and below it the grounds that were given. */
export function renderSlow({ verdicts, seconds, rounds, busyShare }: SlowResult): string[] {
  const rows = [TITLES, ...verdicts.map(cellsOf)]
  const widths = TITLES.map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  return [
    ...rows.map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()
    ),
    '',
    ...verdicts.flatMap(({ host, last }) =>
      (last?.reasons ?? []).map(({ reason, because }) => `${host}: ${reason}, ${because}`)
    ),
    `${rounds} distributions in ${seconds} s; the machine was ${Math.round(busyShare * 100)} % busy`
  ]
}

const TITLES = [
  ...['host', 'truth', 'called slow for', 'gives', 'named', 'first', 'rightly', 'first'],
  ...['loop late', 'waits', 'writes', 'reads a MiB', 'sent again', 'sent at most']
]

function cellsOf({ host, truth, last, said, ...counts }: SlowVerdict): string[] {
  const { named, namedSeconds, right, rightSeconds } = counts
  const told = <T>(value: T | null | undefined, words: (value: T) => string): string =>
    value == null ? '-' : words(value)
  const [ms, percent] = [
    (value: number) => `${Math.round(value)} ms`,
    (value: number) => `${(value * 100).toFixed(1)} %`
  ]
  const at = (value: number) => `${Math.round(value)} s`
  const signals = last?.signals
  return [
    ...[host, truth ?? 'well'],
    last?.slow === true ? last.reasons.map(({ reason }) => reason).join(', ') : '-',
    told(last?.givesBytesPerSecond, formatRate),
    ...[`${named} of ${said.length}`, told(namedSeconds, at), String(right), told(rightSeconds, at)],
    ...[told(signals?.loopDelayMs, ms), told(signals?.cpuWaitShare, percent)],
    ...[told(signals?.commitMs, ms), told(signals?.readMsPerMib, ms)],
    told(signals?.retransmitShare, percent),
    told(signals?.sentPeakBytesPerSecond, formatRate)
  ]
}
