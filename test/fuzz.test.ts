/** Every decoder's fuzz target for a fixed number of inputs; `npm run fuzz` goes on for longer. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type FuzzTarget, fuzzTargetFiles, runTarget } from '../lab/fuzz.ts'

const ITERATIONS = 8000
const BUDGET_MS = 4000

for (const [name, file] of fuzzTargetFiles()) {
  test(`fuzz ${name}`, async t => {
    const target = (await import(pathToFileURL(file).href)) as FuzzTarget
    assert.ok(target.seeds.length > 0, 'a target brings seeds, or its mutants reach nothing')
    const result = runTarget(target, { iterationsMax: ITERATIONS, untilMs: Date.now() + BUDGET_MS, seed: 1 })
    if (result.finding !== undefined) {
      assert.fail(`input ${result.finding.inputHex}: ${String(result.finding.thrown)}`)
    }
    t.diagnostic(`${result.iterations} inputs`)
  })
}

test('the fuzzer finds a planted fault', () => {
  const planted: FuzzTarget = {
    seeds: [Buffer.from('d3:keyi42ee')],
    fuzz: input => {
      if (input[0] === 0x64 && input.length > 3 && input[2] === 0xff) throw new Error('planted')
    }
  }
  const { finding } = runTarget(planted, { iterationsMax: 200_000, untilMs: Date.now() + BUDGET_MS, seed: 1 })
  assert.match(String(finding?.thrown), /planted/)
})
