/** Transfers as people handle them, with real nodes: some files of a version, pausing, and several at once. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import type { Dataset, Verified } from '../src/api/dataset.ts'
import type { Transfer } from '../src/api/transfer.ts'

const LONG_MS = 60_000
const folder = mkdtempSync(join(tmpdir(), 'peerage-transfers-'))
const cluster = new Cluster(folder)
const TREE = new Map<string, Buffer>([
  ['docs/a.txt', randomBytes(1000)],
  ['docs/deep/b.txt', randomBytes(200_000)],
  ['pool/one.deb', randomBytes(3_000_000)],
  ['pool/two.deb', randomBytes(5_000_000)],
  ['readme', Buffer.alloc(0)]
])
const LARGE = randomBytes(60_000_000)
const SMALL = ['s1', 's2', 's3'].map(name => [name, randomBytes(20_000_000)] as const)
const ORDERED = ['o1', 'o2', 'o3', 'o4', 'o5'].map(name => [name, randomBytes(20_000_000)] as const)
let seed: ClusterNode
let reader: ClusterNode

function plant(name: string, files: ReadonlyMap<string, Buffer>): string {
  for (const [path, bytes] of files) {
    const at = join(folder, 'source', name, path)
    mkdirSync(dirname(at), { recursive: true })
    writeFileSync(at, bytes)
  }
  return join(folder, 'source', name)
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort()
}

async function transferOf(destination: string): Promise<Transfer> {
  const { transfers } = await reader.client.call('transfers', {})
  return transfers.find(each => each.destination === destination) ?? assert.fail(destination)
}

/** Runs a command that prints a stream of lines and succeeds; the result. */
async function resultOf<T>(...args: string[]): Promise<T> {
  const { exitCode, stdout } = await reader.run(...args, '--json')
  assert.equal(exitCode, 0, stdout.slice(-500))
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { type: string; result: T }
  assert.equal(last.type, 'result')
  return last.result
}

