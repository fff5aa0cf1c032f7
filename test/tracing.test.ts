/**
 * Traces of real nodes, as a collector gets them by OTLP: calls of the API with what they lead to, transfers, repair
 * and erasure; and no name of anything in them.
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { GIB } from '../src/base/units.ts'
import { AdminClient } from '../src/cli/client.ts'
import { type AdminServer, createAdminServer } from '../src/gateway/http/admin-server.ts'
import { TokenBook } from '../src/gateway/http/token-book.ts'
import { SILENT_LOG } from '../src/node/log.ts'
import { DEFAULT_STORAGE_SETTINGS } from '../src/node/storage/node-storage.ts'
import { startTracing, type Tracing } from '../src/node/tracing/start-tracing.ts'
import { OtlpCollector } from './interop/otlp-collector.ts'

const QUICK = { ...DEFAULT_STORAGE_SETTINGS, lookMs: 200, retryMs: 500, presenceMs: 0 }
const NAMES = ['payroll', 'salaries', 'board', 'nas-of-berlin', 'lab-of-paris', 'peerage-org-', 'acme']
const BYTES = 300_000
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
const task = { signal: new AbortController().signal, onProgress: () => undefined }

const collector = new OtlpCollector()
const org = new OrgInProcess()
let tracing: Tracing
let nas: Running
let lab: Running
let server: AdminServer
let socket: string
let client: AdminClient
let version: string

before(async () => {
  Object.assign(process.env, {
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start(), OTEL_EXPORTER_OTLP_HEADERS: 'x-key=k0' },
    ...{ OTEL_SERVICE_NAME: 'peerage-test', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test' },
    ...{ OTEL_BSP_SCHEDULE_DELAY: '50' }
  })
  tracing = await startTracing({
    ...{ environment: process.env, software: 'peerage/1.2.3', instance: 'ab', log: SILENT_LOG }
  })
  nas = await org.found('nas-of-berlin', { storage: QUICK })
  lab = await org.join(nas, 'lab-of-paris', { storage: QUICK })
  await org.settled()
  const { home } = nas.node
  const source = join(org.folder, 'salaries')
  mkdirSync(source)
  writeFileSync(join(source, 'board.txt'), randomBytes(BYTES))
  server = createAdminServer({ service: nas.service, tokens: new TokenBook(home), log: SILENT_LOG })
  socket = await server.listen(home)
  client = new AdminClient(home)
  const published = await client.stream(
    'publish',
    { path: source, name: 'payroll', dataClass: 'internal' },
    task
  )
  version = published.version
})

after(async () => {
  await server.close()
  await org.stop()
  await tracing.end()
  collector.stop()
})

const came = (name: string, count = 1): Promise<void> =>
  eventually(
    () => `${name} came; there are ${collector.spans.map(each => each.name)}`,
    () => collector.named(name).length >= count
  )
const short = () => version.slice(0, 16)

test('a call has its route and outcome, and what it leads to is within it', async () => {
  await came('POST /v1/publications')
  await came('publish')
  const [call] = collector.named('POST /v1/publications')
  const [publish] = collector.named('publish')
  assert.deepEqual(call?.attributes, {
    ...{ 'http.request.method': 'POST', 'http.route': '/v1/publications', 'peerage.route': 'publish' },
    ...{ 'http.response.status_code': 200, 'peerage.outcome': 'done' }
  })
  assert.equal(call.kind, 2, 'SPAN_KIND_SERVER')
  assert.deepEqual(publish?.attributes, {
    ...{ 'peerage.version': short(), 'peerage.class': 'internal', 'peerage.sealed': false },
    ...{ 'peerage.files': 1, 'peerage.bytes': BYTES }
  })
  assert.equal(publish.traceId, call.traceId)
  assert.equal(publish.parentSpanId, call.spanId)
  assert.ok(BigInt(publish.endTimeUnixNano) > BigInt(publish.startTimeUnixNano))
  assert.ok(BigInt(publish.startTimeUnixNano) >= BigInt(call.startTimeUnixNano))
})

test('it says of which service it is, and comes with the headers that the environment names', () => {
  for (const { resource } of collector.spans) {
    assert.equal(resource['service.name'], 'peerage-test')
    assert.equal(resource['service.version'], '1.2.3')
    assert.equal(resource['service.instance.id'], 'ab')
    assert.equal(resource['deployment.environment'], 'test')
  }
  for (const { path, key } of collector.requests) assert.deepEqual([path, key], ['/v1/traces', 'k0'])
})

test('a call goes on in the trace of its caller', async () => {
  const traceparent = `00-${TRACE}-${CALLER}-01`
  const call = request({ socketPath: socket, path: '/v1/status', headers: { traceparent } }).end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  response.resume()
  await came('GET /v1/status')
  const span = collector.named('GET /v1/status').find(each => each.traceId === TRACE)
  assert.equal(span?.parentSpanId, CALLER)
})

test('what failed has its code, and not its message', async () => {
  const path = join(org.folder, 'salaries-that-are-gone')
  await assert.rejects(client.stream('publish', { path, name: 'payroll', dataClass: 'internal' }, task))
  await came('publish', 2)
  const failed = collector.named('publish').find(({ attributes }) => attributes['error.type'] !== undefined)
  assert.match(String(failed?.attributes['error.type']), /^[A-Z_]+$/)
  assert.deepEqual(failed?.status, { code: 2 })
})

test('a transfer is a span from its order to its end', async () => {
  const destination = join(org.folder, 'copy')
  await lab.service.startTransfer({
    ...{ name: 'payroll', version: null, destination, purpose: 'the board asked' },
    ...{ priority: null, deadlineAtMs: null, only: [] }
  })
  await came('transfer')
  const [transfer] = collector.named('transfer')
  assert.deepEqual(transfer?.attributes, {
    ...{ 'peerage.version': short(), 'peerage.files': 1, 'peerage.bytes': BYTES },
    ...{ 'peerage.outcome': 'complete', 'peerage.bytes.origin': 0, 'peerage.bytes.reused': 0 }
  })
})

test('a copy that is owed is a repair', async () => {
  await nas.service.storage.setStoragePolicy({ name: 'payroll', policy: 'copies=1' })
  await lab.service.storage.setCapacity({ capacityBytes: GIB, keepFreeShare: 0 })
  await came('repair')
  const [repair] = collector.named('repair')
  assert.equal(repair?.attributes['peerage.part'], 'copy')
  assert.equal(repair?.attributes['peerage.outcome'], 'complete')
  assert.equal(repair?.attributes['peerage.version'], short())
})

test('an erasure is a span on each device that has something', async () => {
  await client.call('erase', {
    ...{ name: 'payroll', allVersions: true, reason: 'the board asked', basis: 'art17', deleteSource: true }
  })
  await came('erasure', 2)
  await eventually('both are done', () => {
    const done = collector.named('erasure').filter(each => each.attributes['peerage.outcome'] === 'complete')
    return done.length >= 2 && done.every(({ attributes }) => attributes['peerage.version'] === short())
  })
})

test('nothing of it has a name of a dataset, file, device or org in it', () => {
  assert.ok(collector.spans.length > 8)
  assert.ok(collector.received.includes(short()))
  assert.deepEqual(
    [...NAMES, version, 'the board asked'].filter(name => collector.received.includes(name)),
    []
  )
})
