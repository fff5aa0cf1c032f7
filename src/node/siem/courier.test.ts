import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import type { JsonObject } from '../../audit/ocsf.ts'
import { Courier } from './courier.ts'
import { decodeCursor, encodeCursor } from './event-feed.ts'
import { FileSink } from './file-sink.ts'
import { HttpSink } from './http-sink.ts'
import type { KeptSink } from './siem-file.ts'
import { firstOf, Receiver, SiemFixture, until, upTo } from './siem-fixture.conformance.ts'
import type { Sink } from './sink.ts'
import { parseTarget } from './sink-target.ts'

const TIMING = { pollMs: 5, retryMinMs: 1 }
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function begin(): SiemFixture {
  const fixture = new SiemFixture()
  cleanups.push(() => fixture.close())
  return fixture
}

const spec = (target: string) => ({
  ...{ target: parseTarget(target), logs: 'own' as const, tokenFile: null, caFile: null },
  ...{ rotateBytes: 1e9, keep: 3 }
})

function courierOf(fixture: SiemFixture, kept: KeptSink, sink: Sink): Courier {
  const { feed, file } = fixture
  const courier = new Courier({ kept, sink, feed, file, onFailure: () => undefined, timing: TIMING })
  courier.start()
  return courier
}

async function receiving(...answer: ConstructorParameters<typeof Receiver>) {
  const receiver = new Receiver(...answer)
  cleanups.push(() => receiver.close())
  return { receiver, url: await receiver.listen() }
}

const http = (url: string, timeoutMs = 5000): Sink =>
  new HttpSink({ url, tokenFile: null, caFile: null, timeoutMs })

test('a receiver that fails in every way gets all events, in order, over restarts', async () => {
  const fixture = begin()
  const { receiver, url } = await receiving((batch, response, times) => {
    if (batch.length > 40) {
      response.writeHead(413).end()
      return false
    }
    switch (times % 6) {
      case 1:
        response.writeHead(503, { 'retry-after': '0' }).end()
        return false
      case 2: // It took them, and its word that it did is lost.
        response.destroy()
        return true
      case 3:
        response.writeHead(500).end('on fire')
        return false
      case 4:
        response.writeHead(302, { location: url }).end()
        return false
      default:
        response.writeHead(204).end()
        return true
    }
  })
  await fixture.grow(300)
  const kept = fixture.file.add(spec(url), new Map())
  let courier = courierOf(fixture, kept, http(url))
  await until(() => firstOf(receiver.events).length >= 60)
  await courier.close()
  fixture.reopenFile()
  await fixture.grow(100)
  courier = courierOf(fixture, kept, http(url))
  await until(() => firstOf(receiver.events).length >= 400)
  await until(() => fixture.feed.backlog(fixture.file.cursor(kept.id), 'own') === 0)
  await courier.close()
  assert.deepEqual(firstOf(receiver.events), upTo(400))
  // What it answered for it was not sent again: each copy comes of a word that was lost.
  const copies = receiver.events.length - 400
  assert.ok(copies > 0 && copies < 400, `${copies} copies`)
  const [request] = receiver.requests
  assert.match(String(request?.headers['content-type']), /^application\/cloudevents-batch\+json/)
})

test('while a receiver is away it says so, waits in the log, and goes on; a new one begins with what is new', async () => {
  const fixture = begin()
  let isUp = false
  const { receiver, url } = await receiving((_, response) => {
    response.writeHead(isUp ? 200 : 401).end()
    return isUp
  })
  await fixture.grow(5)
  const kept = fixture.file.add(spec(url), fixture.feed.end('own'))
  const courier = courierOf(fixture, kept, http(url))
  await fixture.grow(3)
  await until(() => (courier.status.failure?.attempts ?? 0) > 2)
  assert.match(courier.status.failure?.message ?? '', /401/)
  assert.equal(fixture.feed.backlog(fixture.file.cursor(kept.id), 'own'), 3)
  isUp = true
  await until(() => receiver.events.length === 3)
  await until(() => courier.status.failure === null)
  assert.deepEqual(firstOf(receiver.events), [5, 6, 7])
  assert.equal(courier.status.delivered, 3)
  await courier.close()
})

