import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatClamdAddress, parseClamdAddress } from './clamd-address.ts'

const ADDRESSES = {
  'unix:/run/clamav/clamd.ctl': { path: '/run/clamav/clamd.ctl' },
  'tcp:127.0.0.1:3310': { host: '127.0.0.1', port: 3310 },
  'tcp:[::1]:3310': { host: '::1', port: 3310 },
  'tcp:scanner.lan:65535': { host: 'scanner.lan', port: 65_535 }
}

for (const [text, address] of Object.entries(ADDRESSES))
  test(`an address: ${text}`, () => {
    assert.deepEqual(parseClamdAddress(text), address)
    assert.equal(formatClamdAddress(address), text)
  })

for (const text of [
  ...['', 'unix:', 'unix:clamd.ctl', '/run/clamav/clamd.ctl', `unix:/${'x'.repeat(107)}`, 'unix:/a\0b'],
  ...[
    'tcp:',
    'tcp:3310',
    'tcp::3310',
    'tcp:host',
    'tcp:host:0',
    'tcp:host:65536',
    'tcp:host:33x',
    'tcp:::1:3310'
  ],
  ...['tcp:-h:1', 'tcp:h h:1', 'http://host:1']
])
  test(`no address: ${JSON.stringify(text).slice(0, 40)}`, () => {
    assert.equal(parseClamdAddress(text), undefined)
  })
