import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basisMark, fillMark, measureMark, placeText } from './register-words.ts'

test('a transfer without a basis is what somebody has to see to', () => {
  assert.deepEqual(basisMark({ basis: null, reference: null }), ['bad', 'no basis is noted'])
  assert.deepEqual(basisMark({ basis: 'adequacy', reference: null }), ['good', 'adequacy decision (Art. 45)'])
  assert.equal(
    basisMark({ basis: 'rules', reference: 'BCR 7' })[1],
    'binding corporate rules (Art. 47): BCR 7'
  )
})

test('of a place it is said what is not noted', () => {
  const nowhere = { site: null, region: null, country: null, inside: null, basis: null, reference: null }
  assert.equal(placeText(nowhere), 'site not known, no country noted')
  assert.equal(placeText({ ...nowhere, site: 'austin', region: 'us', country: 'US' }), 'austin, us, US')
})

test('an activity is complete when nothing is left to fill in, and a measure that was not read is not off', () => {
  assert.deepEqual(fillMark({ toFillIn: [] }), ['good', 'complete'])
  assert.deepEqual(fillMark({ toFillIn: ['purpose'] }), ['warn', '1 to fill in'])
  assert.deepEqual(measureMark({ state: 'unknown' }), ['quiet', 'not known'])
})
