/** Limits of bandwidth with real nodes: they hold at once, for what is under way too, over restarts and crashes. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import type { Limits } from '../src/api/limits.ts'
import type { Transfer } from '../src/api/transfer.ts'

const LONG_MS = 60_000
/** How soon a change has to hold. */
const SOON_MS = 2000
const MEASURED_MS = 6000
const MIB = 1024 * 1024
const folder = mkdtempSync(join(tmpdir(), 'peerage-limits-'))
const cluster = new Cluster(folder)
const LARGE_BYTES = 300_000_000
let seed: ClusterNode
let far: ClusterNode
let near: ClusterNode

async function publish(name: string, bytes: Buffer): Promise<void> {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  assert.equal((await seed.run('publish', path, '--name', name)).exitCode, 0)
}

before(async () => {
  seed = await cluster.found('seed', 's')
  far = await cluster.join(await cluster.invite(), 'far', 'w')
  near = await cluster.join(await cluster.invite(), 'near', 's')
  await cluster.meshed()
  await publish('large', randomBytes(LARGE_BYTES))
  await publish('small', randomBytes(20 * MIB))
  for (const node of [far, near])
    await until('the datasets are known', LONG_MS, async () => {
      return (await node.client.call('datasets', {})).datasets.length === 2
    })
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function start(node: ClusterNode, name: string): Promise<string> {
  const destination = join(folder, `${node.name}-${name}`)
  const order = { name, version: null, destination }
  return (await node.client.call('startTransfer', order)).id
}

async function transfer(node: ClusterNode, id: string): Promise<Transfer> {
  return await node.client.call('transfer', { id })
}

/** Payload that the seed sends in bytes per second, over the next while: counted by block, not by piece. */
async function rate(): Promise<number> {
  const sent = async (): Promise<number> => (await seed.client.call('status', {})).sentBytes
  const [before, beforeMs] = [await sent(), performance.now()]
  await delay(MEASURED_MS)
  return (((await sent()) - before) * 1000) / (performance.now() - beforeMs)
}

/** Never above what is allowed; below it as far as a machine that is busy with other things makes it. */
function isNear(value: number, allowed: number): void {
  const isKept = value <= 1.1 * allowed && value >= 0.6 * allowed
  assert.ok(isKept, `${Math.round(value)} bytes per second, not ${allowed}`)
}

test('caps hold at once for what is under way, at who sends and at who asks, and are told', {
  timeout: 3 * LONG_MS
}, async () => {
  // So that it is not over before the first cap is there.
  await far.json('limits', 'set', '--down', '16MB/s', '--id', 'office')
  const id = await start(far, 'large')
  await seed.json('limits', 'set', '--up', '4MB/s', '--link', 'wan')
  await until('it fetches', LONG_MS, async () => (await transfer(far, id)).receivedBytes > 0)
  await delay(SOON_MS)
  isNear(await rate(), 4_000_000)
  const [rule] = (await seed.client.call('limits', {})).rules
  assert.ok(rule?.holdsUp && rule.inForce)
  isNear(rule.currentBytesPerSecond, 4_000_000)
  const { restraints } = await transfer(far, id)
  assert.deepEqual(
    restraints.map(({ kind }) => kind),
    ['peers']
  )
  assert.match((await far.run('transfers')).stdout, /peers limit what they send to/)
  assert.match((await seed.run('status')).stdout, /limited +limit 1: up at most 4.00 MB\/s/)

  await far.json('limits', 'set', '--down', '1MB/s', '--id', 'office')
  await delay(SOON_MS)
  isNear(await rate(), 1_000_000)
  assert.deepEqual(
    (await transfer(far, id)).restraints
      .map(({ kind, rule }) => [kind, rule])
      .filter(([kind]) => kind === 'cap'),
    [['cap', 'office']]
  )

  await far.json('limits', 'set', '--down', '8MB/s', '--id', 'office')
  await seed.json('limits', 'set', '--up', '2MB/s', '--link', 'wan')
  await delay(SOON_MS)
  isNear(await rate(), 2_000_000)

  await seed.json('limits', 'set', '--up', '0', '--link', 'wan')
  await delay(SOON_MS)
  assert.equal(await rate(), 0)
  const { peers, misbehaved } = await far.client.call('activity', {})
  assert.deepEqual(misbehaved, [])
  assert.ok(peers.every(({ stalled }) => !stalled))

  await seed.json('limits', 'clear')
  await far.json('limits', 'clear')
  await until('it is complete', LONG_MS, async () => (await transfer(far, id)).state === 'complete')
  const { wastedBytes } = await transfer(far, id)
  assert.ok(wastedBytes < 0.01 * LARGE_BYTES, `${wastedBytes} bytes came in vain`)
})

test('a WAN budget that is spent is told, survives kill -9, and leaves the LAN alone', {
  timeout: 3 * LONG_MS
}, async () => {
  await far.json('limits', 'budget', '--down', '8MiB', '--zone', 'Europe/Berlin')
  const id = await start(far, 'small')
  const isSpent = async () => (await transfer(far, id)).restraints.some(({ kind }) => kind === 'budget')
  await until('the budget is spent', LONG_MS, isSpent)
  // What is asked for counts at once, and comes a moment later.
  await until(
    'what was asked for is here',
    LONG_MS,
    async () => (await transfer(far, id)).receivedBytes > 6 * MIB
  )
  await delay(SOON_MS)
  const { receivedBytes } = await transfer(far, id)
  assert.ok(receivedBytes < 9 * MIB, `${receivedBytes}`)
  assert.match(
    (await far.run('transfers')).stdout,
    /waits for the WAN budget \(down\) until .* Europe\/Berlin/
  )
  const [budget] = (await far.client.call('limits', {})).budgets
  assert.ok(budget?.spent)

  await far.kill()
  await far.up()
  const [kept] = (await far.client.call('limits', {})).budgets
  assert.ok((kept?.usedBytes ?? 0) >= budget.usedBytes, 'nothing that was used is forgotten')
  await until('it waits again', LONG_MS, isSpent)

  await near.json('limits', 'budget', '--down', '1MiB', '--zone', 'UTC')
  const local = await start(near, 'small')
  await until('the LAN goes on', LONG_MS, async () => (await transfer(near, local)).state === 'complete')

  await far.json('limits', 'budget', '--down', '100MiB', '--zone', 'Europe/Berlin')
  await until('it goes on when the budget is raised', LONG_MS, async () => {
    return (await transfer(far, id)).state === 'complete'
  })
  await far.json('limits', 'budget', '--down', 'none')
  assert.deepEqual((await far.client.call('limits', {})).budgets, [])
})

test('limits are kept over a restart, numbered, and ended by their id', { timeout: LONG_MS }, async () => {
  await far.json('limits', 'set', '--up', '5MB/s', '--down', '20Mbit/s', '--link', 'wan')
  const hours = 'mon-fri 08:00-18:00 Europe/Berlin'
  await far.json('limits', 'set', '--background', 'up', '--hours', hours, '--class', 'internal')
  await far.stop()
  await far.up()
  const { rules } = await far.json<Limits>('limits')
  assert.deepEqual(
    rules.map(({ id, kind, direction, link, dataClass, hours, bytesPerSecond }) => [
      ...[id, kind, direction, link, dataClass, hours, bytesPerSecond]
    ]),
    [
      ['1', 'cap', 'up', 'wan', 'all', null, 5_000_000],
      ['2', 'cap', 'down', 'wan', 'all', null, 2_500_000],
      ['3', 'background', 'up', 'all', 'internal', hours, null]
    ]
  )
  assert.ok((rules[2]?.nextChangeAtMs ?? 0) > Date.now())
  assert.equal((await far.json<Limits>('limits', 'remove', '2')).rules.length, 2)
  assert.equal((await far.json<Limits>('limits', 'clear')).rules.length, 0)
})

test('what can not be a limit is refused with what is wrong', { timeout: LONG_MS }, async () => {
  for (const [args, fault] of [
    [['set', '--up', 'fast'], /--up can not be "fast": write a rate such as/],
    [['set', '--up', '1kB/s'], /a cap is 0, which lets nothing pass, or from/],
    [['set', '--up', '20Mb/s'], /--up can not be "20Mb\/s": write a rate .* with B for bytes/],
    [['set', '--background', 'sideways'], /--background can not be "sideways": write up, down, or nothing/],
    [['set', '--link', 'wan'], /say what to limit/],
    [['set', '--up', '1MB/s', '--link', 'vpn'], /vpn/],
    [['set', '--up', '1MB/s', '--hours', 'mon-fri'], /has no times of day/],
    [['set', '--up', '1MB/s', '--hours', '08:00-18:00 Europe/Berlln'], /Europe\/Berlln is no time zone/],
    [['set', '--up', '1MB/s', '--down', '1MB/s', '--id', 'x'], /--id names one limit/],
    [['set', '--up', '1MB/s', '--id', 'No Id'], /can not be the id of a limit/],
    [['budget'], /say how much/],
    [['budget', '--up', '5'], /--up can not be "5": write a size/],
    [['budget', '--up', '5kB'], /a budget is from/],
    [['budget', '--up', '5GB', '--zone', 'Berlin'], /Berlin is no time zone/]
  ] as const)
    assert.match(await far.refused('USAGE', 'limits', ...args), fault)
  assert.match(await far.refused('LIMIT_UNKNOWN', 'limits', 'remove', '9'), /no limit 9 is set here/)
  assert.deepEqual((await far.client.call('limits', {})).rules, [])
})
