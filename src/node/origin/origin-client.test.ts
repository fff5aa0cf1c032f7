/** The client of an origin against a web server on loopback that misbehaves in every way that has a name. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { VersionFile } from '../../content/version.ts'
import { isOriginUrl } from '../../ledger/operation/origin-url.ts'
import { sampleBytes } from '../../store/samples.conformance.ts'
import { SILENT_LOG } from '../log.ts'
import { retryAfterMs } from './file-ranges.ts'
import { OriginClient, type OriginRules } from './origin-client.ts'
import { OriginError, type OriginFault } from './origin-faults.ts'
import { OriginServer } from './origin-server.conformance.ts'

const BYTES = sampleBytes(100_000, 1)
const FAST: OriginRules = {
  anyAddress: true,
  timeoutMs: 20_000,
  waitMinMs: 30,
  waitMaxMs: 60,
  asideMs: 60_000
}
/** For origins that do not answer. */
const IMPATIENT: OriginRules = { ...FAST, timeoutMs: 300 }
const NEVER = new AbortController().signal
const TAKING = { signal: NEVER, onBytes: () => undefined }

let server: OriginServer
let base: string
const clients: OriginClient[] = []

beforeEach(async () => {
  server = new OriginServer()
  base = await server.listen()
  server.files.set('/os/image', { bytes: BYTES, etag: '"one"', modified: 'Thu, 01 Jan 2026 00:00:00 GMT' })
})

afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  server.close()
})

function clientOf(url: string, rules = FAST, ready: boolean[] = []): OriginClient {
  const client = new OriginClient({ url, log: SILENT_LOG, rules, onReady: isReady => ready.push(isReady) })
  clients.push(client)
  return client
}

const fileOf = (path: string, bytes = BYTES.length) =>
  ({ path: path.split('/'), bytes }) as unknown as VersionFile

async function read(client: OriginClient, offset: number, length: number, file = fileOf('image')) {
  const parts: Uint8Array[] = []
  const isWhole = await client.read(
    file,
    { offset, length },
    { signal: NEVER, onBytes: bytes => parts.push(bytes.slice()) }
  )
  return { isWhole, bytes: Buffer.concat(parts) }
}

/** What a client is after it asked for a part of the file. */
async function faultOf(
  client: OriginClient,
  offset = 1000,
  length = 2000
): Promise<[string, OriginFault | null]> {
  const { isWhole } = await read(client, offset, length)
  assert.equal(isWhole, false)
  return [client.state.kind, client.state.fault]
}

test('parts and whole files, of paths with spaces, percent and other scripts', async () => {
  const client = clientOf(`${base}/os/`)
  assert.deepEqual(await read(client, 1000, 2000), {
    isWhole: true,
    bytes: Buffer.from(BYTES.subarray(1000, 3000))
  })
  assert.deepEqual((await read(client, 0, BYTES.length)).bytes, Buffer.from(BYTES))
  assert.deepEqual(server.asked, ['GET /os/image bytes=1000-2999', 'GET /os/image all'])
  for (const path of ['a b/100%.txt', 'ü/日本', 'what?/a#b']) {
    server.files.set(`/os/${path}`, { bytes: BYTES })
    assert.ok((await read(client, 5, 10, fileOf(path))).isWhole, path)
  }
  assert.equal(client.isReady, true)
})

test('a server that gives only whole files is set aside, unless that is what was asked for', async () => {
  server.answers.set('/os/image', (_, response) => {
    response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES)
  })
  const client = clientOf(`${base}/os/image`)
  assert.ok((await read(client, 0, BYTES.length)).isWhole)
  assert.deepEqual(await faultOf(client), ['aside', 'no-ranges'])
})

test('another size: by Content-Range, by Content-Length, and by a range that is not there', async () => {
  server.files.set('/os/image', { bytes: BYTES.subarray(0, 90_000) })
  assert.deepEqual(await faultOf(clientOf(`${base}/os/`)), ['aside', 'wrong-size'])
  assert.deepEqual(await faultOf(clientOf(`${base}/os/`), 0, BYTES.length), ['aside', 'wrong-size'])
  assert.deepEqual(await faultOf(clientOf(`${base}/os/`), 95_000, 1000), ['aside', 'wrong-size'])
})

