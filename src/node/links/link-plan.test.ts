import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type DeviceId, deviceIdFromBytes } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { type Member, NEIGHBOURS_MAX, Neighbourhood, SMALL_ORG_MAX } from '../../swarm/neighbours.ts'
import { MEMBER_LINKS_MAX } from '../transport/transport.ts'
import {
  dialOrder,
  FEW_LINKS,
  type LinkView,
  SETTLE_MS,
  surplusLinks,
  VISIT_TURNS,
  visited
} from './link-plan.ts'

const DIALS_AT_ONCE = 8
const ROUND_MS = SECOND_MS

function devicesOf(count: number): DeviceId[] {
  return Array.from({ length: count }, (_, index) =>
    deviceIdFromBytes(createHash('sha256').update(`linked device ${index}`).digest())
  )
}

interface Peer {
  readonly device: DeviceId
  readonly site: string
  isUp: boolean
  /** Who dialled, and since when. */
  readonly links: Map<DeviceId, { readonly isOurs: boolean; readonly sinceMs: number }>
  readonly silent: Set<DeviceId>
  readonly sources: DeviceId[]
  readonly forFetch: Set<DeviceId>
  /** Whom it takes for present; all unless said otherwise. */
  present: (device: DeviceId) => boolean
}

/** Many devices that follow the plan, a round each second. */
class Org {
  readonly peers = new Map<DeviceId, Peer>()
  nowMs = 0
  dials = 0
  hangUps = 0
  /** Whether two reach each other. */
  isCut: (a: Peer, b: Peer) => boolean = () => false

  constructor(sites: readonly number[]) {
    const devices = devicesOf(sites.reduce((sum, each) => sum + each, 0))
    let next = 0
    for (const [index, count] of sites.entries())
      for (let at = 0; at < count; at++) {
        const device = devices[next++] ?? assert.fail()
        const sets = { silent: new Set<DeviceId>(), sources: [], forFetch: new Set<DeviceId>() }
        const site = `site ${index}`
        this.peers.set(device, { device, site, isUp: true, links: new Map(), ...sets, present: () => true })
      }
  }

  get all(): Peer[] {
    return [...this.peers.values()]
  }

  get living(): Peer[] {
    return this.all.filter(({ isUp }) => isUp)
  }

  viewOf(peer: Peer): LinkView {
    const present = this.all.filter(({ device }) => device === peer.device || peer.present(device))
    const members: Member[] = present.map(({ device, site }) => ({ device, site }))
    return {
      self: peer.device,
      neighbourhood: new Neighbourhood(members),
      known: this.all.map(({ device }) => device).filter(device => device !== peer.device),
      linked: new Set(peer.links.keys()),
      silent: peer.silent,
      sources: peer.sources,
      turn: Math.floor(this.nowMs / (30 * SECOND_MS))
    }
  }

  /** Ends when nothing happens any more; with how many rounds. */
  settle(most = 60): number {
    for (let round = 1; round <= most; round++) {
      const before = this.dials + this.hangUps
      this.round()
      if (before === this.dials + this.hangUps) return round
    }
    return assert.fail(`after ${most} rounds there is no end to it`)
  }

  round(): void {
    this.nowMs += ROUND_MS
    for (const peer of this.living) {
      const view = this.viewOf(peer)
      const due = dialOrder(view).filter(device => !peer.silent.has(device))
      for (const device of due.slice(0, DIALS_AT_ONCE)) this.#dial(peer, this.peers.get(device))
      const links = [...peer.links].map(([device, { isOurs, sinceMs }]) => ({
        ...{ device, direction: isOurs ? ('outbound' as const) : ('inbound' as const) },
        ...{ ageMs: this.nowMs - sinceMs, isForFetch: peer.forFetch.has(device) }
      }))
      for (const device of surplusLinks(view, links, () => false)) {
        this.hangUps++
        peer.links.delete(device)
        this.peers.get(device)?.links.delete(peer.device)
      }
    }
  }

