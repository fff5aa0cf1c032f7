/**
 * Freshness as users meet it: real processes on loopback and the command line. A device that is cut off from the
 * signers of beacons goes on with what needs no fresh view, says why it refuses the rest, obeys an admin's override,
 * and is itself again when the signers are back. One cluster serves all tests of this file, in order.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, runJson, until } from '../lab/cluster.ts'
import type { AuditRecord } from '../src/api/audit.ts'
import type { RootActed } from '../src/api/authority.ts'
import type { OverrideRecord } from '../src/api/freshness.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-freshness-'))
const cluster = new Cluster(folder)
const WAIT_MS = 20_000
const adminKey = join(folder, 'admin.key')
const passphrase = join(folder, 'passphrase')
let build: ClusterNode
let signer: ClusterNode
let lab: ClusterNode

before(async () => {
  writeFileSync(join(folder, 'restricted.bin'), Buffer.alloc(40_000, 'restricted '))
  writeFileSync(join(folder, 'vault.bin'), Buffer.alloc(40_000, 'vault '))
  writeFileSync(join(folder, 'public.bin'), Buffer.alloc(40_000, 'public '))
  writeFileSync(passphrase, 'correct horse battery\n')
  build = await cluster.found('build-1', 'berlin')
  const ticket = await cluster.invite(2)
  signer = await cluster.join(ticket, 'sign-1', 'berlin')
  lab = await cluster.join(ticket, 'lab-7', 'paris')
  await cluster.meshed()
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function propose(...args: string[]): Promise<void> {
  const { inForce, missing } = await build.json<RootActed>('admin', 'propose', ...args)
  assert.equal(inForce, true, missing.join())
}

async function publish(name: string, dataClass: string): Promise<void> {
  const { exitCode, stderr } = await build.run(
    ...['publish', join(folder, `${name}.bin`), '--name', name, '--class', dataClass]
  )
  assert.equal(exitCode, 0, stderr)
}

async function freshnessOf(node: ClusterNode) {
  const { freshness } = await node.client.call('status', {})
  const of = freshness.classes.find(({ dataClass }) => dataClass === 'restricted')
  assert.ok(of !== undefined)
  return { ...freshness, restricted: of }
}

async function become(node: ClusterNode, what: 'fresh' | 'denied' | 'overridden'): Promise<void> {
  await until(`restricted data is ${what} at ${node.name}`, WAIT_MS, async () => {
    const { allowed, override } = (await freshnessOf(node)).restricted
    return what === (allowed ? (override === null ? 'fresh' : 'overridden') : 'denied')
  })
}

/** Fetches a dataset to a place of its own, and says what became of that. */
async function get(name: string, to: string): Promise<string> {
  const { exitCode, stderr } = await lab.run('get', name, join(folder, to), '--timeout', '15s')
  if (exitCode !== 0) {
    assert.equal(existsSync(join(folder, to)), false)
    return stderr
  }
  const [got, sent] = [join(folder, to), join(folder, `${name}.bin`)].map(path => readFileSync(path))
  assert.deepEqual(got, sent)
  return 'got'
}

async function audited(node: ClusterNode, action: 'override' | 'overridden') {
  const { entries } = await node.client.call('audit', { action, limit: 100 })
  return entries.filter(({ device }: AuditRecord) => device.name === node.name)
}

test('a class with a limit is open while the signers are heard, and status says how fresh the view is', async () => {
  await propose(...['beacon', '--signer', 'sign-1', '--quorum', '1', '--period', '1s', '--life', '1h'])
  await propose('staleness', 'restricted', '5s')
  await publish('public', 'public')
  for (const name of ['restricted', 'vault']) {
    await publish(name, 'restricted')
    await build.client.call('grantAccess', { who: 'lab-7', scope: { kind: 'name', name } })
  }
  await until('lab-7 knows what it may read', WAIT_MS, async () => {
    const { grants } = await lab.client.call('access', {})
    return grants.length === 2
  })
  for (const node of [build, lab]) await become(node, 'fresh')
  assert.equal(await get('restricted', 'got-fresh'), 'got')
  const { stdout } = await lab.run('status')
  assert.match(stdout, /freshness +as of .* old; 1 of 1 signers heard, 1 needed\n/)
  assert.doesNotMatch(stdout, /would be denied/)
})

test('cut off from the signers, it goes on with what has no limit and says why it refuses the rest', async () => {
  assert.equal(await signer.stop(), 0)
  for (const node of [build, lab]) await become(node, 'denied')
  assert.equal(await get('public', 'got-public'), 'got')
  const why = await get('restricted', 'got-stale')
  assert.match(why, /the newest state that this device could check is \S+ \S+ old, class restricted allows 5/)
  assert.match(why, /reconnect to [0-9a-f]+.*\(NOT_AUTHORISED\)\n$/)
  const { stdout } = await lab.run('status')
  assert.match(stdout, /restricted +would be denied: the newest state that this device could check/)
  assert.doesNotMatch(stdout, /(?:public|internal|confidential) +would be denied/)
})

