import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type DeviceId, deviceIdFromBytes, type VersionId, versionIdFromBytes } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { Neighbourhood, SMALL_ORG_MAX } from '../../swarm/neighbours.ts'
import { ALONE_MS, LINKS_ON_DEMAND_MAX, SourceSearch, STARVING_MS, TRIAL_MS } from './source-search.ts'

const hashOf = (text: string): Uint8Array => createHash('sha256').update(text).digest()
const VERSION = versionIdFromBytes(hashOf('version'))

/** A device of a large organisation of two sites, and what it fetches. */
class Scene {
  readonly devices: DeviceId[]
  readonly neighbourhood: Neighbourhood
  readonly search = new SourceSearch()
  readonly silent = new Set<DeviceId>()
  readonly self: DeviceId
  /** By version. */
  readonly peers = new Map<VersionId, Set<DeviceId>>()
  readonly publisher: DeviceId
  receivedBytes = 0

  constructor(count = 200, kind: 'bringer' | 'other' = 'other') {
    this.devices = Array.from({ length: count }, (_, index) => deviceIdFromBytes(hashOf(`device ${index}`)))
    const members = this.devices.map((device, index) => ({ device, site: index % 2 === 0 ? 'near' : 'far' }))
    this.neighbourhood = new Neighbourhood(members)
    const isBringer = (device: DeviceId): boolean => this.neighbourhood.linksToPublisher(device, VERSION)
    const near = this.devices.filter(device => this.siteOf(device) === 'near')
    this.self = near.find(device => isBringer(device) === (kind === 'bringer')) ?? assert.fail()
    this.publisher = this.devices.find(device => this.siteOf(device) === 'far') ?? assert.fail()
    this.peers.set(VERSION, new Set())
  }

  siteOf(device: DeviceId): string | undefined {
    return this.neighbourhood.siteOf(device)
  }

  look(nowMs: number): DeviceId[] {
    const { self, neighbourhood, silent, publisher, receivedBytes } = this
    const fetching = [...this.peers].map(([version, peers]) => ({
      ...{ version, peers, publishers: [publisher], receivedBytes }
    }))
    return this.search.look({ nowMs, self, neighbourhood, silent, known: this.devices, fetching })
  }
}

test('one bringer of a site links with the publisher at once, the others when they are alone for a moment', () => {
  const bringer = new Scene(200, 'bringer')
  assert.deepEqual(bringer.look(0), [bringer.publisher])
  const other = new Scene()
  assert.deepEqual(other.look(0), [])
  assert.deepEqual(other.look(ALONE_MS - 1), [])
  assert.equal(other.look(ALONE_MS)[0], other.publisher)
})

test('who has company waits for as long as something comes, and not all of a site for the same time', () => {
  const scene = new Scene()
  const neighbour = scene.devices.at(-1) ?? assert.fail()
  scene.peers.get(VERSION)?.add(neighbour)
  for (let nowMs = 0; nowMs <= 10 * MINUTE_MS; nowMs += SECOND_MS) {
    scene.receivedBytes += nowMs % STARVING_MS === 0 ? 1 : 0
    assert.deepEqual(scene.look(nowMs), [])
  }
  const began = 10 * MINUTE_MS
  const hungryMs = [0, 1, 2, 3].map(which => {
    const each = new Scene()
    const all = each.devices.filter(
      device => each.siteOf(device) === 'near' && !each.neighbourhood.linksToPublisher(device, VERSION)
    )
    Object.assign(each, { self: all[which] })
    each.peers.get(VERSION)?.add(neighbour)
    for (let nowMs = 0; nowMs < began; nowMs += SECOND_MS) if (each.look(nowMs).length > 0) return nowMs
    return assert.fail('it never searches')
  })
  assert.ok(Math.min(...hungryMs) >= STARVING_MS)
  assert.ok(new Set(hungryMs).size > 1)
})

test('the publisher first, then the members of its own site, then all, until one has it', () => {
  const scene = new Scene()
  const tried: DeviceId[] = []
  scene.look(0)
  let nowMs = ALONE_MS
  for (; tried.length < scene.devices.length - 1; nowMs += SECOND_MS) {
    const sources = scene.look(nowMs)
    assert.ok(sources.length <= LINKS_ON_DEMAND_MAX)
    for (const device of sources) if (!tried.includes(device)) tried.push(device)
    assert.ok(nowMs < 2 * scene.devices.length * TRIAL_MS, 'all are tried in the end')
  }
  assert.equal(tried[0], scene.publisher)
  const sites = tried.slice(1).map(device => scene.siteOf(device))
  assert.deepEqual(sites, sites.toSorted().reverse(), 'those of its own site before the others')
  assert.ok(!tried.includes(scene.self))
})