  #dial(from: Peer, to: Peer | undefined): void {
    assert.ok(to !== undefined)
    if (from.links.has(to.device)) return
    this.dials++
    if (!to.isUp || this.isCut(from, to) || to.links.size >= MEMBER_LINKS_MAX) {
      from.silent.add(to.device)
      return
    }
    from.links.set(to.device, { isOurs: true, sinceMs: this.nowMs })
    to.links.set(from.device, { isOurs: false, sinceMs: this.nowMs })
    if ([...from.sources, ...visited(this.viewOf(from))].includes(to.device)) from.forFetch.add(to.device)
    from.silent.delete(to.device)
    to.silent.delete(from.device)
  }

  die(peer: Peer): void {
    peer.isUp = false
    for (const device of peer.links.keys()) this.peers.get(device)?.links.delete(peer.device)
    peer.links.clear()
  }

  /** Whom the first reaches over those that pass on what they hear. */
  reachable(isHonest: (peer: Peer) => boolean = () => true): Set<Peer> {
    const seen = new Set(this.living.filter(isHonest).slice(0, 1))
    for (const peer of seen)
      for (const device of peer.links.keys()) {
        const other = this.peers.get(device)
        if (other !== undefined && isHonest(other)) seen.add(other)
      }
    return seen
  }

  reached(): number {
    return this.reachable().size
  }

  get most(): number {
    return Math.max(...this.living.map(({ links }) => links.size))
  }
}

function even(count: number, sites: number): number[] {
  return Array.from({ length: sites }, (_, site) => Math.floor((count + site) / sites))
}

for (const sites of [
  [2],
  [1, 1],
  [10],
  even(SMALL_ORG_MAX, 4),
  [200],
  even(150, 5),
  even(90, 60),
  [120, 1, 1, 7]
])
  test(`devices in sites of ${sites.slice(0, 6).join(', ')}: all are linked in seconds, and then nothing moves`, () => {
    const org = new Org(sites)
    org.settle()
    assert.equal(org.reached(), org.peers.size)
    assert.ok(org.most <= NEIGHBOURS_MAX)
    for (const { links } of org.all) assert.ok(links.size >= Math.min(FEW_LINKS, org.peers.size - 1))
    const { dials, hangUps } = org
    for (let round = 0; round < 2; round++) org.round()
    assert.deepEqual([org.dials, org.hangUps], [dials, hangUps])
  })

test('devices that die in silence are replaced, and the rest stays together', () => {
  const org = new Org(even(180, 6))
  org.settle()
  for (const [index, peer] of org.all.entries()) if (index % 10 < 3) org.die(peer)
  const before = org.dials
  org.settle()
  assert.equal(org.reached(), org.living.length)
  assert.ok(org.most <= NEIGHBOURS_MAX)
  assert.ok((org.dials - before) / org.living.length < 2 * NEIGHBOURS_MAX)
})

test('all start at once with a third dead that everybody takes for present', () => {
  const org = new Org([100, 40, 3])
  for (const [index, peer] of org.all.entries()) if (index % 3 === 0) org.die(peer)
  org.settle()
  assert.equal(org.reached(), org.living.length)
})

test('parts that lost each other for so long that neither takes the other for present find together', () => {
  const org = new Org([60, 60])
  const [one, two] = [new Set<DeviceId>(), new Set<DeviceId>()]
  for (const { device, site } of org.all) (site === 'site 0' ? one : two).add(device)
  for (const peer of org.all) {
    const own = one.has(peer.device) ? one : two
    peer.present = device => own.has(device)
  }
  org.isCut = (a, b) => a.site !== b.site
  for (let round = 0; round < 10; round++) org.round()
  assert.equal(org.reached(), 60)
  org.isCut = () => false
  for (const { silent } of org.all) silent.clear()
  org.round()
  assert.equal(org.reached(), 120)
})

test('a link made for a fetch is kept while it is needed, and given up after', () => {
  const org = new Org([200])
  org.settle()
  const [peer] = org.all
  assert.ok(peer !== undefined)
  const far = org.all.find(({ device }) => device !== peer.device && !peer.links.has(device))
  assert.ok(far !== undefined)
  peer.sources.push(far.device)
  org.round()
  assert.ok(peer.links.has(far.device))
  org.nowMs += SETTLE_MS
  org.round()
  assert.ok(peer.links.has(far.device))
  peer.sources.length = 0
  org.round()
  assert.ok(!peer.links.has(far.device) && !far.links.has(peer.device))
})

