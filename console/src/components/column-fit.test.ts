import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitting, leastPixels } from './column-fit.ts'

const NAME = { title: 'name', width: 'minmax(100px, 1fr)' }
const SIZE = { title: 'size', width: '80px', from: 'sm' as const }
const SITE = { title: 'site', width: 'minmax(60px, 0.5fr)', from: 'md' as const }
const KIND = { title: 'kind', width: '50px', from: 'lg' as const }
const shown = (widthPixels: number) => {
  const { columns, gapPixels } = fitting([NAME, KIND, SIZE, SITE], widthPixels)
  return `${columns.map(({ title }) => title).join(' ')} ${gapPixels}`
}

test('a set of columns is shown from the width on that it fits into, and before that what is left of it', () => {
  // The least widths, both sides of the line, and gaps of twelve.
  const [all, three, two] = [290 + 16 + 36, 240 + 16 + 24, 180 + 16 + 12]
  assert.equal(shown(all), 'name kind size site 12')
  assert.equal(shown(all - 1), 'name size site 20')
  assert.equal(shown(three - 1), 'name size 20')
  assert.equal(shown(two - 1), 'name 20')
  assert.equal(shown(0), 'name 12')
})

test('columns stand further apart as soon as they can', () => {
  assert.equal(shown(290 + 16 + 60), 'name kind size site 20')
  assert.equal(shown(290 + 16 + 59), 'name kind size site 12')
})

test('the least width of a track is known whether it grows or not', () => {
  assert.deepEqual(['80px', 'minmax(96px, 1.4fr)', '1fr'].map(leastPixels), [80, 96, 0])
})
