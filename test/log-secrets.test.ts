/**
 * Nothing that is secret is in the log, at its most talkative: real nodes found an org, let a device join, make and
 * take tokens, seal content and refuse what is wrong, and then the log is searched for every secret that they had.
 * Twice: in what is logged, where no secret should be in the first place; and in what is written, where one stays out
 * even if a fault of ours logs it.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { messageOf } from '../src/base/errors.ts'
import { HOUR_MS } from '../src/base/units.ts'
import { decodeIdentity } from '../src/content/sealing/age-x25519.ts'
import { OWNER } from '../src/gateway/http/caller.ts'
import { TokenBook } from '../src/gateway/http/token-book.ts'
import { ownCertificate } from '../src/gateway/http/web-certificate.ts'
import { WebServer } from '../src/gateway/http/web-server.ts'
import { keyPath, sealingKeyPath } from '../src/node/home.ts'
import { loadDeviceKey } from '../src/node/keys/device-key.ts'
import { createKeyFile, openKeyFile } from '../src/node/keys/key-file.ts'
import type { Log } from '../src/node/log.ts'
import { joinOrg } from '../src/node/membership.ts'
import { openLog } from '../src/node/open-log.ts'
import { Libp2pTransport } from '../src/node/transport/libp2p-transport.ts'

const PASSPHRASE = 'correct horse battery staple 0451'
const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** What was logged, with all that hangs on it, and what was written of it. */
class Diary {
  logged = ''
  written = ''
  readonly log: Log

  constructor() {
    const write = (line: string): void => {
      this.written += line
    }
    const pino = openLog({ level: 'trace', format: 'json', write })
    const entry = (level: (typeof LEVELS)[number]) => (data: object, message: string) => {
      this.logged += `${JSON.stringify({ level, data, message }, whole)}\n`
      pino[level](data, message)
    }
    this.log = { debug: entry('debug'), info: entry('info'), warn: entry('warn'), error: entry('error') }
  }
}

/** Errors with their causes, and bytes in hex: JSON leaves both out. */
function whole(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (!(value instanceof Error)) return value
  const { message, stack, cause } = value
  return { ...value, message, stack, cause }
}

class LoggingOrg extends OrgInProcess {
  protected override readonly log = diary.log
}

const diary = new Diary()
const org = new LoggingOrg()
/** By what it is: in each form in which it could be written. */
const secrets = new Map<string, readonly string[]>()
let nas: Running
let server: WebServer
let tokens: TokenBook
let port: number
let certificate: string
/** What the faulty route throws. */
let fault = new Error('none yet')

function secretText(what: string, ...texts: readonly string[]): void {
  secrets.set(what, texts)
}

function secretBytes(what: string, bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes)
  const listed = [...bytes].join(',')
  secretText(what, buffer.toString('hex'), buffer.toString('base64url'), buffer.toString('base64'), listed)
}

const foundIn = (log: string): string[] =>
  [...secrets].filter(([, forms]) => forms.some(form => log.includes(form))).map(([what]) => what)

/** As a caller that logs whatever it catches. */
async function refused(doing: Promise<unknown>): Promise<void> {
  const thrown = await doing.then(
    () => assert.fail('it is refused'),
    (reason: unknown) => reason
  )
  diary.log.error({ err: thrown }, messageOf(thrown))
}

async function ask(path: string, token: string, method = 'GET'): Promise<number> {
  const call = request({
    ...{ host: '127.0.0.1', port, path, method, ca: certificate, agent: false },
    headers: { authorization: `Bearer ${token}`, cookie: `session=${token}` }
  })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  await text(response)
  return response.statusCode ?? 0
}

async function enter(ticket: string, device: string): Promise<void> {
  const home = join(org.folder, device)
  const signal = AbortSignal.timeout(20_000)
  await joinOrg({ home, ticket, site: 'rome', device, kind: 'server', signal }, key => {
    return new Libp2pTransport({ key, listen: [] })
  })
}

before(async () => {
  nas = await org.found('nas')
  const home = nas.node.home
  const web = await ownCertificate(home, { names: [], nowMs: Date.now() })
  certificate = web.cert
  secretText('key of the certificate', ...web.key.split('\n').filter(line => /^[\w+/=]{40,}$/.test(line)))
  tokens = new TokenBook(home)
  const service = new Proxy(nas.service, {
    get: (target, name) => {
      if (name === 'peers') return async () => Promise.reject(fault)
      const found: unknown = Reflect.get(target, name, target)
      return typeof found === 'function' ? found.bind(target) : found
    }
  })
  const quiet = { onCall: () => undefined, onFault: () => undefined }
  server = await WebServer.create({
    ...{ service, tokens, certificate: web, software: 'peerage/0', log: diary.log, ...quiet }
  })
  port = (await server.listen({ host: '127.0.0.1', port: 0 })).port
})

after(async () => {
  await server.close()
  await tokens.close()
  await org.stop()
})

