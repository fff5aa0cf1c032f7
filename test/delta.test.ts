/** A new version of a dataset costs what is new in it: real processes, the command line, loopback. */

import assert from 'node:assert/strict'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import { seededRandom } from '../lab/fuzz.ts'
import type { Published } from '../src/api/dataset.ts'
import type { Transfer } from '../src/api/transfer.ts'

const MB = 1_000_000
const folder = mkdtempSync(join(tmpdir(), 'peerage-delta-'))
const cluster = new Cluster(folder)
const source = join(folder, 'source')
let publisher: ClusterNode
let reader: ClusterNode

function randomBytes(length: number, seed: number): Buffer {
  const random = seededRandom(seed)
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at += 4) bytes.writeUInt32LE(random(2 ** 32), Math.min(at, length - 4))
  return bytes
}

const versionFolder = (ordinal: number): string => join(source, `v${ordinal}`)

/** A large file with something put in and something changed, files that moved, and one that is new. */
function writeVersions(): void {
  const large = randomBytes(30 * MB, 1)
  const [one, two] = [versionFolder(1), versionFolder(2)]
  for (const dir of [one, two]) mkdirSync(join(dir, 'lib'), { recursive: true })
  writeFileSync(join(one, 'image'), large)
  writeFileSync(join(one, 'lib', 'a.so'), randomBytes(3 * MB, 2))
  writeFileSync(join(one, 'small'), 'small')
  const changed = Buffer.concat([large.subarray(0, 10 * MB), Buffer.from('put in'), large.subarray(10 * MB)])
  changed.fill(7, 20 * MB, 20 * MB + 1000)
  writeFileSync(join(two, 'image'), changed)
  writeFileSync(join(two, 'lib', 'renamed.so'), randomBytes(3 * MB, 2))
  writeFileSync(join(two, 'new'), randomBytes(200_000, 3))
  writeFileSync(join(two, 'small'), 'small')
}

before(async () => {
  writeVersions()
  publisher = await cluster.found('publisher', 'berlin')
  reader = await cluster.join(await cluster.invite(), 'reader', 'berlin')
  await cluster.meshed()
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

function overwrite(file: string, offset: number, length: number): void {
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.alloc(length, 1), 0, length, offset)
  closeSync(fd)
}

async function publish(ordinal: number): Promise<Published> {
  const published = await publisher.client.stream(
    'publish',
    { path: versionFolder(ordinal), name: 'os', dataClass: 'internal' },
    { signal: new AbortController().signal, onProgress: () => undefined }
  )
  await until('the reader knows it', 20_000, async () => {
    const { datasets } = await reader.client.call('datasets', {})
    return datasets.some(dataset => dataset.ordinal === ordinal)
  })
  return published
}

async function get(ordinal: number, name: string): Promise<Transfer> {
  const { stdout } = await reader.run('--json', 'get', `os@${ordinal}`, join(folder, name))
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { result?: Transfer }
  const transfer = last.result ?? assert.fail(stdout.slice(-500))
  for (const file of ['image', 'small'])
    assert.ok(readFileSync(join(versionFolder(ordinal), file)).equals(readFileSync(join(folder, name, file))))
  return transfer
}

test('the first version is fetched in full', async () => {
  assert.equal((await publish(1)).newBytes, null)
  const { receivedBytes, reusedBytes, totalBytes } = await get(1, 'one')
  assert.deepEqual([receivedBytes, reusedBytes], [totalBytes, 0])
})

test('the second costs what is new: the rest is taken from the first, wherever it has moved', async () => {
  await publish(2)
  const { receivedBytes, reusedBytes, totalBytes } = await get(2, 'two')
  assert.equal(receivedBytes + reusedBytes, totalBytes)
  assert.ok(receivedBytes < 1.5 * MB, `${receivedBytes} bytes of ${totalBytes} came from the publisher`)
  const told = await reader.run('get', 'os@2', join(folder, 'two'))
  assert.match(told.stdout, /taken from other files of this device/)
})

test('what was changed behind our back is fetched, and nobody is accused', async () => {
  // In place, since the node may still have the files open, and would read what was removed or renamed as it was.
  overwrite(join(folder, 'two', 'image'), 0, 30 * MB)
  // Same length and same chunks as far as the index knows, other bytes.
  overwrite(join(folder, 'one', 'image'), 5 * MB, MB)
  const { receivedBytes, totalBytes } = await get(2, 'three')
  assert.ok(
    receivedBytes > MB && receivedBytes <= totalBytes,
    `${receivedBytes} bytes of ${totalBytes} were fetched`
  )
  const { peers } = await reader.client.call('peers', {})
  assert.equal(peers.length, 1, 'the publisher is still linked')
})
