/**
 * A scenario laid out as Linux networking: one namespace for each host, and one for all that lies between them.
 *
 *     host h3          core
 *     eth0 ----veth---- p3 -- bridge lan1 -- ws1 ----veth---- wc1 -- bridge wan
 *
 * Each direction of a link is shaped where it leaves: a host's uplink at its eth0, its downlink at p3; a site's uplink
 * at ws1, its downlink at wc1. With a delay or loss, a relay of ours stands between ws1 and wc1 instead of the veth
 * pair. A host whose own link loses packets has one, too: p3 -- bridge acc-h3 -- ra3 (relay) rb3 -- bridge lan1.
 */

import type { LinkRates, Scenario } from './scenarios.ts'

/** What a shaper sends at once, at the least: a batch of packets that the kernel has not cut yet. */
const BURST_BYTES = 32 * 1024
/** What waits before a shaper for longer than this is dropped: a buffer of this depth. */
const QUEUE_MS = 50

export type Role = 'source' | 'receiver' | 'late' | 'killed' | 'hostile'

export interface HostPlan {
  readonly name: string
  readonly role: Role
  readonly site: string
  readonly namespace: string
  readonly address: string
  /** Its end of the access link in the core. */
  readonly port: string
  readonly link: LinkRates
  /** The ends of the relay in its access link, from it outwards; of one that loses packets. */
  readonly relay: readonly [string, string] | undefined
}

export interface SitePlan {
  readonly name: string
  readonly bridge: string
  readonly wan: { readonly sitePort: string; readonly corePort: string; readonly link: LinkRates } | undefined
}

export interface NetworkPlan {
  readonly core: string
  readonly hosts: readonly HostPlan[]
  readonly sites: readonly SitePlan[]
  readonly wanQueueMs: number
}

/** Namespaces carry the process that made them, so that those of a killed run are known for what they are. */
export function namespacePrefix(pid: number): string {
  return `peerage-lab-${pid}-`
}

export function ownerOfNamespace(name: string): number | undefined {
  const match = /^peerage-lab-(\d+)-/.exec(name)
  return match === null ? undefined : Number(match[1])
}

export function planNetwork(scenario: Scenario, pid: number): NetworkPlan {
  const prefix = namespacePrefix(pid)
  const count = scenario.sites.reduce((sum, site) => sum + site.hosts.length, 0)
  const hosts: HostPlan[] = []
  const sites = scenario.sites.map(({ name, hosts: links, wan }, siteIndex): SitePlan => {
    links.forEach((link, indexInSite) => {
      const index = hosts.length
      hosts.push({
        name: `h${index}`,
        role: roleOf(scenario, index, count),
        site: name,
        namespace: `${prefix}h${index}`,
        address: `10.77.${siteIndex}.${indexInSite + 1}`,
        port: `p${index}`,
        link,
        relay: (link.loss ?? 0) > 0 ? [`ra${index}`, `rb${index}`] : undefined
      })
    })
    const ports = wan && { sitePort: `ws${siteIndex}`, corePort: `wc${siteIndex}`, link: wan }
    return { name, bridge: `lan${siteIndex}`, wan: ports }
  })
  return { core: `${prefix}core`, hosts, sites, wanQueueMs: scenario.wanQueueMs ?? QUEUE_MS }
}

/** Those with a part of their own are the last hosts: the source and its neighbours stay as they are. */
function roleOf(scenario: Scenario, index: number, count: number): Role {
  if (index === 0) return 'source'
  const fromEnd = count - index
  const isAmong = (share = 0): boolean => fromEnd <= Math.round(share * (count - 1))
  if (isAmong(scenario.hostileShare)) return 'hostile'
  if (isAmong(scenario.killedShare)) return 'killed'
  return isAmong(scenario.lateShare) ? 'late' : 'receiver'
}

export interface NetworkCommands {
  /** Lines for `ip -batch`. */
  readonly ip: readonly string[]
  /** Lines for `ip -batch` and `tc -batch` in each namespace. */
  readonly inside: readonly {
    readonly namespace: string
    readonly ip: readonly string[]
    readonly tc: readonly string[]
  }[]
}

/** What builds the network. The two ends of each relay are made by it, before `inside` runs. */
export function networkCommands(plan: NetworkPlan, { isRelayed }: { isRelayed: boolean }): NetworkCommands {
  const namespaces = [plan.core, ...plan.hosts.map(host => host.namespace)]
  const ip = namespaces.map(name => `netns add ${name}`)
  const core = { namespace: plan.core, ip: ['link set lo up'], tc: [] as string[] }
  const attach = (port: string, bridge: string): void => {
    core.ip.push(`link set ${port} master ${bridge}`, `link set ${port} up`)
  }
  for (const bridge of ['wan', ...plan.sites.map(site => site.bridge)])
    core.ip.push(`link add ${bridge} type bridge`, `link set ${bridge} up`)
  for (const { bridge, wan } of plan.sites) {
    if (wan === undefined) continue
    const { sitePort, corePort, link } = wan
    if (!isRelayed)
      ip.push(`link add ${sitePort} netns ${plan.core} type veth peer name ${corePort} netns ${plan.core}`)
    attach(sitePort, bridge)
    attach(corePort, 'wan')
    core.tc.push(shape(sitePort, link.upMbit, plan.wanQueueMs))
    core.tc.push(shape(corePort, link.downMbit, plan.wanQueueMs))
  }
  for (const { name, namespace, port, link, site, relay } of plan.hosts) {
    ip.push(`link add ${port} netns ${plan.core} type veth peer name eth0 netns ${namespace}`)
    const bridge = plan.sites.find(each => each.name === site)?.bridge ?? ''
    if (relay === undefined) attach(port, bridge)
    else {
      const access = `acc-${name}`
      core.ip.push(`link add ${access} type bridge`, `link set ${access} up`)
      attach(port, access)
      attach(relay[0], access)
      attach(relay[1], bridge)
    }
    core.tc.push(shape(port, link.downMbit))
  }
  const inside = plan.hosts.map(({ namespace, address, link }) => ({
    namespace,
    ip: ['link set lo up', `address add ${address}/16 dev eth0`, 'link set eth0 up'],
    tc: [shape('eth0', link.upMbit)]
  }))
  return { ip, inside: [core, ...inside] }
}

function shape(device: string, mbit: number, queueMs = QUEUE_MS): string {
  return `qdisc add dev ${device} root tbf rate ${mbit}mbit burst ${BURST_BYTES} latency ${queueMs}ms`
}
