/**
 * Files of versions over HTTP, from a real node: as curl and wget read them, in parts and in whole, until the device
 * may not read them any more.
 */

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import { freePort } from '../lab/free-port.ts'
import type { AuditReport } from '../src/api/audit.ts'

const BIG_BYTES = 24 * 1024 * 1024 + 12_345
const folder = mkdtempSync(join(tmpdir(), 'peerage-content-'))
const big = randomBytes(BIG_BYTES)
let cluster: Cluster
let node: ClusterNode
let origin: string
let port: number
let token: string

before(async () => {
  port = await freePort()
  origin = `https://127.0.0.1:${port}`
  cluster = new Cluster(folder, ['--api', `127.0.0.1:${port}`])
  node = await cluster.found('nas', 'berlin')
  token = await tokenFor('player', 'content')
  const source = join(folder, 'films')
  mkdirSync(join(source, 'sub'), { recursive: true })
  writeFileSync(join(source, 'big.bin'), big)
  writeFileSync(join(source, 'page.html'), '<script>fetch("/v1/status")</script>')
  writeFileSync(join(source, 'sub', 'ä b.txt'), 'hello')
  await publish(source, '--name', 'team/films')
})
after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function publish(...args: string[]): Promise<void> {
  const { exitCode, stderr } = await node.run('publish', ...args)
  assert.equal(exitCode, 0, stderr)
}

async function tokenFor(name: string, scope: string): Promise<string> {
  return (await node.json<{ token: string }>('token', 'create', name, '--scope', scope)).token
}

function certificate(): string {
  return join(node.home, 'web', 'cert.pem')
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

async function send(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET'
): Promise<IncomingMessage> {
  const call = request({
    ...{ host: '127.0.0.1', port, path, method, ca: readFileSync(certificate()), agent: false },
    headers: { authorization: `Bearer ${token}`, ...headers }
  })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  return response
}

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const response = await send(path, headers, method)
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }
}

const BIG = '/content/team%2Ffilms/big.bin'

function has(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0
}

/** Only where the package is missing outside of CI. */
function skipWithout(program: string): string | false {
  if (has(program)) return false
  assert.ok(process.env.CI !== 'true', `${program} is installed in CI`)
  return `${program} is not installed`
}

test('what was published is read as it is, in whole and in parts, and once known is not sent again', async () => {
  const whole = await ask(BIG)
  assert.equal(whole.status, 200)
  assert.ok(whole.body.equals(big))
  assert.equal(whole.headers['content-length'], String(BIG_BYTES))
  assert.equal(whole.headers['cache-control'], 'private, no-cache')
  const etag = whole.headers.etag ?? ''
  assert.match(etag, /^"[0-9a-f]{64}"$/)
  for (const [range, first, end] of [
    ['bytes=0-0', 0, 1],
    ['bytes=1048570-1048590', 1_048_570, 1_048_591],
    ['bytes=-5', BIG_BYTES - 5, BIG_BYTES],
    [`bytes=${BIG_BYTES - 3}-`, BIG_BYTES - 3, BIG_BYTES]
  ] as const) {
    const part = await ask(BIG, { range, 'if-range': etag })
    assert.equal(part.status, 206, range)
    assert.equal(part.headers['content-range'], `bytes ${first}-${end - 1}/${BIG_BYTES}`)
    assert.ok(part.body.equals(big.subarray(first, end)), range)
  }
  const beyond = await ask(BIG, { range: `bytes=${BIG_BYTES}-` })
  assert.equal(beyond.status, 416)
  assert.equal(beyond.headers['content-range'], `bytes */${BIG_BYTES}`)
  assert.equal((await ask(BIG, { range: 'bytes=0-0', 'if-range': '"other"' })).status, 200)
  assert.equal((await ask(BIG, { 'if-none-match': etag })).status, 304)
  assert.equal((await ask(BIG, { 'if-modified-since': whole.headers['last-modified'] ?? '' })).status, 304)
  assert.equal((await ask(BIG, { 'if-match': '"other"' })).status, 412)
  const head = await ask(BIG, {}, 'HEAD')
  assert.deepEqual(
    [head.status, head.body.length, head.headers['content-length']],
    [200, 0, String(BIG_BYTES)]
  )
})

test('folders are listed, as a page and as JSON, and lead to their files', async () => {
  const bare = await ask('/content/team%2Ffilms@1')
  assert.deepEqual([bare.status, bare.headers.location], [308, '/content/team%2Ffilms@1/'])
  const listed = await ask('/content/team%2Ffilms/?list=json')
  const { entries, version } = JSON.parse(listed.body.toString()) as {
    entries: { name: string; kind: string; bytes: number | null }[]
    version: string
  }
  assert.deepEqual(
    entries.map(({ name, kind, bytes }) => [name, kind, bytes]),
    [
      ['sub', 'folder', null],
      ['big.bin', 'file', BIG_BYTES],
      ['page.html', 'file', 36]
    ]
  )
  const page = await ask('/content/team%2Ffilms/sub/')
  assert.match(page.headers['content-type'] ?? '', /^text\/html/)
  const [, link = ''] = /href="\.\/([^"]+)"/.exec(page.body.toString()) ?? []
  const text = await ask(`/content/team%2Ffilms@${version}/sub/${link}?download`)
  assert.equal(text.body.toString(), 'hello')
  assert.match(text.headers['cache-control'] ?? '', /immutable/)
  assert.match(text.headers['content-disposition'] ?? '', /^attachment; .*filename\*=UTF-8''%C3%A4%20b\.txt$/)
  assert.equal((await ask('/content/team%2Ffilms/none')).status, 404)
  assert.equal((await ask('/content/none/')).status, 404)
  assert.equal((await ask('/content/team%2Ffilms/..%2f..%2fetc%2fpasswd')).status, 404)
  assert.equal((await ask('/content/team%2Ffilms/%zz')).status, 400)
})

