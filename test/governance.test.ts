/**
 * Governance as users meet it: real processes on loopback and the command line. One cluster serves all tests of this
 * file, in order; each says what admins and members would see.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, runCommand, until } from '../lab/cluster.ts'
import type { Acted } from '../src/api/governance.ts'
import type { LedgerEntry } from '../src/api/ledger.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-governance-'))
const cluster = new Cluster(folder)
const WAIT_MS = 20_000
let build: ClusterNode
let lab: ClusterNode
let office: ClusterNode

before(async () => {
  writeFileSync(join(folder, 'secret.bin'), Buffer.alloc(40_000, 'secret '))
  writeFileSync(join(folder, 'image.bin'), Buffer.alloc(40_000, 'image '))
  writeFileSync(join(folder, 'kernel.bin'), Buffer.alloc(40_000, 'kernel '))
  writeFileSync(join(folder, 'lab-image.bin'), Buffer.alloc(40_000, 'image '))
  build = await cluster.found('build-1', 'berlin')
  const ticket = await cluster.invite(2)
  lab = await cluster.join(ticket, 'lab-7', 'paris')
  office = await cluster.join(ticket, 'office-3', 'paris')
  await cluster.meshed()
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function act(node: ClusterNode, ...args: string[]): Promise<Acted> {
  const acted = await node.json<Acted>(...args)
  assert.equal(acted.inForce, true, acted.waitsFor ?? '')
  return acted
}

async function publish(node: ClusterNode, file: string, name: string, dataClass: string): Promise<void> {
  const { exitCode, stderr } = await node.run(
    'publish',
    join(folder, file),
    '--name',
    name,
    '--class',
    dataClass
  )
  assert.equal(exitCode, 0, stderr)
  for (const other of cluster.nodes)
    await until(`${other.name} knows ${name}`, WAIT_MS, async () =>
      (await other.client.call('datasets', {})).datasets.some(dataset => dataset.name === name)
    )
}

/** Waits until a node knows an operation. */
async function knows(node: ClusterNode, { operation }: Acted): Promise<void> {
  await until(`${node.name} knows ${operation}`, WAIT_MS, async () => {
    const { exitCode } = await node.run('note', 'so', '--about', operation)
    return exitCode === 0
  })
}

test('an admin sees who belongs to the org', async () => {
  const { stdout } = await build.run('device', 'list')
  assert.match(stdout, /build-1 \(this one\) +berlin .* admin .*member\n/)
  assert.match(stdout, /lab-7 +paris .*member\n/)
})

test('access is granted and taken by name, for a device and for a group', async () => {
  await publish(build, 'secret.bin', 'pay/roll', 'restricted')
  const get = (node: ClusterNode, to: string) =>
    node.run('get', 'pay/roll', join(folder, to), '--timeout', '3s')
  assert.notEqual((await get(lab, 'lab-none')).exitCode, 0)
  const grant = await act(build, 'access', 'grant', 'lab-7', 'pay/', '--purpose', 'audit', '--expires', '30d')
  assert.equal(grant.says, 'lets lab-7 read everything under pay/ for audit')
  assert.equal(grant.peersTold, 2)
  await knows(lab, grant)
  const got = await lab.run('get', 'pay/roll', join(folder, 'lab-got'), '--timeout', '20s')
  assert.equal(got.exitCode, 0, got.stderr)
  assert.match((await lab.run('access')).stdout, /lab-7 +pay\/ +audit +build-1/)

  await act(build, 'group', 'create', 'renderers')
  await act(build, 'group', 'add', 'renderers', 'office-3')
  await knows(office, await act(build, 'access', 'grant', 'group:renderers', 'pay/roll'))
  const shared = await office.run('get', 'pay/roll', join(folder, 'office-got'), '--timeout', '20s')
  assert.equal(shared.exitCode, 0, shared.stderr)

  await knows(lab, await act(build, 'access', 'revoke', 'lab-7'))
  assert.notEqual((await get(lab, 'lab-again')).exitCode, 0)
  assert.match(
    await build.refused('NO_CHANGE', 'access', 'revoke', 'group:renderers', 'other'),
    /it was granted pay\/roll/
  )
  assert.match(await build.refused('GROUP_EXISTS', 'group', 'create', 'renderers'), /choose another name/)
})

test('a quarantine stops a version everywhere, its release starts it again, and a recall is for good', async () => {
  await publish(build, 'image.bin', 'os/image', 'internal')
  const held = await act(build, 'quarantine', 'os/image', '--reason', 'scanner found malware')
  await knows(lab, held)
  const denied = await lab.run('get', 'os/image', join(folder, 'image-none'), '--timeout', '3s')
  assert.notEqual(denied.exitCode, 0)
  assert.match(denied.stderr, /quarantined: scanner found malware/)
  assert.equal(existsSync(join(folder, 'image-none')), false)
  await knows(lab, await act(build, 'release', 'os/image'))
  const got = await lab.run('get', 'os/image', join(folder, 'image-got'), '--timeout', '20s')
  assert.equal(got.exitCode, 0, got.stderr)
  await knows(lab, await act(build, 'recall', 'os/image@1', '--reason', 'wrong licence'))
  assert.match(await build.refused('NO_CHANGE', 'release', 'os/image'), /for good/)
  const again = await lab.run('publish', join(folder, 'image.bin'), '--name', 'lab/again')
  assert.match(again.stderr, /was recalled: wrong licence.*CONTENT_WITHDRAWN/s)
})

