import assert from 'node:assert/strict'
import { test } from 'node:test'
import { originFault, originFileUrl, originTorrentUrl } from './origin-files.ts'
import type { Version, VersionFile } from './version.ts'

const fileAt = (...path: string[]): VersionFile => ({ path }) as unknown as VersionFile

test('files lie below a folder, each component percent-encoded', () => {
  const folder = 'https://mirror.example/os/'
  for (const [path, url] of [
    [['image.iso'], 'image.iso'],
    [['a b', 'ü', '100%.txt'], 'a%20b/%C3%BC/100%25.txt'],
    [['what?', 'a#b', 'c+d&e=f'], 'what%3F/a%23b/c%2Bd%26e%3Df'],
    [['日本', '😀'], '%E6%97%A5%E6%9C%AC/%F0%9F%98%80']
  ] as const) {
    assert.equal(originFileUrl(folder, fileAt(...path)), folder + url)
    assert.deepEqual(
      decodeURIComponent(new URL(folder + url).pathname),
      `/os/${path.join('/')}`,
      'and a server reads the path back'
    )
  }
})

test('a URL without a slash is that of the one file', () => {
  const url = 'https://mirror.example/os/latest'
  assert.equal(originFileUrl(url, fileAt('image.iso')), url)
  assert.equal(originFault(url, { isSingleFile: true } as Version), undefined)
  assert.match(originFault(url, { isSingleFile: false } as Version) ?? '', /ends in a slash/)
  assert.equal(originFault(`${url}/`, { isSingleFile: false } as Version), undefined)
})

test('the .torrent lies beside it', () => {
  assert.equal(originTorrentUrl('https://m.example/os/'), 'https://m.example/os.torrent')
  assert.equal(originTorrentUrl('https://m.example/os.iso'), 'https://m.example/os.iso.torrent')
  for (const host of ['https://m.example/', 'http://[fd00::7]:8080/'])
    assert.equal(originTorrentUrl(host), `${host}.torrent`, 'and never at another host')
})
