import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineWithoutSecrets, textWithoutSecrets } from './log-secrets.ts'

const SECRET = 'q7F_x-Zt0Lw8vJ2sR4mB6nK1pD3gH5yA9cE-uTiOaXs'
const lineOf = (fields: object) => `${JSON.stringify({ level: 30, time: 0, msg: 'x', ...fields })}\n`

test('whatever has the form of a secret goes, and what is around it stays', () => {
  for (const [text, shown] of [
    [`token pgt_0123456789ab_${SECRET}, which ended`, 'token pgt_0123456789ab_[secret], which ended'],
    [`"peerage1${SECRET}" is damaged`, '"peerage1[secret]" is damaged'],
    [`code pgc_${SECRET}`, 'code pgc_[secret]'],
    [`__Host-peerage=${SECRET}; Path=/`, '__Host-peerage=[secret]; Path=/'],
    [
      `/session/callback?iss=x&code=${SECRET}&state=${SECRET}`,
      '/session/callback?iss=x&code=[secret]&state=[secret]'
    ],
    [`got eyJhbGciOiJFUzI1NiJ9.${SECRET}.${SECRET}`, 'got [secret]'],
    ['AGE-SECRET-KEY-1QQPQYZ34', 'AGE-SECRET-KEY-[secret]'],
    [
      `at -----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY----- it`,
      'at -----BEGIN PRIVATE KEY-----[secret]-----END PRIVATE KEY----- it'
    ],
    [`cut off: -----BEGIN EC PRIVATE KEY-----\n${SECRET}`, 'cut off: -----BEGIN EC PRIVATE KEY-----[secret]'],
    [`authorization: bearer ${SECRET}`, 'authorization: bearer [secret]'],
    [`https://me:${SECRET}@host/x?y`, 'https://[secret]@host/x?y'],
    [`https://${SECRET}@host/`, 'https://[secret]@host/']
  ])
    assert.equal(textWithoutSecrets(text ?? ''), shown)
})

test('a field that is named as secret has no value, however deep it lies', () => {
  const line = lineOf({
    ticket: `x${SECRET}`,
    err: { type: 'Error', details: [{ passphrase: SECRET, set_cookie: [SECRET], code: 'USAGE' }] },
    headers: { Authorization: SECRET, 'Set-Cookie': SECRET, 'private-key': { pem: SECRET }, seed: null }
  })
  const shown = lineWithoutSecrets(line)
  assert.ok(!shown.includes(SECRET))
  assert.deepEqual(JSON.parse(shown), {
    ...{ level: 30, time: 0, msg: 'x', ticket: '[secret]' },
    err: { type: 'Error', details: [{ passphrase: '[secret]', set_cookie: '[secret]', code: 'USAGE' }] },
    headers: {
      ...{ Authorization: '[secret]', 'Set-Cookie': '[secret]', 'private-key': '[secret]', seed: null }
    }
  })
  assert.ok(shown.endsWith('}\n'))
})

test('a line without any is given on as it is', () => {
  for (const fields of [
    { device: 'ab'.repeat(32), version: 'cd'.repeat(32), path: '/srv/a b', url: 'https://host:443/a@b' },
    { msg: 'a ticket was refused', reason: 'expired' },
    { msg: 'nothing is scanned: peerage1 is no host', code: 'SCANNER_DOWN' }
  ]) {
    const line = lineOf(fields)
    assert.deepEqual(JSON.parse(lineWithoutSecrets(line)), JSON.parse(line))
  }
})
