import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOriginUrl, ORIGIN_URL_CHARACTERS_MAX } from './origin-url.ts'

test('what is the URL of an origin', () => {
  for (const url of [
    'https://mirror.example/os/image.iso',
    'http://10.1.2.3:8080/os/',
    'https://[fd00::7]:8443/a%20b/%C3%BC/',
    `https://mirror.example/${'a'.repeat(ORIGIN_URL_CHARACTERS_MAX - 23)}`
  ])
    assert.ok(isOriginUrl(url), url)
})

test('what would open a door, or mean something else to somebody else, is none', () => {
  for (const url of [
    'https://user:secret@mirror.example/',
    'https://token@mirror.example/',
    'https://mirror.example/?X-Amz-Signature=00',
    'https://mirror.example/#part',
    'https://mirror.example/a b',
    'https://mirror.example/\u00fc',
    'https://mirror.example/a%2',
    'https://mirror.example/a\\b',
    'https://mirror.example\\@169.254.169.254/',
    'https://MIRROR.example/',
    'https://mirror.example:0/',
    'https://mirror.example:123456/',
    'https:///path',
    'HTTPS://mirror.example/',
    'ftp://mirror.example/',
    'file:///etc/passwd',
    '//mirror.example/',
    'https://mirror.example',
    'https://mirror.example/\n',
    `https://mirror.example/${'a'.repeat(ORIGIN_URL_CHARACTERS_MAX)}`
  ])
    assert.ok(!isOriginUrl(url), url)
})

test('what an ordinary one of them is to the parser of the runtime: the same host, and neither user nor query', () => {
  for (const url of ['https://mirror.example:8443/a%20b/', 'http://[::1]/x', 'https://a.b.example/%C3%BC']) {
    const parsed = new URL(url)
    assert.deepEqual([parsed.username, parsed.password, parsed.search, parsed.hash], ['', '', '', ''])
    assert.ok(url.includes(`//${parsed.host}/`))
  }
})
