import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contentAddress, parseContentAddress } from './content-address.ts'
import { cacheControl, contentDisposition, contentType, refusedDestination } from './content-headers.ts'
import { listedEntries, listingPage } from './content-listing.ts'

test('a name in a header can not end it, and comes through in any script', () => {
  assert.equal(contentDisposition('a.txt', false), 'inline; filename="a.txt"')
  assert.equal(contentDisposition('a.txt', true), 'attachment; filename="a.txt"')
  const evil = 'a"\r\nset-cookie: x; \\ü%41.txt'
  const header = contentDisposition(evil, true)
  assert.match(header, /^[\x20-\x7e]+$/)
  assert.match(header, /^attachment; filename="[^"\\%]*"; filename\*=UTF-8''[A-Za-z0-9%._~!-]+$/)
  const [, encoded = ''] = /UTF-8''(.*)$/.exec(header) ?? []
  assert.equal(decodeURIComponent(encoded), evil)
})

test('types follow from names; what is not known is bytes', () => {
  assert.equal(contentType('a.webm'), 'video/webm')
  assert.equal(contentType('a.html'), 'text/html; charset=utf-8')
  assert.equal(contentType('a.nobody-knows'), 'application/octet-stream')
  assert.equal(contentType('README'), 'application/octet-stream')
})

test('a browser is given nothing to run', () => {
  assert.equal(refusedDestination({ 'sec-fetch-dest': 'script' }), 'script')
  assert.equal(refusedDestination({ 'service-worker': 'script' }), 'serviceworker')
  for (const destination of ['video', 'document', 'empty', 'image', undefined])
    assert.equal(refusedDestination({ 'sec-fetch-dest': destination }), undefined)
})

test('what is secret is kept nowhere, and nothing by a cache that others use', () => {
  for (const isSecret of [true, false])
    for (const isFixed of [true, false]) {
      const value = cacheControl({ isSecret, isFixed })
      assert.match(value, /^private, /)
      assert.equal(/no-store/.test(value), isSecret)
      assert.equal(/immutable/.test(value), isFixed && !isSecret)
    }
})

test('an address is read as it was written', () => {
  for (const [reference, path, isFolder] of [
    [{ name: 'team/app', version: '3' }, ['a b', 'ü', '100%'], false],
    [{ name: 'app', version: null }, [], true],
    [{ name: 'app', version: null }, ['x'], true]
  ] as const) {
    const address = contentAddress(reference, { path, isFolder })
    assert.deepEqual(parseContentAddress(address), { reference, path: [...path], isFolder }, address)
  }
  assert.equal(
    contentAddress({ name: 'a/b', version: '1' }, { path: ['c'], isFolder: false }),
    '/content/a%2Fb@1/c'
  )
  assert.throws(() => parseContentAddress('/content/app/%ff'), /percent-encoded/)
})

test('names in a listing are text, whatever is in them', () => {
  const file = (name: string) => ({ path: [name], bytes: 3, symlink: undefined, tag: 't' })
  const evil = '<img src=x onerror="a()">&\'\u202egnp.exe'
  const entries = listedEntries({
    folders: new Set(['javascript:x']),
    files: new Map([[evil, file(evil)]])
  })
  const page = listingPage({ name: 'app', version: 'v', ordinal: 1, publishedAtMs: 0, path: [evil], entries })
  assert.doesNotMatch(page, /<img/)
  assert.match(page, /href="\.\/javascript%3Ax\/"/)
  assert.match(page, /&lt;img src=x onerror=&quot;a\(\)&quot;&gt;&amp;&#39;/)
  assert.doesNotMatch(page, /\u202e/)
  assert.match(page, /href="[^"]*%E2%80%AEgnp\.exe">/)
  assert.match(page, /1970-01-01T00:00:00\.000Z/)
})
