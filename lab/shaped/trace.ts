/**
 * Writes down how a race goes: the counters of every link and what every node has, each `SAMPLE_MS`.
 *
 * - `links.csv`: milliseconds since the clock started, link, bytes up and bytes down since then. Links are hosts by
 *   name and WAN links as `wan:SITE`. Batches of packets count their headers once here.
 * - `hosts.csv`: milliseconds, host, share that it has.
 * - `links.svg`: how busy each direction of each link was, over time.
 * - `HOST.blocks.csv`, of our nodes: see block-tap.ts.
 * - `crossings.csv`, of our nodes: see crossings.ts.
 */

import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BLOCKS_FILE, FLUSH_MS } from './block-tap.ts'
import { type Arrival, crossings, parseArrivals } from './crossings.ts'
import { type LinkSeries, renderLinks } from './link-chart.ts'
import type { ShapedNetwork } from './network.ts'
import type { HostPlan } from './network-plan.ts'
import { OurSwarm } from './our-swarm.ts'
import type { Swarm } from './swarm.ts'

const SAMPLE_MS = 250

/** For the Node.js of each node. */
export function tapOptions(): string[] {
  return ['--import', new URL('block-tap.ts', import.meta.url).href]
}

export interface Trace {
  stop(): Promise<void>
}

export interface TraceOptions {
  readonly network: ShapedNetwork
  readonly swarm: Swarm
  readonly folder: string
  /** Where the homes of our nodes are. */
  readonly runFolder: string
}

interface Link {
  readonly name: string
  readonly port: string
  /** Whether what the core receives at the port is what goes up the link. */
  readonly isUpReceived: boolean
  readonly upMbit: number
  readonly downMbit: number
}

export function startTrace(options: TraceOptions): Trace {
  const { network, swarm, folder } = options
  const links = linksOf(network)
  const startMs = performance.now()
  const first = network.interfaces()
  const linkLines = ['ms,link,upBytes,downBytes']
  const hostLines = ['ms,host,share']
  const series = new Map<string, LinkSeries>(
    links.map(({ name, upMbit, downMbit }) => [name, { name, upMbit, downMbit, samples: [] }])
  )
  const sample = (): void => {
    const ms = Math.round(performance.now() - startMs)
    const now = network.interfaces()
    for (const { name, port, isUpReceived } of links) {
      const received = (now.get(port)?.receivedBytes ?? 0) - (first.get(port)?.receivedBytes ?? 0)
      const sent = (now.get(port)?.sentBytes ?? 0) - (first.get(port)?.sentBytes ?? 0)
      const [upBytes, downBytes] = isUpReceived ? [received, sent] : [sent, received]
      series.get(name)?.samples.push({ ms, upBytes, downBytes })
      linkLines.push(`${ms},${name},${upBytes},${downBytes}`)
    }
    for (const host of network.plan.hosts.filter(each => each.role !== 'hostile'))
      void swarm.share(host).then(
        share => hostLines.push(`${ms},${host.name},${share.toFixed(4)}`),
        () => undefined // killed, or not up again yet
      )
  }
  sample()
  const timer = setInterval(sample, SAMPLE_MS)
  return {
    stop: async () => {
      clearInterval(timer)
      sample()
      writeFileSync(join(folder, 'links.csv'), `${linkLines.join('\n')}\n`)
      writeFileSync(join(folder, 'hosts.csv'), `${hostLines.join('\n')}\n`)
      writeFileSync(join(folder, 'links.svg'), renderLinks([...series.values()]))
      if (swarm instanceof OurSwarm) await keepBlocks(swarm, options)
    }
  }
}

function linksOf({ plan }: ShapedNetwork): Link[] {
  const hosts = plan.hosts.map(({ name, port, link }) => ({ name, port, isUpReceived: true, ...link }))
  const wans = plan.sites.flatMap(({ name, wan }) =>
    wan === undefined ? [] : [{ name: `wan:${name}`, port: wan.sitePort, isUpReceived: false, ...wan.link }]
  )
  return [...hosts, ...wans]
}

async function keepBlocks(swarm: OurSwarm, { network, folder, runFolder }: TraceOptions): Promise<void> {
  await delay(2 * FLUSH_MS)
  const hosts = network.plan.hosts.filter(host => existsSync(join(runFolder, host.name, BLOCKS_FILE)))
  const byDevice = new Map<string, HostPlan>()
  for (const host of hosts) {
    const { device } = await swarm.node(host).client.call('status', {})
    byDevice.set(device.id, host)
  }
  const arrivals: Arrival[] = []
  for (const host of hosts) {
    const kept = join(folder, `${host.name}.${BLOCKS_FILE}`)
    copyFileSync(join(runFolder, host.name, BLOCKS_FILE), kept)
    arrivals.push(...parseArrivals(readFileSync(kept, 'utf8'), host, byDevice))
  }
  writeFileSync(
    join(folder, 'crossings.csv'),
    `${crossings(arrivals, network.plan.hosts[0]?.site ?? '').join('\n')}\n`
  )
}
