import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SCENARIOS, type Scenario, SMALL_SCENARIO } from '../lab/shaped/scenarios.ts'
import { defined } from '../src/base/assert.ts'
import { Refusal, readBytes, readCount } from './arguments.ts'
import { Invariants } from './invariants.ts'
import { compare, LABORATORY } from './laboratory.ts'
import { runScenario } from './scenario.ts'

const scenarioOf = (name: string): Scenario =>
  defined(
    SCENARIOS.find(each => each.name === name),
    'a scenario'
  )

/** Every mishap of the laboratory, in a network that is through in a second. */
const MISHAPS: Scenario = {
  ...{ name: 'mishaps', what: 'all at once', files: 3, fileBytes: 3_000_000 },
  sites: [{ name: 'one', hosts: Array.from({ length: 9 }, () => ({ upMbit: 50, downMbit: 50 })) }],
  ...{ killedShare: 0.5, lateShare: 0.75, hostileShare: 0.25 }
}

test('what is measured in the laboratory is simulated under the same names', () => {
  for (const name of Object.keys(LABORATORY))
    assert.ok(
      SCENARIOS.some(each => each.name === name),
      name
    )
})

test('a race over sites: all complete, little more than a copy into each site', async () => {
  const result = await runScenario(SMALL_SCENARIO, { seed: 1 })
  assert.deepEqual(result.unfinished, [])
  assert.ok(result.timesBound >= 1)
  for (const { site, copiesIn } of result.wan)
    if (site !== 'a') assert.ok(copiesIn > 1 && copiesIn < 1.4, `${copiesIn}`)
})

test('killed, late and hostile hosts: the others complete, and every invariant holds', async () => {
  const observer = new Invariants()
  const result = await runScenario(MISHAPS, { seed: 1, observer })
  assert.deepEqual(result.unfinished, [])
  assert.deepEqual(observer.breaches, [])
  assert.ok((observer.checks.get('kept') ?? 0) > 0, 'a killed host came back')
})

test('processors that are shared take time', async () => {
  const scenario = { ...scenarioOf('flat9'), fileBytes: 10_000_000 }
  const [shared, free] = [
    await runScenario(scenario, { seed: 1 }),
    await runScenario(scenario, { seed: 1, freeProcessors: true })
  ]
  assert.ok(free.lastSeconds < shared.lastSeconds)
  assert.ok(shared.busyShare > 0.3)
})

/** So many takers on links so thin that what fills their sockets takes more than a second to leave. */
const CROWD: Scenario = {
  ...{ name: 'crowd', what: 'many takers on thin links', files: 1, fileBytes: 12_500_000 },
  sites: [{ name: 'one', hosts: Array.from({ length: 17 }, () => ({ upMbit: 12.5, downMbit: 12.5 })) }]
}

/** What the swarm makes of the network alone; the bounds are those of docs/BENCHMARKS.md with some room. */
for (const [scenario, timesBound] of [
  [scenarioOf('flat9slow'), 1.22],
  [scenarioOf('mixed'), 1.35],
  [CROWD, 1.4]
] as const) {
  test(`${scenario.name}, as the network alone allows: the last within ${timesBound} of the bound`, async t => {
    const result = await runScenario(scenario, { seed: 1, freeProcessors: true })
    assert.deepEqual(result.unfinished, [])
    t.diagnostic(`the last took ${result.timesBound.toFixed(3)} of the bound`)
    assert.ok(result.timesBound <= timesBound)
  })
}

test('figures are held against those of the laboratory, with the error in percent', () => {
  const figures = defined(LABORATORY.sites3x4, 'figures')
  const wan = ['a', 'b', 'c'].map(site => ({ site, copiesIn: 1.13, copiesOut: 1 }))
  const rows = compare(figures, { medianSeconds: 13.5, lastSeconds: 6.8, sourceCopies: 5.76, wan })
  assert.equal(rows.length, 3 + 2 * 3)
  const errorOf = (what: string): number =>
    Math.round(
      defined(
        rows.find(row => row.what === what),
        what
      ).errorPercent
    )
  assert.equal(errorOf('median host, s'), 0)
  assert.equal(errorOf('last host, s'), -50)
  assert.equal(errorOf('copies by the source'), 100)
  assert.equal(errorOf('copies into b'), 0)
})

test('numbers and sizes are read strictly', () => {
  assert.equal(readCount('seed', '12', { least: 0, most: 20 }), 12)
  assert.equal(readBytes('bytes', '10G'), 10e9)
  assert.equal(readBytes('bytes', '1.5M'), 1_500_000)
  for (const text of ['', '-1', '1e3', '21', 'x'])
    assert.throws(() => readCount('seed', text, { least: 0, most: 20 }), Refusal)
  for (const text of ['', '10X', 'G', '0', '-5M', '9999T'])
    assert.throws(() => readBytes('bytes', text), Refusal)
})