test('a role lets its holder do more, until it is taken', async () => {
  await publish(lab, 'lab-image.bin', 'lab/image', 'internal')
  assert.match(
    await lab.refused('NOT_AUTHORISED', 'quarantine', 'lab/image', '--reason', 'x'),
    /one of the roles admin, publisher may/
  )
  await knows(lab, await act(build, 'role', 'grant', 'lab-7', 'publisher', '--expires', '30d'))
  // What the admins published it does not withdraw, though it publishes it under a name of its own.
  await publish(build, 'kernel.bin', 'os/kernel', 'internal')
  await publish(lab, 'kernel.bin', 'lab/os', 'internal')
  const foreign = await lab.json<Acted>('quarantine', 'lab/os', '--reason', 'mine now')
  assert.match(foreign.waitsFor ?? '', /others of its rank do too/)
  await act(lab, 'quarantine', 'lab/image', '--reason', 'broken build')
  assert.match((await office.run('role')).stdout, /publisher +3 +lab-7 \(until /)
  await knows(lab, await act(build, 'role', 'revoke', 'lab-7', 'publisher'))
  await lab.refused('NOT_AUTHORISED', 'release', 'lab/image')
  assert.match(
    await build.refused('NOT_AUTHORISED', 'role', 'grant', 'lab-7', 'king'),
    /there is no role king/
  )
  assert.match(
    await build.refused('NOT_AUTHORISED', 'role', 'grant', 'lab-7', 'admin'),
    /peerage admin propose/
  )
})

test('a suspended device is cut off, and comes back when it is readmitted', async () => {
  const suspended = await act(build, 'device', 'suspend', 'lab-7', '--reason', 'disk is being replaced')
  assert.match(suspended.says, /^suspends lab-7: disk is being replaced; what it signed up to position \d+/)
  await until('nobody is linked with it', WAIT_MS, async () => {
    const { peersConnected } = await lab.client.call('status', {})
    return peersConnected === 0
  })
  assert.match(await build.refused('NO_CHANGE', 'device', 'suspend', 'lab-7'), /suspended already/)
  assert.match(
    (await office.run('device')).stdout,
    /lab-7 .*suspended by build-1 on .*: disk is being replaced/
  )
  await act(build, 'device', 'readmit', 'lab-7', '--reason', 'new disk')
  await until('it is linked again', 60_000, async () => {
    const { peersConnected } = await lab.client.call('status', {})
    return peersConnected > 0
  })
  await until('it may sign again', WAIT_MS, async () => (await lab.run('note', 'back')).exitCode === 0)
})

test('a revoked device never comes back', async () => {
  await act(build, 'device', 'revoke', 'office-3', '--reason', 'stolen')
  await until('nobody is linked with it', WAIT_MS, async () => {
    const { peersConnected } = await office.client.call('status', {})
    return peersConnected === 0
  })
  assert.match(await build.refused('NO_CHANGE', 'device', 'readmit', 'office-3'), /invite the machine anew/)
  await build.refused('DEVICE_UNKNOWN', 'device', 'revoke', 'office-4')
})

test('an invite that is cancelled lets nobody in', async () => {
  const { stdout } = await build.run('invite', '--uses', '3')
  const { invites } = await build.json<{ invites: { id: string; state: string }[] }>('invites')
  const [newest, used] = invites
  assert.equal(newest?.state, 'open')
  assert.equal(used?.state, 'spent')
  await act(build, 'invite', 'cancel', newest?.id.slice(0, 12) ?? '')
  const home = join(folder, 'late')
  const late = await runCommand([
    'join',
    stdout.trim(),
    '--site',
    'paris',
    '--device',
    'late',
    '--home',
    home
  ])
  assert.notEqual(late.exitCode, 0)
  assert.match(late.stderr, /cancelled/)
})

test('the ledger says who did what and why it holds, and a stranger can check an export of it', async () => {
  const { stdout } = await build.run('ledger', '--type', 'device.revoke')
  assert.match(
    stdout,
    /build-1 +device\.revoke +revokes office-3 for good: stolen; .* in force \(as admin\)\n/
  )
  const { operations } = await build.json<{ operations: LedgerEntry[] }>('ledger', '--type', 'device.suspend')
  const [suspension] = operations
  assert.equal(operations.length, 1)
  const entry = await build.json<LedgerEntry>('ledger', 'show', suspension?.operation.slice(0, 10) ?? '')
  assert.deepEqual([entry.signature, entry.role, entry.author.name], ['good', 'admin', 'build-1'])
  assert.equal(entry.next.length, 1)
  const text = (await build.run('ledger', 'show', entry.operation)).stdout
  assert.match(text, /signature +good, by the author\n/)
  assert.match(text, /reason +disk is being replaced\n/)

  const exported = join(folder, 'ledger')
  assert.equal((await build.run('ledger', 'export', exported)).exitCode, 0)
  const { org } = await build.client.call('status', {})
  const verify = (...args: string[]) =>
    runCommand(['ledger', 'verify', exported, ...args], { env: { PEERAGE_HOME: join(folder, 'no-home') } })
  const good = await verify('--org', org.id)
  assert.equal(good.exitCode, 0, good.stdout + good.stderr)
  assert.match(good.stdout, /devices +2 members, 0 suspended, 1 revoked\n/)
  assert.match(good.stdout, /everything that is here is as it was signed\n$/)
  const foreign = await verify('--org', 'ab'.repeat(32))
  assert.equal(foreign.exitCode, 65)
  assert.match(foreign.stderr, /it founds no org abab.*LEDGER_BROKEN/)

  const path = join(exported, 'operations.cborseq')
  const bytes = readFileSync(path)
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
  writeFileSync(path, bytes)
  const bad = await verify('--json')
  assert.equal(bad.exitCode, 65)
  const last = JSON.parse(bad.stdout.trimEnd().split('\n').at(-1) ?? '')
  assert.deepEqual(
    last.result.findings.map(({ kind }: { kind: string }) => kind),
    ['bad-signature']
  )
})
