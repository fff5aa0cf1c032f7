/**
 * The main job, as users do it: real processes, the command line, loopback. One cluster serves all tests of this file,
 * in order; each test says what a user would see.
 */

import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, runCommand, runJson, until } from '../lab/cluster.ts'
import { seededRandom } from '../lab/fuzz.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-test-'))
const cluster = new Cluster(folder)
const source = join(folder, 'source')
let build: ClusterNode
let lab: ClusterNode
let office: ClusterNode

function randomBytes(length: number, seed: number): Buffer {
  const random = seededRandom(seed)
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at++) bytes[at] = random(256)
  return bytes
}

function writeSource(): void {
  mkdirSync(join(source, 'deep', 'er'), { recursive: true })
  writeFileSync(join(source, 'empty'), '')
  writeFileSync(join(source, 'one-byte'), 'x')
  writeFileSync(join(source, 'one-leaf'), randomBytes(16 * 1024, 1))
  writeFileSync(join(source, 'leaf-and-a-bit'), randomBytes(16 * 1024 + 1, 2))
  writeFileSync(join(source, 'deep', 'er', 'größe 漢字.bin'), randomBytes(3_000_000, 3))
  writeFileSync(join(source, 'deep', 'run.sh'), '#!/bin/sh\necho ok\n')
  chmodSync(join(source, 'deep', 'run.sh'), 0o755)
  symlinkSync('deep/run.sh', join(source, 'run'))
}

function assertSameTree(expected: string, actual: string): void {
  const names = readdirSync(expected).sort()
  assert.deepEqual(readdirSync(actual).sort(), names)
  for (const name of names) {
    const [from, to] = [join(expected, name), join(actual, name)]
    const stat = lstatSync(from)
    if (stat.isDirectory()) assertSameTree(from, to)
    else if (stat.isSymbolicLink()) assert.equal(readlinkSync(to), readlinkSync(from))
    else {
      assert.ok(readFileSync(to).equals(readFileSync(from)), `${to} differs`)
      assert.equal(lstatSync(to).mode & 0o111, stat.mode & 0o111, `${to}: executable`)
    }
  }
}