test('another part than was asked for, and more than was asked for', async () => {
  server.answers.set('/os/image', (_, response) => {
    response.writeHead(206, { 'content-range': `bytes 0-1999/${BYTES.length}` }).end(BYTES.subarray(0, 2000))
  })
  assert.deepEqual(await faultOf(clientOf(`${base}/os/`)), ['aside', 'wrong-range'])
  server.answers.set('/os/image', (_, response) => {
    response
      .writeHead(206, { 'content-range': `bytes 1000-2999/${BYTES.length}` })
      .end(BYTES.subarray(0, 5000))
  })
  assert.deepEqual(await faultOf(clientOf(`${base}/os/`)), ['aside', 'wrong-range'])
})

test('a file that changes between two answers: by its ETag, whether the server knows If-Range, and by its date', async () => {
  const client = clientOf(`${base}/os/`)
  assert.ok((await read(client, 0, 1000)).isWhole)
  server.files.set('/os/image', { bytes: BYTES, etag: '"two"', modified: 'Thu, 01 Jan 2026 00:00:00 GMT' })
  assert.deepEqual(await faultOf(client), ['aside', 'changed'])
  assert.match(client.state.detail ?? '', /"one".*"two"/)
  const other = clientOf(`${base}/os/`)
  assert.ok((await read(other, 0, 1000)).isWhole)
  server.files.set('/os/image', { bytes: BYTES, etag: '"two"', modified: 'Fri, 02 Jan 2026 00:00:00 GMT' })
  assert.deepEqual(await faultOf(other), ['aside', 'changed'])
  const weak = clientOf(`${base}/os/`)
  server.files.set('/os/image', { bytes: BYTES, etag: 'W/"a"' })
  assert.ok((await read(weak, 0, 1000)).isWhole)
  server.files.set('/os/image', { bytes: BYTES, etag: 'W/"b"' })
  assert.deepEqual(await faultOf(weak), ['aside', 'changed'])
})

test('missing, forbidden, compressed, and what is no HTTP', async () => {
  for (const [status, fault] of [
    [404, 'not-found'],
    [410, 'not-found'],
    [401, 'forbidden'],
    [403, 'forbidden']
  ] as const) {
    server.answers.set('/os/image', (_, response) => void response.writeHead(status).end())
    assert.deepEqual(await faultOf(clientOf(`${base}/os/`)), ['aside', fault])
  }
  server.answers.set('/os/image', (_, response) => {
    response.writeHead(206, {
      'content-encoding': 'gzip',
      'content-range': `bytes 1000-2999/${BYTES.length}`
    })
    response.end(BYTES.subarray(0, 2000))
  })
  assert.deepEqual(await faultOf(clientOf(`${base}/os/`)), ['aside', 'encoded'])
  server.answers.set('/os/image', (_, response) => void response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n'))
  assert.deepEqual(await faultOf(clientOf(`${base}/os/`)), ['aside', 'bad-answer'])
})

test('503 with Retry-After: it is left alone as long as it says, and then asked again', async () => {
  let isBusy = true
  server.answers.set('/os/image', (request, response) => {
    if (isBusy) response.writeHead(503, { 'retry-after': '1' }).end()
    else server.give(request, response)
  })
  const ready: boolean[] = []
  const client = clientOf(`${base}/os/`, FAST, ready)
  const askedMs = Date.now()
  assert.deepEqual(await faultOf(client), ['waiting', 'busy'])
  assert.ok((client.state.untilMs ?? 0) >= askedMs + 1000)
  isBusy = false
  while (!client.isReady) await delay(20)
  assert.ok(Date.now() >= askedMs + 1000)
  assert.deepEqual(ready, [false, true])
  assert.ok((await read(client, 1000, 2000)).isWhole)
  assert.equal(client.state.fault, null)
})

test('Retry-After is seconds or a date, and bounded', () => {
  const nowMs = Date.parse('Thu, 01 Jan 2026 00:00:00 GMT')
  for (const [said, ms] of [
    ['0', 0],
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    ['Thu, 01 Jan 2025 00:00:00 GMT', 0],
    ['999999999', 3_600_000],
    ['soon', undefined],
    [undefined, undefined]
  ] as const)
    assert.equal(retryAfterMs(said, nowMs), ms)
})

test('an outage: waits that grow, and it is asked again by itself', async () => {
  const client = clientOf(`${base}/os/`)
  server.answers.set('/os/image', (_, response) => void response.writeHead(500).end())
  assert.deepEqual(await faultOf(client), ['waiting', 'server-error'])
  while (!client.isReady) await delay(5)
  server.close()
  assert.deepEqual(await faultOf(client), ['waiting', 'unreachable'])
  const nobody = clientOf('http://127.0.0.1:1/os/')
  assert.deepEqual(await faultOf(nobody), ['waiting', 'unreachable'])
})

test('one that accepts and says nothing, and one that stops in the middle', async () => {
  server.answers.set('/os/image', () => undefined)
  assert.deepEqual(await faultOf(clientOf(`${base}/os/`, IMPATIENT)), ['waiting', 'timeout'])
  let answers = 0
  server.answers.set('/os/image', (request, response) => {
    if (answers++ > 0) return
    const range = request.headers.range?.replace('bytes=', 'bytes ')
    response.writeHead(206, { 'content-range': `${range}/${BYTES.length}`, 'content-length': 2000 })
    response.write(BYTES.subarray(1000, 1500))
  })
  const [kind] = await faultOf(clientOf(`${base}/os/`, IMPATIENT))
  assert.equal(kind, 'waiting')
})

/** A server that says what it likes on each connection. */
async function rawServer(context: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const raw = createServer(socket => {
    sockets.add(socket.on('error', () => undefined))
    onConnection(socket)
  })
  context.after(() => {
    for (const socket of sockets) socket.destroy()
    raw.close()
  })
  raw.listen(0, '127.0.0.1')
  await once(raw, 'listening')
  return `http://127.0.0.1:${(raw.address() as AddressInfo).port}/os/`
}

/** Says one thing again and again until nobody listens. */
function drip(socket: Socket, what: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(what), everyMs)
  socket.on('close', () => clearInterval(timer))
}

