/** An HTTP origin in the place of a seed: real processes, a web server on loopback, the command line. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
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

const TREE: Readonly<Record<string, Buffer>> = {
  'image one.bin': randomBytes(5_000_001, 1),
  'sub folder/ü 100%.bin': randomBytes(1_234_567, 2),
  'sub folder/日本': randomBytes(70_000, 3),
  small: Buffer.from('small'),
  empty: Buffer.alloc(0)
}
const TREE_BYTES = Object.values(TREE).reduce((sum, { length }) => sum + length, 0)

/** Puts the tree of a name on the disk of the publisher, and on the web server. */
function place(name: string, tree = TREE): string {
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

function sameTree(destination: string): void {
  for (const [path, bytes] of Object.entries(TREE))
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
  sameTree(destination)
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
  const copies = (server.sentBytes - torrentBytes) / TREE_BYTES
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
  assert.match(stdout, new RegExp(`"host": *"127.0.0.1:${new URL(base).port}"`))
})
