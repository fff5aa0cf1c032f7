import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bound } from './bound.ts'
import { planNetwork } from './network-plan.ts'
import { type LinkRates, SCENARIOS, type Scenario, type SiteShape } from './scenarios.ts'

const MB = 1_000_000
const GIGABIT = { upMbit: 1000, downMbit: 1000 }

function boundOf(sites: readonly SiteShape[], more: Partial<Scenario> = {}, absent?: Map<string, number>) {
  const scenario = { name: 'x', what: '', sites, files: 1, fileBytes: 10 * MB, ...more }
  const { seconds, cut } = bound(planNetwork(scenario, 1), 10 * MB, absent)
  return { seconds: Number(seconds.toFixed(6)), cut }
}

function one(...hosts: LinkRates[]): SiteShape[] {
  return [{ name: 'one', hosts }]
}

test('each cut can be the one that sets the bound', () => {
  const slowSource = { upMbit: 8, downMbit: 1000 }
  assert.deepEqual(boundOf(one(slowSource, GIGABIT)), { seconds: 10, cut: 'uplink of the source' })

  const slowSink = { upMbit: 1000, downMbit: 4 }
  assert.deepEqual(boundOf(one(GIGABIT, GIGABIT, slowSink)), { seconds: 20, cut: 'downlink of h2' })

  // 4 copies have to leave through 20 + 4 x 5 Mbit/s.
  const weak = { upMbit: 5, downMbit: 1000 }
  const uplinks = one({ upMbit: 20, downMbit: 1000 }, weak, weak, weak, weak)
  assert.deepEqual(boundOf(uplinks), { seconds: 8, cut: 'all uplinks' })

  const site = (name: string, upMbit: number, downMbit: number, hosts = [GIGABIT, GIGABIT]) => ({
    name,
    hosts,
    wan: { upMbit, downMbit }
  })
  const into = boundOf([site('a', 100, 100), site('b', 100, 10)])
  assert.deepEqual(into, { seconds: 8, cut: 'WAN into site b' })
  const out = boundOf([site('a', 10, 100), site('b', 100, 100)])
  assert.deepEqual(out, { seconds: 8, cut: 'WAN out of site a' })
  // 3 copies have to leave through 20 + 1 + 1 + 2 Mbit/s of WAN.
  const all = boundOf([site('a', 20, 99), site('b', 1, 99), site('c', 1, 99), site('d', 2, 99)])
  assert.deepEqual(all, { seconds: 10, cut: 'all WAN uplinks' })

  // 3 copies into a site, of which one comes over its WAN link: its hosts can send little to each other.
  const mute = { upMbit: 1, downMbit: 1000 }
  const inside = boundOf([site('a', 50, 50), site('b', 50, 21, [mute, mute, mute])])
  assert.deepEqual(inside, { seconds: 10, cut: 'inside site b' })
})

test('a host that was absent has its downlink for less long', () => {
  const absent = new Map([['h1', 3]])
  assert.deepEqual(boundOf(one(GIGABIT, { upMbit: 10, downMbit: 20 }), {}, absent), {
    seconds: 7,
    cut: 'downlink of h1'
  })
})

test('a hostile host counts neither as a receiver nor for its uplink', () => {
  const weak = { upMbit: 5, downMbit: 1000 }
  const sites = one({ upMbit: 20, downMbit: 1000 }, weak, weak, weak, weak)
  // 3 copies through 20 + 3 x 5 Mbit/s.
  const { seconds, cut } = boundOf(sites, { hostileShare: 0.25 })
  assert.equal(cut, 'all uplinks')
  assert.equal(seconds, Number((240 / 35).toFixed(6)))
})

test('the bounds of the scenarios are those of the links that they are named for', () => {
  const seconds = (name: string): number => {
    const scenario = SCENARIOS.find(each => each.name === name)
    assert.ok(scenario)
    return bound(planNetwork(scenario, 1), scenario.files * scenario.fileBytes).seconds
  }
  assert.equal(seconds('flat9'), 8)
  assert.equal(seconds('flat17'), 8)
  assert.equal(seconds('sites3x4'), 10)
  assert.equal(Number(seconds('sites5').toFixed(3)), Number((200 / 12).toFixed(3)))
  assert.equal(Number(seconds('mixed').toFixed(3)), Number(((8 * 800) / 630).toFixed(3)))
})