before(async () => {
  writeSource()
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

async function knows(node: ClusterNode, dataset: string): Promise<void> {
  await until(`${node.name} knows ${dataset}`, 10_000, async () =>
    (await node.client.call('datasets', {})).datasets.some(({ name }) => name === dataset)
  )
}

test('a home belongs to its owner alone', () => {
  assert.equal(statSync(build.home).mode & 0o777, 0o700)
  assert.equal(statSync(join(build.home, 'device.key')).mode & 0o777, 0o600)
  assert.equal(statSync(join(build.home, 'admin.sock')).mode & 0o777, 0o600)
})

test('every kind of file arrives on every device as it was', async () => {
  const published = await build.run('publish', source, '--name', 'tools/first')
  assert.equal(published.exitCode, 0, published.stderr)
  await Promise.all([knows(lab, 'tools/first'), knows(office, 'tools/first')])
  const results = await Promise.all(
    [lab, office].map(node => node.run('get', 'tools/first', join(folder, node.name, 'data')))
  )
  for (const result of results) assert.equal(result.exitCode, 0, result.stdout + result.stderr)
  for (const node of [lab, office]) assertSameTree(source, join(folder, node.name, 'data'))
})

test('publishing leaves the source as it was and copies nothing', () => {
  assert.ok(readdirSync(source, { recursive: true }).every(name => !String(name).includes('peerage')))
  const bytesAtHome = readdirSync(build.home).reduce(
    (sum, name) => sum + lstatSync(join(build.home, name)).size,
    0
  )
  assert.ok(bytesAtHome < 3_000_000, `${bytesAtHome} bytes at home`)
})

test('show, datasets, peers and status say what there is, for people and for programs', async () => {
  const shown = await lab.run('show', 'tools/first')
  assert.match(shown.stdout, /magnet:\?xt=urn:btmh:1220[0-9a-f]{64}/)
  const { datasets } = JSON.parse((await lab.run('datasets', '--json')).stdout)
  assert.equal(datasets[0].publisher.name, 'build-1')
  assert.equal(datasets[0].local, 'complete')
  const { peers } = JSON.parse((await lab.run('peers', '--json')).stdout)
  assert.deepEqual(peers.map((peer: { name: string }) => peer.name).sort(), ['build-1', 'office-3'])
  assert.ok(peers.every((peer: { connected: boolean }) => peer.connected))
  const status = JSON.parse((await lab.run('status', '--json')).stdout)
  assert.equal(status.device.name, 'lab-7')
  assert.equal(status.org.name, 'acme')
})

test('verify finds a flipped bit, names the file, and the device stops serving it', async () => {
  const damaged = join(folder, office.name, 'data', 'one-leaf')
  assert.equal((await office.run('verify', 'tools/first')).exitCode, 0)
  const bytes = readFileSync(damaged)
  bytes[100] = (bytes[100] ?? 0) ^ 1
  writeFileSync(damaged, bytes)
  const result = await office.run('verify', 'tools/first', '--json')
  assert.equal(result.exitCode, 65, result.stdout)
  assert.match(result.stdout, /one-leaf/)
  const { datasets } = await office.client.call('datasets', {})
  assert.equal(datasets[0]?.local, 'damaged')
})

test('a device that only peers can serve gets it without the publisher', async () => {
  await build.stop()
  await office.run('get', 'tools/first', join(folder, 'elsewhere'))
  const rescue = join(folder, 'rescue')
  const result = await office.run('get', 'tools/first', rescue)
  assert.equal(result.exitCode, 0, result.stdout + result.stderr)
  assertSameTree(source, rescue)
  await build.up()
  await cluster.meshed()
})

test('a single file goes to the path given, or into the folder given', async () => {
  const file = join(source, 'deep', 'er', 'größe 漢字.bin')
  assert.equal((await build.run('publish', file, '--name', 'one')).exitCode, 0)
  await knows(lab, 'one')
  const into = join(folder, 'into')
  mkdirSync(into)
  assert.equal((await lab.run('get', 'one', join(folder, 'named.bin'))).exitCode, 0)
  assert.equal((await lab.run('get', 'one@1', into)).exitCode, 0)
  assert.ok(readFileSync(join(folder, 'named.bin')).equals(readFileSync(file)))
  assert.ok(readFileSync(join(into, 'größe 漢字.bin')).equals(readFileSync(file)))
})

test('a second version gets the next number, and the first stays until it is retired', async () => {
  const next = join(folder, 'next')
  mkdirSync(next)
  writeFileSync(join(next, 'a'), 'second version')
  assert.equal((await build.run('publish', next, '--name', 'tools/first')).exitCode, 0)
  await until('lab knows version 2', 10_000, async () => {
    const { versions } = await lab.client.call('dataset', { name: 'tools/first' })
    return versions.length === 2
  })
  assert.equal((await lab.run('get', 'tools/first', join(folder, 'v2'))).exitCode, 0)
  assert.equal(readFileSync(join(folder, 'v2', 'a'), 'utf8'), 'second version')
  assert.equal((await build.run('retire', 'tools/first@2')).exitCode, 0)
  await until('lab knows of the retirement', 10_000, async () => {
    const { datasets } = await lab.client.call('datasets', {})
    return datasets.find(({ name }) => name === 'tools/first')?.ordinal === 1
  })
  const gone = await lab.run('get', 'tools/first@2', join(folder, 'v2-again'))
  assert.equal(gone.exitCode, 66, gone.stderr)
})

test('what can not be is refused with the reason and its own exit code, and nothing is lost', async () => {
  const other = join(folder, 'other')
  mkdirSync(other)
  writeFileSync(join(other, 'one-byte'), 'mine')
  const cases: [ClusterNode, string[], number, RegExp][] = [
    [lab, ['get', 'no-such-thing', join(folder, 'x')], 66, /no-such-thing/],
    [lab, ['get', 'tools/first@9', join(folder, 'x')], 66, /tools\/first@9/],
    [lab, ['get', 'tools/first', other], 73, /one-byte/],
    [build, ['publish', join(folder, 'missing'), '--name', 'm'], 66, /missing/],
    [build, ['publish', source, '--name', 'Bad Name'], 64, /name/],
    [build, ['publish', source, '--name', 'tools/first'], 73, /version 1/],
    [lab, ['publish', source, '--name', 'tools/first'], 77, /name/],
    [build, ['verify', 'no-such-thing'], 66, /no-such-thing/]
  ]
  for (const [node, args, exitCode, message] of cases) {
    const result = await node.run(...args)
    assert.equal(result.exitCode, exitCode, `${args.join(' ')}: ${result.stdout}${result.stderr}`)
    assert.match(result.stderr, message, args.join(' '))
  }
  assert.equal(readFileSync(join(other, 'one-byte'), 'utf8'), 'mine')
  assert.deepEqual(readdirSync(other), ['one-byte'])
  assert.ok(!existsSync(join(folder, 'x')))
})

test('a ticket works once, in time, whole, and for its own org only', async () => {
  const join_ = (ticket: string, name: string) =>
    runCommand(['join', ticket, '--site', 's', '--device', name, '--home', join(folder, name)])
  const ticket = await cluster.invite(1)
  const together = await Promise.all([join_(ticket, 'twin-1'), join_(ticket, 'twin-2')])
  assert.deepEqual(
    together.map(result => result.exitCode).sort(),
    [0, 77],
    together.map(r => r.stderr).join('')
  )
  const spent = await join_(ticket, 'late')
  assert.equal(spent.exitCode, 77)
  assert.match(spent.stderr, /used up/)
  assert.ok(!existsSync(join(folder, 'late', 'device.json')), 'a failed join leaves no device')
  const brief = await runJson<{ ticket: string }>(['invite', '--expires', '1s', '--home', build.home])
  await new Promise(resolve => setTimeout(resolve, 1100))
  const expired = await join_(brief.ticket, 'slow')
  assert.equal(expired.exitCode, 77)
  assert.match(expired.stderr, /expired/)
  const damaged = await join_(`${ticket.slice(0, -3)}AAA`, 'typo')
  assert.equal(damaged.exitCode, 65, damaged.stderr)
})

test('what is measured over time is what crossed, and a kill takes none of what was recorded', async () => {
  const beganMs = Date.now()
  const asked = { fromMs: beganMs - 3_600_000, toMs: null }
  const { receivedBytes, sentBytes } = await lab.client.call('status', {})
  const { peers } = await lab.client.call('peers', {})
  assert.ok(receivedBytes > 0)
  const measured = () => lab.client.call('savings', asked)
  const pointsOf = async (series: string) =>
    (await lab.client.call('history', { ...asked, series, stepMs: null })).points
  await until('a sample is taken after the last transfer', 60_000, async () => {
    const { atMs } = (await pointsOf('peers')).at(-1) ?? { atMs: 0 }
    return atMs >= beganMs
  })
  const from = (site: string) =>
    peers.filter(peer => peer.site === site).reduce((sum, peer) => sum + peer.receivedBytes, 0)
  const { toMs: _, ...before } = await measured()
  assert.equal(before.centralBytes, receivedBytes)
  assert.equal(before.sentSiteBytes + before.sentWanBytes, sentBytes)
  assert.deepEqual(
    [before.siteBytes, before.wanBytes, before.originBytes],
    [from('paris'), from('berlin'), 0]
  )
  assert.equal(
    (await pointsOf('received/site/berlin')).reduce((sum, point) => sum + point.sum, 0),
    from('berlin')
  )
  await lab.kill()
  await lab.up()
  await cluster.meshed()
  const { toMs: __, ...after } = await measured()
  assert.deepEqual({ ...after, fromMs: 0 }, { ...before, fromMs: 0 })
  assert.match((await lab.run('savings', '--price', '0.08')).stdout, /WAN avoided .* = .*\n.*saved .* EUR/)
})

test('a node that is killed comes back as the same device with what it held', async () => {
  await lab.kill()
  await lab.up()
  await cluster.meshed()
  const { datasets } = await lab.client.call('datasets', {})
  assert.equal(datasets.find(({ name }) => name === 'one')?.local, 'complete')
})

test('the exported torrent is one that verifies what was fetched', async () => {
  const file = join(folder, 'one.torrent')
  assert.equal((await lab.run('export', 'one', '--torrent', file)).exitCode, 0)
  const { version } = await build.client.call('dataset', { name: 'one' }).then(found => {
    const [newest] = found.versions
    assert.ok(newest)
    return newest
  })
  assert.match((await lab.run('show', 'one')).stdout, new RegExp(version))
  const again = await lab.run('export', 'one', '--torrent', file)
  assert.notEqual(again.exitCode, 0, 'a file that is there is not replaced')
})

test('SIGTERM drains a node and ends it with exit code 0', async () => {
  assert.equal(await office.stop(), 0)
  await office.up()
})
