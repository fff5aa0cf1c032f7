import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { OwnSite } from './own-site.ts'
import { ownCertificate } from './web-certificate.ts'

let home: string
let cert: string
let site: OwnSite

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'peerage-site-'))
  const names = ['nas.example', '*.lab.example']
  cert = (await ownCertificate(home, { names, nowMs: Date.now() })).cert
  site = new OwnSite({ cert, names: ['Proxy.example'] })
})
after(() => rmSync(home, { recursive: true }))

function isAnswered(host: string): boolean {
  try {
    site.requireHost({ host })
    return true
  } catch (thrown) {
    assert.ok(thrown instanceof AppError && thrown.code === 'HOST_UNKNOWN')
    return false
  }
}

test('a name of the certificate, of the configuration, of every machine, and every address is a name of this node', () => {
  for (const host of [
    ...[
      'nas.example',
      'NAS.example:4780',
      'nas.example.',
      'x.lab.example:1',
      'proxy.example',
      'localhost:4780'
    ],
    ...['10.0.0.5', '127.0.0.1:4780', '[::1]:4780', '[fe80::1]', `${hostname()}:9`]
  ])
    assert.ok(isAnswered(host), host)
})

test('no other name is, however it is written', () => {
  // Nor the second time.
  for (const host of [
    ...['evil.example', 'nas.example.evil.example', 'localhost.evil.example', 'a.b.lab.example', ''],
    ...[
      'nas.example/x',
      'x@nas.example',
      'nas.example:1:2',
      'nas.example evil',
      '[evil.example]',
      'nas.example#'
    ]
  ])
    for (let time = 0; time < 2; time++) assert.ok(!isAnswered(host), host)
})

describe('a request with a cookie', () => {
  const isTaken = (method: string, headers: IncomingHttpHeaders): boolean =>
    site.refuseOtherPage(method, { host: 'nas.example:4780', ...headers }) === undefined

  test('changes something only from a page of this origin', () => {
    const own = 'https://nas.example:4780'
    assert.ok(isTaken('POST', { origin: own }))
    assert.ok(isTaken('DELETE', { origin: own }))
    assert.ok(isTaken('POST', { host: 'nas.example', origin: 'https://nas.example' }))
    assert.ok(isTaken('POST', { host: 'NAS.example:443', origin: 'https://nas.example' }))
    assert.ok(isTaken('POST', { 'sec-fetch-site': 'same-origin' }))
    for (const origin of [
      ...[
        'null',
        'http://nas.example:4780',
        'https://nas.example',
        'https://nas.example:4781',
        'https://evil.example'
      ],
      ...['https://nas.example:4780.evil.example', '']
    ])
      assert.ok(!isTaken('POST', { origin, 'sec-fetch-site': 'same-origin' }), origin)
    for (const from of [undefined, 'none', 'same-site', 'cross-site'])
      assert.ok(!isTaken('POST', from === undefined ? {} : { 'sec-fetch-site': from }), from)
  })

  test('reads for no page of another origin, though a link may be followed', () => {
    assert.ok(isTaken('GET', {}))
    assert.ok(isTaken('GET', { 'sec-fetch-site': 'same-origin' }))
    const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    for (const from of ['same-site', 'cross-site']) {
      assert.ok(!isTaken('GET', { 'sec-fetch-site': from, 'sec-fetch-mode': 'no-cors' }), from)
      assert.ok(isTaken('GET', { 'sec-fetch-site': from, ...link }), from)
      assert.ok(!isTaken('GET', { 'sec-fetch-site': from, ...link, 'sec-fetch-dest': 'iframe' }), from)
    }
  })
})

test('a program signs in from anywhere, a page of another origin does not', () => {
  const host = 'nas.example'
  assert.equal(site.refuseOtherSignIn({ host }), undefined)
  assert.equal(site.refuseOtherSignIn({ host, origin: 'https://nas.example' }), undefined)
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'same-site' }
  ])
    assert.equal(site.refuseOtherSignIn({ host, ...headers })?.code, 'ORIGIN_REFUSED')
})

test('a browser finds it by names that its certificate has', async () => {
  assert.deepEqual(site.addresses({ host: '127.0.0.1', port: 1 }), ['https://127.0.0.1:1'])
  assert.deepEqual(site.addresses({ host: '::1', port: 1 }), ['https://[::1]:1'])
  const everywhere = ['https://localhost:1', `https://${hostname()}:1`]
  assert.deepEqual(site.addresses({ host: '0.0.0.0', port: 1 }), everywhere)
  assert.deepEqual(site.addresses({ host: '::', port: 1 }), everywhere)
  const named = new OwnSite({ cert, names: ['::', 'nas.example', 'nowhere.example'] })
  assert.deepEqual(named.addresses({ host: '::', port: 1 }), [...everywhere, 'https://nas.example:1'])
  const others = site.addresses({ host: '10.9.8.7', port: 1 })
  assert.ok(others.includes('https://nas.example:1') && !others.join().includes('*'))
})
