import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifeChoices } from './token-life.ts'

const HOUR_MS = 3_600_000
const labels = (expiresAtMs: number | null, nowMs = 0): string[] =>
  lifeChoices({ expiresAtMs, nowMs }).map(({ label }) => label)

test('a token lives no longer than the sign-in of who makes it', () => {
  assert.deepEqual(labels(12 * HOUR_MS), ['1 hour', 'until my own sign-in ends'])
  assert.deepEqual(labels(HOUR_MS / 2), ['until my own sign-in ends'])
  assert.equal(lifeChoices({ expiresAtMs: 12 * HOUR_MS, nowMs: 2 * HOUR_MS }).at(-1)?.lifeMs, 10 * HOUR_MS)
})

test('who is signed in for ever, or for long, chooses of all of them', () => {
  assert.deepEqual(labels(null), ['1 hour', '1 day', '7 days', '30 days', '90 days', '365 days'])
  assert.equal(labels(366 * 24 * HOUR_MS).at(-1), '365 days')
})

test('who is not signed in any more makes none', () => {
  assert.deepEqual(labels(5, 5), [])
})
