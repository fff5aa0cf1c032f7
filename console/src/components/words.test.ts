import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aboutText,
  agoText,
  counted,
  deviceText,
  durationText,
  momentText,
  percentText,
  saidByNode,
  sentence
} from './words.ts'

test('times, counts and shares in words', () => {
  assert.equal(agoText(10_000, 10_400), 'now')
  assert.equal(agoText(10_000, 12_000), '2 s ago')
  assert.equal(agoText(0, 3 * 3_600_000 + 5), '3 h ago')
  assert.equal(agoText(90_000, 0), 'in 1 min')
  assert.equal(durationText(36 * 3_600_000), '1.5 d')
  assert.equal(durationText(-90_000), '-1.5 min')
  assert.equal(durationText(0), '0 ms')
  assert.deepEqual([0, 5_001, 59_999, 1_340_000, 5_400_000].map(aboutText), [
    '5 s',
    '10 s',
    '60 s',
    '22 min',
    '1.5 h'
  ])
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

test('a moment is told to the second, with the day and the year only where they are other ones', () => {
  const at = (year: number, day: number, second: number) => new Date(year, 4, day, 13, 2, second).getTime()
  const nowMs = at(2031, 17, 59)
  assert.notEqual(momentText(at(2031, 17, 41), nowMs), momentText(at(2031, 17, 42), nowMs))
  assert.ok(!momentText(at(2031, 17, 41), nowMs).includes('17'))
  assert.ok(momentText(at(2031, 16, 41), nowMs).includes('16'))
  assert.ok(!momentText(at(2031, 16, 41), nowMs).includes('2031'))
  assert.ok(momentText(at(2030, 17, 41), nowMs).includes('2030'))
})

test('instants in words of the node are told as people here write them, and the rest is left', () => {
  const told = saidByNode('to be answered by 2026-11-18T12:00:00.602Z: peerage request show 096e')
  assert.match(told, /^To be answered by .*2026.*: peerage request show 096e$/)
  assert.ok(!told.includes('T12'))
  assert.equal(saidByNode('version 2026-11-18 of a0Z'), 'Version 2026-11-18 of a0Z')
})