test('a receiver that never answers does not hold up the end', async () => {
  const fixture = begin()
  const { receiver, url } = await receiving(() => false)
  await fixture.grow(1)
  const courier = courierOf(fixture, fixture.file.add(spec(url), new Map()), http(url, 60_000))
  await until(() => receiver.requests.length === 1)
  await courier.close()
})

test('the token is read for each batch, and a file without one is said without its content', async () => {
  const fixture = begin()
  const { receiver, url } = await receiving((_, response) => {
    response.end()
    return true
  })
  const tokenFile = join(fixture.home, 'token')
  const sink = new HttpSink({ url, tokenFile, caFile: null })
  const send = () => sink.send([{ a: 1 }], AbortSignal.timeout(5000))
  writeFileSync(tokenFile, 'first-secret\n')
  await send()
  writeFileSync(tokenFile, 'second-secret\n')
  await send()
  assert.deepEqual(
    receiver.requests.map(({ headers }) => headers.authorization),
    ['Bearer first-secret', 'Bearer second-secret']
  )
  writeFileSync(tokenFile, 'two words')
  await assert.rejects(
    send,
    (error: Error) => /has no token/.test(error.message) && !/two words/.test(error.message)
  )
})

test('a file has a line for each event, is ended when it is full, and mended after a crash', async () => {
  const fixture = begin()
  const path = join(fixture.home, 'events.jsonl')
  await fixture.grow(1000)
  const kept = fixture.file.add(spec(`file:${path}`), new Map())
  const sink = new FileSink({ path, rotateBytes: 700_000, keep: 3 })
  const courier = courierOf(fixture, kept, sink)
  await until(() => courier.status.delivered === 1000)
  await courier.close()
  const linesOf = (name: string) =>
    (existsSync(name) ? readFileSync(name, 'utf8').split('\n') : ['']).slice(0, -1)
  const files = [`${path}.3`, `${path}.2`, `${path}.1`, path]
  const events = files.flatMap(linesOf).map(line => JSON.parse(line) as JsonObject)
  assert.deepEqual(firstOf(events), upTo(1000))
  assert.ok(existsSync(`${path}.1`))
  assert.equal(statSync(`${path}.1`).mode & 0o777, 0o600)
  // A crash in the middle of a write.
  await sink.send([{ n: 1 }, { n: 2 }])
  truncateSync(path, statSync(path).size - 4)
  await sink.send([{ n: 2 }])
  assert.deepEqual(linesOf(path).slice(-3), ['{"n":1}', '{"n"', '{"n":2}'])
})

test('what retention dropped is counted and skipped; a cursor as text is the same cursor', async () => {
  const fixture = begin()
  await fixture.grow(10)
  const { database } = fixture.store
  const leaves = [2, 3].map(seq => ({ seq, leaf: new Uint8Array(32) }))
  await fixture.store.expire({ ...fixture.log.id, beforeMs: 1, leaves, timeMs: 1 })
  assert.equal(database.sizes()[0]?.size, 10)
  const first = fixture.feed.read(new Map(), { limit: 5, logs: 'own' })
  assert.deepEqual([firstOf(first.events), first.skipped], [[0, 1, 4], 2])
  const cursor = decodeCursor(encodeCursor(first.cursor))
  assert.deepEqual(cursor, first.cursor)
  const rest = fixture.feed.read(cursor ?? new Map(), { limit: 50, logs: 'own' })
  assert.deepEqual([firstOf(rest.events), rest.skipped], [[5, 6, 7, 8, 9], 0])
  for (const text of ['', 'x', encodeCursor(new Map([['a', -1]])), 'bnVsbA'])
    assert.equal(decodeCursor(text), undefined, text)
})
