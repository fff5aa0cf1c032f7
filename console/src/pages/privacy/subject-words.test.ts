import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDeviceId, parseVersionId } from '../../../../src/base/ids.ts'
import { peopleText, reachOf, reachText, type SubjectVersion, stateMark } from './subject-words.ts'

const device = (digit: string) => parseDeviceId(digit.repeat(64)) ?? assert.fail()
const NAS = { device: device('a'), name: 'nas', site: 'berlin' }
const LAB = { device: device('b'), name: null, site: null }
const VERSION: SubjectVersion = {
  ...{ name: 'payroll', ordinal: 1, version: parseVersionId('7'.repeat(64)) ?? assert.fail() },
  ...{ dataClass: 'confidential', sealed: true, labels: [], files: 1, bytes: 9, plain: null, publisher: NAS },
  ...{ publishedAtMs: 0, state: 'available', readable: true, closedBy: null, retentionMs: null, holds: [] },
  ...{ keepers: [], places: [], unproved: [], readers: [], reads: [] }
}
const place = { ...NAS, kind: 'source', bytes: 9 } as const
const silent = { ...LAB, state: 'away', lastSeenAtMs: null } as const

test('what is erased is good only once every device has confirmed', () => {
  assert.deepEqual(stateMark(VERSION), ['quiet', 'available'])
  assert.deepEqual(stateMark({ ...VERSION, state: 'quarantined' }), ['warn', 'quarantined'])
  assert.deepEqual(stateMark({ ...VERSION, state: 'erased', unproved: [silent] }), [
    'warn',
    'erased, 1 not confirmed'
  ])
  assert.deepEqual(stateMark({ ...VERSION, state: 'erased' }), ['good', 'erased'])
})

test('an erasure reaches what is still there, each device once', () => {
  const held = { ...VERSION, holds: [{ by: NAS, reason: null, sinceAtMs: 0 }] }
  const reach = reachOf([
    { ...VERSION, places: [place], keepers: [NAS, LAB] },
    held,
    { ...VERSION, state: 'erased', unproved: [silent] }
  ])
  assert.deepEqual(reach, { versions: 2, devices: ['bbbbbbbb', 'nas'], held: 1, unproved: ['bbbbbbbb'] })
  assert.equal(
    reachText(reach),
    '2 versions are there about the person; they lie at bbbbbbbb, nas. ' +
      '1 version of them is held, and deleted when the hold ends.'
  )
  assert.match(
    reachText(reachOf([])),
    /^0 versions are there about the person; no device said that it has any\.$/
  )
})

test('devices are named once', () => {
  assert.equal(peopleText([NAS, NAS, LAB]), 'nas, bbbbbbbb')
  assert.equal(peopleText([]), 'nobody')
})
