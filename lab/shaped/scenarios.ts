/** The networks that the laboratory builds, as data. The source is the first host of the first site. */

export interface LinkRates {
  readonly upMbit: number
  readonly downMbit: number
  /** Of a host's access link: the share of its packets that a relay loses, each way. */
  readonly loss?: number
}

export interface SiteShape {
  readonly name: string
  /** The access link of each host. */
  readonly hosts: readonly LinkRates[]
  /** The link to the other sites; a network of one site has none. */
  readonly wan?: LinkRates
}

/** What happens to some of the hosts, as a share of all but the source. */
export interface Mishaps {
  /** Killed when the others are half done; they come back. */
  readonly killedShare?: number
  /** Start when the others are half done. */
  readonly lateShare?: number
  /** Enrolled, but half of them send garbage and half of them nothing. */
  readonly hostileShare?: number
}

export interface Scenario extends Mishaps {
  readonly name: string
  readonly what: string
  readonly sites: readonly SiteShape[]
  readonly files: number
  readonly fileBytes: number
  /** The source leaves, and a web server in its place is the HTTP origin; the content is one file. */
  readonly isOrigin?: boolean
  /** How deep the queues before the WAN links are; as all others unless said otherwise. */
  readonly wanQueueMs?: number
}

const MB = 1_000_000

function hosts(count: number, upMbit: number, downMbit = upMbit): LinkRates[] {
  return Array.from({ length: count }, () => ({ upMbit, downMbit }))
}

function flat(links: readonly LinkRates[]): SiteShape[] {
  return [{ name: 'one', hosts: links }]
}

function symmetric(mbit: number): LinkRates {
  return { upMbit: mbit, downMbit: mbit }
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'flat9',
    what: '9 hosts in one site, 100 Mbit/s each way, 100 MB',
    sites: flat(hosts(9, 100)),
    files: 1,
    fileBytes: 100 * MB
  },
  {
    name: 'flat9slow',
    what: 'flat9 at 20 Mbit/s with 20 MB: where processors can not keep up with flat9, this shows the network',
    sites: flat(hosts(9, 20)),
    files: 1,
    fileBytes: 20 * MB
  },
  {
    name: 'flat17',
    what: '17 hosts in one site, 50 Mbit/s each way, 50 MB',
    sites: flat(hosts(17, 50)),
    files: 1,
    fileBytes: 50 * MB
  },
  {
    name: 'sites3x4',
    what: '3 sites of 4 hosts, 200 Mbit/s in the LAN, 20 Mbit/s each way per site over the WAN, 25 MB',
    sites: ['a', 'b', 'c'].map(name => ({ name, hosts: hosts(4, 200), wan: symmetric(20) })),
    files: 1,
    fileBytes: 25 * MB
  },
  {
    name: 'sites5',
    what: '5 sites of 3, 5, 4, 2 and 1 hosts with WAN links of 50, 20, 20/10, 30 and 12 Mbit/s, 25 MB',
    sites: [
      { name: 'a', hosts: hosts(3, 200), wan: symmetric(50) },
      { name: 'b', hosts: hosts(5, 200), wan: symmetric(20) },
      { name: 'c', hosts: hosts(4, 200), wan: { upMbit: 10, downMbit: 20 } },
      { name: 'd', hosts: hosts(2, 200), wan: symmetric(30) },
      { name: 'e', hosts: hosts(1, 200), wan: symmetric(12) }
    ],
    files: 1,
    fileBytes: 25 * MB
  },
  {
    name: 'origin',
    what: 'an HTTP origin behind 20 Mbit/s instead of a seed: 3 sites of 4 hosts behind 20 Mbit/s each, 25 MB',
    sites: [
      { name: 'web', hosts: hosts(1, 200), wan: symmetric(20) },
      ...['a', 'b', 'c'].map(name => ({ name, hosts: hosts(4, 200), wan: symmetric(20) }))
    ],
    files: 1,
    fileBytes: 25 * MB,
    isOrigin: true
  },
  {
    name: 'mixed',
    what: '9 hosts in one site at 100 Mbit/s, a third of them with a tenth of the uplink, 100 MB',
    sites: flat([...hosts(6, 100), ...hosts(3, 10, 100)]),
    files: 1,
    fileBytes: 100 * MB
  },
  {
    name: 'churn',
    what: 'flat9, but a quarter of the hosts are killed half way and come back',
    sites: flat(hosts(9, 100)),
    files: 1,
    fileBytes: 100 * MB,
    killedShare: 0.25
  },
  {
    name: 'latejoin',
    what: 'flat9, but a third of the hosts start when the others are half done',
    sites: flat(hosts(9, 100)),
    files: 1,
    fileBytes: 100 * MB,
    lateShare: 1 / 3
  },
  {
    name: 'manyfiles',
    what: '20,000 files of 4 KiB to 4 hosts in one site, 50 Mbit/s each way',
    sites: flat(hosts(5, 50)),
    files: 20_000,
    fileBytes: 4096
  },
  {
    name: 'hostile',
    what: '11 hosts in one site at 50 Mbit/s, a fifth of them send garbage or stall, 50 MB',
    sites: flat(hosts(11, 50)),
    files: 1,
    fileBytes: 50 * MB,
    hostileShare: 0.2
  }
]

/** The smallest network with everything in it: what the process test runs. */
export const SMALL_SCENARIO: Scenario = {
  name: 'small',
  what: '2 sites of 2 hosts, 200 Mbit/s in the LAN, 20 Mbit/s over the WAN, 2 MB',
  sites: ['a', 'b'].map(name => ({ name, hosts: hosts(2, 200), wan: symmetric(20) })),
  files: 1,
  fileBytes: 2 * MB
}

export const YIELDING_MBIT = 20

/** Not a race: yielding.ts measures what others notice of a transfer. */
export const YIELDING_SCENARIO: Scenario = {
  name: 'yielding',
  what: `a transfer beside other traffic on a WAN link of ${YIELDING_MBIT} Mbit/s with a queue of 300 ms`,
  sites: ['a', 'b'].map(name => ({ name, hosts: hosts(2, 200), wan: symmetric(YIELDING_MBIT) })),
  files: 1,
  fileBytes: 300 * MB,
  wanQueueMs: 300
}

/** Not a race: slow.ts lets some of these hosts ail, and asks the org who is slow. */
export const SLOW_SCENARIO: Scenario = {
  name: 'slow',
  what: '2 sites of 4 hosts, 20 Mbit/s each, with a slow disk, a thin uplink, a starved processor, a lossy link',
  sites: ['a', 'b'].map(name => ({ name, hosts: hosts(4, 20), wan: symmetric(20) })),
  files: 1,
  fileBytes: 40 * MB
}

/**
 * The same network and content with all links slower by a factor: what two processors can not show at full rate,
 * because all hosts share them, they can show over a longer time.
 */
export function slower(scenario: Scenario, factor: number): Scenario {
  const slow = ({ upMbit, downMbit, ...rest }: LinkRates): LinkRates => ({
    ...rest,
    upMbit: upMbit / factor,
    downMbit: downMbit / factor
  })
  return {
    ...scenario,
    name: `${scenario.name}/${factor}`,
    what: `${scenario.what}; all links slower by a factor of ${factor}`,
    sites: scenario.sites.map(site => ({
      ...site,
      hosts: site.hosts.map(slow),
      ...(site.wan === undefined ? {} : { wan: slow(site.wan) })
    }))
  }
}

export function contentBytes(scenario: Scenario): number {
  return scenario.files * scenario.fileBytes
}
