import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placed } from './routes.ts'

test('what a path names travels in it, the rest as query or body', () => {
  assert.deepEqual(placed('GET', '/v1/datasets/:name', { name: 'team/os image' }), {
    method: 'GET',
    url: '/v1/datasets/team%2Fos%20image',
    body: undefined
  })
  assert.equal(
    placed('GET', '/v1/history', { series: 'a/b', fromMs: 5, toMs: null }).url,
    '/v1/history?series=a%2Fb&fromMs=5'
  )
  assert.deepEqual(placed('POST', '/v1/devices/:device/revoke', { device: 'd', reason: null }), {
    method: 'POST',
    url: '/v1/devices/d/revoke',
    body: '{"reason":null}'
  })
})
