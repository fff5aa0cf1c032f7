import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDeviceId, parseOperationId } from '../../../../src/base/ids.ts'
import {
  CASE_DUE_MS,
  type CaseDevice,
  type CaseSummary,
  caseMark,
  deletedText,
  devicesText,
  isOverdue,
  lastWordAtMs
} from './case-words.ts'

const DEVICE = parseDeviceId('d'.repeat(64)) ?? assert.fail()
const OPERATION = parseOperationId('e'.repeat(64)) ?? assert.fail()
const CASE: CaseSummary = {
  ...{ case: 'c'.repeat(32), kind: 'erasure', names: ['payroll'], basis: 'art17', reason: null, atMs: 0 },
  ...{ by: { device: DEVICE, name: 'nas', site: 'berlin' }, versions: 1, inForce: 1, held: 0 },
  ...{ devices: 3, confirmed: 2, awaited: 0, kept: 0 }
}

function device(state: CaseDevice['state'], ...bytes: readonly number[]): CaseDevice {
  return {
    ...{ device: DEVICE, name: null, site: null, state, detail: null, lastSeenAtMs: null },
    confirmations: bytes.map((each, at) => ({
      ...{ operation: OPERATION, erase: OPERATION, keys: false, atMs: at + 1, record: '' },
      ...{ bytes: each, outcome: each === 0 ? ('not-held' as const) : ('deleted' as const) }
    }))
  }
}

test('a case says what it waits for: admins, then a hold, then its publisher, then devices', () => {
  assert.equal(caseMark({ ...CASE, inForce: 0, held: 1 }, 0)[1], 'waits for approval')
  assert.equal(caseMark({ ...CASE, held: 1, awaited: 1 }, 0)[1], 'held')
  assert.equal(caseMark({ ...CASE, awaited: 1 }, 0)[1], 'waits for its publisher')
  assert.deepEqual(caseMark(CASE, 0), ['warn', 'under way'])
  assert.deepEqual(caseMark({ ...CASE, confirmed: 3 }, 0), ['good', 'done'])
})

test('a case is overdue after its time, unless a hold delays all of it', () => {
  assert.equal(isOverdue(CASE, CASE_DUE_MS), false)
  assert.deepEqual(caseMark(CASE, CASE_DUE_MS + 1), ['bad', 'overdue'])
  assert.equal(isOverdue({ ...CASE, held: 1 }, CASE_DUE_MS + 1), false)
  assert.equal(isOverdue({ ...CASE, confirmed: 3 }, CASE_DUE_MS + 1), false)
})

test('a source that is kept is right after a recall, and not after an erasure', () => {
  assert.equal(caseMark({ ...CASE, kept: 1 }, 0)[1], 'under way')
  assert.equal(caseMark({ ...CASE, kind: 'recall', kept: 1 }, 0)[1], 'done')
})

test('a device says what it deleted, and when it spoke last', () => {
  assert.equal(deletedText(device('waiting')), '')
  assert.equal(deletedText(device('confirmed', 0, 0)), 'held nothing')
  assert.equal(deletedText(device('confirmed', 0, 2_000)), '2.00 kB')
  assert.equal(lastWordAtMs(device('away')), null)
  assert.equal(lastWordAtMs(device('confirmed', 5, 5)), 2)
})

test('the devices of a case are counted by what they said', () => {
  assert.equal(devicesText([]), 'It concerns no device.')
  assert.equal(
    devicesText([device('away'), device('confirmed', 1), device('excluded')]),
    'Of 3 devices: 1 confirmed; 1 away, not yet; 1 can not confirm.'
  )
})