test('links beyond what the rule allows for are given up by who dialled them, unless something comes over them', () => {
  const org = new Org([200])
  org.settle()
  const [peer] = org.all
  assert.ok(peer !== undefined)
  const view = org.viewOf(peer)
  const links = view.known.map(device => {
    const isForFetch = false
    return { device, direction: 'outbound' as const, ageMs: SETTLE_MS, isForFetch }
  })
  const surplus = surplusLinks(view, links, () => false)
  assert.equal(links.length - surplus.length, NEIGHBOURS_MAX)
  const { neighbourhood, self } = view
  for (const device of surplus) {
    assert.ok(!neighbourhood.chosenBy(self).includes(device))
    assert.ok(!neighbourhood.chosenBy(device).includes(self))
  }
  assert.deepEqual(
    surplusLinks(view, links, () => true),
    []
  )
  const inbound = links.map(link => ({ ...link, direction: 'inbound' as const }))
  assert.deepEqual(
    surplusLinks(view, inbound, () => false),
    []
  )
})

test('who has no room is left alone, and the next in order is dialled', () => {
  const org = new Org([200])
  const [peer] = org.all
  assert.ok(peer !== undefined)
  const wanted = org.viewOf(peer).neighbourhood.chosenBy(peer.device)
  const full = org.peers.get(wanted[0] ?? assert.fail())
  assert.ok(full !== undefined)
  const others = org.all.filter(other => other !== full && other !== peer).slice(0, MEMBER_LINKS_MAX)
  for (const { device } of others) full.links.set(device, { isOurs: false, sinceMs: 0 })
  assert.equal(dialOrder(org.viewOf(peer))[0], full.device)
  peer.silent.add(full.device)
  const next = dialOrder(org.viewOf(peer)).filter(device => !wanted.includes(device))
  assert.equal(next.length > 0, true)
})

test('a site all of whose bringers conspire hears of the others nevertheless, by visits that do not stay', () => {
  const org = new Org([40, 40])
  const { neighbourhood } = org.viewOf(org.all[0] ?? assert.fail())
  // Whoever is first in order when those before are gone; so many are linked with each other, and with other sites.
  const conspiring = new Set<DeviceId>()
  for (let times = 0; times < 2; times++)
    for (const device of neighbourhood.bringersOf('site 1', conspiring)) conspiring.add(device)
  const isHonest = ({ device }: Peer): boolean => !conspiring.has(device)
  // When all start at once some find each other over sites by having few links.
  org.isCut = (a, b) => a.site !== b.site && isHonest(a) && isHonest(b)
  for (let round = 0; round < 10; round++) org.round()
  org.isCut = () => false
  for (const { silent } of org.all) silent.clear()
  org.round()
  assert.ok([...org.reachable(isHonest)].every(({ site }) => site === 'site 0'))
  const links = (): number => org.all.reduce((sum, each) => sum + each.links.size, 0)
  const settled = links()
  let heard = 0
  for (let turn = 0; turn < 3 * VISIT_TURNS; turn++) {
    org.nowMs += 28 * SECOND_MS
    for (let round = 0; round < 2; round++) org.round()
    if ([...org.reachable(isHonest)].some(({ site }) => site === 'site 1')) heard++
  }
  assert.ok(heard > 0, 'never')
  assert.ok(links() - settled <= 8, `${links() - settled} more links`)
})

test('of a site, however large, about one device visits in so many turns, and not always the same', () => {
  for (const sites of [[400, 40], even(90, 60)]) {
    const org = new Org(sites)
    const rounds = 30
    const visits = new Map<string, number>()
    const views = org.all.map(peer => ({ peer, view: org.viewOf(peer) }))
    for (const { peer, view } of views)
      for (let turn = 0; turn < rounds * VISIT_TURNS; turn++)
        for (const device of visited({ ...view, turn })) {
          visits.set(peer.site, (visits.get(peer.site) ?? 0) + 1)
          assert.notEqual(org.peers.get(device)?.site, peer.site)
        }
    assert.equal(visits.size, sites.length)
    for (const [site, count] of visits)
      assert.ok(count > 0.4 * rounds && count < 2 * rounds, `${site}: ${count} visits in ${rounds}`)
  }
})