test('heads and bodies that drip, and announcements without end, hold up nothing for ever', async t => {
  const head = `HTTP/1.1 206 Partial Content\r\nContent-Length: 2000\r\nContent-Range: bytes 1000-2999/${BYTES.length}\r\n`
  const hosts = [
    (socket: Socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 50),
    (socket: Socket) => {
      socket.write('HTTP/1.1 206 Partial Content\r\nX-Drip: ')
      drip(socket, 'a', 50)
    },
    (socket: Socket) => {
      socket.write(`${head}\r\n`)
      drip(socket, 'a', 50)
    }
  ]
  for (const host of hosts) {
    const url = await rawServer(t, host)
    assert.deepEqual(await faultOf(clientOf(url, IMPATIENT)), ['waiting', 'timeout'])
  }
})

test('another protocol in the place of an answer is none', async t => {
  const url = await rawServer(t, socket => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
    )
  })
  assert.deepEqual(await faultOf(clientOf(url)), ['aside', 'bad-answer'])
})

test('a connection that was kept and is closed when it is used again is no failure', async t => {
  let connections = 0
  const url = await rawServer(t, socket => {
    connections++
    socket.once('data', () => {
      socket.write(
        `HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\nContent-Range: bytes 0-9/${BYTES.length}\r\n\r\n0123456789`
      )
      socket.once('data', () => socket.destroy())
    })
  })
  const ready: boolean[] = []
  const client = clientOf(url, FAST, ready)
  for (let i = 0; i < 3; i++) {
    assert.ok((await read(client, 0, 10)).isWhole)
    // The connection is free for the next request a moment after the answer.
    await delay(10)
  }
  assert.deepEqual([connections, ready], [3, []])
})

test('what an origin says of itself is remembered up to a length', async () => {
  const long = `"${'e'.repeat(5000)}"`
  server.files.set('/os/image', { bytes: BYTES, etag: `${long.slice(0, -1)}1"` })
  const client = clientOf(`${base}/os/`)
  assert.ok((await read(client, 0, 1000)).isWhole)
  server.files.set('/os/image', { bytes: BYTES, etag: '"short"' })
  assert.deepEqual(await faultOf(client), ['aside', 'changed'])
  assert.ok((client.state.detail ?? '').length < 500)
})

