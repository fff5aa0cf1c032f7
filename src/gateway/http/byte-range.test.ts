import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideRange } from './byte-range.ts'

const FILE = 'abcdefghij'

/** What is sent of the file: a part in brackets, all of it, or nothing. */
function sent(header: string | undefined, file = FILE): string {
  const range = decideRange(header, file.length)
  if (range.kind === 'whole') return file
  return range.kind === 'part' ? `[${file.slice(range.offset, range.offset + range.bytes)}]` : '416'
}

test('of each header the part that RFC 9110 means, or the whole', () => {
  const pictures: readonly (readonly [string | undefined, string])[] = [
    [undefined, FILE],
    ['bytes=0-0', '[a]'],
    ['bytes=2-4', '[cde]'],
    ['bytes=7-', '[hij]'],
    ['bytes=7-99', '[hij]'],
    ['bytes=-3', '[hij]'],
    ['bytes=-99', '[abcdefghij]'],
    ['BYTES=1-1', '[b]'],
    ['bytes= 1-1 ', '[b]'],
    ['bytes=10-', '416'],
    ['bytes=10-20', '416'],
    ['bytes=-0', '416'],
    // What touches or overlaps is one part; what does not is sent with all that is between.
    ['bytes=0-1,2-3', '[abcd]'],
    ['bytes=4-6, 2-4', '[cdefg]'],
    ['bytes=0-1,5-6', FILE],
    ['bytes=0-1,50-', '[ab]'],
    ['bytes=50-,60-', '416'],
    [`bytes=${'0-1,'.repeat(17)}`, FILE],
    // Malformed, or of a unit that is not ours: as if it were not there.
    ['bytes=3-2', FILE],
    ['bytes=a-b', FILE],
    ['bytes=', FILE],
    ['bytes=-', FILE],
    ['bytes=1-2-3', FILE],
    ['bytes=99999999999999999999-', FILE],
    ['lines=1-2', FILE]
  ]
  for (const [header, expected] of pictures) assert.equal(sent(header), expected, header)
})

test('an empty file has no part', () => {
  assert.equal(sent('bytes=0-', ''), '416')
  assert.equal(sent('bytes=-1', ''), '416')
  assert.equal(sent(undefined, ''), '')
})
