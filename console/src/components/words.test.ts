import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agoText, counted, deviceText, durationText, percentText, sentence } from './words.ts'

test('times, counts and shares in words', () => {
  assert.equal(agoText(10_000, 10_400), 'now')
  assert.equal(agoText(10_000, 12_000), '2 s ago')
  assert.equal(agoText(0, 3 * 3_600_000 + 5), '3 h ago')
  assert.equal(agoText(90_000, 0), 'in 1 min')
  assert.equal(durationText(36 * 3_600_000), '1.5 d')
  assert.equal(durationText(-90_000), '-1.5 min')
  assert.equal(durationText(0), '0 ms')
  assert.equal(counted(1, 'device'), '1 device')
  assert.equal(counted(10_000, 'copy', 'copies'), '10,000 copies')
  assert.equal(deviceText({ name: null, device: '0123456789ab' }), '01234567')
  assert.equal(sentence('recalls x'), 'Recalls x')
})

test('what is not whole never reads as whole', () => {
  assert.equal(percentText(0, 10), '0 %')
  assert.equal(percentText(9_999, 10_000), '99 %')
  assert.equal(percentText(10, 10), '100 %')
  assert.equal(percentText(0, 0), '100 %')
})
