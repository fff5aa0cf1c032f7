import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkOriginUrl } from './origin-words.ts'

test('a URL that nobody could connect to is refused where it is named, and not repeated', () => {
  for (const url of ['http://mirror.example:99999/', 'http://[::::]/', 'http://10.1.2.999/', 'http://a:b@c/'])
    assert.throws(
      () => checkOriginUrl(url),
      (thrown: Error & { code?: string }) => thrown.code === 'USAGE' && !thrown.message.includes(url)
    )
  checkOriginUrl('http://10.1.2.99:8080/os/')
})
