import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { errorBody } from '../../api/error.ts'
import { AppError } from '../../base/errors.ts'
import { deviceIdFromBytes, operationIdFromBytes } from '../../base/ids.ts'
import type { Scope } from '../../base/scopes.ts'
import { HOUR_MS } from '../../base/units.ts'
import type { NodeService } from '../../node/service.ts'
import { scripted } from '../../node/swarm/scripted.conformance.ts'
import { OWNER } from './caller.ts'
import { SHOWN_MAX } from './sign-in-guard.ts'
import { TokenBook } from './token-book.ts'
import { ownCertificate, type WebCertificate } from './web-certificate.ts'
import { type ApiCall, WebServer, type WebServerOptions } from './web-server.ts'

const DEVICE = deviceIdFromBytes(new Uint8Array(32).fill(7))
const ACTED = {
  ...{
    operation: operationIdFromBytes(new Uint8Array(32).fill(8)),
    type: 'device.revoke',
    says: 'revokes it'
  },
  ...{ inForce: true, waitsFor: null, peersTold: 0, warnings: [] }
}

let home: string
let certificate: WebCertificate
let tokens: TokenBook
let server: WebServer
let port: number
let calls: ApiCall[]

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'peerage-web-'))
  certificate = await ownCertificate(home, { names: [], nowMs: Date.now() })
})
after(() => rmSync(home, { recursive: true }))
beforeEach(() => serve())
afterEach(async () => {
  await server.close()
  await tokens.close()
})

async function serve(options: Partial<WebServerOptions> = {}): Promise<void> {
  calls = []
  tokens = new TokenBook(home)
  const service = scripted<NodeService>({
    peers: async () => [],
    governance: scripted<NodeService['governance']>({
      groups: async () => [],
      deviceNamed: async text => (text === 'lab-7' ? DEVICE : null),
      suspendDevice: async () => Promise.reject(new AppError('NOT_AUTHORISED', 'it may not')),
      createGroup: async name =>
        name === 'lab' ? ACTED : Promise.reject(new AppError('NOT_AUTHORISED', 'it may not')),
      revokeDevice: async () => ACTED
    }),
    dataset: async name => Promise.reject(new AppError('DATASET_UNKNOWN', `there is no ${name}`))
  })
  server = await WebServer.create({
    ...{ service, tokens, certificate, software: 'peerage/0', log: { error: () => undefined } },
    ...{ onCall: call => void calls.push(call), checkAnswers: true, drainMs: 100, ...options }
  })
  port = (await server.listen({ host: '127.0.0.1', port: 0 })).port
}

async function tokenFor(...scopes: Scope[]): Promise<string> {
  return (await tokens.create({ name: 'test', scopes, lifeMs: HOUR_MS }, OWNER)).token
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly json: unknown
}

async function ask(
  path: string,
  { token, body, ...headers }: { token?: string; body?: unknown; [name: string]: unknown } = {}
): Promise<Answer> {
  const call = request({
    ...{ host: '127.0.0.1', port, path, ca: certificate.cert, agent: false },
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(headers as Record<string, string>)
    }
  })
  call.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    json: text === '' ? null : JSON.parse(text)
  }
}

/** Asks, and hangs up when something has happened. */
async function askAndLeave(path: string, { token, until }: { token: string; until: Promise<unknown> }) {
  const call = request({
    ...{ host: '127.0.0.1', port, path, ca: certificate.cert, agent: false },
    headers: { authorization: `Bearer ${token}` }
  })
  call.on('error', () => undefined)
  call.end()
  await until
  call.destroy()
}

const codeOf = ({ json }: Answer): string => errorBody.parse(json).error.code

