import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { errorBody } from '../../api/error.ts'
import { AssertionFailure } from '../../base/assert.ts'
import { ERROR_CODES, type ErrorCode } from '../../base/error-codes.ts'
import { AppError } from '../../base/errors.ts'
import { parseDeviceId, parseVersionId } from '../../base/ids.ts'
import type { NodeService, Transfer } from '../../node/service.ts'
import { scripted } from '../../node/swarm/scripted.conformance.ts'
import { type AdminServer, type AdminServerOptions, createAdminServer } from './admin-server.ts'
import { TokenBook } from './token-book.ts'

const VERSION = parseVersionId('ab'.repeat(32))
const DEVICE = parseDeviceId('cd'.repeat(32))
assert.ok(VERSION !== undefined && DEVICE !== undefined)

const FETCHING: Transfer = {
  id: 't-1',
  name: 'os-image',
  version: VERSION,
  ordinal: 1,
  destination: '/d',
  purpose: null,
  priority: 'normal',
  deadlineAtMs: null,
  outlook: null,
  lateByMs: null,
  origin: null,
  only: [['*.img']],
  ofVersion: { files: 9, bytes: 9000 },
  state: 'fetching',
  startedAtMs: 1,
  finishedAtMs: null,
  files: 1,
  totalBytes: 100,
  haveBytes: 40,
  resumedBytes: 0,
  reusedBytes: 0,
  receivedBytes: 40,
  wastedBytes: 0,
  bytesPerSecond: 10.5,
  etaMs: 6000,
  sourcesConnected: 1,
  sources: [
    {
      device: DEVICE,
      name: null,
      site: null,
      connected: true,
      publisher: true,
      receivedBytes: 40,
      bytesPerSecond: 10.5
    }
  ],
  restraints: [],
  problem: null
}

/** A node of which only the given methods may be called. */
function nodeWith(methods: Partial<NodeService>): NodeService {
  const unexpected = (name: string) => () => assert.fail(`${name} was not to be called`)
  return {
    governance: scripted({}),
    custody: scripted({}),
    storage: scripted({}),
    boosts: scripted({}),
    erasures: scripted({}),
    sealing: scripted({}),
    ledger: scripted({}),
    authority: scripted({}),
    overrides: scripted({}),
    follows: scripted({}),
    limits: scripted({}),
    scans: scripted({}),
    subjects: scripted({}),
    retention: scripted({}),
    privacy: scripted({}),
    breaches: scripted({}),
    requests: scripted({}),
    checkups: scripted({}),
    risks: scripted({}),
    history: scripted({}),
    performance: scripted({}),
    detection: scripted({}),
    siem: scripted({}),
    contents: scripted({}),
    status: unexpected('status'),
    activity: unexpected('activity'),
    measures: unexpected('measures'),
    peers: unexpected('peers'),
    invite: unexpected('invite'),
    publish: unexpected('publish'),
    retire: unexpected('retire'),
    datasets: unexpected('datasets'),
    dataset: unexpected('dataset'),
    holders: unexpected('holders'),
    verify: unexpected('verify'),
    torrent: unexpected('torrent'),
    startTransfer: unexpected('startTransfer'),
    transfers: unexpected('transfers'),
    transfer: unexpected('transfer'),
    transferFiles: unexpected('transferFiles'),
    stopTransfer: unexpected('stopTransfer'),
    pauseTransfer: unexpected('pauseTransfer'),
    resumeTransfer: unexpected('resumeTransfer'),
    prioritiseTransfer: unexpected('prioritiseTransfer'),
    setTransferDeadline: unexpected('setTransferDeadline'),
    onTransferChange: unexpected('onTransferChange'),
    audit: unexpected('audit'),
    auditWho: unexpected('auditWho'),
    auditCheckpoints: unexpected('auditCheckpoints'),
    auditAsk: unexpected('auditAsk'),
    auditAccept: unexpected('auditAccept'),
    auditVerify: unexpected('auditVerify'),
    auditExport: unexpected('auditExport'),
    ...methods
  }
}

