/**
 * Files read through a node that does not hold them, from real nodes that do: what comes first, what stays, what is
 * given on, and what ends it.
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { VersionId } from '../src/base/ids.ts'
import { GIB, MIB } from '../src/base/units.ts'
import { READINGS_MAX } from '../src/node/contents/content-desk.ts'

const FILM_BYTES = 48 * MIB + 777
const MARKER = 'MARKER-of-what-was-read'
const org = new OrgInProcess()
const film = randomBytes(FILM_BYTES)
let nas: Running
let desk: Running
let phone: Running

before(async () => {
  nas = await org.found('nas')
  desk = await org.join(nas, 'desk', { site: 'berlin' })
  phone = await org.join(nas, 'phone')
  await org.settled()
  await plant('films', film, { file: 'film.webm' })
})
after(async () => await org.stop())

async function plant(
  name: string,
  content: Uint8Array,
  { file = 'file', sealed = false }: { file?: string; sealed?: boolean } = {}
): Promise<void> {
  const path = join(org.folder, name)
  mkdirSync(path)
  writeFileSync(join(path, file), content)
  const task = { signal: new AbortController().signal, onProgress: () => undefined }
  const { version } = await nas.service.publish({ path, name, dataClass: 'internal', sealed }, task)
  await eventually('all know of it', () =>
    org.running.every(({ node }) => node.keeper.state().publishedAs.has(version))
  )
}

function versionOf(name: string): VersionId {
  const version = nas.node.keeper.state().datasets.get(name)?.versions.at(-1)?.version
  assert.ok(version !== undefined, name)
  return version
}

/** Files of a home that have the marker. */
function marked({ node }: Running): string[] {
  const names = readdirSync(node.home, { recursive: true, withFileTypes: true })
  const files = names.filter(each => each.isFile()).map(each => join(each.parentPath, each.name))
  return files.filter(file => {
    try {
      return readFileSync(file).includes(MARKER)
    } catch {
      return false // it was removed since
    }
  })
}

interface Asked {
  readonly name?: string
  readonly path?: string
  readonly offset?: number
  readonly bytes?: number
  readonly signal?: AbortSignal
}

async function open(by: Running, asked: Asked): Promise<AsyncIterable<Uint8Array>> {
  const { name = 'films', path = 'film.webm', offset = 0, signal = new AbortController().signal } = asked
  const content = await by.service.contents.open({ name, version: null })
  const file = content.tree.file([path])
  assert.ok(file !== undefined, path)
  const bytes = asked.bytes ?? file.bytes - offset
  return await content.read(file, { offset, bytes }, { by: 'test', signal })
}

async function read(by: Running, asked: Asked = {}): Promise<Buffer> {
  const parts: Uint8Array[] = []
  // The memory of each is used again.
  for await (const part of await open(by, asked)) parts.push(Uint8Array.from(part))
  return Buffer.concat(parts)
}

function cachedBytes({ node }: Running): number {
  return node.store.cache.usage().usedBytes
}

/** Of everything that this device fetched. */
function fetchedBytes({ node }: Running): number {
  return [...node.hub.tallies().values()].reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)
}

test('any range is read of what is not here, and little more than that is fetched', async () => {
  const offset = 30 * MIB + 5
  const part = await read(desk, { offset, bytes: 1000 })
  assert.ok(part.equals(film.subarray(offset, offset + 1000)))
  const end = await read(desk, { offset: FILM_BYTES - 10 })
  assert.ok(end.equals(film.subarray(-10)))
  assert.ok(fetchedBytes(desk) <= 12 * MIB, `${fetchedBytes(desk)} B for two short ranges`)
  assert.equal(desk.node.store.holdings().length, 0)
  assert.deepEqual(await desk.service.transfers(), [])
  const [summary] = await desk.service.datasets()
  assert.equal(summary?.local, 'none', 'it does not say that it has it')
})

test('the whole of it is read, and once more without anything being fetched', async () => {
  assert.ok((await read(desk)).equals(film))
  const once = fetchedBytes(desk)
  assert.ok(once <= FILM_BYTES + 2 * MIB, `${once} B`)
  assert.ok((await read(desk)).equals(film))
  assert.equal(fetchedBytes(desk), once)
  assert.ok(cachedBytes(desk) >= FILM_BYTES && cachedBytes(desk) <= FILM_BYTES + MIB)
})

test('a transfer of what was read begins with that', async () => {
  const before = fetchedBytes(desk)
  const destination = join(org.folder, 'got')
  const order = { name: 'films', version: null, destination, purpose: null, priority: null }
  const { id } = await desk.service.startTransfer({ ...order, only: ['film.webm'] })
  await eventually('it is there', async () => (await desk.service.transfer(id)).state === 'complete')
  assert.ok(readFileSync(join(destination, 'film.webm')).equals(film))
  assert.equal(fetchedBytes(desk), before)
})

