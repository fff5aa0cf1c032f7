import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineWidth, MAP, placeSites, SITES_MAX, type SiteFacts } from './site-map.ts'

const site = (name: string, devices: number, isOwn = false): SiteFacts => ({
  ...{ site: name, region: null, isOwn, devices, linked: 1, rttMs: 5 },
  ...{ receiveBytesPerSecond: 10, sendBytesPerSecond: 0 }
})

test('the own site is in the middle and the others round it, all within the map', () => {
  for (const count of [1, 2, 3, 7, SITES_MAX]) {
    const others = Array.from({ length: count }, (_, index) => site(`s${index}`, 10 ** index))
    const placed = placeSites([...others, site('home', 3, true)])
    assert.equal(placed.length, count + 1)
    assert.deepEqual([placed[0]?.label, placed[0]?.x, placed[0]?.y], ['home', MAP.width / 2, MAP.height / 2])
    for (const { x, y, radius } of placed) {
      assert.ok(x - radius >= 0 && x + radius <= MAP.width, `${x}`)
      assert.ok(y - radius >= 0 && y + radius <= MAP.height, `${y}`)
    }
    for (const [index, one] of placed.entries())
      for (const other of placed.slice(index + 1))
        assert.ok(Math.hypot(one.x - other.x, one.y - other.y) > one.radius + other.radius, `${count}`)
  }
})

test('of many sites the smallest are one, and none is lost', () => {
  const many = Array.from({ length: 500 }, (_, index) => site(`s${index}`, index + 1))
  const placed = placeSites(many)
  assert.equal(placed.length, SITES_MAX + 1)
  assert.equal(placed.at(-1)?.label, `${500 - SITES_MAX} more sites`)
  const total = (of: readonly SiteFacts[]) => of.reduce((sum, { devices }) => sum + devices, 0)
  assert.equal(total(placed), total(many))
  assert.equal(placed[0]?.devices, 500)
})

test('a flow that is ten times another is wider, up to a limit', () => {
  assert.ok(lineWidth(0) < lineWidth(1e5) && lineWidth(1e5) < lineWidth(1e6))
  assert.equal(lineWidth(1e12), lineWidth(1e15))
})
