/** The results of races, as data and as lines for people. */

import { formatBytes } from '../../src/base/units.ts'
import { type Bound, bound } from './bound.ts'
import type { LinkCount, LinkCounts } from './network.ts'
import type { NetworkPlan } from './network-plan.ts'
import type { RaceResult } from './race.ts'
import type { Usage } from './usage.ts'

const BUSY_SHARE_MAX = 0.9

export interface SiteResult {
  readonly site: string
  /** Bytes over the WAN link, headers included, in copies of the content. */
  readonly copiesIn: number
  readonly copiesOut: number
}

export interface RunResult {
  readonly scenario: string
  readonly program: string
  readonly bytes: number
  readonly boundSeconds: number
  readonly boundCut: string
  readonly medianSeconds: number
  readonly lastSeconds: number
  readonly timesBound: number
  readonly sourceCopies: number
  /** Payload that an HTTP origin sent; null without one. */
  readonly originCopies: number | null
  readonly sites: readonly SiteResult[]
  readonly shaperDrops: number
  /** IP packets that the relay of the WAN links was given, and those that it lost as it was told to. */
  readonly relayCarried: number
  readonly relayLost: number
  /** TCP segments that all hosts together sent again. */
  readonly retransmits: number
  readonly cpuSeconds: { readonly source: number; readonly median: number; readonly most: number }
  readonly peakRssBytes: { readonly source: number; readonly median: number; readonly most: number }
  readonly busyShare: number
  readonly stolenShare: number
  readonly hostSeconds: Readonly<Record<string, number>>
}

export interface Measured {
  readonly plan: NetworkPlan
  readonly scenario: string
  readonly program: string
  readonly bytes: number
  readonly originBytes: number | undefined
  readonly race: RaceResult
  readonly usage: Usage
  readonly before: LinkCounts
  readonly after: LinkCounts
}

export function summarise(measured: Measured): RunResult {
  const { plan, scenario, program, bytes, originBytes, race, usage, before, after } = measured
  const limit: Bound = bound(plan, bytes, race.absentSeconds)
  const times = [...race.seconds.values()]
  const lastSeconds = Math.max(...times)
  const source = plan.hosts[0]?.name ?? ''
  const passed = (kind: 'hosts' | 'wans', name: string, way: keyof LinkCount): number =>
    (after[kind].get(name)?.[way].bytes ?? 0) - (before[kind].get(name)?.[way].bytes ?? 0)
  const honest = plan.hosts.filter(host => host.role !== 'source' && host.role !== 'hostile')
  const spread = (values: ReadonlyMap<string, number>) => {
    const others = honest.map(host => values.get(host.name) ?? 0)
    return { source: values.get(source) ?? 0, median: median(others), most: Math.max(...others) }
  }
  return {
    scenario,
    program,
    bytes,
    boundSeconds: limit.seconds,
    boundCut: limit.cut,
    medianSeconds: median(times),
    lastSeconds,
    timesBound: lastSeconds / limit.seconds,
    sourceCopies: passed('hosts', source, 'up') / bytes,
    originCopies: originBytes === undefined ? null : originBytes / bytes,
    sites: plan.sites.flatMap(({ name, wan }) =>
      wan === undefined
        ? []
        : [
            {
              site: name,
              copiesIn: passed('wans', name, 'down') / bytes,
              copiesOut: passed('wans', name, 'up') / bytes
            }
          ]
    ),
    shaperDrops: dropsOf(after) - dropsOf(before),
    relayCarried: after.relay.carriedPackets - before.relay.carriedPackets,
    relayLost: after.relay.lostPackets - before.relay.lostPackets,
    retransmits: sumOf(after.retransmits) - sumOf(before.retransmits),
    cpuSeconds: spread(usage.cpuSeconds),
    peakRssBytes: spread(usage.peakRssBytes),
    busyShare: usage.busyShare,
    stolenShare: usage.stolenShare,
    hostSeconds: Object.fromEntries(race.seconds)
  }
}

function dropsOf(counts: LinkCounts): number {
  let drops = 0
  for (const { up, down } of [...counts.hosts.values(), ...counts.wans.values()])
    drops += up.drops + down.drops
  return drops
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

/** The lower of the two in the middle, so that it is a value that was measured. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN
}

export function renderRun(run: RunResult): string[] {
  const { boundSeconds, boundCut, medianSeconds, lastSeconds, timesBound, sourceCopies, sites } = run
  const { cpuSeconds: cpu, peakRssBytes: rss } = run
  const lines = [
    `${run.scenario}, ${run.program}: bound ${boundSeconds.toFixed(2)} s (${boundCut})`,
    `  has it: the median host after ${medianSeconds.toFixed(2)} s, the last after ${lastSeconds.toFixed(2)} s, ` +
      `${timesBound.toFixed(2)} x the bound`,
    `  sent by the source: ${sourceCopies.toFixed(2)} copies`,
    ...(run.originCopies === null
      ? []
      : [`  of payload by the origin: ${run.originCopies.toFixed(3)} copies`]),
    ...sites.map(
      ({ site, copiesIn, copiesOut }) =>
        `  WAN of site ${site}: ${copiesIn.toFixed(2)} copies in, ${copiesOut.toFixed(2)} out`
    ),
    `  CPU: source ${cpu.source.toFixed(1)} s, median ${cpu.median.toFixed(1)} s, most ${cpu.most.toFixed(1)} s; peak RSS: ` +
      `${formatBytes(rss.source)}, ${formatBytes(rss.median)}, ${formatBytes(rss.most)}`,
    `  machine ${percent(run.busyShare)} busy, ${percent(run.stolenShare)} taken from it; ` +
      `${run.shaperDrops} packets dropped by shapers, ${run.retransmits} segments sent again`
  ]
  if (run.relayLost > 0)
    lines.push(`  lost on the WAN links as asked: ${run.relayLost} of ${run.relayCarried} packets`)
  if (run.busyShare + run.stolenShare > BUSY_SHARE_MAX)
    lines.push(
      '  the processors limited this run, not the network: do not read it as a result of the network'
    )
  return lines
}

export const REPORT_NOTE =
  'Copies count what passed a link in bytes, headers of Ethernet, IP, TCP, TLS and the protocol included (about 5 % ' +
  'of payload), so one perfect copy reads as about 1.05.'

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
