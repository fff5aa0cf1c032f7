/**
 * The authority chain as admins meet it: real processes on loopback and the command line. One cluster serves all tests
 * of this file, in order.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, runJson, until } from '../lab/cluster.ts'
import type { RootActed } from '../src/api/authority.ts'
import type { Acted } from '../src/api/governance.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-authority-'))
const cluster = new Cluster(folder)
const WAIT_MS = 20_000
const passphraseFile = join(folder, 'passphrase')
let build: ClusterNode
let lab: ClusterNode

before(async () => {
  writeFileSync(passphraseFile, 'correct horse battery staple\n')
  build = await cluster.found('build-1', 'berlin')
  lab = await cluster.join(await cluster.invite(1), 'lab-7', 'paris')
  await cluster.meshed()
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function atVersion(version: number): Promise<void> {
  for (const node of cluster.nodes)
    await until(`${node.name} is at root version ${version}`, WAIT_MS, async () => {
      return (await node.client.call('authority', {})).version === version
    })
}

async function knowsProposal(node: ClusterNode, { hash }: RootActed): Promise<void> {
  await until(`${node.name} knows the proposal`, WAIT_MS, async () =>
    (await node.client.call('authority', {})).proposals.some(proposal => proposal.hash === hash)
  )
}

test('a proposal that others have to sign binds nobody: its author signs last', async () => {
  // A key that nobody can sign with: with build-1's signature, the org would have been stuck at this.
  const stray = await build.json<RootActed>('admin', 'propose', 'add', 'ab'.repeat(32))
  assert.deepEqual([stray.inForce, stray.signsLast, stray.operations.length], [false, true, 1])
  const { stdout } = await build.run('admin', 'propose', 'add', 'lab-7', '--threshold', '2')
  assert.match(stdout, /not in force yet.*\n(?:.*\n)*needs 1 more of the admins before: build-1\n/)
  assert.match(stdout, /this device has not signed: .* when the others have signed, do the same here\n$/)
})

test('one admin becomes two when both have signed, on every device', async () => {
  const proposed = await build.json<RootActed>('admin', 'propose', 'add', 'lab-7', '--sign')
  assert.deepEqual([proposed.inForce, proposed.signsLast], [false, false])
  assert.deepEqual(proposed.missing, ['1 more of the admins after: lab-7'])
  await knowsProposal(lab, proposed)
  const status = (await lab.run('admin', 'status')).stdout
  assert.match(status, /adds admin [0-9a-f]{64}\n {2}threshold 1 -> 2\n/)
  assert.match(status, /admins after +2 needed: build-1 signed, 1 more of lab-7\n/)
  const signed = await lab.json<RootActed>('admin', 'sign', proposed.hash.slice(0, 10))
  assert.equal(signed.inForce, true)
  await atVersion(2)
  assert.match(
    (await build.run('admin')).stdout,
    /lab-7 +paris +admin .*\n2 of 2 admins must sign a new root\n/
  )
})

test('what needs two admins waits for the second', async () => {
  const proposed = await lab.json<RootActed>('admin', 'propose', 'approvals', 'role.grant', '2')
  await knowsProposal(build, proposed)
  const first = await build.json<RootActed>('admin', 'sign', proposed.hash)
  assert.deepEqual([first.inForce, first.signsLast], [false, false])
  await until('lab-7 signs last', WAIT_MS, async () => {
    const { proposals } = await lab.client.call('authority', {})
    return proposals.some(({ ownAdmins }) => ownAdmins.signed.length === 1)
  })
  assert.equal((await lab.json<RootActed>('admin', 'sign', proposed.hash)).inForce, true)
  await atVersion(3)
  const granted = await build.json<Acted>('role', 'grant', 'lab-7', 'publisher')
  assert.equal(granted.inForce, false)
  assert.equal(granted.waitsFor, '1 of 2 admins approve role.grant')
  assert.match(await build.refused('NO_CHANGE', 'approve', granted.operation), /other admins have to/)
  await until('lab may approve', WAIT_MS, async () => {
    return (await lab.run('approve', granted.operation.slice(0, 12))).exitCode === 0
  })
  await until('it is in force', WAIT_MS, async () => {
    return /lab-7/.test(
      (await build.run('role')).stdout.split('\n').find(line => /publisher +3/.test(line)) ?? ''
    )
  })
})

test('a key signs one root of a version, and is told which it signed before', async () => {
  const first = await build.json<RootActed>('admin', 'propose', 'expires', '365d', '--sign')
  const other = await build.json<RootActed>('admin', 'propose', 'expires', '30d')
  assert.match(
    await build.refused('SIGNED_BEFORE', 'admin', 'sign', other.hash),
    new RegExp(`signed root ${first.hash} of version 4 before`)
  )
  await build.refused('SIGNED_BEFORE', 'admin', 'propose', 'expires', '20d', '--sign')
  await build.refused('NO_CHANGE', 'admin', 'sign', first.hash)
  assert.match(
    await build.refused('NO_CHANGE', 'admin', 'propose', 'threshold', '1'),
    /from 2 to 2 of 2 admins/
  )
  await build.refused('PROPOSAL_UNKNOWN', 'admin', 'sign', 'abababab')
  await knowsProposal(lab, first)
  assert.equal((await lab.json<RootActed>('admin', 'sign', first.hash)).inForce, true)
  await atVersion(4)
})

test('keys in files sign without coming to the node, and replace admins that are lost', async () => {
  const files = ['r1.key', 'r2.key', 'r3.key'].map(name => join(folder, name))
  const withPassphrase = ['--passphrase-file', passphraseFile]
  const { keys } = await runJson<{ keys: { key: string }[] }>([
    ...['admin', 'recovery', 'init', ...files, ...withPassphrase]
  ])
  const named = keys.map(({ key }) => key)
  assert.equal(new Set(named).size, 3)
  const proposed = await build.json<RootActed>('admin', 'propose', 'recovery', ...named, '--sign')
  await knowsProposal(lab, proposed)
  await lab.json<RootActed>('admin', 'sign', proposed.hash)
  await atVersion(5)

  // lab-7 goes on alone: two recovery keys stand in for the admins.
  const recovery = await lab.json<RootActed>(
    'admin',
    'propose',
    'remove',
    'build-1',
    '--approvals',
    'role.grant=1',
    '--sign'
  )
  assert.equal(recovery.inForce, false)
  const sign = (file: string | undefined) =>
    lab.json<RootActed>('admin', 'sign', recovery.hash, '--key', file ?? '', ...withPassphrase)
  assert.equal((await sign(files[0])).inForce, false)
  assert.match(
    (await lab.run('admin', 'status')).stdout,
    /recovery keys +2 needed: [0-9a-f]{12} signed, 1 more/
  )
  assert.equal((await sign(files[1])).inForce, true)
  await atVersion(6)
  const authority = await build.client.call('authority', {})
  assert.deepEqual(
    authority.admins.map(({ name }) => name),
    ['lab-7']
  )
  assert.equal(authority.chain.at(-1)?.succession, 'recovery')
  assert.equal(authority.isAdmin, false)
})

test('a root that has expired is followed by another, proposed by any device and signed by its admins', async () => {
  const expiring = await lab.json<RootActed>('admin', 'propose', 'expires', '3s')
  assert.equal(expiring.inForce, true)
  await atVersion(7)
  const note = (node: ClusterNode) => node.run('note', 'still here', '--json')
  await until('nothing is given under it any more', WAIT_MS, async () => (await note(lab)).exitCode !== 0)
  assert.match((await note(lab)).stdout, /root version 7 has expired/)
  assert.match(await build.refused('NOT_AUTHORISED', 'note', 'nor here'), /admins have to sign a new one/)
  const proposed = await build.json<RootActed>('admin', 'propose', 'expires', 'never')
  assert.equal(proposed.inForce, false)
  await knowsProposal(lab, proposed)
  assert.equal((await lab.json<RootActed>('admin', 'sign', proposed.hash)).inForce, true)
  await atVersion(8)
  for (const node of [build, lab]) assert.equal((await note(node)).exitCode, 0)
})