test('an override takes an admin, a reason and an end', async () => {
  const asked = ['admin', 'override', '--class', 'restricted']
  const why = ['--reason', 'the signers are down, CHG-1']
  assert.match(
    await lab.refused('NOT_AUTHORISED', ...asked, '--for', '1h', ...why),
    /this device is no admin of acme.*admin’s key file/
  )
  assert.match(await build.refused('USAGE', ...asked, '--for', '25h', ...why), /at most 24 h/)
  await build.refused('DEVICE_UNKNOWN', ...asked, '--for', '1h', ...why, '--device', 'nobody')
  await runJson(['key', 'create', adminKey, '--passphrase-file', passphrase])
  const byKey = [...asked, '--for', '1h', ...why, '--key', adminKey, '--passphrase-file', passphrase]
  assert.match(await lab.refused('NOT_AUTHORISED', ...byKey), /key [0-9a-f]+ is no admin of acme/)
  assert.match(
    await build.refused('NO_CHANGE', 'admin', 'override', '--class', 'public', '--for', '1h', ...why),
    /no limit of freshness for class public/
  )
  const { client } = build
  const { admins } = await client.call('authority', {})
  const key = admins[0]?.device ?? ''
  const asks = { classes: ['restricted'] as const, reason: 'CHG-1', lifeMs: 1000 }
  const { bytes } = await client.call('draftOverride', asks)
  for (const [given, signature] of [
    [bytes, '00'.repeat(64)],
    ['abcd', '00'.repeat(64)]
  ] as const)
    await assert.rejects(client.call('makeOverride', { bytes: given, vote: { key, signature } }), {
      code: 'RECORD_INVALID'
    })
  for (const node of [build, lab]) {
    assert.deepEqual(await node.json('admin', 'override', 'list'), { overrides: [] })
    await become(node, 'denied')
  }
})

test('an override opens what it names, is in the audit log of who uses it, and ends by itself', async () => {
  const made = await build.json<OverrideRecord>(
    ...[
      'admin',
      'override',
      '--class',
      'restricted',
      '--for',
      '8s',
      '--reason',
      'the signers are down, CHG-1'
    ]
  )
  await become(lab, 'overridden')
  assert.equal(await get('vault', 'got-overridden'), 'got')
  assert.match(
    (await lab.run('status')).stdout,
    new RegExp(
      `override +${made.id.slice(0, 12)} opens restricted, ends in .*: the signers are down, CHG-1\n`
    )
  )
  assert.match((await lab.run('admin', 'override', 'list')).stdout, /restricted +every device +build-1 /)
  for (const node of [build, lab]) await become(node, 'denied')
  assert.match(await get('vault', 'got-ended'), /NOT_AUTHORISED/)
  assert.doesNotMatch((await lab.run('status')).stdout, /override/)
  const { versions } = await lab.client.call('dataset', { name: 'vault' })
  for (const node of [build, lab]) {
    const [held, ...others] = await audited(node, 'override')
    assert.deepEqual(others, [])
    const { override, signer: by, classes, reason, devices } = held?.event ?? {}
    assert.deepEqual([override, classes, reason, devices], [made.id, 'restricted', made.reason, null])
    assert.equal(by, made.signers[0]?.device)
    const uses = await audited(node, 'overridden')
    assert.ok(uses.length > 0, `${node.name} used it`)
    for (const { event } of uses) assert.deepEqual([event.override, event.class], [made.id, 'restricted'])
    assert.ok(uses.some(({ version }) => version === versions[0]?.version))
  }
  const served = (await audited(build, 'overridden')).map(({ peer }) => peer?.name)
  assert.ok(served.includes('lab-7'), 'build-1 says whom it let read')
})

test('an override by a key file, brought by any device, is for the devices that it names', async () => {
  const { key } = await runJson<{ key: string }>(['key', 'show', adminKey])
  const { hash } = await build.json<RootActed>('admin', 'propose', 'add', key)
  const file = ['--key', adminKey, '--passphrase-file', passphrase]
  assert.equal((await build.json<RootActed>('admin', 'sign', hash.slice(0, 12), ...file)).inForce, false)
  assert.equal((await build.json<RootActed>('admin', 'sign', hash.slice(0, 12))).inForce, true)
  await until('lab-7 knows the new admin', WAIT_MS, async () => {
    const { admins } = await lab.client.call('authority', {})
    return admins.length === 2
  })
  await lab.json(
    ...['admin', 'override', '--class', 'restricted', '--class', 'confidential', '--for', '1h'],
    ...['--reason', 'only build-1', '--device', 'build-1', ...file]
  )
  await become(build, 'overridden')
  await become(lab, 'denied')
  assert.match(await get('restricted', 'got-for-another'), /NOT_AUTHORISED/)
})

test('when the signers are back, so is freshness', async () => {
  await signer.up()
  for (const node of [build, lab]) await become(node, 'fresh')
  assert.equal(await get('restricted', 'got-again'), 'got')
  const { asOfAtMs, signersHeard, restricted } = await freshnessOf(lab)
  assert.deepEqual([signersHeard, restricted.override], [1, null])
  assert.ok(asOfAtMs !== null)
})