before(async () => {
  seed = await cluster.found('seed', 's')
  reader = await cluster.join(await cluster.invite(), 'reader', 's')
  await cluster.meshed()
  const publish = async (name: string, path: string) =>
    assert.equal((await seed.run('publish', path, '--name', name)).exitCode, 0)
  await publish('tree', plant('tree', TREE))
  await publish('large', plant('large', new Map([['large.bin', LARGE]])))
  for (const [name, bytes] of [...SMALL, ...ORDERED])
    await publish(name, plant(name, new Map([['data', bytes]])))
  await until('the reader knows the datasets', LONG_MS, async () => {
    const { datasets } = await reader.client.call('datasets', {})
    return datasets.length === 2 + SMALL.length + ORDERED.length
  })
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('some files, then others, then the rest: each byte comes once, and what is there is said as it is', {
  timeout: 2 * LONG_MS
}, async () => {
  const destination = join(folder, 'tree')
  const debs = await resultOf<Transfer>('get', 'tree', destination, '--only', '**/*.deb')
  assert.deepEqual(
    [debs.state, debs.files, debs.totalBytes, debs.haveBytes],
    ['complete', 2, 8_000_000, 8_000_000]
  )
  assert.deepEqual(debs.ofVersion, { files: 5, bytes: 8_201_000 })
  assert.equal(debs.receivedBytes, 8_000_000)
  assert.deepEqual(filesBelow(destination), ['pool/one.deb', 'pool/two.deb'])
  assert.equal(existsSync(join(destination, 'docs')), false)

  const [local] = (await reader.client.call('dataset', { name: 'tree' })).versions[0]?.local ?? []
  assert.deepEqual([local?.state, local?.selected], ['partial', { files: 2, bytes: 8_000_000 }])
  const { copies } = await resultOf<Verified>('verify', 'tree')
  assert.deepEqual([copies[0]?.intact, copies[0]?.bytesChecked], [true, 8_000_000])
  const shown = await reader.run('show', 'tree')
  assert.match(shown.stdout, /\(partial, 2 of 5 files, 8\.00 MB of 8\.20 MB\)/)

  const docs = await resultOf<Transfer>('get', 'tree', destination, '--only', 'docs/', '--only', '!**/b.txt')
  assert.deepEqual([docs.files, docs.receivedBytes, docs.resumedBytes], [3, 1000, 8_000_000])
  const all = await resultOf<Transfer>('get', 'tree', destination)
  assert.deepEqual([all.files, all.receivedBytes, all.ofVersion], [5, 200_000, null])
  assert.deepEqual(filesBelow(destination), [...TREE.keys()].sort())
  for (const [path, bytes] of TREE) assert.ok(readFileSync(join(destination, path)).equals(bytes), path)
  const tree: Dataset = await reader.client.call('dataset', { name: 'tree' })
  assert.equal(tree.versions[0]?.local[0]?.state, 'complete')
})

test('what was read is in the audit log as what it was', { timeout: LONG_MS }, async () => {
  const { entries } = await reader.json<{ entries: { action: string; event: { bytes?: number } }[] }>(
    ...['audit', '--dataset', 'tree', '--action', 'read']
  )
  const bytes = entries.map(({ event }) => event.bytes ?? 0).sort((a, b) => a - b)
  assert.deepEqual(bytes, [8_000_000, 8_001_000, 8_201_000])
})

test('globs that name nothing fail before anything is there; what is no glob is refused', async () => {
  const destination = join(folder, 'nothing')
  const message = await reader.refused('NOTHING_SELECTED', 'get', 'tree', destination, '--only', '*.deb')
  assert.match(message, /no file of tree@1 is chosen by --only "\*\.deb": it has 5 files, as docs\/a\.txt/)
  assert.equal(existsSync(destination), false)
  await reader.refused('USAGE', 'get', 'tree', destination, '--only', '[a')
})

test('paused in the midst, over kill -9 and a restart: nothing comes until it is resumed', {
  timeout: 2 * LONG_MS
}, async () => {
  const destination = join(folder, 'large')
  // So that it is met in the midst, however fast the machine is.
  await reader.json('limits', 'set', '--down', '5MB/s')
  const getting = reader.run('get', 'large', destination)
  await until('some of it is here', LONG_MS, async () => {
    const { transfers } = await reader.client.call('transfers', {})
    return transfers.some(each => each.destination === destination && each.haveBytes > 0)
  })
  const { id } = await transferOf(destination)
  assert.equal((await reader.client.call('pauseTransfer', { id })).state, 'paused')
  const { transfers: paused } = await reader.json<{ transfers: Transfer[] }>('transfers', 'pause', 'large')
  assert.deepEqual(
    paused.map(({ state }) => state),
    ['paused'],
    'and again is no error'
  )
  await delay(500)
  const before = await transferOf(destination)
  assert.equal(before.state, 'paused')
  assert.ok(before.haveBytes > 0 && before.haveBytes < LARGE.length, `${before.haveBytes} are here`)
  await reader.kill()
  assert.match((await getting).stderr, /paused; peerage transfers resume goes on with it/)
  await reader.up()
  await cluster.meshed()
  await delay(1000)
  const after = await transferOf(destination)
  assert.equal(after.state, 'paused')
  assert.ok(after.haveBytes >= before.haveBytes && after.haveBytes < LARGE.length)
  assert.equal(after.receivedBytes, 0)
  await reader.json('limits', 'clear')
  await reader.json('transfers', 'resume', '--all')
  await until('it is complete', LONG_MS, async () => (await transferOf(destination)).state === 'complete')
  const done = await transferOf(destination)
  assert.ok(done.receivedBytes <= LARGE.length - before.haveBytes, 'what was here did not come again')
  assert.ok(readFileSync(join(destination, 'large.bin')).equals(LARGE))
  await reader.refused('TRANSFER_SETTLED', 'transfers', 'pause', 'large')
})

test('several at once with one command; one that fails does not stop the others', {
  timeout: 2 * LONG_MS
}, async () => {
  const destination = join(folder, 'several')
  mkdirSync(join(destination, 's2'), { recursive: true })
  writeFileSync(join(destination, 's2', 'data'), 'in the way')
  const { exitCode, stdout } = await reader.run('get', 's1', 's2', 's3', 'nowhere', destination, '--json')
  assert.equal(exitCode, 73, 'the code of the first that failed')
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
    type: string
    result: { transfers: { name: string; error: { code: string } | null }[] }
  }
  assert.equal(last.type, 'result')
  assert.deepEqual(
    last.result.transfers.map(({ name, error }) => [name, error?.code ?? null]),
    [
      ['s1', null],
      ['s2', 'DEST_EXISTS'],
      ['s3', null],
      ['nowhere', 'DATASET_UNKNOWN']
    ]
  )
  for (const name of ['s1', 's3'])
    assert.ok(
      readFileSync(join(destination, name, 'data')).equals(
        SMALL.find(([n]) => n === name)?.[1] ?? Buffer.alloc(0)
      )
    )
})

test('high ones first, low ones last, and never more than so many at once', {
  timeout: 2 * LONG_MS
}, async t => {
  const destination = join(folder, 'ordered')
  await seed.stop()
  const start = (name: string) =>
    reader.client.call('startTransfer', {
      ...{ name, version: null, destination: join(destination, name) },
      priority: name === 'o1' ? 'low' : null
    })
  const ids: string[] = []
  for (const [name] of ORDERED) ids.push((await start(name)).id)
  await reader.json('transfers', 'priority', ids[4] ?? '', 'high')
  await seed.up()
  const seen: Record<string, string>[] = []
  let all: Transfer[] = []
  await until('all are complete', LONG_MS, async () => {
    all = [...(await reader.client.call('transfers', {})).transfers].filter(({ id }) => ids.includes(id))
    seen.push(Object.fromEntries(all.map(({ name, state }) => [name, state])))
    return all.every(({ state }) => state === 'complete')
  })
  for (const states of seen) {
    assert.ok(Object.values(states).filter(state => state === 'fetching').length <= 3)
    const others = Object.entries(states).filter(([name]) => name !== 'o1')
    if (states.o1 === 'fetching')
      assert.ok(others.every(([, state]) => state !== 'queued' && state !== 'fetching'))
  }
  const finished = (name: string) => all.find(each => each.name === name)?.finishedAtMs ?? 0
  t.diagnostic(
    `${seen.length} looks; finished in the order of ${all
      .map(each => each.name)
      .sort((a, b) => finished(a) - finished(b))
      .join(' ')}`
  )
  for (const name of ['o2', 'o3', 'o4', 'o5'])
    assert.ok(finished(name) <= finished('o1'), `${name} before o1`)
})
