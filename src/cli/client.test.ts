import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { ErrorCode } from '../base/error-codes.ts'
import { AppError } from '../base/errors.ts'
import { AdminClient, toHttpRequest } from './client.ts'

let home: string
let server: Server | undefined

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'peerage-client-'))
})

afterEach(async () => {
  server?.closeAllConnections()
  if (server?.listening) await new Promise(resolve => server?.close(resolve))
  server = undefined
  rmSync(home, { recursive: true, force: true })
})

async function answerWith(listener: RequestListener): Promise<AdminClient> {
  const socket = process.platform === 'win32' ? `\\\\.\\pipe\\${process.pid}-client` : join(home, 's')
  server = createServer(listener).listen(socket)
  await once(server, 'listening')
  writeFileSync(join(home, 'admin.json'), JSON.stringify({ v: 1, socket, pid: process.pid }))
  return new AdminClient(home)
}

const isError = (code: ErrorCode, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, pattern)
  return true
}

const never = () => ({ signal: new AbortController().signal, onProgress: () => {} })

describe('toHttpRequest', () => {
  it('puts arguments where the route has them', () => {
    assert.deepEqual(toHttpRequest('retire', { name: 'team/a', version: null }), {
      method: 'POST',
      path: '/v1/datasets/team%2Fa/retire',
      body: '{"version":null}'
    })
    assert.deepEqual(toHttpRequest('torrent', { name: 'a', version: '3' }), {
      method: 'GET',
      path: '/v1/datasets/a/torrent?version=3',
      body: undefined
    })
    assert.equal(toHttpRequest('torrent', { name: 'a', version: null }).path, '/v1/datasets/a/torrent')
    assert.equal(toHttpRequest('status', {}).path, '/v1/status')
  })
})

describe('finding the node', () => {
  it('tells no home, no node and a dead node apart from a foreign file', async () => {
    const missing = new AdminClient(join(home, 'none'))
    await assert.rejects(missing.call('status', {}), isError('HOME_MISSING', /peerage init/))
    const client = new AdminClient(home)
    await assert.rejects(client.call('status', {}), isError('NODE_DOWN', /peerage up --home/))
    writeFileSync(join(home, 'admin.json'), JSON.stringify({ v: 1, socket: join(home, 'gone'), pid: 1 }))
    await assert.rejects(client.call('status', {}), isError('NODE_DOWN', /no node is running/))
    for (const text of ['', '{}', '{"v":2,"socket":"/s","pid":1}', '{"v":1,"socket":"","pid":1}']) {
      writeFileSync(join(home, 'admin.json'), text)
      await assert.rejects(client.call('status', {}), isError('HOME_CORRUPT', /admin\.json/))
    }
  })
})

describe('answers', () => {
  it('that are errors come as the node meant them', async () => {
    const client = await answerWith((_request, response) => {
      response.writeHead(404)
      response.end('{"error":{"code":"DATASET_UNKNOWN","message":"no a","details":{"name":"a"}}}')
    })
    await assert.rejects(client.call('dataset', { name: 'a' }), (error: unknown) => {
      isError('DATASET_UNKNOWN', /^no a$/)(error)
      assert.ok(error instanceof AppError)
      assert.deepEqual({ ...error.details }, { name: 'a' })
      return true
    })
  })

  it('of another shape are never believed', async () => {
    let status = 200
    let text = ''
    const client = await answerWith((_request, response) => {
      response.writeHead(status)
      response.end(text)
    })
    for ([status, text] of [
      [200, ''],
      [200, '{"peers":[{}]}'],
      [200, 'null'],
      [500, 'oops'],
      [404, '{"error":{"code":"NO_SUCH_CODE","message":"","details":{}}}']
    ] as const)
      await assert.rejects(client.call('peers', {}), isError('NODE_INTERNAL', /faulty/))
  })

  it('that stop in the middle are a node that went away', async () => {
    const client = await answerWith((_request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"pe')
      setTimeout(() => response.destroy(), 5)
    })
    await assert.rejects(client.call('peers', {}), isError('NODE_DOWN', /went away/))
  })
})

describe('streams', () => {
  const progress = { bytesDone: 1, bytesTotal: 2, piecesBad: 0 }
  const line = (event: unknown): string => `${JSON.stringify(event)}\n`

  it('give progress, however the bytes are cut, and end with the result', async () => {
    const text = Buffer.from(
      line({ type: 'progress', progress }) +
        line({ type: 'heartbeat' }) +
        line({ type: 'progress', progress: { ...progress, bytesDone: 2 } }) +
        line({ type: 'result', result: { copies: [] } })
    )
    for (const step of [1, 7, text.length]) {
      const client = await answerWith(async (_request, response) => {
        response.writeHead(200)
        for (let at = 0; at < text.length; at += step) {
          response.write(text.subarray(at, at + step))
          await new Promise(resolve => setImmediate(resolve))
        }
        response.end()
      })
      const seen: number[] = []
      const result = await client.stream(
        'verify',
        { name: 'a' },
        { signal: new AbortController().signal, onProgress: ({ bytesDone }) => seen.push(bytesDone) }
      )
      assert.deepEqual(result, { copies: [] })
      assert.deepEqual(seen, [1, 2])
      await new Promise(resolve => server?.close(resolve))
    }
  })

  it('that end in an error reject with it', async () => {
    const client = await answerWith((_request, response) => {
      response.end(line({ type: 'error', error: { code: 'DISK_FULL', message: 'no room', details: {} } }))
    })
    await assert.rejects(client.stream('verify', { name: 'a' }, never()), isError('DISK_FULL', /no room/))
  })

  it('that end without a last line are a node that went away', async () => {
    const client = await answerWith((_request, response) => {
      response.end(line({ type: 'progress', progress }))
    })
    await assert.rejects(client.stream('verify', { name: 'a' }, never()), isError('NODE_DOWN', /too early/))
  })

  it('can be left at once', async () => {
    const client = await answerWith((_request, response) => {
      response.write(line({ type: 'progress', progress }))
    })
    const left = new AbortController()
    const streaming = client.stream(
      'verify',
      { name: 'a' },
      { signal: left.signal, onProgress: () => left.abort() }
    )
    await assert.rejects(streaming, isError('INTERRUPTED', /interrupted/))
  })
})