describe('a caller over the network', () => {
  test('gets what its token has the scope for, and nothing else', async () => {
    const token = await tokenFor('read')
    assert.deepEqual((await ask('/v1/peers', { token })).json, { peers: [] })
    const refused = await ask('/v1/groups', { token, body: { name: 'x' } })
    assert.deepEqual([refused.status, codeOf(refused)], [403, 'SCOPE_MISSING'])
    assert.deepEqual(
      calls.map(({ route, outcome }) => [route, outcome]),
      [
        ['peers', 'done'],
        ['createGroup', 'refused']
      ]
    )
    assert.match(calls[0]?.by ?? '', /^token test \([0-9a-f]{12}\)$/)
  })

  test('that shows none, or a wrong or ended one, learns nothing of what there is', async () => {
    const ended = await tokenFor('read')
    await tokens.revoke(ended.split('_')[1] ?? '')
    const wrong = `pgt_${'0'.repeat(12)}_${'A'.repeat(43)}`
    const unreadable = await ask('/%')
    assert.deepEqual([unreadable.status, codeOf(unreadable)], [400, 'USAGE'])
    for (const path of ['/v1/peers', '/v1/nothing', '/openapi.json'])
      for (const token of [undefined, wrong, ended]) {
        const answer = await ask(path, token === undefined ? {} : { token })
        assert.deepEqual([answer.status, codeOf(answer)], [401, 'NOT_SIGNED_IN'], path)
      }
    assert.ok(calls.every(({ by, outcome }) => by === 'address 127.0.0.1' && outcome === 'refused'))
  })

  test('that guesses waits, and locks nobody out who shares its address', async () => {
    const token = await tokenFor('read')
    for (let guess = 0; guess < SHOWN_MAX; guess++) await ask('/v1/peers', { token: `pgt_${guess}` })
    const answer = await ask('/v1/peers', { token: 'pgt_once_more' })
    assert.deepEqual([answer.status, codeOf(answer)], [429, 'TOO_MANY_CALLS'])
    assert.equal((await ask('/v1/peers', { token })).status, 200)
  })

  test('that calls too often waits, and others do not', async () => {
    await server.close()
    await serve({ callsAMinuteMax: 3 })
    const [one, two] = [await tokenFor('read'), await tokenFor('read')]
    for (let call = 0; call < 3; call++) assert.equal((await ask('/v1/peers', { token: one })).status, 200)
    const answer = await ask('/v1/peers', { token: one })
    assert.deepEqual([answer.status, codeOf(answer)], [429, 'TOO_MANY_CALLS'])
    assert.ok(Number(answer.headers['retry-after']) > 0)
    assert.equal((await ask('/v1/peers', { token: two })).status, 200)
  })

  test('that shows nothing has the calls of one host, however many addresses its network has', async () => {
    await server.close()
    const served: FastifyInstance[] = []
    await serve({ callsAMinuteMax: 3, pages: app => void served.push(app) })
    const statusFrom = async (remoteAddress: string) =>
      (await served[0]?.inject({ remoteAddress, url: '/v1/peers', headers: { host: 'localhost' } }))
        ?.statusCode
    const statuses = []
    for (const last of ['1', '2', '3', 'ffff:4']) statuses.push(await statusFrom(`2001:db8::${last}`))
    assert.deepEqual(statuses, [401, 401, 401, 429])
    assert.equal(await statusFrom('2001:db8:0:1::1'), 401)
    assert.equal(await statusFrom('192.0.2.1'), 401)
    assert.deepEqual(
      [...new Set(calls.map(({ by }) => by))],
      ['address 2001:db8::/64', 'address 2001:db8:0:1::/64', 'address 192.0.2.1']
    )
  })

  test('makes tokens no stronger than its own', async () => {
    const token = await tokenFor('read', 'settings')
    const made = await ask('/v1/tokens', { token, body: { name: 'down', scopes: ['read'], lifeMs: HOUR_MS } })
    assert.equal(made.status, 200)
    const refused = await ask('/v1/tokens', {
      token,
      body: { name: 'up', scopes: ['authority'], lifeMs: HOUR_MS }
    })
    assert.equal(codeOf(refused), 'SCOPE_MISSING')
    const { tokens: listed } = (await ask('/v1/tokens', { token })).json as { tokens: object[] }
    assert.ok(listed.length >= 2 && !JSON.stringify(listed).includes('hash'))
  })
})

