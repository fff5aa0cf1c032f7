/**
 * A node that starts again has its state from a snapshot, in real processes: what was stored after the snapshot counts,
 * however the process ended, and a device that was suspended before a crash stays out after it.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'

const WAIT_MS = 30_000
const NOTES = 150
const folder = mkdtempSync(join(tmpdir(), 'peerage-warm-start-'))
const cluster = new Cluster(folder)
let admin: ClusterNode
let server: ClusterNode

before(async () => {
  admin = await cluster.found('admin', 'berlin')
  const ticket = await cluster.invite(2)
  server = await cluster.join(ticket, 'server', 'berlin')
  await cluster.join(ticket, 'stolen', 'paris')
  await cluster.meshed()
  for (let index = 0; index < NOTES; index++)
    await admin.client.call('note', { text: `note ${index}`, about: null })
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

const snapshotOf = (node: ClusterNode): string => join(node.home, 'ledger.snapshot')

/** What a node said of its snapshot since it was last asked. */
const heard = new Map<string, number>()
function saidOf(node: ClusterNode): string[] {
  const lines = readFileSync(join(folder, node.name, 'log'), 'utf8')
    .trimEnd()
    .split('\n')
  const said = lines.slice(heard.get(node.name) ?? 0)
  heard.set(node.name, lines.length)
  return said.filter(line => line.includes('snapshot'))
}

async function standingOnServer(): Promise<string | undefined> {
  const { devices } = await server.client.call('devices', {})
  return devices.find(({ name }) => name === 'stolen')?.standing
}

async function notesOnServer(): Promise<number> {
  const { operations } = await server.client.call('operations', { type: 'note', limit: 1000 })
  return operations.length
}

async function agree(): Promise<void> {
  await until('the server has what the admin wrote', WAIT_MS, async () => (await notesOnServer()) === NOTES)
}

test('a node that stopped in order starts from its snapshot, and is whole', {
  timeout: 120_000
}, async () => {
  await agree()
  saidOf(server)
  assert.equal(await server.stop(), 0)
  assert.equal(existsSync(snapshotOf(server)), true)
  await server.up()
  await agree()
  assert.equal(await standingOnServer(), 'member')
  await until('it serves its peers again', WAIT_MS, async () => {
    return (await server.client.call('status', {})).peersConnected === 2
  })
  assert.deepEqual(saidOf(server), [], 'it neither passed the snapshot over nor found it wrong')
})

test('a suspension that was stored before a crash holds after it', { timeout: 120_000 }, async () => {
  const before = readFileSync(snapshotOf(server))
  await admin.client.call('suspendDevice', { device: 'stolen', reason: 'stolen' })
  await until('the server has it', WAIT_MS, async () => (await standingOnServer()) === 'suspended')
  await server.kill()
  await admin.stop() // nobody is there to tell it again
  assert.deepEqual(readFileSync(snapshotOf(server)), before, 'its snapshot is of before the suspension')
  await server.up()
  const { peersKnown } = await server.client.call('status', {})
  assert.equal(peersKnown, 1, 'in its first state the suspended device is no member')
  assert.equal(await standingOnServer(), 'suspended')
  assert.match(saidOf(server).join('\n'), /passed over: it is of other operations/)
})

test('killed again and again while it loads, it loses nothing', { timeout: 120_000 }, async () => {
  assert.equal(await server.stop(), 0)
  for (let kill = 0; kill < 5; kill++) {
    await server.up()
    await server.kill()
  }
  saidOf(server)
  await server.up()
  assert.deepEqual(saidOf(server), [])
  assert.equal(await standingOnServer(), 'suspended')
  assert.equal(await notesOnServer(), NOTES)
})
