/** An HTTP origin in the place of a seed: real processes, a web server on loopback, the command line. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import { seededRandom } from '../lab/fuzz.ts'
import type { Transfer } from '../src/api/transfer.ts'
import { OriginServer } from '../src/node/origin/origin-server.conformance.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-origin-'))
const cluster = new Cluster(folder)
const server = new OriginServer()
const READERS = 3
let base: string
let publisher: ClusterNode
const readers: ClusterNode[] = []

function randomBytes(length: number, seed: number): Buffer {
  const random = seededRandom(seed)
  return Buffer.from(
    Uint32Array.from({ length: Math.ceil(length / 4) }, () => random(2 ** 32)).buffer
  ).subarray(0, length)
}

type Tree = Readonly<Record<string, Buffer>>
const trees = new Map<string, Tree>()

/** The files of a dataset: no two have the same, for what a device has of one it would not fetch for another. */
function treeOf(name: string): Tree {
  const seed = 10 * trees.size
  const tree = trees.get(name) ?? {
    'image one.bin': randomBytes(5_000_001, seed + 1),
    'sub folder/ü 100%.bin': randomBytes(1_234_567, seed + 2),
    'sub folder/日本': randomBytes(70_000, seed + 3),
    small: Buffer.from(`small ${name}`),
    empty: Buffer.alloc(0)
  }
  trees.set(name, tree)
  return tree
}

const bytesOf = (tree: Tree): number => Object.values(tree).reduce((sum, { length }) => sum + length, 0)

/** Puts the tree of a name on the disk of the publisher, and on the web server. */
function place(name: string, tree = treeOf(name)): string {
  const source = join(folder, 'source', name)
  for (const [path, bytes] of Object.entries(tree)) {
    mkdirSync(join(source, path, '..'), { recursive: true })
    writeFileSync(join(source, path), bytes)
    server.files.set(`/${name}/${path}`, { bytes, etag: `"${name}"` })
  }
  return source
}

async function publish(name: string, origin: string): Promise<void> {
  const { exitCode, stdout } = await publisher.run(
    ...['publish', place(name), '--name', name, '--origin', origin, '--json']
  )
  assert.equal(exitCode, 0, stdout)
  await until('the readers know it', 20_000, async () => {
    for (const reader of readers) {
      const { datasets } = await reader.client.call('datasets', {})
      if (!datasets.some(dataset => dataset.name === name)) return false
    }
    return true
  })
}

async function putTorrent(name: string): Promise<void> {
  const bytes = await publisher.client.bytes('torrent', { name, version: null })
  server.files.set(`/${name}.torrent`, { bytes: new Uint8Array(bytes) })
}

function sameTree(name: string, destination: string): void {
  for (const [path, bytes] of Object.entries(treeOf(name)))
    assert.ok(readFileSync(join(destination, path)).equals(bytes), path)
}

async function get(reader: ClusterNode, name: string, ...more: string[]): Promise<Transfer> {
  const destination = join(folder, reader.name, name)
  const { exitCode, stdout } = await reader.run(
    '--json',
    'get',
    name,
    `${destination}/`,
    '--timeout',
    '60s',
    ...more
  )
  assert.equal(exitCode, 0, stdout.slice(-1000))
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { result?: Transfer }
  sameTree(name, destination)
  return last.result ?? assert.fail(stdout.slice(-500))
}

before(async () => {
  base = await server.listen()
  publisher = await cluster.found('publisher', 'berlin')
  const ticket = await cluster.invite(READERS)
  for (let index = 0; index < READERS; index++)
    readers.push(await cluster.join(ticket, `reader-${index}`, index === 0 ? 'berlin' : 'paris'))
  for (const reader of readers) {
    await reader.stop()
    await reader.up('--origin-any-address')
  }
  await cluster.meshed()
})