let home: string
let server: AdminServer | undefined
let socketPath: string
const faults: unknown[] = []

async function serve(
  methods: Partial<NodeService>,
  options: Partial<AdminServerOptions> = {}
): Promise<void> {
  server = createAdminServer({
    service: nodeWith(methods),
    tokens: new TokenBook(home),
    log: { error: () => {} },
    onFault: thrown => faults.push(thrown),
    checkAnswers: true,
    timing: { progressIntervalMs: 1, heartbeatMs: 20 },
    drainMs: 500,
    ...options
  })
  socketPath = await server.listen(home)
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'peerage-admin-'))
  faults.length = 0
})

afterEach(async () => {
  await server?.close()
  server = undefined
  rmSync(home, { recursive: true })
})

async function send(method: string, path: string, body?: unknown): Promise<IncomingMessage> {
  const call = request({ socketPath, method, path, agent: false })
  if (body === undefined) call.end()
  else {
    call.setHeader('content-type', 'application/json')
    call.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const [response] = await once(call, 'response')
  return response
}

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const response = await send(method, path, body)
  return { status: response.statusCode ?? 0, json: JSON.parse((await bytesOf(response)).toString()) }
}

async function linesOf(response: IncomingMessage): Promise<{ type: string; [key: string]: unknown }[]> {
  const lines = []
  for await (const line of createInterface({ input: response })) lines.push(JSON.parse(line))
  return lines
}

async function refusal(
  method: string,
  path: string,
  body?: unknown
): Promise<{ status: number; text: string }> {
  const { status, json } = await ask(method, path, body)
  const { error } = errorBody.parse(json)
  return { status, text: `${error.code}: ${error.message}` }
}

describe('the place', { skip: process.platform === 'win32' }, () => {
  it('is open to the owner only, recorded while it is, and gone after', async () => {
    await serve({})
    assert.equal(lstatSync(socketPath).mode & 0o777, 0o600)
    assert.equal(lstatSync(home).mode & 0o777, 0o700)
    const endpoint = JSON.parse(readFileSync(join(home, 'admin.json'), 'utf8'))
    assert.deepEqual(endpoint, { v: 1, socket: socketPath, pid: process.pid })
    await server?.close()
    assert.ok(!existsSync(socketPath))
    assert.ok(!existsSync(join(home, 'admin.json')))
  })

  it('is refused to a second node, and the first goes on', async () => {
    await serve({ peers: async () => [] })
    const second = createAdminServer({
      service: nodeWith({}),
      tokens: new TokenBook(home),
      log: { error: () => {} }
    })
    await assert.rejects(
      second.listen(home),
      (error: unknown) => error instanceof AppError && error.code === 'HOME_LOCKED'
    )
    await second.close()
    assert.deepEqual(await ask('GET', '/v1/peers'), { status: 200, json: { peers: [] } })
    assert.ok(existsSync(join(home, 'admin.json')))
  })
})

