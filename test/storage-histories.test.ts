/**
 * Random histories of an org of six devices on three sites that keeps copies: lab/storage-history.ts says what happens
 * to it and what has to hold. PEERAGE_SEED runs one again; what threads and the network do differs each time, so it may
 * take some runs to see the same.
 */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { FaultyOrg } from '../lab/faulty-org.ts'
import { firstSeed, rounds } from '../lab/rounds.ts'
import { History } from '../lab/storage-history.ts'

const RUNS = rounds(1)
const STEPS = 25
const FIRST_SEED = firstSeed(9000)
const IS_LOUD = process.env.PEERAGE_SEED !== undefined

const org = new FaultyOrg([
  { name: 'office', site: 'berlin', offers: false },
  { name: 'ber', site: 'berlin', offers: true },
  { name: 'par-1', site: 'paris', offers: true },
  { name: 'par-2', site: 'paris', offers: true },
  { name: 'rom-1', site: 'rome', offers: true },
  { name: 'rom-2', site: 'rome', offers: true }
])

before(() => org.prepare())
after(() => org.stop())

test(`${RUNS} histories lose nothing acknowledged, and leave nothing that was erased`, {
  timeout: RUNS * 120_000
}, async t => {
  const did = new Map<string, number>()
  let acknowledged = 0
  for (let run = 0; run < RUNS; run++) {
    const seed = FIRST_SEED + run
    await org.reset()
    const said: string[] = []
    const history = new History(org, { seed, steps: STEPS, say: text => said.push(text) })
    try {
      await history.run()
    } catch (thrown) {
      t.diagnostic(`seed ${seed} after: ${said.join('; ')}`)
      throw thrown
    } finally {
      if (IS_LOUD) t.diagnostic(`seed ${seed}: ${said.join('; ')}`)
    }
    for (const [what, times] of history.did) did.set(what, (did.get(what) ?? 0) + times)
    acknowledged += history.log.puts.filter(({ isAcknowledged }) => isAcknowledged).length
  }
  t.diagnostic(
    `${RUNS} histories from seed ${FIRST_SEED}, ${acknowledged} acknowledged puts; ${[...did].join(' ')}`
  )
  assert.ok(acknowledged > 0, 'something was acknowledged')
})
