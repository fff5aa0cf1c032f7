/** The API over the network as a program elsewhere meets it: a real node, its certificate, and its tokens. */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, runCommand, until } from '../lab/cluster.ts'
import { freePort } from '../lab/free-port.ts'
import type { AuditReport } from '../src/api/audit.ts'
import type { MadeCode } from '../src/api/session.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-api-'))
let node: ClusterNode
let port: number
let cluster: Cluster

before(async () => {
  port = await freePort()
  cluster = new Cluster(folder, ['--api', `127.0.0.1:${port}`])
  node = await cluster.found('nas', 'berlin')
})
after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Asked {
  readonly status: number
  readonly json: unknown
  readonly cookie: string
}

async function ask(path: string, token?: string, body?: object, cookie?: string): Promise<Asked> {
  const ca = readFileSync(join(node.home, 'web', 'cert.pem'))
  const call = request({
    ...{ host: '127.0.0.1', port, path, ca, agent: false, method: body === undefined ? 'GET' : 'POST' },
    headers: {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(cookie === undefined ? {} : { cookie, origin: `https://127.0.0.1:${port}` })
    }
  })
  call.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return {
    status: response.statusCode ?? 0,
    json: JSON.parse(Buffer.concat(chunks).toString()),
    cookie: response.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  }
}

interface Made {
  readonly id: string
  readonly token: string
}

test('a token of the command line opens what it is for, until it is ended, and the audit log has each use', async () => {
  assert.equal((await ask('/v1/status')).status, 401)
  const made = await node.json<Made>(
    'token',
    'create',
    'prometheus',
    '--scope',
    'read',
    '--scope',
    'metrics',
    '--expires',
    '1h'
  )
  const { status, json } = await ask('/v1/status', made.token)
  assert.equal(status, 200)
  assert.equal((json as { device: { name: string } }).device.name, 'nas')
  const document = (await ask('/openapi.json', made.token)).json as { openapi: string }
  assert.equal(document.openapi, '3.1.0')
  assert.equal((await ask('/v1/groups', made.token, { name: 'x' })).status, 403)
  assert.equal((await ask('/v1/devices/nas/readable', made.token)).status, 200)
  assert.equal((await ask('/metrics')).status, 401)
  const metrics = await ask('/metrics', made.token)
  assert.equal(metrics.status, 200)
  assert.match(JSON.stringify(metrics.json), /"peerage_devices","labels":{"kind":"server"},"value":1/)
  assert.match((await node.run('token', 'list')).stdout, /prometheus +read metrics +owner/)
  assert.equal((await node.run('token', 'revoke', made.id)).exitCode, 0)
  assert.equal((await ask('/v1/status', made.token)).status, 401)
  assert.match(await node.refused('TOKEN_UNKNOWN', 'token', 'revoke', made.id), /token list/)

  const by = `token prometheus (${made.id})`
  await until('the log has it', 10_000, async () => {
    const { entries } = await node.json<AuditReport>('audit', 'list', '--action', 'called')
    const calls = entries.map(({ event }) => `${event.by} ${event.route} ${event.outcome}`)
    return [`${by} status done`, `${by} createGroup refused`, `${by} readable done`].every(call =>
      calls.includes(call)
    )
  })
  const { entries } = await node.json<AuditReport>('audit', 'list', '--action', 'called')
  const [read] = entries.filter(({ event }) => event.route === 'readable')
  assert.deepEqual([read?.event.kind, read?.event.object], ['device', read?.device.device])
  const shown = `by ${by}, route readable, outcome done, device ${String(read?.event.object).slice(0, 8)}`
  assert.ok((await node.run('audit', '--action', 'called')).stdout.includes(shown))
})

test('the address that the command line prints signs a browser in, once, for what was asked', async () => {
  const { addresses, code } = await node.json<MadeCode>('console', '--scope', 'settings')
  assert.deepEqual(addresses, [`https://127.0.0.1:${port}/#code=${code}`])
  const { status, cookie } = await ask('/session', undefined, { code })
  assert.equal(status, 200)
  assert.equal((await ask('/session', undefined, { code })).status, 401)
  assert.equal((await ask('/v1/tokens', undefined, undefined, cookie)).status, 200)
  assert.equal((await ask('/v1/status', undefined, undefined, cookie)).status, 403)
  const more = await ask('/v1/session-codes', undefined, {}, cookie)
  assert.equal(more.status, 403)
  assert.match(JSON.stringify(more.json), /NOT_AUTHORISED.*run peerage console on the machine/)
})

test('a hard link to the key of the node is published by nobody, by itself or in a folder', async () => {
  const data = join(folder, 'data')
  mkdirSync(data)
  writeFileSync(join(data, 'note'), 'x')
  linkSync(join(node.home, 'device.key'), join(data, 'key'))
  const refused = await node.run('publish', join(data, 'key'), '--name', 'notes')
  assert.notEqual(refused.exitCode, 0)
  assert.match(refused.stderr, /stays out of its hands/)
  const inFolder = await node.run('publish', data, '--name', 'notes')
  assert.notEqual(inFolder.exitCode, 0)
  assert.match(inFolder.stderr, /hard link to a file of this node/)
  rmSync(join(data, 'key'))
  assert.equal((await node.run('publish', data, '--name', 'notes')).exitCode, 0)
})

test('tokens and the certificate outlive a restart', async () => {
  const made = await node.json<Made>('token', 'create', 'backup', '--scope', 'read')
  const fingerprint = () =>
    new X509Certificate(readFileSync(join(node.home, 'web', 'cert.pem'))).fingerprint256
  const before = fingerprint()
  await node.kill()
  await node.up('--api', `127.0.0.1:${port}`)
  assert.equal(fingerprint(), before)
  assert.equal((await ask('/v1/status', made.token)).status, 200)
})

test('what is wrong with the address or the certificate is said before anything starts', async () => {
  const up = async (...args: string[]): Promise<string> => {
    const { exitCode, stderr } = await runCommand(['up', '--home', join(folder, 'none'), ...args])
    assert.notEqual(exitCode, 0)
    return stderr
  }
  for (const address of ['4780', 'localhost', '127.0.0.1:99999', '::1:4780', 'a:b:1'])
    assert.match(await up('--api', address), /write an address such as/, address)
  assert.match(await up('--api', ':1', '--api-cert', 'x.pem'), /give both --api-cert and --api-key/)
  assert.match(await up('--api', ':1', '--api-name', 'nas:5'), /write a host name such as/)
  assert.match(await up('--api-cert', 'x.pem', '--api-key', 'y.pem'), /say with --api where it answers/)
  assert.match(
    (await node.run('token', 'create', 'x', '--scope', 'everything')).stderr,
    /read.*content.*host.*govern/
  )
})