describe('what a call was about', () => {
  const about = (): unknown[] =>
    calls.map(({ route, outcome, kind, object }) => [route, outcome, kind, object])
  const by = { token: '' }
  beforeEach(async () => {
    by.token = await tokenFor('read', 'govern', 'settings')
  })

  test('is told by its id, also of what was called by name, and of what was not done', async () => {
    const { id } = (await tokens.create({ name: 'other', scopes: ['read'], lifeMs: HOUR_MS }, OWNER)).entry
    await ask(`/v1/tokens/${id}/revoke`, { ...by, body: {} })
    await ask('/v1/devices/lab-7/revoke', { ...by, body: { reason: 'lost by Ada' } })
    await ask('/v1/devices/lab-7/suspend', { ...by, body: {} })
    await ask('/v1/peers', by)
    assert.deepEqual(about(), [
      ['revokeToken', 'done', 'token', id],
      ['revokeDevice', 'done', 'device', DEVICE],
      ['suspendDevice', 'refused', 'device', DEVICE],
      ['peers', 'done', null, null]
    ])
    assert.doesNotMatch(JSON.stringify(calls), /Ada/)
  })

  test('is nothing where it is not there, malformed, or nobody of this scope', async () => {
    await ask('/v1/datasets/ada%20lovelace', by)
    await ask('/v1/datasets/ada-lovelace', by)
    await ask('/v1/devices/ada-lovelace/revoke', { ...by, body: {} })
    await ask('/v1/devices/lab-7/revoke', { ...by, body: { reason: 7 } })
    await ask('/v1/datasets/os/scan', { ...by, body: {} })
    assert.deepEqual(about(), [
      ['dataset', 'failed', null, null],
      ['dataset', 'failed', null, null],
      ['revokeDevice', 'done', null, null],
      ['revokeDevice', 'failed', null, null],
      ['scan', 'refused', null, null]
    ])
    calls = []
    await ask('/v1/groups', { ...by, body: { name: 'Ada Lovelace' } })
    await ask('/v1/groups', { ...by, body: { name: 'lab' } })
    assert.deepEqual(about(), [
      ['createGroup', 'refused', null, null],
      ['createGroup', 'done', 'group', 'lab']
    ])
  })
})

describe('a token that is revoked while a call is under way', () => {
  const idOf = (token: string): string => token.split('_')[1] ?? ''

  test('does nothing more, though its head came before', async () => {
    await server.close()
    const known = Promise.withResolvers<void>()
    const hook = async (): Promise<void> => known.resolve()
    await serve({ pages: app => void app.addHook('onRequest', hook) })
    const token = await tokenFor('settings')
    const body = JSON.stringify({ name: 'late', scopes: ['settings'], lifeMs: HOUR_MS })
    const call = request({
      ...{ host: '127.0.0.1', port, path: '/v1/tokens', method: 'POST', ca: certificate.cert, agent: false },
      headers: {
        ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        'content-length': body.length
      }
    })
    call.flushHeaders()
    await known.promise
    await tokens.revoke(idOf(token))
    call.end(body)
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    response.resume()
    assert.equal(response.statusCode, 401)
    assert.ok(!tokens.list().some(({ name }) => name === 'late'))
  })

  test('hears no answer that it waited for', async () => {
    await server.close()
    const [asked, answered] = [0, 0].map(() => Promise.withResolvers<void>())
    assert.ok(asked && answered)
    const peers = async (): Promise<[]> => {
      asked.resolve()
      await answered.promise
      return []
    }
    await serve({ service: scripted<NodeService>({ peers }) })
    const token = await tokenFor('read')
    const waiting = ask('/v1/peers', { token })
    await asked.promise
    await tokens.revoke(idOf(token))
    answered.resolve()
    assert.equal(codeOf(await waiting), 'NOT_SIGNED_IN')
  })
})

