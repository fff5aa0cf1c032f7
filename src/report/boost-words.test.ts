import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINUTE_MS } from '../base/units.ts'
import { passingText } from './boost-words.ts'

const NOW_MS = 1_800_000_000_000
const boost = {
  ...{ bytes: 4_000, haveBytes: 1_000 },
  ...{ wantedAtMs: NOW_MS - MINUTE_MS, endsAtMs: NOW_MS + 59 * MINUTE_MS }
}

test('a copy in passing says why it is here, how much of it, and until when', () => {
  const wanted = [{ site: 'lyon', devices: 2 }]
  const text = passingText(boost, { wanted, nowMs: NOW_MS })
  assert.match(text, /^1(?:\.0+)? kB of 4(?:\.0+)? kB here, wanted by 2 devices: 2 in lyon; it goes in 59/)
  assert.match(passingText({ ...boost, haveBytes: 4_000 }, { wanted, nowMs: NOW_MS }), /^4(?:\.0+)? kB here/)
})

test('one that nobody wants any more says since when, and an end that is past is now', () => {
  for (const wanted of [null, []])
    assert.match(passingText(boost, { wanted, nowMs: NOW_MS }), /nobody has wanted it for 1/)
  assert.doesNotMatch(passingText(boost, { wanted: null, nowMs: NOW_MS + 3_600 * MINUTE_MS }), /-/)
})
