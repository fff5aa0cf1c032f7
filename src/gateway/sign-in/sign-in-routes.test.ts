import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { session } from '../../api/session.ts'
import type { NodeService } from '../../node/service.ts'
import { scripted } from '../../node/swarm/scripted.conformance.ts'
import { OWNER } from '../http/caller.ts'
import { SESSION_LIMITS } from '../http/session-book.ts'
import { COOKIE } from '../http/sign-in.ts'
import { TokenBook } from '../http/token-book.ts'
import { ownCertificate } from '../http/web-certificate.ts'
import { cookieOf, told, WebClient } from '../http/web-client.conformance.ts'
import { type ApiCall, WebServer } from '../http/web-server.ts'
import { ProviderSignIn } from './provider-sign-in.ts'
import { CLIENT_SECRET, RealProvider, signInAt } from './real-provider.conformance.ts'

const ATTEMPT = '__Host-peerage-sign-in'
const home = mkdtempSync(join(tmpdir(), 'peerage-sign-in-'))
const secretFile = join(home, 'client.secret')
let calls: ApiCall[]
let real: RealProvider
let provider: ProviderSignIn
let tokens: TokenBook
let server: WebServer
let client: WebClient

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

before(async () => {
  writeFileSync(secretFile, CLIENT_SECRET)
  const certificate = await ownCertificate(home, { names: [], nowMs: Date.now() })
  tokens = new TokenBook(home)
  provider = new ProviderSignIn(home)
  const service = scripted<NodeService>({ peers: async () => [] })
  server = await WebServer.create({
    ...{ service, tokens, provider, certificate, software: 'peerage/0', log: { error: () => undefined } },
    ...{ onCall: call => void calls.push(call), checkAnswers: true, drainMs: 100 }
  })
  const port = await freePort()
  await server.listen({ host: '127.0.0.1', port })
  client = new WebClient({ port, ca: certificate.cert })
  real = await RealProvider.start({
    groups: { alice: ['storage'], '<b>': [] },
    redirect: `${client.origin}/sign-in/callback`
  })
})
after(async () => {
  await server.close()
  await real.stop()
  await tokens.close()
  rmSync(home, { recursive: true })
})
beforeEach(async () => {
  calls = []
  await provider.set(real.setting(secretFile, [{ value: 'storage', role: 'viewer' }]), OWNER)
})

/** Where a person comes back to, and what their browser kept. */
async function comeBack(person: string): Promise<{ path: string; cookie: string }> {
  const begun = await client.ask('/sign-in/begin')
  assert.equal(begun.status, 303)
  const at = await signInAt(new URL(begun.headers.location ?? ''), person)
  assert.equal(at.origin, client.origin)
  return { path: at.pathname + at.search, cookie: cookieOf(begun, ATTEMPT) }
}

describe('a person in a browser', () => {
  test('signs in at the provider, and is known in the audit log by a pseudonym', async () => {
    const { path, cookie: kept } = await comeBack('alice')
    const answer = await client.ask(path, { headers: { cookie: kept, 'sec-fetch-site': 'cross-site' } })
    assert.deepEqual([answer.status, answer.headers.location], [303, '/'])
    const cookie = cookieOf(answer, COOKIE)
    assert.equal(cookieOf(answer, ATTEMPT), `${ATTEMPT}=`, 'what the browser kept is used up')
    const signed = session.parse((await client.ask('/session', { headers: { cookie } })).json)
    assert.deepEqual(
      [signed.kind, signed.scopes, signed.idleLimitMs],
      ['person', ['read'], SESSION_LIMITS.idleMs]
    )
    assert.equal((await client.ask('/v1/peers', { headers: { cookie } })).status, 200)
    const id = provider.settings.personId('alice')
    assert.equal(signed.id, id)
    assert.deepEqual(
      calls.map(({ by, route, outcome }) => `${by} ${route} ${outcome}`),
      [
        'address 127.0.0.1 beginSignIn done',
        ...[`${id} endSignIn done`, `${id} session done`, `${id} peers done`]
      ]
    )
    assert.ok(!JSON.stringify(calls).includes('alice'))
  })

  test('that signs in again has one session, though its cookie does not come along from the provider', async () => {
    const signIn = async (path: string, headers: Record<string, string>): Promise<string> => {
      const begun = await client.ask(path, { headers })
      const at = await signInAt(new URL(begun.headers.location ?? ''), 'alice')
      const cookie = cookieOf(begun, ATTEMPT)
      return cookieOf(await client.ask(at.pathname + at.search, { headers: { cookie } }), COOKIE)
    }
    const first = await signIn('/sign-in/begin', {})
    const second = await signIn('/sign-in/begin?again=1', { cookie: first })
    assert.equal((await client.ask('/session', { headers: { cookie: first } })).status, 401)
    assert.equal((await client.ask('/session', { headers: { cookie: second } })).status, 200)
  })

  test('keeps what it takes to come back in a cookie that comes along from the provider, for ten minutes', async () => {
    const { headers } = await client.ask('/sign-in/begin')
    const set = headers['set-cookie']?.[0] ?? ''
    assert.match(set, /^__Host-peerage-sign-in=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  })

  test('reads on a page why not, a program in JSON', async () => {
    const { path, cookie } = await comeBack('<b>')
    const page = await client.ask(path, { headers: { cookie, accept: 'text/html,*/*' } })
    assert.equal(page.status, 403)
    assert.match(page.headers['content-type'] ?? '', /^text\/html/)
    assert.match(page.text, /says nothing of their groups.*\(PERSON_UNMAPPED\)/)
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
    assert.deepEqual(told(await client.ask('/sign-in/callback?state=<i>')), [403, 'SIGN_IN_REFUSED'])
    const marked = await client.ask('/sign-in/callback?state=x&error=%3Cscript%3E', {
      headers: { accept: 'text/html' }
    })
    assert.ok(!marked.text.includes('<script>'))
  })
})

test('strangers learn which provider there is, and are sent nowhere when there is none', async () => {
  assert.deepEqual((await client.ask('/sign-in/provider')).json, { issuer: real.issuer })
  await provider.settings.unset(OWNER)
  assert.deepEqual((await client.ask('/sign-in/provider')).json, { issuer: null })
  assert.deepEqual(told(await client.ask('/sign-in/begin')), [404, 'SIGN_IN_UNSET'])
})
