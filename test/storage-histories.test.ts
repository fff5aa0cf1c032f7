/**
 * Random histories of an org of six devices on three sites that keeps copies: lab/storage-history.ts says what happens
 * to it and what has to hold. PEERAGE_SEED runs one again; what threads and the network do differs each time, so it may
 * take some runs to see the same.
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { holdersOf, sha256Of } from '../lab/ack-log.ts'
import { FaultyOrg } from '../lab/faulty-org.ts'
import { firstSeed, rounds } from '../lab/rounds.ts'
import { History } from '../lab/storage-history.ts'
import type { VersionId } from '../src/base/ids.ts'

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

test('what a node still writes while it is killed is not counted: it will not have it', async () => {
  await org.reset()
  const [, node = assert.fail('it has several nodes')] = org.nodes
  const bytes = randomBytes(100)
  const put = { version: 'ab'.repeat(32) as VersionId, stored: new Map([['file', sha256Of(bytes)]]) }
  const killed = org.kill(node)
  const folder = join(node.home, 'vault', put.version)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'file'), bytes)
  assert.deepEqual(holdersOf(put, org.nodes), [])
  await killed
  assert.deepEqual(holdersOf(put, org.nodes), [])
})

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
