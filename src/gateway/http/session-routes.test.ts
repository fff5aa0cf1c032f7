import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { FRESH_MS } from '../../api/fresh-routes.ts'
import { type Session, session, sessionList } from '../../api/session.ts'
import type { Scope } from '../../base/scopes.ts'
import { HOUR_MS } from '../../base/units.ts'
import type { NodeService, Task } from '../../node/service.ts'
import { scripted } from '../../node/swarm/scripted.conformance.ts'
import { OWNER } from './caller.ts'
import { openRoute } from './open-route.ts'
import { SESSION_LIMITS, SessionBook } from './session-book.ts'
import { COOKIE } from './sign-in.ts'
import { SHOWN_MAX } from './sign-in-guard.ts'
import { TokenBook } from './token-book.ts'
import { ownCertificate, type WebCertificate } from './web-certificate.ts'
import { type Answer, cookieOf, type Sent, told, WebClient } from './web-client.conformance.ts'
import { type ApiCall, WebServer } from './web-server.ts'

let home: string
let certificate: WebCertificate
let tokens: TokenBook
let sessions: SessionBook
let server: WebServer
let client: WebClient
let port: number
let calls: ApiCall[]
/** Told of each checkup that begins, one after the other. */
let begun: (() => void)[]
let nowMs: number

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'peerage-session-'))
  certificate = await ownCertificate(home, { names: [], nowMs: Date.now() })
})
after(() => rmSync(home, { recursive: true }))
beforeEach(async () => {
  calls = []
  tokens = new TokenBook(home)
  nowMs = Date.now()
  sessions = new SessionBook(tokens, () => nowMs)
  const governance = scripted<NodeService['governance']>({ groups: async () => [] })
  begun = []
  // Looks at the machine for ever.
  const checkup = (task: Task<unknown>) =>
    new Promise<never>((_, reject) => {
      task.signal.addEventListener('abort', () => reject(new Error('called off')))
      for (const wake of begun.splice(0, 1)) wake()
    })
  const checkups = scripted<NodeService['checkups']>({ checkup })
  const service = scripted<NodeService>({ peers: async () => [], governance, checkups })
  server = await WebServer.create({
    ...{ service, tokens, sessions, certificate, software: 'peerage/0', log: { error: () => undefined } },
    ...{
      onCall: call => void calls.push(call),
      checkAnswers: true,
      drainMs: 100,
      watchIntervalMs: 20,
      openEachMax: 2
    },
    pages: app =>
      void app.get('/', openRoute('page', { 'img-src': ["'self'"] }), (_, reply) =>
        reply.send({ page: true })
      )
  })
  port = (await server.listen({ host: '127.0.0.1', port: 0 })).port
  client = new WebClient({ port, ca: certificate.cert })
})
afterEach(async () => {
  await server.close()
  await tokens.close()
})

const ask = (path: string, sent?: Sent): Promise<Answer> => client.ask(path, sent)
const own = (): { origin: string } => ({ origin: client.origin })

async function tokenFor(...scopes: Scope[]): Promise<string> {
  return (await tokens.create({ name: 'test', scopes, lifeMs: HOUR_MS }, OWNER)).token
}

/** Signs in as a browser does, and answers the cookie and who that is. */
async function signIn(body: object): Promise<{ cookie: string; signed: Session }> {
  const answer = await ask('/session', { body, headers: own() })
  assert.equal(answer.status, 200, JSON.stringify(answer.json))
  return { cookie: cookieOf(answer, COOKIE), signed: session.parse(answer.json) }
}