test('an answer that breaks off is gone on with where it stopped', async () => {
  let breaks = 2
  server.answers.set('/os/image', (request, response) => {
    const [, first = '0', last = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
    if (breaks-- <= 0) {
      server.give(request, response)
      return
    }
    const part = BYTES.subarray(Number(first), Number(last) + 1)
    const headers = {
      etag: '"one"',
      'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
      'content-length': part.length
    }
    response.writeHead(206, { ...headers, 'content-range': `bytes ${first}-${last}/${BYTES.length}` })
    response.write(part.subarray(0, 500), () => response.destroy())
  })
  const client = clientOf(`${base}/os/`)
  assert.deepEqual(await read(client, 1000, 2000), {
    isWhole: true,
    bytes: Buffer.from(BYTES.subarray(1000, 3000))
  })
  assert.deepEqual(server.asked, [
    'GET /os/image bytes=1000-2999',
    'GET /os/image bytes=1500-2999',
    'GET /os/image bytes=2000-2999'
  ])
})

test('redirects: followed, but not for ever, not to other schemes and not with a password', async () => {
  const redirect =
    (to: string): ((_: unknown, response: import('node:http').ServerResponse) => void) =>
    (_, response) =>
      void response.writeHead(302, { location: to }).end()
  server.answers.set('/os/image', redirect('/elsewhere/image'))
  server.files.set('/elsewhere/image', { bytes: BYTES })
  assert.ok((await read(clientOf(`${base}/os/`), 1000, 2000)).isWhole)
  server.answers.set('/os/image', redirect('/os/image'))
  assert.deepEqual(await faultOf(clientOf(`${base}/os/`)), ['aside', 'redirect-loop'])
  assert.equal(server.asked.length, 2 + 6)
  for (const to of [
    'ftp://mirror.example/',
    'file:///etc/passwd',
    'http://user:secret@mirror.example/',
    'http://['
  ]) {
    server.answers.set('/os/image', redirect(to))
    const client = clientOf(`${base}/os/`)
    assert.deepEqual(await faultOf(client), ['aside', 'redirect-refused'])
    assert.doesNotMatch(client.state.detail ?? '', /secret/)
  }
  server.answers.set('/os/image', redirect('/signed?key=secret'))
  server.answers.set('/signed?key=secret', redirect('ftp://mirror.example/'))
  const signed = clientOf(`${base}/os/`)
  assert.deepEqual(await faultOf(signed), ['aside', 'redirect-refused'])
  assert.doesNotMatch(signed.state.detail ?? '', /secret/)
})

test('addresses where no origin may be: given, by name, and behind a redirect', async () => {
  const strict: OriginRules = { ...FAST, anyAddress: false }
  for (const url of [
    `${base}/os/`,
    base.replace('127.0.0.1', 'localhost'),
    'http://169.254.169.254/',
    'http://[::1]:1/'
  ])
    assert.deepEqual(await faultOf(clientOf(`${url.replace(/\/$/, '')}/`, strict)), [
      'aside',
      'refused-address'
    ])
  assert.deepEqual(server.asked, [], 'nobody was asked')
})

test('it is set aside for longer each time, however well it answers between', async () => {
  const asideMs = 30
  const client = clientOf(`${base}/os/`, { ...FAST, asideMs })
  for (let turn = 0; turn < 3; turn++) {
    while (!client.isReady) await delay(5)
    assert.ok((await read(client, 0, 1000)).isWhole)
    const fromMs = Date.now()
    client.fail(new OriginError('wrong-content', 'a piece fails its hash'))
    assert.ok((client.state.untilMs ?? 0) >= fromMs + asideMs * 2 ** (turn - 1), `turn ${turn}`)
  }
})

test('what the ledger takes for a URL and the runtime does not: set aside like an origin that is wrong', async () => {
  for (const url of ['http://mirror.example:99999/os/', 'http://[::::]/os/', 'http://10.1.2.999/os/']) {
    assert.ok(isOriginUrl(url), url)
    assert.deepEqual(await faultOf(clientOf(url)), ['aside', 'bad-url'])
    const client = clientOf(url)
    assert.equal(await client.torrent(TAKING), undefined)
    assert.equal(client.state.fault, 'bad-url')
  }
})

test('called off it asks no more, and says nothing', async () => {
  server.answers.set('/os/image', () => undefined)
  const ready: boolean[] = []
  const client = clientOf(`${base}/os/`, FAST, ready)
  const calledOff = new AbortController()
  const reading = client.read(
    fileOf('image'),
    { offset: 0, length: 10 },
    { signal: calledOff.signal, onBytes: () => assert.fail() }
  )
  await delay(30)
  calledOff.abort()
  assert.equal(await reading, false)
  const other = client.read(
    fileOf('image'),
    { offset: 0, length: 10 },
    { signal: NEVER, onBytes: () => assert.fail() }
  )
  client.close()
  assert.equal(await other, false)
  assert.deepEqual(ready, [])
})

test('the .torrent beside it; without one the origin stays as good as it was', async () => {
  const client = clientOf(`${base}/os/`)
  assert.equal(await client.torrent(TAKING), undefined)
  assert.equal(client.isReady, true)
  server.files.set('/os.torrent', { bytes: sampleBytes(1000, 2) })
  assert.deepEqual(await client.torrent(TAKING), sampleBytes(1000, 2))
})