test('a stored page can not act as one of the node', async () => {
  const page = await ask('/content/team%2Ffilms/page.html')
  assert.equal(page.status, 200)
  const policy = String(page.headers['content-security-policy'])
  assert.match(policy, /^sandbox; default-src 'none';/)
  assert.doesNotMatch(policy, /allow-scripts|allow-same-origin|script-src/)
  assert.equal(page.headers['x-content-type-options'], 'nosniff')
  for (const destination of ['script', 'serviceworker', 'object'])
    assert.equal((await ask(BIG, { 'sec-fetch-dest': destination })).status, 403, destination)
})

test('without the scope nobody reads, and who read is in the audit log once', async () => {
  const narrow = await tokenFor('narrow', 'read')
  assert.equal((await ask(BIG, { authorization: `Bearer ${narrow}` })).status, 403)
  assert.equal((await ask(BIG, { authorization: '' })).status, 401)
  const { entries } = await node.json<AuditReport>('audit', 'list', '--action', 'read')
  const reads = entries.map(({ event }) => event.purpose)
  assert.equal(reads.length, 1)
  assert.match(String(reads[0]), /^http: token player \([0-9a-f]{12}\)$/)
})

test('curl reads ranges, and wget goes on where it was cut off', async t => {
  const skip = skipWithout('curl') || skipWithout('wget')
  if (skip) return t.skip(skip)
  const curl = await output(
    'curl',
    '-sS',
    '--cacert',
    certificate(),
    '-H',
    `Authorization: Bearer ${token}`,
    '-r',
    '100-299',
    origin + BIG
  )
  assert.ok(curl.equals(big.subarray(100, 300)))
  const target = join(folder, 'big.bin')
  writeFileSync(target, big)
  truncateSync(target, 5_000_000)
  await output(
    'wget',
    '-q',
    '-c',
    `--ca-certificate=${certificate()}`,
    `--header=Authorization: Bearer ${token}`,
    '-O',
    target,
    origin + BIG
  )
  assert.equal(hashOf(readFileSync(target)), hashOf(big))
})

test('a sealed version is opened in memory, any range of it', async () => {
  const source = join(folder, 'secret')
  mkdirSync(source)
  writeFileSync(join(source, 'plan.bin'), big.subarray(0, 3_000_000))
  await publish(source, '--name', 'plans', '--sealed')
  const path = '/content/plans/plan.bin'
  const whole = await ask(path)
  assert.equal(whole.status, 200)
  assert.ok(whole.body.equals(big.subarray(0, 3_000_000)))
  // The version, and a name that means nothing.
  assert.match(whole.headers.etag ?? '', /^"[0-9a-f]{64}-[0-9a-f]{32}"$/)
  assert.equal(whole.headers['cache-control'], 'private, no-store')
  for (const [first, last] of [
    [0, 0],
    [65_535, 65_536],
    [1_000_000, 2_000_000],
    [2_999_999, 2_999_999]
  ] as const) {
    const part = await ask(path, { range: `bytes=${first}-${last}` })
    assert.ok(part.body.equals(big.subarray(first, last + 1)), `${first}`)
  }
})

test('quarantine ends what is being read, and nothing of it is given until it is released', async () => {
  const response = await send(BIG)
  response.pause()
  await once(response, 'readable')
  assert.equal((await node.run('quarantine', 'team/films', '--reason', 'looks wrong')).exitCode, 0)
  const cut = await new Promise<string>(resolve => {
    response.on('end', () => resolve('whole'))
    response.on('error', () => resolve('cut off'))
    response.resume()
  })
  assert.equal(cut, 'cut off')
  assert.equal((await ask(BIG)).status, 403)
  assert.match((await node.run('datasets')).stdout, /^team\/films .* quarantined$/m)
  assert.match(
    (await node.run('show', 'team/films')).stdout,
    /^team\/films@1 quarantined\n +closed +the version is quarantined: looks wrong$/m
  )
  await until('the log has it', 10_000, async () => {
    const { entries } = await node.json<AuditReport>('audit', 'list', '--action', 'denied')
    return entries.some(({ event }) => /quarantined/.test(String(event.reason)))
  })
  assert.equal((await node.run('release', 'team/films')).exitCode, 0)
  assert.equal((await ask(BIG, { range: 'bytes=0-3' })).status, 206)
  assert.match((await node.run('datasets')).stdout, /^team\/films .* complete$/m)
})

test('a file that was changed behind the back of the node is given to nobody', async () => {
  writeFileSync(join(folder, 'films', 'sub', 'ä b.txt'), 'hexxo')
  const changed = await ask('/content/team%2Ffilms/sub/%C3%A4%20b.txt')
  assert.notEqual(changed.body.toString(), 'hexxo')
  assert.ok(changed.status >= 400 || changed.body.length === 0, `${changed.status}`)
})

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function output(program: string, ...args: string[]): Promise<Buffer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', chunk => chunks.push(chunk))
  const [exitCode] = await once(child, 'close')
  assert.equal(exitCode, 0, program)
  return Buffer.concat(chunks)
}
