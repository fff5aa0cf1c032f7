import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { deviceIdFromBytes } from '../base/ids.ts'
import { BRINGERS_PER_SITE, bringersOf, type Member, NEIGHBOURS_MAX, neighbourPairs } from './neighbours.ts'

function members(count: number, sites: number): Member[] {
  return Array.from({ length: count }, (_, index) => ({
    device: deviceIdFromBytes(createHash('sha256').update(`device ${index}`).digest()),
    site: `site ${index % sites}`,
    isComplete: index === 0
  }))
}

function degrees(count: number, pairs: readonly (readonly [number, number])[]): number[] {
  const degree = new Array<number>(count).fill(0)
  for (const pair of pairs) for (const index of pair) degree[index] = (degree[index] ?? 0) + 1
  return degree
}

/** How many steps it takes from the first member to all that can be reached, and how many those are. */
function reach(
  count: number,
  pairs: readonly (readonly [number, number])[]
): { steps: number; reached: number } {
  const linked = Array.from({ length: count }, () => [] as number[])
  for (const [a, b] of pairs) {
    linked[a]?.push(b)
    linked[b]?.push(a)
  }
  const seen = new Set([0])
  let steps = 0
  for (let edge = [0]; edge.length > 0; steps++) {
    edge = edge.flatMap(from => linked[from] ?? []).filter(next => !seen.has(next) && seen.add(next))
    if (edge.length === 0) break
  }
  return { steps, reached: seen.size }
}

test('a small organisation of one site is linked all with all', () => {
  assert.equal(neighbourPairs(members(10, 1)).length, (10 * 9) / 2)
})

for (const [count, sites] of [
  [300, 1],
  [1000, 5],
  [3000, 50],
  [600, 120]
] as const)
  test(`${count} devices in ${sites} sites: few streams each, and everybody is near`, () => {
    const pairs = neighbourPairs(members(count, sites))
    assert.ok(Math.max(...degrees(count, pairs)) <= NEIGHBOURS_MAX)
    const { steps, reached } = reach(count, pairs)
    assert.equal(reached, count)
    assert.ok(steps <= 7, `${steps} steps`)
  })

test('between sites only bringers are linked, and who has the version is one', () => {
  const all = members(500, 5)
  const bringers = bringersOf(all)
  for (const them of bringers.values()) assert.equal(them.length, BRINGERS_PER_SITE)
  assert.equal(bringers.get('site 0')?.[0], all[0])
  const isBringer = new Set([...bringers.values()].flat())
  for (const [a, b] of neighbourPairs(all)) {
    const [one, other] = [all[a], all[b]]
    if (one === undefined || other === undefined || one.site === other.site) continue
    assert.ok(isBringer.has(one) && isBringer.has(other))
  }
})

test('the order in which members are listed changes nothing for whom a device is linked to', () => {
  const all = members(200, 3)
  const named = (list: readonly Member[]): string[] =>
    neighbourPairs(list)
      .map(([a, b]) => [list[a]?.device, list[b]?.device].toSorted().join(' '))
      .toSorted()
  assert.deepEqual(named(all), named(all.toReversed()))
})
