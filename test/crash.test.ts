/**
 * A node that is killed at random instants of a fetch, again and again: what it had claimed it has, what it has is
 * right, and it goes on from there. The other node throttles nothing; the instants are drawn over the whole transfer.
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import { seededRandom } from '../lab/fuzz.ts'
import { rounds } from '../lab/rounds.ts'
import type { Transfer } from '../src/api/transfer.ts'

const KILLS = rounds(6)
const ROUND_TIMEOUT_MS = 60_000
const folder = mkdtempSync(join(tmpdir(), 'peerage-crash-'))
const cluster = new Cluster(folder)
const files = new Map<string, Buffer>([
  ['large.bin', randomBytes(60_000_000)],
  ['medium.bin', randomBytes(700_001)],
  ...Array.from({ length: 200 }, (_, index): [string, Buffer] => [`small-${index}`, randomBytes(4096)])
])
let seed: ClusterNode
let victim: ClusterNode

before(async () => {
  mkdirSync(join(folder, 'source'))
  for (const [name, bytes] of files) writeFileSync(join(folder, 'source', name), bytes)
  seed = await cluster.found('seed', 's')
  victim = await cluster.join(await cluster.invite(), 'victim', 's')
  await cluster.meshed()
  assert.equal((await seed.run('publish', join(folder, 'source'), '--name', 'data')).exitCode, 0)
  await until('the victim knows the dataset', 10_000, async () => {
    const { datasets } = await victim.client.call('datasets', {})
    return datasets.length > 0
  })
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

test(`killed ${KILLS} times, it loses nothing that it claimed and claims nothing that is wrong`, {
  timeout: 600_000
}, async t => {
  const random = seededRandom(Date.now())
  let claimedBytes = 0
  let finished = 0
  let inMidst = 0
  // On a fast machine each may come when all is there: so later ones come sooner.
  const isEnough = (kill: number): boolean => kill >= (inMidst > 0 ? 1 : 4) * KILLS
  let kill = 0
  for (let round = 0; !isEnough(kill); round++) {
    const destination = join(folder, `copy-${round}`)
    const { id } = await victim.client.call('startTransfer', { name: 'data', version: null, destination })
    claimedBytes = 0
    for (;;) {
      const before = await watchFor(victim, id, random(400 / 2 ** Math.floor(kill / KILLS)))
      claimedBytes = before.haveBytes
      await victim.kill()
      kill++
      if (claimedBytes > 0 && before.state !== 'complete') inMidst++
      await victim.up()
      const after = await victim.client.call('transfer', { id })
      assert.ok(after.haveBytes >= claimedBytes, `claimed ${claimedBytes}, after the kill ${after.haveBytes}`)
      const everything = before.state === 'complete' || isEnough(kill) || random(4) === 0
      if (everything) break
    }
    await completes(id)
    finished++
    for (const [name, bytes] of files) assert.ok(readFileSync(join(destination, name)).equals(bytes), name)
    // The next round has to come over the network again.
    await victim.client.call('stopTransfer', { id, discard: true })
    rmSync(destination, { recursive: true })
  }
  t.diagnostic(`${kill} kills, ${inMidst} in the midst of a transfer, ${finished} transfers completed`)
  assert.ok(inMidst > 0, 'no kill met a transfer under way')
})

/** Waits until something has arrived, then for a random while, and tells what the node claims at that moment. */
async function watchFor(node: ClusterNode, id: string, waitMs: number): Promise<Transfer> {
  const startBytes = (await node.client.call('transfer', { id })).haveBytes
  await until('something arrives', ROUND_TIMEOUT_MS, async () => {
    const transfer = await node.client.call('transfer', { id })
    return transfer.haveBytes > startBytes || transfer.state === 'complete'
  })
  await delay(waitMs)
  return await node.client.call('transfer', { id })
}

async function completes(id: string): Promise<void> {
  await until('the transfer completes', ROUND_TIMEOUT_MS, async () => {
    const transfer = await victim.client.call('transfer', { id })
    assert.notEqual(transfer.state, 'failed', transfer.problem?.message)
    return transfer.state === 'complete'
  })
}