describe('requests', () => {
  it('reach the node checked, with the name out of the path and defaults filled in', async () => {
    const asked: unknown[] = []
    await serve({
      retire: async reference => {
        asked.push(reference)
        return { name: reference.name, versions: [VERSION] }
      }
    })
    const answer = await ask('POST', `/v1/datasets/${encodeURIComponent('team/os-image')}/retire`, {})
    assert.deepEqual(answer, { status: 200, json: { name: 'team/os-image', versions: [VERSION] } })
    await ask('POST', '/v1/datasets/a/retire', { name: 'b', version: '2' })
    assert.deepEqual(asked, [
      { name: 'team/os-image', version: null },
      { name: 'a', version: '2' }
    ])
  })

  it('are refused with what is wrong before the node sees them', async () => {
    await serve({})
    const bad: [string, string, unknown, number, RegExp][] = [
      ['POST', '/v1/invites', { uses: 0, expiresInMs: 60_000 }, 400, /USAGE: .*invite is malformed: uses: /],
      ['POST', '/v1/invites', undefined, 400, /uses is missing: .*expiresInMs is missing: /],
      ['POST', '/v1/invites', '[1]', 400, /not a JSON object/],
      ['POST', '/v1/invites', '{', 400, /USAGE/],
      ['POST', '/v1/invites', '{"__proto__":{}}', 400, /USAGE/],
      ['POST', '/v1/invites', `"${'x'.repeat(70_000)}"`, 413, /USAGE: .*too large/],
      [
        'POST',
        '/v1/publications',
        { path: 'x', name: 'a', dataClass: 'internal' },
        400,
        /path: a path is absolute/
      ],
      ['POST', '/v1/transfers', { name: 'a', destination: '/d', surplus: 1 }, 400, /surplus/],
      ['GET', '/v1/datasets/a%40b', undefined, 400, /no @/],
      ['GET', '/v1/transfers/A', undefined, 400, /transfer id/],
      ['GET', '/v1/peers?a=1', undefined, 400, /USAGE/],
      ['GET', '/v2/peers', undefined, 404, /no GET \/v2\/peers/],
      ['HEAD', '/v1/transfers/t-1/events', undefined, 404, /^$/],
      ['DELETE', '/v1/datasets/a', undefined, 404, /USAGE/]
    ]
    for (const [method, path, body, status, pattern] of bad) {
      if (method === 'HEAD') {
        assert.equal((await send(method, path)).statusCode, status)
        continue
      }
      const refused = await refusal(method, path, body)
      assert.equal(refused.status, status, `${method} ${path}: ${refused.text}`)
      assert.match(refused.text, pattern)
    }
    assert.deepEqual(faults, [])
  })
})

describe('files of the home', () => {
  it('are for settings of the owner, and are not published', async () => {
    const asked: unknown[] = []
    const setSink = async ({ tokenFile }: { tokenFile: string | null }): Promise<never> => {
      asked.push(tokenFile)
      throw new AppError('USAGE', 'far enough')
    }
    await serve({ siem: scripted<NodeService['siem']>({ setSink }) })
    const tokenFile = join(home, 'siem.token')
    await ask('POST', '/v1/siem', { target: 'https://siem.example', tokenFile })
    assert.deepEqual(asked, [tokenFile])
    const publication = { path: join(home, 'device.key'), name: 'films', dataClass: 'public' }
    assert.equal((await ask('POST', '/v1/publications', publication)).status, 403)
  })
})

describe('failures', () => {
  it('of every code come with that code and a status that is an error', async () => {
    let code: ErrorCode = 'USAGE'
    await serve({
      datasets: async () => {
        throw new AppError(code, `this is ${code}`, { details: { limit: 3, names: ['a'] } })
      }
    })
    for (code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const { status, json } = await ask('GET', '/v1/datasets')
      assert.ok(status >= 400 && status < 600, `${code} is ${status}`)
      assert.deepEqual(json, {
        error: { code, message: `this is ${code}`, details: { limit: 3, names: ['a'] } }
      })
    }
    assert.deepEqual(faults, [])
  })

  it('that nobody foresaw are NODE_INTERNAL, and told to the process', async () => {
    const bug = new AssertionFailure('assertion failed: one is two')
    await serve({ peers: () => Promise.reject(bug), status: () => Promise.reject(new Error('ouch')) })
    assert.deepEqual(await refusal('GET', '/v1/peers').then(({ status }) => status), 500)
    assert.match((await refusal('GET', '/v1/status')).text, /NODE_INTERNAL: .*ouch/)
    assert.deepEqual(faults[0], bug)
    assert.equal(faults.length, 2)
  })

  it('of our own answers are found when answers are checked', async () => {
    await serve({ transfer: async () => ({ ...FETCHING, totalBytes: -1 }) })
    assert.equal((await refusal('GET', '/v1/transfers/t-1')).status, 500)
    assert.ok(faults[0] instanceof AssertionFailure)
    assert.match(String(faults[0]), /totalBytes/)
  })
})