describe('a person', () => {
  test('signs in with a token, is that token, and ends with it', async () => {
    const token = await tokenFor('read')
    const { cookie, signed } = await signIn({ token })
    assert.deepEqual([signed.kind, signed.scopes], ['token', ['read']])
    assert.deepEqual((await ask('/v1/peers', { headers: { cookie } })).json, { peers: [] })
    assert.deepEqual((await ask('/session', { headers: { cookie } })).json, signed)
    const refused = await ask('/v1/groups', { body: { name: 'x' }, headers: { cookie, ...own() } })
    assert.deepEqual(told(refused), [403, 'SCOPE_MISSING'])
    assert.match(calls.at(-1)?.by ?? '', /^token test \(/)
    assert.deepEqual(
      calls.map(({ route, outcome }) => `${route} ${outcome}`),
      ['beginSession done', 'peers done', 'session done', 'createGroup refused']
    )
    await tokens.revoke(token.split('_')[1] ?? '')
    assert.deepEqual(told(await ask('/v1/peers', { headers: { cookie } })), [401, 'NOT_SIGNED_IN'])
  })

  test('signs in with a code, once', async () => {
    const { code } = sessions.createCode({ scopes: ['read'] }, OWNER)
    const { signed } = await signIn({ code })
    assert.deepEqual([signed.kind, signed.scopes], ['person', ['read']])
    assert.deepEqual(told(await ask('/session', { body: { code }, headers: own() })), [401, 'NOT_SIGNED_IN'])
  })

  test('signs out, and has one session at a time', async () => {
    const token = await tokenFor('read')
    const first = await signIn({ token })
    const again = await ask('/session', { body: { token }, headers: { ...own(), cookie: first.cookie } })
    const cookie = cookieOf(again, COOKIE)
    assert.equal((await ask('/session', { headers: { cookie: first.cookie } })).status, 401)
    const ended = await ask('/session', { method: 'DELETE', headers: { cookie, ...own() } })
    assert.equal(ended.status, 204)
    assert.match(ended.headers['set-cookie']?.[0] ?? '', /^__Host-peerage=;.*Expires=Thu, 01 Jan 1970/)
    assert.equal((await ask('/session', { headers: { cookie } })).status, 401)
  })

  test('is seen and signed out by who may change settings, and by nobody else', async () => {
    const { cookie, signed } = await signIn({ token: await tokenFor('read') })
    const desk = await signIn({ token: await tokenFor('settings') })
    assert.deepEqual(told(await ask('/v1/sessions', { headers: { cookie } })), [403, 'SCOPE_MISSING'])
    const listed = await ask('/v1/sessions', { headers: { cookie: desk.cookie } })
    const { sessions: shown } = sessionList.parse(listed.json)
    assert.deepEqual(shown.map(({ id }) => id).sort(), [signed.session, desk.signed.session].sort())
    const path = `/v1/sessions/${signed.session}/end`
    const left = await ask(path, { body: {}, headers: { cookie: desk.cookie, ...own() } })
    assert.deepEqual(
      sessionList.parse(left.json).sessions.map(({ id }) => id),
      [desk.signed.session]
    )
    assert.equal((await ask('/session', { headers: { cookie } })).status, 401)
    const again = await ask(path, { body: {}, headers: { cookie: desk.cookie, ...own() } })
    assert.deepEqual(told(again), [404, 'SESSION_UNKNOWN'])
  })

  test('gives, destroys and blinds only a while after signing in, and who shows a token each time whenever', async () => {
    const token = await tokenFor('read', 'settings', 'govern', 'privacy')
    const body = { name: 'more', scopes: ['read'], lifeMs: HOUR_MS }
    const { cookie } = await signIn({ token })
    const make = (headers: Record<string, string>) => ask('/v1/tokens', { body, headers })
    assert.equal((await make({ cookie, ...own() })).status, 200)
    nowMs += FRESH_MS + 1
    assert.deepEqual(told(await make({ cookie, ...own() })), [403, 'SIGN_IN_STALE'])
    const malformed = (path: string) =>
      ask(`/v1/${path}`, { body: { unheard: 'of' }, headers: { cookie, ...own() } }).then(told)
    for (const path of ['invites', 'access/grant', 'erasures', 'detection-rules', 'scans/off'])
      assert.deepEqual(await malformed(path), [403, 'SIGN_IN_STALE'], path)
    for (const path of ['devices/stolen/revoke', 'datasets/bad/quarantine'])
      assert.deepEqual(await malformed(path), [400, 'USAGE'], `${path} waits for no sign-in`)
    assert.equal((await ask('/v1/peers', { headers: { cookie } })).status, 200)
    assert.equal((await make({ authorization: `Bearer ${token}` })).status, 200)
    const again = await ask('/session', { body: { token }, headers: { ...own(), cookie } })
    assert.equal((await make({ cookie: cookieOf(again, COOKIE), ...own() })).status, 200)
  })

  test('that is signed out by others has no token left that was made in that browser', async () => {
    const desk = await signIn({ token: await tokenFor('settings') })
    const lost = await signIn({ code: sessions.createCode({ scopes: ['read', 'settings'] }, OWNER).code })
    const body = { name: 'kept', scopes: ['read'], lifeMs: 100 * HOUR_MS }
    const made = await ask('/v1/tokens', { body, headers: { cookie: lost.cookie, ...own() } })
    const { token } = made.json as { token: string }
    const use = () => ask('/v1/peers', { headers: { authorization: `Bearer ${token}` } })
    assert.equal((await use()).status, 200)
    const path = `/v1/sessions/${lost.signed.session}/end`
    assert.equal((await ask(path, { body: {}, headers: { cookie: desk.cookie, ...own() } })).status, 200)
    assert.deepEqual(told(await use()), [401, 'NOT_SIGNED_IN'])
  })

  test('gets a cookie that no script reads, no other host gets, and nobody keeps', async () => {
    const answer = await ask('/session', { body: { token: await tokenFor('read') } })
    const [set = ''] = answer.headers['set-cookie'] ?? []
    assert.match(set, /^__Host-peerage=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
    assert.equal(answer.headers['cache-control'], 'no-store')
  })

  test('that shows what is nothing waits after some attempts, and is told what is', async () => {
    const wrong = { token: `pgt_${'0'.repeat(12)}_${'A'.repeat(43)}` }
    for (const body of [{}, { token: 'x', code: 'y' }, { token: 5 }, ['x']])
      assert.deepEqual(told(await ask('/session', { body })), [400, 'USAGE'])
    for (let guess = 0; guess < SHOWN_MAX; guess++)
      assert.deepEqual(told(await ask('/session', { body: guess % 2 ? wrong : { code: 'pgc_x' } })), [
        401,
        'NOT_SIGNED_IN'
      ])
    assert.deepEqual(told(await ask('/session', { body: wrong })), [429, 'TOO_MANY_CALLS'])
    await signIn({ token: await tokenFor('read') })
  })

  test('whose session is over is not taken for one who guesses', async () => {
    const cookie = `__Host-peerage=${'A'.repeat(43)}`
    for (let call = 0; call <= SHOWN_MAX; call++)
      assert.deepEqual(told(await ask('/v1/peers', { headers: { cookie } })), [401, 'NOT_SIGNED_IN'])
    await signIn({ token: await tokenFor('read') })
  })
})

describe('another site', () => {
  test('has nothing done in a session, and signs nobody in', async () => {
    const token = await tokenFor('read', 'govern')
    const { cookie } = await signIn({ token })
    for (const origin of [
      'https://evil.example',
      'null',
      `https://127.0.0.1:${port + 1}`,
      `http://127.0.0.1:${port}`
    ]) {
      const headers = { cookie, origin }
      assert.deepEqual(told(await ask('/v1/groups', { body: { name: 'x' }, headers })), [
        403,
        'ORIGIN_REFUSED'
      ])
      assert.deepEqual(told(await ask('/session', { method: 'DELETE', headers })), [403, 'ORIGIN_REFUSED'])
      assert.deepEqual(told(await ask('/session', { body: { token }, headers: { origin } })), [
        403,
        'ORIGIN_REFUSED'
      ])
    }
    const bare = await ask('/v1/groups', { body: { name: 'x' }, headers: { cookie } })
    assert.deepEqual(told(bare), [403, 'ORIGIN_REFUSED'])
  })

  test('that has its name resolve to this node gets no answer, open page or not', async () => {
    const headers = { host: `evil.example:${port}`, authorization: `Bearer ${await tokenFor('read')}` }
    for (const path of ['/v1/peers', '/session', '/'])
      assert.deepEqual(told(await ask(path, { headers })), [421, 'HOST_UNKNOWN'])
  })
})

test('a session that ends takes along what is being sent to it, and so does a token', async () => {
  const token = await tokenFor('read')
  const { cookie } = await signIn({ token: await tokenFor('read') })
  const listening: Promise<Answer>[] = []
  for (const headers of [{ cookie, ...own() }, { authorization: `Bearer ${token}` }]) {
    const isBegun = new Promise<void>(resolve => begun.push(resolve))
    listening.push(ask('/v1/checkup', { body: {}, headers }))
    await isBegun
  }
  await ask('/session', { method: 'DELETE', headers: { cookie, ...own() } })
  await tokens.revoke(token.split('_')[1] ?? '')
  for (const { status, text } of await Promise.all(listening)) {
    assert.equal(status, 200)
    const last = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')
    assert.deepEqual([last.type, last.error.code], ['error', 'NOT_SIGNED_IN'])
  }
})

test('what a page asks by itself while nobody is at it keeps no session alive', async () => {
  const { cookie } = await signIn({ token: await tokenFor('read') })
  const used = () => sessions.list().map(({ usedAtMs }) => usedAtMs)
  const before = used()
  nowMs += 1000
  const alone = await ask('/v1/peers', { headers: { cookie, 'peerage-unattended': '1' } })
  assert.equal(alone.status, 200)
  assert.deepEqual(used(), before)
  await ask('/v1/peers', { headers: { cookie } })
  assert.deepEqual(used(), [nowMs])
  nowMs += SESSION_LIMITS.idleMs
  const late = await ask('/v1/peers', { headers: { cookie, 'peerage-unattended': '1' } })
  assert.deepEqual(told(late), [401, 'NOT_SIGNED_IN'])
})

test('one caller has so many streams at once, and others have theirs', async () => {
  const [one, two] = [await tokenFor('read'), await tokenFor('read')]
  const listening: Promise<Answer>[] = []
  const listen = (token: string): Promise<Answer> =>
    ask('/v1/checkup', { body: {}, headers: { authorization: `Bearer ${token}` } })
  for (const token of [one, one, two]) {
    const isBegun = new Promise<void>(resolve => begun.push(resolve))
    listening.push(listen(token))
    await isBegun
  }
  assert.deepEqual(told(await listen(one)), [429, 'TOO_MANY_CALLS'])
  for (const token of [one, two]) await tokens.revoke(token.split('_')[1] ?? '')
  for (const { status } of await Promise.all(listening)) assert.equal(status, 200)
})

test('an open page is for strangers too, by its own policy; all else, known or not, is not', async () => {
  const page = await ask('/', { headers: { cookie: '__Host-peerage=gone' } })
  assert.deepEqual([page.status, page.json], [200, { page: true }])
  assert.equal(
    page.headers['content-security-policy'],
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src 'self'"
  )
  for (const path of ['/v1/peers', '/nothing', '/session', '/openapi.json']) {
    const answer = await ask(path)
    assert.deepEqual(told(answer), [401, 'NOT_SIGNED_IN'], path)
    assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/)
  }
})

test('a token that is shown counts, and no cookie besides it', async () => {
  const { cookie } = await signIn({ token: await tokenFor('read') })
  const authorization = `Bearer ${await tokenFor('content')}`
  const answer = await ask('/session', { headers: { cookie, authorization } })
  assert.deepEqual(
    [session.parse(answer.json).scopes, session.parse(answer.json).idleLimitMs],
    [['content'], null]
  )
  const ended = await ask('/session', { method: 'DELETE', headers: { cookie, authorization } })
  assert.deepEqual(told(ended), [400, 'USAGE'])
})