test('who has it is kept while it is fetched, who does not answer is given up at once', () => {
  const scene = new Scene()
  scene.look(0)
  const first = scene.look(ALONE_MS)
  const [publisher, next] = first
  assert.ok(publisher !== undefined && next !== undefined)
  scene.peers.get(VERSION)?.add(publisher)
  scene.silent.add(next)
  const later = scene.look(ALONE_MS + 1)
  assert.ok(later.includes(publisher) && !later.includes(next))
  assert.deepEqual(scene.look(ALONE_MS + TRIAL_MS), [publisher])
  assert.deepEqual(scene.look(ALONE_MS + TRIAL_MS + SECOND_MS), [publisher])
  scene.peers.clear()
  assert.deepEqual(scene.look(ALONE_MS + TRIAL_MS + 2 * SECOND_MS), [])
})

test('others that want it as well and have nothing of it do not end the search', () => {
  const scene = new Scene()
  const { self, devices, publisher } = scene
  const peers = scene.peers.get(VERSION) ?? assert.fail()
  const named = new Set<DeviceId>()
  const most = 2 * devices.length * TRIAL_MS
  for (let nowMs = 0; named.size < devices.length - 1 && nowMs < most; nowMs += SECOND_MS)
    for (const device of scene.look(nowMs)) {
      named.add(device)
      if (device !== publisher) peers.add(device)
    }
  const left = devices.filter(device => device !== self && !named.has(device))
  assert.equal(left.length, 0, `${left.length} are never tried`)
})

test('who is found is kept for as long as something comes', () => {
  const scene = new Scene()
  const peers = scene.peers.get(VERSION) ?? assert.fail()
  scene.look(0)
  for (const device of scene.look(ALONE_MS)) peers.add(device)
  const found = [...peers]
  for (let nowMs = ALONE_MS; nowMs < 5 * MINUTE_MS; nowMs += SECOND_MS) {
    scene.receivedBytes++
    assert.deepEqual(scene.look(nowMs), found)
  }
})

test('what nobody has does not keep the rest from being searched for', () => {
  const scene = new Scene()
  for (let index = 0; index < 50; index++) scene.peers.set(versionIdFromBytes(hashOf(`${index}`)), new Set())
  const last = [...scene.peers.keys()].at(-1)
  const { self, neighbourhood, silent } = scene
  // Not present, so that it is tried as the publisher and not as one of all.
  const holder = deviceIdFromBytes(hashOf('holder'))
  const known = [...scene.devices, holder]
  const isFound = (nowMs: number): boolean => {
    const fetching = [...scene.peers].map(([version, peers]) => ({
      ...{ version, peers, publishers: version === last ? [holder] : [], receivedBytes: 0 }
    }))
    const sources = scene.search.look({ nowMs, self, neighbourhood, silent, known, fetching })
    assert.ok(sources.length <= LINKS_ON_DEMAND_MAX)
    return sources.includes(holder)
  }
  let nowMs = 0
  while (!isFound(nowMs) && nowMs < 10 * MINUTE_MS) nowMs += SECOND_MS
  assert.ok(nowMs < 2 * MINUTE_MS, `found after ${nowMs} ms`)
})

test('however much is fetched, there are no more links for it than are allowed', () => {
  const scene = new Scene()
  for (let index = 0; index < 50; index++) scene.peers.set(versionIdFromBytes(hashOf(`${index}`)), new Set())
  for (let nowMs = 0; nowMs < MINUTE_MS; nowMs += SECOND_MS)
    assert.ok(scene.look(nowMs).length <= LINKS_ON_DEMAND_MAX)
  assert.ok(scene.look(MINUTE_MS).length > 0)
})

test('in a small organisation there is nothing to search: all are linked', () => {
  const scene = new Scene(SMALL_ORG_MAX)
  scene.look(0)
  assert.deepEqual(scene.look(MINUTE_MS), [])
})
