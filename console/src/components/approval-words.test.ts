import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agrees, approvalsText, consequenceOf, type Entry, nameToWrite } from './approval-words.ts'

const OPERATION = '0f'.repeat(32) as Entry['operation']

test('who approves writes the name of the one thing that it is about', () => {
  const dataset = { name: 'os/image', version: null, ordinal: null }
  const nothing = { devices: [], datasets: [], operations: [] }
  const asked = (concerns: object, more: Partial<Entry> = {}) =>
    nameToWrite({
      ...{ operation: OPERATION, type: 'content.erase', fields: null, ...more },
      concerns: { ...nothing, ...concerns } as Entry['concerns']
    })
  assert.equal(asked({ datasets: [dataset, { ...dataset, version: 'ab', ordinal: 1 }] }), 'os/image')
  assert.equal(asked({ datasets: [dataset], devices: [{ name: 'lab-7' }] }), '0f0f0f0f')
  assert.equal(asked({}), '0f0f0f0f')
  const fields = { class: 'internal' }
  assert.equal(asked({}, { type: 'class.policy', fields }), 'internal')
  assert.equal(asked({}, { type: 'dataset.publish', fields }), '0f0f0f0f', 'it is about a dataset')
})

test('approvals count admins besides the author', () => {
  const entry = {
    inForce: false,
    detail: '1 of 2 admins',
    approvals: [{}],
    approvalsNeeded: 3
  } as unknown as Entry
  assert.equal(approvalsText(entry), '1 approval besides its author; 3 admins are needed: 1 of 2 admins')
  assert.match(approvalsText({ ...entry, approvalsNeeded: 1 }), /no more than its author/)
})

test('what can not be undone is told with what it is', () => {
  for (const type of ['content.recall', 'device.revoke'])
    assert.match(consequenceOf(type) ?? '', /can not be undone/, type)
  assert.equal(consequenceOf('toString'), null)
})

test('whoever wrote it or approved it agrees to it already', () => {
  const entry = {
    ...{ author: { device: 'a1' }, approvals: [{ author: { device: 'b2' } }] }
  } as unknown as Entry
  assert.deepEqual(
    ['a1', 'b2', 'c3'].map(device => agrees(entry, device)),
    [true, true, false]
  )
})
