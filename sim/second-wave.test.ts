/** Devices that come when others have long been complete: nothing says to the sources that there are many of them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeContent } from './content.ts'
import { Random } from './random.ts'
import { World } from './world.ts'

const MBIT = 1_000_000 / 8
const SOURCES = 6
const BYTES = 50_000_000
const LINK_MBIT = 100

test('six sources do not leave three devices with a tenth of the uplink to each other', async t => {
  const world = new World({ content: makeContent([BYTES]), random: new Random(1), lanDelayMs: 0.2 })
  const link = { upMbit: LINK_MBIT, downMbit: LINK_MBIT }
  for (let i = 0; i < SOURCES; i++) world.addHost({ ...link, site: 'one', isSource: true })
  const thin = { ...link, upMbit: LINK_MBIT / 10 }
  const takers = [0, 1, 2].map(() => world.addHost({ ...thin, site: 'one', isSource: false }))
  for (const host of world.hosts) world.up(host)
  await world.engine.run(2000, { isDone: () => false })
  const startMs = world.engine.nowMs
  for (const host of takers) host.fetch()
  await world.engine.run(startMs + 60_000, { isDone: () => takers.every(host => host.isComplete) })
  const times = takers.map(host => ((host.completedMs ?? Number.NaN) - startMs) / 1000)
  const boundSeconds = BYTES / (LINK_MBIT * MBIT)
  t.diagnostic(`complete after ${times.map(s => s.toFixed(1)).join(', ')} s; bound ${boundSeconds} s`)
  for (const seconds of times) assert.ok(seconds <= boundSeconds + 2.5, `${seconds} s`)
})
