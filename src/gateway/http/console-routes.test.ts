import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { brotliDecompressSync } from 'node:zlib'
import Fastify, { type FastifyInstance } from 'fastify'
import { ConsoleFiles } from './console-files.ts'
import { ConsoleRoutes } from './console-routes.ts'

const SCRIPT = `console.log(${JSON.stringify('peerage '.repeat(100))})\n`
const PAGE =
  '<meta property="csp-nonce" nonce="__NONCE__"><script src="/assets/a-1.js" nonce="__NONCE__"></script>'

let folder: string
let app: FastifyInstance

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'peerage-console-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), PAGE)
  writeFileSync(join(folder, 'assets', 'a-1.js'), SCRIPT)
  writeFileSync(join(folder, 'secret.txt'), 'not of the console')
  app = Fastify()
  new ConsoleRoutes(app, new ConsoleFiles(folder))
})
after(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

test('each answer has a nonce of its own, which its policy lets through, and is not kept', async () => {
  const nonces = new Set<string>()
  for (const url of ['/', '/console/network', '/console/datasets/a%2Fb?x=1']) {
    const { statusCode, headers, body } = await app.inject(url)
    assert.equal(statusCode, 200)
    const [, nonce = ''] = /'nonce-([^']+)'/.exec(String(headers['content-security-policy'])) ?? []
    assert.match(nonce, /^[A-Za-z0-9+/]{24}$/)
    assert.equal(body, PAGE.replaceAll('__NONCE__', nonce))
    assert.equal(headers['cache-control'], 'no-store')
    nonces.add(nonce)
  }
  assert.equal(nonces.size, 3)
})

test('the policy lets in what the node serves and nothing else', async () => {
  const { headers } = await app.inject('/')
  const policy = String(headers['content-security-policy']).replace(/nonce-[^']+/, 'nonce')
  assert.deepEqual(policy.split('; ').sort(), [
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "font-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "img-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'nonce'"
  ])
})

test('a file is kept for ever, compressed for who takes that', async () => {
  const plain = await app.inject('/assets/a-1.js')
  assert.equal(plain.body, SCRIPT)
  assert.match(String(plain.headers['content-type']), /javascript/)
  assert.match(String(plain.headers['cache-control']), /immutable/)
  const { headers, rawPayload } = await app.inject({
    url: '/assets/a-1.js',
    headers: { 'accept-encoding': 'gzip, br' }
  })
  assert.equal(headers['content-encoding'], 'br')
  assert.equal(brotliDecompressSync(rawPayload).toString(), SCRIPT)
})

test('nothing but what was built is served', async () => {
  for (const name of ['b-2.js', '..%2Fsecret.txt', '..%2findex.html', '%2e%2e%2fsecret.txt', 'a-1.js%00'])
    assert.notEqual((await app.inject(`/assets/${name}`)).statusCode, 200, name)
})

test('a checkout whose console is not built says how to build it', async () => {
  const bare = Fastify()
  new ConsoleRoutes(bare, new ConsoleFiles(join(folder, 'none')))
  const { statusCode, body } = await bare.inject('/')
  assert.equal(statusCode, 503)
  assert.match(body, /npm run build:console/)
  await bare.close()
})