after(async () => {
  server.close()
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('the publisher leaves: the devices have it from the origin, once for all of them', async () => {
  await publish('os', `${base}/os/`)
  await putTorrent('os')
  await publisher.stop()
  server.sentBytes = 0
  await Promise.all(readers.map(reader => get(reader, 'os')))
  const torrents = server.asked.filter(line => line.includes('.torrent')).length
  const torrentBytes = torrents * (server.files.get('/os.torrent')?.bytes.length ?? 0)
  const copies = (server.sentBytes - torrentBytes) / bytesOf(treeOf('os'))
  assert.ok(copies >= 1 && copies <= 1.05, `${copies} copies`)
  await publisher.up()
  await cluster.meshed()
})

test('what came from the origin is in the audit log', async () => {
  const { exitCode, stdout } = await (readers[0] ?? assert.fail()).run(
    'audit',
    '--action',
    'obtained',
    '--json'
  )
  assert.equal(exitCode, 0, stdout)
  const host = `127.0.0.1:${new URL(base).port}`
  assert.match(stdout, new RegExp(`"host": *"${host}"`))
  const { stdout: table } = await (readers[0] ?? assert.fail()).run('audit', '--action', 'obtained')
  assert.match(table, new RegExp(`host ${host}, bytes`))
})

/** Starts a transfer through the admin API, and gives what is asked of it. */
async function begin(reader: ClusterNode, name: string, deadlineAtMs: number | null = null) {
  const destination = join(folder, reader.name, name)
  const { id } = await reader.client.call('startTransfer', { name, version: null, destination, deadlineAtMs })
  const look = () => reader.client.call('transfer', { id })
  return { id, destination, look }
}

test('killed half way it goes on with what is stored, and takes nothing twice', async () => {
  const [reader] = readers
  assert.ok(reader !== undefined)
  await publish('killed', `${base}/killed/`)
  await putTorrent('killed')
  const totalBytes = bytesOf(treeOf('killed'))
  await publisher.stop()
  // A quarter of a second for each answer, so that there is a half way.
  for (const path of Object.keys(treeOf('killed')))
    server.answers.set(
      `/killed/${path.split('/').map(encodeURIComponent).join('/')}`,
      (request, response) => {
        setTimeout(() => server.give(request, response), 250)
      }
    )
  server.sentBytes = 0
  const { look, destination } = await begin(reader, 'killed')
  await until('some of it is there', 60_000, async () => (await look()).haveBytes > totalBytes / 4)
  const before = await look()
  assert.ok(before.haveBytes < totalBytes, 'not all of it')
  await reader.kill()
  server.answers.clear()
  await reader.up('--origin-any-address')
  await until('it is complete', 60_000, async () => (await look()).state === 'complete')
  sameTree('killed', destination)
  assert.ok((await look()).resumedBytes >= before.haveBytes)
  const torrentBytes = server.files.get('/killed.torrent')?.bytes.length ?? 0
  assert.ok(server.sentBytes <= 2 * totalBytes - before.haveBytes + 2 * torrentBytes)
  await publisher.up()
  await cluster.meshed()
})

test('garbage, and then the origin put right: set aside and shown, and the publisher that comes back gives it', async () => {
  const [, reader] = readers
  assert.ok(reader !== undefined)
  await publish('garbage', `${base}/garbage/`)
  await putTorrent('garbage')
  for (const path of Object.keys(treeOf('garbage'))) {
    const file = server.files.get(`/garbage/${path}`)
    if (file !== undefined)
      server.files.set(`/garbage/${path}`, { ...file, bytes: new Uint8Array(file.bytes).fill(7) })
  }
  await publisher.stop()
  const { look, destination } = await begin(reader, 'garbage')
  await until('the origin is set aside', 60_000, async () => (await look()).origin?.state === 'aside')
  const { origin, problem } = await look()
  assert.match(origin?.problem ?? '', /what it gives is not the version/)
  assert.equal(problem?.code, 'ORIGIN_FAULTY')
  const { problems } = await reader.client.call('status', {})
  assert.ok(problems.some(({ code }) => code === 'ORIGIN_FAULTY'))
  await publisher.up()
  await until('it is complete', 60_000, async () => (await look()).state === 'complete')
  sameTree('garbage', destination)
})

test('an outage: it waits, and goes on by itself', async () => {
  const [, , reader] = readers
  assert.ok(reader !== undefined)
  await publish('outage', `${base}/outage/`)
  await putTorrent('outage')
  await publisher.stop()
  let isOut = true
  for (const path of Object.keys(treeOf('outage')))
    server.answers.set(
      `/outage/${path.split('/').map(encodeURIComponent).join('/')}`,
      (request, response) => {
        if (isOut) response.writeHead(503, { 'retry-after': '2' }).end()
        else server.give(request, response)
      }
    )
  const { look, destination } = await begin(reader, 'outage')
  await until('the origin is waited for', 60_000, async () => (await look()).origin?.state === 'waiting')
  isOut = false
  await until('it is complete', 60_000, async () => (await look()).state === 'complete')
  sameTree('outage', destination)
  server.answers.clear()
  await publisher.up()
  await cluster.meshed()
})

/** Lets a process run for moments only. */
function crawl(pid: number): () => void {
  let isOver = false
  const turn = async (): Promise<void> => {
    while (!isOver) {
      process.kill(pid, 'SIGSTOP')
      await delay(2000)
      if (isOver) return // it may have ended since
      process.kill(pid, 'SIGCONT')
      await delay(10)
    }
  }
  void turn()
  return () => {
    isOver = true
    process.kill(pid, 'SIGCONT')
  }
}

test('a deadline that a slow peer would miss: the origin steps in, and it is said whether it will be met', async () => {
  const [reader] = readers
  assert.ok(reader !== undefined)
  const large = randomBytes(150_000_000, 9)
  const source = place('late', { large })
  await publisher.client.stream(
    'publish',
    { path: source, name: 'late', dataClass: 'internal', origin: `${base}/late/` },
    { signal: new AbortController().signal, onProgress: () => undefined }
  )
  await until('the reader knows it', 20_000, async () =>
    (await reader.client.call('datasets', {})).datasets.some(({ name }) => name === 'late')
  )
  // So that it is not here before the publisher is slowed down, however fast the machine is.
  await reader.json('limits', 'set', '--down', '10MB/s')
  const { id, look, destination } = await begin(reader, 'late')
  await until('the publisher gives it', 60_000, async () => (await look()).haveBytes > 0)
  const goOn = crawl(publisher.pid)
  try {
    const fromPeer = (await look()).haveBytes
    assert.ok(fromPeer < large.length, 'it was too quick to be slowed down')
    await reader.json('limits', 'clear')
    assert.equal((await look()).origin?.receivedBytes, 0, 'without a deadline a slow peer is waited for')
    await reader.client.call('setTransferDeadline', { id, deadlineAtMs: Date.now() + 8000 })
    const seen = new Set<string>()
    await until('it is complete', 120_000, async () => {
      const { state, outlook, origin } = await look()
      seen.add(`${outlook}`).add(`need ${origin?.need}`)
      return state === 'complete'
    })
    const { origin, outlook, lateByMs } = await look()
    assert.ok(seen.has('need late'), [...seen].join())
    assert.ok((origin?.receivedBytes ?? 0) > 0)
    assert.equal(outlook === 'late', lateByMs !== null)
  } finally {
    goOn()
  }
  assert.ok(readFileSync(join(destination, 'large')).equals(large))
})

test('https with a certificate of the org’s own authority: refused without it, and fetched with it', async () => {
  const [reader] = readers
  assert.ok(reader !== undefined)
  const [keyFile, certificate] = [join(folder, 'tls.key'), join(folder, 'tls.pem')]
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=origin'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certificate]
  ])
  const secure = createServer(
    { key: readFileSync(keyFile), cert: readFileSync(certificate) },
    server.listener
  )
  secure.listen(0, '127.0.0.1')
  await once(secure, 'listening')
  const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/tls/`
  try {
    await publish('tls', url)
    await putTorrent('tls')
    await publisher.stop()
    const { look, destination } = await begin(reader, 'tls')
    await until('the certificate is refused', 60_000, async () => (await look()).origin?.state === 'aside')
    assert.match((await look()).origin?.problem ?? '', /its certificate is not trusted/)
    await reader.stop()
    process.env.NODE_EXTRA_CA_CERTS = certificate
    await reader.up('--origin-any-address')
    await until('it is complete', 60_000, async () => (await look()).state === 'complete')
    sameTree('tls', destination)
  } finally {
    delete process.env.NODE_EXTRA_CA_CERTS
    secure.close()
    secure.closeAllConnections()
  }
})
