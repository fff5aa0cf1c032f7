import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { inOrder } from './process-tests.ts'

test('the longest tests with processes begin first, and none is lost', () => {
  const files = globSync('test/**/*.test.ts')
  const ordered = inOrder(files)
  assert.deepEqual(ordered.slice(0, 2), ['test/console.test.ts', 'test/follow-crash.test.ts'])
  assert.deepEqual([...ordered].sort(), [...files].sort())
})
