import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  choicesOf,
  deadlineText,
  kindOf,
  type LiveTransfer,
  partsOf,
  restraintText,
  stateOf,
  type Transfer,
  type TransferSource,
  whyText,
  withLive
} from './transfer-words.ts'

const TRANSFER = {
  ...{
    id: 't-1',
    name: 'os-image',
    ordinal: 2,
    destination: '/srv/os',
    state: 'fetching',
    priority: 'normal'
  },
  ...{ totalBytes: 1_000, haveBytes: 400, resumedBytes: 100, reusedBytes: 0, receivedBytes: 300 },
  ...{ bytesPerSecond: 100, etaMs: 6_000, sourcesConnected: 2, restraints: [], problem: null, origin: null },
  ...{ ofVersion: null, deadlineAtMs: null, outlook: null, lateByMs: null, sources: [] }
} as unknown as Transfer

const CAP = {
  kind: 'cap',
  direction: 'down',
  rule: 'office',
  bytesPerSecond: 0,
  untilMs: null,
  zone: null
} as const

function source(site: string | null, receivedBytes: number): TransferSource {
  return { site, receivedBytes } as TransferSource
}

test('what the node says live takes the place of what was asked before', () => {
  const live = {
    ...{ id: 't-1', state: 'queued', haveBytes: 500, totalBytes: 1_000, receiveBytesPerSecond: 7 },
    ...{ etaMs: null, outlook: null, restraints: [], problem: null }
  } as unknown as LiveTransfer
  const [first, second] = withLive([TRANSFER, { ...TRANSFER, id: 't-2' }], [live])
  assert.deepEqual([first?.state, first?.haveBytes, first?.bytesPerSecond], ['queued', 500, 7])
  assert.equal(second?.state, 'fetching')
})

test('why a transfer does not go on is said, the gravest reason first', () => {
  assert.equal(whyText(TRANSFER), '')
  assert.match(whyText({ ...TRANSFER, state: 'waiting', sourcesConnected: 0 }), /no device that has it/)
  assert.match(whyText({ ...TRANSFER, state: 'queued' }), /others go first/)
  assert.match(whyText({ ...TRANSFER, restraints: [CAP] }), /limit office lets nothing go down/)
  const problem = { code: 'DISK_FULL', message: 'the disk of /srv is full', path: '/srv' }
  assert.equal(whyText({ ...TRANSFER, state: 'failed', problem }), 'the disk of /srv is full')
  assert.match(restraintText({ ...CAP, kind: 'budget', untilMs: 0, zone: 'UTC' }), /until .*\(UTC\)/)
})

test('what can be done depends on how it is', () => {
  assert.deepEqual(choicesOf({ state: 'fetching' }), { pause: true, resume: null, steer: true })
  assert.deepEqual(choicesOf({ state: 'paused' }), { pause: false, resume: 'Resume', steer: true })
  assert.deepEqual(choicesOf({ state: 'failed' }), { pause: false, resume: 'Retry', steer: false })
  assert.deepEqual(choicesOf({ state: 'complete' }), { pause: false, resume: null, steer: false })
  assert.equal(stateOf({ state: 'complete', ofVersion: { files: 2, bytes: 9 } }).says, 'complete, in part')
})

test('bytes are told apart by where they came from, and none are told twice or made up', () => {
  const sources = [source('berlin', 150), source('paris', 100)]
  const parts = partsOf({ ...TRANSFER, sources }, 'berlin')
  assert.deepEqual(
    parts.map(({ label, bytes }) => [label, bytes]),
    [
      ['was here before', 100],
      ['from peers of the same site', 150],
      ['from peers over the WAN', 100],
      ['from peers whose site is not known', 50]
    ]
  )
  assert.deepEqual(
    partsOf({ ...TRANSFER, resumedBytes: 0, receivedBytes: 0 }, null).map(({ label, bytes }) => [
      label,
      bytes
    ]),
    [['here, and not known from where', 400]]
  )
  assert.equal(kindOf(source(null, 0), 'berlin'), 'site not known')
})

test('a deadline says whether it will be met', () => {
  const due = { ...TRANSFER, deadlineAtMs: 3_600_000 }
  assert.equal(deadlineText(TRANSFER, 0), '')
  assert.equal(deadlineText({ ...due, outlook: 'on time' }, 0), 'in 1 h: on time')
  const late = { ...due, outlook: 'late', lateByMs: 120_000 } as const
  assert.equal(deadlineText(late, 0), 'in 1 h: late by 2 min at this rate')
  assert.equal(deadlineText({ ...late, state: 'complete' }, 0), 'late by 2 min')
})
