import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, isOfNode } from './client.ts'

test('a node that is away or failed is told apart from one that refused', () => {
  const statuses = [0, 400, 401, 403, 404, 409, 429, 500, 503]
  const ofNode = statuses.filter(status => isOfNode(new ApiError('CODE', 'words', status)))
  assert.deepEqual(ofNode, [0, 500, 503])
  assert.ok(!isOfNode(new TypeError('a fault of the page')))
})