test('joining: tickets that are taken, used up, changed, or of nobody', async () => {
  const { ticket } = await nas.service.invite({ uses: 1, expiresInMs: HOUR_MS })
  secretText('ticket', ticket, ticket.slice(8, -8))
  await enter(ticket, 'rome')
  await org.start(join(org.folder, 'rome'))
  await org.settled()
  await refused(enter(ticket, 'another'))
  await refused(enter(`${ticket.slice(0, -3)}AAA`, 'changed'))
  for (const path of [keyPath, sealingKeyPath])
    secretText(
      `file of ${path.name}`,
      ...readFileSync(path(nas.node.home), 'utf8').split('\n').filter(isKeyLine)
    )
  secretBytes('device key', (await loadDeviceKey(keyPath(nas.node.home))).seed())
  const identity = decodeIdentity(readFileSync(sealingKeyPath(nas.node.home), 'utf8').trim())
  secretBytes('sealing key', identity ?? assert.fail('it has one'))
})

test('passphrases: right and wrong', async () => {
  const path = join(org.folder, 'recovery.key')
  const cost = { n: 2 ** 14, r: 8, p: 1 }
  secretText('passphrase', PASSPHRASE, 'a wrong passphrase 0452')
  await createKeyFile(path, { passphrase: PASSPHRASE, cost })
  secretBytes('key of a key file', (await openKeyFile(path, PASSPHRASE)).seed())
  await refused(openKeyFile(path, 'a wrong passphrase 0452'))
  await refused(createKeyFile(path, { passphrase: PASSPHRASE, cost }))
})

test('tokens: taken, wrong, without the scope, ended, and where they do not belong', async () => {
  const { token, entry } = await tokens.create({ name: 'x', scopes: ['read'], lifeMs: HOUR_MS }, OWNER)
  secretText('token', token.slice(-43))
  assert.equal(await ask('/v1/status', token), 200)
  assert.equal(await ask('/v1/groups', token, 'POST'), 403)
  assert.equal(await ask(`/v1/none?token=${token}`, token), 404)
  assert.equal(await ask('/v1/status', `${token.slice(0, -1)}_`), 401)
  await refused(tokens.create({ name: 'y', scopes: ['govern'], lifeMs: 1 }, tokens.callerOf(token) ?? OWNER))
  await tokens.revoke(entry.id)
  assert.equal(await ask('/v1/status', token), 401)
})

test('sealed content: its keys, and those of groups', async () => {
  const source = join(org.folder, 'payroll')
  mkdirSync(source)
  writeFileSync(join(source, 'a.txt'), 'content of the payroll 0453')
  secretText('content', 'content of the payroll 0453')
  const task = { signal: new AbortController().signal, onProgress: () => undefined }
  const request = { path: source, name: 'payroll', dataClass: 'confidential' } as const
  const { version, sealed } = await nas.service.publish(request, task)
  assert.ok(sealed)
  const keys = nas.node.sealing.keeper.keysOf(version)
  assert.ok(keys.length > 0)
  for (const [index, key] of keys.entries()) secretBytes(`key ${index} of a version`, key)
  await refused(nas.service.publish({ ...request, path: join(source, 'gone') }, task))
  const { governance } = nas.service
  await governance.createGroup('crew')
  for (const device of ['nas', 'rome']) await governance.addToGroup({ name: 'crew', device })
  await governance.grantAccess({
    ...{ who: 'group:crew', scope: { kind: 'name', name: 'payroll' }, purpose: null, expiresInMs: null }
  })
  await eventually('the group has a key', () => diary.logged.includes('began a key epoch of a group'))
})

test('none of them was logged', () => {
  assert.ok(diary.logged.split('\n').length > 10)
  assert.ok(secrets.size >= 9)
  for (const [what, forms] of secrets)
    for (const form of forms) assert.ok(form.length >= 16, `${what} could not be missed`)
  assert.deepEqual(foundIn(diary.logged), [])
  assert.deepEqual(foundIn(diary.written), [])
})

test('what a fault of ours logs is found by this search, and not written', async () => {
  const { token } = await tokens.create({ name: 'z', scopes: ['read'], lifeMs: HOUR_MS }, OWNER)
  const { ticket } = await nas.service.invite({ uses: 1, expiresInMs: HOUR_MS })
  const pem = readFileSync(keyPath(nas.node.home), 'utf8')
  secretText('token', token.slice(-43))
  secretText('ticket', ticket)
  fault = new Error(`can not use ${ticket} with ${token} and ${pem}`, {
    cause: Object.assign(new Error('inner'), { passphrase: PASSPHRASE, headers: { cookie: PASSPHRASE } })
  })
  assert.equal(await ask('/v1/peers', token), 500)
  diary.log.info({ options: [{ passphrase: PASSPHRASE }] }, 'as it was called')
  assert.deepEqual(foundIn(diary.logged), ['file of keyPath', 'ticket', 'passphrase', 'token'].sort(bySecret))
  assert.ok(diary.written.includes('a request met a fault'))
  assert.deepEqual(foundIn(diary.written), [])
})

/** In the order in which they became known. */
function bySecret(a: string, b: string): number {
  const order = [...secrets.keys()]
  return order.indexOf(a) - order.indexOf(b)
}

function isKeyLine(line: string): boolean {
  return line !== '' && !line.startsWith('-----')
}
