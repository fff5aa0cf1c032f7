import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bundlePixels,
  linePath,
  lineWidth,
  ROW_PIXELS,
  SITES_MAX,
  type SiteFacts,
  siteRows
} from './site-map.ts'

const site = (name: string, devices: number, isOwn = false): SiteFacts => ({
  ...{ site: name, region: null, isOwn, devices, linked: 1, rttMs: 5 },
  ...{ receiveBytesPerSecond: 10, sendBytesPerSecond: 0 }
})

test('the own site comes first and then the largest, and none is lost', () => {
  const rows = siteRows([site('b', 2), site('c', 7), site('a', 2), site('home', 1, true)])
  assert.deepEqual(
    rows.map(({ label }) => label),
    ['home', 'c', 'a', 'b']
  )
})

test('of many sites the smallest are one, and never only one of them', () => {
  const many = Array.from({ length: 500 }, (_, index) => site(`s${index}`, index + 1))
  const rows = siteRows(many)
  assert.equal(rows.length, SITES_MAX + 1)
  assert.deepEqual([rows.at(-1)?.label, rows.at(-1)?.isRest], [`${500 - SITES_MAX} more sites`, true])
  const total = (of: readonly SiteFacts[]) => of.reduce((sum, { devices }) => sum + devices, 0)
  assert.equal(total(rows), total(many))
  assert.ok(siteRows(many.slice(0, SITES_MAX + 1)).every(({ isRest }) => !isRest))
})

test('lines leave the middle of the map side by side, and end in the middle of their rows', () => {
  for (const count of [1, 2, 5, SITES_MAX + 1]) {
    const ends = Array.from({ length: count }, (_, index) => {
      const [, from, to] = /^M0 ([\d.]+)C.* 100 ([\d.]+)$/.exec(linePath(index, count, 0)) ?? []
      return [Number(from), Number(to)] as const
    })
    const middle = ends.reduce((sum, [from]) => sum + from, 0) / count
    assert.equal(middle, (count * ROW_PIXELS) / 2)
    assert.ok(Math.max(...ends.map(([from]) => from)) - middle < bundlePixels(count) / 2)
    for (const [index, [, to]] of ends.entries()) assert.equal(to, (index + 0.5) * ROW_PIXELS)
  }
})

test('a flow that is ten times another is wider, up to a limit', () => {
  assert.ok(lineWidth(0) < lineWidth(1e5) && lineWidth(1e5) < lineWidth(1e6))
  assert.equal(lineWidth(1e12), lineWidth(1e15))
})
