import assert from 'node:assert/strict'
import { test } from 'node:test'
import { currentText, type Follow, followState, hookText } from './follow-words.ts'

const TARGET = { ordinal: 3, haveBytes: 5, totalBytes: 10 } as NonNullable<Follow['target']>

test('a follow says what it does, and that it was rolled back before all else', () => {
  const quiet = { state: 'current', target: null, pinned: null, problems: [] } as const
  assert.deepEqual(followState(quiet), { tone: 'good', says: 'at the newest version' })
  assert.equal(followState({ ...quiet, state: 'fetching', target: TARGET }).says, 'fetches version 3, 50 %')
  assert.deepEqual(followState({ ...quiet, pinned: 2 }), {
    tone: 'warn',
    says: 'rolled back, stays at version 2'
  })
  const problem = { code: 'DISK_FULL', message: 'full', path: null }
  assert.equal(followState({ ...quiet, problems: [problem] }).tone, 'warn')
  assert.equal(currentText({ current: null }), 'has no version yet')
  assert.equal(hookText({ kind: 'program', argv: ['systemctl', 'reload', 'app'] }), 'systemctl reload app')
  assert.equal(hookText(null), 'none')
})
