import assert from 'node:assert/strict'
import { test } from 'node:test'
import { size } from './command.ts'

test('a size has a unit, but for a zero that means something', () => {
  const words = 'write a size'
  assert.equal(size(words).parse('20GB'), 20_000_000_000)
  assert.equal(size(words, { hasZero: true }).parse('0'), 0)
  for (const [text, options] of [
    ['0', {}],
    ['5', { hasZero: true }],
    ['much', {}]
  ] as const) {
    const { success, error } = size(words, options).safeParse(text)
    assert.equal(success, false)
    assert.deepEqual(
      error?.issues.map(({ message }) => message),
      [words]
    )
  }
})