test('what is fetched as a whole comes in the order in which it is read', async () => {
  await plant('others', film.subarray(MIB))
  const order = { name: 'others', version: null, purpose: null, priority: null, only: [] }
  const cached = cachedBytes(desk)
  const { id } = await desk.service.startTransfer({ ...order, destination: join(org.folder, 'others-got') })
  const part = await read(desk, { name: 'others', path: 'file', offset: 20 * MIB, bytes: 2 * MIB })
  assert.ok(part.equals(film.subarray(21 * MIB, 23 * MIB)))
  await eventually('it is there', async () => (await desk.service.transfer(id)).state === 'complete')
  assert.equal(cachedBytes(desk), cached, 'and goes where it is fetched to')
})

test('of what is sealed a range is fetched, kept sealed, and opened', async () => {
  const plain = Buffer.alloc(12 * MIB, `${MARKER} sealed `)
  await plant('plans', plain, { sealed: true })
  await eventually('it has the key', () => phone.node.sealing.keeper.keysOf(versionOf('plans')).length > 0)
  const part = await read(phone, { name: 'plans', path: 'file', offset: 7 * MIB + 3, bytes: 100_000 })
  assert.ok(part.equals(plain.subarray(7 * MIB + 3, 7 * MIB + 100_003)))
  assert.ok(cachedBytes(phone) > 0 && cachedBytes(phone) < 8 * MIB, `${cachedBytes(phone)} B`)
  assert.deepEqual(marked(phone), [])
})

test('a quarantine ends what is read, and what was kept of it goes', async () => {
  await plant('marked', Buffer.alloc(24 * MIB, `${MARKER} plain `))
  const parts = (await open(phone, { name: 'marked', path: 'file' }))[Symbol.asyncIterator]()
  await parts.next()
  assert.ok(marked(phone).length > 0)
  const version = versionOf('marked')
  await nas.service.governance.quarantine({ name: 'marked', version: null, reason: 'look at it' })
  const { node } = phone
  await eventually('it is known', () => node.readFault(node.identity.device, version) !== undefined)
  await assert.rejects(
    async () => {
      for (let part = await parts.next(); part.done !== true; part = await parts.next());
    },
    { code: 'NOT_AUTHORISED' }
  )
  await eventually('nothing of it is there', () => marked(phone).length === 0)
  assert.equal(phone.node.store.cache.find(version), undefined)
  await assert.rejects(read(phone, { name: 'marked', path: 'file' }), { code: 'NOT_AUTHORISED' })
})

test('the cache has a size, that is shown and set', async () => {
  const { contents } = phone.service
  const { limitBytes, usedBytes } = await contents.cache()
  assert.deepEqual([limitBytes, usedBytes], [2 * GIB, cachedBytes(phone)])
  await assert.rejects(contents.setCache(MIB), { code: 'USAGE' })
  assert.equal((await contents.setCache(GIB)).limitBytes, GIB)
})

test('as many as may read at once hold up nobody who looks what there is', async () => {
  const readers = new AbortController()
  const asked = { bytes: 1, signal: readers.signal }
  await Promise.all(Array.from({ length: READINGS_MAX }, () => open(desk, asked)))
  await assert.rejects(open(desk, asked), { code: 'TOO_MANY_CALLS' })
  const { tree } = await desk.service.contents.open({ name: 'films', version: null })
  assert.equal(tree.file(['film.webm'])?.bytes, FILM_BYTES)
  readers.abort()
  await open(desk, { bytes: 1 })
})

test('what a reader has begun ends with it', async () => {
  const leaving = new AbortController()
  const parts = (await open(phone, { signal: leaving.signal }))[Symbol.asyncIterator]()
  await parts.next()
  leaving.abort(new Error('gone'))
  await assert.rejects(parts.next(), /gone/)
  const { node } = phone
  await eventually('nothing is asked for', () =>
    node.hub.statuses().every(({ status }) => status.inFlightBytes === 0)
  )
  const fetched = cachedBytes(phone)
  assert.ok(fetched < FILM_BYTES, `${fetched} B`)
})

test('what one has read it gives on to another', async () => {
  const { home } = desk.node
  await desk.node.stop()
  await nas.node.stop()
  org.running.splice(0, org.running.length, phone)
  desk = await org.start(home)
  assert.ok(cachedBytes(desk) >= FILM_BYTES, 'it lasts over a restart')
  await org.settled()
  assert.ok((await read(phone, { offset: 40 * MIB })).equals(film.subarray(40 * MIB)))
  await desk.service.contents.setCache(0)
  assert.equal(cachedBytes(desk), 0)
  const elsewhere = { name: 'marked', path: 'file' }
  await assert.rejects(read(desk, elsewhere), { code: 'NOT_AUTHORISED' })
  await assert.rejects(read(desk, { name: 'plans', path: 'file' }), { code: 'DATASET_UNKNOWN' })
})
