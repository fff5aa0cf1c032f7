/**
 * The shortest time in which a network can bring some bytes from the source to all receivers, from what every cut must
 * let through (payload alone: headers cost about 5 % more). With B bytes, n receivers and rates in bytes per second:
 *
 * - source uplink        B / up(source)
 * - downlink of a host   B / down(host), and for one that starts or is away for a while, that while on top
 * - WAN of a site        B / wanDown(site) into each site without the source, B / wanUp of the source's own site
 * - all uplinks          n B / sum of up(host): every copy is sent by somebody
 * - all WAN uplinks      (sites - 1) B / sum of wanUp(site)
 * - inside a site        (receivers in it) B / (sum of up of its hosts + wanDown(site))
 *
 * Hostile hosts neither send nor receive here. The bound is the longest of these; whether it can be met is another
 * question, so it is a bound and not a forecast.
 */

import type { HostPlan, NetworkPlan, SitePlan } from './network-plan.ts'

const BYTES_PER_MBIT = 125_000

export interface Bound {
  readonly seconds: number
  /** The cut that sets it. */
  readonly cut: string
}

export function bound(
  plan: NetworkPlan,
  bytes: number,
  /** Seconds in which a host did not take part: before it started, or while it was gone. */
  absentSeconds: ReadonlyMap<string, number> = new Map()
): Bound {
  const hosts = plan.hosts.filter(host => host.role !== 'hostile')
  const source = hosts.find(host => host.role === 'source')
  if (source === undefined) throw new Error('a network has a source')
  const receivers = hosts.filter(host => host !== source)
  const cuts: Bound[] = [
    cut('uplink of the source', bytes, source.link.upMbit),
    cut('all uplinks', receivers.length * bytes, sum(hosts.map(host => host.link.upMbit)))
  ]
  for (const host of receivers) {
    const { seconds } = cut('', bytes, host.link.downMbit)
    cuts.push({ seconds: seconds + (absentSeconds.get(host.name) ?? 0), cut: `downlink of ${host.name}` })
  }
  const withHosts = plan.sites.filter(site => hosts.some(host => host.site === site.name))
  const context = { hosts, source, bytes }
  cuts.push(...withHosts.flatMap(site => siteCuts(site, context)), ...wanCuts(withHosts, context))
  return cuts.reduce((longest, each) => (each.seconds > longest.seconds ? each : longest))
}

interface CutContext {
  readonly hosts: readonly HostPlan[]
  readonly source: HostPlan
  readonly bytes: number
}

function siteCuts(site: SitePlan, { hosts, source, bytes }: CutContext): Bound[] {
  const own = hosts.filter(host => host.site === site.name)
  const receivers = own.filter(host => host !== source).length
  const uplinks = sum(own.map(host => host.link.upMbit)) + (site.wan?.link.downMbit ?? 0)
  const inside = cut(`inside site ${site.name}`, receivers * bytes, uplinks)
  if (site.wan === undefined || site.name === source.site) return [inside]
  return [inside, cut(`WAN into site ${site.name}`, bytes, site.wan.link.downMbit)]
}

function wanCuts(sites: readonly SitePlan[], { source, bytes }: CutContext): Bound[] {
  const uplinks = sites.flatMap(site => (site.wan === undefined ? [] : [site.wan.link.upMbit]))
  if (uplinks.length < 2) return []
  const home = sites.find(site => site.name === source.site)?.wan
  return [
    cut(`WAN out of site ${source.site}`, bytes, home?.link.upMbit ?? 0),
    cut('all WAN uplinks', (uplinks.length - 1) * bytes, sum(uplinks))
  ]
}

function cut(name: string, bytes: number, mbit: number): Bound {
  return { seconds: bytes === 0 ? 0 : bytes / (mbit * BYTES_PER_MBIT), cut: name }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
