import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRangeApplicable, judgePreconditions } from './preconditions.ts'

const OF = { etag: '"abc"', modifiedAtMs: Date.parse('2026-03-04T05:06:07.890Z') }
const THEN = 'Wed, 04 Mar 2026 05:06:07 GMT'
const BEFORE = 'Wed, 04 Mar 2026 05:06:06 GMT'

test('conditions are judged in the order of RFC 9110', () => {
  const judged: readonly (readonly [Record<string, string>, string])[] = [
    [{}, 'go on'],
    [{ 'if-none-match': '"abc"' }, 'not modified'],
    [{ 'if-none-match': 'W/"abc"' }, 'not modified'],
    [{ 'if-none-match': '"x", "abc"' }, 'not modified'],
    [{ 'if-none-match': '*' }, 'not modified'],
    [{ 'if-none-match': '"x"' }, 'go on'],
    [{ 'if-modified-since': THEN }, 'not modified'],
    [{ 'if-modified-since': BEFORE }, 'go on'],
    [{ 'if-modified-since': 'yesterday' }, 'go on'],
    // The tag is stronger than the date.
    [{ 'if-none-match': '"x"', 'if-modified-since': THEN }, 'go on'],
    [{ 'if-match': '"abc"' }, 'go on'],
    [{ 'if-match': '*' }, 'go on'],
    [{ 'if-match': '"x"' }, 'failed'],
    [{ 'if-match': 'W/"abc"' }, 'failed'],
    [{ 'if-match': '"x"', 'if-none-match': '"abc"' }, 'failed'],
    [{ 'if-unmodified-since': THEN }, 'go on'],
    [{ 'if-unmodified-since': BEFORE }, 'failed'],
    [{ 'if-match': '"abc"', 'if-unmodified-since': BEFORE }, 'go on']
  ]
  for (const [headers, expected] of judged)
    assert.equal(judgePreconditions(headers, OF), expected, JSON.stringify(headers))
})

test('a range counts only of the very same bytes', () => {
  const counted: readonly (readonly [string | undefined, boolean])[] = [
    [undefined, true],
    ['"abc"', true],
    ['W/"abc"', false],
    ['"x"', false],
    [THEN, true],
    [BEFORE, false],
    ['nonsense', false]
  ]
  for (const [value, expected] of counted) {
    const headers = value === undefined ? {} : { 'if-range': value }
    assert.equal(isRangeApplicable(headers, OF), expected, value)
  }
})
