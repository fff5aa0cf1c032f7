import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../api/routes.ts'
import { attention } from './attention.ts'

const CLASSES = (['public', 'internal', 'confidential', 'restricted'] as const).map(dataClass => ({
  ...{ dataClass, limitMs: null, allowed: true, reason: null, override: null }
}))
const WELL = {
  ...{ peersConnected: 2, peersKnown: 3, problems: [], misbehaved: [] },
  freshness: { clock: 'ok', classes: CLASSES }
} as unknown as Answer<'status'>
const SAFE = { unsafe: [], unsafeCount: 0, problems: [], unplacedBytes: 0 }
const titles = (said: Parameters<typeof attention>[0]) => attention(said).map(({ title }) => title)

test('a node that is well asks for nothing', () => {
  assert.deepEqual(attention({ status: WELL, transfers: [], storage: SAFE }), [])
  assert.deepEqual(
    attention({ status: { ...WELL, peersKnown: 0, peersConnected: 0 }, transfers: [], storage: null }),
    []
  )
})

test('what the node says is gathered, the worst first', () => {
  const peer = { device: 'd'.repeat(64), name: 'lab-7', site: 'paris' }
  const status = {
    ...{ ...WELL, peersConnected: 0 },
    misbehaved: [{ ...peer, reason: 'bad block', detail: 'piece 3', count: 2, bannedUntilMs: null }],
    freshness: {
      clock: 'ahead',
      classes: CLASSES.map(each => (each.dataClass === 'restricted' ? { ...each, allowed: false } : each))
    },
    problems: [{ code: 'DISK_FULL', message: 'the disk is full', path: null }]
  } as unknown as Answer<'status'>
  const unsafe = [{ name: 'os', ordinal: 2, version: '7'.repeat(64), says: 'one copy is missing' }]
  const storage = { ...SAFE, unsafeCount: 1, unsafe } as unknown as Answer<'storage'>
  assert.deepEqual(titles({ status, transfers: [], storage }), [
    'the disk is full',
    'This node is linked with nobody',
    'What is restricted may not be read here now',
    'The clock of this device is ahead',
    '1 version is not as safe as asked for',
    'lab-7 misbehaved: bad block'
  ])
})