describe('files', () => {
  it('come byte for byte', async () => {
    const torrent = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) & 255)
    await serve({ torrent: async () => torrent.subarray(1) })
    const response = await send('GET', '/v1/datasets/a/torrent?version=3')
    assert.equal(response.headers['content-type'], 'application/x-bittorrent')
    assert.deepEqual(await bytesOf(response), Buffer.from(torrent.subarray(1)))
  })
})

describe('event streams', () => {
  const PUBLISH = { path: '/p', name: 'a', dataClass: 'internal' }
  const PROGRESS = { phase: 'hashing', filesDone: 1, filesTotal: 2, bytesDone: 3, bytesTotal: 4 } as const

  it('answer a failure before the first line by status', async () => {
    await serve({ publish: () => Promise.reject(new AppError('SOURCE_MISSING', 'can not publish /p')) })
    assert.deepEqual(await refusal('POST', '/v1/publications', PUBLISH), {
      status: 404,
      text: 'SOURCE_MISSING: can not publish /p'
    })
  })

  it('answer a failure after it by a last line', async () => {
    await serve({
      publish: async (_request, { onProgress }) => {
        onProgress(PROGRESS)
        await new Promise(resolve => setTimeout(resolve, 50))
        throw new AppError('STORAGE_FAILED', 'can not read /p/x')
      }
    })
    const response = await send('POST', '/v1/publications', PUBLISH)
    assert.equal(response.headers['content-type'], 'application/x-ndjson')
    const lines = await linesOf(response)
    assert.deepEqual(lines[0], { type: 'progress', progress: PROGRESS })
    assert.deepEqual(lines.at(-1), {
      type: 'error',
      error: { code: 'STORAGE_FAILED', message: 'can not read /p/x', details: {} }
    })
    assert.ok(lines.some(line => line.type === 'heartbeat'))
  })

  it('call a publication off when the caller leaves', async () => {
    const calledOff = Promise.withResolvers<void>()
    await serve({
      publish: async (_request, { onProgress, signal }) => {
        onProgress(PROGRESS)
        signal.addEventListener('abort', () => calledOff.resolve())
        await calledOff.promise
        throw new AppError('INTERRUPTED', 'called off')
      }
    })
    const response = await send('POST', '/v1/publications', PUBLISH)
    await once(response, 'data')
    response.destroy()
    await calledOff.promise
    assert.deepEqual(faults, [])
  })

  it('watch a transfer to its end without touching it', async () => {
    let transfer = FETCHING
    const listeners = new Set<() => void>()
    await serve({
      transfer: async () => transfer,
      onTransferChange: (id, listener) => {
        assert.equal(id, 't-1')
        listeners.add(listener)
        return () => listeners.delete(listener)
      }
    })
    const leaving = await send('GET', '/v1/transfers/t-1/events')
    await once(leaving, 'data')
    leaving.destroy()
    const staying = await send('GET', '/v1/transfers/t-1/events')
    const lines = linesOf(staying)
    transfer = { ...FETCHING, state: 'complete', haveBytes: 100, finishedAtMs: 9 }
    for (const listener of listeners) listener()
    assert.deepEqual((await lines).at(-1), { type: 'result', result: transfer })
    while (listeners.size > 0) await new Promise(resolve => setTimeout(resolve, 5))
  })

  it('end with NODE_DOWN when the node shuts down, and do not hold it up', async () => {
    await serve({ transfer: async () => FETCHING, onTransferChange: () => () => {} })
    const response = await send('GET', '/v1/transfers/t-1/events')
    const lines = linesOf(response)
    await server?.close()
    const last = (await lines).at(-1)
    assert.equal(last?.type, 'error')
    assert.equal(errorBody.parse({ error: last?.error }).error.code, 'NODE_DOWN')
  })
})