describe('the machine of the node', () => {
  const follow = { name: 'films', destination: '/srv/films' }

  test('runs no command that somebody names who is not on it', async () => {
    await server.close()
    const followed: unknown[] = []
    const asked = async ({ hook }: { hook: unknown }) => {
      followed.push(hook)
      throw new AppError('DATASET_UNKNOWN', 'there are no films')
    }
    const follows = scripted<NodeService['follows']>({ follow: asked })
    await serve({ service: scripted<NodeService>({ follows }) })
    const token = await tokenFor('host')
    const hook = { kind: 'shell', command: 'id' }
    const refused = await ask('/v1/follows', { token, body: { ...follow, hook } })
    assert.deepEqual([refused.status, codeOf(refused)], [403, 'NOT_AUTHORISED'])
    assert.equal(codeOf(await ask('/v1/follows', { token, body: follow })), 'DATASET_UNKNOWN')
    assert.deepEqual(followed, [null])
  })

  test('gives nobody its keys, and has nobody write where they are', async () => {
    const token = await tokenFor('host')
    const key = { path: join(home, 'device.key'), name: 'films', dataClass: 'public' }
    const sink = { target: 'https://evil.example', tokenFile: join(home, 'sealing.key') }
    for (const [path, body] of [
      ['/v1/publications', key],
      ['/v1/publications', { ...key, path: tmpdir() }],
      ['/v1/transfers', { name: 'films', destination: join(home, 'web') }],
      ['/v1/siem', sink]
    ] as const) {
      const refused = await ask(path, { token, body })
      assert.deepEqual([refused.status, codeOf(refused)], [403, 'NOT_AUTHORISED'], path)
    }
  })
})

describe('the audit log', () => {
  const told = (): unknown => calls.map(({ by, route, outcome }) => [by.replace(/\(.*/, ''), route, outcome])

  test('has what was done for a caller that hung up before it was done', async () => {
    await server.close()
    const [asked, left, done] = [0, 0, 0].map(() => Promise.withResolvers<void>())
    assert.ok(asked && left && done)
    const peers = async (): Promise<[]> => {
      asked.resolve()
      await done.promise
      return []
    }
    await serve({ service: scripted<NodeService>({ peers }), pages: app => onClose(app, left.resolve) })
    await askAndLeave('/v1/peers', { token: await tokenFor('read'), until: asked.promise })
    await left.promise
    assert.deepEqual(calls, [])
    done.resolve()
    await setImmediate()
    assert.deepEqual(told(), [['token test ', 'peers', 'done']])
  })

  test('has who listened to how things are, and hung up', async () => {
    await server.close()
    const [asked, left] = [0, 0].map(() => Promise.withResolvers<void>())
    assert.ok(asked && left)
    const activity = async (): Promise<never> => {
      asked.resolve()
      throw new Error('there is nothing to tell')
    }
    await serve({ service: scripted<NodeService>({ activity }), pages: app => onClose(app, left.resolve) })
    await askAndLeave('/v1/live', { token: await tokenFor('read'), until: asked.promise })
    await left.promise
    await setImmediate()
    assert.deepEqual(told(), [['token test ', 'live', 'done']])
  })
})

function onClose(app: FastifyInstance, then: () => void): void {
  app.addHook('onRequest', async (_, reply) => void reply.raw.once('close', then))
}

describe('an answer', () => {
  test('is for no other site, and kept by nobody who should not', async () => {
    const { headers } = await ask('/v1/peers', {
      token: await tokenFor('read'),
      origin: 'https://evil.example'
    })
    assert.equal(headers['access-control-allow-origin'], undefined)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/)
    assert.match(String(headers['strict-transport-security']), /max-age=31536000/)
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cache-control'], 'no-store')
  })

  test('has what keeps browsers from more, also where it is refused or there is nothing', async () => {
    for (const path of ['/v1/peers', '/content/films/a', '/nothing']) {
      const { headers } = await ask(path)
      assert.match(
        String(headers['content-security-policy']),
        /^default-src 'none';.*frame-ancestors 'none'/,
        path
      )
      assert.match(String(headers['strict-transport-security']), /max-age=31536000/, path)
      assert.deepEqual(
        [headers['x-content-type-options'], headers['referrer-policy']],
        ['nosniff', 'no-referrer']
      )
    }
  })

  test('comes to no more connections of an address than it may have', async () => {
    await server.close()
    await serve({ connections: { eachMax: 1 } })
    const idle = connect({ host: '127.0.0.1', port, ca: certificate.cert, servername: 'localhost' })
    await once(idle, 'secureConnect')
    await assert.rejects(ask('/v1/peers'), { code: 'ECONNRESET' })
    idle.destroy()
  })

  test('goes over TLS 1.3 only', async () => {
    const socket = connect({ host: '127.0.0.1', port, ca: certificate.cert, maxVersion: 'TLSv1.2' })
    const [error] = await once(socket, 'error')
    assert.match(String(error), /protocol|alert/i)
  })
})
